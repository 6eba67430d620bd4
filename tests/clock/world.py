"""A world for the clock's tests: one log in memory, one true time, candidates whose walls may be wrong."""

from dataclasses import dataclass, field

from passage_clock.config import ClockConfig
from passage_clock.leading.leadership import Leadership, Stage
from passage_clock.leading.observer import Quiet
from passage_clock.leading.office import Batch
from passage_clock.leading.service import Clock
from passage_clock.records.entries import Edition
from passage_clock.schedules import Schedule, periodic
from passage_clock.wall import SettableWall
from passage_log.memory import MemoryLog
from passage_log.port import EARLIEST, Log, Topic
from passage_schemas.instant import Instant
from passage_schemas.log_record import Partition, Record
from passage_schemas.records import SCHEDULE_ENTRY, TICK
from passage_schemas.schedule_entry import ScheduleEntry
from passage_schemas.tick import Tick
from tests.clock.faults import FaultyLog, Hook, Wire, nothing, seat_of

TICKS = Partition("passage.ticks", 0)
SCHEDULES = Partition("passage.schedules", 0)
CONTROL = Partition("passage.control", 0)
TRIGGERS = Partition("passage.triggers", 0)

SECOND = 1_000_000
MINUTE = 60 * SECOND
DAY = 24 * 60 * MINUTE
MIDNIGHT = Instant(1_788_220_800 * SECOND)
"""2026-09-01T00:00Z"""

EDITION = Edition(generation=1, tzdata="2026b", holidays="0.99")

ENTRY = ScheduleEntry(
    schedule="minute.utc",
    event="MinuteHasPassed",
    zone="UTC",
    calendar=None,
    definition="",
    definition_text="",
    status="active",
    status_by="a",
    status_reason="",
    next_at=None,
    sequence=0,
    generation=1,
    tzdata="2026b",
    holidays="0.99",
)
"""What the leader `a` recorded of a schedule; tests replace what they are about."""


class DriftingWall:
    """A machine's clock: the true time, and how far it is off."""

    def __init__(self, true: SettableWall) -> None:
        self._true = true
        self.ahead_seconds = 0.0

    def now(self) -> Instant:
        return Instant(self._true.now() + round(self.ahead_seconds * SECOND))

    def monotonic(self) -> float:
        return self._true.monotonic()


class Stages(Quiet):
    """Remembers the stages a candidate went through."""

    def __init__(self) -> None:
        self.seen: list[Stage] = []
        self.skews: list[float] = []
        self.last_sequence = 0
        self.acted = 0

    def moved(self, before: Leadership, after: Leadership) -> None:
        self.seen.append(after.stage)
        self.acted += after.stage is Stage.OPENING and after.is_acting

    def published(self, batch: Batch) -> None:
        self.last_sequence = batch.last_sequence

    def probed(self, skew_seconds: float) -> None:
        self.skews.append(skew_seconds)


@dataclass(slots=True)
class Candidate:
    clock: Clock
    wall: DriftingWall
    stages: Stages
    wire: Wire = field(default_factory=Wire)

    @property
    def stage(self) -> Stage:
        return self.clock.leadership.stage

    @property
    def leads(self) -> bool:
        return self.clock.leadership.may_publish

    def cut_off(self) -> None:
        """From the log, and so from its group, which knows it when the session ends."""
        self.wire.is_cut = True

    def reconnect(self) -> None:
        self.wire.is_cut = False


