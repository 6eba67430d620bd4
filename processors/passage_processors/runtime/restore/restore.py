"""How a new owner comes by a task: the gate, then a snapshot where one fits, then the changelog, or its tail.

    gate        committed positions, asked read_committed: blocks while a predecessor's transaction is undecided,
                so nothing it wrote can land after we have read
    changelog   read to the end it has once the gate is passed, undecided records waited for: a zombie's open
                transaction may stand before records its successor committed. With a snapshot, from its cut on
    snapshot    its columns, less what the tail says of the same keys; then the number of keys must be the last cut's
    task        state, cut and positions; the cut's, since a group's positions expire

Without the gate a predecessor's commit lands after the read, and its derived events are written again. The tail is read
before the columns are loaded, because where a case waits depends on how far the last cut had folded.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from operator import methodcaller
from typing import cast

import structlog

from passage_log.errors import Truncated, Unreachable
from passage_log.port import EARLIEST, Log, Member
from passage_processors.app import App
from passage_processors.core.program.meaning import UNKNOWN, check_meaning
from passage_processors.core.state.books import UNREADABLE, check_kind
from passage_processors.core.state.columns import Column
from passage_processors.core.state.keys import CUT_KEY, SCHEMAS_KEY, unit_and_aggregate
from passage_processors.errors import ProcessorError
from passage_processors.runtime.clock_feed import ClockFeed
from passage_processors.runtime.restore.gate import GATE_SECONDS, gate
from passage_processors.runtime.restore.snapshot_file import Unusable
from passage_processors.runtime.restore.snapshots import Snapshots, Stored
from passage_processors.runtime.standstill import Standstill
from passage_processors.runtime.task import FRESH, Task, check_fits
from passage_processors.runtime.topics import tasks_of
from passage_processors.runtime.waits import Wait
from passage_schemas.cut import Cut
from passage_schemas.errors import SchemaError
from passage_schemas.log_record import Partition, Record
from passage_schemas.records import CUT, STATE_SCHEMAS
from passage_schemas.state_schemas import StateSchemas

_log = structlog.get_logger("passage.processors")

_BATCH = 50_000
_ROWS_AT_ONCE = 200_000
"""Of a snapshot, between two looks at the group: about a tenth of a second."""


class Restore:
    """Makes the tasks of `numbers`, a bounded slice of work at a time, so that the group is served in between."""

    def __init__(
        self,
        app: App,
        log: Log,
        member: Member,
        feed: ClockFeed,
        numbers: Iterable[int],
        snapshots: Snapshots | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.numbers = frozenset(numbers)
        self.gate_wait: Wait | None = None
        """The gate is shut."""
        self._monotonic = monotonic
        self._standstill = Standstill(monotonic)
        self._app = app
        self._log = log
        self._member = member
        self._feed = feed
        self._snapshots = snapshots
        self._notes: dict[int, int] | None = None
        self._recoveries = {number: _Recovery(number) for number in sorted(self.numbers)}
        self._partitions = 1
        self._reader = log.reader()
        self._ends: dict[Partition, int] = {}

    def advance(self, timeout_seconds: float) -> list[Task] | None:
        """Do some of the work; the tasks once it is done. Raises ProcessorError when what is found can't be right."""
        if self._notes is None:
            try:
                notes = gate(self._app, self._member, self.numbers, timeout_seconds and GATE_SECONDS)
            except Unreachable as error:
                since = self._monotonic() if self.gate_wait is None else self.gate_wait.since
                self.gate_wait = Wait(since, str(error), {"partitions": sorted(self.numbers)})
                return None
            self.gate_wait = None
            self._open_changelog()
            self._feed.look_again()
            self._notes = notes
        if not self._read_on(timeout_seconds):
            return None
        return self._tasks()

    def _tasks(self) -> list[Task] | None:
        """All of them, None while there is more to do."""
        rows = 0
        for number in self._recoveries:
            while not (recovery := self._recoveries[number]).is_done:
                if rows >= _ROWS_AT_ONCE:
                    return None
                if recovery.task is None:
                    rows += self._begin_task(recovery)
                else:
                    rows += self._load_some(recovery)
                if self._recoveries[number] is not recovery:
                    return None  # its snapshot was no good: there is more to read
        return [recovery.task for recovery in self._recoveries.values() if recovery.task is not None]

    # --- the changelog -----------------------------------------------------------------------------------------------

    def _open_changelog(self) -> None:
        self._partitions = tasks_of(self._log, self._app)
        partitions = [Partition(self._app.changelog, number) for number in self._recoveries]
        self._ends = self._reader.ends(partitions)
        if self._snapshots is not None:
            for partition, end in self._ends.items():
                self._recoveries[partition.number].stored = self._snapshots.find(partition.number, end)
        self._assign(self._recoveries.values())

    def _read_on(self, timeout_seconds: float) -> bool:
        """Read what there is; True once all is read, of the clock's topics too."""
        if self._is_read and self._feed.ready:
            return True
        try:
            records = self._reader.poll(_BATCH, timeout_seconds)
        except Truncated as error:
            stored = [recovery for recovery in self._recoveries.values() if recovery.stored is not None]
            if not stored:
                raise
            self._read_anew(stored, str(error))
            return False
        unfit: list[_Recovery] = []
        for number, of_partition in groupby(records, methodcaller("partition")):
            recovery = self._recoveries[number]
            try:
                recovery.take(list(of_partition))
            except Unusable as error:
                self._ignore(recovery, str(error))
                unfit.append(recovery)
        if unfit:
            self._assign(unfit)
            return False
        return self._is_read and self._feed.ready

    @property
    def _is_read(self) -> bool:
        return all(self._reader.position(partition) >= end for partition, end in self._ends.items())

    @property
    def is_held_up(self) -> bool:
        """By what is undecided, or by a reader that is stuck."""
        return self.gate_wait is not None or self._standstill.wait is not None

    def held_up(self) -> Wait | None:
        """Why the changelog is not read on, once the gate is passed. A reader that is stuck is opened anew."""
        if not self._standstill.is_due:
            return self._standstill.wait
        unread = [partition for partition, end in self._ends.items() if self._reader.position(partition) < end]
        if self._standstill.look(self._reader, unread):
            before = self._reader
            self._reader = self._log.reader()
            self._reader.assign({partition: before.position(partition) for partition in self._ends})
            before.close()
        return self._standstill.wait

    def _read_anew(self, unfit: "list[_Recovery]", reason: str) -> None:
        for recovery in unfit:
            self._ignore(recovery, reason)
        self._assign(unfit)

    def _ignore(self, recovery: "_Recovery", reason: str) -> None:
        """Its snapshot is not used; nothing of it is kept."""
        if self._snapshots is not None:
            self._snapshots.ignored(recovery.number, reason)
        recovery.close()
        self._recoveries[recovery.number] = _Recovery(recovery.number)

    def _assign(self, anew: "Iterable[_Recovery]") -> None:
        """Read these from where they begin, and the others on from where they are."""
        begin_anew = {recovery.number for recovery in anew}
        self._reader.assign(
            {
                one: self._recoveries[one.number].begin if one.number in begin_anew else self._reader.position(one)
                for one in self._ends
            }
        )

    # --- the tasks ---------------------------------------------------------------------------------------------------

    def _begin_task(self, recovery: "_Recovery") -> int:
        """Tells how many keys it loaded."""
        try:
            cut, schemas = recovery.cut, recovery.schemas
        except SchemaError as error:
            raise self._not_ours(recovery.number, error) from error
        self._check(recovery.number, cut, schemas)
        names = self._app.units
        for unit in recovery.units.keys() - set(names):
            _log.warning(
                "cases_without_policy", app=self._app.name, partition=recovery.number, policy=unit,
                cases=len(recovery.units[unit]),
                consequence="they wait on the changelog; a policy renamed starts with none",
            )  # fmt: skip
        positions = {input_cut.topic: input_cut.offset for input_cut in cut.inputs}
        for topic in self._app.sources:
            positions.setdefault(topic, EARLIEST)
        if recovery.stored is None:
            cases = {name: recovery.units.pop(name) for name in names if name in recovery.units}
            try:
                recovery.task = Task(
                    self._app, recovery.number, self._feed, cut, cast(Cases, cases), positions, self._partitions,
                    schemas,
                )  # fmt: skip
            except UNREADABLE as error:
                raise self._not_ours(recovery.number, error) from error
        elif not cut.number:
            self._read_anew([recovery], "no cut stands on the changelog from its own on")
        else:
            recovery.task = Task(self._app, recovery.number, self._feed, cut, {}, positions, self._partitions, schemas)
            recovery.columns = recovery.stored.columns()
        return recovery.task.entries if recovery.task is not None else 0

    def _load_some(self, recovery: "_Recovery") -> int:
        """Tells how many keys it loaded. Raises ProcessorError for what another kind of unit wrote."""
        assert recovery.task is not None
        assert recovery.stored is not None
        assert recovery.columns is not None
        books = dict(zip(self._app.units, recovery.task.fold.books, strict=True))
        rows = 0
        try:
            for unit, column in recovery.columns:
                check_kind(self._app.name, unit, books[unit], column.split_values())
                books[unit].load_column(column, recovery.task.fold.folded)
                rows += column.rows
                if rows >= _ROWS_AT_ONCE:
                    return rows
            self._finish(recovery, recovery.task, recovery.stored)
        except (Unusable, OSError) as error:
            self._read_anew([recovery], str(error))
        return rows

    def _finish(self, recovery: "_Recovery", task: Task, stored: Stored) -> None:
        """What the tail says comes over what the columns said. Raises Unusable when the whole does not add up."""
        if stored.last_cut > task.cut.number:
            raise Unusable(f"it holds what came with cut {stored.last_cut}, the changelog ends at {task.cut.number}")
        for name, book in zip(self._app.units, task.fold.books, strict=True):
            changes = recovery.units.get(name, {})
            last = {key: value for key, value in changes.items() if value is not None}
            check_kind(self._app.name, name, book, last.values())
            book.unload(changes)
            try:
                book.load(last, task.fold.folded)
            except UNREADABLE as error:
                raise self._not_ours(recovery.number, error) from error
        if task.entries != task.cut.entries:
            raise Unusable(
                f"with the changelog's tail it has {task.entries} keys, the last cut says {task.cut.entries}: it is so "
                "old that the topic no longer tells of keys forgotten since (delete.retention.ms)"
            )
        recovery.close()
        recovery.columns, recovery.units = None, {}
        assert self._snapshots is not None
        self._snapshots.restored(recovery.number, stored.cut_number)
        _log.info(
            "snapshot_loaded", app=self._app.name, partition=recovery.number, cut=stored.cut_number,
            tail_cuts=task.cut.number - stored.cut_number, entries=task.entries,
        )  # fmt: skip

    def _check(self, number: int, cut: Cut, schemas: StateSchemas) -> None:
        where = f"{self._app.changelog}[{number}]"
        assert self._notes is not None
        if self._notes[number] > cut.number:
            raise ProcessorError(
                f"{where} ends at cut {cut.number}, but the group committed cut {self._notes[number]}: the changelog "
                "lost records; check that its cleanup.policy is compact only, and restore it from a copy"
            )
        check_fits(cut, self._app, self._feed.history, self._log.cluster_id(), where)
        check_meaning(schemas, self._app.state_schemas, where)
        unread = {input_cut.topic for input_cut in cut.inputs} - {*self._app.sources, *self._app.former_inputs}
        if unread:
            raise ProcessorError(
                f"{where} was written by an app that reads {', '.join(sorted(unread))}, which this {self._app.name!r} "
                "does not: if that is another app, give one of them another name; if it is a newer version, start "
                "that; if this one has given up the input, list it in former_inputs"
            )

    def _not_ours(self, number: int, error: Exception) -> ProcessorError:
        """What was in that place before is gone, so there is nothing to go on from."""
        return ProcessorError(
            f"{self._app.changelog}[{number}] holds a value that no worker of this app wrote ({error}); "
            "`passage processors due` names the key of an entry: see to the topic's rights, and restore it from a copy"
        )

    def close(self) -> None:
        self._reader.close()
        for recovery in self._recoveries.values():
            recovery.close()


