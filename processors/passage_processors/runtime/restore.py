"""How a new owner comes by a task: the gate, then the changelog, then the state and the last cut.

    gate        committed positions, asked read_committed: blocks while a predecessor's transaction is undecided,
                so nothing it wrote can land after we have read
    changelog   read to the end it has once the gate is passed, undecided records waited for: a zombie's open
                transaction may stand before records its successor committed
    task        state, cut and positions; the cut's, since a group's positions expire

Without the gate a predecessor's commit lands after the read, and its derived events are written again.
"""

from collections.abc import Iterable

import structlog

from passage_log.errors import Unreachable
from passage_log.port import EARLIEST, Log, Member, Partition
from passage_processors.app import App
from passage_processors.errors import ProcessorError
from passage_processors.runtime.feed import Feed
from passage_processors.runtime.task import FRESH, Task
from passage_schemas.cut import Cut
from passage_schemas.records import CUT

_log = structlog.get_logger("passage.processors")

CUT_KEY = b"cut"
GATE_SECONDS = 5.0
"""One look at the gate; a predecessor's transaction may take three of them to time out."""
_BATCH = 20_000


class Restore:
    """Makes the tasks of `numbers`, a bounded slice of work at a time, so that the group is served in between."""

    def __init__(self, app: App, log: Log, member: Member, feed: Feed, numbers: Iterable[int]) -> None:
        self.numbers = frozenset(numbers)
        self._app = app
        self._log = log
        self._member = member
        self._feed = feed
        self._notes: dict[int, int] | None = None
        self._cases: dict[int, dict[str, dict[bytes, bytes]]] = {number: {} for number in self.numbers}
        self._cuts = dict.fromkeys(self.numbers, FRESH)
        self._reader = log.reader()
        self._ends: dict[Partition, int] = {}

    def advance(self, timeout_seconds: float) -> list[Task] | None:
        """Do some of the work; the tasks once it is done. Raises ProcessorError when what is found can't be right."""
        if self._notes is None:
            try:
                notes = gate(self._app, self._member, self.numbers, timeout_seconds and GATE_SECONDS)
            except Unreachable as error:
                _log.info("gate_shut", app=self._app.name, partitions=sorted(self.numbers), reason=str(error))
                return None
            self._open_changelog()
            self._feed.look_again()
            self._notes = notes
        for record in self._reader.poll(_BATCH, timeout_seconds):
            self._load(record.partition(), record.key() or b"", record.value())
        if not self._feed.ready or any(self._reader.position(one) < end for one, end in self._ends.items()):
            return None
        return [self._task(number) for number in sorted(self.numbers)]

    def _open_changelog(self) -> None:
        partitions = [Partition(self._app.changelog, number) for number in sorted(self.numbers)]
        self._reader.assign(dict.fromkeys(partitions, EARLIEST))
        self._ends = self._reader.ends(partitions)

    def _load(self, number: int, key: bytes, value: bytes | None) -> None:
        if key == CUT_KEY:
            self._cuts[number] = FRESH if value is None else CUT.decode(value)
            return
        policy, _, aggregate = key.partition(b"/")
        cases = self._cases[number].setdefault(policy.decode(), {})
        if value is None:
            cases.pop(aggregate, None)
        else:
            cases[aggregate] = value

    def _task(self, number: int) -> Task:
        cut = self._cuts[number]
        self._check(number, cut)
        for policy in self._cases[number].keys() - {policy.name for policy in self._app.policies}:
            _log.warning(
                "cases_without_policy", app=self._app.name, partition=number, policy=policy,
                cases=len(self._cases[number][policy]),
                consequence="they wait on the changelog; a policy renamed starts with none",
            )  # fmt: skip
        positions = {one.topic: one.offset for one in cut.inputs}
        for topic in self._app.inputs:
            positions.setdefault(topic, EARLIEST)
        return Task(self._app, number, self._feed, cut, self._cases.pop(number), positions)

    def _check(self, number: int, cut: Cut) -> None:
        where = f"{self._app.changelog}[{number}]"
        assert self._notes is not None
        if self._notes[number] > cut.number:
            raise ProcessorError(
                f"{where} ends at cut {cut.number}, but the group committed cut {self._notes[number]}: the changelog "
                "lost records; check that its cleanup.policy is compact only, and restore it from a copy"
            )
        if cut.number and cut.cluster != self._log.cluster_id():
            raise ProcessorError(
                f"{where} was written on cluster {cut.cluster}, this is {self._log.cluster_id()}: its offsets mean "
                "nothing here; point the app at its own cluster"
            )
        for schedule in sorted(self._app.counted):
            floor = self._feed.history.floor(schedule)
            if cut.number and cut.tick_sequence < floor.sequence:
                raise ProcessorError(
                    f"{where} has folded the ticks up to {cut.tick_sequence}, but {schedule} is kept from tick "
                    f"{floor.sequence + 1} on: what it missed is gone; raise the schedule's keep_days above the "
                    "longest time a worker may be down, and start the app anew under another name"
                )
        if cut.tick_sequence > self._feed.history.last:
            raise ProcessorError(
                f"{where} has folded tick {cut.tick_sequence}, but {self._app.ticks} ends at "
                f"{self._feed.history.last}: ticks were lost, or this is another topic"
            )

    def close(self) -> None:
        self._reader.close()


def gate(app: App, member: Member, numbers: Iterable[int], timeout_seconds: float) -> dict[int, int]:
    """The number of the last cut the group committed for each task, 0 where there is none (or it expired).

    Raises Unreachable while a predecessor's transaction is undecided: come back.
    """
    partitions = [Partition(topic, number) for topic in app.inputs for number in sorted(numbers)]
    committed = member.committed(partitions, timeout_seconds)
    notes = dict.fromkeys(numbers, 0)
    for partition, found in committed.items():
        if found is not None and found.note.isdigit():
            notes[partition.number] = max(notes[partition.number], int(found.note))
    return notes
