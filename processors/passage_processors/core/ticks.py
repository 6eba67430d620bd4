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
    """Every tick seen, dense by sequence from `floor` + 1."""

    def __init__(self) -> None:
        self.floor = 0
        self.last = 0
        self._names: list[str] = []
        self._numbers: dict[str, int] = {}
        self._schedule = array("H")
        self._ordinal = array("q")
        self._ends: list[array[int]] = []
        self._first: list[int] = []

    def add(self, tick: SeenTick) -> bool:
        """Take in the next tick. False for one seen before: it counts once. Raises TickGap when one is missing."""
        if not self._schedule:
            self.floor = self.last = tick.sequence - 1
        if tick.sequence <= self.last:
            return False
        if tick.sequence != self.last + 1:
            raise TickGap(
                f"tick {self.last + 1} is missing: {tick.schedule} {tick.ordinal} has sequence {tick.sequence}; "
                "check that the tick topic is compacted only and has not been written to by others"
            )
        number = self._number(tick)
        ends = self._ends[number]
        if tick.ordinal != self._first[number] + len(ends):
            raise TickGap(
                f"{tick.schedule}: ordinal {tick.ordinal} follows {self._first[number] + len(ends) - 1}; "
                "check that the tick topic is compacted only and has not been written to by others"
            )
        ends.append(tick.ends_at)
        self._schedule.append(number)
        self._ordinal.append(tick.ordinal)
        self.last = tick.sequence
        return True

    def _number(self, tick: SeenTick) -> int:
        number = self._numbers.get(tick.schedule)
        if number is None:
            number = self._numbers[tick.schedule] = len(self._names)
            self._names.append(tick.schedule)
            self._ends.append(array("q"))
            self._first.append(tick.ordinal)
        return number

    def at(self, sequence: int) -> SeenTick:
        """The tick with this sequence, between `floor` + 1 and `last`."""
        index = sequence - self.floor - 1
        number, ordinal = self._schedule[index], self._ordinal[index]
        ends_at = self._ends[number][ordinal - self._first[number]]
        return SeenTick(self._names[number], ordinal, sequence, Instant(ends_at))

    def ends_at(self, sequence: int) -> Instant:
        index = sequence - self.floor - 1
        number = self._schedule[index]
        return Instant(self._ends[number][self._ordinal[index] - self._first[number]])

    def passed(self, schedule: str, instant: Instant, folded: int) -> int:
        """The ordinal of the schedule's last tick at or before `instant`, among those up to ordinal `folded`.

        0 when there is none: ordinals start at 1, or behind the floor of a schedule whose oldest ticks were let go.
        """
        number = self._numbers.get(schedule)
        if number is None:
            return 0
        ends, first = self._ends[number], self._first[number]
        count = folded - first + 1
        if count <= 0:
            return first - 1
        if instant >= ends[count - 1]:
            return folded
        return first - 1 + bisect_right(ends, instant, 0, count)

    def settled_from(self, schedule: str, folded: int) -> Instant | None:
        """From which instant on `passed` is just `folded`; None when it never is (ticks let go, none seen yet)."""
        number = self._numbers.get(schedule)
        if number is None:
            return BEFORE_ALL if folded == 0 else None
        count = folded - self._first[number] + 1
        if count <= 0:
            return BEFORE_ALL if count == 0 else None
        return Instant(self._ends[number][count - 1])

    def folded_at(self, sequence: int) -> dict[str, int]:
        """Each schedule's ordinal once every tick up to `sequence` has been folded."""
        folded: dict[str, int] = {}
        for index in range(sequence - self.floor):
            folded[self._names[self._schedule[index]]] = self._ordinal[index]
        return folded
