"""One aggregate, from the log: what each unit keeps of it, what it waits for, and what happened to it.

Reads one partition: of the changelog whole, of the inputs, the output and the dead letters from `since` on.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

from passage_log.port import EARLIEST, Log, Reader
from passage_log.ranges import read_range, readable_ends
from passage_processors.app import App
from passage_processors.core.order.timeline import instant_of
from passage_processors.core.program.inputs import headers_of
from passage_processors.core.state.keys import entry_key
from passage_processors.monitoring.clock_view import read_clock
from passage_processors.monitoring.entries import Entry, changelog, entry_of
from passage_processors.runtime.upstream import last_cuts
from passage_schemas.cut import Cut
from passage_schemas.errors import SchemaError
from passage_schemas.formats.contract import HeadersOf
from passage_schemas.headers import read_headers
from passage_schemas.instant import Instant, milliseconds_of
from passage_schemas.log_record import Partition, Record
from passage_schemas.partitioner import partition_of

HappeningKind = Literal["fact", "derived", "letter"]
Fate = Literal["folded", "pending", "refused", "emitted", "parked"]


@dataclass(frozen=True, slots=True)
class Happening:
    """A record with the aggregate's key. `at` is a fact's or an event's instant; of a letter, when the log stored it.

    `name`: its type, a letter's: what it is about; `body`: what it says, None where it can't be read; `said`: an
    event's id, a letter's reason.
    """

    at: Instant
    kind: HappeningKind
    fate: Fate
    topic: str
    offset: int
    name: str
    body: Any
    said: str


@dataclass(frozen=True, slots=True)
class WaitsFor:
    """A wake-up, and how far it is. `ahead`: ticks still to come, 0 when its own has passed; `at`: where the clock has
    promised it, which it does for the next tick only."""

    unit: str
    name: str | None
    schedule: str
    ordinal: int
    ahead: int
    at: Instant | None


@dataclass(frozen=True, slots=True)
class Inspection:
    """`history` in the order of instants, the last so many; `earlier` that are not listed."""

    app: str
    aggregate: str
    partition: int
    cut: int
    entries: tuple[Entry, ...]
    waits: tuple[WaitsFor, ...]
    history: tuple[Happening, ...]
    earlier: int

    @property
    def is_known(self) -> bool:
        """Is there anything of it on the log?"""
        return bool(self.entries or self.history or self.earlier)


def inspect(
    app: App, log: Log, partitions: int, aggregate: str, unit: str | None, since: Instant | None, most: int
) -> Inspection:
    """`unit`: only what this one keeps. `since`: history from then on. `most`: at most so many of its records.

    Raises Unreachable, Unfit, SchemaError."""
    key = aggregate.encode()
    number = partition_of(key, partitions)
    stored = last_cuts(log, app.timeline, [number]).get(number)
    reader = log.reader()
    try:
        entries = _entries(app, reader, number, key, unit)
        waits = _waits(app, reader, entries)
        history, earlier = _history(app, reader, number, key, None if stored is None else stored.cut, since, most)
    finally:
        reader.close()
    return Inspection(app.name, aggregate, number, stored.cut.number if stored else 0, entries, waits, history, earlier)


def _entries(app: App, reader: Reader, number: int, key: bytes, unit: str | None) -> tuple[Entry, ...]:
    names = [name for name in app.units if unit in (None, name)]
    keys = {entry_key(name, key): name for name in names}
    values = {keys[stored]: value for stored, value in changelog(app, reader, number) if stored in keys}
    kept = []
    for name in names:
        try:
            entry = None if (value := values.get(name)) is None else entry_of(app, name, value)
        except SchemaError as error:
            raise SchemaError(f"{app.changelog}[{number}], key {entry_key(name, key)!r}: {error}") from error
        if entry is not None:
            kept.append(entry)
    return tuple(kept)


def _waits(app: App, reader: Reader, entries: tuple[Entry, ...]) -> tuple[WaitsFor, ...]:
    waits = [(entry.unit, wait) for entry in entries if entry.kind == "open" for wait in entry.waits if not wait.parked]
    clock = read_clock(reader, app.ticks_topic, app.schedules_topic, {wait.schedule for _, wait in waits})
    coming = []
    for unit, wait in waits:
        ahead = max(0, wait.due - clock.ordinal(wait.schedule))
        at = clock.next_at(wait.schedule) if ahead == 1 else None
        coming.append(WaitsFor(unit, wait.name, wait.schedule, wait.due, ahead, at))
    return tuple(coming)


# --- history ---------------------------------------------------------------------------------------------------------


def _history(
    app: App, reader: Reader, number: int, key: bytes, cut: Cut | None, since: Instant | None, most: int
) -> tuple[tuple[Happening, ...], int]:
    folded = {input_cut.topic: input_cut.offset for input_cut in cut.inputs} if cut else {}
    source = ("ce_source", f"passage/{app.name}".encode())
    happenings: list[Happening] = []
    earlier = 0
    for topic in dict.fromkeys((*app.sources, app.output, app.dead_letters)):
        last: deque[Happening] = deque(maxlen=most)
        for record in _of_key(reader, Partition(topic, number), key, since):
            if topic == app.output and source not in read_headers(record):
                continue  # another app's
            earlier += len(last) == most
            last.append(_happening(app, record, folded.get(topic, 0)))
        happenings += last
    happenings = _refusals_told(happenings)
    # A letter lies where the log stored it, which is after what it is about.
    happenings.sort(key=_order)
    return tuple(happenings[-most:]), earlier + max(0, len(happenings) - most)


def _order(happening: Happening) -> tuple[Instant, int, str, int]:
    return happening.at, ("fact", "derived", "letter").index(happening.kind), happening.topic, happening.offset


def _of_key(reader: Reader, partition: Partition, key: bytes, since: Instant | None) -> Iterator[Record]:
    begin = EARLIEST if since is None else reader.offset_at(partition, milliseconds_of(since))
    for record in read_range(reader, {partition: begin}, readable_ends(reader, [partition])):
        if record.key() == key:
            yield record


def _happening(app: App, record: Record, folded_to: int) -> Happening:
    headers = dict(read_headers(record))
    topic, at = record.topic(), instant_of(record)
    letter_of = _text(headers.get("passage_topic")) if topic == app.dead_letters else topic
    name, body = read(app, letter_of, record.value(), headers_of(record))
    kind: HappeningKind = "fact"
    fate: Fate = "folded" if record.offset() < folded_to else "pending"
    words = ""
    if topic == app.dead_letters:
        kind, words = "letter", _text(headers.get("passage_reason"))
        fate = "parked" if headers.get("passage_kind") == b"wake-up" else "refused"
        sign = "#" if fate == "parked" else "@"
        place = f"{_text(headers.get('passage_topic'))}{sign}{_text(headers.get('passage_offset'))}"
        return Happening(at, kind, fate, topic, record.offset(), place, body, words)
    if topic == app.output:
        kind, fate, words = "derived", "emitted", _text(headers.get("ce_id"))
    return Happening(at, kind, fate, topic, record.offset(), name, body, words)


def read(app: App, topic: str, value: bytes | None, headers: HeadersOf) -> tuple[str, Any]:
    """The type's name and the fact, in the format of the topic it was on; where it can't be read why, and None. What a
    wake-up's letter carries is as it was kept. Raises Unreachable, Unfit where a registry is asked in vain."""
    program = app.program
    if value is None:
        return "(no value)", None
    source = program.written if topic == app.output else program.inputs.get(topic, program.kept)
    try:
        handler, decode, _ = source.known(source.token(value, headers))
    except SchemaError:
        return "(not one of the app's)", None
    try:
        return handler.codec.name, decode(value, headers)
    except SchemaError as error:
        return f"(unreadable: {error})", None


def _refusals_told(happenings: list[Happening]) -> list[Happening]:
    """A refused fact that is listed tells its letter's reason itself."""
    facts = {f"{happening.topic}@{happening.offset}": happening for happening in happenings if happening.kind == "fact"}
    reasons = {
        happening.name: happening.said
        for happening in happenings
        if happening.fate == "refused" and happening.name in facts
    }
    return [
        replace(happening, fate="refused", said=reasons[place])
        if happening.kind == "fact" and (place := f"{happening.topic}@{happening.offset}") in reasons
        else happening
        for happening in happenings
        if not (happening.fate == "refused" and happening.name in reasons)
    ]


def _text(header: bytes | None) -> str:
    return "" if header is None else header.decode(errors="replace")
