"""The order in which a task folds its inputs: by instant, waited for on both sides.

Of the heads, the earliest (instant, topic) goes first, and at equal instants the tick. A tick waits until every input
has reached its instant or was read to the end it had a grace after the tick was seen; a fact waits for the clock, and
for the other inputs. What was taken is recorded as a cut, and merging the records of a cut again gives the same order,
however they arrived: at each pop the head taken was the least of all heads there were, so it is the least of fewer.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from passage_processors.core.order import instants as in_python
from passage_processors.core.order.instants import Instants, Sorting
from passage_processors.core.order.ticks import TickHistory
from passage_schemas.instant import Instant, instant_of_milliseconds
from passage_schemas.log_record import Record

FOR_EVER = Instant(1 << 62)
"""Later than every instant."""
UNDATED = Instant(0)
"""Stands for a timestamp that names no instant (none, or one past the year 9999): first in order, then refused."""
YEAR_10000 = Instant(253_402_300_800_000_000)


def instant_of(record: Record) -> Instant:
    """When what a record says happened, as the fold takes it: UNDATED where its timestamp names no instant."""
    at = instant_of_milliseconds(record.timestamp()[1])
    return at if 0 < at < YEAR_10000 else UNDATED


class Pending:
    """Facts of one input partition, read but not folded. Instants are the records' timestamps, in microseconds."""

    __slots__ = ("at", "count", "instants", "parts", "position", "records", "through", "topic")

    def __init__(self, topic: str, position: int, count: int, parts: Sorting = in_python) -> None:
        self.topic = topic
        self.parts = parts
        self.records: list[Record] = []
        self.instants: Instants = []
        self.at = 0
        """The first record not yet folded."""
        self.position = position
        """The offset after all that was read, transaction markers included once the log tells of them."""
        self.count = count
        """Facts folded since the beginning of the input."""
        self.through = float("-inf")
        """Everything written before this moment (the worker's monotonic seconds) has been read."""

    def extend(self, records: Sequence[Record]) -> None:
        """Add what was read next. What has been read before (a reader set back) is passed over."""
        if self.at:
            del self.records[: self.at], self.instants[: self.at]
            self.at = 0
        if records[0].offset() < self.position:
            records = [record for record in records if record.offset() >= self.position]
            if not records:
                return
        self.position = records[-1].offset() + 1
        self.records += records
        instants = self.parts.instants_of(records, YEAR_10000, UNDATED)
        if self.instants:
            self.instants.extend(instants)
        else:
            self.instants = instants

    def __len__(self) -> int:
        return len(self.records) - self.at

    @property
    def folded_to(self) -> int:
        """The offset to read from, were everything unfolded to be forgotten."""
        return self.records[self.at].offset() if self.at < len(self.records) else self.position


class Run(NamedTuple):
    """Consecutive facts of one input: records[start:stop]."""

    pending: Pending
    start: int
    stop: int


class DateLimit(NamedTuple):
    """Facts dated at or after `at` are refused, for this reason."""

    at: Instant
    reason: str


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far a merge may go."""

    last_tick: int
    """The sequence of the last tick that has been read."""
    facts_before: Instant
    """The clock's promise: no tick that counts will come before this instant."""
    tick_may_pass: Callable[[int, Pending], bool]
    """(sequence, an input with nothing pending): need the tick wait for it no longer?"""
    fact_may_pass: Callable[[Pending], bool]
    """Need facts of other inputs wait for this one, which has nothing pending, no longer?"""
    date_limit: DateLimit | None = None


def recorded(last_tick: int) -> Bounds:
    """The bounds of a cut being replayed: exactly its records are there, so nothing waits."""
    return Bounds(last_tick, FOR_EVER, lambda _sequence, _input: True, lambda _input: True)


def merge(
    inputs: Sequence[Pending], ticks: TickHistory, sequence: int, bounds: Bounds, resumed: bool = False
) -> Iterator[Run | int]:
    """What to fold next, in order: runs of facts, and the sequences of ticks after `sequence`.

    `resumed`: the next tick's burst was cut, so the rest of it comes first. The caller moves `Pending.at` past a run
    before it asks for more, and stops asking when it has enough.
    """
    if resumed:
        sequence = ticks.after(sequence)
        yield sequence
    inputs = sorted(inputs, key=lambda pending: pending.topic)
    while True:
        head = min(
            (pending for pending in inputs if pending), key=lambda pending: pending.instants[pending.at], default=None
        )
        tick = ticks.after(sequence) if sequence < bounds.last_tick else 0
        if tick > bounds.last_tick:
            tick = 0  # The last one was let go since it was recorded; this one comes later.
        tick_at = ticks.ends_at(tick) if tick else FOR_EVER
        if tick_at < FOR_EVER and (head is None or tick_at <= head.instants[head.at]):
            if not all(pending or bounds.tick_may_pass(tick, pending) for pending in inputs):
                return
            sequence = tick
            yield sequence
            continue
        if head is None or not all(pending or bounds.fact_may_pass(pending) for pending in inputs):
            return
        stop = _run_end(head, inputs, min(tick_at, bounds.facts_before))
        if stop == head.at:
            return
        yield Run(head, head.at, stop)


def _run_end(head: Pending, inputs: Sequence[Pending], before: int) -> int:
    """Where the run that starts at the head's first pending fact must stop: at `before`, or where another input's head
    comes first (at equal instants the topic that sorts first)."""
    if len(inputs) > 1:
        for other in inputs:
            if other is not head and other:
                first = other.instants[other.at]
                before = min(before, first + 1 if head.topic < other.topic else first)
    return head.parts.first_from(head.instants, head.at, before)
