"""Fiscal quarters, periods and years: of months from any month on, or of weeks, 52 or 53 to a year.

A year is named by the one in which it ends, as accountants do: FY2027 may begin in April 2026. A year of weeks ends on
one weekday, the last in a month or the nearest to the month's end, and is named by the year of that month even where
its last days lie in the next. Its quarters are thirteen weeks, its periods follow the pattern; a 53rd week belongs to
the last quarter and the last period, as in the calendar of the (American) National Retail Federation, which alone
names its years by where they begin: its 2012 is FY2013 here.

It refuses to guess a year's start: there is no usual one.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache, partial
from itertools import accumulate, starmap
from typing import Any, Literal, get_args

from passage_clock import civil
from passage_clock.calendars.hours import WEEKDAYS
from passage_clock.errors import ScheduleError
from passage_clock.rules.rule import ByTheZone, Occurrence
from passage_schemas.given.did_you_mean import did_you_mean
from passage_schemas.instant import Instant

FiscalPeriod = Literal["fiscal-period", "fiscal-quarter", "fiscal-year"]

FISCAL_PERIODS: tuple[FiscalPeriod, ...] = get_args(FiscalPeriod)

EVENTS: Mapping[str, str] = {
    "fiscal-period": "FiscalPeriodHasPassed",
    "fiscal-quarter": "FiscalQuarterHasPassed",
    "fiscal-year": "FiscalYearHasPassed",
}

MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip

WEEKS = ("4-4-5", "4-5-4", "5-4-4")


@dataclass(frozen=True, slots=True)
class _YearEnd:
    """The last day of a year of weeks: the last such weekday of a month, or the one nearest to the month's end."""

    nearest: bool
    weekday: int
    month: int

    def day(self, year: int) -> int:
        """Its ordinal."""
        month_end = civil.months_of(date(year, self.month, 1).toordinal(), 1)[1] - 1
        latest = month_end + 3 if self.nearest else month_end
        return latest - (latest - 1 - self.weekday) % 7


def _year_ends() -> Iterator[tuple[str, _YearEnd]]:
    """Everything `year_ends` can say."""
    for month, name in enumerate(MONTHS, start=1):
        last_days = {2: (28, 29), 4: (30,), 6: (30,), 9: (30,), 11: (30,)}.get(month, (31,))
        for weekday, day_name in enumerate(WEEKDAYS):
            yield f"last {day_name} of {name}", _YearEnd(False, weekday, month)
            for last_day in last_days:
                yield f"nearest {day_name} to {name} {last_day}", _YearEnd(True, weekday, month)


YEAR_ENDS: Mapping[str, _YearEnd] = dict(_year_ends())


@dataclass(frozen=True, slots=True)
class Fiscal(ByTheZone):
    """Every fiscal period, quarter or year. Of months with `year_starts: april`; of weeks with `weeks: 4-4-5` and
    `year_ends: last saturday of january` or `nearest saturday to january 31`. Raises ZoneError, ScheduleError.
    """

    period: str
    zone: str
    year_starts: str = ""
    weeks: str = ""
    year_ends: str = ""

    def __post_init__(self) -> None:
        civil.zone(self.zone)
        _known("every", self.period, FISCAL_PERIODS)
        if self.year_starts and (self.weeks or self.year_ends):
            raise ScheduleError(
                "year_starts: is for years of months, weeks: and year_ends: for years of weeks; keep one"
            )
        if self.weeks or self.year_ends:
            _known("weeks", self.weeks, WEEKS)
            _known("year_ends", self.year_ends, YEAR_ENDS)
            return
        if self.period == "fiscal-period":
            raise ScheduleError("weeks: is missing; write 4-4-5, 4-5-4 or 5-4-4, or every: month for periods of months")
        _known("year_starts", self.year_starts, MONTHS)

    @property
    def event(self) -> str:
        return EVENTS[self.period]

    @property
    def definition(self) -> Mapping[str, Any]:
        decided = {"every": self.period, "zone": self.zone}
        optional = {"year_starts": self.year_starts, "weeks": self.weeks, "year_ends": self.year_ends}
        return decided | {name: value for name, value in optional.items() if value}

    def occurrences(self, since: Instant) -> Iterator[Occurrence]:
        if self.weeks:
            period_of = partial(_of_weeks, self.period, self.weeks, self.year_ends)
        else:
            period_of = partial(_of_months, self.period, self.year_starts)
        return starmap(Occurrence, civil.day_periods(self.zone, since, period_of))


def _known(field: str, seen: str, known: Mapping[str, object] | tuple[str, ...]) -> None:
    if not seen:
        raise ScheduleError(f"{field}: is missing; write e.g. {next(iter(known))}")
    if seen not in known:
        raise ScheduleError(f"{field}: {seen!r} won't do; {did_you_mean(seen.lower(), known)}")


@lru_cache(maxsize=4096)
def _of_months(period: str, year_starts: str, day: int) -> tuple[str, int, int]:
    first_month = MONTHS.index(year_starts) + 1
    year_first, year_following = civil.months_of(day, 12, first_month)
    year = f"FY{date.fromordinal(year_following - 1).year:04}"
    if period == "fiscal-year":
        return year, year_first, year_following
    first, following = civil.months_of(day, 3, first_month)
    quarters_passed = (date.fromordinal(first).month - first_month) % 12 // 3
    return f"{year}-Q{quarters_passed + 1}", first, following


@lru_cache(maxsize=4096)
def _of_weeks(period: str, weeks: str, year_ends: str, day: int) -> tuple[str, int, int]:
    ends = YEAR_ENDS[year_ends]
    year = date.fromordinal(day).year - 1
    while ends.day(year) < day:
        year += 1
    first, following = ends.day(year - 1) + 1, ends.day(year) + 1
    if period == "fiscal-year":
        return f"FY{year:04}", first, following
    quarter = [int(number) for number in weeks.split("-")] if period == "fiscal-period" else [13]
    begins = [first + 7 * passed for passed in accumulate(quarter * 4, initial=0)][:-1]
    number = bisect_right(begins, day)
    name = f"P{number:02}" if period == "fiscal-period" else f"Q{number}"
    return f"FY{year:04}-{name}", begins[number - 1], [*begins, following][number]
