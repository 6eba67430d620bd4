"""A company's business days: a country's, another company's or a market's, with its own weekend, closures, extra
workdays and opening hours.

A closure may carry the instant it was announced. It counts for a day only if that was before the day's own tick, so a
late one takes back nothing. Of several notices about a day the most recently announced wins, be it a closure or an
extra workday; announced at the same time, or never, the closure does.

It refuses a week without a workday, and guesses nothing outside the years its base knows.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from passage_clock.calendars.announced import Notice
from passage_clock.calendars.calendar import Calendar
from passage_clock.calendars.hours import DAY, WEEKDAYS, Hours, OpenSpan
from passage_clock.errors import CalendarError
from passage_schemas.instant import Instant, datetime_of

FIRST_YEAR, LAST_YEAR = 1970, 9000
"""What a company that builds on nothing knows of: all of the time we can name."""


@dataclass(frozen=True, slots=True)
class Company:
    """The days a company works. `base` None: all but the weekend. `weekend` None: the base's, or Saturday and Sunday
    (numbers as `date.weekday()` counts them). `closed` and `extra` hold notices in any order.

    Own weekend over a base: its holidays stay, whatever their weekday, and so does a weekend day it makes a workday.
    """

    name: str
    base: Calendar | None = None
    weekend: tuple[int, ...] | None = None
    closed: tuple[Notice, ...] = ()
    extra: tuple[Notice, ...] = ()
    hours: Hours | None = None
    _hash: int = field(init=False, repr=False, compare=False, default=0)
    """Kept, since the notices may be many and the calendar is looked up by value."""

    def __post_init__(self) -> None:
        for notice in (*self.closed, *self.extra):
            if notice.last < notice.first:
                raise CalendarError(f"{self.name}: {notice.first} to {notice.last} ends before it begins; swap them")
        if self.weekend is not None:
            if len(set(self.weekend)) == len(WEEKDAYS):
                raise CalendarError(f"{self.name}: its weekend is the whole week, so it never works; leave a day out")
            object.__setattr__(self, "weekend", tuple(sorted(set(self.weekend))))
        object.__setattr__(self, "closed", _sorted(self.closed))
        object.__setattr__(self, "extra", _sorted(self.extra))
        decided = (self.name, self.base, self.weekend, self.closed, self.extra, self.hours)
        object.__setattr__(self, "_hash", hash(decided))

    def __hash__(self) -> int:
        return self._hash

    @property
    def code(self) -> str:
        return self.name

    @property
    def label(self) -> str:
        """What a tick says about it: `acme (NL, holidays 0.108)`."""
        return self.name if self.base is None else f"{self.name} ({self.base.label})"

    @property
    def definition(self) -> Mapping[str, Any]:
        """Its own mapping, with its name; what was left out is left out."""
        decided: dict[str, Any] = {"name": self.name}
        if self.base is not None:
            decided["base"] = self.base.definition
        if self.weekend is not None:
            decided["weekend"] = [WEEKDAYS[day] for day in self.weekend]
        if self.closed:
            decided["closed"] = [_definition(notice) for notice in self.closed]
        if self.extra:
            decided["open"] = [_definition(notice) for notice in self.extra]
        if self.hours is not None:
            decided["hours"] = self.hours.definition
        return decided

    @property
    def first_year(self) -> int:
        return FIRST_YEAR if self.base is None else self.base.first_year

    @property
    def last_year(self) -> int:
        return LAST_YEAR if self.base is None else self.base.last_year

    @property
    def closures(self) -> tuple[Notice, ...]:
        """Its own and its base's, in order of their days."""
        return self.closed if self.base is None else _sorted((*self.closed, *self.base.closures))

    @property
    def announced_until(self) -> Instant | None:
        """When the last of its notices was announced; None: all of them were always known."""
        return _announced_until(self)

    def counts(self, day: date, known_at: Instant | None = None) -> bool:
        """Whether the company works, by what had been announced before `known_at`. Raises CalendarError outside the
        years it knows."""
        return day.toordinal() in _year(self._known_at(known_at), day.year).workdays

    def spans(self, day: date, known_at: Instant | None = None) -> tuple[OpenSpan, ...]:
        """The hours it is open on this day: those of its weekday, unless it is a holiday or closed. Hours written for
        a day of the weekend hold there too: who writes them is open then."""
        if self.hours is None or not self.hours.week[day.weekday()]:
            return ()
        may_open = _year(self._known_at(known_at), day.year).may_open
        return self.hours.week[day.weekday()] if day.toordinal() in may_open else ()

    def is_weekend(self, day: date) -> bool:
        if self.weekend is not None:
            return day.weekday() in self.weekend
        return day.weekday() >= 5 if self.base is None else self.base.is_weekend(day)

    def is_holiday(self, day: date) -> bool:
        """Whether it is a holiday of the base, or closed by name."""
        return day.toordinal() in _year(self, day.year).holidays

    def why_closed(self, day: date) -> str | None:
        if self.counts(day):
            return None
        if (notice := _notice_of(self, day)) is not None:
            return notice.reason or "closed"
        base = None if self.base is None else self.base.why_closed(day)
        return base or "weekend"

    def as_of(self, instant: Instant) -> "Company":
        base = None if self.base is None else self.base.as_of(instant)
        return self._with(base, lambda notice: notice if _announced_before(notice, instant) else None)

    def seen_on(self, day: date, known_at: Instant) -> "Company":
        """The company one knew at `known_at`, which is on this day: of this day and those to come what was announced
        before `known_at`, of each day gone by what was announced before the same hour of its own."""
        base = None if self.base is None else self.base.seen_on(day, known_at)
        return self._with(base, lambda notice: _seen_on(notice, day, known_at))

    def _known_at(self, instant: Instant | None) -> "Company":
        until = _announced_until(self)
        return self if instant is None or until is None or instant > until else self.as_of(instant)

    def _with(self, base: Calendar | None, change: Callable[[Notice], Notice | None]) -> "Company":
        closed = tuple(one for one in map(change, self.closed) if one is not None)
        extra = tuple(one for one in map(change, self.extra) if one is not None)
        if base == self.base and closed == self.closed and extra == self.extra:
            return self
        return Company(self.name, base, self.weekend, closed, extra, self.hours)


