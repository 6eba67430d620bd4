"""The kinds of day that need no calendar: by number, by weekday, by date, by the moon; and sets of sets.

Each refuses numbers that no month, quarter or year has. Lists are kept sorted, each once: their order says nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import reduce
from typing import Any, Literal, NamedTuple, TypeVar

from passage_clock import civil
from passage_clock.calendars import Calendar
from passage_clock.calendars.hours import WEEKDAYS
from passage_clock.calendars.moon import FIRST_YEAR, LAST_YEAR, PHASES, Phase, moon_label, phase_instants
from passage_clock.errors import ScheduleError
from passage_clock.rules.dayset.dayset import ChangeCalendar, DaySet, KnownDays, days_in_year, year_bounds

Stretch = Literal["week", "month", "quarter", "year"]

LONGEST: Mapping[Stretch, int] = {"week": 7, "month": 31, "quarter": 92, "year": 366}
"""The days of the longest of each."""

EVER = KnownDays()

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class DaysOfMonth:
    """Days by their number in the month; -1 is its last. A month that has no 31st has none: -1 says what was meant."""

    days: tuple[int, ...]

    calendars, data, known, looks_around = (), (), EVER, False

    def __post_init__(self) -> None:
        object.__setattr__(self, "days", numbers("day_of_month", self.days, 31))

    @property
    def definition(self) -> Mapping[str, Any]:
        return {"day_of_month": one_or_list(self.days)}

    def in_year(self, year: int, zone: str) -> frozenset[int]:
        del zone
        return frozenset(day for month in stretches("month", year) for day in picked(range(*month), self.days))

    def with_calendars(self, change: ChangeCalendar) -> "DaysOfMonth":
        del change
        return self


@dataclass(frozen=True, slots=True)
class Weekdays:
    """Every day of these weekdays, which are counted as `date.weekday()` does: Monday is 0."""

    weekdays: tuple[int, ...]

    calendars, data, known, looks_around = (), (), EVER, False

    def __post_init__(self) -> None:
        object.__setattr__(self, "weekdays", weekday_numbers(self.weekdays))

    @property
    def definition(self) -> Mapping[str, Any]:
        return {"weekday": one_or_list(tuple(WEEKDAYS[day] for day in self.weekdays))}

    def in_year(self, year: int, zone: str) -> frozenset[int]:
        del zone
        first, last = year_bounds(year)
        return frozenset(day for day in range(first, last + 1) if (day - 1) % 7 in self.weekdays)

    def with_calendars(self, change: ChangeCalendar) -> "Weekdays":
        del change
        return self


@dataclass(frozen=True, slots=True)
class NthWeekday:
    """The nth of these weekdays in each month, quarter or year; -1 is the last. A month without a fifth has none."""

    weekday: int
    nth: tuple[int, ...]
    of: Literal["month", "quarter", "year"]

    calendars, data, known, looks_around = (), (), EVER, False

    def __post_init__(self) -> None:
        weekday_numbers((self.weekday,))
        if self.of not in ("month", "quarter", "year"):
            raise ScheduleError(f"of: {self.of!r} has no nth weekday; month, quarter or year")
        object.__setattr__(self, "nth", numbers("nth", self.nth, -(-LONGEST[self.of] // 7)))

    @property
    def definition(self) -> Mapping[str, Any]:
        return {"weekday": WEEKDAYS[self.weekday], "nth": one_or_list(self.nth), "of": self.of}

    def in_year(self, year: int, zone: str) -> frozenset[int]:
        del zone
        found: set[int] = set()
        for first, end in stretches(self.of, year):
            begin = first + (self.weekday - (first - 1)) % 7
            found.update(picked(range(begin, end, 7), self.nth))
        return frozenset(found)

    def with_calendars(self, change: ChangeCalendar) -> "NthWeekday":
        del change
        return self


class MonthDay(NamedTuple):
    """A date of every year that has it: February 29 only of leap years."""

    month: int
    day: int

    def isoformat(self) -> str:
        """12-25"""
        return f"{self.month:02}-{self.day:02}"


def date_of(text: str) -> date | MonthDay:
    """`2026-05-01`, or `12-25` for every year. Raises ScheduleError."""
    try:
        if len(text) == 5:
            leap = date.fromisoformat(f"2000-{text}")
            return MonthDay(leap.month, leap.day)
        if len(text) == 10:
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise ScheduleError(f"{text!r} is no date; write 2026-05-01, or 12-25 for every year")


@dataclass(frozen=True, slots=True)
class Dates:
    """These very dates, of one year or of every."""

    dates: tuple[date | MonthDay, ...]

    calendars, data, known, looks_around = (), (), EVER, False

    def __post_init__(self) -> None:
        if not self.dates:
            raise ScheduleError("dates: is empty; write at least one, 2026-05-01 or 12-25")
        canonical = sorted({date_of(day.isoformat()) for day in self.dates}, key=lambda day: day.isoformat())
        object.__setattr__(self, "dates", tuple(canonical))

    @property
    def definition(self) -> Mapping[str, Any]:
        return {"dates": [day.isoformat() for day in self.dates]}

    def in_year(self, year: int, zone: str) -> frozenset[int]:
        del zone
        leap = date(year, 12, 31).timetuple().tm_yday == 366
        found: set[int] = set()
        for day in self.dates:
            if isinstance(day, MonthDay):
                if leap or day != (2, 29):
                    found.add(date(year, *day).toordinal())
            elif day.year == year:
                found.add(day.toordinal())
        return frozenset(found)

    def with_calendars(self, change: ChangeCalendar) -> "Dates":
        del change
        return self


@dataclass(frozen=True, slots=True)
class Moon:
    """The civil days of the schedule's zone that hold the instant of this phase. Raises CalendarError without ephem."""

    phase: Phase

    calendars, looks_around = (), False
    known = KnownDays(date(FIRST_YEAR, 1, 1).toordinal(), date(LAST_YEAR, 12, 31).toordinal() + 1)

    def __post_init__(self) -> None:
        if self.phase not in PHASES:
            raise ScheduleError(f"moon: {self.phase!r} is no phase; one of {', '.join(PHASES)}")
        moon_label()

    @property
    def definition(self) -> Mapping[str, Any]:
        return {"moon": self.phase}

    @property
    def data(self) -> tuple[str, ...]:
        return (moon_label(),)

    def in_year(self, year: int, zone: str) -> frozenset[int]:
        here = civil.zone(zone)
        first, last = year_bounds(year)
        days = (here.day_of(instant) for instant in phase_instants(self.phase, year))
        return frozenset(day for day in days if first <= day <= last)

    def with_calendars(self, change: ChangeCalendar) -> "Moon":
        del change
        return self


