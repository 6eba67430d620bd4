"""Snapshots: a task's state in a local file, so that a start reads a file and the changelog's tail, not all of it.

**What a snapshot is.** All keys and values of a task's changelog as they were at one cut, *or later*. It is copied a
slice at a time between turns, while the task goes on; a key that changes in between may be copied before or after.
That does no harm: whatever changed after the cut stands on the changelog after the cut's record, and is read again from
there. So the copy needs no standing still, and no second copy of the memory.

Why not a forked child, which would see one moment: its reference counts touch every page of the state, so for the time
of the copy the machine needs the memory twice, and a container's limit kills the worker; and the client's threads and
locks are not in the child. The pause here is the list of the keys (0.3 s at ten million); hashing, writing and the wait
for the disk are another thread's.

**When it may be used.** It names the app, its units, the cluster, the partition, the changelog's own identity, and the
place of its cut's record. A restore reads from that very record: it must be the same bytes, or, compacted away, be
followed by a later cut. And the log must not end before the last cut any part of the copy may be of.
Then the number of keys must be what the log's last cut says (`Cut.entries`). This is for what the tail cannot tell any
more: a key forgotten after the copy leaves a null value on the log, and compaction drops that after
`delete.retention.ms`. Nothing but that can differ, and it can only make keys too many, never too few: so a wrong count
means an old snapshot, an equal one a true state. Whatever does not fit is thrown away, said so, and the changelog read.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

import structlog

from passage_log.errors import LogError
from passage_log.port import Log
from passage_processors.app import App
from passage_processors.core.state.columns import Column
from passage_processors.runtime.restore.snapshot_file import (
    COLUMN,
    Ending,
    Head,
    Scribe,
    SnapshotFile,
    Unusable,
    encode_column,
)
from passage_processors.runtime.task import Task
from passage_schemas.errors import SchemaError
from passage_schemas.log_record import Partition
from passage_schemas.records import CUT, STATE_SCHEMAS

_log = structlog.get_logger("passage.processors")

EVERY_SECONDS = 300.0
"""A tail of five minutes at full speed is read in less than it takes to load what it follows."""
MOST_AT_STOP = 400_000
"""Keys copied at a stop, about half a second of it: a stop must not take longer than two. More wait for the next turn
of the interval; the tail is then as long as it would be after a crash."""
LOOK_BACK = 16
"""Offsets: a step's last records are its cut and the transaction's marker."""
_PATIENCE = 200
"""Looks, one a turn, until the cut's record must have been seen."""


