"""Opening hours: the rule that names when a business opens, or when it closes.

A span belongs to the day it begins on: a night shift is worked if that day is, and closes the next day. Where a zone's
clock change moves two openings, or two closings, to one instant, they are one.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from passage_clock import civil
from passage_clock.calendars import Calendar, Company, OpenSpan
from passage_clock.errors import ScheduleError
from passage_clock.rules.rule import Occurrence
from passage_schemas.instant import Instant

OpeningEdge = Literal["opens", "closes"]


@dataclass(frozen=True, slots=True)
class Opening:
    """The `opens` (moments) or `closes` (from opening to closing) of every span of a company's hours, each labelled by
    its civil time and offset.

    Raises ZoneError for an unknown zone, ScheduleError for a calendar without hours.
    """

    calendar: Company
    edge: OpeningEdge
    zone: str
    gap: civil.Gap = "next"
    fold: civil.FoldPass = "first"

    def __post_init__(self) -> None:
        civil.zone(self.zone)
        if self.edge not in ("opens", "closes"):
            raise ScheduleError(f"opening: {self.edge!r} is neither opens nor closes; write one of them")
        if self.calendar.hours is None or not self.calendar.hours.definition:
            raise ScheduleError(f"calendar: {self.calendar.code} has no opening hours; give it hours: in calendars:")

    @property
    def event(self) -> str:
        return "BusinessHasOpened" if self.edge == "opens" else "BusinessHasClosed"

    @property
    def data(self) -> str:
        return self.calendar.label

    @property
    def calendars(self) -> tuple[Calendar, ...]:
        """The calendars that decide."""
        return (self.calendar,)

    @property
    def known_from(self) -> Instant:
        return civil.instant_of_civil(date(self.calendar.first_year, 1, 1), self.zone)

    @property
    def known_until(self) -> Instant:
        return civil.instant_of_civil(date(self.calendar.last_year + 1, 1, 3), self.zone)

    @property
    def definition(self) -> Mapping[str, Any]:
        decided = {"opening": self.edge, "calendar": self.calendar.definition, "zone": self.zone}
        if self.gap != "next":
            decided["gap"] = self.gap
        if self.fold != "first":
            decided["fold"] = self.fold
        return decided

    def as_of(self, instant: Instant) -> "Opening":
        return Opening(self.calendar.as_of(instant), self.edge, self.zone, self.gap, self.fold)

    def occurrences(self, since: Instant) -> Iterator[Occurrence]:
        here = civil.zone(self.zone)
        # Three days earlier: a night shift ends the next day, and a gap may move that by another.
        start = max(here.day_of(since) - 3, date(self.calendar.first_year, 1, 1).toordinal())
        end = min(date(self.calendar.last_year, 12, 31).toordinal() + 1, civil.LAST_DAY)
        pending: list[Occurrence] = []
        last = Instant(-(2**62))
        for day in range(start, end + 1):
            if day < end:
                pending += self._of(day)
            # What the days to come may still name is at or after this: a gap's `previous` is a second before midnight.
            settled = here.midnight(day + 1) - civil.SECOND if day < end else LATEST
            for found in sorted((one for one in pending if one.ends_at < settled), key=_ends_at):
                if found.ends_at > last:
                    last = found.ends_at
                    yield found
            pending = [one for one in pending if one.ends_at >= settled]

    def _of(self, day: int) -> Iterator[Occurrence]:
        """What the spans that begin on this day name."""
        hours = self.calendar.hours
        assert hours is not None
        for span in hours.week[(day - 1) % 7]:
            for found in self._named(day, span):
                if self.calendar.spans(date.fromordinal(day), known_at=found.ends_at):
                    yield found

    def _named(self, day: int, span: OpenSpan) -> Iterator[Occurrence]:
        opens = civil.civil_instants(self.zone, day, span.opens, self.gap, self.fold)
        if self.edge == "opens":
            yield from (Occurrence(civil.moment_label(self.zone, one), one, one) for one in opens)
            return
        closes = civil.civil_instants(
            self.zone, day + span.closes // civil.DAY, span.closes % civil.DAY, self.gap, self.fold
        )
        for one in closes:
            opened = max((begin for begin in opens if begin <= one), default=one)
            yield Occurrence(civil.moment_label(self.zone, one), opened, one)


LATEST = Instant(2**62)


def _ends_at(occurrence: Occurrence) -> Instant:
    return occurrence.ends_at
