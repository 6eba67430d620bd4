"""How the clock is doing, read from the log alone: who leads, since when, each schedule's last tick and its next.

Nobody has to be asked who may be gone: a leader writes its name, its host and its wall's time with every barrier and
every probe. It answers whether the leader is alive only as far as the log and the group know.

Refuses to read all of a long tick topic: it looks back from the end, each time further, until every schedule's
last tick is found or `look_back` records were read; what lies further back is told as None.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from passage_clock.config import ClockConfig
from passage_clock.leading.promises import Moved, compared_by_the_rules, unkept
from passage_clock.leading.service import places
from passage_clock.records.clock_state import ClockState, Published
from passage_clock.records.control import PROBE_KEY
from passage_clock.records.differing import differences
from passage_clock.records.entries import Edition
from passage_clock.records.terms import Probe, Term, probe_of, term_of
from passage_log.port import Log, Reader
from passage_log.ranges import last_of_each, read_decided, undecided
from passage_schemas.instant import Instant
from passage_schemas.log_record import Partition, Record
from passage_schemas.records import TERM_KEY, entry_of, is_of_term, tick_of, ticks_schedule
from passage_schemas.schedule_entry import ScheduleEntry
from passage_schemas.tick import Tick

FIRST_LOOK_BACK = 2_000
MOST_LOOK_BACK = 1_000_000
"""Offsets; some seconds' reading."""

SILENT_SECONDS = 90.0
"""A leader asks for the time every 30 s at the latest: one that was silent for three times that leads no more."""

SETTLING_SECONDS = 1.0
"""A clock's own transaction is decided in less: one that is open at both ends of this stands in the way."""


@dataclass(frozen=True, slots=True)
class Leader:
    """Who took office last. `since_at` and `seen_at`, its last sign of life, are by its own wall and by the broker's;
    None where the log no longer tells. `has_resigned`: it said that it goes, and nobody has come since."""

    name: str
    host: str | None
    term: int | None
    since_at: Instant | None
    seen_at: Instant | None
    has_resigned: bool


@dataclass(frozen=True, slots=True)
class LastSeen:
    """A schedule's last tick. Lateness: publication after the instant; age: the instant before now."""

    ordinal: int
    sequence: int
    period: str
    ends_at: Instant
    published_at: Instant
    lateness_seconds: float
    age_seconds: float


@dataclass(frozen=True, slots=True)
class ScheduleStatus:
    """As `passage.schedules` has it, and its ticks. `status`: active, paused or removed, by whom and why.
    `overdue_seconds`: how long ago the next tick of an active schedule should have been there; 0.0 when it is to come.
    """

    name: str
    event: str
    zone: str
    status: str
    by: str
    reason: str
    last: LastSeen | None
    next_at: Instant | None
    overdue_seconds: float


@dataclass(frozen=True, slots=True)
class ClockStatus:
    """Plain values all through. `now` is the reader's own wall.

    `members` are those in the group, the leader among them; `standbys` those that could follow it. `skew_seconds`: the
    leader's wall minus the broker's at its last probe. `generation`: the one of the configuration at hand;
    `differs`: what it says otherwise than the one that led with it, so that it may not lead. `moved`: the
    promises on the log that it, read by this release, would not keep as they are. `waits`: what stands in the clock's
    way, a line each.
    """

    now: Instant
    group: str
    leader: Leader | None
    members: int
    standbys: int
    skew_seconds: float | None
    sequence: int
    generation: int
    differs: tuple[str, ...]
    moved: tuple[Moved, ...]
    waits: tuple[str, ...]
    schedules: tuple[ScheduleStatus, ...]

    @property
    def unkept(self) -> list[Moved]:
        """Those of `moved` that nothing on the log explains: the file may not lead here."""
        return unkept(self.moved)

    @property
    def is_led(self) -> bool:
        """Whether somebody leads, as far as the log and the group tell."""
        return _is_led(self.leader, self.members, self.now)


def status(log: Log, config: ClockConfig, now: Instant, most_look_back: int = MOST_LOOK_BACK) -> ClockStatus:
    """`now` is the reader's own wall. Raises Unreachable, Unfit for a topic that isn't there."""
    where = places(config)
    reader = log.reader()
    try:
        entries, probe = _read_small(reader, where.schedules, where.control)
        active = {name for name, entry in entries.items() if entry.status != "removed"}
        ticks, term = _look_back(reader, where.ticks, active, most_look_back)
        stuck = _stuck(reader, (where.ticks, where.schedules, where.control))
    finally:
        reader.close()
    state = _state(entries, ticks)
    leader = _leader(term, probe)
    members = len(log.group_members(config.group))
    skew = _skew_seconds(leader, probe)
    return ClockStatus(
        now=now,
        group=config.group,
        leader=leader,
        members=members,
        standbys=members - _is_led(leader, members, now),
        skew_seconds=skew,
        sequence=max([*(tick.sequence for tick in ticks.values()), *(entry.sequence for entry in entries.values()), 0]),
        generation=config.generation,
        differs=tuple(differences(config, entries.values())),
        moved=tuple(compared_by_the_rules(config.schedules, state, Edition.at_hand(config.generation))),
        waits=tuple(_waits(config, leader, members, skew, stuck, now)),
        schedules=tuple(
            _schedule(entry, ticks.get(name), state.promise(name), now) for name, entry in sorted(entries.items())
        ),
    )


