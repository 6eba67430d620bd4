"""Every n-th of another rule: counted from an anchor, the same from wherever one looks."""

from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passage_clock import civil
from passage_clock.errors import ScheduleError
from passage_clock.rules.composed import AnyOf
from passage_clock.rules.cron import Cron
from passage_clock.rules.dayset import DaySet, Weekdays
from passage_clock.rules.filtered import Filtered
from passage_clock.rules.nth import Nth
from passage_clock.rules.periods import Every
from passage_clock.rules.rule import Rule
from passage_clock.schedules import Schedule
from passage_schemas.instant import Instant, datetime_of
from tests.clock.rules_alike import after, assert_alike_from_anywhere, at, clock, labels, until

AMSTERDAM = "Europe/Amsterdam"
NEW_YEAR = datetime.fromisoformat("2026-01-01")


def test_bi_weekly_is_every_second_week_from_the_anchors() -> None:
    rule = Nth(2, Every("week", AMSTERDAM), datetime.fromisoformat("2026-01-05"))
    first, second = after(rule, at("2026-01-01"), 2)
    assert (first.period, second.period) == ("2026-W03", "2026-W05")
    assert [str(datetime_of(instant).date()) for instant in (first.starts_at, first.ends_at)] == [
        *("2026-01-04", "2026-01-18"),  # two Mondays' midnights in Amsterdam, two weeks apart
    ]
    assert second.starts_at == first.ends_at
    assert rule.event == "Every2ndWeekHasPassed"


def test_the_count_begins_with_the_first_whole_period() -> None:
    assert labels(Nth(2, Every("week", AMSTERDAM), NEW_YEAR), "2026-01-01", 1) == ["2026-W03"]  # W01 began before


def test_of_moments_the_nth_is_one() -> None:
    rule = Nth(3, Cron("0 9 * * MON-FRI", AMSTERDAM), NEW_YEAR)
    assert clock(rule, "2026-01-01", 2) == ["2026-01-05 09:00 +0100", "2026-01-08 09:00 +0100"]
    assert all(one.starts_at == one.ends_at for one in after(rule, at("2026-01-01"), 5))


@pytest.mark.parametrize(
    "moments",
    [
        Cron("0 9 * * *", AMSTERDAM),
        AnyOf((Cron("0 9 * * *", AMSTERDAM), Cron("0 9 1 * *", AMSTERDAM))),
        Filtered(Cron("0 9 * * *", AMSTERDAM), without=(DaySet(Weekdays((0,))),)),
    ],
    ids=["cron", "union", "filter"],
)
def test_a_moment_right_at_the_anchor_is_the_first_to_be_counted(moments: Rule) -> None:
    rule = Nth(2, moments, datetime.fromisoformat("2026-01-01T09:00"))
    assert clock(rule, "2026-01-01", 2) == ["2026-01-02 09:00 +0100", "2026-01-04 09:00 +0100"]


def test_a_schedule_of_it_starts_where_it_counts_from() -> None:
    rule = Nth(2, Every("day", AMSTERDAM), NEW_YEAR)
    schedule = Schedule("other-day", rule, starts_at=civil.instant_of_civil(NEW_YEAR, AMSTERDAM))
    assert next(schedule.occurrences(None)).period == "2026-01-02"


def test_seconds_are_counted_from_an_anchor_decades_away() -> None:
    rule = Nth(7, Every("second", AMSTERDAM), datetime.fromisoformat("1971-01-01"))
    anchor = civil.instant_of_civil(rule.starts_at, AMSTERDAM)
    assert [(one.ends_at - anchor) // civil.SECOND % 7 for one in after(rule, at("2026-11-21"), 3)] == [0, 0, 0]


@pytest.mark.parametrize("expression", ["* * * * *", "*/30 * * * *"])
def test_a_rule_too_fine_to_be_counted_for_years_is_refused_at_once(expression: str) -> None:
    with pytest.raises(ScheduleError, match="every_nth: 2: 1000 occurrences within 30 days are too many to count for"):
        Nth(2, Cron(expression, AMSTERDAM), NEW_YEAR)


def test_hours_are_counted_from_however_long_ago() -> None:
    rule = Nth(2, Cron("0 * * * *", "UTC"), NEW_YEAR)
    assert clock(rule, "2056-01-01", 1) == ["2056-01-01 01:00 +0000"]  # a walk of 262,968


@pytest.mark.parametrize("number", [1, 0, -2, 100_001, 10**30])
def test_less_than_every_second_and_what_would_be_counted_for_minutes_are_refused(number: int) -> None:
    with pytest.raises(ScheduleError, match=f"every_nth: {number} won't do; write 2 to 100000"):
        Nth(number, Every("week", AMSTERDAM), NEW_YEAR)


def test_its_definition_inlines_the_rule() -> None:
    assert Nth(2, Every("week", AMSTERDAM), NEW_YEAR).definition == {
        "every_nth": 2,
        "of": {"every": "week", "zone": AMSTERDAM},
        "starts_at": "2026-01-01T00:00:00",
    }


@settings(max_examples=30)
@given(
    st.sampled_from(sorted(civil.zone_names())),
    st.sampled_from(["hour", "30 minutes", "6 hours", "day"]),
    st.integers(2, 9),
    st.integers(1972, 2036),
    st.integers(1, 300),
    st.data(),
)
def test_arithmetic_counts_as_a_walk_does_over_any_zones_changes(
    zone: str, period: str, number: int, year: int, days_before: int, data: st.DataObject
) -> None:
    change = civil.zone(zone).span_at(at(f"{year}-01-10")).ends_at
    anchor = datetime_of(Instant(change - days_before * civil.DAY)).replace(tzinfo=None)
    of = Every(period, zone)
    rule = Nth(number, of, anchor)
    since, end = Instant(change - 3 * civil.DAY), Instant(change + 4 * civil.DAY)
    begin = civil.instant_of_civil(anchor, zone)
    walked = [one for one in until(of, Instant(begin - 1), end) if one.starts_at >= begin][number - 1 :: number]
    looks = data.draw(st.lists(st.integers(since, end).map(Instant), min_size=1, max_size=3))
    found = assert_alike_from_anywhere(rule, since, end, [*looks, change])
    assert [one.period for one in found] == [one.period for one in walked if one.ends_at > since]
