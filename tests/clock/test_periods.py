"""Periods in the configuration's words: what each is called, where it begins, and what is refused."""

from datetime import UTC, date, datetime
from itertools import islice

import pytest

from passage_clock import civil
from passage_clock.errors import ScheduleError
from passage_clock.rules.periods import PERIODS, Every
from passage_clock.rules.rule import Occurrence
from passage_clock.schedules import Schedule
from passage_schemas.instant import Instant, instant_of

MULTIPLES = ("2 seconds", "30 seconds", "5 minutes", "15 minutes", "30 minutes", "2 hours", "6 hours", "12 hours")


def from_the_day(rule: Every, day: str, count: int) -> list[Occurrence]:
    """The first occurrences that begin on or after this day's midnight."""
    midnight = civil.instant_of_civil(date.fromisoformat(day), rule.zone)
    return list(islice(Schedule("any", rule, starts_at=midnight).occurrences(None), count))


def labels(rule: Every, day: str, count: int) -> list[str]:
    return [one.period for one in from_the_day(rule, day, count)]


@pytest.mark.parametrize(
    ("every", "day", "expected"),
    [
        ("week", "2026-12-21", ["2026-W52", "2026-W53", "2027-W01"]),
        ("month", "2026-11-01", ["2026-11", "2026-12", "2027-01"]),
        ("quarter", "2026-10-01", ["2026-Q4", "2027-Q1", "2027-Q2"]),
        ("year", "2026-01-01", ["2026", "2027", "2028"]),
        ("half-day", "2026-11-20", ["2026-11-20-AM", "2026-11-20-PM", "2026-11-21-AM"]),
        ("15 minutes", "2026-11-20", ["2026-11-20T00:00+01:00", "2026-11-20T00:15+01:00", "2026-11-20T00:30+01:00"]),
        ("30 seconds", "2026-11-20", ["2026-11-20T00:00:00+01:00", "2026-11-20T00:00:30+01:00"]),
    ],
)
def test_each_period_is_named_as_its_readers_expect(every: str, day: str, expected: list[str]) -> None:
    assert labels(Every(every, "Europe/Amsterdam"), day, len(expected)) == expected


def test_a_week_starts_on_the_day_the_user_says_and_is_named_by_its_date() -> None:
    american = Every("week", "America/New_York", week_starts="sunday")
    arab = Every("week", "Africa/Cairo", week_starts="saturday")

    assert labels(american, "2026-11-15", 2) == ["2026-11-15", "2026-11-22"]
    assert labels(american, "2026-11-16", 1) == ["2026-11-22"]
    assert labels(arab, "2026-11-15", 2) == ["2026-11-21", "2026-11-28"]


def test_a_quarter_of_an_hour_takes_no_notice_of_clocks_that_move_by_hours() -> None:
    autumn = from_the_day(Every("15 minutes", "Europe/Amsterdam"), "2026-10-25", 100)

    assert [one.period[11:] for one in autumn[10:14]] == ["02:30+02:00", "02:45+02:00", "02:00+01:00", "02:15+01:00"]
    assert {one.ends_at - one.starts_at for one in autumn} == {15 * civil.MINUTE}


