"""The words: every record Passage puts on the log, and how it becomes bytes and back.

Pure: nothing here asks the time, draws a random number or knows Kafka. `Tick`, `ScheduleEntry`, `Triggered`,
`WakeUpResumed` and `Cut` are ours; `event_codec` and `EventSet` are for the domain events of whoever uses Passage.
`log_record`, `headers` and `partitioner` say what a record is, and where its key goes; `given` reads the files that
users write.
"""

from passage_schemas.codec import Codec
from passage_schemas.cut import Cut, InputCut, Refusal
from passage_schemas.derive import schema_of
from passage_schemas.errors import ConfigError, PassageError, SchemaError
from passage_schemas.events import EventSet, event_codec
from passage_schemas.fact_types.scalars import decimal_of
from passage_schemas.fingerprint import fingerprint, prefix_of
from passage_schemas.instant import Instant, datetime_of, instant_of, instant_of_milliseconds, milliseconds_of
from passage_schemas.records import CUT, SCHEDULE_ENTRY, TICK, TRIGGERED, WAKE_UP_RESUMED
from passage_schemas.resolution import incompatibilities
from passage_schemas.schedule_entry import ScheduleEntry, Status
from passage_schemas.tick import Tick, tick_key
from passage_schemas.triggered import Triggered
from passage_schemas.wake_up_resumed import WakeUpResumed

__all__ = [
    "CUT",
    "SCHEDULE_ENTRY",
    "TICK",
    "TRIGGERED",
    "WAKE_UP_RESUMED",
    "Codec",
    "ConfigError",
    "Cut",
    "EventSet",
    "InputCut",
    "Instant",
    "PassageError",
    "Refusal",
    "ScheduleEntry",
    "SchemaError",
    "Status",
    "Tick",
    "Triggered",
    "WakeUpResumed",
    "datetime_of",
    "decimal_of",
    "event_codec",
    "fingerprint",
    "incompatibilities",
    "instant_of",
    "instant_of_milliseconds",
    "milliseconds_of",
    "prefix_of",
    "schema_of",
    "tick_key",
]
