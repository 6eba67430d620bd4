"""The kinds of day a calendar decides: its workdays, its holidays, its nth workdays. Nothing outside its years."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from passage_clock.calendars import Calendar
from passage_clock.errors import ScheduleError
from passage_clock.rules.dayset.dayset import ChangeCalendar, DayKind, DaySet, KnownDays, year_bounds, years_known
from passage_clock.rules.dayset.kinds import LONGEST, Joined, Stretch, numbers, one_or_list, picked, stretches

Which = Literal["workdays", "holidays", "closed"]


@dataclass(frozen=True, slots=True)
class DaysOf:
    """Days of a calendar: its `workdays`; all others, `closed`; or, of those, the ones that are not its weekend,
    `holidays`."""

    which: Which
    calendar: Calendar

    looks_around = False

    @property
    def definition(self) -> Mapping[str, Any]:
        return {self.which: self.calendar.definition}

    @property
    def calendars(self) -> tuple[Calendar, ...]:
        return (self.calendar,)

    @property
    def data(self) -> tuple[str, ...]:
        return (self.calendar.label,)

    @property
    def known(self) -> KnownDays:
        return years_known(self.calendar)

    def in_year(self, year: int, zone: str) -> frozenset[int]:
        del zone
        first, last = year_bounds(year)
        return frozenset(day for day in range(first, last + 1) if self._chosen(date.fromordinal(day)))

    def with_calendars(self, change: ChangeCalendar) -> "DaysOf":
        return DaysOf(self.which, change(self.calendar, False))

    def _chosen(self, day: date) -> bool:
        if self.calendar.counts(day):
            return self.which == "workdays"
        return self.which == "closed" or (self.which == "holidays" and not self.calendar.is_weekend(day))


@dataclass(frozen=True, slots=True)
class NthWorkday:
    """The nth workday of each week (ISO: from Monday), month, quarter or year; -1 is the last. One that has not so many
    has none."""

    nth: tuple[int, ...]
    of: Stretch
    calendar: Calendar

    looks_around = True

    def __post_init__(self) -> None:
        if self.of not in LONGEST:
            raise ScheduleError(f"of: {self.of!r} has no nth workday; one of {', '.join(LONGEST)}")
        object.__setattr__(self, "nth", numbers("workday", self.nth, LONGEST[self.of]))

    @property
    def definition(self) -> Mapping[str, Any]:
        return {"workday": one_or_list(self.nth), "of": self.of, "calendar": self.calendar.definition}

    @property
    def calendars(self) -> tuple[Calendar, ...]:
        return (self.calendar,)

    @property
    def data(self) -> tuple[str, ...]:
        return (self.calendar.label,)

    @property
    def known(self) -> KnownDays:
        """Whole weeks only: of one that begins or ends outside the calendar's years the nth workday is not known."""
        first, end = years_known(self.calendar)
        if self.of != "week" or first is None or end is None:
            return KnownDays(first, end)
        return KnownDays(first + (1 - first) % 7, end - (end - 1) % 7)

    def in_year(self, year: int, zone: str) -> frozenset[int]:
        del zone
        found: set[int] = set()
        first, last = year_bounds(year)
        for begin, end in stretches(self.of, year):
            if self.known.holds(begin, end - 1):
                workdays = [day for day in range(begin, end) if self.calendar.counts(date.fromordinal(day))]
                found.update(picked(workdays, self.nth))
        return frozenset(day for day in found if first <= day <= last)

    def with_calendars(self, change: ChangeCalendar) -> DayKind:
        """From the front and from the end are two sets then: only the second looks ahead."""
        ahead, behind = tuple(n for n in self.nth if n < 0), tuple(n for n in self.nth if n > 0)
        if not ahead or not behind:
            return NthWorkday(self.nth, self.of, change(self.calendar, bool(ahead)))
        halves = [DaySet(NthWorkday(nth, self.of, self.calendar)) for nth in (ahead, behind)]
        changed = tuple(half.with_calendars(change) for half in halves)
        return self if changed == tuple(halves) else Joined("any", changed)
