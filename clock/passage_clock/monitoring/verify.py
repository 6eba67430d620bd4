"""Whether the tick topic is whole: every tick there, once, in order, and as it was published.

Pure: it is given records in the order of the log and says of each whether it is what it must be. What vouches for what:

- *missing, doubled, reordered*: sequences are dense over all schedules and ordinals in each, and ends increase. Where
  retention has set a floor, what lies before it may be gone, and the sequences that are gone are counted against it.
- *altered*: each tick carries the SHA-256 of its schedule's tick before it, so all but a schedule's last one are
  vouched for; key and timestamp must be what the value says. Headers repeat the value and are not read.
- *cut off at the end*: the schedules topic names a sequence that had been reached when an entry was written.
- *labels unique*: by order. A label's place among those of its shape is an instant or a date, and must increase; so
  what is kept is the last one of each shape, and never thirty million of them. One that doesn't increase is a note: it
  may still be new, and a key that really comes twice breaks sequence or ordinal.
- *promises kept*: a tick comes when the one before it said that the next would, or the last entry written between the
  two; by either only where definition and data are the tick's own, for others promised what is no longer to come. Never
  before it; later only by a policy by which late ones are skipped or stood for.

Refuses to repair, and to say anything about what comes after the first wrong tick.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

from passage_clock.monitoring.late import announced_closures, told_late
from passage_clock.schedules import Schedule
from passage_schemas.errors import SchemaError
from passage_schemas.instant import Instant, milliseconds_of, rfc3339
from passage_schemas.log_record import Record
from passage_schemas.promise import in_force
from passage_schemas.records import TICK, TRIGGERED, is_of_term
from passage_schemas.schedule_entry import ScheduleEntry
from passage_schemas.tick import Tick

MOST_NOTES = 100
"""More of them are counted and not kept: a topic full of somebody else's records must not fill the memory."""

_TO_SHAPE = str.maketrans({**dict.fromkeys("0123456789", "0"), "+": "-"})


@dataclass(frozen=True, slots=True)
class Fault:
    """The first thing that is not as it must be: where (`topic[partition]@offset`), and what should have been there."""

    where: str
    key: str
    expected: str
    seen: str

    def __str__(self) -> str:
        return f"{self.where}: {self.key}: expected {self.expected}; seen {self.seen}"


@dataclass(frozen=True, slots=True)
class Note:
    """Something worth knowing that is no fault."""

    where: str
    said: str


class _Unlike(Exception):
    """The record at hand is not as it must be."""

    def __init__(self, expected: str, seen: str) -> None:
        super().__init__(expected)
        self.expected, self.seen = expected, seen


@dataclass(frozen=True, slots=True)
class _Suspicion:
    """A tick does not carry the digest of the one before: either was altered. The next one of their schedule carries
    the digest of the later as it is here, which then is genuine, or another, and it isn't."""

    schedule: str
    digest: bytes
    earlier: Fault
    later: Fault

    def judged_by(self, record: Record) -> Fault | None:
        value = record.value()
        if value is None or not value.startswith(TICK.prefixes):
            return None
        try:
            tick = TICK.decode(value)
        except SchemaError:
            return self.later
        if tick.schedule != self.schedule:
            return None
        return self.earlier if tick.previous == self.digest else self.later


@dataclass(slots=True)
class _Chain:
    """One schedule, as far as it was walked."""

    last: Tick | None = None
    digest: bytes = b""
    where: str = ""
    missing: int = 0
    first_kept: str | None = None
    """The label of the tick at the floor, once it was seen."""
    heard: int = 0
    """How many of its entries were written before the tick at hand."""
    labels: dict[str, str] = field(default_factory=dict)