class Snapshots:
    """Of one worker's tasks, in a directory that workers may share. None of its failures is the worker's.

    every_seconds   between two snapshots of one task
    """

    def __init__(
        self, directory: Path, app: App, log: Log, monotonic: Callable[[], float], every_seconds: float = EVERY_SECONDS
    ) -> None:
        self._directory = directory
        self._app = app
        self._log = log
        self._monotonic = monotonic
        self._every_seconds = every_seconds
        self._next_at: dict[int, float] = {}
        self._done: dict[int, int] = {}
        """The number of the cut each task was last copied at."""
        self._copy: _Copy | None = None
        self.times_used = self.times_ignored = 0
        """Tasks that came from their snapshot; snapshots that did not fit."""
        self._cluster = log.cluster_id()

    @property
    def is_copying(self) -> bool:
        return self._copy is not None

    def path(self, number: int) -> Path:
        return self._directory / f"{quote(self._app.name, safe='')}-{number}.snapshot"

    # --- taking ------------------------------------------------------------------------------------------------------

    def advance(self, tasks: Mapping[int, Task], wait_seconds: float = 0.0) -> None:
        """A slice of work. Only while the tasks' memory is that of a committed cut: between turns, after a commit."""
        if self._copy is None:
            self._begin(tasks)
        elif tasks.get(self._copy.task.number) is not self._copy.task:
            self._give_up("the task has moved")
        else:
            try:
                self._copy.advance(wait_seconds)
            except (LogError, OSError) as error:
                self._give_up(str(error))
            else:
                self._look()

    def _begin(self, tasks: Mapping[int, Task]) -> None:
        now = self._monotonic()
        for number in tasks.keys() - self._next_at.keys():
            self._next_at[number] = now + self._every_seconds
        due = [number for number, task in tasks.items() if now >= self._next_at[number] and self._is_new(task)]
        if due:
            self._start(tasks[min(due, key=self._next_at.__getitem__)])

    def _is_new(self, task: Task) -> bool:
        return self._done.get(task.number, 0) < task.cut.number

    def _start(self, task: Task) -> None:
        self._next_at[task.number] = self._monotonic() + self._every_seconds
        try:
            self._copy = _Copy(self._app, self._log, self._cluster, task, self.path(task.number))
        except LogError as error:
            _log.warning("snapshot_failed", app=self._app.name, partition=task.number, reason=str(error))

    def _look(self) -> None:
        assert self._copy is not None
        if self._copy.is_done:
            copy, self._copy = self._copy, None
            copy.close()
            number = copy.task.number
            self._done[number] = copy.cut_number
            _log.info(
                "snapshot_written", app=self._app.name, partition=number, cut=copy.cut_number, entries=copy.rows,
                bytes=copy.written_bytes,
            )  # fmt: skip
        elif self._copy.problem:
            self._give_up(self._copy.problem)

    def _give_up(self, reason: str) -> None:
        assert self._copy is not None
        copy, self._copy = self._copy, None
        copy.close()
        _log.warning("snapshot_failed", app=self._app.name, partition=copy.task.number, reason=reason)

    def finish(self, tasks: Mapping[int, Task], seconds: float = 1.0) -> None:
        """At a graceful stop: of small tasks a last snapshot, so that the next start has no tail; a copy of a large one
        is given up. Takes no longer than `seconds`."""
        if self._copy is not None:
            self._give_up("the worker stops")
        new = [task for task in tasks.values() if self._is_new(task)]
        if sum(task.entries for task in new) > MOST_AT_STOP:
            return
        until = self._monotonic() + seconds
        for task in new:
            self._start(task)
            while self._copy is not None and self._monotonic() <= until:
                self.advance(tasks, 0.01)
        self.close()

    def close(self) -> None:
        if self._copy is not None:
            self._give_up("the worker stops")

    def restored(self, number: int, cut_number: int) -> None:
        """The task came from its snapshot of this cut: until it takes a step, another would be the same."""
        self._done[number] = cut_number
        self.times_used += 1

    # --- using -------------------------------------------------------------------------------------------------------

    def find(self, number: int, changelog_end: int) -> "Stored | None":
        """The task's snapshot, if there is one that may fit; why one does not is said."""
        try:
            file = SnapshotFile(self.path(number))
        except FileNotFoundError:
            return None
        except (OSError, Unusable) as error:
            self.ignored(number, str(error))
            return None
        try:
            return Stored(file, self._checked(number, file.head, changelog_end))
        except (Unusable, LogError) as error:
            file.close()
            self.ignored(number, str(error))
            return None

    def _checked(self, number: int, head: Head, changelog_end: int) -> int:
        """The number of the snapshot's cut. Raises Unusable, LogError."""
        identity = identity_of(self._log, self._app.changelog)
        expected = (self._app.name, self._cluster, number, self._app.changelog, identity)
        actual = (head.app, head.cluster, head.partition, head.topic, head.identity)
        names = ("app", "cluster", "partition", "changelog", "changelog's identity")
        for name, is_of, wanted in zip(names, actual, expected, strict=True):
            if is_of != wanted:
                raise Unusable(f"it is of another {name}: {is_of}, not {wanted}")
        if head.units != self._app.units:
            raise Unusable("the app's policies, processes and reports have changed since")
        if head.offset >= changelog_end:
            raise Unusable(f"its cut lies at offset {head.offset}, but the changelog ends at {changelog_end}")
        try:
            cut = CUT.decode(bytes.fromhex(head.cut))
        except (ValueError, SchemaError) as error:
            raise Unusable(f"its cut can't be read: {error}") from error
        return cut.number

    def ignored(self, number: int, reason: str) -> None:
        self.times_ignored += 1
        _log.warning(
            "snapshot_ignored", app=self._app.name, partition=number, file=str(self.path(number)), reason=reason,
            consequence="the changelog is read from its start",
        )  # fmt: skip


