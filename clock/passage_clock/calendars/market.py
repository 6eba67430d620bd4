"""An exchange's sessions: the days it trades, when it opens and closes, and its breaks. Needs the extra `markets`.

The days and hours are those of the `exchange_calendars` package, which (with pandas) is imported only when a market is
named. What an exchange trades before and after its session is taken from `pandas_market_calendars`; on a short day of
the US exchanges it ends at 17:00, which that package leaves at 20:00.

How far the data knows. The package computes for ever from rules, so its own end says nothing, and its default end moves
with the wall time. Here the horizon is the last day of the year after the one in which the release at hand came out:
exchanges publish their next year, and not much further. It is nearer where the package sets a bound (XBOM, XSHG), or
where its table of closures, one for each year, ends sooner (XKAR). An unknown newer release counts as the newest known.

Unscheduled closures. The package knows each by its day, not when it was told. For those of the US exchanges since 2001
the notices are below, so that `as_of` shows a session as it was planned, and a closure told of after its pre-market had
begun takes that back from nobody. Elsewhere a closure is taken to have always been known.
"""

import warnings
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cache, cached_property
from importlib import import_module
from importlib.metadata import version
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from passage_clock import civil
from passage_clock.calendars.announced import Notice
from passage_clock.errors import CalendarError
from passage_schemas.given.did_you_mean import nearest
from passage_schemas.instant import EPOCH, MICROSECOND, Instant

FIRST_DAY = date(1990, 1, 1)
"""Older sessions are of no use to a clock that ticks from today, and of doubtful hours."""

RELEASED_IN: Mapping[tuple[int, int], int] = MappingProxyType(
    {(4, 0): 2022, (4, 5): 2023, (4, 7): 2024, (4, 10): 2025, (4, 13): 2026}
)
"""From which minor release of exchange_calendars on its tables were made in which year, at the earliest."""

LISTED_YEARS = 10
"""Closures named one by one in so many years on end are the exchange's table, not its misfortunes."""

LISTED_TO: Mapping[str, int] = MappingProxyType({"XIDX": 2025})
"""Where a yearly table of closures (Jakarta's decreed leave) ends but others of the exchange go on."""

MICS: Mapping[str, str] = MappingProxyType({"NASDAQ": "XNAS"})
"""Names for which the package's own alias would show another exchange than was meant (XNYS keeps the same hours)."""

EXTENDED: Mapping[str, str] = MappingProxyType({"XNYS": "NYSE", "XNAS": "NASDAQ"})
"""Exchanges with a pre-market and after-hours, as pandas_market_calendars calls them."""

SHORT_DAY_AFTER_HOURS = time(17)
"""When the after-hours of a short day end: NYSE's and Nasdaq's holiday notices, each year since 1993's half days."""

_NEW_YORK_NOTICES: Mapping[date, tuple[str, str]] = MappingProxyType(
    {
        # The day of each notice is on record, the hour of those at :00 is not to the minute.
        date(2001, 9, 11): ("2001-09-11T09:20-04:00", "attack on the World Trade Center"),
        date(2001, 9, 12): ("2001-09-11T16:00-04:00", "attack on the World Trade Center"),
        date(2001, 9, 13): ("2001-09-12T16:00-04:00", "attack on the World Trade Center"),
        date(2001, 9, 14): ("2001-09-13T12:00-04:00", "attack on the World Trade Center"),
        date(2004, 6, 11): ("2004-06-07T16:00-04:00", "mourning for Ronald Reagan"),
        date(2007, 1, 2): ("2006-12-28T16:00-05:00", "mourning for Gerald Ford"),
        date(2012, 10, 29): ("2012-10-28T23:00-04:00", "Hurricane Sandy"),
        date(2012, 10, 30): ("2012-10-29T15:00-04:00", "Hurricane Sandy"),
        date(2018, 12, 5): ("2018-12-01T16:00-05:00", "mourning for George H. W. Bush"),
        date(2025, 1, 9): ("2024-12-30T16:00-05:00", "mourning for Jimmy Carter"),
    }
)

NOTICES: Mapping[str, Mapping[date, tuple[str, str]]] = MappingProxyType({"XNYS": _NEW_YORK_NOTICES})
"""Unscheduled closures of which it is known when they were announced, and why, by the package's code."""


@cache
def _release(package: str) -> str:
    """Of a package that is installed. Asked for with every tick's label, and a third of a millisecond to find out."""
    return version(package)


class Session(NamedTuple):
    """A day of trading, under the date the exchange gives it. `called_off_at`: when it was told that what was planned
    would not be; None: it took place, or will."""

    day: date
    opens_at: Instant
    closes_at: Instant
    break_starts_at: Instant | None
    break_ends_at: Instant | None
    is_short: bool
    called_off_at: Instant | None


