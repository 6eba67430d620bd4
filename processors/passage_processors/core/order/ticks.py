"""The ticks a worker has seen, in columns: what was the schedule's count at an instant, and what comes next.

Some thirty bytes a tick, shared by all tasks of a worker; a task's place in it is a sequence. Pure: the runtime brings
the ticks in the order of the tick topic.

A schedule may have a *floor*: what lies before it was let go by the clock, so counting starts there. A fact from before
the floor counts from the floor on, also where this worker still has the ticks: one that is restored has not.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from passage_processors.model.ticks import SeenTick, Ticks
from passage_schemas.instant import Instant

BEFORE_ALL = Instant(-(1 << 62))
"""Earlier than every instant."""


@dataclass(frozen=True, slots=True)
class Floor:
    """What a schedule keeps: ticks from `ordinal` on. The one before had `sequence` and was due `at`."""

    ordinal: int
    sequence: int
    at: Instant


_MEND = "check that the tick topic is compacted only and has not been written to by others"
_GONE = "the clock has let go what was between (keep_days) before it was read here; start this worker anew"

_NO_FLOOR = Floor(1, 0, BEFORE_ALL)


class TickGap(ValueError):
    """A tick is missing between two that were read. Counting on would miscount, so nothing is counted."""


class TickHistory:
    """Every tick there is from the schedules' floors on, without a gap. `labelled`: of these the labels are kept."""

    def __init__(self, labelled: Iterable[str] = ()) -> None:
        self._labels: dict[str, list[str]] = {schedule: [] for schedule in labelled}
        self.last = 0
        """The sequence of the last tick here; 0 before the first."""
        self._seen = 0
        self._names: list[str] = []
        self._numbers: dict[str, int] = {}
        self._sequence = array("q")
        self._schedule = array("H")
        self._ordinal = array("q")
        self._ends: list[array[int]] = []
        self._floors: dict[str, Floor] = {}
        """Where the columns begin."""
        self._told: dict[str, Floor] = {}
        """The last the clock told of, be the ticks before it here or not."""
        self._kept_from: dict[str, int] = {}
        self._gone_to = 0
        self._is_dense = True

    def let_go(self, schedule: str, floor: Floor) -> None:
        """The clock keeps this schedule from here on. Of one whose ticks are here already nothing is dropped, since a
        task may still have to fold them; but who has folded them is told no more than where they are gone."""
        self._gone_to = max(self._gone_to, floor.sequence)
        self._told[schedule] = floor
        self._kept_from[schedule] = floor.ordinal
        number = self._numbers.get(schedule)
        if number is None or not self._ends[number]:
            self._floors[schedule] = floor

    def floor(self, schedule: str) -> Floor:
        return self._floors.get(schedule, _NO_FLOOR)

    @property
    def floors(self) -> Mapping[str, Floor]:
        """Of the schedules that have one."""
        return self._floors

    def add(self, tick: SeenTick) -> bool:
        """Take in the next tick. False for one seen before, which counts once, and for one below its floor. Raises
        TickGap when one is missing."""
        if tick.sequence <= self._seen:
            return False
        if tick.sequence != self._seen + 1:
            self._check_gone(tick)
            self._is_dense = False
        floor = self.floor(tick.schedule)
        if tick.ordinal < floor.ordinal:
            self._seen, self._is_dense = tick.sequence, False
            return False
        number = self._number(tick.schedule)
        ends = self._ends[number]
        before = floor.ordinal + len(ends) - 1
        if tick.ordinal != before + 1:
            is_gone = before < tick.ordinal <= self._kept_from.get(tick.schedule, 1)
            raise TickGap(f"{tick.schedule}: ordinal {tick.ordinal} follows {before}; {_GONE if is_gone else _MEND}")
        ends.append(tick.ends_at)
        if (labels := self._labels.get(tick.schedule)) is not None:
            labels.append(tick.period)
        self._sequence.append(tick.sequence)
        self._schedule.append(number)
        self._ordinal.append(tick.ordinal)
        self.last = self._seen = tick.sequence
        return True

    def _check_gone(self, tick: SeenTick) -> None:
        if tick.sequence - 1 > self._gone_to:
            missing = max(self._seen, self._gone_to) + 1
            raise TickGap(
                f"tick {missing} is missing: {tick.schedule} {tick.ordinal} has sequence {tick.sequence}; {_MEND}"
            )

    def _number(self, schedule: str) -> int:
        number = self._numbers.get(schedule)
        if number is None:
            number = self._numbers[schedule] = len(self._names)
            self._names.append(schedule)
            self._ends.append(array("q"))
        return number

    def place(self, sequence: int) -> int:
        """How many of the ticks here come before the one with this sequence: where a column has it."""
        return sequence - 1 if self._is_dense else bisect_left(self._sequence, sequence)

    def after(self, sequence: int) -> int:
        """The sequence of the first tick here after this one, which must not be the last."""
        return sequence + 1 if self._is_dense else self._sequence[bisect_right(self._sequence, sequence)]

    def at(self, sequence: int) -> SeenTick:
        """The tick with this sequence, which must be here."""
        place = self.place(sequence)
        schedule, ordinal = self._names[self._schedule[place]], self._ordinal[place]
        labels = self._labels.get(schedule)
        label = labels[ordinal - self.floor(schedule).ordinal] if labels else ""
        return SeenTick(schedule, ordinal, sequence, self._ends_at(place), label)

    def all(self) -> Iterator[SeenTick]:
        """Every tick here, in order."""
        return map(self.at, self._sequence)

    def ends_at(self, sequence: int) -> Instant:
        return self._ends_at(self.place(sequence))

    def _ends_at(self, place: int) -> Instant:
        number = self._schedule[place]
        return Instant(self._ends[number][self._ordinal[place] - self.floor(self._names[number]).ordinal])

    def passed(self, schedule: str, instant: Instant, folded: int) -> int:
        """The ordinal of the schedule's last tick at or before `instant`, among those up to ordinal `folded`; what is
        before its floor where there is none."""
        if not self.tells(schedule, instant, folded):
            return self._told[schedule].ordinal - 1
        before = self.floor(schedule).ordinal - 1
        if folded <= before:
            return folded
        ends = self._ends[self._numbers[schedule]]
        count = folded - before
        return folded if instant >= ends[count - 1] else before + bisect_right(ends, instant, 0, count)

    def tells(self, schedule: str, instant: Instant, folded: int) -> bool:
        """Is it known, here and where the task may be restored, what had passed at this instant? Not before the floor,
        but for a task that has yet to fold what is gone: nobody else can have it."""
        floor = self._told.get(schedule)
        return floor is None or instant >= floor.at or folded < floor.ordinal - 1

    def ended(self, schedule: str, ordinal: int) -> Instant:
        """When this tick of the schedule ended; of one let go, when the last of those did. BEFORE_ALL: not here."""
        floor = self._told.get(schedule)
        if floor is not None and ordinal < floor.ordinal:
            return floor.at
        ends, place = self._ends_of(schedule), ordinal - self.floor(schedule).ordinal
        return Instant(ends[place]) if 0 <= place < len(ends) else BEFORE_ALL

    def _ends_of(self, schedule: str) -> Sequence[int]:
        number = self._numbers.get(schedule)
        return () if number is None else self._ends[number]

    def settled_from(self, schedule: str, folded: int) -> Instant:
        """From which instant on `passed` is just `folded`."""
        floor = self.floor(schedule)
        if folded < floor.ordinal:
            return floor.at
        return Instant(self._ends[self._numbers[schedule]][folded - floor.ordinal])

    def count_of(self, after: Ticks, schedule: str, since: Instant, folded: int) -> int:
        """How many ticks to count from this instant. Decided by what was folded when it was asked, and never again: so
        a replay decides alike."""
        if isinstance(after, int):
            return after
        begins_whole = self.settled_from(schedule, self.passed(schedule, since, folded)) == since
        return after.ticks(begins_whole)

    def folded_at(self, sequence: int) -> dict[str, int]:
        """Each schedule's ordinal once every tick up to `sequence` has been folded."""
        folded = {schedule: floor.ordinal - 1 for schedule, floor in self._floors.items() if floor.ordinal > 1}
        for place in range(min(self.place(sequence + 1), len(self._ordinal))):
            folded[self._names[self._schedule[place]]] = self._ordinal[place]
        return folded