class _Year(NamedTuple):
    """The days of a company's year, as day numbers."""

    workdays: frozenset[int]
    holidays: frozenset[int]
    may_open: frozenset[int]
    """Workdays, and days of the weekend that are no holiday."""


@lru_cache(maxsize=1024)
def _announced_until(company: Company) -> Instant | None:
    found = [one.announced_at for one in (*company.closed, *company.extra) if one.announced_at is not None]
    base = None if company.base is None else company.base.announced_until
    return max(found if base is None else [*found, base], default=None)


@lru_cache(maxsize=1024)
def _year(company: Company, year: int) -> _Year:
    if not company.first_year <= year <= company.last_year:
        raise CalendarError(
            f"{company.label} is known from {company.first_year} to {company.last_year}, not {year}; build it on a "
            "base that knows more, or end the schedule before"
        )
    first, last = date(year, 1, 1), date(year, 12, 31)
    told = _told(company, first, last)
    days = [date.fromordinal(day) for day in range(first.toordinal(), last.toordinal() + 1)]
    closed = {day for day in days if told.get(day) is False}
    named = {day for day in days if company.base is not None and company.base.is_holiday(day)}
    workdays = {day for day in days if told.get(day, None) or (day not in told and _works(company, day))}
    weekend = {day for day in days if company.is_weekend(day)}
    numbers = [closed | (named - workdays), workdays | (weekend - closed - named)]
    return _Year(_day_numbers(workdays), *map(_day_numbers, numbers))


def _works(company: Company, day: date) -> bool:
    """Whether it works where no notice says so."""
    weekend = company.is_weekend(day)
    if company.base is None or company.weekend is None:
        return not weekend if company.base is None else company.base.counts(day)
    if company.base.counts(day):
        return not weekend or company.base.is_weekend(day)
    return not weekend and company.base.is_weekend(day) and not company.base.is_holiday(day)


def _told(company: Company, first: date, last: date) -> dict[date, bool]:
    """Of each day from `first` to `last` that has a notice, whether it is worked."""
    told: dict[date, bool] = {}
    for notice, works in _by_weight(company):
        day = max(first, notice.first)
        while day <= min(last, notice.last):
            told[day] = works
            day += timedelta(days=1)
    return told


def _by_weight(company: Company) -> list[tuple[Notice, bool]]:
    """Its notices, and whether one works then. Of those about a day the last wins: the most recently announced, of
    equals the closure."""
    notices = [(notice, False) for notice in company.closed] + [(notice, True) for notice in company.extra]
    return sorted(notices, key=lambda one: (*_told_at(one[0]), not one[1]))


def _notice_of(company: Company, day: date) -> Notice | None:
    """The one that decides about this day, if any does."""
    return next((one for one, _ in reversed(_by_weight(company)) if one.first <= day <= one.last), None)


def _told_at(notice: Notice) -> tuple[bool, int]:
    """Sorts notices by when they were announced, those always known first."""
    return notice.announced_at is not None, notice.announced_at or 0


def _announced_before(notice: Notice, instant: Instant) -> bool:
    return notice.announced_at is None or notice.announced_at < instant


def _seen_on(notice: Notice, day: date, known_at: Instant) -> Notice | None:
    """What of it was told in time: of the days gone by only those whose own hour came after it."""
    if not _announced_before(notice, known_at):
        return None
    if notice.announced_at is None:
        return notice
    days_before = (known_at - notice.announced_at - 1) // DAY
    first = max(notice.first, day - timedelta(days=min(days_before, day.toordinal() - 1)))
    return Notice(first, notice.last, notice.announced_at, notice.reason) if first <= notice.last else None


def _sorted(notices: tuple[Notice, ...]) -> tuple[Notice, ...]:
    return tuple(sorted(set(notices), key=lambda one: (one.first, one.last, *_told_at(one), one.reason)))


def _day_numbers(days: set[date]) -> frozenset[int]:
    return frozenset(day.toordinal() for day in days)


def _definition(notice: Notice) -> str | dict[str, str]:
    decided = {"on": notice.first.isoformat()}
    if notice.last != notice.first:
        decided = {"from": notice.first.isoformat(), "to": notice.last.isoformat()}
    if notice.announced_at is not None:
        decided["announced_at"] = datetime_of(notice.announced_at).isoformat()
    if notice.reason:
        decided["reason"] = notice.reason
    return decided["on"] if list(decided) == ["on"] else decided
