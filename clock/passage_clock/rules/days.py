"""Chosen days: the rule that names each civil day of a set, at the day's end or at a civil time. "Workdays at 17:30."

A day the zone skipped whole (Apia's 2011-12-30) follows `gap`. It has no end of its own, so without `at` it is left
out, unless `gap: next` asks for it: then it is a microsecond, right after the day before it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from passage_clock import civil
from passage_clock.calendars import Calendar
from passage_clock.errors import ScheduleError
from passage_clock.rules.dayset import DaySet, DaysOf, days_in_year
from passage_clock.rules.rule import Occurrence
from passage_schemas.instant import EPOCH, MICROSECOND, Instant

CYCLE_YEARS = 400
"""After which the calendar repeats itself, weekdays and all: a set without a day in so many years has none to come."""


@dataclass(frozen=True, slots=True)
class OnDays:
    """An occurrence for each day of the set: it starts with the day, and ends with it or, given `at`, at that civil
    time (microseconds since midnight, on the zone's clock).

    `gap` None: `skip` without `at`, and `next` with it. Raises ZoneError for an unknown zone, ScheduleError for a
    `fold` or a gap that has no civil time to decide on, an `at` no day has, or a set without a day.
    """

    days: DaySet
    zone: str
    at: int | None = None
    gap: civil.Gap | None = None
    fold: civil.FoldPass = "first"
    _settled_from: int = field(init=False, repr=False, compare=False, default=0)
    """From this year on nothing depends on what was announced when."""

    def __post_init__(self) -> None:
        civil.zone(self.zone)
        if self.at is None and (self.gap in ("previous", "shift") or self.fold != "first"):
            raise ScheduleError('gap: previous or shift, and fold:, are for a civil time; add at:, e.g. at: "17:30"')
        if self.at is not None and not 0 <= self.at < civil.DAY:
            raise ScheduleError("at: is no time of a day; 00:00 to 23:59:59.999999, the day's end is its default")
        if self.gap is None:
            object.__setattr__(self, "gap", self._usual_gap)
        until = self.days.announced_until
        if until is not None:
            # A year's sets look at most a year back.
            settled = date.fromordinal(min(civil.zone(self.zone).day_of(until), civil.LAST_DAY)).year + 2
            object.__setattr__(self, "_settled_from", settled)
        if next(self.occurrences(self.known_from or Instant(0)), None) is None:
            raise ScheduleError("on: no day is ever in this set; see what it takes away, or leaves out")

    @property
    def event(self) -> str:
        if self._workdays_of is not None:
            return "WorkdayHasEnded"
        return "DayHasPassed" if self.at is None else "TimeHasCome"

    @property
    def data(self) -> str | None:
        return "; ".join(self.days.data) or None

    @property
    def calendars(self) -> tuple[Calendar, ...]:
        """The calendars that decide."""
        return self.days.calendars

    @property
    def known_from(self) -> Instant | None:
        first = self.days.known.first
        return None if first is None else civil.instant_of_civil(date.fromordinal(first), self.zone)

    @property
    def known_until(self) -> Instant | None:
        end = self.days.known.end
        return None if end is None else civil.instant_of_civil(date.fromordinal(end + 1), self.zone)

    @property
    def definition(self) -> Mapping[str, Any]:
        calendar = self._workdays_of
        decided: dict[str, Any] = {"on": self.days.definition}
        if calendar is not None:
            decided = {"every": "workday", "calendar": calendar.definition}
        decided["zone"] = self.zone
        if self.at is not None:
            decided["at"] = time_text(self.at)
        if self.gap != self._usual_gap:
            decided["gap"] = self.gap
        if self.fold != "first":
            decided["fold"] = self.fold
        return decided

    def as_of(self, instant: Instant) -> "OnDays":
        return OnDays(self.days.as_of(instant), self.zone, self.at, self.gap, self.fold)

    def occurrences(self, since: Instant) -> Iterator[Occurrence]:
        known, here = self.days.known, civil.zone(self.zone)
        # Two days earlier, since a gap may put a time into the day before it.
        start = max(here.day_of(since) - 2, known.first or 0)
        end = civil.LAST_DAY if known.end is None else min(known.end, civil.LAST_DAY)
        empty_years = 0
        for year in range(date.fromordinal(start).year, date.fromordinal(end - 1).year + 1):
            if year >= self._settled_from:
                chosen = days_in_year(self.days, year, self.zone)
                empty_years = 0 if chosen else empty_years + 1
                if empty_years > CYCLE_YEARS:
                    return
                for day in sorted(chosen):
                    if start <= day < end:
                        yield from self._on(day)
            else:
                first, last = date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal()
                for day in range(max(start, first), min(end, last + 1)):
                    yield from (found for found in self._on(day) if self._holds(day, found.ends_at))

    def _holds(self, day: int, known_at: Instant) -> bool:
        return self.days.holds(date.fromordinal(day), self.zone, known_at)

    def _on(self, day: int) -> Iterator[Occurrence]:
        """What this day names, if it is chosen."""
        here, label = civil.zone(self.zone), date.fromordinal(day).isoformat()
        begin = here.midnight(day)
        if self.at is None:
            end = here.midnight(day + 1)
            if begin < end:
                yield Occurrence(label, begin, end)
            elif self.gap == "next":
                yield Occurrence(f"{label}/skipped", begin, Instant(begin + 1))
            return
        assert self.gap is not None
        instants = civil.civil_instants(self.zone, day, self.at, self.gap, self.fold)
        if civil.is_skipped(self.zone, day):
            yield from (Occurrence(f"{label}/skipped", one, one) for one in instants if not self._is_taken(day, one))
        elif len(instants) == 1:
            yield Occurrence(label, min(begin, instants[0]), instants[0])
        else:
            yield from (Occurrence(civil.moment_label(self.zone, one), begin, one) for one in instants)

    def _is_taken(self, skipped: int, instant: Instant) -> bool:
        """Whether a day beside the skipped one has this instant already: then it is that day's alone."""
        assert self.at is not None
        assert self.gap is not None
        return any(
            instant in civil.civil_instants(self.zone, day, self.at, self.gap, self.fold) and self._holds(day, instant)
            for day in (skipped - 1, skipped + 1)
        )

    @property
    def _usual_gap(self) -> civil.Gap:
        return "skip" if self.at is None else "next"

    @property
    def _workdays_of(self) -> Calendar | None:
        """The calendar, where the set is all of its workdays and nothing else: `every: workday`."""
        kind = self.days.kind
        if isinstance(kind, DaysOf) and kind.which == "workdays" and self.days == DaySet(kind):
            return kind.calendar
        return None


def workdays(
    calendar: Calendar, zone: str, at: int | None = None, gap: civil.Gap | None = None, fold: civil.FoldPass = "first"
) -> OnDays:
    """`every: workday`: each business day of a calendar, due when it ends, or at a civil time."""
    return OnDays(DaySet(DaysOf("workdays", calendar)), zone, at, gap, fold)


def time_text(time: int) -> str:
    """17:30, with seconds and their fraction only where there are some."""
    shown = (EPOCH + time * MICROSECOND).time().isoformat()
    return shown.removesuffix(":00") if len(shown) == len("00:00:00") else shown