class Stored:
    """A snapshot that may be used, as far as the head tells."""

    def __init__(self, file: SnapshotFile, cut_number: int) -> None:
        self.head = file.head
        self.cut_bytes = bytes.fromhex(file.head.cut)
        self.cut_number = cut_number
        self._file = file

    def columns(self) -> Iterator[tuple[str, Column]]:
        """(unit, column). Raises Unusable, OSError."""
        for unit, column in self._file.columns():
            yield self.head.units[unit], column

    @property
    def last_cut(self) -> int:
        return self._file.last_cut

    def close(self) -> None:
        self._file.close()


def identity_of(log: Log, topic: str) -> str:
    """Raises Unusable where there is no such topic."""
    description = log.describe([topic])[topic]
    if description is None:
        raise Unusable(f"there is no topic {topic}")
    return description.identity


class _Copy:
    """One snapshot being taken.

        looking for the cut's record on the changelog ──found──> copying ──all rows──> writing ──> done

    Where the record lies is read back and not reckoned: the offset is exact, and the cut surely readable.
    """

    def __init__(self, app: App, log: Log, cluster: str, task: Task, path: Path) -> None:
        self.task = task
        self.rows = 0
        self.cut_number = task.cut.number
        self.problem = ""
        self._app = app
        self._path = path
        self._cut = CUT.encode(task.cut)
        self._partition = Partition(app.changelog, task.number)
        self._identity = identity_of(log, app.changelog)
        self._cluster = cluster
        self._looks = 0
        self._scribe: Scribe | None = None
        self._steps: Iterator[list[tuple[int, Column]]] | None = None
        self._reader = log.reader()
        try:
            end = self._reader.end(self._partition)
        except LogError:
            self._reader.close()
            raise
        self._reader.assign({self._partition: max(0, end - LOOK_BACK)})

    @property
    def is_done(self) -> bool:
        return self.written_bytes > 0

    @property
    def written_bytes(self) -> int:
        return self._scribe.written_bytes if self._scribe is not None else 0

    def advance(self, wait_seconds: float) -> None:
        if self._scribe is None:
            self._look_for_cut(wait_seconds)
        elif self._scribe.error:
            self.problem = self._scribe.error
        elif self._steps is None:
            self._scribe.join(wait_seconds)
        elif not self._scribe.is_behind:
            self._copy(self._scribe)

    def _look_for_cut(self, wait_seconds: float) -> None:
        self._looks += 1
        for record in self._reader.poll(1000, wait_seconds):
            if record.value() == self._cut:
                head = Head(
                    self._app.name, self._cluster, self.task.number, self._app.changelog, self._identity,
                    self._app.units, record.offset(), self._cut.hex(), STATE_SCHEMAS.encode(self.task.schemas).hex(),
                )  # fmt: skip
                self._scribe = Scribe(self._path, head)
                self._scribe.start()
                self._steps = _dumped(self.task)
                return
        if self._looks > _PATIENCE:
            self.problem = f"cut {self.cut_number} was not found at the changelog's end"

    def _copy(self, scribe: Scribe) -> None:
        assert self._steps is not None
        step = next(self._steps, None)
        if step is None:
            self._steps = None
            scribe.write_end(Ending(self.rows, self.task.cut.number))
        elif step:
            self.rows += sum(column.rows for _unit, column in step)
            scribe.write([(COLUMN, encode_column(unit, column)) for unit, column in step])

    def close(self) -> None:
        self._reader.close()
        if self._scribe is not None and not self.is_done:
            self._scribe.abandon()


def _dumped(task: Task) -> Iterator[list[tuple[int, Column]]]:
    for unit, book in enumerate(task.fold.books):
        for columns in book.dump():
            yield [(unit, column) for column in columns]
