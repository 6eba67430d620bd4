"""Chosen days: the rule that names the civil days of a set, at the day's end."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from passage_clock import civil
from passage_clock.calendars import Calendar
from passage_clock.rules.rule import Occurrence
from passage_schemas.instant import Instant


@dataclass(frozen=True, slots=True)
class Workdays:
    """Every business day of a calendar, due when it ends. Raises ZoneError for an unknown zone."""

    calendar: Calendar
    zone: str

    def __post_init__(self) -> None:
        civil.zone(self.zone)

    @property
    def event(self) -> str:
        return "WorkdayHasEnded"

    @property
    def data(self) -> str:
        return self.calendar.label

    @property
    def known_from(self) -> Instant:
        return civil.instant_of_civil(date(self.calendar.first_year, 1, 1), self.zone)

    @property
    def known_until(self) -> Instant:
        return civil.instant_of_civil(date(self.calendar.last_year + 1, 1, 2), self.zone)

    @property
    def definition(self) -> Mapping[str, Any]:
        return {"calendar": self.calendar.definition, "every": "workday", "zone": self.zone}

    def as_of(self, instant: Instant) -> "Workdays":
        return Workdays(self.calendar.as_of(instant), self.zone)

    def occurrences(self, since: Instant) -> Iterator[Occurrence]:
        last_year = self.calendar.last_year
        for day, begin, end in civil.days(self.zone, since):
            if day.year > last_year:
                return
            if self.calendar.counts(day, known_at=end):
                yield Occurrence(day.isoformat(), begin, end)
