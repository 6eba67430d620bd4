"""The clock's promises: before which instant no tick can come any more, so that facts need not wait.

A tick promises its schedule's next one; an entry of the schedules topic corrects that when a schedule is defined,
changed, paused or removed. Which of them is in force, schemas say for the clock too; two things are said here, of who
waits by it:

- An entry counts from a tick sequence on, because the two topics are read side by side: taken in before the ticks it
  follows were read, it would let facts pass them.
- One that pauses or removes a schedule holds nobody, though the clock keeps a paused one's promise for its return.
"""

from collections.abc import Iterable
from typing import NamedTuple

from passage_schemas.instant import Instant
from passage_schemas.promise import Promise, in_force
from passage_schemas.schedule_entry import ScheduleEntry

NEVER = Instant(1 << 62)
"""Nothing more is known to come: the schedule holds nobody."""
ALWAYS = Instant(-(1 << 62))
"""Nothing is known yet: every fact waits."""


class Hold(NamedTuple):
    """Facts at or after `before` wait for `schedule` (None where nothing holds them)."""

    before: Instant
    schedule: str | None


class Promises:
    """The latest promise of each schedule."""

    def __init__(self) -> None:
        self._by_tick: dict[str, Promise] = {}
        self._by_entry: dict[str, Promise] = {}
        self._waiting: list[ScheduleEntry] = []
        self.named: set[str] = set()
        """Every schedule the clock has ever named."""
        self.silenced: dict[str, ScheduleEntry] = {}
        """Those the clock was told to give no ticks of: removed or paused, by their last entry."""

    def tick(self, schedule: str, sequence: int, next_at: Instant | None) -> None:
        self.named.add(schedule)
        self._by_tick[schedule] = Promise(sequence, next_at)

    def entry(self, entry: ScheduleEntry) -> None:
        self.named.add(entry.schedule)
        self._waiting.append(entry)
        if entry.status == "active":
            self.silenced.pop(entry.schedule, None)
        else:
            self.silenced[entry.schedule] = entry

    def _take_in_entries(self, seen: int) -> None:
        waiting = []
        for entry in self._waiting:
            if entry.sequence > seen:
                waiting.append(entry)
            else:
                next_at = entry.next_at if entry.status == "active" else None
                self._by_entry[entry.schedule] = Promise(entry.sequence, next_at)
        self._waiting = waiting

    def next_at(self, schedule: str) -> Instant:
        """The promise in force; ALWAYS before the first, NEVER where nobody waits by it."""
        promise = in_force(self._by_tick.get(schedule), self._by_entry.get(schedule))
        if promise is None:
            return ALWAYS
        return NEVER if promise.next_at is None else promise.next_at

    def hold(self, counted: Iterable[str], seen: int, released: Iterable[str] = ()) -> Hold:
        """What holds facts back, ticks having been read up to sequence `seen`: the earliest promise among the schedules
        counted, but for those `released`."""
        if self._waiting:
            self._take_in_entries(seen)
        held = Hold(NEVER, None)
        for schedule in sorted(set(counted).difference(released)):
            before = self.next_at(schedule)
            if before < held.before:
                held = Hold(before, schedule)
        return held
