"""What a set of days is: a kind of day, minus others, perhaps moved to a workday. "Every 10th except weekends."

Pure. Sets are worked out a civil year at a time and kept, as plain sets of day numbers (`date.toordinal`), so that
joining and taking away are what they are everywhere else. First days are taken away, then what is left is moved.

What was announced. Without `known_at` a set is what is known today. With it, asked of a day, it is what one knew on
that day: of the days ahead what had been announced before `known_at`, and of each day gone by what had been announced
by the same hour of its own. So a closure told of too late never takes back a day that was named, and never names
another in its stead. A set that looks ahead (the last workday, `shift: previous`) is, on a day nobody works, what it
was on the last one somebody did: where the news came after the day it would have moved to, it stays where it was.
(What this can't mend: an extra workday announced after the last one was named is a last one too.)

It refuses to guess: nothing is said outside the years its calendars know.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any, Literal, NamedTuple, Protocol

from passage_clock.calendars import Calendar
from passage_clock.civil import DAY
from passage_clock.errors import CalendarError, ScheduleError
from passage_schemas.instant import Instant

Shift = Literal["next", "previous"]

LONGEST_CLOSURE = 366
"""Days without a workday after which a calendar is taken to have none."""

FORGOTTEN = 2 * 366 * DAY
"""So long after the last announcement no set looks back to a day before it: a shift goes back a year at most."""

ChangeCalendar = Callable[[Calendar, bool], Calendar]
"""Another calendar for this one; told whether the set it is for looks ahead."""


class KnownDays(NamedTuple):
    """The days something is known of: from `first` up to, not including, `end`, as day numbers; None: no limit."""

    first: int | None = None
    end: int | None = None

    def both(self, other: "KnownDays") -> "KnownDays":
        """What both know."""
        firsts = [first for first in (self.first, other.first) if first is not None]
        ends = [end for end in (self.end, other.end) if end is not None]
        return KnownDays(max(firsts, default=None), min(ends, default=None))

    def holds(self, first: int, last: int | None = None) -> bool:
        """Whether all days from `first` to `last` (or `first` alone) are known."""
        return (self.first is None or self.first <= first) and (self.end is None or (last or first) < self.end)

    def overlaps(self, first: int, last: int) -> bool:
        """Whether one of the days from `first` to `last` is known."""
        return (self.first is None or self.first <= last) and (self.end is None or first < self.end)


class DayKind(Protocol):
    """What days are chosen by. Frozen values."""

    @property
    def definition(self) -> Mapping[str, Any]: ...

    @property
    def calendars(self) -> tuple[Calendar, ...]:
        """The calendars that are asked."""
        ...

    @property
    def data(self) -> tuple[str, ...]:
        """What a tick says about the data that decided: the calendars' labels, and others."""
        ...

    @property
    def known(self) -> KnownDays: ...

    @property
    def looks_around(self) -> bool:
        """Whether other days decide of a day, too: which workday of its month it is."""
        ...

    def in_year(self, year: int, zone: str) -> frozenset[int]:
        """The days of this year, as day numbers, by all that is known. Some of its days may be unknown: those are left
        out. Raises CalendarError where the data knows nothing of the year."""
        ...

    def with_calendars(self, change: ChangeCalendar) -> "DayKind":
        """The same with other calendars."""
        ...


