"""Periods that touch: seconds to years, and n of a clock's units. No instant is lost and none is in two.

A period the zone skipped whole (Apia's 2011-12-30) is no occurrence, unless a schedule of days asks for it by
`gap: next`: then it is a moment of its own, named as skipped, a microsecond after the day before it ended.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from itertools import pairwise, starmap
from typing import Any, Literal, get_args

from passage_clock import civil
from passage_clock.calendars.hours import WEEKDAYS
from passage_clock.errors import ScheduleError
from passage_clock.rules.rule import ByTheZone, Occurrence
from passage_schemas.given.did_you_mean import did_you_mean
from passage_schemas.instant import Instant

Period = Literal["second", "minute", "hour", "half-day", "day", "week", "month", "quarter", "year"]

PERIODS: tuple[Period, ...] = get_args(Period)

EVENTS: Mapping[str, str] = {
    "second": "SecondHasPassed",
    "minute": "MinuteHasPassed",
    "hour": "HourHasPassed",
    "half-day": "HalfDayHasPassed",
    "day": "DayHasPassed",
    "week": "WeekHasPassed",
    "month": "MonthHasPassed",
    "quarter": "QuarterHasPassed",
    "year": "YearHasPassed",
    "seconds": "SecondsHavePassed",
    "minutes": "MinutesHavePassed",
    "hours": "HoursHavePassed",
}

# A unit of the clock, how many of it make the next larger one, and that one's name.
_UNITS: Mapping[str, tuple[int, int, str]] = {
    "second": (civil.SECOND, 60, "minute"),
    "minute": (civil.MINUTE, 60, "hour"),
    "hour": (civil.HOUR, 24, "day"),
}

_MULTIPLE = re.compile(r"([0-9]{1,9}) ?(second|minute|hour)s?")


@dataclass(frozen=True, slots=True)
class Every(ByTheZone):
    """Every period of one kind: one of PERIODS, or `15 minutes`, where the number divides the next larger unit, so that
    a period ends with each of those. Raises ZoneError for an unknown zone, ScheduleError for what is no period.

    `week_starts`: Monday's weeks are ISO's and named as such, 2026-W47; others by the date they begin on. `gap: next`,
    for days alone: a day the zone skips has a tick too.
    """

    period: str
    zone: str
    week_starts: str = "monday"
    gap: civil.Gap = "skip"

    def __post_init__(self) -> None:
        civil.zone(self.zone)
        clock_unit(self.period)
        if self.week_starts not in WEEKDAYS:
            raise ScheduleError(
                f"week_starts: {self.week_starts!r} is no weekday; {did_you_mean(self.week_starts.lower(), WEEKDAYS)}"
            )
        if self.week_starts != "monday" and self.period != "week":
            raise ScheduleError(f"week_starts: is for every: week, this is every: {self.period}; take it out")
        if self.gap in ("previous", "shift") or (self.gap != "skip" and self.period != "day"):
            raise ScheduleError(
                f"gap: {self.gap} is not for every: {self.period}; take it out (every: day can have gap: next)"
            )

    @property
    def event(self) -> str:
        return EVENTS[self.period.split()[-1]]

    @property
    def definition(self) -> Mapping[str, Any]:
        decided = {"every": self.period, "zone": self.zone}
        if self.week_starts != "monday":
            decided["week_starts"] = self.week_starts
        if self.gap != "skip":
            decided["gap"] = self.gap
        return decided

    def occurrences(self, since: Instant) -> Iterator[Occurrence]:
        unit = clock_unit(self.period)
        if unit is not None:
            return starmap(Occurrence, civil.clock_periods(self.zone, unit, since))
        if self.period == "half-day":
            return starmap(Occurrence, _half_days(self.zone, since))
        if self.gap == "next":
            return _days_and_skipped(self.zone, since)
        return starmap(Occurrence, civil.day_periods(self.zone, since, _period_of(self.period, self.week_starts)))


@cache
def clock_unit(period: str) -> int | None:
    """How long a clock period is, in microseconds; None for one of whole or half days. Raises ScheduleError."""
    if period in _UNITS:
        return _UNITS[period][0]
    if period in PERIODS:
        return None
    match = _MULTIPLE.fullmatch(period)
    if match is None:
        raise ScheduleError(f"every: {period!r} is no period; {did_you_mean(period.lower(), (*PERIODS, '15 minutes'))}")
    count, name = int(match[1]), match[2]
    length, limit, larger = _UNITS[name]
    spelled = {number: f"{number} {name}s" for number in range(2, limit) if limit % number == 0}
    if period != spelled.get(count):
        nearest = min((1, *spelled, limit), key=lambda number: abs(number - count))
        meant = {1: name, limit: larger, **spelled}[nearest]
        raise ScheduleError(f"every: {period!r} won't do, periods must fill the {larger}; did you mean {meant!r}?")
    return count * length


def _half_days(zone: str, since: Instant) -> Iterator[tuple[str, Instant, Instant]]:
    """From midnight to noon and from noon to midnight, on the zone's clock: as long as its changes make them."""
    here = civil.zone(zone)
    for day, begin, end in civil.days(zone, since):
        noon = here.resolve((day.toordinal() - civil.EPOCH_DAY) * civil.DAY + 12 * civil.HOUR)
        yield f"{day}-AM", begin, noon
        yield f"{day}-PM", noon, end


def _days_and_skipped(zone: str, since: Instant) -> Iterator[Occurrence]:
    """From two days earlier, since a skipped day ends after the one before it and belongs to neither."""
    days = civil.days(zone, Instant(since - 2 * civil.DAY))
    for (day, begin, end), (following, _, _) in pairwise(days):
        yield Occurrence(day.isoformat(), begin, end)
        for skipped in range(day.toordinal() + 1, following.toordinal()):
            moment = Instant(end + 1)
            yield Occurrence(f"{date.fromordinal(skipped)}/skipped", moment, moment)


def _period_of(period: str, week_starts: str) -> civil.PeriodOf:
    match period:
        case "day":
            return _day
        case "week" if week_starts == "monday":
            return _iso_week
        case "week":
            return _WEEKS[week_starts]
        case "month":
            return _month
        case "quarter":
            return _quarter
        case _:
            return _year


def _day(day: int) -> tuple[str, int, int]:
    return date.fromordinal(day).isoformat(), day, day + 1


@lru_cache(maxsize=4096)
def _iso_week(day: int) -> tuple[str, int, int]:
    year, week, weekday = date.fromordinal(day).isocalendar()
    first = day - weekday + 1
    return f"{year:04}-W{week:02}", first, first + 7


def _locale_week(starts: int) -> civil.PeriodOf:
    """Weeks that start on this weekday, Monday being 0. Python counts days from a Monday, the first of the year 1."""

    def week(day: int) -> tuple[str, int, int]:
        first = day - (day - 1 - starts) % 7
        return date.fromordinal(first).isoformat(), first, first + 7

    return week


_WEEKS = {name: _locale_week(starts) for starts, name in enumerate(WEEKDAYS)}


def _month(day: int) -> tuple[str, int, int]:
    return date.fromordinal(day).isoformat()[:7], *civil.months_of(day, 1)


def _quarter(day: int) -> tuple[str, int, int]:
    """Named as is the practice around ISO 8601: 2026-Q4."""
    here = date.fromordinal(day)
    return f"{here.year:04}-Q{(here.month + 2) // 3}", *civil.months_of(day, 3)


def _year(day: int) -> tuple[str, int, int]:
    return f"{date.fromordinal(day).year:04}", *civil.months_of(day, 12)
