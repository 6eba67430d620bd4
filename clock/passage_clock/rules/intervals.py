"""The civil times an RRULE's parts name: which days its intervals have, and which times such a day has.

A rule goes from interval to interval: every INTERVAL-th of its FREQ's years, months ... seconds, counted from the one
its start is in. A walk over them searches for minutes for what hardly ever comes, a second of each 29 February that is
a Monday. Here the days come first: years that begin on one weekday and are alike leap have the same days, of 21 kinds
each is looked at once, and a year without such a day is one step. Times of a day follow by arithmetic.

It is handed parts that were read and found good. It knows no zone, and leaves COUNT and UNTIL to its caller.
"""

import re
from calendar import isleap, monthrange
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, lru_cache
from itertools import dropwhile, groupby, product

from dateutil.easter import easter

Civil = tuple[int, int]
"""A civil time: the date's ordinal, and the second of its day."""

FREQUENCIES = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY", "SECONDLY")

WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")

DAYS_BY: Mapping[str, tuple[str, ...]] = {
    "YEARLY": ("BYDAY", "BYMONTHDAY", "BYYEARDAY", "BYEASTER"),
    "MONTHLY": ("BYDAY", "BYMONTHDAY", "BYYEARDAY", "BYEASTER"),
    "WEEKLY": ("BYDAY", "BYMONTHDAY", "BYYEARDAY", "BYEASTER"),
}
"""One of these says the day; without any it is the start's."""

LAST_YEAR = 9980

NUMBERED_DAY = re.compile(r"([+-]?\d+)?(MO|TU|WE|TH|FR|SA|SU)(?:\(([+-]?\d+)\))?")
"""-1FR, or as dateutil reads too, FR(-1)."""

_DAY_SECONDS = 86_400

_UNITS = {"HOURLY": 3600, "MINUTELY": 60, "SECONDLY": 1}
"""Seconds of an interval of one."""


@dataclass(frozen=True, slots=True)
class _Days:
    """What a rule says of its days; of what is empty it says nothing. `weekdays`: which of its month (or its year) and
    Monday as 0; the 0th is each."""

    months: frozenset[int]
    month_days: frozenset[int]
    year_days: frozenset[int]
    weeks: frozenset[int]
    weekdays: frozenset[tuple[int, int]]
    numbered_in_months: bool
    week_starts: int
    from_easter: frozenset[int]

    def since(self, first: int, last_year: int) -> Iterator[int]:
        """Their ordinals, from the first on."""
        for year in range(date.fromordinal(first).year, last_year + 1):
            begin = date(year, 1, 1).toordinal()
            days: Iterable[int] = (begin + day for day in _of_a_year(self, _year_like(year)))
            if self.from_easter:
                sunday = easter(year).toordinal()
                days = (day for day in days if day - sunday in self.from_easter)
            yield from days if begin >= first else (day for day in days if day >= first)

    def holds(self, day: date) -> bool:
        """Whether it is one, Easter apart."""
        month, year = monthrange(day.year, day.month)[1], 365 + isleap(day.year)
        of_year = day.toordinal() - date(day.year, 1, 1).toordinal() + 1
        nth = _nth(day.day, month) if self.numbered_in_months else _nth(of_year, year)
        return (
            (not self.months or day.month in self.months)
            and (not self.month_days or not self.month_days.isdisjoint((day.day, day.day - month - 1)))
            and (not self.year_days or not self.year_days.isdisjoint((of_year, of_year - year - 1)))
            and (not self.weeks or not self.weeks.isdisjoint(_week(day, self.week_starts)))
            and (not self.weekdays or any((number, day.weekday()) in self.weekdays for number in (0, *nth)))
        )


def _nth(day: int, days: int) -> tuple[int, int]:
    """Which of its weekday a day is in a stretch of so many, from the front and from the back."""
    return (day - 1) // 7 + 1, -((days - day) // 7) - 1


