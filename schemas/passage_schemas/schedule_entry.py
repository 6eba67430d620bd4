"""What a schedule is and what it promises: one record of the schedules topic, written when something changes."""

from dataclasses import dataclass
from typing import Literal

from passage_schemas.instant import Instant

Status = Literal["active", "paused", "removed"]


@dataclass(frozen=True, slots=True)
class ScheduleEntry:
    """Field for field as in `schedule_entry.avsc`. `next_at` is None when nothing more is known to come."""

    schedule: str
    event: str
    zone: str
    calendar: str | None
    definition: str
    definition_text: str
    status: Status
    status_by: str
    status_reason: str
    next_at: Instant | None
    sequence: int
    generation: int
    tzdata: str
    holidays: str
    floor_ordinal: int = 1
    floor_sequence: int = 0
    floor_at: Instant | None = None
    floor_digest: bytes | None = None
