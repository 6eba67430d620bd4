"""What a step wants written: derived events, letters about what failed, and the state that changed."""

from dataclasses import dataclass, field
from typing import NamedTuple

from passage_processors.core.program.events import Derived
from passage_schemas.instant import Instant
from passage_schemas.log_record import Header


class DeadLetter(NamedTuple):
    """Something that could not be handled, with the reason. `topic` and `offset` are the refused fact's; a
    wake-up's (`parked`) are the schedule and ordinal of the tick it was due at."""

    topic: str
    offset: int
    key: bytes | None
    value: bytes | None
    instant: Instant
    reason: str
    parked: bool
    headers: list[Header]
    """The refused fact's own."""
    unit: str = ""
    """The policy, process or report of a wake-up."""
    wake_up: str = ""
    """The wake-up's name: with `unit` and `key` (the aggregate) it says what to resume."""


@dataclass(slots=True)
class StepOutput:
    """What a step wants written. `changes` holds, by unit in the app's order, the last value of each aggregate whose
    state changed, None for one forgotten."""

    events: list[Derived] = field(default_factory=list)
    changes: list[dict[bytes, bytes | None]] = field(default_factory=list)
    letters: list[DeadLetter] = field(default_factory=list)