def _week(day: date, starts: int) -> tuple[int, int]:
    """The number of its week, from the front and from the back."""
    fourth = _fourth(day, starts)
    year = date.fromordinal(fourth).year
    begin, following = date(year, 1, 1).toordinal(), date(year + 1, 1, 1).toordinal()
    return (fourth - begin) // 7 + 1, -((following - 1 - fourth) // 7) - 1


def _fourth(day: date, starts: int) -> int:
    """The fourth day of its week: the year that has it has the week."""
    return day.toordinal() - (day.weekday() - starts) % 7 + 3


@lru_cache(maxsize=2048)
def _of_a_year(days: _Days, year: int) -> tuple[int, ...]:
    """How many days after the first of January they are."""
    begin, following = date(year, 1, 1).toordinal(), date(year + 1, 1, 1).toordinal()
    return tuple(day - begin for day in range(begin, following) if days.holds(date.fromordinal(day)))


@cache
def _year_like(year: int) -> int:
    """One with the same days: of its weekdays, and of its weeks, which depend on the length of the year before too."""
    wanted = _kind(year)
    return next(other for other in range(2000, 2028) if _kind(other) == wanted)


def _kind(year: int) -> tuple[int, bool, bool]:
    return date(year, 1, 1).weekday(), isleap(year), isleap(year - 1)


class Intervals:
    """A rule's intervals, from the one its `start` is in. What its parts leave out of day and time is the start's."""

    __slots__ = ("_days", "_frequency", "_interval", "_positions", "_start", "_times", "_units", "_units_held")

    def __init__(self, parts: Mapping[str, str], start: datetime) -> None:
        self._frequency = parts["FREQ"]
        self._interval = int(parts.get("INTERVAL", "1"))
        self._positions = _numbers(parts, "BYSETPOS")
        self._start = civil_of(start)
        self._days = _days(parts, start)
        fields = [
            (_times_of(parts, "BYHOUR", "HOURLY", 24, start.hour), 24),
            (_times_of(parts, "BYMINUTE", "MINUTELY", 60, start.minute), 60),
            (_times_of(parts, "BYSECOND", "SECONDLY", 60, start.second), 60),
        ]
        depth = max(FREQUENCIES.index(self._frequency) - 3, 0)
        """How many of the fields say which intervals of a day there are; the others are the times of each."""
        self._units = _folded(fields[:depth])
        self._units_held = self._units if isinstance(self._units, range) else frozenset(self._units)
        self._times = _folded(fields[depth:])

    def civil_times(self, since: Civil, last_year: int = LAST_YEAR) -> Iterator[Civil]:
        """From `since` on, and never before the start, until the last year is over."""
        since = max(self._start, since)
        named = self._within_days if self._frequency in _UNITS else self._over_days
        return dropwhile(lambda one: one < since, named(since[0], last_year))

    def _over_days(self, first: int, last_year: int) -> Iterator[Civil]:
        """Intervals of a day or more. BYSETPOS picks from whole ones, so these begin well before."""
        begin = date(date.fromordinal(first).year - 1, 1, 1).toordinal() if self._positions else first
        its = self._number_of(self._start[0])
        for number, days in groupby(self._days.since(begin, last_year), key=self._number_of):
            if (number - its) % self._interval == 0:
                yield from self._picked(list(days))

    def _picked(self, days: Sequence[int]) -> Iterator[Civil]:
        if not self._positions:
            yield from product(days, self._times)
            return
        for place in _places(self._positions, len(days) * len(self._times)):
            day, time = divmod(place, len(self._times))
            yield days[day], self._times[time]

    def _number_of(self, day: int) -> int:
        """Which interval of one this day is in."""
        if self._frequency == "DAILY":
            return day
        if self._frequency == "WEEKLY":
            return (day - 1 - self._days.week_starts) // 7
        if self._days.weeks and self._frequency == "YEARLY":
            return date.fromordinal(_fourth(date.fromordinal(day), self._days.week_starts)).year
        here = date.fromordinal(day)
        return here.year if self._frequency == "YEARLY" else 12 * here.year + here.month

    def _within_days(self, first: int, last_year: int) -> Iterator[Civil]:
        """Intervals of hours, minutes or seconds."""
        unit = _UNITS[self._frequency]
        per_day = _DAY_SECONDS // unit
        its = self._start[0] * per_day + self._start[1] // unit
        times = self._times
        if self._positions:
            times = [times[place] for place in _places(self._positions, len(times))]
        silent: set[int] = set()
        """Where days begin between two intervals that count, without one of theirs: each is looked at once."""
        for day in self._days.since(first, last_year):
            behind = (day * per_day - its) % self._interval
            if behind not in silent:
                units = self._units_of(behind, per_day)
                yield from ((day, number * unit + time) for number in units for time in times)
                if self._interval < per_day and not (units and times):
                    silent.add(behind)

    def _units_of(self, behind: int, per_day: int) -> Sequence[int]:
        """The intervals that count of a day which begins so many behind one that does: by steps, or from the list."""
        if per_day // self._interval < len(self._units):
            return [one for one in range(-behind % self._interval, per_day, self._interval) if one in self._units_held]
        return [one for one in self._units if (behind + one) % self._interval == 0]


