"""The worker: a member of the app's group, the tasks it was given, and one transaction for all of them at a time.

    joining ──assigned──> restoring ──gate passed, changelog read──> folding
       ▲                      ▲  ▲                                      │ │
       │                      │  └────────── commit failed: memory and ──┘ │
       │                      │              writer thrown away            │
       └────── suspended <────┼──────────────── revoked ──────────────────┘
                   └──────────┘ assigned again: a task whose last cut is the group's goes on as it is

Nothing is in flight when the group is served: a turn polls, then cuts, folds and commits before it polls again. So a
revoked task's memory is that of its last committed cut, and a commit that fails costs the memory, never an event.
"""

import time
from collections.abc import Callable
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import Literal

import structlog

from passage_log.errors import Fenced, Truncated, Unfit, Unreachable, WriterLost
from passage_log.port import Assignment, Log
from passage_processors.app import App
from passage_processors.runtime import native
from passage_processors.runtime.clock_feed import ClockFeed
from passage_processors.runtime.commit import commit
from passage_processors.runtime.inputs.backpressure import MOST_BYTES, Backpressure
from passage_processors.runtime.inputs.key_checks import KeyCheck, PartitionCheck
from passage_processors.runtime.inputs.readiness import Readiness
from passage_processors.runtime.lookout import Lookout
from passage_processors.runtime.own_writer import TRANSACTION_TIMEOUT_SECONDS, Namesakes, OwnWriter
from passage_processors.runtime.restore.gate import GATE_SECONDS, gate
from passage_processors.runtime.restore.restore import Restore
from passage_processors.runtime.restore.snapshots import EVERY_SECONDS, Snapshots
from passage_processors.runtime.task import Step, Task
from passage_processors.runtime.topics import Shapes
from passage_processors.runtime.totals import Totals
from passage_processors.runtime.upstream import Upstream
from passage_schemas.log_record import Partition, Record

_log = structlog.get_logger("passage.processors")

SLOW_COMMIT_SECONDS = 5.0
"""A commit slower than this, or one that saw a disconnect, may have been retried, and the copy still be under way: it
could end the next transaction. A new writer, with a new epoch, fences it."""
BACKOFF_SECONDS = 1.0
_LEAST_EASE = 1 / 64


WorkerStage = Literal["joining", "standing by", "restoring", "folding"]


