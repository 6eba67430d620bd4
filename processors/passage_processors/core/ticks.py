"""The ticks a worker has seen, in columns: what was the schedule's count at an instant, and what comes next.

Some twenty bytes a tick, shared by all tasks of a worker; a task's place in it is a sequence. Pure: the runtime brings
the ticks in the order of the tick topic.
"""

from array import array
from bisect import bisect_right
from dataclasses import dataclass

from passage_schemas.instant import Instant

BEFORE_ALL = Instant(-(1 << 62))
"""Earlier than every instant."""


@dataclass(frozen=True, slots=True)
class SeenTick:
    """What counting needs of a tick."""

    schedule: str
    ordinal: int
    sequence: int
    ends_at: Instant


class TickGap(ValueError):
    """A tick is missing between two that were read. Counting on would miscount, so nothing is counted."""


class TickHistory:
    """Every tick there is, from sequence 1 on, without a gap."""

    def __init__(self) -> None:
        self.last = 0
        """The sequence of the last tick seen; 0 before the first."""
        self._names: list[str] = []
        self._numbers: dict[str, int] = {}
        self._schedule = array("H")
        self._ordinal = array("q")
        self._ends: list[array[int]] = []

    def add(self, tick: SeenTick) -> bool:
        """Take in the next tick. False for one seen before: it counts once. Raises TickGap when one is missing."""
        if tick.sequence <= self.last:
            return False
        if tick.sequence != self.last + 1:
            raise TickGap(
                f"tick {self.last + 1} is missing: {tick.schedule} {tick.ordinal} has sequence {tick.sequence}; "
                "check that the tick topic is compacted only and has not been written to by others"
            )
        number = self._number(tick.schedule)
        ends = self._ends[number]
        if tick.ordinal != len(ends) + 1:
            raise TickGap(
                f"{tick.schedule}: ordinal {tick.ordinal} follows {len(ends)}; "
                "check that the tick topic is compacted only and has not been written to by others"
            )
        ends.append(tick.ends_at)
        self._schedule.append(number)
        self._ordinal.append(tick.ordinal)
        self.last = tick.sequence
        return True

    def _number(self, schedule: str) -> int:
        number = self._numbers.get(schedule)
        if number is None:
            number = self._numbers[schedule] = len(self._names)
            self._names.append(schedule)
            self._ends.append(array("q"))
        return number

    def at(self, sequence: int) -> SeenTick:
        """The tick with this sequence, from 1 to `last`."""
        name, ordinal = self._names[self._schedule[sequence - 1]], self._ordinal[sequence - 1]
        return SeenTick(name, ordinal, sequence, self.ends_at(sequence))

    def ends_at(self, sequence: int) -> Instant:
        return Instant(self._ends[self._schedule[sequence - 1]][self._ordinal[sequence - 1] - 1])

    def passed(self, schedule: str, instant: Instant, folded: int) -> int:
        """The ordinal of the schedule's last tick at or before `instant`, among those up to ordinal `folded`; 0 when
        there is none."""
        if folded == 0:
            return 0
        ends = self._ends[self._numbers[schedule]]
        return folded if instant >= ends[folded - 1] else bisect_right(ends, instant, 0, folded)

    def settled_from(self, schedule: str, folded: int) -> Instant:
        """From which instant on `passed` is just `folded`."""
        return Instant(self._ends[self._numbers[schedule]][folded - 1]) if folded else BEFORE_ALL

    def folded_at(self, sequence: int) -> dict[str, int]:
        """Each schedule's ordinal once every tick up to `sequence` has been folded."""
        folded: dict[str, int] = {}
        for index in range(sequence):
            folded[self._names[self._schedule[index]]] = self._ordinal[index]
        return folded
