"""What the log says so far: the last tick of each schedule, what is promised, what operators asked.

A standby follows so that taking office costs the last few records and not the whole topic. The memory is bounded by the
number of schedules: of a schedule's ticks only the last value is kept, and decoded only when somebody takes office.

Refuses to conclude: what it has read may be behind the log. Only `passed`, asked for one's own barrier, makes it
certain.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

import structlog

from passage_clock.errors import ClockError
from passage_clock.records.clock_state import ClockState, Published
from passage_clock.records.control import (
    PROBE_KEY,
    TRIGGER_PREFIX,
    StatusAsk,
    Trigger,
    decode_ask,
    decode_trigger,
    shown,
)
from passage_clock.records.entries import is_paused
from passage_clock.records.terms import Probe, Term, probe_of, term_of
from passage_log.port import EARLIEST, FAR_AHEAD_MS, Log, Reader
from passage_schemas.errors import SchemaError
from passage_schemas.instant import Instant
from passage_schemas.log_record import Partition, Record
from passage_schemas.promise import Promise, in_force
from passage_schemas.records import SCHEDULE_ENTRY, TICK, is_of_term, ticks_schedule
from passage_schemas.schedule_entry import ScheduleEntry

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Places:
    """Where the clock's records are."""

    ticks: Partition
    schedules: Partition
    control: Partition
    triggers: Partition