class Verifier:
    """Walks the tick topic. `entries`: all that the schedules topic has, in its order. `schedules`: those of the
    configuration, whose calendars say which closures were announced too late."""

    def __init__(
        self, entries: Iterable[ScheduleEntry], max_skew_seconds: float, schedules: Iterable[Schedule] = ()
    ) -> None:
        self._entries: dict[str, list[ScheduleEntry]] = {}
        for entry in entries:
            self._entries.setdefault(entry.schedule, []).append(entry)
        self._floors = {name: found[-1] for name, found in self._entries.items() if found[-1].floor_ordinal > 1}
        self._last_floor = max((floor.floor_sequence for floor in self._floors.values()), default=0)
        self._skips = {entry.definition: _skips(entry) for found in self._entries.values() for entry in found}
        self._closures = {schedule.name: closed for schedule in schedules if (closed := announced_closures(schedule))}
        self._max_skew = max_skew_seconds
        self._chains: dict[str, _Chain] = {}
        self._sequence = 0
        self._missing = 0
        self._last_where = ""
        self._suspicion: _Suspicion | None = None
        self.ticks = 0
        self.erased = 0
        """Null values for ticks below a floor."""
        self.triggered = 0
        self.notes: list[Note] = []
        self.unkept_notes = 0

    @property
    def schedules(self) -> int:
        """How many have ticks."""
        return len(self._chains)

    @property
    def last_sequence(self) -> int:
        return self._sequence

    def take(self, record: Record) -> Fault | None:
        """Look at the next record. After a fault the walk is over."""
        if self._suspicion is not None:
            return self._suspicion.judged_by(record)
        where = f"{record.topic()}[{record.partition()}]@{record.offset()}"
        try:
            self._look(record, where)
        except _Unlike as unlike:
            return Fault(where, _shown(record.key()), unlike.expected, unlike.seen)
        return None

    def end(self, reached: int) -> Fault | None:
        """The topic has been read to its end. `reached`: the last sequence of which the schedules topic speaks."""
        if self._suspicion is not None:
            return self._suspicion.earlier
        where, chains = self._last_where or "the topic's end", self._chains
        if self._sequence < reached:
            return Fault(
                where, "the last tick", f"sequence {reached} at least, by the schedules topic", str(self._sequence)
            )
        gone = sum(chain.missing for chain in chains.values())
        gone += sum(floor.floor_ordinal - 1 for name, floor in self._floors.items() if name not in chains)
        if self._missing != gone:
            expected = f"{gone} sequences missing, as many as ticks before the floors"
            return Fault(where, "up to here", expected, f"{self._missing} missing")
        return None

    # One record.

    def _look(self, record: Record, where: str) -> None:
        key, value = record.key(), record.value()
        if value is not None and value.startswith(TICK.prefixes):
            try:
                tick = TICK.decode(value)
            except SchemaError as error:
                raise _Unlike("a tick", str(error)) from error
            self._tick(tick, value, record, where)
        elif value is not None and value.startswith(TRIGGERED.prefixes):
            self.triggered += 1
        elif not is_of_term(key, value):
            self._no_tick(key, value, where)

    def _no_tick(self, key: bytes | None, value: bytes | None, where: str) -> None:
        """Null values are how retention lets ticks go; anything else under a tick's key would erase it."""
        name, _, label = (key or b"").decode(errors="replace").partition("/")
        if value is None and name in self._floors:
            if self._is_kept(name, label):
                raise _Unlike("a tick: it is not before its schedule's floor", "a null value")
            self.erased += 1
        elif label and (name in self._chains or name in self._entries):
            what = "a null value, and no floor" if value is None else f"{len(value)} bytes that are no tick"
            raise _Unlike("a tick under a tick's key: compaction keeps the last one alone", what)
        else:
            self._note(where, f"a foreign record, key {_shown(key)}: passed over, as every reader does")

    def _is_kept(self, schedule: str, label: str) -> bool:
        """Whether this label is at or behind the floor's, as far as labels of one shape can be told apart."""
        first = self._chains[schedule].first_kept if schedule in self._chains else None
        alike = first is not None and first.translate(_TO_SHAPE) == label.translate(_TO_SHAPE)
        return first is not None and alike and (label == first or _comes_after(label, first))

    def _tick(self, tick: Tick, value: bytes, record: Record, where: str) -> None:
        chain = self._chains.setdefault(tick.schedule, _Chain())
        _says_the_same(tick, record)
        self._in_sequence(tick)
        follows = self._in_order(tick, chain)
        floor = self._floors.get(tick.schedule)
        _follows_floor(tick, floor)
        if floor is not None and tick.ordinal == floor.floor_ordinal:
            chain.first_kept = tick.period
        if follows:
            self._suspicion = _suspicion(tick, value, chain, where)
        _in_time(tick, self._max_skew)
        self._new_label(tick, chain, where)
        if follows and chain.last is not None:
            self._as_promised(tick, chain, chain.last, where)
        for closure in self._closures.get(tick.schedule, ()):
            if closure.came_too_late(tick):
                self._note(where, told_late(tick.key.decode(), closure))
        if tick.schedule not in self._entries and chain.last is None:
            self._note(where, f"{tick.schedule} has ticks, and no entry on the schedules topic")
        chain.last, chain.digest, chain.where = tick, sha256(value).digest(), where
        self._sequence, self._last_where = tick.sequence, where
        self.ticks += 1

    # What must hold.

    def _in_sequence(self, tick: Tick) -> None:
        due = self._sequence + 1
        if tick.sequence == due:
            return
        if tick.sequence < due:
            raise _Unlike(f"sequence {due}", f"{tick.sequence}, which has passed: a tick doubled or out of its order")
        if tick.sequence - 1 > self._last_floor:
            raise _Unlike(f"sequence {max(due, self._last_floor + 1)}", f"{tick.sequence}: a tick is missing before it")
        self._missing += tick.sequence - due

    def _in_order(self, tick: Tick, chain: _Chain) -> bool:
        """Whether the tick is the very next of its schedule; not, where retention has let go what was between."""
        last = chain.last.ordinal if chain.last is not None else 0
        floor = self._floors.get(tick.schedule)
        latest = max(last + 1, floor.floor_ordinal) if floor is not None else last + 1
        if not last < tick.ordinal <= latest:
            due = f"ordinal {last + 1}" if latest == last + 1 else f"ordinal {last + 1} to {latest}, its floor"
            raise _Unlike(due, str(tick.ordinal))
        if chain.last is not None and tick.ends_at <= chain.last.ends_at:
            raise _Unlike(f"an end after {_text(chain.last.ends_at)}, the last one's", _text(tick.ends_at))
        chain.missing += tick.ordinal - last - 1
        return tick.ordinal == last + 1

    def _new_label(self, tick: Tick, chain: _Chain, where: str) -> None:
        shape = tick.period.translate(_TO_SHAPE)
        last = chain.labels.get(shape)
        if tick.period == last:
            raise _Unlike("a label of its own", f"{tick.period} a second time")
        if last is not None and not _comes_after(tick.period, last):
            self._note(where, f"{tick.schedule}: the label {tick.period} comes after {last}")
            return
        chain.labels[shape] = tick.period

    def _as_promised(self, tick: Tick, chain: _Chain, before: Tick, where: str) -> None:
        entry = self._entry_between(before, tick, chain)
        if entry is None and before.next_at == tick.ends_at:
            return
        # Of one definition and the same data no entry but a skip's moves a promise, so both hold.
        if _decided_by(before) == _decided_by(tick) and (before.next_at is not None or entry is None):
            self._keeps(before.next_at, before.period, tick, chain, where)
        if entry is not None and _decided_by(entry) == _decided_by(tick):
            self._keeps(entry.next_at, f"an entry of sequence {entry.sequence}", tick, chain, where)

    def _entry_between(self, before: Tick, tick: Tick, chain: _Chain) -> ScheduleEntry | None:
        """The last that was written behind the one tick and before the other."""
        entries = self._entries.get(tick.schedule, ())
        while chain.heard < len(entries) and entries[chain.heard].sequence < tick.sequence:
            chain.heard += 1
        last = entries[chain.heard - 1] if chain.heard else None
        return last if in_force(before, last) is last else None

    def _keeps(self, promised: Instant | None, by: str, tick: Tick, chain: _Chain, where: str) -> None:
        if promised == tick.ends_at:
            return
        seen = f"{_text(tick.ends_at)}; {by} had promised {_text(promised)}"
        if promised is not None and tick.ends_at < promised:
            raise _Unlike("no tick before the promised instant", seen)
        if promised is not None and (tick.stands_for > 1 or self._skips.get(tick.definition)):
            return
        # Compaction keeps the last entry alone. What it took may have said that this definition skips, or that more
        # had become known to come.
        is_told = promised is not None and tick.definition in self._skips
        if is_told or chain.heard == len(self._entries.get(tick.schedule, ())):
            raise _Unlike("the promised instant, or an entry that changed it", seen)
        self._note(where, f"{tick.schedule}: {seen}; an entry that said so may have been compacted away")

    def _note(self, where: str, said: str) -> None:
        if len(self.notes) < MOST_NOTES:
            self.notes.append(Note(where, said))
        else:
            self.unkept_notes += 1


