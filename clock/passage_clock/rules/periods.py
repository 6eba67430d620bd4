"""Periods that touch: second, minute, hour, day, week, month, quarter, year. No instant is lost and none is in two.

A period the zone skipped whole (Apia's 2011-12-30) is no occurrence.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from passage_clock import civil
from passage_clock.errors import ScheduleError
from passage_clock.rules.rule import Occurrence
from passage_schemas.instant import Instant

Period = Literal["second", "minute", "hour", "day", "week", "month", "quarter", "year"]

PERIODS: tuple[Period, ...] = get_args(Period)

EVENTS: Mapping[Period, str] = {
    "second": "SecondHasPassed",
    "minute": "MinuteHasPassed",
    "hour": "HourHasPassed",
    "day": "DayHasPassed",
    "week": "WeekHasPassed",
    "month": "MonthHasPassed",
    "quarter": "QuarterHasPassed",
    "year": "YearHasPassed",
}

_CLOCK_UNITS: Mapping[Period, int] = {"second": civil.SECOND, "minute": civil.MINUTE, "hour": civil.HOUR}


@dataclass(frozen=True, slots=True)
class Every:
    """Every period of one kind. Raises ZoneError for an unknown zone, ScheduleError for an unknown period."""

    period: Period
    zone: str

    def __post_init__(self) -> None:
        civil.zone(self.zone)
        if self.period not in PERIODS:
            raise ScheduleError(f"every: {self.period!r} is no period; one of {', '.join(PERIODS)}")

    @property
    def event(self) -> str:
        return EVENTS[self.period]

    @property
    def data(self) -> None:
        return None

    @property
    def known_from(self) -> None:
        return None

    @property
    def known_until(self) -> None:
        return None

    @property
    def definition(self) -> Mapping[str, Any]:
        return {"every": self.period, "zone": self.zone}

    def as_of(self, instant: Instant) -> "Every":
        del instant
        return self

    def occurrences(self, since: Instant) -> Iterator[Occurrence]:
        every = self.period
        if every == "second" or every == "minute" or every == "hour":
            for label, begin, end in civil.clock_periods(self.zone, _CLOCK_UNITS[every], since):
                yield Occurrence(label, begin, end)
        elif every == "day":
            for day, begin, end in civil.days(self.zone, since):
                yield Occurrence(day.isoformat(), begin, end)
        else:
            for label, begin, end in civil.long_periods(self.zone, every, since):
                yield Occurrence(label, begin, end)
