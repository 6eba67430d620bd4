"""The engine's tasks, hosted: facts in, steps out, everything in between the engine's own.

Runs in a thread of its own, for it asks the log and folds, and Faust's event loop must not wait for either. Nothing
here knows Faust: what it is given are facts, what it gives is to be written by `pump`.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple, cast

import structlog

from passage_log.errors import Refused
from passage_log.port import Log, Member, Writer
from passage_log.sizes import DEFAULT_MAX_MESSAGE_BYTES, stored_bytes, too_large
from passage_processors.app import App
from passage_processors.core.program.meaning import UNKNOWN, check_meaning
from passage_processors.core.state.keys import SCHEMAS_KEY
from passage_processors.faust.facts import Eyes, Fact
from passage_processors.faust.table_rows import (
    CUT,
    SCHEMAS,
    TableRow,
    aggregate_key,
    aggregate_of,
    decode_row,
    encode_row,
    table_key,
)
from passage_processors.runtime.clock_feed import ClockFeed
from passage_processors.runtime.commit import write_step
from passage_processors.runtime.inputs.readiness import Readiness
from passage_processors.runtime.lookout import SilencedSchedules
from passage_processors.runtime.task import FRESH, Step, Task, check_fits
from passage_processors.runtime.upstream import Upstream
from passage_processors.runtime.waits import Waits
from passage_schemas.log_record import Headers, Partition, Weighed
from passage_schemas.records import CUT as CUT_RECORD
from passage_schemas.records import STATE_SCHEMAS

_log = structlog.get_logger("passage.processors")


class Outgoing(NamedTuple):
    """A record for the output or the dead letters."""

    partition: Partition
    key: bytes | None
    value: bytes | None
    at_ms: int
    headers: Headers


@dataclass(frozen=True, slots=True)
class Written:
    """What is to be written of a step, in this order, each once the one before is stored."""

    number: int
    events: Sequence[Outgoing]
    states: Mapping[bytes, bytes]
    """The table's records of the aggregates that changed, whole; and what the values mean, where that is new."""
    cut: tuple[bytes, bytes]
    forgotten: Sequence[bytes]
    """Keys to be let go: they could not be before the cut, which alone tells that their facts were heard."""
    folded_to: Mapping[str, int]
    """Topic -> the offset before which every fact may be acknowledged."""


