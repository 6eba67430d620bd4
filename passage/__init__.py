"""Passage: the passage of time as a fact on the log. This is the front door: what users import.

What stands in `__all__` is what versions promise; a room's own names may change with any of them. Each name is imported
when it is first asked for: the `passage` command comes through this door too, and must not wait for the processors to
say its help.
"""

from importlib import import_module

# As typing's, which would be the longest import before the command can hear a Ctrl-C.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from passage.scenario import (
        Passing,
        Scenario,
        day_passes,
        days_pass,
        facts_from,
        ticks_pass,
        until,
        workday_passes,
        workdays_pass,
    )
    from passage_clock import ClockError, MachineWall, Schedule, periodic
    from passage_log.errors import LogError
    from passage_log.kafka import KafkaLog
    from passage_log.memory import MemoryLog
    from passage_log.port import EARLIEST, Log
    from passage_log.registry import registry_at
    from passage_processors import (
        App,
        AppError,
        Cancel,
        Case,
        Effects,
        Emit,
        End,
        Mark,
        Moment,
        Passed,
        Policy,
        Process,
        ProcessorError,
        Remember,
        Report,
        Wake,
        Worker,
        full_days,
        on,
        starts_on,
        wakes,
    )
    from passage_processors.runtime.topics import check_topics
    from passage_schemas import (
        TICK,
        ConfigError,
        EventSet,
        Instant,
        PassageError,
        SchemaError,
        Tick,
        datetime_of,
        decimal_of,
        event_codec,
        instant_of,
        instant_of_milliseconds,
        milliseconds_of,
    )
    from passage_schemas.formats import Avro, CloudEvents, Confluent, Json
    from passage_schemas.headers import read_headers
    from passage_schemas.log_record import Partition, Record
    from passage_schemas.partitioner import partition_of

__all__ = [
    "EARLIEST",
    "TICK",
    "App",
    "AppError",
    "Avro",
    "Cancel",
    "Case",
    "ClockError",
    "CloudEvents",
    "ConfigError",
    "Confluent",
    "Effects",
    "Emit",
    "End",
    "EventSet",
    "Instant",
    "Json",
    "KafkaLog",
    "Log",
    "LogError",
    "MachineWall",
    "Mark",
    "MemoryLog",
    "Moment",
    "Partition",
    "PassageError",
    "Passed",
    "Passing",
    "Policy",
    "Process",
    "ProcessorError",
    "Record",
    "Remember",
    "Report",
    "Scenario",
    "Schedule",
    "SchemaError",
    "Tick",
    "Wake",
    "Worker",
    "check_topics",
    "datetime_of",
    "day_passes",
    "days_pass",
    "decimal_of",
    "event_codec",
    "facts_from",
    "full_days",
    "instant_of",
    "instant_of_milliseconds",
    "milliseconds_of",
    "on",
    "partition_of",
    "periodic",
    "read_headers",
    "registry_at",
    "starts_on",
    "ticks_pass",
    "until",
    "wakes",
    "workday_passes",
    "workdays_pass",
]

_HOMES = {
    "passage.scenario": (
        "Passing",
        "Scenario",
        "day_passes",
        "days_pass",
        "facts_from",
        "ticks_pass",
        "until",
        "workday_passes",
        "workdays_pass",
    ),
    "passage_clock": ("ClockError", "MachineWall", "Schedule", "periodic"),
    "passage_log.errors": ("LogError",),
    "passage_log.kafka": ("KafkaLog",),
    "passage_log.memory": ("MemoryLog",),
    "passage_log.port": ("EARLIEST", "Log"),
    "passage_log.registry": ("registry_at",),
    "passage_processors.runtime.topics": ("check_topics",),
    "passage_schemas": (
        "TICK",
        "ConfigError",
        "EventSet",
        "Instant",
        "PassageError",
        "SchemaError",
        "Tick",
        "datetime_of",
        "decimal_of",
        "event_codec",
        "instant_of",
        "instant_of_milliseconds",
        "milliseconds_of",
    ),
    "passage_schemas.formats": ("Avro", "CloudEvents", "Confluent", "Json"),
    "passage_schemas.headers": ("read_headers",),
    "passage_schemas.log_record": ("Partition", "Record"),
    "passage_schemas.partitioner": ("partition_of",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'passage' has no attribute {name!r}")
    found: object = getattr(import_module(_HOME_OF.get(name, "passage_processors")), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted(__all__)
