"""An event out of turn: what the clock publishes when somebody triggers a schedule. Never a tick."""

from dataclasses import dataclass

from passage_schemas.instant import Instant


@dataclass(frozen=True, slots=True)
class Triggered:
    """Field for field as in `triggered.avsc`. Instants are microseconds since 1970 UTC."""

    event: str
    schedule: str
    id: str
    requested_by: str
    reason: str
    requested_at: Instant
    published_at: Instant
