"""Schedules: which occurrences there are, from the beginning on.

Pure. An occurrence follows from the one before it and never from the present, so a late look cannot shift a schedule.
Whatever a zone does to its clocks, the ends strictly increase, labels are unique, and the periods of a plain schedule
touch: no instant is lost and none is in two. A period the zone skipped whole (Apia's 2011-12-30) is no occurrence.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

from passage_clock import civil
from passage_clock.calendars import Calendar
from passage_clock.errors import ScheduleError
from passage_schemas.instant import Instant, datetime_of

Period = Literal["second", "minute", "hour", "day", "workday", "week", "month", "quarter", "year"]

PERIODS: tuple[Period, ...] = get_args(Period)

EVENTS: dict[Period, str] = {
    "second": "SecondHasPassed",
    "minute": "MinuteHasPassed",
    "hour": "HourHasPassed",
    "day": "DayHasPassed",
    "workday": "WorkdayHasEnded",
    "week": "WeekHasPassed",
    "month": "MonthHasPassed",
    "quarter": "QuarterHasPassed",
    "year": "YearHasPassed",
}

_CLOCK_UNITS: dict[Period, int] = {"second": civil.SECOND, "minute": civil.MINUTE, "hour": civil.HOUR}


@dataclass(frozen=True, slots=True)
class Occurrence:
    """An instant a schedule names (`ends_at`), and the period that ends there. Not yet published."""

    period: str
    starts_at: Instant
    ends_at: Instant


@dataclass(frozen=True, slots=True)
class Schedule:
    """A period in a zone, on a calendar, under a stable name.

    `event` defaults by `every`. `calendar` belongs to `workday` and to nothing else. With `starts_at` the first
    occurrence is the first whole period from there; without, the schedule starts where it was first promised.
    Raises ZoneError for an unknown zone, ScheduleError for a contradiction.
    """

    name: str
    every: Period
    zone: str
    event: str = ""
    calendar: Calendar | None = None
    starts_at: Instant | None = None

    def __post_init__(self) -> None:
        civil.zone(self.zone)
        if self.every not in PERIODS:
            raise ScheduleError(f"{self.name}: every: {self.every!r} is no period; one of {', '.join(PERIODS)}")
        if self.every == "workday" and self.calendar is None:
            raise ScheduleError(f"{self.name}: a workday needs a calendar; add calendar: with a country, e.g. NL")
        if self.every != "workday" and self.calendar is not None:
            raise ScheduleError(f"{self.name}: a calendar chooses workdays; every: {self.every} has no use for it")
        if not self.event:
            object.__setattr__(self, "event", EVENTS[self.every])

    @property
    def definition(self) -> str:
        """SHA-256, in hex, of `definition_text`."""
        return hashlib.sha256(self.definition_text.encode()).hexdigest()

    @property
    def definition_text(self) -> str:
        """What the user decided, as canonical JSON: sorted keys, no spaces. Not which data it was worked out with."""
        decided = {
            "calendar": self.calendar.code if self.calendar else None,
            "event": self.event,
            "every": self.every,
            "starts_at": datetime_of(self.starts_at).isoformat() if self.starts_at is not None else None,
            "zone": self.zone,
        }
        return json.dumps(decided, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    def occurrences(self, after: Instant | None) -> Iterator[Occurrence]:
        """All occurrences with ends_at > after, lazily; None: from `starts_at`. Never one that begins before it.

        Ends only where the calendar's data ends. Raises ValueError with neither `after` nor `starts_at`.
        """
        floor = after if self.starts_at is None else self.starts_at
        if floor is None:
            raise ValueError(f"{self.name} has no starts_at, so where it starts must be told")
        bound = floor if after is None else max(after, floor)
        found = self._periods(bound)
        for occurrence in found:
            if occurrence.ends_at > bound and (self.starts_at is None or occurrence.starts_at >= self.starts_at):
                yield occurrence
                break
        yield from found

    def first_promise(self, now: Instant) -> Instant | None:
        """The `next_at` to record for a schedule the log has never heard of: its first occurrence from `starts_at`, or
        without one the first that ends after now. None: nothing is known to come."""
        first = next(self.occurrences(None if self.starts_at is not None else now), None)
        return first.ends_at if first else None

    def _periods(self, since: Instant) -> Iterator[Occurrence]:
        """Occurrences in order, from one at or before the first that ends after `since`."""
        every = self.every
        if every == "second" or every == "minute" or every == "hour":
            for label, begin, end in civil.clock_periods(self.zone, _CLOCK_UNITS[every], since):
                yield Occurrence(label, begin, end)
        elif every == "day":
            for day, begin, end in civil.days(self.zone, since):
                yield Occurrence(day.isoformat(), begin, end)
        elif every == "workday":
            yield from self._workdays(since)
        else:
            for label, begin, end in civil.long_periods(self.zone, every, since):
                yield Occurrence(label, begin, end)

    def _workdays(self, since: Instant) -> Iterator[Occurrence]:
        calendar = self.calendar
        assert calendar is not None
        last_year = calendar.last_year
        for day, begin, end in civil.days(self.zone, since):
            if day.year > last_year:
                return
            if calendar.counts(day):
                yield Occurrence(day.isoformat(), begin, end)
