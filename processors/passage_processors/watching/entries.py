"""What stands on an app's changelog, told in words: what an aggregate waits for, and its state.

Reads the values the fold wrote and runs none of a user's code but their dataclasses.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from passage_log.port import EARLIEST, Partition, Reader
from passage_processors.app import App
from passage_processors.core.cases import ENDED, OPEN, decode_case
from passage_processors.runtime.looking import between, readable_ends
from passage_processors.runtime.restore import CUT_KEY
from passage_schemas.instant import Instant

Kind = Literal["open", "ended", "parked"]


class Wait(NamedTuple):
    """A wake-up: at which ordinal of which schedule. `name`: the process's own, None for a policy's only one."""

    name: str | None
    schedule: str
    due: int
    ticks: int
    """How many it counts in all."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What one unit keeps of one aggregate. `ended`: only a marker against redelivery, kept until what it waits for."""

    unit: str
    kind: Kind
    started: Instant
    waits: tuple[Wait, ...]
    fact: Any = None
    """The starting fact, where it is kept."""


def entry_of(app: App, unit: str, value: bytes) -> Entry | None:
    """None for a unit the app no longer has. Raises SchemaError for a value it can't read."""
    if not any(policy.name == unit for policy in app.policies):
        return None
    state = decode_case(value)
    kind: Kind = "open" if state.kind == OPEN else "ended" if state.kind == ENDED else "parked"
    fact = app.rules.handlers[state.fact[:10]].codec.decode(state.fact) if state.fact else None
    waits = (Wait(None, state.schedule, state.due, state.ticks),)
    return Entry(unit, kind, state.started, waits, fact)


def changelog_span(app: App, reader: Reader, number: int) -> int:
    """At most how many records one partition of the changelog holds. Raises Unreachable."""
    partition = Partition(app.changelog, number)
    return readable_ends(reader, [partition])[partition] - max(0, reader.offset_at(partition, 0))


def changelog(app: App, reader: Reader, number: int) -> Iterator[tuple[bytes, bytes | None]]:
    """Each readable record of one partition: (`unit/aggregate`, value), the later ones in place of the earlier."""
    partition = Partition(app.changelog, number)
    for record in between(reader, {partition: EARLIEST}, readable_ends(reader, [partition])):
        key = record.key() or b""
        if key != CUT_KEY:
            yield key, record.value()
