"""What a changed configuration changes, and what of it contradicts ticks that are published."""

from dataclasses import replace
from datetime import date
from itertools import islice
from typing import Any

import pytest

from passage_clock.calendars import Company, Notice, national
from passage_clock.changes import COMPARED, LISTED, TickChange, changes, contradictions, refusal
from passage_clock.civil import instant_of_civil
from passage_clock.planning.plan import LastTick
from passage_clock.rules.days import workdays
from passage_clock.rules.periods import Period
from passage_clock.schedules import Schedule, periodic
from passage_schemas.instant import Instant

UTC = "UTC"


def at(year: int, month: int, day: int, zone: str = UTC) -> Instant:
    return instant_of_civil(date(year, month, day), zone)


def days(zone: str = "Europe/Amsterdam", **more: Any) -> Schedule:
    return periodic("day", "day", zone, **more)


def last_of(schedule: Schedule, count: int, after: Instant) -> LastTick:
    *_, last = islice(schedule.occurrences(after), count)
    return LastTick(count, last.period, last.ends_at, b"")


def told(found: list[TickChange]) -> list[tuple[str, str]]:
    return [(change.period, change.kind) for change in found]


SINCE, UNTIL = at(2026, 1, 1), at(2027, 1, 1)


def test_the_same_schedules_change_nothing() -> None:
    assert changes([days()], [days()], SINCE, UNTIL) == []


def test_what_is_added_brings_its_ticks_and_what_is_removed_takes_them() -> None:
    month, week = periodic("month", "month", UTC), periodic("week", "week", UTC)

    added, removed = changes([week, days()], [month, days()], SINCE, UNTIL)

    assert (added.schedule, added.kind, removed.schedule, removed.kind) == ("month", "added", "week", "removed")
    assert told(list(added.ticks)) == [(f"2026-{month:02}", "comes") for month in range(1, 13)]
    assert {change.kind for change in removed.ticks} == {"goes"}
    assert added.fields["every"] == (None, "month")
    assert removed.fields["every"] == ("week", None)


def test_another_zone_moves_every_day() -> None:
    (change,) = changes([days()], [days("America/New_York")], SINCE, at(2026, 1, 4))

    assert change.kind == "redefined"
    assert change.fields == {"zone": ("Europe/Amsterdam", "America/New_York")}
    first, *_ = change.ticks
    # New York's 2025-12-31 ends in the window, Amsterdam's ended before it.
    assert told(list(change.ticks)) == [("2025-12-31", "comes"), *((f"2026-01-0{day}", "moves") for day in (1, 2)),
                                        ("2026-01-03", "goes")]  # fmt: skip
    assert first.at == at(2026, 1, 1, "America/New_York")


def test_a_new_closure_takes_its_day() -> None:
    def shop(*closed: Notice) -> Schedule:
        return Schedule("shop", workdays(Company("shop", national("NL"), None, closed), "Europe/Amsterdam"))

    eve = date(2026, 12, 24)
    (change,) = changes([shop()], [shop(Notice(eve, eve))], SINCE, UNTIL)

    assert told(list(change.ticks)) == [("2026-12-24", "goes")]
    assert change.compared_until == UNTIL


def test_what_is_decided_beside_the_rule_is_told_without_ticks() -> None:
    (change,) = changes([days()], [days(event="DayIsOver")], SINCE, UNTIL)
    (kept,) = changes([days()], [replace(days(), keep_days=30, on_change="keep")], SINCE, UNTIL)

    assert (change.fields, change.ticks) == ({"event": ("DayHasPassed", "DayIsOver")}, ())
    assert (kept.fields, kept.ticks) == ({"keep_days": (None, 30), "on_change": (None, "keep")}, ())


def test_of_a_schedule_of_seconds_only_so_many_are_compared_and_that_is_said() -> None:
    (change,) = changes([], [periodic("second", "second", UTC)], SINCE, UNTIL)

    assert (len(change.ticks), change.more) == (LISTED, COMPARED - LISTED)
    assert change.compared_until == SINCE + COMPARED * 1_000_000