@dataclass(frozen=True, slots=True)
class Market:
    """An exchange as a calendar: its sessions' dates count. `code`: an ISO 10383 code or a usual name, XNYS or NASDAQ.

    `unheard`: days called off of which nothing was known yet (see `as_of`). Raises CalendarError for an exchange that
    is unknown, or that the package can't work out, and without the extra."""

    code: str
    unheard: frozenset[date] = frozenset()

    def __post_init__(self) -> None:
        _exchange(self.code)

    @property
    def exchange(self) -> str:
        """Its ISO 10383 code where it has one: XNAS for NASDAQ."""
        return MICS.get(self.code) or (self.code if self.code in MICS.values() else _exchange(self.code).code)

    @property
    def label(self) -> str:
        return f"{self.exchange}, exchange_calendars {_release('exchange_calendars')}"

    @property
    def extended_label(self) -> str:
        """What a tick of pre-market or after-hours says about its data."""
        return f"{self.label}; pandas_market_calendars {_release('pandas_market_calendars')}"

    @property
    def definition(self) -> str:
        return self.code

    @property
    def zone(self) -> str:
        return _exchange(self.code).zone

    @property
    def first_year(self) -> int:
        return _exchange(self.code).first_year

    @property
    def last_year(self) -> int:
        return _exchange(self.code).last_year

    @property
    def sessions(self) -> tuple[Session, ...]:
        """In order, those called off among them: see `is_planned`."""
        return _exchange(self.code).sessions

    @property
    def closures(self) -> tuple[Notice, ...]:
        found = ((one.day, one.called_off_at) for one in self.sessions if one.called_off_at is not None)
        reasons = NOTICES.get(_exchange(self.code).code, {})
        return tuple(Notice(day, day, at, reasons[day][1]) for day, at in found if day not in self.unheard)

    @property
    def announced_until(self) -> Instant | None:
        return max((one.announced_at for one in self.closures if one.announced_at is not None), default=None)

    def counts(self, day: date, known_at: Instant | None = None) -> bool:
        """Whether it trades. Raises CalendarError outside the years the data knows."""
        if not self.first_year <= day.year <= self.last_year:
            raise CalendarError(f"{self.label} knows {self.first_year} to {self.last_year}, not {day.year}")
        session = _exchange(self.code).by_day.get(day.toordinal())
        return session is not None and self.is_planned(session, known_at)

    def is_planned(self, session: Session, known_at: Instant | None = None) -> bool:
        """Whether the session takes place, by what had been announced before `known_at`."""
        at = session.called_off_at
        return at is None or session.day in self.unheard or (known_at is not None and at >= known_at)

    def is_weekend(self, day: date) -> bool:
        return day.weekday() in _exchange(self.code).weekend

    def is_holiday(self, day: date) -> bool:
        """A day of the week on which it usually trades, and doesn't."""
        return not self.is_weekend(day) and not self.counts(day)

    def why_closed(self, day: date) -> str | None:
        if self.counts(day):
            return None
        exchange = _exchange(self.code)
        if day in (notices := NOTICES.get(exchange.code, {})):
            return notices[day][1]
        return "weekend" if self.is_weekend(day) else _holiday_names(exchange.code).get(day, "closed")

    def as_of(self, instant: Instant) -> "Market":
        return self._without_news(lambda _day, at: at >= instant)

    def seen_on(self, day: date, known_at: Instant) -> "Market":
        """The market one knew at `known_at`, which is on this day: of each day gone by, what was announced before the
        same hour of its own."""
        return self._without_news(lambda off, at: at >= known_at - max((day - off).days, 0) * civil.DAY)

    def _without_news(self, is_news: Callable[[date, Instant], bool]) -> "Market":
        told = ((one.day, one.called_off_at) for one in _exchange(self.code).called_off)
        unheard = self.unheard | {day for day, at in told if at is not None and is_news(day, at)}
        return self if unheard == self.unheard else Market(self.code, frozenset(unheard))

    def extended(self, edge: Literal["pre", "post"]) -> Mapping[date, Instant]:
        """When the pre-market begins, or the after-hours end, of each session, those called off among them. Raises
        CalendarError for an exchange of which the package names none."""
        return _extended(self.exchange, edge)


@dataclass(frozen=True)
class _Exchange:
    """What the package says of an exchange, worked out once."""

    code: str
    zone: str
    first_year: int
    last_year: int
    sessions: tuple[Session, ...]

    @cached_property
    def by_day(self) -> Mapping[int, Session]:
        return {session.day.toordinal(): session for session in self.sessions}

    @cached_property
    def called_off(self) -> tuple[Session, ...]:
        return tuple(session for session in self.sessions if session.called_off_at is not None)

    @cached_property
    def weekend(self) -> frozenset[int]:
        """The weekdays on which it hardly ever trades: Bombay has a session on a Saturday now and then."""
        often = Counter(session.day.weekday() for session in self.sessions)
        return frozenset(day for day in range(7) if often[day] * 4 < max(often.values()))


