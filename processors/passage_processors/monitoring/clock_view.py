"""What the clock has said, as far as its topics' ends tell: each schedule's last tick, and what it promised.

Refuses to read all of a long tick topic: it looks back from the end, each time further, until every schedule asked for
has shown a tick or `MOST_LOOK_BACK` offsets were read; what lies further back is told as never.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from passage_log.port import Reader
from passage_log.ranges import last_of_each, read_decided, read_range, readable_ends
from passage_processors.core.order.promises import ALWAYS, NEVER, Hold, Promises
from passage_schemas.given.did_you_mean import did_you_mean
from passage_schemas.instant import Instant, rfc3339
from passage_schemas.log_record import Partition, Record
from passage_schemas.records import entry_of, tick_of, ticks_schedule
from passage_schemas.schedule_entry import ScheduleEntry
from passage_schemas.tick import Tick

FIRST_LOOK_BACK = 2_000
MOST_LOOK_BACK = 1_000_000
"""Offsets; some seconds' reading."""
LONG_PAUSE_SECONDS = 60.0
"""How long a tick is held back by a pause until somebody should see to it."""


@dataclass(frozen=True, slots=True)
class ScheduleView:
    """A schedule an app counts. `status`: active, paused, removed, or unknown where the clock has never named it.
    `next_at`: when its next tick is promised, None where none is."""

    name: str
    status: str
    ordinal: int
    next_at: Instant | None


class ClockView:
    """The clock's word on the schedules asked for."""

    def __init__(self, entries: Collection[ScheduleEntry], ticks: Collection[Tick]) -> None:
        self.ticks = {tick.schedule: tick for tick in ticks}
        self.last = max(ticks, key=lambda tick: tick.sequence, default=None)
        self._entries = {entry.schedule: entry for entry in entries}
        self._promises = Promises()
        for entry in entries:
            self._promises.entry(entry)
        for tick in ticks:
            self._promises.tick(tick.schedule, tick.sequence, tick.next_at)

    @property
    def sequence(self) -> int:
        """The last tick's, 0 before the first."""
        return 0 if self.last is None else self.last.sequence

    def ordinal(self, schedule: str) -> int:
        """The schedule's last; 0 before the first."""
        tick = self.ticks.get(schedule)
        return 0 if tick is None else tick.ordinal

    def hold(self, counted: Collection[str], released: Collection[str] = ()) -> Hold:
        """What holds back the facts of an app that counts these."""
        return self._promises.hold(counted, self.sequence, released)

    def next_at(self, schedule: str) -> Instant | None:
        """When its next tick is promised."""
        self._promises.hold((), self.sequence)
        at = self._promises.next_at(schedule)
        return None if at in (ALWAYS, NEVER) else at

    def schedule(self, name: str) -> ScheduleView:
        entry = self._entries.get(name)
        status = "unknown" if not self.names(name) else "active" if entry is None else entry.status
        return ScheduleView(name, status, self.ordinal(name), self.next_at(name))

    def names(self, schedule: str) -> bool:
        """Has the clock ever named it?"""
        return schedule in self._promises.named

    def silence(self, schedule: str, now: Instant) -> str | None:
        """Why those that count it get no tick, where the clock was told to give none; None where it is heard. A pause
        counts once it has held back a tick for so long that nobody waits for it by chance."""
        entry = self._entries.get(schedule)
        if entry is None or entry.status == "active":
            return None
        if entry.status == "removed":
            return (
                f"{schedule} was removed by {entry.status_by}: {entry.status_reason}; put it back into the clock's file"
            )
        if entry.next_at is None or now - entry.next_at < LONG_PAUSE_SECONDS * 1_000_000:
            return None
        held = rfc3339(entry.next_at)
        return (
            f"{schedule} is paused by {entry.status_by}: {entry.status_reason}; its tick of {held} waits for "
            f"`passage clock resume {schedule}`"
        )

    def hint(self, schedule: str) -> str:
        """Of one the clock never named: what may have been meant."""
        known = f"it names: {', '.join(sorted(self._promises.named)) or 'none'}"
        return f"the clock has never named {schedule!r}; {did_you_mean(schedule, self._promises.named, known)}"


def read_clock(reader: Reader, ticks: str, schedules: str, wanted: Collection[str]) -> ClockView:
    """`wanted`: the schedules whose last tick is looked for. Raises Unreachable, Unfit."""
    entries = _entries(reader, Partition(schedules, 0))
    gone = {name for name, entry in entries.items() if entry.status == "removed"}
    names = {name.encode() for name in set(wanted) - gone}
    last_ticks = last_of_each(reader, {Partition(ticks, 0): names}, _whose, _tick, FIRST_LOOK_BACK, MOST_LOOK_BACK)
    return ClockView(entries.values(), last_ticks.values())


def _whose(record: Record) -> bytes | None:
    return ticks_schedule(record.key(), record.value())


def _tick(record: Record) -> Tick | None:
    return tick_of(record.value())


def first_ticks(reader: Reader, ticks: str, places: Mapping[int, tuple[int, int]]) -> dict[int, Tick]:
    """`places`: of each task an offset and a sequence. The first tick from there on that comes after the sequence; none
    where there is none. Raises Unreachable."""
    topic = Partition(ticks, 0)
    begin, ends = reader.offset_at(topic, 0), readable_ends(reader, [topic])
    first: dict[tuple[int, int], Tick | None] = {}
    for offset, sequence in set(places.values()):
        records = read_range(reader, {topic: max(offset, begin)}, ends)
        first[offset, sequence] = next(
            (tick for tick in map(_tick, records) if tick and tick.sequence > sequence), None
        )
    return {number: tick for number, place in places.items() if (tick := first[place]) is not None}


def _entries(reader: Reader, schedules: Partition) -> dict[str, ScheduleEntry]:
    entries: dict[str, ScheduleEntry] = {}
    for record in read_decided(reader, [schedules]):
        if (entry := entry_of(record.value())) is not None:  # else somebody else's: the worker itself tells of it
            entries[entry.schedule] = entry
    return entries