def test_what_differs_behind_the_shorter_side_is_not_taken_for_a_change() -> None:
    """Seconds reach five hours, hours the year: behind the five hours nothing goes or comes."""
    (change,) = changes([periodic("x", "second", UTC)], [periodic("x", "hour", UTC)], SINCE, UNTIL)

    assert all(tick.first_at <= change.compared_until for tick in change.ticks)
    assert change.compared_until < at(2026, 1, 2)


@pytest.mark.parametrize("every", ["second", "minute", "day", "week", "year"])
def test_the_same_ticks_by_other_words_contradict_nothing(every: Period) -> None:
    old = periodic("x", every, UTC)
    last = last_of(old, 40, at(1980, 1, 1))

    assert contradictions(old, replace(old, event="Other"), last) == []
    assert contradictions(old, periodic("x", every, "Etc/UTC"), last) == []


def test_another_zone_contradicts_each_day_that_was_published_and_no_other() -> None:
    last = last_of(days(), 10, SINCE)

    found = contradictions(days(), days("America/New_York"), last)

    # New York's 2026-01-10 had not ended when Amsterdam's was the last tick: it moves behind it.
    assert told(found) == [(f"2026-01-{day:02}", "moves") for day in range(10, 0, -1)]


def test_a_start_between_the_old_instant_and_the_new_hides_no_contradiction() -> None:
    last = last_of(days(), 10, SINCE)
    moved = days("America/New_York", starts_at=at(2026, 1, 10))

    assert told(contradictions(days(), moved, last)) == [("2026-01-10", "moves")]


def test_long_pasts_are_held_against_only_as_far_as_is_remembered() -> None:
    old = periodic("x", "minute", UTC)
    last = last_of(old, 100_000, SINCE)

    assert len(contradictions(old, periodic("x", "hour", UTC), last)) in range(366, 380)


def test_a_start_after_the_last_tick_speaks_only_of_the_future() -> None:
    last = last_of(days(), 10, SINCE)

    assert contradictions(days(), days("America/New_York", starts_at=at(2026, 2, 1)), last) == []


def test_an_earlier_start_would_name_ticks_that_are_not_there() -> None:
    old = days(starts_at=at(2026, 1, 1, "Europe/Amsterdam"))
    last = last_of(old, 10, SINCE)

    assert told(contradictions(old, days(starts_at=at(2012, 1, 1, "Europe/Amsterdam")), last)) == [
        ("2012-01-01", "comes")
    ]
    assert contradictions(old, days(), last) == []


def test_an_earlier_start_contradicts_a_schedule_that_began_when_it_was_promised() -> None:
    last = last_of(days(), 10, SINCE)

    assert told(contradictions(days(), days(starts_at=at(2012, 1, 1, "Europe/Amsterdam")), last)) == [
        ("2012-01-01", "comes")
    ]


def test_a_last_tick_that_neither_definition_names_is_a_contradiction() -> None:
    last = LastTick(1, "2026-W01", at(2026, 1, 5), b"")

    found = contradictions(days(UTC), days(UTC, event="Other"), last)

    assert ("2026-W01", "goes") in told(found)


def test_a_closure_contradicts_its_tick_unless_it_was_announced_too_late() -> None:
    day = date(2026, 1, 6)

    def shop(*closed: Notice) -> Schedule:
        return Schedule("shop", workdays(Company("shop", national("NL"), None, closed), "Europe/Amsterdam"))

    last = last_of(shop(), 10, SINCE)

    assert told(contradictions(shop(), shop(Notice(day, day)), last)) == [("2026-01-06", "goes")]
    assert contradictions(shop(), shop(Notice(day, day, at(2026, 1, 8))), last) == []


def test_a_refusal_names_the_newest_and_both_ways_out() -> None:
    found = contradictions(days(), days("America/New_York"), last_of(days(), 3, SINCE))

    said = refusal("day", found[1:])

    assert "\n" not in said
    assert said.startswith(
        "day: its changed definition contradicts 2 ticks of the past, the last: 2026-01-02 at "
        "2026-01-02T23:00:00+00:00 would be at 2026-01-03T05:00:00+00:00; "
    )
    assert "on_change: keep" in said
    assert "a new name" in said