def _says_the_same(tick: Tick, record: Record) -> None:
    """Key and timestamp, by which others find the tick, are what its value says."""
    if record.key() != tick.key:
        raise _Unlike(f"the key {tick.key.decode()}", _shown(record.key()))
    milliseconds = record.timestamp()[1]
    if milliseconds != milliseconds_of(tick.ends_at):
        raise _Unlike(f"the timestamp {milliseconds_of(tick.ends_at)}, its end", str(milliseconds))


def _follows_floor(tick: Tick, floor: ScheduleEntry | None) -> None:
    if floor is not None and tick.ordinal == floor.floor_ordinal and tick.previous != floor.floor_digest:
        raise _Unlike(f"previous {_hex(floor.floor_digest)}, the floor's digest", _hex(tick.previous))


def _suspicion(tick: Tick, value: bytes, chain: _Chain, where: str) -> _Suspicion | None:
    before = chain.last
    if before is None:
        if tick.previous is not None:
            raise _Unlike("no previous: it is its schedule's first", _hex(tick.previous))
        return None
    if tick.previous == chain.digest:
        return None
    named, own = before.key.decode(), tick.key.decode()
    says = f"SHA-256 {_hex(tick.previous)}, as its successor {own} says"
    return _Suspicion(
        tick.schedule,
        sha256(value).digest(),
        Fault(chain.where, named, says, f"{chain.digest.hex()}: it was altered"),
        Fault(where, own, f"previous {chain.digest.hex()}, the digest of {named}", _hex(tick.previous)),
    )


