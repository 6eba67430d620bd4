"""An app as the fold needs it: its units, what each type of fact does, and how an event is written."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from passage_processors.core.program.events import Derived, Origin, check_size, headers_of, weigh
from passage_processors.core.program.handlers import Handler
from passage_processors.core.program.inputs import Input
from passage_processors.core.program.units import ProcessUnit, ReportUnit
from passage_processors.core.state.keys import entry_key, unit_and_aggregate
from passage_processors.model.policy import Policy
from passage_processors.model.ticks import SeenTick
from passage_schemas.codec import Codec
from passage_schemas.formats import Writing
from passage_schemas.instant import Instant


@dataclass(frozen=True, slots=True)
class Program:
    """An app, as the fold needs it."""

    app: str
    units: tuple[Policy | ProcessUnit | ReportUnit, ...]
    """In the app's order; a policy that repeats is a process here."""
    handlers: dict[bytes, Handler]
    """By the prefix of a value in canonical form: of what is kept, and of an input nothing is said of."""
    heard: dict[type[Any], Handler]
    """By type, of those that any unit hears."""
    emits: dict[type[Any], Codec[Any]]
    on_error: Literal["park", "skip", "stop"]
    stop_after_refusals: int
    inputs: Mapping[str, Input]
    """By topic."""
    writing: Writing
    """The output's format."""
    written: Input
    """The output, for whoever reads it again."""
    kept: Input
    """What is kept of facts, and letters about wake-ups carry."""

    def derived(
        self,
        codec: Codec[Any],
        event: Any,
        key: bytes,
        origin: Origin,
        at: Instant,
        tick: SeenTick | None,
        partition: int | None = None,
    ) -> tuple[bytes, Derived]:
        """An event in canonical form, for whoever hears it here, and as it is to be written.

        Raises SchemaError, RefusedFact, Interrupted.
        """
        canonical = codec.encode(event)
        value, headers = self.writing.write(event, canonical, headers_of(origin, codec.name, at, tick))
        # The id in its headers names the aggregate once more.
        size = len(key) + len((origin.aggregate or "").encode()) + max(len(canonical), len(value))
        check_size(size, "the event, with its key and id,")
        return canonical, Derived(key, value, headers, weigh(key, value, headers), at, partition)

    @property
    def reported(self) -> frozenset[str]:
        """The schedules whose ticks' labels are asked for."""
        return frozenset(unit.of for unit in self.units if isinstance(unit, ReportUnit))

    def due_key(self, index: int, key: bytes) -> bytes:
        """What a burst is cut after: a unit, by its place in the app, and an aggregate."""
        return entry_key(self.units[index].name, key)

    def place_of(self, burst: bytes | None) -> tuple[int, bytes | None]:
        """The unit and the aggregate of a due key; (0, None) outside a burst, or for a unit that is no more."""
        name, key = unit_and_aggregate(burst or b"") or (b"", b"")
        names = [unit.name.encode() for unit in self.units]
        return (names.index(name), key) if name in names else (0, None)