class Follower:
    """Reads three of the clock's topics from their beginning. Raises what `Reader.poll` raises."""

    def __init__(self, log_: Log, places: Places) -> None:
        self.places = places
        self._log = log_
        self._reader: Reader = log_.reader()
        self._places = (places.ticks, places.schedules, places.control)
        self._reader.assign(dict.fromkeys(self._places, EARLIEST))
        self._is_resting = False
        self._last_values: dict[bytes, bytes] = {}
        self._last_value: bytes | None = None
        self.entries: dict[str, ScheduleEntry] = {}
        """Each schedule's last one."""
        self.heard = 0
        """Grows with every entry read: compare it to know of a new one."""
        self._asks: dict[str, StatusAsk] = {}
        self._promises: dict[str, Promise] = {}
        self._unread: set[bytes] = set()
        self._has_caught_up = False
        self.term: Term | None = None
        """The last barrier or resignation read."""
        self.probe: Probe | None = None
        """The last question for the broker's time."""
        self.asked = 0
        """Grows with every standing ask read: compare it to know of a new one."""
        self.triggers: dict[bytes, Trigger] = {}
        """Those read and not yet done, by their keys."""
        self._fold = {
            places.ticks.topic: self._tick,
            places.schedules.topic: self._entry,
            places.control.topic: self._ask,
        }

    def follow(self, max_records: int, timeout_seconds: float = 0.0) -> int:
        """Read on. How many records that were; 0 when none came in time."""
        records = self._reader.poll(max_records, timeout_seconds)
        for record in records:
            self._fold[record.topic()](record)
        return len(records)

    def passed(self, partition: Partition, offset: int) -> bool:
        """Whether everything up to and with `offset` has been read, or will never be readable."""
        return self._reader.position(partition) > offset

    def end(self, partition: Partition) -> int:
        return self._reader.end(partition)

    def ends(self) -> dict[Partition, int]:
        """Where its topics end, what is undecided included. Raises Unreachable."""
        return self._reader.ends(self._places)

    def readable_ends(self) -> dict[Partition, int]:
        """How far they can be read now: the first record undecided, if there is one. Raises Unreachable."""
        return {place: self._reader.offset_at(place, FAR_AHEAD_MS) for place in self._places}

    def positions(self) -> dict[Partition, int]:
        """How far was read of what it reads at the moment."""
        return {
            place: self._reader.position(place)
            for place in self._places
            if not (self._is_resting and place == self.places.ticks)
        }

    def is_at_the_end(self) -> bool:
        """Whether every readable tick and schedule was read, by what the broker says now. Raises Unreachable."""
        reader = self._reader
        is_at_the_end = all(
            reader.position(place) >= reader.offset_at(place, FAR_AHEAD_MS)
            for place in (self.places.ticks, self.places.schedules)
        )
        self._has_caught_up |= is_at_the_end
        return is_at_the_end

    def rest(self) -> None:
        """Read no more ticks: a leader knows its own."""
        self._is_resting = True
        self._reader.pause([self.places.ticks])

    def wake(self) -> None:
        self._is_resting = False
        self._reader.resume([self.places.ticks])

    def reopen(self) -> None:
        """Read on from the same place with a reader of its own: the old one may be stuck at a leader that is gone. What
        was read stays true, for what is committed never changes."""
        before, after = self._reader, self._log.reader()
        after.assign({place: before.position(place) for place in self._places})
        if self._is_resting:
            after.pause([self.places.ticks])
        self._reader = after
        before.close()

    def state(self) -> ClockState:
        """What was read so far. Raises SchemaError for a tick that can't be read."""
        published = dict(_published(value) for value in self._last_values.values())
        sequence = TICK.decode(self._last_value).sequence if self._last_value is not None else 0
        return ClockState(published, sequence, dict(self.entries), dict(self._asks))

    def promises(self) -> Mapping[str, Instant]:
        """When the next tick of each schedule is promised, of those that are to have one."""
        for schedule in self._unread:
            tick = TICK.decode(self._last_values[schedule])
            self._promises[tick.schedule] = Promise(tick.sequence, tick.next_at)
        self._unread.clear()
        found: dict[str, Instant] = {}
        for name, entry in self.entries.items():
            if entry.status != "active" or is_paused(name, self._asks):
                continue
            held = in_force(self._promises.get(name), entry)
            if held is not None and held.next_at is not None:
                found[name] = held.next_at
        return found

    def last_at(self) -> Instant:
        """The instant of the last tick read; 0 before the first."""
        return TICK.decode(self._last_value).ends_at if self._last_value is not None else Instant(0)

    def close(self) -> None:
        self._reader.close()

    def _tick(self, record: Record) -> None:
        key, value = record.key(), record.value()
        if value is None:
            if is_of_term(key, value):  # else a tick let go
                self._term(record)
        elif (name := ticks_schedule(key, value)) is None:
            _foreign(record, "not a tick: somebody else writes to this topic")
        else:
            self._last_values[name] = value
            self._unread.add(name)
            self._last_value = value

    def _term(self, record: Record) -> None:
        self.term = term_of(record)
        if self.term.has_resigned and self._has_caught_up:  # Those before are history.
            log.info("leader_resigned", by=self.term.leader, offset=record.offset())

    def _entry(self, record: Record) -> None:
        value = record.value()
        if value is None:
            return
        try:
            entry = SCHEDULE_ENTRY.decode(value)
        except SchemaError as error:
            _foreign(record, str(error))
        else:
            self.entries[entry.schedule] = entry
            self.heard += 1

    def _ask(self, record: Record) -> None:
        key, value = record.key(), record.value()
        if key == PROBE_KEY:
            self.probe = probe_of(record)
            return
        if key is None:
            return
        if key.startswith(TRIGGER_PREFIX):
            self._trigger(record, key, value)
            return
        self.asked += 1
        if value is None:
            self._asks.pop(key.decode(errors="replace"), None)
            return
        try:
            ask = decode_ask(key, value)
        except ClockError as error:
            log.warning("ask_ignored", offset=record.offset(), reason=str(error))
            return
        self._asks[ask.schedule] = ask

    def _trigger(self, record: Record, key: bytes, value: bytes | None) -> None:
        """What is done is forgotten, so that the memory doesn't grow with all that was ever asked."""
        self.triggers.pop(key, None)
        if value is None:
            return
        try:
            trigger = decode_trigger(key, value, Instant(record.timestamp()[1] * 1000))
        except ClockError as error:
            log.warning("ask_ignored", offset=record.offset(), reason=str(error))
            return
        if trigger is not None:
            self.triggers[key] = trigger


def _foreign(record: Record, reason: str) -> None:
    """Nobody else should write here, and one who does must not end the clock: what it wrote is passed over, aloud."""
    where = f"{record.topic()}[{record.partition()}]@{record.offset()}"
    log.warning("foreign_record_ignored", where=where, key=shown(record.key()), reason=reason)


def _published(value: bytes) -> tuple[str, Published]:
    tick = TICK.decode(value)
    return tick.schedule, Published.of(tick, sha256(value).digest())
