"""What holds for whatever the grammar can say: it doesn't matter from where one looks, and the log can be read back."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passage_clock import civil
from passage_clock.config import schedule_of_definition
from passage_clock.rules.rule import Rule
from passage_clock.schedules import Schedule
from passage_schemas.errors import ConfigError
from passage_schemas.instant import Instant, datetime_of
from tests.clock.any_rule import KINDS, Item, places, read
from tests.clock.rules_alike import after

NUMBER = 40
"""Occurrences looked at: over a change of the clock for what is fine, over decades for what is rare."""


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=15)
@given(data=st.data())
def test_it_does_not_matter_from_where_one_looks_and_a_definition_is_the_rule(kind: str, data: st.DataObject) -> None:
    zone, change = data.draw(places())
    since = Instant(change - data.draw(st.sampled_from([2 * civil.HOUR, 3 * civil.DAY, 40 * civil.DAY])))
    item = {"zone": zone, **data.draw(KINDS[kind])}
    try:
        rule = read(item)
    except ConfigError:  # they contradict each other, or never fire
        return
    held(item, rule, since, data.draw(st.lists(st.integers(0, NUMBER), min_size=1, max_size=3)), change)


def held(item: Item, rule: Rule, since: Instant, skips: list[int], change: Instant) -> None:
    text = Schedule("drawn", rule).definition_text
    assert schedule_of_definition("drawn", text).rule == rule, item

    whole = after(rule, since, NUMBER)
    assert all(before.ends_at < behind.ends_at for before, behind in pairwise(whole)), item
    assert all(one.starts_at <= one.ends_at for one in whole), item
    assert len({one.period for one in whole}) == len(whole), item

    ends = [since, *(one.ends_at for one in whole)]
    looks = {Instant(ends[min(skip, len(whole))] + more) for skip in skips for more in (-1, 0, civil.HOUR // 2)}
    for look in sorted({*looks, change, Instant(change - 1), Instant(change + civil.HOUR)}):
        if look >= since:
            expected = [one for one in whole if one.ends_at > look]
            assert after(rule, look, len(expected)) == expected, f"{item} from {datetime_of(look)}"
