"""What stands on an app's changelog, told in words: what an aggregate waits for, and its state.

Reads the values the fold wrote and runs none of a user's code but their dataclasses.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from passage_log.port import Reader
from passage_log.ranges import read_decided, readable_ends
from passage_processors.app import App
from passage_processors.core.program.repetition import Repeating
from passage_processors.core.program.units import ProcessUnit
from passage_processors.core.state.books import UNREADABLE
from passage_processors.core.state.case import ENDED, OPEN, PARKED, decode_case
from passage_processors.core.state.instance import ENDED as INSTANCE_ENDED
from passage_processors.core.state.instance import RUNNING, Instance, Marker, decode_instance
from passage_processors.core.state.keys import CUT_KEY, SCHEMAS_KEY
from passage_processors.model.policy import Policy
from passage_schemas.errors import SchemaError
from passage_schemas.fingerprint import PREFIX_BYTES
from passage_schemas.instant import Instant
from passage_schemas.log_record import Partition

EntryState = Literal["open", "ended", "parked"]


class StoredWakeUp(NamedTuple):
    """A wake-up: at which ordinal of which schedule. `name`: the process's own, None for a policy's only one."""

    name: str | None
    schedule: str
    due: int
    ticks: int
    """How many it counts in all."""
    parked: bool = False
    """It failed when it was due, and waits for an operator."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What one unit keeps of one aggregate. `ended`: only a marker against redelivery, kept until what it waits for;
    `parked`: nothing but wake-ups that failed."""

    unit: str
    kind: EntryState
    started: Instant
    waits: tuple[StoredWakeUp, ...]
    emitted: int = 0
    """Events so far; told of processes, and of policies that repeat."""
    marks: Mapping[str, Instant] = field(default_factory=dict)
    holds: Any = None
    """A policy's starting fact, a process's state; None where nothing is kept."""


def entry_of(app: App, name: str, value: bytes) -> Entry | None:
    """None for a unit the app no longer has, or that is of another kind now, and for a report, which keeps nothing of
    an aggregate. Raises SchemaError for a value it can't read."""
    unit = next((unit for unit in app.program.units if unit.name == name), None)
    try:
        if isinstance(unit, ProcessUnit):
            return _of_process(app, unit, value) if value[0] in (RUNNING, INSTANCE_ENDED) else None
        if isinstance(unit, Policy):
            return _of_policy(app, name, value) if value[0] in (OPEN, ENDED, PARKED) else None
    except SchemaError:
        raise
    except UNREADABLE as error:
        raise _not_ours(value, error) from error
    return None


def _of_policy(app: App, name: str, value: bytes) -> Entry:
    state = decode_case(value)
    kind: EntryState = "open" if state.kind == OPEN else "ended" if state.kind == ENDED else "parked"
    wait = StoredWakeUp(None, state.schedule, state.due, state.ticks, state.kind == PARKED)
    return Entry(name, kind, state.started, (wait,), holds=_fact(app, state.fact))


def _fact(app: App, value: bytes) -> Any:
    """A policy's starting fact, in canonical form whatever format it came in; None where it is not kept."""
    return app.program.handlers[value[:PREFIX_BYTES]].codec.decode(value) if value else None


def _of_process(app: App, unit: ProcessUnit, value: bytes) -> Entry:
    stored = decode_instance(value)
    if isinstance(stored, Marker):
        return Entry(unit.name, "ended", stored.started, (StoredWakeUp(None, stored.schedule, stored.due, 0),))
    waits = tuple(
        StoredWakeUp(name, wake.schedule, wake.due, wake.ticks, wake.parked)
        for name, wake in sorted(stored.wakes.items())
    )
    kind: EntryState = "parked" if waits and all(wait.parked for wait in waits) else "open"
    state = unit.state_of(stored.state) if stored.state else None
    if isinstance(state, Repeating):
        state = _fact(app, state.fact)
        waits = tuple(wait._replace(name=None) for wait in waits)
    return Entry(unit.name, kind, stored.started, waits, stored.emitted, stored.marks, state)


def waits_of(value: bytes) -> tuple[StoredWakeUp, ...]:
    """The wake-ups of an entry that will come, its state not looked at: for who counts many. Raises SchemaError for a
    value it can't read."""
    try:
        if value[0] == OPEN:
            state = decode_case(value)
            return (StoredWakeUp(None, state.schedule, state.due, state.ticks),)
        stored = decode_instance(value) if value[0] == RUNNING else None
    except UNREADABLE as error:
        raise _not_ours(value, error) from error
    if not isinstance(stored, Instance):
        return ()
    return tuple(
        StoredWakeUp(name, wake.schedule, wake.due, wake.ticks)
        for name, wake in stored.wakes.items()
        if not wake.parked
    )


def _not_ours(value: bytes, error: Exception) -> SchemaError:
    return SchemaError(f"{len(value)} bytes that no worker of this app wrote ({error})")


def changelog_span(app: App, reader: Reader, number: int) -> int:
    """At most how many records one partition of the changelog holds. Raises Unreachable."""
    partition = Partition(app.changelog, number)
    return readable_ends(reader, [partition])[partition] - max(0, reader.offset_at(partition, 0))


def changelog(app: App, reader: Reader, number: int) -> Iterator[tuple[bytes, bytes | None]]:
    """Each readable record of one partition: (`unit/aggregate`, value), the later ones in place of the earlier."""
    partition = Partition(app.changelog, number)
    for record in read_decided(reader, [partition]):
        key = record.key() or b""
        if key not in (CUT_KEY, SCHEMAS_KEY):
            yield key, record.value()
