"""The counts of one aggregate: when each began, what ended it, and which ticks it counted until then.

Which ticks these are is not kept anywhere: it follows from the instant that is counted from, and from how far the
schedule had been folded. So a count is a range of ordinals here, and the ticks are looked up once, at the end.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from passage_processors.core.order.ticks import TickHistory
from passage_processors.core.program.events import Derived
from passage_processors.core.program.repetition import DUE
from passage_processors.core.program.units import ProcessUnit, ReportUnit
from passage_processors.core.state.case import ENDED, PARKED, decode_case
from passage_processors.core.state.instance import Instance, WakeUp, decode_instance
from passage_processors.model.policy import Policy
from passage_processors.model.ticks import SeenTick
from passage_processors.monitoring.explanation.answer import Count, CountedTick, Outcome
from passage_processors.runtime.clock_feed import ClockFeed
from passage_processors.runtime.offline.one_aggregate import FoldedCause, unit_of
from passage_schemas.log_record import Partition

Unit = Policy | ProcessUnit | ReportUnit


def wakes_of(unit: Unit, value: bytes | None) -> Mapping[str, WakeUp]:
    """What is waited for, by name, in what a unit keeps of an aggregate."""
    if value is None or isinstance(unit, ReportUnit):
        return {}
    if isinstance(unit, ProcessUnit):
        kept = decode_instance(value)
        return kept.wakes if isinstance(kept, Instance) else {}
    case = decode_case(value)
    if case.kind == ENDED:
        return {}
    return {DUE: WakeUp(case.schedule, case.due, case.ticks, case.started, case.kind == PARKED)}


def name_of(unit: Unit, wake_up: str) -> str | None:
    """As a user knows it: a policy's only one has no name."""
    return wake_up if isinstance(unit, ProcessUnit) and unit.kind == "process" else None


def is_same(old: WakeUp, new: WakeUp) -> bool:
    """The same count, be it moved by one, parked or resumed in between?"""
    return (old.schedule, old.ticks, old.since) == (new.schedule, new.ticks, new.since)


def did_fire(unit: Unit, wake_up: str, index: int, done: FoldedCause) -> bool:
    """Was the user's code asked what follows from this wake-up, and did it answer?"""
    return (index, wake_up) in done.woken and not did_fail(unit, wake_up, done)


def did_fail(unit: Unit, wake_up: str, done: FoldedCause) -> bool:
    """Has this wake-up a dead letter of this cause?"""
    return any((letter.unit, letter.wake_up) == (unit.name, wake_up) for letter in done.letters)


def by(unit: str, events: Sequence[Derived]) -> Iterator[Derived]:
    """The events that this unit emitted."""
    return (event for event in events if unit_of(event) == unit)


@dataclass(slots=True)
class RunningCount:
    """A count, as far as it has come."""

    index: int
    name: str
    wake: WakeUp
    began: int
    folded: int
    """The schedule's last ordinal folded when it began."""
    ended: int | None = None
    outcome: Outcome = "waits"
    first: int = 1
    last: int = 0
    """The range of ordinals that were counted."""


class Counts:
    """Told each cause in turn; `all` are the counts, in the order they began."""

    def __init__(self, units: Sequence[Unit], indexes: Sequence[int], history: TickHistory) -> None:
        """`indexes`: of the units that are asked about, by their places in the app."""
        self.all: list[RunningCount] = []
        self._units, self._indexes = units, indexes
        self._history = history
        self._running: dict[tuple[int, str], RunningCount] = {}

    def take(self, place: int, done: FoldedCause) -> None:
        """`place`: the cause's, among all that are told."""
        for index in self._indexes:
            unit = self._units[index]
            if done.before[index] != done.after[index]:
                before, after = (wakes_of(unit, value) for value in (done.before[index], done.after[index]))
                for name in sorted(before.keys() | after.keys()):
                    self._changed(place, done, index, name, before.get(name), after.get(name))

    def _changed(
        self, place: int, done: FoldedCause, index: int, name: str, old: WakeUp | None, new: WakeUp | None
    ) -> None:
        fired = did_fire(self._units[index], name, index, done)
        if old is not None and new is not None and not fired and is_same(old, new):
            running = self._running[index, name]
            running.wake = new  # parked, resumed, or moved by one
            running.outcome = "parked" if new.parked else "waits"
            return
        if old is not None:
            self._end(place, done, index, name, fired, new)
        if new is not None:
            began = RunningCount(index, name, new, place, done.folded.get(new.schedule, 0))
            self._running[index, name] = began
            self.all.append(began)

    def _end(self, place: int, done: FoldedCause, index: int, name: str, fired: bool, new: WakeUp | None) -> None:
        ended = self._running.pop((index, name))
        ended.ended = place
        unit = self._units[index]
        if fired:
            ended.outcome = "fired"
        elif did_fail(unit, name, done):
            ended.outcome = "failed"
        elif new is not None:
            ended.outcome = "replaced"
        else:
            is_over = isinstance(unit, Policy) or not _is_running(done.after[index])
            ended.outcome = "ended" if is_over else "cancelled"
        self._close(ended, done.folded)

    def _close(self, count: RunningCount, folded: Mapping[str, int]) -> None:
        schedule = count.wake.schedule
        at = folded.get(schedule, 0)
        count.first = self._history.passed(schedule, count.wake.since, at) + 1
        count.last = min(count.wake.due, at)

    def close(self, folded: Mapping[str, int]) -> None:
        """No more is told: what runs has come as far as this."""
        for running in self._running.values():
            self._close(running, folded)


def _is_running(value: bytes | None) -> bool:
    return value is not None and isinstance(decode_instance(value), Instance)


def looked_up(counts: Sequence[RunningCount], feed: ClockFeed) -> dict[tuple[str, int], tuple[SeenTick, int]]:
    """The ticks these counted, by schedule and ordinal, with their offsets: count walk over all there are."""
    wanted: dict[str, list[tuple[int, int]]] = {}
    for count in counts:
        if count.first <= count.last:
            wanted.setdefault(count.wake.schedule, []).append((count.first, count.last))
    if not wanted:
        return {}
    return {
        (tick.schedule, tick.ordinal): (tick, feed.offset_after(tick.sequence) - 1)
        for tick in feed.history.all()
        if any(first <= tick.ordinal <= last for first, last in wanted.get(tick.schedule, ()))
    }


def told_counts(counts: Sequence[RunningCount], units: Sequence[Unit], feed: ClockFeed, topic: str) -> list[Count]:
    """With each tick that was counted, and where it lies."""
    ticks, partition = looked_up(counts, feed), Partition(topic, 0)
    return [
        Count(
            units[count.index].name, name_of(units[count.index], count.name), count.wake.schedule, count.wake.since,
            count.wake.ticks, count.wake.due, count.outcome, count.began, count.ended,
            tuple(_counted(*ticks[count.wake.schedule, ordinal], partition, count) for ordinal in _ordinals(count)),
        )
        for count in counts
    ]  # fmt: skip


def _ordinals(count: RunningCount) -> range:
    return range(count.first, count.last + 1)


def _counted(tick: SeenTick, offset: int, partition: Partition, count: RunningCount) -> CountedTick:
    had_passed = tick.ordinal <= count.folded
    return CountedTick(tick.ordinal, tick.sequence, tick.period, tick.ends_at, *partition, offset, had_passed)
