"""What the log says so far: the last tick of each schedule, what is promised, what operators asked.

A standby follows so that taking office costs the last few records and not the whole topic. The memory is bounded by the
number of schedules: of a schedule's ticks only the last value is kept, and decoded only when somebody takes office.

Refuses to conclude: what it has read may be behind the log. Only `passed`, asked for one's own barrier, makes it
certain.
"""

from dataclasses import dataclass
from hashlib import sha256

import structlog

from passage_clock.control import PROBE_KEY, Ask, decode_ask
from passage_clock.errors import ClockError
from passage_clock.memory import Memory, Published
from passage_clock.plan import LastTick
from passage_log.port import EARLIEST, Log, Partition, Reader, Record
from passage_schemas.errors import SchemaError
from passage_schemas.instant import Instant
from passage_schemas.records import SCHEDULE_ENTRY, TICK
from passage_schemas.schedule_entry import ScheduleEntry

TERM_KEY = b"passage/term"
"""The key of the leader's barrier and of its resignation: records without a value, so nobody takes them for ticks."""

LEADER_HEADER = "passage_leader"
RESIGNED_HEADER = "passage_resigned_by"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Places:
    """Where the clock's records are."""

    ticks: Partition
    schedules: Partition
    control: Partition


class Follower:
    """Reads the clock's three topics from their beginning. Raises what `Reader.poll` raises."""

    def __init__(self, log_: Log, places: Places) -> None:
        self.places = places
        self._log = log_
        self._reader: Reader = log_.reader()
        self._places = (places.ticks, places.schedules, places.control)
        self._reader.assign(dict.fromkeys(self._places, EARLIEST))
        self._last_values: dict[bytes, bytes] = {}
        self._last_value: bytes | None = None
        self._entries: dict[str, ScheduleEntry] = {}
        self._asks: dict[str, Ask] = {}
        self.asked = 0
        """Grows with every ask read: compare it to know of a new one."""
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

    def rest(self) -> None:
        """Read no more ticks: a leader knows its own."""
        self._reader.pause([self.places.ticks])

    def wake(self) -> None:
        self._reader.resume([self.places.ticks])

    def reopen(self) -> None:
        """Read on from the same place with a reader of its own: the old one may be stuck at a leader that is gone. What
        was read stays true, for what is committed never changes."""
        positions = {place: self._reader.position(place) for place in self._places}
        self._reader.close()
        self._reader = self._log.reader()
        self._reader.assign(positions)

    def memory(self) -> Memory:
        """What was read so far. Raises SchemaError for a tick that can't be read."""
        published = dict(_published(value) for value in self._last_values.values())
        sequence = TICK.decode(self._last_value).sequence if self._last_value is not None else 0
        return Memory(published, sequence, dict(self._entries), dict(self._asks))

    def last_at(self) -> Instant:
        """The instant of the last tick read; 0 before the first."""
        return TICK.decode(self._last_value).ends_at if self._last_value is not None else Instant(0)

    def close(self) -> None:
        self._reader.close()

    def _tick(self, record: Record) -> None:
        key, value = record.key(), record.value()
        if value is None:
            self._barrier(record)
        elif key is None or b"/" not in key or not value.startswith(TICK.prefixes):
            _foreign(record, "not a tick: somebody else writes to this topic")
        else:
            # A schedule's name has no slash, its periods may.
            self._last_values[key[: key.index(b"/")]] = value
            self._last_value = value

    def _barrier(self, record: Record) -> None:
        if record.key() != TERM_KEY:
            return
        resigned_by = dict(record.headers() or ()).get(RESIGNED_HEADER)
        if resigned_by is not None:
            log.info("leader_resigned", by=resigned_by.decode(), offset=record.offset())
        else:
            log.debug("term_seen", term=record.offset())

    def _entry(self, record: Record) -> None:
        value = record.value()
        if value is None:
            return
        try:
            entry = SCHEDULE_ENTRY.decode(value)
        except SchemaError as error:
            _foreign(record, str(error))
        else:
            self._entries[entry.schedule] = entry

    def _ask(self, record: Record) -> None:
        key, value = record.key(), record.value()
        if key is None or key == PROBE_KEY:
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


def _foreign(record: Record, reason: str) -> None:
    """Nobody else should write here, and one who does must not end the clock: what it wrote is passed over, aloud."""
    where = f"{record.topic()}[{record.partition()}]@{record.offset()}"
    log.warning("foreign_record_ignored", where=where, key=str(record.key()), reason=reason)


def _published(value: bytes) -> tuple[str, Published]:
    tick = TICK.decode(value)
    last = LastTick(tick.ordinal, tick.period, tick.ends_at, sha256(value).digest())
    return tick.schedule, Published(last, tick.sequence, tick.next_at)