class World:
    def __init__(self, *schedules: Schedule, now: Instant = MIDNIGHT) -> None:
        self.true = SettableWall(now)
        self.log = MemoryLog(now_ms=lambda: self.true.now() // 1000)
        self.log.create(
            [
                Topic(TICKS.topic, 1, {"cleanup.policy": "compact", "retention.ms": "-1"}),
                Topic(SCHEDULES.topic, 1, {"cleanup.policy": "compact"}),
                Topic(CONTROL.topic, 1, {"cleanup.policy": "compact", "message.timestamp.type": "LogAppendTime"}),
                Topic(TRIGGERS.topic, 1),
            ]
        )
        self.schedules = schedules

    def candidate(
        self,
        name: str = "a",
        *schedules: Schedule,
        edition: Edition = EDITION,
        ahead_seconds: float = 0.0,
        batch_ticks: int = 5_000,
        kind: type[Clock] = Clock,
        hook: Hook = nothing,
        log: Log | None = None,
        grace_seconds: float | None = None,
    ) -> Candidate:
        config = ClockConfig(
            schedules=schedules or self.schedules,
            generation=edition.generation,
            fast_failover_grace_seconds=grace_seconds,
        )
        wall, stages, wire = DriftingWall(self.true), Stages(), Wire()
        wall.ahead_seconds = ahead_seconds
        log = log if log is not None else FaultyLog(self.log, hook, wire)
        clock = kind(config, log, wall, name, observer=stages, edition=edition, batch_ticks=batch_ticks)
        return Candidate(clock, wall, stages, wire)

    def kill(self, candidate: Candidate) -> None:
        """The process is gone; the group notices at the session's end, and nobody resigned."""
        while candidate.wire.unheard:
            self.log.expire(candidate.wire.unheard.pop())
        member = candidate.clock.member
        if member is not None:
            self.log.expire(seat_of(member))

    def run(self, *candidates: Candidate, seconds: float = 0.0, stride: float = 1.0, steps: int = 12) -> None:
        """Let the true time pass in strides; after each, every candidate takes its steps in turn."""
        left = seconds
        while True:
            for _ in range(steps):
                for candidate in candidates:
                    candidate.clock.step()
            if left <= 0:
                return
            passing = min(stride, left)
            self.true.advance(passing)
            left -= passing

    def records(self, partition: Partition) -> list[Record]:
        """Everything readable, as any read_committed consumer gets it."""
        reader = self.log.reader()
        reader.assign({partition: EARLIEST})
        found: list[Record] = []
        while records := reader.poll(10_000, 0.0):
            found += records
        return found

    def ticks(self) -> list[Tick]:
        return [TICK.decode(value) for record in self.records(TICKS) if (value := record.value()) is not None]

    def entries(self) -> list[ScheduleEntry]:
        values = [record.value() for record in self.records(SCHEDULES)]
        return [SCHEDULE_ENTRY.decode(value) for value in values if value is not None]

    def ordinals(self, schedule: str) -> list[int]:
        return [tick.ordinal for tick in self.ticks() if tick.schedule == schedule]


def every_minute(name: str = "minute.utc", starts_at: Instant | None = None) -> Schedule:
    return periodic(name=name, every="minute", zone="UTC", starts_at=starts_at)


def every_second(name: str = "second.utc", starts_at: Instant | None = None) -> Schedule:
    return periodic(name=name, every="second", zone="UTC", starts_at=starts_at)


def whole(ticks: list[Tick]) -> list[str]:
    """What is wrong with these ticks, by the promises of the tick topic; nothing when all is well."""
    wrong: list[str] = []
    last: dict[str, Tick] = {}
    for place, tick in enumerate(ticks, start=1):
        before = last.get(tick.schedule)
        if tick.sequence != place:
            wrong.append(f"sequence {tick.sequence} stands at {place}")
        if tick.ordinal != (before.ordinal + 1 if before else 1):
            wrong.append(f"{tick.schedule}: ordinal {tick.ordinal} after {before.ordinal if before else 'nothing'}")
        if before is not None and (tick.ends_at <= before.ends_at or tick.starts_at < before.ends_at):
            wrong.append(f"{tick.schedule}: {tick.period} after {before.period}")
        if before is not None and before.next_at != tick.ends_at:
            wrong.append(f"{tick.schedule}: {before.period} promised {before.next_at}, {tick.ends_at} came")
        last[tick.schedule] = tick
    return wrong
