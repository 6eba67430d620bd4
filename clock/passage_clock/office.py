"""One time in office: the writer, the four steps that make it safe to use, and the ticks themselves.

    1 open     every older writer of the clock's one transactional id is fenced
    2 mark     a barrier on the tick topic, in its own transaction: the partition itself now knows our epoch, and the
               barrier's offset is the term
    3          the caller reads on to our own barrier (`Follower.passed`): the last tick of each schedule, for certain
    4 settle   refuse to lead with older data; ask the broker for the time; write what changed to the schedules topic

Why the barrier: a partition learns of an epoch only from a write, and a deposed broker may tell a stale end offset.
Why the order: what is read before the fence may be followed by another tick of the writer not yet fenced.

Refuses to survive an error. Whatever is raised here, the office is over: `discard` it and make another.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from passage_clock.control import PROBE_KEY
from passage_clock.entries import Edition, entries_to_write, first_instants, is_paused
from passage_clock.follower import LEADER_HEADER, RESIGNED_HEADER, TERM_KEY, Places
from passage_clock.memory import Memory, Published
from passage_clock.plan import LastTick, Plan, Planned
from passage_clock.schedules import Schedule
from passage_clock.skew import Reading, skew_seconds
from passage_clock.ticks import TickWriter
from passage_clock.wall import Wall
from passage_log.port import Log, Writer
from passage_schemas.instant import Instant, milliseconds_of
from passage_schemas.records import SCHEDULE_ENTRY
from passage_schemas.schedule_entry import ScheduleEntry

BEFORE_THE_FIRST = (0, Instant(-(2**63)))


@dataclass(frozen=True, slots=True)
class Batch:
    """Ticks that became readable together, in the order of their sequence."""

    ticks: Sequence[Planned]
    first_sequence: int
    published_at: Instant

    @property
    def last_sequence(self) -> int:
        return self.first_sequence + len(self.ticks) - 1

    @property
    def lateness_seconds(self) -> float:
        """How long after its instant the earliest of them came."""
        return (self.published_at - min(tick.occurrence.ends_at for tick in self.ticks)) / 1_000_000


class Office:
    """Belongs to one thread. `by` is the candidate's name, for the entries and the resignation."""

    def __init__(
        self,
        log: Log,
        wall: Wall,
        places: Places,
        schedules: Sequence[Schedule],
        edition: Edition,
        source: str,
        by: str,
    ) -> None:
        self._log = log
        self._wall = wall
        self._places = places
        self._schedules = tuple(schedules)
        self._edition = edition
        self._source = source
        self._by = by
        self._writer: Writer | None = None
        self._plan: Plan | None = None
        self._ticks: TickWriter | None = None
        self._published: dict[str, Published] = {}
        self._written: dict[str, ScheduleEntry] = {}
        self._sequence = 0
        self._settled = False
        self.promises: Mapping[str, Instant | None] = {}
        """Each schedule's next occurrence as it was at the last settlement."""

    def open(self, transactional_id: str) -> None:
        """Step 1. Raises Unreachable, Fenced."""
        assert self._writer is None, "an office has one writer; make another office"
        self._writer = self._log.writer(transactional_id)
        self._writer.open()

    def mark(self, last_at: Instant) -> int:
        """Step 2. Write the barrier; its offset is the term. Raises Fenced, WriterLost.

        `last_at` is its timestamp: the last tick's instant as far as is known. Not the wall's time, which nobody has
        yet compared with the broker's."""
        return self._write_term(last_at, LEADER_HEADER)

    def probe(self) -> tuple[float, Reading]:
        """Seconds the wall is ahead of the broker, negative when behind, and the reading of our clocks of which that is
        true. Raises Fenced, WriterLost."""
        writer = self._open_writer()
        writer.begin()
        delivery = writer.deliver(self._places.control, PROBE_KEY, None, milliseconds_of(self._wall.now()))
        reading = Reading(self._wall.now(), self._wall.monotonic())
        writer.commit()
        return skew_seconds(reading.wall_at, delivery.timestamp_ms), reading

    def settle(self, memory: Memory) -> list[ScheduleEntry]:
        """Step 4. Write what changed to the schedules topic and plan the ticks to come. Gives what was written.

        Called again when operators ask for something: what this office wrote counts before what was read."""
        now, memory = self._wall.now(), self._with_our_own(memory)
        last = {name: published.last for name, published in memory.published.items()}
        first_at = first_instants(self._schedules, memory, now)
        self.promises = Plan(self._schedules, last, first_at).promises()
        changed = entries_to_write(self._schedules, self.promises, memory, self._edition, self._by)
        if changed:
            self._write_entries(changed, now)
        active = [schedule for schedule in self._schedules if not is_paused(schedule.name, memory.asks)]
        self._plan = Plan(active, last, first_at)
        self._ticks = TickWriter(self._source, self._edition.tzdata, {name: tick.digest for name, tick in last.items()})
        self._published = dict(memory.published)
        self._sequence = memory.sequence
        self._settled = True
        return changed

    @property
    def sequence(self) -> int:
        """The last tick's on the log."""
        return self._sequence

    def wake_at(self) -> Instant | None:
        """When the next tick is due; None when nothing more is known to come."""
        assert self._plan is not None, "settle first"
        return self._plan.wake_at()

    def publish(self, now: Instant, limit: int) -> Batch | None:
        """Publish what is due by `now`, at most `limit` ticks, in one transaction. None when nothing is due.

        Our memory moves on only when the log has the ticks. Raises Fenced (none is readable), WriterLost (unknown)."""
        assert self._plan is not None, "settle first"
        due = self._plan.due(now, limit)
        if not due:
            return None
        writer = self._open_writer()
        writer.begin()
        latest = self._append(writer, due, now)
        writer.commit()
        batch = Batch(due, self._sequence + 1, now)
        self._sequence = batch.last_sequence
        self._published.update(latest)
        return batch

    def resign(self) -> None:
        """Tell whoever reads the tick topic that this leader goes of its own accord. Raises Fenced, WriterLost."""
        last_at = max((published.last.ends_at for published in self._published.values()), default=Instant(0))
        self._write_term(last_at, RESIGNED_HEADER)

    def discard(self) -> None:
        if self._writer is not None:
            self._writer.discard()
            self._writer = None

    def _append(self, writer: Writer, due: Sequence[Planned], now: Instant) -> dict[str, Published]:
        """Hot: 50,000 a second in catch-up. Gives each schedule's last tick, for when the transaction is committed."""
        assert self._ticks is not None, "settle first"
        append, encode, partition = writer.append, self._ticks.encode, self._places.ticks
        sequence = self._sequence
        places = {name: (published.last.ordinal, published.last.ends_at) for name, published in self._published.items()}
        tail: dict[str, tuple[Planned, int, bytes]] = {}
        for planned in due:
            sequence += 1
            name, ordinal, ends_at = planned.schedule.name, planned.ordinal, planned.occurrence.ends_at
            before, last_at = places.get(name, BEFORE_THE_FIRST)
            assert ordinal == before + 1, f"{name}: tick {ordinal} was planned after tick {before}"
            assert last_at < ends_at <= now, f"{name}: tick {ordinal} at {ends_at}, after {last_at}, at {now}"
            places[name] = (ordinal, ends_at)
            key, value, headers, timestamp_ms, digest = encode(planned, sequence, now)
            append(partition, key, value, timestamp_ms, headers)
            tail[name] = (planned, sequence, digest)
        return {name: _published(*last) for name, last in tail.items()}

    def _with_our_own(self, memory: Memory) -> Memory:
        """A follower rests while its candidate is in office: it knows none of the ticks published since."""
        if not self._settled:
            return memory
        entries = {**memory.entries, **self._written}
        return replace(memory, published=self._published, sequence=self._sequence, entries=entries)

    def _write_entries(self, entries: Sequence[ScheduleEntry], now: Instant) -> None:
        writer = self._open_writer()
        writer.begin()
        for entry in entries:
            writer.append(
                self._places.schedules, entry.schedule.encode(), SCHEDULE_ENTRY.encode(entry), milliseconds_of(now)
            )
        writer.commit()
        self._written.update((entry.schedule, entry) for entry in entries)

    def _write_term(self, last_at: Instant, header: str) -> int:
        writer = self._open_writer()
        writer.begin()
        delivery = writer.deliver(
            self._places.ticks,
            TERM_KEY,
            None,
            # At least one: the client reads 0 as "now".
            max(1, milliseconds_of(last_at)),
            [(header, self._by.encode())],
        )
        writer.commit()
        return delivery.offset

    def _open_writer(self) -> Writer:
        assert self._writer is not None, "the office is over: its writer was discarded"
        return self._writer


def _published(planned: Planned, sequence: int, digest: bytes) -> Published:
    occurrence = planned.occurrence
    last = LastTick(planned.ordinal, occurrence.period, occurrence.ends_at, digest)
    return Published(last, sequence, planned.next_at)
