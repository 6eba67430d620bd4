"""Passage: the passage of time as a fact on the log. This is the front door: what users import.

Each name is imported when it is first asked for: the `passage` command comes through this door too, and must not wait
for the processors to say its help.
"""

from importlib import import_module

# As typing's, which would be the longest import before the command can hear a Ctrl-C.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from passage.scenario import Scenario, day_passes, days_pass, ticks_pass, workday_passes, workdays_pass
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
        full_days,
        on,
        starts_on,
        wakes,
    )
    from passage_schemas.formats import Avro, CloudEvents, Confluent, Json

__all__ = [
    "App",
    "AppError",
    "Avro",
    "Cancel",
    "Case",
    "CloudEvents",
    "Confluent",
    "Effects",
    "Emit",
    "End",
    "Json",
    "Mark",
    "Moment",
    "Passed",
    "Policy",
    "Process",
    "ProcessorError",
    "Remember",
    "Report",
    "Scenario",
    "Wake",
    "day_passes",
    "days_pass",
    "full_days",
    "on",
    "starts_on",
    "ticks_pass",
    "wakes",
    "workday_passes",
    "workdays_pass",
]

_ELSEWHERE = {
    **dict.fromkeys(
        ("Scenario", "day_passes", "days_pass", "ticks_pass", "workday_passes", "workdays_pass"), "passage.scenario"
    ),
    **dict.fromkeys(("Avro", "CloudEvents", "Confluent", "Json"), "passage_schemas.formats"),
}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'passage' has no attribute {name!r}")
    found: object = getattr(import_module(_ELSEWHERE.get(name, "passage_processors")), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted(__all__)
