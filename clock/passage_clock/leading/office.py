"""One time in office: the writer, the four steps that make it safe to use, and the ticks themselves.

    1 open     every older writer of the clock's one transactional id is fenced
    2 mark     a barrier on the tick topic, in its own transaction: the partition itself now knows our epoch, and the
               barrier's offset is the term
    3          the caller reads on to our own barrier (`Follower.passed`): the last tick of each schedule, for certain
    4 settle   refuse to lead with older data, or where a promise would be broken; ask the broker for the time; write
               what changed to the schedules topic

Why the barrier: a partition learns of an epoch only from a write, and a deposed broker may tell a stale end offset.
Why the order: what is read before the fence may be followed by another tick of the writer not yet fenced.

Refuses to survive an error. Whatever is raised here, the office is over: `discard` it and make another.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import structlog

from passage_clock.errors import PlanError
from passage_clock.leading.promises import broken, compared, compared_by_the_rules, hold
from passage_clock.leading.retention import LastGone, Release, Sweeper, cutoffs
from passage_clock.leading.skew import WallReading, skew_seconds
from passage_clock.leading.throttle import Throttle
from passage_clock.planning.plan import LastTick, Plan, Planned
from passage_clock.records.clock_state import ClockState, Published
from passage_clock.records.control import PROBE_KEY, Trigger
from passage_clock.records.entries import Edition, entries_to_write, first_instants, is_paused
from passage_clock.records.follower import Places
from passage_clock.records.terms import LEADER_HEADER, RESIGNED_HEADER, signature
from passage_clock.records.ticks import TickWriter
from passage_clock.records.triggers import TriggerAnswer, answer
from passage_clock.schedules import Schedule
from passage_clock.wall import Wall
from passage_log.errors import WriterLost
from passage_log.hanging import end_hanging
from passage_log.port import Log, Writer
from passage_schemas.instant import Instant, milliseconds_of
from passage_schemas.records import SCHEDULE_ENTRY, TERM_KEY
from passage_schemas.schedule_entry import ScheduleEntry

log = structlog.get_logger(__name__)

NEVER = Instant(-(2**63))

ANSWERS_AT_ONCE = 1_000
"""Triggers in one transaction: as short as one of ticks."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Ticks that became readable together, in the order of their sequence; none, where all that was late was skipped.
    `moved`: the promises that a skip moved, readable with them."""

    ticks: Sequence[Planned]
    first_sequence: int
    published_at: Instant
    moved: Mapping[str, Instant | None] = field(default_factory=dict)

    @property
    def last_sequence(self) -> int:
        return self.first_sequence + len(self.ticks) - 1

    @property
    def lateness_seconds(self) -> float:
        """How long after its instant the earliest of them came."""
        earliest = min((tick.occurrence.ends_at for tick in self.ticks), default=self.published_at)
        return (self.published_at - earliest) / 1_000_000


class Office:
    """Belongs to one thread. `by` is the candidate's name, for the entries and the resignation.
    `catch_up_ticks_per_second` bounds the backfill, never the present; None: as fast as it goes."""

    def __init__(
        self,
        log: Log,
        wall: Wall,
        places: Places,
        schedules: Sequence[Schedule],
        edition: Edition,
        source: str,
        by: str,
        catch_up_ticks_per_second: int | None = None,
    ) -> None:
        self._log = log
        self._wall = wall
        self._places = places
        self._schedules = tuple(schedules)
        # Asked at every rest of a leader, which may have ten thousand others.
        self._letting_go = tuple(one for one in self._schedules if one.keep_days is not None)
        self._edition = edition
        self._source = source
        self._by = by
        self._writer: Writer | None = None
        self._plan: Plan | None = None
        self._ticks: TickWriter | None = None
        self._published: dict[str, Published] = {}
        self._entries: dict[str, ScheduleEntry] = {}
        self._throttle = Throttle(catch_up_ticks_per_second) if catch_up_ticks_per_second is not None else None
        self._began_at: Instant | None = None
        self._answered: set[bytes] = set()
        self._sweeper = Sweeper(log, places.ticks)
        self._sequence = 0
        self._settled = False
        self._has_ended_hanging = False
        self._is_doubtful = False
        """A transaction lost a connection, so its end may have been asked for twice, and the copy be under way still:
        it could end the next one. Only a new office's epoch fences it."""
        self._term: int | None = None
        self._since_at: Instant | None = None
        self.promises: Mapping[str, Instant | None] = {}
        """Each schedule's next occurrence as it was at the last settlement."""
        self._promised: dict[str, Instant | None] = {}
        """The same as it is now, by all that this office wrote."""

    def open(self, transactional_id: str) -> None:
        """Step 1. Raises Unreachable, Fenced."""
        assert self._writer is None, "an office has one writer; make another office"
        self._writer = self._log.writer(transactional_id)
        self._writer.open()

    def mark(self, last_at: Instant) -> int:
        """Step 2. Write the barrier; its offset is the term. Raises Fenced, WriterLost.

        `last_at` is its timestamp: the last tick's instant as far as is known. Not the wall's time, which nobody has
        yet compared with the broker's."""
        self._since_at = self._wall.now()
        self._term = self._write_term(last_at, LEADER_HEADER)
        return self._term

    def end_hanging(self) -> None:
        """What can't be read may be a leader's before us, called ended by its coordinator when this writer was opened
        or before, and undecided all the same. Once an office. On the ticks the barrier has ended it: nobody had read
        them, and now they are facts. Raises Fenced, WriterLost."""
        if not self._has_ended_hanging:
            places = self._places
            end_hanging(self._open_writer(), [places.schedules, places.control, places.triggers])
            self._has_ended_hanging = True
            log.info("hanging_ended", candidate=self._by, term=self._term)

    def probe(self) -> tuple[float, WallReading]:
        """Seconds the wall is ahead of the broker, negative when behind, and the reading of our clocks of which that is
        true. Raises Fenced, WriterLost."""
        writer = self._open_writer()
        writer.begin()
        signed = signature(self._by, self._wall.now(), self._term, self._since_at)
        delivery = writer.deliver(self._places.control, PROBE_KEY, None, milliseconds_of(self._wall.now()), signed)
        reading = WallReading.of(self._wall)
        self._commit(writer)
        return skew_seconds(reading.wall_at, delivery.timestamp_ms), reading

    def settle(self, state: ClockState) -> list[ScheduleEntry]:
        """Step 4. Write what changed to the schedules topic and plan the ticks to come. Gives what was written.

        Called again when operators ask for something: what this office wrote counts before what was read. Raises
        PlanError for schedules that can't go on from what was published, a line each, and PromiseError where what comes
        next is not what was promised; it has written nothing then."""
        now, state = self._wall.now(), self._with_our_own(state)
        refused = broken(self._schedules, state)
        if refused:
            raise PlanError("\n".join(refused))
        last = {name: published.last for name, published in state.published.items()}
        first_at = first_instants(self._schedules, state, self._edition, now)
        if self._began_at is None and state.sequence == 0:
            self._began_at = now  # Nobody has published before: whatever ended by now is backfill.
        paused = [schedule for schedule in self._schedules if is_paused(schedule.name, state.asks)]
        active = [schedule for schedule in self._schedules if not is_paused(schedule.name, state.asks)]
        try:
            resting, plan = Plan(paused, last, first_at), Plan(active, last, first_at, self._began_at)
        except PlanError:  # An unchanged rule that names a label again breaks its promise: another candidate may not.
            hold(compared_by_the_rules(self._schedules, state, self._edition))
            raise
        promises = {**resting.promises(), **plan.promises()}
        hold(compared(self._schedules, promises, state, self._edition))
        if not self._settled:  # Later nobody has just asked the broker for the time; `publish` is told one to judge by.
            plan.give_up(now)
        self.promises = {**promises, **plan.promises()}
        changed = entries_to_write(self._schedules, self.promises, state, self._edition, self._by)
        if changed:
            writer = self._open_writer()
            writer.begin()
            self._append_entries(writer, changed, now)
            self._commit(writer)
        self._entries = {**state.entries, **{entry.schedule: entry for entry in changed}}
        self._plan = plan
        self._ticks = TickWriter(self._source, self._edition.tzdata, {name: tick.digest for name, tick in last.items()})
        self._published = dict(state.published)
        self._promised = dict(self.promises)
        self._sequence = state.sequence
        self._settled = True
        return changed

    @property
    def sequence(self) -> int:
        """The last tick's on the log."""
        return self._sequence

    def wake_at(self) -> Instant | None:
        """When there is something to publish; None when nothing more is known to come."""
        plan = self._settled_plan()
        wake_at, live_at = plan.wake_at(), plan.live_at()
        if self._throttle is None or wake_at is None or wake_at == live_at:
            return wake_at
        wake_at = Instant(max(wake_at, self._wall.now() + round(self._throttle.wait_seconds * 1_000_000)))
        return wake_at if live_at is None else min(live_at, wake_at)

    def is_behind(self, now: Instant) -> bool:
        """Whether ticks are due that were not published yet."""
        wake_at = self._settled_plan().wake_at()
        return wake_at is not None and wake_at <= now

    def backlog(self, now: Instant) -> int:
        """About how many ticks that are. Exact where they are few."""
        return self._settled_plan().backlog(now)

    def publish(self, now: Instant, limit: int) -> Batch | None:
        """Publish what is due by `now`, at most `limit` ticks, in one transaction. None when nothing is due.

        Our memory moves on only when the log has the ticks. Raises Fenced (none is readable), WriterLost (unknown)."""
        if self._is_doubtful:
            raise WriterLost("a connection was lost in a transaction, so its end may be asked for twice")
        plan, throttle = self._settled_plan(), self._throttle
        due = plan.due(now, limit, throttle.room(self._wall.monotonic()) if throttle is not None else None)
        moved = plan.moved()
        if not due and not moved:
            return None
        writer = self._open_writer()
        writer.begin()
        entries = [self._with_promise(name, next_at) for name, next_at in moved.items()]
        self._append_entries(writer, entries, now)
        self._promised |= moved
        latest = self._append(writer, due, now)
        self._commit(writer)
        if throttle is not None:
            throttle.took(plan.backfilled)
        batch = Batch(due, self._sequence + 1, now, moved)
        self._sequence = batch.last_sequence
        self._published.update(latest)
        self._entries.update((entry.schedule, entry) for entry in entries)
        return batch

    def answer(self, triggers: Mapping[bytes, Trigger], now: Instant) -> list[TriggerAnswer]:
        """Answer those not answered yet, event and word in one transaction. `triggers`: all that were read and of which
        no word was read, by their keys. Raises Fenced (none is answered), WriterLost (unknown)."""
        self._answered &= triggers.keys()
        waiting = [one for key, one in triggers.items() if key not in self._answered][:ANSWERS_AT_ONCE]
        if not waiting:
            return []
        known = {schedule.name: schedule for schedule in self._schedules}
        answers = [answer(one, known, now) for one in waiting]
        writer = self._open_writer()
        writer.begin()
        for one in answers:
            if one.event is not None:
                key, value, timestamp_ms, headers = one.record(self._source)
                writer.append(self._places.triggers, key, value, timestamp_ms, headers)
            done = one.trigger.encode_done(self._by, one.outcome)
            writer.append(self._places.control, one.trigger.key, done, milliseconds_of(now))
        self._commit(writer)
        self._answered.update(one.key for one in waiting)
        return answers

    def tidy(self, now: Instant) -> Release | None:
        """Let a piece go of what is no longer kept; None when it is not time for it. Raises Fenced, WriterLost."""
        names = [one.name for one in self._letting_go if one.name in self._published]
        until = cutoffs(self._letting_go, {name: self._published[name].last for name in names})
        floors = {name: self._entries[name].floor_ordinal for name in names}
        release = self._sweeper.piece(until, floors, self._wall.monotonic())
        if release is not None and release.keys:
            self._let_go(release, now)
        return release

    def _let_go(self, release: Release, now: Instant) -> None:
        """The floors, and the null values of what lies before them, in one transaction: whoever reads sees both."""
        entries = [self._with_floor(name, floor) for name, floor in release.floors.items()]
        writer = self._open_writer()
        writer.begin()
        self._append_entries(writer, entries, now)
        for key in release.keys:
            writer.append(self._places.ticks, key, None, milliseconds_of(now))
        self._commit(writer)
        self._entries.update((entry.schedule, entry) for entry in entries)

    def resign(self) -> None:
        """Tell whoever reads the tick topic that this leader goes of its own accord. The probe before it vouches for
        the walls of standbys, also of one that has only just come. Raises Fenced, WriterLost."""
        self.probe()
        last_at = max((published.last.ends_at for published in self._published.values()), default=Instant(0))
        self._write_term(last_at, RESIGNED_HEADER)

    def discard(self) -> None:
        if self._writer is not None:
            self._writer.discard()
            self._writer = None

    def _append(self, writer: Writer, due: Sequence[Planned], now: Instant) -> dict[str, Published]:
        """Hot: 60,000 a second in catch-up. Gives each schedule's last tick, for when the transaction is committed."""
        assert self._ticks is not None, "settle first"
        append, encode, partition = writer.append, self._ticks.encode, self._places.ticks
        sequence = self._sequence
        places = {name: (published.last.ordinal, published.last.ends_at) for name, published in self._published.items()}
        promised = self._promised
        tail: dict[str, tuple[Planned, int, bytes]] = {}
        for planned in due:
            sequence += 1
            name, ordinal, ends_at = planned.schedule.name, planned.ordinal, planned.occurrence.ends_at
            before, last_at = places.get(name, (0, NEVER))
            assert ordinal == before + 1, f"{name}: tick {ordinal} was planned after tick {before}"
            assert last_at < ends_at <= now, f"{name}: tick {ordinal} at {ends_at}, after {last_at}, at {now}"
            assert ends_at >= (promised[name] or NEVER), f"{name}: tick {ordinal} at {ends_at}, before its promise"
            places[name] = (ordinal, ends_at)
            promised[name] = planned.next_at
            key, value, headers, timestamp_ms, digest = encode(planned, sequence, now)
            append(partition, key, value, timestamp_ms, headers)
            tail[name] = (planned, sequence, digest)
        return {name: _published(*last) for name, last in tail.items()}

    def _with_our_own(self, state: ClockState) -> ClockState:
        """A follower rests while its candidate is in office: it knows none of the ticks published since."""
        if not self._settled:
            return state
        entries = {**state.entries, **self._entries}
        return replace(state, published=self._published, sequence=self._sequence, entries=entries)

    def _with_promise(self, schedule: str, next_at: Instant | None) -> ScheduleEntry:
        return replace(self._entries[schedule], next_at=next_at, sequence=self._sequence)

    def _with_floor(self, schedule: str, floor: LastGone) -> ScheduleEntry:
        return replace(
            self._with_promise(schedule, self._promised[schedule]),
            floor_ordinal=floor.ordinal + 1,
            floor_sequence=floor.sequence,
            floor_at=floor.at,
            floor_digest=floor.digest,
        )

    def _append_entries(self, writer: Writer, entries: Iterable[ScheduleEntry], now: Instant) -> None:
        for entry in entries:
            writer.append(
                self._places.schedules, entry.schedule.encode(), SCHEDULE_ENTRY.encode(entry), milliseconds_of(now)
            )

    def _settled_plan(self) -> Plan:
        assert self._plan is not None, "settle first"
        return self._plan

    def _write_term(self, last_at: Instant, header: str) -> int:
        writer = self._open_writer()
        writer.begin()
        delivery = writer.deliver(
            self._places.ticks,
            TERM_KEY,
            None,
            # At least one: the client reads 0 as "now".
            max(1, milliseconds_of(last_at)),
            signature(self._by, self._wall.now(), self._term, self._since_at, header),
        )
        self._commit(writer)
        return delivery.offset

    def _commit(self, writer: Writer) -> None:
        writer.commit()
        self._is_doubtful = self._is_doubtful or writer.is_doubtful

    def _open_writer(self) -> Writer:
        assert self._writer is not None, "the office is over: its writer was discarded"
        return self._writer


def _published(planned: Planned, sequence: int, digest: bytes) -> Published:
    occurrence = planned.occurrence
    last = LastTick(planned.ordinal, occurrence.period, occurrence.ends_at, digest)
    return Published(last, sequence, planned.next_at)
