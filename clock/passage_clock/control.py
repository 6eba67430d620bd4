"""What operators ask of the leader: a record on the control topic, its key the schedule's name.

The last ask for a schedule holds until another replaces it (the topic is compacted), so a leader that comes to office a
year later still finds it. An ask changes which ticks are published from then on, never one that was: a paused schedule
keeps its ordinals, and when it is resumed its missed occurrences follow in order.

Values are JSON, because a person may have to write one by hand. Refuses to act: it only reads and writes the words.
"""

import json
from dataclasses import dataclass
from typing import Literal

from passage_clock.errors import ClockError

PROBE_KEY = b"passage/probe"
"""The leader's own records, which ask the broker for the time. Nobody's ask."""


@dataclass(frozen=True, slots=True)
class Ask:
    """Pause a schedule, or take it up again."""

    schedule: str
    status: Literal["active", "paused"]
    by: str
    reason: str

    @property
    def key(self) -> bytes:
        return self.schedule.encode()

    def encode(self) -> bytes:
        return json.dumps({"status": self.status, "by": self.by, "reason": self.reason}).encode()


def decode_ask(key: bytes, value: bytes) -> Ask:
    """Raises ClockError for what is no ask: the leader says so and goes on without it."""
    try:
        schedule, fields = key.decode(), json.loads(value)
    except ValueError as error:
        raise ClockError(f"control record {key!r}: not JSON: {error}") from error
    status = fields.get("status") if isinstance(fields, dict) else None
    if status not in ("active", "paused"):
        raise ClockError(f'control record {key!r}: status is {status!r}; it must be "active" or "paused"')
    return Ask(schedule, status, by=str(fields.get("by", "unknown")), reason=str(fields.get("reason", "")))
