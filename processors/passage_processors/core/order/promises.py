"""The clock's promises: before which instant no tick can come any more, so that facts need not wait.

A tick promises its schedule's next one; an entry of the schedules topic corrects that when a schedule is defined,
changed, paused or removed. An entry holds from a tick sequence on, because the two topics are read side by side:
applied before the ticks it follows were read, it would let facts pass them.
"""

from collections.abc import Iterable
from typing import NamedTuple

from passage_schemas.instant import Instant
from passage_schemas.schedule_entry import ScheduleEntry

NEVER = Instant(1 << 62)
"""Nothing more is known to come: the schedule holds nobody."""
ALWAYS = Instant(-(1 << 62))
"""Nothing is known yet: every fact waits."""


class Promise(NamedTuple):
    sequence: int
    next_at: Instant


class Hold(NamedTuple):
    """Facts at or after `before` wait for `schedule` (None where nothing holds them)."""

    before: Instant
    schedule: str | None


class Promises:
    """The latest promise of each schedule."""

    def __init__(self) -> None:
        self._promises: dict[str, Promise] = {}
        self._entries: list[ScheduleEntry] = []
        self.named: set[str] = set()
        """Every schedule the clock has ever named."""
        self.silenced: dict[str, ScheduleEntry] = {}
        """Those the clock was told to give no ticks of: removed or paused, by their last entry."""

    def tick(self, schedule: str, sequence: int, next_at: Instant | None) -> None:
        self.named.add(schedule)
        self._promise(schedule, sequence, NEVER if next_at is None else next_at)

    def entry(self, entry: ScheduleEntry) -> None:
        self.named.add(entry.schedule)
        self._entries.append(entry)
        if entry.status == "active":
            self.silenced.pop(entry.schedule, None)
        else:
            self.silenced[entry.schedule] = entry

    def _promise(self, schedule: str, sequence: int, next_at: Instant) -> None:
        known = self._promises.get(schedule)
        if known is None or sequence >= known.sequence:
            self._promises[schedule] = Promise(sequence, next_at)

    def _apply_entries(self, seen: int) -> None:
        waiting = []
        for entry in self._entries:
            if entry.sequence > seen:
                waiting.append(entry)
            elif entry.status != "active" or entry.next_at is None:
                self._promise(entry.schedule, entry.sequence, NEVER)
            else:
                self._promise(entry.schedule, entry.sequence, entry.next_at)
        self._entries = waiting

    def next_at(self, schedule: str) -> Instant:
        """The promise in force; ALWAYS before the first."""
        promise = self._promises.get(schedule)
        return ALWAYS if promise is None else promise.next_at

    def hold(self, counted: Iterable[str], seen: int, released: Iterable[str] = ()) -> Hold:
        """What holds facts back, ticks having been read up to sequence `seen`: the earliest promise among the schedules
        counted, but for those `released`."""
        if self._entries:
            self._apply_entries(seen)
        held = Hold(NEVER, None)
        for schedule in sorted(set(counted).difference(released)):
            before = self.next_at(schedule)
            if before < held.before:
                held = Hold(before, schedule)
        return held