@cache
def _exchange(code: str) -> _Exchange:
    package = _package("exchange_calendars")
    known = package.calendar_utils
    factories: Mapping[str, Any] = known._default_calendar_factories
    aliases: Mapping[str, str] = known._default_calendar_aliases
    if code not in factories and code not in aliases:
        names = sorted({*factories, *aliases})
        near = nearest(code.upper(), names, 0.5)
        hint = f"did you mean {near!r}?" if near else f"it knows {', '.join(names[:8])} ..."
        raise CalendarError(
            f"{code!r} is not a market that exchange_calendars {_release('exchange_calendars')} knows; {hint}"
        )
    name = aliases.get(code, code)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _read(name, factories[name])
    except (ArithmeticError, AttributeError, LookupError, NotImplementedError, TypeError, ValueError) as error:
        raise CalendarError(
            f"exchange_calendars {_release('exchange_calendars')} can't work out {name} beside pandas "
            f"{_release('pandas')} ({type(error).__name__}); try another release of either, or a company calendar"
        ) from error


def _read(name: str, factory: Any) -> _Exchange:
    notices = NOTICES.get(name, {})
    lower, upper = factory.bound_min(), factory.bound_max()
    first = FIRST_DAY if lower is None else max(FIRST_DAY, lower.date())
    last = date(_last_year(), 12, 31)
    calendar = (_as_planned(factory, notices) if notices else factory)(
        first.isoformat(), (last if upper is None else min(last, upper.date())).isoformat()
    )
    last_year = min(calendar.schedule.index[-1].year, _listed_to(calendar), LISTED_TO.get(name, last.year))
    first_year = first.year + (first > date(first.year, 1, 1))
    short = {day.date() for day in calendar.early_closes}
    columns = (calendar.schedule[column] for column in ("open", "close", "break_start", "break_end"))
    rows = zip(calendar.schedule.index, *(map(_instant, column) for column in columns), strict=True)
    sessions = tuple(
        Session(day.date(), opens, closes, begins, ends, day.date() in short, _announced(notices.get(day.date())))
        for day, opens, closes, begins, ends in rows
        if first_year <= day.year <= last_year
    )
    return _Exchange(name, str(calendar.tz), first_year, last_year, sessions)


def _as_planned(factory: Any, notices: Mapping[date, object]) -> Any:
    """The exchange with the sessions that were called off, for they were planned."""

    class AsPlanned(factory):  # type: ignore[misc]  # the package has no types
        @property
        def adhoc_holidays(self) -> list[Any]:
            return [day for day in super().adhoc_holidays if _date(day) not in notices]

    return AsPlanned


def _last_year() -> int:
    """The horizon of the release at hand, where nothing nearer is known."""
    major, minor = (int(number) for number in _release("exchange_calendars").split(".")[:2])
    return max((year for release, year in RELEASED_IN.items() if release <= (major, minor)), default=2022) + 1


def _listed_to(calendar: Any) -> int:
    """Where a table of closures ends that has some in each year; without one, never."""
    years = {_date(day).year for day in calendar.adhoc_holidays}
    last = max(years, default=0)
    is_table = all(last - back in years for back in range(LISTED_YEARS))
    return last if is_table else date.max.year


@cache
def _holiday_names(name: str) -> Mapping[date, str]:
    """What the package calls the holidays its rules name. Apart, for it means to build the exchange again."""
    exchange = _exchange(name)
    begin, end = date(exchange.first_year, 1, 1), date(exchange.last_year, 12, 31)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        rules = _package("exchange_calendars").calendar_utils._default_calendar_factories[name]().regular_holidays
        found = {} if rules is None else rules.holidays(begin.isoformat(), end.isoformat(), return_name=True).items()
        return {_date(day): str(told) for day, told in dict(found).items()}


def _date(day: Any) -> date:
    """Of pandas' timestamps and numpy's, which come mixed."""
    return date.fromisoformat(str(day)[:10])


def _instant(moment: Any) -> Any:
    return None if moment != moment else Instant(moment.value // 1000)  # NaT is unlike itself; value: nanoseconds


def _announced(notice: tuple[str, str] | None) -> Instant | None:
    return None if notice is None else Instant((datetime.fromisoformat(notice[0]) - EPOCH) // MICROSECOND)


@cache
def _extended(exchange: str, edge: Literal["pre", "post"]) -> Mapping[date, Instant]:
    if exchange not in EXTENDED:
        raise CalendarError(
            f"nothing is known of a pre-market or after-hours at {exchange}, only at {', '.join(EXTENDED)}; take "
            "session: open or close, or write a cron with only: and its workdays"
        )
    package = _package("pandas_market_calendars")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        hours = package.get_calendar(EXTENDED[exchange]).regular_market_times[edge]
    here = _exchange(exchange)
    found = {}
    for session in here.sessions:
        at = [hour for since, hour, *_ in hours if since is None or date.fromisoformat(str(since)[:10]) <= session.day]
        ends_early = session.is_short and edge == "post"
        moment = datetime.combine(session.day, SHORT_DAY_AFTER_HOURS if ends_early else at[-1])
        found[session.day] = civil.instant_of_civil(moment, here.zone)
    return found


def _package(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise CalendarError(f"markets need {name}; pip install 'passage-of-time[markets]'") from error