class Host:
    """Tasks of those of the app's `partitions` that Faust gave this worker. A step holds at most `max_facts` facts and
    ticks, and as many wake-ups."""

    def __init__(
        self, app: App, log: Log, partitions: int, max_facts: int, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self.tasks: dict[int, Task] = {}
        self._app = app
        self._partitions = partitions
        self._max_facts = max_facts
        self._monotonic = monotonic
        self._feed = ClockFeed(log, app.ticks_topic, app.schedules_topic, monotonic, app.program.reported)
        self._upstream = Upstream(app.derived_from, log, monotonic)
        self._readiness = Readiness(app, self._feed, self._upstream, monotonic)
        self._silenced = SilencedSchedules(app, self._feed.promises, monotonic)
        self._waits = Waits(app.name, monotonic)
        self._eyes = Eyes(log, monotonic)
        self._cluster = log.cluster_id()
        self._ahead: dict[int, dict[bytes, Mapping[str, int]]] = {}
        """By partition, the aggregates whose record is newer than the cut."""
        self._forgotten: dict[int, list[bytes]] = {}
        """By partition, what was to be let go when the last owner died."""

    def close(self) -> None:
        self._eyes.close()
        self._upstream.close()
        self._feed.close()

    # --- restore -------------------------------------------------------------------------------------------------

    def restore(self, tables: Mapping[int, Mapping[bytes, bytes]], committed: Mapping[Partition, int]) -> None:
        """Host these partitions and no others, from what the table holds of each (kind -> value) and how far the Faust
        group had come."""
        self._feed.look_again()
        while not self._feed.ready:
            self._feed.poll(0.2)
            self._waits.tell("ticks", self._feed.held_up())
        self._ahead, self._forgotten = {}, {}
        self.tasks = {number: self._restored(number, tables[number], committed) for number in sorted(tables)}
        self._upstream.follow(self.tasks)
        self._eyes.pending = {
            Partition(pending.topic, task.number): pending for task in self.tasks.values() for pending in task.inputs
        }

    def _restored(self, number: int, table: Mapping[bytes, bytes], committed: Mapping[Partition, int]) -> Task:
        cut = CUT_RECORD.decode(table[CUT]) if CUT in table else FRESH
        where = f"the Faust table of {self._app.name}, partition {number},"
        schemas = STATE_SCHEMAS.decode(table[SCHEMAS]) if SCHEMAS in table else UNKNOWN
        check_fits(cut, self._app, self._feed.history, self._cluster, where)
        check_meaning(schemas, self._app.state_schemas, where)
        read_to = {input_cut.topic: input_cut.offset for input_cut in cut.inputs}
        cases: dict[str, dict[bytes, bytes]] = {unit: {} for unit in self._app.units}
        ahead = self._ahead[number] = {}
        forgotten = self._forgotten[number] = []
        for kind, value in table.items():
            aggregate = aggregate_of(kind)
            if aggregate is None:
                continue
            row = decode_row(value)
            is_ahead = any(mark > read_to.get(topic, 0) for topic, mark in row.marks.items())
            if is_ahead:
                ahead[aggregate] = row.marks
            elif not row.units:
                forgotten.append(aggregate_key(number, aggregate))
            for unit, state in row.units.items():
                if unit in cases:
                    cases[unit][aggregate] = state
        positions = {
            topic: max(read_to.get(topic, 0), committed.get(Partition(topic, number), 0)) for topic in self._app.sources
        }
        _log.info("restored", app=self._app.name, partition=number, cut=cut.number, ahead=len(ahead))
        return Task(self._app, number, self._feed, cut, cases, positions, self._partitions, schemas)

    def drop(self) -> None:
        """Faust has taken the partitions away."""
        self.tasks.clear()
        self._eyes.pending.clear()

    # --- one turn ------------------------------------------------------------------------------------------------

    def turn(self, facts: Sequence[Fact]) -> list[Written]:
        """Take in what was delivered, and a step of each task that has one."""
        self._feed.poll()
        self._upstream.poll()
        self._sort_in(facts)
        tasks = self.tasks.values()
        self._readiness.look_through(tasks, cast(Member, self._eyes))
        self._readiness.watch_clock(tasks)
        self._readiness.watch_upstream(tasks)
        self._silenced.look(tasks)
        self._tell_waits()
        written = []
        for task in tasks:
            bounds, most = self._readiness.bounds(task), self._max_facts
            step = task.step(bounds, self._cluster, self._readiness.released, most, most)
            if step is not None:
                written.append(self._written(step))
        self._feed.forget_before(min((task.sequence for task in tasks), default=0))
        return written

    def _tell_waits(self) -> None:
        self._waits.tell("ticks", self._feed.held_up())
        self._waits.tell("clock", self._readiness.clock_wait)
        self._waits.tell("upstream", self._upstream.wait)
        self._waits.tell("answer", self._readiness.answer_wait)

    @property
    def has_more(self) -> bool:
        """A step was stopped by what one may hold, not for want of something to fold."""
        return any(task.has_more for task in self.tasks.values())

    @property
    def starves(self) -> bool:
        """Has a task facts of one input, and none of another that they may be waiting for?"""
        heard = (
            [pending for pending in task.inputs if pending.topic in self._app.inputs] for task in self.tasks.values()
        )
        return any(0 < sum(map(bool, inputs)) < len(inputs) for inputs in heard)

    def _sort_in(self, facts: Sequence[Fact]) -> None:
        now = self._monotonic()
        for (number, topic), group in groupby(facts, lambda fact: (fact.partition(), fact.topic())):
            task = self.tasks.get(number)
            if task is None:
                continue
            task.arrived_at = now
            some = list(group)
            if ahead := self._ahead.get(number):
                for fact in some:
                    marks = ahead.get(fact.key() or b"")
                    if marks is not None and fact.offset() < marks.get(topic, 0):
                        fact.say_nothing()
            task.by_topic[topic].extend(some)

    def _written(self, step: Step) -> Written:
        number, task = step.task.number, step.task
        outbox = _Outbox(self._app.changelog, self._app.timeline)
        write_step(self._app, cast(Writer, outbox), step)
        marks = {input_cut.topic: input_cut.offset for input_cut in step.cut.inputs}
        books = list(zip(self._app.units, task.fold.books, strict=True))
        states, empty = {table_key(number, SCHEMAS): outbox.schemas} if outbox.schemas else {}, []
        for aggregate in outbox.changed:
            units = {unit: value for unit, book in books if (value := book.get(aggregate)) is not None}
            key = aggregate_key(number, aggregate)
            states[key] = encode_row(TableRow(marks, units))
            if not units:
                empty.append(key)
        forgotten = [*(key for key in self._forgotten.pop(number, ()) if key not in states), *empty]
        return Written(number, outbox.events, states, (table_key(number, CUT), outbox.cut), forgotten, marks)


class _Outbox:
    """Takes a step's records where the engine's one commit path would hand them to a transaction."""

    def __init__(self, changelog: str, timeline: str) -> None:
        self._changelog = changelog
        self._timeline = timeline
        self.events: list[Outgoing] = []
        self.changed: dict[bytes, None] = {}
        self.cut = self.schemas = b""

    def append(
        self, partition: Partition, key: bytes | None, value: bytes | None, timestamp_ms: int, headers: Headers = ()
    ) -> None:
        if partition.topic == self._changelog and key == SCHEMAS_KEY:
            self.schemas = value or b""
        elif partition.topic == self._changelog:
            self.cut = value or b""
        elif partition.topic != self._timeline:  # which the engine keeps to replay; here nothing does
            size = stored_bytes(key, value, headers)
            if size > DEFAULT_MAX_MESSAGE_BYTES:
                raise Refused(too_large(partition.topic, size, DEFAULT_MAX_MESSAGE_BYTES))
            self.events.append(Outgoing(partition, key, value, timestamp_ms, headers))

    def append_each(self, partition: Partition, records: Iterable[Weighed], timestamp_ms: int) -> None:
        for key, value, headers, _size in records:
            self.append(partition, key, value, timestamp_ms, headers)

    def append_all(
        self,
        partition: Partition,  # noqa: ARG002 - a writer's signature
        prefix: bytes,  # noqa: ARG002
        values: Mapping[bytes, bytes | None],
        timestamp_ms: int,  # noqa: ARG002
    ) -> None:
        self.changed.update(dict.fromkeys(values))