def civil_of(moment: datetime) -> Civil:
    return moment.toordinal(), (moment.hour * 60 + moment.minute) * 60 + moment.second


def _days(parts: Mapping[str, str], start: datetime) -> _Days:
    frequency = parts["FREQ"]
    months, month_days = _numbers(parts, "BYMONTH"), _numbers(parts, "BYMONTHDAY")
    numbered = frequency in ("YEARLY", "MONTHLY")
    weekdays = {
        (int(seen[1] or seen[3] or 0) if numbered else 0, WEEKDAYS.index(seen[2]))
        for seen in NUMBERED_DAY.finditer(parts.get("BYDAY", ""))
    }
    if frequency in DAYS_BY and not any(part in parts for part in DAYS_BY[frequency]):
        if "BYWEEKNO" not in parts and frequency != "WEEKLY":
            months = months or ([start.month] if frequency == "YEARLY" else [])
            month_days = [start.day]
        elif frequency == "YEARLY" or "BYWEEKNO" not in parts:
            weekdays = {(0, start.weekday())}
    return _Days(
        frozenset(months),
        frozenset(month_days),
        frozenset(_numbers(parts, "BYYEARDAY")),
        frozenset(_numbers(parts, "BYWEEKNO")),
        frozenset(weekdays),
        frequency == "MONTHLY" or "BYMONTH" in parts,
        WEEKDAYS.index(parts.get("WKST", "MO")),
        frozenset(_numbers(parts, "BYEASTER")),
    )


def _numbers(parts: Mapping[str, str], name: str) -> list[int]:
    return sorted({int(one) for one in parts[name].split(",")}) if name in parts else []


def _times_of(parts: Mapping[str, str], name: str, from_on: str, most: int, of_start: int) -> Sequence[int]:
    """The hours, minutes or seconds a rule names; where it doesn't say, all of them from one frequency on."""
    if name in parts:
        return _numbers(parts, name)
    return range(most) if FREQUENCIES.index(parts["FREQ"]) >= FREQUENCIES.index(from_on) else [of_start]


def _folded(fields: Sequence[tuple[Sequence[int], int]]) -> Sequence[int]:
    """Hours, minutes and seconds, each with how many there are, as one number; a plain range where all are meant."""
    found: Sequence[int] = range(1)
    for values, most in fields:
        if isinstance(found, range) and values == range(most):
            found = range(len(found) * most)
        else:
            found = [one * most + value for one in found for value in values]
    return found


def _places(positions: Sequence[int], number: int) -> list[int]:
    """Which of so many these positions are, counted from 0."""
    return sorted({one - 1 if one > 0 else number + one for one in positions if abs(one) <= number})
