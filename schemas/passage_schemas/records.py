"""The codecs of Passage's own records.

Earlier published versions stay readable, because a compacted topic keeps them for ever. What a record of the tick topic
is, is told here too, for clock and processors alike.
"""

from typing import TypeVar

from passage_schemas import avsc
from passage_schemas.codec import Codec
from passage_schemas.cut import Cut
from passage_schemas.errors import SchemaError
from passage_schemas.schedule_entry import ScheduleEntry
from passage_schemas.state_schemas import StateSchemas
from passage_schemas.tick import Tick
from passage_schemas.triggered import Triggered
from passage_schemas.wake_up_resumed import WakeUpResumed

T = TypeVar("T")

TERM_KEY = b"passage/term"
"""On the tick topic, of a leader's barrier and of its resignation."""


def _codec(cls: type[T], record: str) -> Codec[T]:
    return Codec(cls, avsc.current(record), older=tuple(avsc.published(record).values()))


TICK = _codec(Tick, "tick")
SCHEDULE_ENTRY = _codec(ScheduleEntry, "schedule_entry")
CUT = _codec(Cut, "cut")
TRIGGERED = _codec(Triggered, "triggered")
WAKE_UP_RESUMED = _codec(WakeUpResumed, "wake_up_resumed")
STATE_SCHEMAS = _codec(StateSchemas, "state_schemas")


def is_of_term(key: bytes | None, value: bytes | None) -> bool:
    """Whether a record of the tick topic is a leader's barrier or resignation: they have no value, so that nobody takes
    them for ticks, and a key that no tick let go can have."""
    return value is None and key == TERM_KEY


def ticks_schedule(key: bytes | None, value: bytes | None) -> bytes | None:
    """The schedule whose tick a record is, by its key and the value's first bytes alone. None where it is none: a
    leader's barrier and a tick let go have no value, and whoever writes here by mistake no such key."""
    if key is None or value is None or not value.startswith(TICK.prefixes):
        return None
    schedule, slash, _period = key.partition(b"/")
    return schedule if slash else None


def tick_of(value: bytes | None) -> Tick | None:
    """None for what is none, a barrier's missing value included."""
    return _if_one(TICK, value)


def entry_of(value: bytes | None) -> ScheduleEntry | None:
    """None for what is none: a value let go, and what somebody else wrote onto the topic of schedules."""
    return _if_one(SCHEDULE_ENTRY, value)


def _if_one(codec: Codec[T], value: bytes | None) -> T | None:
    try:
        return codec.decode(value or b"")
    except SchemaError:
        return None