@dataclass(frozen=True, slots=True)
class DaySet:
    """Days of one kind, except those of the sets in `without`; with a `shift`, each that is no workday of `calendar`
    moved to its next or previous workday (two that meet are one). Raises ScheduleError for half a shift."""

    kind: DayKind
    without: tuple["DaySet", ...] = ()
    shift: Shift | None = None
    calendar: Calendar | None = None

    def __post_init__(self) -> None:
        if self.shift is not None and self.calendar is None:
            raise ScheduleError(f"shift: {self.shift} moves to a workday; add calendar: to say whose, e.g. NL")
        if self.shift is None and self.calendar is not None:
            raise ScheduleError("calendar: says whose workdays a shift: moves to; add shift: next or previous")
        if self.calendar is not None and self.kind.definition.get("calendar", self.calendar.definition) != (
            self.calendar.definition
        ):
            raise ScheduleError("a set has one calendar:; put the other set inside any: to shift it by another")

    @property
    def definition(self) -> Mapping[str, Any]:
        """In the configuration's own words: reading it back gives an equal set."""
        decided = dict(self.kind.definition)
        if self.without:
            decided["except"] = [days.definition for days in self.without]
        if self.calendar is not None:
            decided |= {"shift": self.shift, "calendar": self.calendar.definition}
        return decided

    @property
    def calendars(self) -> tuple[Calendar, ...]:
        """Every calendar that is asked, each once."""
        own = () if self.calendar is None else (self.calendar,)
        inner = (calendar for days in self.without for calendar in days.calendars)
        return tuple(dict.fromkeys((*self.kind.calendars, *inner, *own)))

    @property
    def data(self) -> tuple[str, ...]:
        """What a tick says about the data that decided, each once: `NL, holidays 0.108`, `moon, ephem 4.2.1`."""
        own = () if self.calendar is None else (self.calendar.label,)
        inner = (label for days in self.without for label in days.data)
        return tuple(dict.fromkeys((*self.kind.data, *inner, *own)))

    @property
    def known(self) -> KnownDays:
        """The days for which the set can say whether it holds them."""
        return self._known if self.calendar is None else _decided(self._known, self.calendar, self.shift)

    @property
    def _known(self) -> KnownDays:
        """What is known of the days before they are moved, and of where they could go."""
        known = self.kind.known if self.calendar is None else self.kind.known.both(years_known(self.calendar))
        for days in self.without:
            known = known.both(days.known)
        return known

    @property
    def announced_until(self) -> Instant | None:
        """When the last closure was announced that its calendars know of; None: they know of none."""
        return _announced_until(self)

    @property
    def settled_at(self) -> Instant | None:
        """After it the set is what all that is known says, whatever was announced when; None: it always was."""
        until = self.announced_until
        return Instant(until + FORGOTTEN) if until is not None and self.looks_around else until

    def holds(self, day: date, zone: str, known_at: Instant | None = None) -> bool:
        """Whether the set has this civil day of the zone, by what one knew at `known_at` of that day (None: by all that
        is known). Raises CalendarError outside the years its calendars know."""
        seen = self if known_at is None else self.seen_on(day, known_at)
        return day.toordinal() in days_in_year(seen, day.year, zone)

    def seen_on(self, day: date, known_at: Instant) -> "DaySet":
        """The set as it was on this day, at this instant."""
        if self.settled_at is None or known_at > self.settled_at:
            return self
        return self.with_calendars(lambda calendar, ahead: _seen(calendar, ahead, day, known_at))

    @property
    def looks_around(self) -> bool:
        """Whether other days decide of a day, too. If not, what was announced is settled when the last of it was."""
        return self.shift is not None or self.kind.looks_around or any(days.looks_around for days in self.without)

    def as_of(self, instant: Instant) -> "DaySet":
        """The set as it was known then: what was announced at or after the instant is not in it."""
        return self.with_calendars(lambda calendar, _: calendar.as_of(instant))

    def with_calendars(self, change: ChangeCalendar) -> "DaySet":
        """The same with other calendars; itself if none changes."""
        changed = DaySet(
            self.kind.with_calendars(change),
            tuple(days.with_calendars(change) for days in self.without),
            self.shift,
            None if self.calendar is None else change(self.calendar, self.shift == "previous"),
        )
        return self if changed == self else changed

    def in_year(self, year: int, zone: str) -> frozenset[int]:
        """Its days in this year, as day numbers, by all that is known. Ask `days_in_year`, which remembers."""
        if self.calendar is None:
            return self._unmoved(year, zone)
        years = (year - 1, year) if self.shift == "next" else (year, year + 1)
        before = (day for one in years if self._known.overlaps(*year_bounds(one)) for day in self._unmoved(one, zone))
        first, last = year_bounds(year)
        moved = {self._moved(day, first, last, self.calendar) for day in before}
        return frozenset(day for day in moved if first <= day <= last and self.known.holds(day))

    def _unmoved(self, year: int, zone: str) -> frozenset[int]:
        days = self.kind.in_year(year, zone)
        for other in self.without:
            days -= days_in_year(other, year, zone)
        return days

    def _moved(self, day: int, first: int, last: int, calendar: Calendar) -> int:
        """Where this day goes; one that would leave the days from `first` to `last` goes just outside."""
        step = 1 if self.shift == "next" else -1
        while (day <= last if step > 0 else day >= first) and not calendar.counts(date.fromordinal(day)):
            day += step
        return day


@lru_cache(maxsize=2048)
def days_in_year(days: DaySet, year: int, zone: str) -> frozenset[int]:
    """The set's days in this year, as day numbers, by all that is known."""
    return days.in_year(year, zone)


def year_bounds(year: int) -> tuple[int, int]:
    """The day numbers of its first and its last day."""
    return date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal()


def years_known(calendar: Calendar) -> KnownDays:
    """The days a calendar knows."""
    return KnownDays(date(calendar.first_year, 1, 1).toordinal(), date(calendar.last_year, 12, 31).toordinal() + 1)


@lru_cache(maxsize=2048)
def _announced_until(days: DaySet) -> Instant | None:
    found = [one.announced_until for one in days.calendars if one.announced_until is not None]
    return max(found, default=None)


@lru_cache(maxsize=2048)
def _decided(known: KnownDays, calendar: Calendar, shift: Shift | None) -> KnownDays:
    """The days of which a shift is known: at the edge, days nobody knows of could still move in."""
    first, end = known
    if shift == "next" and first is not None:
        return KnownDays(_workday(calendar, first, 1) + 1, end)
    if shift == "previous" and end is not None:
        return KnownDays(first, _workday(calendar, end - 1, -1))
    return known


def _workday(calendar: Calendar, start: int, step: int) -> int:
    """The first workday from `start` on, or back. Raises CalendarError where a year has none."""
    for day in range(start, start + step * LONGEST_CLOSURE, step):
        if calendar.counts(date.fromordinal(day)):
            return day
    raise CalendarError(
        f"{calendar.code}: no workday within a year of {date.fromordinal(start)}; nothing can be shifted"
    )


@lru_cache(maxsize=4096)
def _seen(calendar: Calendar, ahead: bool, day: date, known_at: Instant) -> Calendar:
    """The calendar one had on this day; for a set that looks ahead, on the last one that was worked."""
    seen = calendar.seen_on(day, known_at)
    for back in range(LONGEST_CLOSURE if ahead else 0):
        before = day - timedelta(days=back)
        if before.year < calendar.first_year:
            break
        earlier = calendar.seen_on(before, Instant(known_at - back * DAY))
        if earlier.counts(before):
            return earlier
    return seen
