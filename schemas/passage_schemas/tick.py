"""The tick: an occurrence of a schedule, published on the log. Once there it never changes."""

from dataclasses import dataclass

from passage_schemas.instant import Instant


@dataclass(frozen=True, slots=True)
class Tick:
    """One record of the tick topic, field for field as in `tick.avsc`. Instants are microseconds since 1970 UTC."""

    event: str
    schedule: str
    ordinal: int
    sequence: int
    period: str
    starts_at: Instant
    ends_at: Instant
    next_at: Instant | None
    zone: str
    calendar: str | None
    tzdata: str
    published_at: Instant
    definition: str
    previous: bytes | None
    stands_for: int = 1

    @property
    def key(self) -> bytes:
        """The record's key on the log: unique for ever, so compaction never erases history."""
        return tick_key(self.schedule, self.period)


def tick_key(schedule: str, period: str) -> bytes:
    """The key the tick of this period has, or will have: schedule names hold no slash, so no two are alike."""
    return f"{schedule}/{period}".encode()