class Worker:
    """Runs an app's tasks. One thread owns it.

    name         stable per replica: a restart under the same name ends at once what its predecessor left open
    monotonic    seconds that only grow; never the time of day
    max_facts    at most so many facts and ticks in one transaction, over all tasks
    max_bytes    at most so many bytes of facts in one transaction; twice as many are read ahead
    max_fires    at most so many wake-ups in one transaction, or events of theirs, likewise: a burst is cut there
    snapshots    a directory for the tasks' state, so that a start reads that and the changelog's tail; None: none
    """

    def __init__(
        self,
        app: App,
        log: Log,
        name: str,
        monotonic: Callable[[], float] = time.monotonic,
        max_facts: int = 80_000,
        max_fires: int = 20_000,
        snapshots: Path | None = None,
        snapshot_every_seconds: float = EVERY_SECONDS,
        max_bytes: int = MOST_BYTES,
    ) -> None:
        self.app = app
        self.tasks: dict[int, Task] = {}
        self.totals = Totals()
        self.feed = ClockFeed(log, app.ticks_topic, app.schedules_topic, monotonic, app.program.reported)
        self.upstream = Upstream(app.derived_from, log, monotonic)
        self.readiness = Readiness(app, self.feed, self.upstream, monotonic)
        self._log = log
        self._cluster = log.cluster_id()
        self.snapshots = (
            None if snapshots is None else Snapshots(snapshots, app, log, monotonic, snapshot_every_seconds)
        )
        self._writer = OwnWriter(app, log, name)
        self.monotonic = monotonic
        self._max_facts = max_facts
        self._max_fires = max_fires
        self._parts = native.chosen()
        self._placing, self._keying = PartitionCheck(), KeyCheck(app.name, app.program.inputs)
        self._shapes = Shapes(app, log, monotonic)
        self._member = log.member(app.name, app.sources, "range")
        self.backpressure = Backpressure(self._member, max_facts, max_bytes)
        self.lookout = Lookout(app, log, self._member, self.feed, self.upstream, self.readiness, monotonic)
        self.waits = self.lookout.waits
        self._round = Assignment(-1, frozenset())
        self._suspended = False
        self._restore: Restore | None = None
        self._commit_at = self.turned_at = monotonic()
        """`turned_at`: when the last turn began."""
        self._restoring_since = self.turned_at
        self.is_folding = False
        """A user's own code may be running, as seen from another thread."""
        self._has_reached_log = False
        self._resume_at = float("-inf")
        self._ease = 1.0
        group = partial(log.group_members, app.name)
        self._namesakes = Namesakes(self._writer.transactional_id, TRANSACTION_TIMEOUT_SECONDS, group)

    @property
    def is_idle(self) -> bool:
        """It owns its tasks, and they have folded all that was read."""
        return (
            bool(self.tasks)
            and not self._suspended
            and not any(task.pending or task.tick_waits for task in self.tasks.values())
        )

    @property
    def stage(self) -> WorkerStage:
        """Joining until the ticks there are have been read; standing by while it owns no task."""
        if self._restore is not None:
            return "restoring"
        if self.tasks and not self._suspended:
            return "folding"
        return "standing by" if self._has_reached_log else "joining"

    def run(self, stopped: Callable[[], bool]) -> None:
        """Work until `stopped`, then leave the group. Raises ProcessorError or LogError for what waiting won't mend."""
        native.tell()
        try:
            while not stopped():
                self.turn(0.05)
            if self.snapshots is not None and self.stage == "folding":
                self.snapshots.finish(self.tasks)
        finally:
            self.close()

    def close(self) -> None:
        """Let go of everything; nothing is lost, since memory is never ahead of the log."""
        self._writer.drop()
        if self._restore is not None:
            self._restore.close()
        if self.snapshots is not None:
            self.snapshots.close()
        self._member.close()
        self.feed.close()
        self.upstream.close()

    # --- one turn ------------------------------------------------------------------------------------------------

    def turn(self, timeout_seconds: float) -> bool:
        """Poll, and fold and commit when it is time. True when something was committed."""
        self.turned_at = self.monotonic()
        try:
            self.feed.poll()
            self.upstream.poll()
            self._has_reached_log = self._has_reached_log or self.feed.ready
            self._shapes.check()
            self._poll(timeout_seconds)
            if self._restore is not None:
                self._advance_restore(timeout_seconds)
            is_committed = self._fold_and_commit()
            if self.snapshots is not None and self.stage == "folding":
                self.snapshots.advance(self.tasks)
            if self.lookout.look({} if self._suspended else self.tasks, self.backpressure.paused, self._restore):
                self._read_on()
            return is_committed
        except (Unfit, Truncated):
            raise
        except (Fenced, WriterLost, Unreachable) as error:
            self._ease = max(_LEAST_EASE, self._ease / 2)
            self._namesakes.failed(isinstance(error, Fenced), self.monotonic())
            _log.warning("transaction_failed", error=str(error), consequence="memory dropped, restoring from the log")
            self._start_over()
            return False

    def _poll(self, timeout_seconds: float) -> None:
        records = self._member.poll(
            self.backpressure.at_once, 0.0 if self._has_work or self._restore else timeout_seconds
        )
        assignment = self._member.assignment()
        if assignment.round != self._round.round:
            self._reassign(assignment)
        self._sort_in(records)
        self.backpressure.hold_back(list(self.tasks.values()), self._ease)

    @property
    def _has_work(self) -> bool:
        """A task was stopped by what one transaction may hold, and can go on at once."""
        return any(task.has_more for task in self.tasks.values())

    def _sort_in(self, records: list[Record]) -> None:
        if self._suspended:
            return
        now = self.monotonic()
        quiet = self._quiet() if records else frozenset()
        runs_of = self._parts.runs_of
        for number, of_partition in runs_of(records, "partition"):
            task = self.tasks.get(number)
            if task is None:
                continue
            task.arrived_at = now
            self._placing.look(of_partition, task.partitions)
            self._keying.sample(of_partition[-1])
            by_topic = [(task.inputs[0].topic, of_partition)] if number in quiet else runs_of(of_partition, "topic")
            for topic, of_topic in by_topic:
                task.by_topic[topic].extend(of_topic)
                self.backpressure.took(number, task.by_topic[topic], of_topic)

    def _quiet(self) -> frozenset[int]:
        """The tasks whose records are all of one input: there is but one, and the reader has not moved on the requests.
        Cheaper than to ask each record for its topic."""
        if len(self.app.inputs) > 1:
            return frozenset()
        at, requests = self._member.position, self.app.requests
        return frozenset(n for n, task in self.tasks.items() if at(Partition(requests, n)) == task.requests.position)

    def _fold_and_commit(self) -> bool:
        now = self.monotonic()
        if not self.tasks or self._suspended or self._restore is not None or now < self._resume_at:
            return False
        full = self.backpressure.is_full(self.tasks.values(), self._ease)
        if now < self._commit_at and not full and not self._has_work:
            return False
        self.readiness.look_through(self.tasks.values(), self._member)
        self.readiness.watch_clock(self.tasks.values())
        self.readiness.watch_upstream(self.tasks.values())
        steps = self._folded()
        if steps:
            self._commit(steps)
            self._keying.look()
        self._commit_at = now + self.app.commit_interval_seconds
        self.feed.forget_before(min(task.sequence for task in self.tasks.values()))
        return bool(steps)

    def _folded(self) -> list[Step]:
        self.is_folding = True
        try:
            return self._steps()
        finally:
            self.is_folding = False

    def _steps(self) -> list[Step]:
        """One of each task, those with least to do first: what they leave of the transaction is the others'."""
        facts, fires = self._at_once(self._max_facts), self._at_once(self._max_fires)
        steps = []
        waiting = sorted(self.tasks.values(), key=attrgetter("pending"))
        for place, task in enumerate(waiting):
            others = len(waiting) - place
            most = min(max(1, facts // others), self.backpressure.fitting(task, len(waiting), self._ease))
            step = self._step(task, most, max(1, fires // others))
            if step is not None:
                facts, fires = facts - step.facts, fires - len(step.output.events)
                steps.append(step)
        return steps

    def _step(self, task: Task, facts: int, fires: int) -> Step | None:
        for pending in task.inputs:
            pending.position = self._member.position(Partition(pending.topic, task.number))
        if any(pending.position < 0 for pending in task.inputs):
            return None  # an input the last cut didn't know, not heard from yet
        bounds = self.readiness.bounds(task)
        return task.step(bounds, self._cluster, self.readiness.released, facts, fires)

    def _at_once(self, most: int) -> int:
        """What one transaction may hold: less after one that failed, which may have been too long."""
        return max(1, int(most * self._ease))

    def _commit(self, steps: list[Step]) -> None:
        writer = self._writer.open()
        began = self.monotonic()
        self._namesakes.begins(began)
        commit(self.app, writer, self._member, steps)
        now = self.monotonic()
        took = now - began
        self.totals.committed(steps, took, now)
        self._ease = min(1.0, self._ease * 2)
        self._namesakes.committed()
        if took > SLOW_COMMIT_SECONDS or writer.is_doubtful:
            _log.warning("commit_doubtful", seconds=round(took, 1), consequence="the writer is replaced")
            self._writer.drop()
        for step in steps:
            for letter in step.output.letters:
                _log.warning("dead_letter", app=self.app.name, reason=letter.reason)

    # --- assignment, restore, failure ----------------------------------------------------------------------------

    def _reassign(self, assignment: Assignment) -> None:
        self._round = assignment
        self._namesakes.group_moved()
        self.backpressure.forget(self.tasks)
        self._shapes.look_soon()
        if self._restore is not None:
            self._restore.close()
            self._restore = None
        if not assignment.partitions:
            self._suspended = True
            return
        owned = self._whole(assignment)
        kept = self._still_true(owned & self.tasks.keys())
        self.tasks = {number: self.tasks[number] for number in sorted(kept)}
        self.backpressure.forget(self.tasks)
        self._suspended = True
        _log.info("assigned", app=self.app.name, partitions=sorted(owned), kept=sorted(kept))
        self._restore = Restore(
            self.app, self._log, self._member, self.feed, owned - kept, self.snapshots, self.monotonic
        )
        self._restoring_since = self.monotonic()

    def _whole(self, assignment: Assignment) -> set[int]:
        """The tasks of which every input is ours. While members with other inputs are in the group (a deployment that
        adds one), each input is shared out by itself, and whoever has a part of a task must leave it alone."""
        numbers = {partition.number for partition in assignment.partitions}
        return {n for n in numbers if all(Partition(topic, n) in assignment.partitions for topic in self.app.sources)}

    def _still_true(self, numbers: set[int]) -> set[int]:
        """Tasks nobody else has moved: the cut the group last committed is their own. What isn't decided after one look
        is restored like any other, so that the group need not wait for us."""
        if not numbers:
            return set()
        try:
            notes = gate(self.app, self._member, numbers, GATE_SECONDS)
        except Unreachable:
            return set()
        return {number for number in numbers if notes[number] == self.tasks[number].cut.number}

    def _advance_restore(self, timeout_seconds: float) -> None:
        """The writer comes first: opening it ends what this worker, or the one before under its name, left undecided,
        and the changelog is read to its end, undecided records waited for."""
        assert self._restore is not None
        self._writer.open()
        restored = self._restore.advance(timeout_seconds)
        if restored is None:
            if self._restore.is_held_up:
                self._writer.end_hanging(self._restore.numbers, self._member)
            return
        self._restore.close()
        self._restore = None
        self.totals.restored(self.monotonic() - self._restoring_since)
        for task in restored:
            self.tasks[task.number] = task
            opened = sum(book.open for book in task.fold.books)
            _log.info("restored", app=self.app.name, partition=task.number, cut=task.cut.number, open=opened)
        self.upstream.follow(self.tasks)
        self.readiness.say_unknown()
        self._suspended = False
        self._read_on()

    def _read_on(self) -> None:
        """Read every input from behind what is pending."""
        self.backpressure.forget(self.tasks)
        self._member.assign(
            {
                Partition(pending.topic, task.number): pending.position
                for task in self.tasks.values()
                for pending in task.inputs
            }
        )

    def _start_over(self) -> None:
        """Memory may be ahead of the log: forget it, and the writer, and restore what is still ours."""
        self._writer.drop()
        self.totals.restarts += 1
        self.tasks = {}
        self.backpressure.forget()
        self._resume_at = self.monotonic() + BACKOFF_SECONDS
        if self._restore is not None:
            self._restore.close()
            self._restore = None
        self._member.assign({})
        if owned := self._whole(self._round):
            self._suspended = True
            self._restore = Restore(self.app, self._log, self._member, self.feed, owned, self.snapshots, self.monotonic)
            self._restoring_since = self.monotonic()
