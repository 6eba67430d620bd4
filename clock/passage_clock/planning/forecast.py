"""What is to come: the ticks these schedules name, in the order of publication, and the days their zones leave out.

By the configuration alone. Refuses to guess: where a calendar's data ends, its schedule ends.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from heapq import merge

from passage_clock import civil
from passage_clock.planning.sharing import Sharing
from passage_clock.schedules import Occurrence, Schedule
from passage_schemas.instant import Instant


@dataclass(frozen=True, slots=True)
class Coming:
    """A tick to come."""

    schedule: Schedule
    occurrence: Occurrence

    @property
    def at(self) -> Instant:
        return self.occurrence.ends_at

    @property
    def day(self) -> date:
        """The civil day people would look for it on: a period's last one, not the midnight at which it is over."""
        inside = self.at - (self.occurrence.starts_at < self.at)
        return date.fromordinal(civil.zone(self.schedule.zone).day_of(inside))


@dataclass(frozen=True, slots=True)
class Skipped:
    """A civil day the zone never had: Apia's 2011-12-30. `at`: the instant that is both its midnights."""

    zone: str
    day: date
    at: Instant


def as_of(schedules: Sequence[Schedule], known_at: Instant) -> list[Schedule]:
    """The schedules by what had been announced before then, under the same names."""
    return [replace(schedule, rule=schedule.rule.as_of(known_at)) for schedule in schedules]


def coming(
    schedules: Sequence[Schedule], after: Mapping[str, Instant], until: Mapping[str, Instant] | None = None
) -> Iterator[Coming | Skipped]:
    """Ticks with after < ends_at <= until, bounds by zone, and the skipped days between them. Without `until` it goes
    on as long as the rules do."""
    skips = _Skips(after, until)
    for at, _, number, occurrence in merge(*_streams(schedules, after, until)):
        yield from skips.until(at)
        yield Coming(schedules[number], occurrence)
    if until is not None:
        yield from skips.until(max(until.values(), default=Instant(0)))


_Stream = Iterator[tuple[Instant, str, int, Occurrence]]
"""What is compared in a merge of many: when, then by name; the schedule's number parts those that were named twice."""


def _streams(
    schedules: Sequence[Schedule], after: Mapping[str, Instant], until: Mapping[str, Instant] | None
) -> list[_Stream]:
    sharing, streams = Sharing(), []
    for number, schedule in enumerate(schedules):
        occurrences = sharing.occurrences(schedule, after[schedule.zone])
        last = None if until is None else until[schedule.zone]
        streams.append(_stream(schedule.name, number, occurrences, last))
    return streams


def _stream(name: str, number: int, occurrences: Iterator[Occurrence], last: Instant | None) -> _Stream:
    for occurrence in occurrences:
        if last is not None and occurrence.ends_at > last:
            return
        yield occurrence.ends_at, name, number, occurrence


class _Skips:
    """The skipped days of all zones, looked for a day ahead, as far as the ticks have come."""

    def __init__(self, after: Mapping[str, Instant], until: Mapping[str, Instant] | None) -> None:
        self._looked_until = min(after.values(), default=Instant(0))
        self._looked = {name: civil.zone(name).day_of(instant) for name, instant in after.items()}
        self._last = until
        self._found: list[Skipped] = []

    def until(self, instant: Instant) -> list[Skipped]:
        """Those not told yet, in order."""
        while self._looked_until < instant:
            self._looked_until = Instant(self._looked_until + civil.DAY)
            for name in self._looked:
                self._found += self._look(name)
        if not self._found:
            return []
        told = sorted((one for one in self._found if one.at <= instant), key=lambda one: (one.at, one.zone))
        self._found = [one for one in self._found if one.at > instant]
        return told

    def _look(self, name: str) -> Iterator[Skipped]:
        here, bound = civil.zone(name), None if self._last is None else self._last[name]
        for day in range(self._looked[name] + 1, here.day_of(self._looked_until) + 1):
            self._looked[name] = day
            at = here.midnight(day)
            if civil.is_skipped(name, day) and (bound is None or at <= bound):
                yield Skipped(name, date.fromordinal(day), at)