@dataclass(frozen=True, slots=True)
class Joined:
    """The days that are in one of the sets, or in several (`any`); or in each of them (`all`)."""

    how: Literal["any", "all"]
    sets: tuple[DaySet, ...]

    def __post_init__(self) -> None:
        if not self.sets:
            raise ScheduleError(f"{self.how}: is empty; write at least one set of days")

    @property
    def definition(self) -> Mapping[str, Any]:
        return {self.how: [days.definition for days in self.sets]}

    @property
    def calendars(self) -> tuple[Calendar, ...]:
        return tuple(calendar for days in self.sets for calendar in days.calendars)

    @property
    def data(self) -> tuple[str, ...]:
        return tuple(label for days in self.sets for label in days.data)

    @property
    def known(self) -> KnownDays:
        return reduce(KnownDays.both, (days.known for days in self.sets))

    @property
    def looks_around(self) -> bool:
        return any(days.looks_around for days in self.sets)

    def in_year(self, year: int, zone: str) -> frozenset[int]:
        found = [days_in_year(days, year, zone) for days in self.sets]
        return frozenset().union(*found) if self.how == "any" else frozenset.intersection(*found)

    def with_calendars(self, change: ChangeCalendar) -> "Joined":
        return Joined(self.how, tuple(days.with_calendars(change) for days in self.sets))


def stretches(of: Stretch, year: int) -> list[tuple[int, int]]:
    """The (first day, day after the last) of the year's months or quarters, of itself, or of every ISO week, Monday to
    Sunday, that has a day in it."""
    first, last = year_bounds(year)
    if of == "week":
        begins = [*range(first - (first - 1) % 7, last + 1, 7)]
        return [(begin, begin + 7) for begin in begins]
    months = {"month": 1, "quarter": 3, "year": 12}[of]
    begins = [date(year, month, 1).toordinal() for month in range(1, 13, months)]
    return list(zip(begins, [*begins[1:], last + 1], strict=True))


def picked(days: range | list[int], nth: tuple[int, ...]) -> Iterable[int]:
    """The nth of these days, counted from 1, or from -1 backward; none where there are not so many."""
    return (days[n - 1 if n > 0 else n] for n in nth if abs(n) <= len(days))


def numbers(field: str, seen: tuple[int, ...], most: int) -> tuple[int, ...]:
    """Sorted, each once. Raises ScheduleError for one that no stretch of `most` days has."""
    for number in seen:
        if not 1 <= abs(number) <= most:
            raise ScheduleError(f"{field}: {number} is never; 1 to {most} from the front, -1 to -{most} from the end")
    if not seen:
        raise ScheduleError(f"{field}: is empty; write at least one, 1 to {most} or -1 to -{most}")
    return tuple(sorted(set(seen)))


def weekday_numbers(seen: tuple[int, ...]) -> tuple[int, ...]:
    """Sorted, each once. Raises ScheduleError for none, or for one that is not 0 (Monday) to 6."""
    if not seen or any(not 0 <= day <= 6 for day in seen):
        raise ScheduleError(f"weekday: {list(seen)} are no weekdays; monday (0) to sunday (6)")
    return tuple(sorted(set(seen)))


def one_or_list(items: tuple[T, ...]) -> T | list[T]:
    """As one writes it: a list only where there are several."""
    return items[0] if len(items) == 1 else list(items)
