"""Plan. Stub of the interface."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from passage_schemas.instant import Instant

from passage_clock.schedules import Occurrence, Schedule


@dataclass(frozen=True, slots=True)
class LastTick:
    """The last readable tick of a schedule. `digest`: SHA-256 of its value's bytes, for the next tick's `previous`."""

    ordinal: int
    period: str
    ends_at: Instant
    digest: bytes


@dataclass(frozen=True, slots=True)
class Planned:
    """An occurrence that is due, with what its tick will say about its place."""

    schedule: Schedule
    occurrence: Occurrence
    ordinal: int
    next_at: Instant | None


class Plan:
    def __init__(
        self, schedules: Sequence[Schedule], last: Mapping[str, LastTick], first_at: Mapping[str, Instant]
    ) -> None:
        raise NotImplementedError

    def due(self, now: Instant, limit: int) -> list[Planned]:
        """At most `limit` occurrences with ends_at <= now, consumed as returned."""
        raise NotImplementedError

    def wake_at(self) -> Instant | None:
        raise NotImplementedError

    def promises(self) -> dict[str, Instant | None]:
        raise NotImplementedError