def _in_time(tick: Tick, max_skew_seconds: float) -> None:
    if tick.starts_at > tick.ends_at:
        raise _Unlike("a period that starts before it ends", f"{_text(tick.starts_at)} to {_text(tick.ends_at)}")
    if tick.published_at < tick.ends_at - max_skew_seconds * 1_000_000:
        raise _Unlike(f"published at {_text(tick.ends_at)} or later", _text(tick.published_at))
    if tick.next_at is not None and tick.next_at <= tick.ends_at:
        raise _Unlike(f"a promise after {_text(tick.ends_at)}", _text(tick.next_at))


def _skips(entry: ScheduleEntry) -> bool:
    try:
        return bool(json.loads(entry.definition_text).get("misfire") == "skip")
    except (ValueError, AttributeError):
        return False


def _decided_by(one: Tick | ScheduleEntry) -> tuple[str, str, str | None]:
    return one.definition, one.tzdata, one.calendar


def _comes_after(label: str, last: str) -> bool:
    """Labels of one shape sort as text, but for those whose offsets differ: they name instants."""
    if "T" in label and label[-6:] != last[-6:]:
        try:
            one, other = (datetime.fromisoformat(text.partition("/")[0]) for text in (label, last))
        except ValueError:
            return label > last
        if one.tzinfo is not None and other.tzinfo is not None:
            return one > other
    return label > last


def _shown(key: bytes | None) -> str:
    return "no key" if key is None else key.decode(errors="backslashreplace")


def _hex(digest: bytes | None) -> str:
    return "none" if digest is None else digest.hex()


def _text(instant: Instant | None) -> str:
    return "nothing" if instant is None else rfc3339(instant)
