"""What a leader has to know of the log: the last tick of each schedule, the entries, the asks.

Pure: the follower fills it from the log, the office goes on with it, and both mean the same by it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from passage_clock.planning.plan import LastTick
from passage_clock.records.control import StatusAsk
from passage_schemas.instant import Instant
from passage_schemas.promise import in_force
from passage_schemas.schedule_entry import ScheduleEntry
from passage_schemas.tick import Tick


@dataclass(frozen=True, slots=True)
class Published:
    """A schedule's last tick on the log: what the next one builds on, and what it promised."""

    last: LastTick
    sequence: int
    next_at: Instant | None

    @classmethod
    def of(cls, tick: Tick, digest: bytes) -> "Published":
        """`digest`: SHA-256 of its value's bytes."""
        return cls(LastTick(tick.ordinal, tick.period, tick.ends_at, digest), tick.sequence, tick.next_at)


@dataclass(frozen=True, slots=True)
class ClockState:
    """The log, as far as a leader needs it. `sequence` is the last tick's, 0 before the first."""

    published: Mapping[str, Published]
    sequence: int
    entries: Mapping[str, ScheduleEntry]
    asks: Mapping[str, StatusAsk]

    def promise(self, schedule: str) -> Instant | None:
        """When its next tick is promised, paused or not."""
        held = in_force(self.published.get(schedule), self.entries.get(schedule))
        return held.next_at if held is not None else None