def test_six_hours_fill_every_day_however_long_it_is() -> None:
    spring = from_the_day(Every("6 hours", "Europe/Amsterdam"), "2026-03-29", 4)
    autumn = from_the_day(Every("6 hours", "Europe/Amsterdam"), "2026-10-25", 4)

    assert [(one.ends_at - one.starts_at) // civil.HOUR for one in spring] == [5, 6, 6, 6]
    assert [(one.ends_at - one.starts_at) // civil.HOUR for one in autumn] == [7, 6, 6, 6]


def test_half_a_day_ends_at_noon_or_midnight_however_long_it_was() -> None:
    spring = from_the_day(Every("half-day", "Europe/Amsterdam"), "2026-03-29", 2)
    # Midnight comes twice in Havana, and the day begins with the first: its morning is an hour longer, and one period.
    autumn = from_the_day(Every("half-day", "America/Havana"), "2025-11-02", 3)

    assert [(one.ends_at - one.starts_at) // civil.HOUR for one in spring] == [11, 12]
    assert [(one.ends_at - one.starts_at) // civil.HOUR for one in autumn] == [13, 12, 12]


def test_a_skipped_day_has_a_tick_of_its_own_if_asked_for() -> None:
    plain = Every("day", "Pacific/Apia")
    whole = Every("day", "Pacific/Apia", gap="next")
    crossing = instant_of(datetime(2011, 12, 30, 10, tzinfo=UTC))

    assert labels(plain, "2011-12-29", 2) == ["2011-12-29", "2011-12-31"]
    eve, skipped, following = from_the_day(whole, "2011-12-29", 3)
    assert (eve.period, eve.ends_at) == ("2011-12-29", crossing)
    assert skipped == Occurrence("2011-12-30/skipped", Instant(crossing + 1), Instant(crossing + 1))
    assert following == Occurrence("2011-12-31", crossing, Instant(crossing + 24 * civil.HOUR))


@pytest.mark.parametrize("hours", [-30, -24, -1, 0, 1, 24])
def test_a_skipped_day_is_found_from_wherever_one_looks(hours: int) -> None:
    whole = Schedule("day.apia", Every("day", "Pacific/Apia", gap="next"))
    after = instant_of(datetime(2011, 12, 30, 10, tzinfo=UTC)) + hours * civil.HOUR
    whole_week = list(islice(whole.occurrences(instant_of(datetime(2011, 12, 25, tzinfo=UTC))), 12))

    assert list(islice(whole.occurrences(Instant(after)), 3)) == [one for one in whole_week if one.ends_at > after][:3]


@pytest.mark.parametrize("every", [*PERIODS, *MULTIPLES])
def test_a_definition_says_what_was_written_and_no_more(every: str) -> None:
    rule = Every(every, "UTC")

    assert rule.definition == {"every": every, "zone": "UTC"}
    assert Every(rule.definition["every"], rule.definition["zone"]) == rule


def test_a_definition_tells_what_is_unlike_the_default() -> None:
    assert Every("week", "UTC", week_starts="sunday").definition["week_starts"] == "sunday"
    assert Every("day", "UTC", gap="next").definition["gap"] == "next"


@pytest.mark.parametrize(
    ("every", "event"),
    [
        ("15 minutes", "MinutesHavePassed"),
        ("30 seconds", "SecondsHavePassed"),
        ("6 hours", "HoursHavePassed"),
        ("half-day", "HalfDayHasPassed"),
    ],
)
def test_several_have_passed_where_one_has(every: str, event: str) -> None:
    assert Every(every, "UTC").event == event


@pytest.mark.parametrize(
    ("every", "mended"),
    [
        ("7 minutes", "did you mean '6 minutes'?"),
        ("29 seconds", "did you mean '30 seconds'?"),
        ("5 hours", "did you mean '4 hours'?"),
        ("1 minutes", "did you mean 'minute'?"),
        ("0 seconds", "did you mean 'second'?"),
        ("60 minutes", "did you mean 'hour'?"),
        ("48 hours", "did you mean 'day'?"),
        ("15 minute", "did you mean '15 minutes'?"),
        ("015 minutes", "did you mean '15 minutes'?"),
        ("dya", "did you mean 'day'?"),
        ("fortnight", "write one of second, minute, hour, half-day, day, week, month, quarter, year, 15 minutes"),
    ],
)
def test_what_is_no_period_is_answered_with_the_nearest(every: str, mended: str) -> None:
    with pytest.raises(ScheduleError) as refused:
        Every(every, "UTC")

    assert str(refused.value).startswith(f"every: {every!r} ")
    assert str(refused.value).endswith(mended)


def test_what_a_period_has_no_use_for_is_refused() -> None:
    with pytest.raises(ScheduleError, match="week_starts: 'Sundy' is no weekday; did you mean 'sunday'"):
        Every("week", "UTC", week_starts="Sundy")
    with pytest.raises(ScheduleError, match="week_starts: is for every: week, this is every: day"):
        Every("day", "UTC", week_starts="sunday")
    with pytest.raises(ScheduleError, match="gap: next is not for every: week"):
        Every("week", "UTC", gap="next")
    with pytest.raises(ScheduleError, match="gap: previous is not for every: day"):
        Every("day", "UTC", gap="previous")