Cases = dict[str, dict[bytes, bytes]]
_NONE = b"\0"
"""No key of ours begins so."""


class _Recovery:
    """What is known so far of one task.

    units     unit -> aggregate -> the changelog's last word: read from the start, those there are; of a tail, None for
              those forgotten
    columns   those of the snapshot still to be loaded; None when there are none
    """

    __slots__ = ("_cut", "_is_begun", "_schemas", "columns", "number", "stored", "task", "units")

    def __init__(self, number: int, stored: Stored | None = None) -> None:
        self.number = number
        self.stored = stored
        self.units: dict[str, dict[bytes, bytes | None]] = {}
        self.task: Task | None = None
        self.columns: Iterator[tuple[str, Column]] | None = None
        self._cut: bytes | None = None
        self._schemas: bytes | None = None
        self._is_begun = False

    @property
    def is_done(self) -> bool:
        return self.task is not None and self.columns is None

    @property
    def begin(self) -> int:
        return EARLIEST if self.stored is None else self.stored.head.offset

    @property
    def cut(self) -> Cut:
        """The last one read. Raises SchemaError."""
        return FRESH if self._cut is None else CUT.decode(self._cut)

    @property
    def schemas(self) -> StateSchemas:
        """What the values mean, as it was last written down. Raises SchemaError."""
        kept = self.stored.head.schemas_bytes if self._schemas is None and self.stored is not None else self._schemas
        return STATE_SCHEMAS.decode(kept) if kept else UNKNOWN

    def take(self, records: list[Record]) -> None:
        """Raises Unusable when the first do not follow the snapshot's cut."""
        keeps_forgotten = self.stored is not None
        if self.stored is not None and not self._is_begun:
            self._begin(records[0], self.stored)
        prefix, at, aggregates = _NONE, 1, {}
        for record in records:
            key, value = record.key() or b"", record.value()
            if not key.startswith(prefix):
                if key == CUT_KEY and value is not None and value.startswith(CUT.prefixes):
                    self._take_cut(value)
                    continue
                if key == SCHEMAS_KEY and value is not None and value.startswith(STATE_SCHEMAS.prefixes):
                    self._schemas = value
                    continue
                entry = unit_and_aggregate(key)
                if entry is None:
                    where = f"{record.topic()}[{record.partition()}]@{record.offset()}"
                    _log.warning("foreign_record_ignored", where=where, reason=f"{key!r}: neither an entry nor a cut")
                    continue
                at = len(entry[0]) + 1
                prefix = key[:at]
                aggregates = self.units.setdefault(entry[0].decode(errors="backslashreplace"), {})
            if value is not None or keeps_forgotten:
                aggregates[key[at:]] = value
            else:
                aggregates.pop(key[at:], None)

    def _begin(self, first: Record, stored: Stored) -> None:
        """Its own cut stands first, unless it was compacted away."""
        self._is_begun = True
        if first.offset() == stored.head.offset and (first.key(), first.value()) != (CUT_KEY, stored.cut_bytes):
            raise Unusable("its cut is not what stands in that place of the changelog")

    def _take_cut(self, value: bytes) -> None:
        if self.stored is not None and self._cut is None and value != self.stored.cut_bytes:
            number = CUT.decode(value).number
            if number <= self.stored.cut_number:
                raise Unusable(f"cut {number} follows its own, {self.stored.cut_number}, on the changelog")
        self._cut = value

    def close(self) -> None:
        if self.stored is not None:
            self.stored.close()
