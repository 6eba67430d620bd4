"""How far ahead of the fold a worker reads: facts that wait, for the clock or for each other, stay on the log.

By number and by bytes, for a fact may have a hundred bytes or a million. Bytes are counted by the batch, as it was
read: the values one by one, keys and headers by one record of it. That costs 50 ns a fact, and nothing is asked twice.
What a batch holds at most is the client's affair (`queued.max.messages.kbytes`).
"""

from collections import deque
from collections.abc import Container, Iterable, Sequence
from itertools import chain

from passage_log.port import Member
from passage_processors.core.order.timeline import Pending
from passage_processors.runtime.task import Task
from passage_schemas.headers import read_headers
from passage_schemas.log_record import Partition, Record

MOST_BYTES = 64 * 1024 * 1024
"""Of facts in one transaction, over all tasks; twice as many are read ahead. A broker on a usual network takes them in
a second, where a transaction has fifteen."""

GUESSED_BYTES = 10_000
"""Of a fact, before any was read: large for a fact, and still no guess that would cut a first step short."""


class Backpressure:
    """What is held of each input, and which inputs are therefore not read on."""

    def __init__(self, member: Member, most_facts: int, most_bytes: int = MOST_BYTES) -> None:
        self._member = member
        self._most_facts = most_facts
        self._most_bytes = most_bytes
        self._batches: dict[Partition, deque[tuple[int, int]]] = {}
        """Behind which fact of the input each batch ends, and its bytes."""
        self.paused: set[Partition] = set()
        self._each = GUESSED_BYTES
        """Of a fact, in the last batch."""

    def forget(self, kept: Container[int] = ()) -> None:
        """All is read anew, but for what tasks have that are kept; a new assignment begins unpaused."""
        self.paused.clear()
        self._batches = {partition: held for partition, held in self._batches.items() if partition.number in kept}

    @property
    def at_once(self) -> int:
        """How many records to ask for: not more than are wanted, however large they have been."""
        return max(1, min(self._most_facts, self._most_bytes // max(1, self._each)))

    def took(self, number: int, pending: Pending, records: Sequence[Record]) -> None:
        """These were read, and stand behind what else is pending."""
        weight = weight_of(records)
        self._each = weight // len(records)
        batches = self._batches.setdefault(Partition(pending.topic, number), deque())
        batches.append((pending.count + len(pending), weight))

    def bytes_of(self, task: Task) -> int:
        """Those of its facts that are pending, but for what was folded of a batch."""
        return sum(self._bytes(task.number, pending) for pending in task.inputs)

    def _bytes(self, number: int, pending: Pending) -> int:
        batches = self._batches.get(Partition(pending.topic, number))
        if not batches:
            return 0
        while batches and batches[0][0] <= pending.count:
            batches.popleft()
        return sum(weight for _, weight in batches)

    def is_full(self, tasks: Iterable[Task], ease: float) -> bool:
        """As much is pending as one transaction may hold."""
        tasks = list(tasks)
        return sum(task.pending for task in tasks) >= max(1, int(self._most_facts * ease)) or (
            sum(map(self.bytes_of, tasks)) >= self._most_bytes * ease
        )

    def fitting(self, task: Task, others: int, ease: float) -> int:
        """How many of its facts come to its part of what the bytes of one transaction may be."""
        held, most = self.bytes_of(task), self._most_bytes * ease / others
        return self._most_facts if held <= most else max(1, int(task.pending * most / held))

    def hold_back(self, tasks: Sequence[Task], ease: float) -> None:
        """Read no further ahead than two steps. Only when all together are that many, since the client throws away what
        it has fetched of an input that is paused."""
        facts, size = max(1, int(self._most_facts * ease)), self._most_bytes * ease
        crowded = sum(task.pending for task in tasks) > 2 * facts or sum(map(self.bytes_of, tasks)) > 2 * size
        if not crowded and not self.paused:
            return
        most_facts, most_bytes = max(1, facts // len(tasks)), size / len(tasks)
        for task in tasks:
            for pending in task.inputs:
                partition, held = Partition(pending.topic, task.number), self._bytes(task.number, pending)
                if crowded and partition not in self.paused:
                    if len(pending) > 2 * most_facts or held > 2 * most_bytes:
                        self._member.pause([partition])
                        self.paused.add(partition)
                elif partition in self.paused and len(pending) < most_facts and held < most_bytes:
                    self._member.resume([partition])
                    self.paused.discard(partition)


def weight_of(records: Sequence[Record]) -> int:
    """The bytes of a batch, all records of one kind of log."""
    last = records[-1]
    beside = len(last.key() or b"") + sum(len(part or b"") for part in chain.from_iterable(read_headers(last)))
    values = sum(map(len, filter(None, map(type(last).value, records))))
    return values + len(records) * beside