def _state(entries: Mapping[str, ScheduleEntry], ticks: Mapping[str, Tick]) -> ClockState:
    published = {name: Published.of(tick, digest=b"") for name, tick in ticks.items()}
    return ClockState(published, max((tick.sequence for tick in ticks.values()), default=0), entries, {})


def _leader(term: Term | None, probe: Probe | None) -> Leader | None:
    """The barrier or resignation that was found, or the last probe, whichever is of the later term."""
    if term is not None and (probe is None or probe.term is None or term.offset >= probe.term):
        seen_at = probe.stored_at if probe is not None and probe.term == term.number else None
        return Leader(term.leader, term.host, term.number, term.since_at, seen_at, term.has_resigned)
    if probe is None:
        return None
    return Leader(probe.leader, probe.host, probe.term, probe.since_at, probe.stored_at, has_resigned=False)


def _is_led(leader: Leader | None, members: int, now: Instant) -> bool:
    """A barrier alone is no office: who writes one may still refuse. Only who did not asks the broker for the time, and
    goes on asking."""
    if leader is None or leader.has_resigned or leader.seen_at is None or members == 0:
        return False
    return now - leader.seen_at <= SILENT_SECONDS * 1_000_000


def _waits(
    config: ClockConfig,
    leader: Leader | None,
    members: int,
    skew: float | None,
    stuck: Mapping[Partition, int],
    now: Instant,
) -> Iterator[str]:
    """What stands in the way, as far as the log and the group tell."""
    if members and not _is_led(leader, members, now):
        silent = ""
        if leader is not None and not leader.has_resigned and leader.seen_at is not None:
            silent = f": {leader.name} was silent for {(now - leader.seen_at) / 1_000_000:.0f} s"
        yield f"nobody leads, though {members} are in group {config.group}{silent}; see /readyz, or the log, of each"
    if skew is not None and skew > config.max_skew_seconds and _is_led(leader, members, now):
        yield (
            f"the leader's clock is {skew:.3f} s ahead of the broker's, by more than max_skew_seconds: "
            f"{config.max_skew_seconds:g}: it publishes nothing"
        )
    for place, at in stuck.items():
        yield (
            f"an undecided transaction at {place.topic}[{place.number}]@{at}: nobody reads past it; its producer must "
            "end it, or the broker will when it times out"
        )


def _stuck(reader: Reader, places: Sequence[Partition]) -> dict[Partition, int]:
    """Where a transaction stays open: the offset of its first record."""
    before = undecided(reader, places)
    if not before:
        return {}
    reader.assign({})
    reader.poll(1, SETTLING_SECONDS)
    return {place: at for place, at in undecided(reader, tuple(before)).items() if before[place] == at}


def _skew_seconds(leader: Leader | None, probe: Probe | None) -> float | None:
    if leader is None or probe is None or probe.term != leader.term or probe.signed_at is None:
        return None
    return (probe.signed_at - probe.stored_at) / 1_000_000


def _schedule(entry: ScheduleEntry, tick: Tick | None, next_at: Instant | None, now: Instant) -> ScheduleStatus:
    is_overdue = next_at is not None and entry.status == "active" and next_at < now
    return ScheduleStatus(
        name=entry.schedule,
        event=entry.event,
        zone=entry.zone,
        status=entry.status,
        by=entry.status_by,
        reason=entry.status_reason,
        last=None if tick is None else _last(tick, now),
        next_at=next_at,
        overdue_seconds=(now - next_at) / 1_000_000 if next_at is not None and is_overdue else 0.0,
    )


def _last(tick: Tick, now: Instant) -> LastSeen:
    return LastSeen(
        ordinal=tick.ordinal,
        sequence=tick.sequence,
        period=tick.period,
        ends_at=tick.ends_at,
        published_at=tick.published_at,
        lateness_seconds=(tick.published_at - tick.ends_at) / 1_000_000,
        age_seconds=(now - tick.ends_at) / 1_000_000,
    )


# Reading.


def _read_small(
    reader: Reader, schedules: Partition, control: Partition
) -> tuple[dict[str, ScheduleEntry], Probe | None]:
    entries: dict[str, ScheduleEntry] = {}
    probe: Probe | None = None
    for record in read_decided(reader, (schedules, control)):
        if record.topic() == control.topic:
            probe = probe_of(record) if record.key() == PROBE_KEY else probe
        elif (entry := entry_of(record.value())) is not None:  # else somebody else's: the clock itself tells of it
            entries[entry.schedule] = entry
    return entries, probe


def _look_back(
    reader: Reader, ticks: Partition, wanted: Collection[str], most: int
) -> tuple[dict[str, Tick], Term | None]:
    """The last tick of each schedule and, if it was met on the way, the last term."""
    names = {name.encode() for name in wanted}
    found = last_of_each(reader, {ticks: names}, _whose, _tick_or_term, FIRST_LOOK_BACK, most)
    term = next((one for one in found.values() if isinstance(one, Term)), None)
    return {one.schedule: one for one in found.values() if isinstance(one, Tick)}, term


def _whose(record: Record) -> bytes | None:
    key, value = record.key(), record.value()
    return TERM_KEY if is_of_term(key, value) else ticks_schedule(key, value)


def _tick_or_term(record: Record) -> Tick | Term | None:
    return term_of(record) if is_of_term(record.key(), record.value()) else tick_of(record.value())
