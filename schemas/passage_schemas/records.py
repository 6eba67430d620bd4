"""The codecs of Passage's own records.

Earlier published versions stay readable, because a compacted topic keeps them for ever.
"""

from typing import TypeVar

from passage_schemas import avsc
from passage_schemas.codec import Codec
from passage_schemas.cut import Cut
from passage_schemas.schedule_entry import ScheduleEntry
from passage_schemas.state_schemas import StateSchemas
from passage_schemas.tick import Tick
from passage_schemas.triggered import Triggered
from passage_schemas.wake_up_resumed import WakeUpResumed

T = TypeVar("T")


def _codec(cls: type[T], record: str) -> Codec[T]:
    return Codec(cls, avsc.current(record), older=tuple(avsc.published(record).values()))


TICK = _codec(Tick, "tick")
SCHEDULE_ENTRY = _codec(ScheduleEntry, "schedule_entry")
CUT = _codec(Cut, "cut")
TRIGGERED = _codec(Triggered, "triggered")
WAKE_UP_RESUMED = _codec(WakeUpResumed, "wake_up_resumed")
STATE_SCHEMAS = _codec(StateSchemas, "state_schemas")
