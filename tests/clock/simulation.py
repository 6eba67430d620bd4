"""A world of three candidates and one log in which everything goes wrong that can, decided by a seed.

Candidates are killed, stopped and resumed anywhere, also in the middle of a transaction; connections break with the
outcome unknown; one is cut off from the log while the group goes on without it; walls drift, jump and run ahead;
operators pause, resume and trigger. In half of the worlds there is a schedule of seconds, and standbys take office
unasked. After every step everything
that has become readable is held to invariants 1, 2, 3 and 7 of the design; in the end, when the faults are over and a
candidate has lived long enough, to 8.

    python -m tests.clock.simulation 217        one seed again, with the clocks' own log lines
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from random import Random

from passage_clock.leading.service import Clock
from passage_clock.monitoring.verify import Verifier
from passage_clock.records.control import StatusAsk, Trigger, trigger_asked
from passage_log.errors import WriterLost
from passage_log.port import EARLIEST
from passage_schemas.instant import Instant
from passage_schemas.log_record import Record
from passage_schemas.records import TICK, TRIGGERED
from passage_schemas.tick import Tick
from tests.clock.world import (
    CONTROL,
    MIDNIGHT,
    MINUTE,
    SECOND,
    TICKS,
    TRIGGERS,
    Candidate,
    World,
    every_minute,
    every_second,
)

ROUNDS = 60
MAX_SKEW_MS = 2_000
GRACE_SECONDS = 1.0
SESSION_SECONDS = 6.0
TRANSACTION_TIMEOUT_SECONDS = 15.0
PAST = every_minute("past", starts_at=Instant(MIDNIGHT - 40 * MINUTE))

MOST_TERMS_IN_PEACE = 6
"""When nothing goes wrong any more: what the last fault still causes, and the group's own mind."""


class Killed(BaseException):
    """The process is gone: nothing of it may run on, and no `except Exception` either."""


@dataclass(slots=True)
class Replica:
    """A place where a process runs, is stopped, dies and is started again."""

    name: str
    candidate: Candidate
    is_paused: bool = False
    is_running: bool = False
    heard_at: float = 0.0


@dataclass(slots=True)
class Auditor:
    """Reads the tick topic as any subscriber does, each record once, and holds it to what came before."""

    wrong: list[str] = field(default_factory=list)
    last: dict[str, tuple[Tick, bytes]] = field(default_factory=dict)
    keys: set[bytes] = field(default_factory=set)
    sequence: int = 0
    writer: int = 0
    records: int = 0
    terms: int = 0

    def read(self, record: Record, now_ms: int) -> None:
        self.records += 1
        if record.timestamp()[1] > now_ms + MAX_SKEW_MS:
            self.wrong.append(f"3: at {now_ms} a tick of {record.timestamp()[1]} was readable")
        # Writers are numbered in the order they opened, so on the topic their numbers never go back.
        writer = record[8]  # type: ignore[index]
        if writer < self.writer:
            self.wrong.append(f"2: writer {writer} wrote after {self.writer}")
        self.writer = writer
        value = record.value()
        if value is None:
            self.terms += 1
        else:
            self._tick(TICK.decode(value), value, record.key() or b"")

    def _tick(self, tick: Tick, value: bytes, key: bytes) -> None:
        self.sequence += 1
        before, digest = self.last.get(tick.schedule, (None, None))
        name = f"{tick.schedule}/{tick.period}"
        if tick.sequence != self.sequence:
            self.wrong.append(f"1: {name}: sequence {tick.sequence} stands at {self.sequence}")
        if tick.ordinal != (before.ordinal + 1 if before else 1):
            self.wrong.append(f"1: {name}: ordinal {tick.ordinal} after {before.ordinal if before else 'nothing'}")
        if before is not None and (tick.starts_at != before.ends_at or tick.ends_at != before.next_at):
            self.wrong.append(f"1: {name} after {before.period}, which promised {before.next_at}")
        if key in self.keys:
            self.wrong.append(f"7: {name}: published a second time")
        if tick.previous != digest:
            self.wrong.append(f"7: {name}: the tick before it is not the one it names")
        self.keys.add(key)
        self.last[tick.schedule] = (tick, sha256(value).digest())


class Simulation:
    def __init__(self, seed: int, kind: type[Clock] = Clock) -> None:
        self.random = Random(seed)
        self.kind = kind
        self.grace_seconds = self.random.choice([None, GRACE_SECONDS])
        is_fast = self.grace_seconds is not None
        self.period = SECOND if is_fast else MINUTE
        self.strides = [0.2, 0.5, 0.5, 1.0, 1.0, 1.0, 7.0] if is_fast else [0.2, 1.0, 7.0, 61.0]
        self.world = World(every_second("live") if is_fast else every_minute("live"), PAST)
        self.faults = True
        self.auditor = Auditor()
        self.asked: list[Trigger] = []
        self.candidates: list[Candidate] = []
        self.ghosts: list[tuple[Candidate, float]] = []
        self.reader = self.world.log.reader()
        self.reader.assign({TICKS: EARLIEST})
        self.appender = self.world.log.appender()
        self.replicas = {name: Replica(name, self.process(name)) for name in "abc"}

    def run(self) -> list[str]:
        """What is wrong with the ticks, each by its invariant; nothing when all held."""
        for _ in range(ROUNDS):
            self.act()
            if self.auditor.wrong:
                return self.auditor.wrong
        self.calm_down()
        return self.auditor.wrong + self.missing() + self.unanswered() + self.restless() + self.unverified()

    @property
    def acting(self) -> int:
        """How many offices were taken without the group."""
        return sum(candidate.stages.acted for candidate in self.candidates)

    def process(self, name: str) -> Candidate:
        batch_ticks = self.random.choice([1, 3, 50])
        candidate = self.world.candidate(
            name, hook=self.hook_of(name), batch_ticks=batch_ticks, kind=self.kind, grace_seconds=self.grace_seconds
        )
        self.candidates.append(candidate)
        return candidate

    def hook_of(self, name: str) -> Callable[[str], None]:
        return lambda moment: self.strike(self.replicas[name], moment)

    # What happens.

    def act(self) -> None:
        chance, replica = self.random.random(), self.random.choice([*self.replicas.values()])
        if chance < 0.04:
            self.restart(replica)
        elif chance < 0.08:
            replica.is_paused = True
        elif chance < 0.14:
            replica.is_paused = False
        elif chance < 0.18:
            self.world.kill(replica.candidate)
        elif chance < 0.21:
            replica.candidate.cut_off()
        elif chance < 0.25:
            replica.candidate.reconnect()
        elif chance < 0.30:
            replica.candidate.wall.ahead_seconds = self.random.choice([-40.0, -1.0, 0.0, 0.5, 1.5, 30.0])
        elif chance < 0.35:
            self.ask()
        elif chance < 0.37:
            self.leave(replica)
        elif chance < 0.65:
            self.pass_time(self.random.choice(self.strides))
        if self.grace_seconds is not None:
            # Silence is judged in tenths of seconds: time passes in small steps, or nobody would be missed.
            self.pass_time(0.4)
        for other in self.random.sample([*self.replicas.values()], 3):
            self.step(other, self.random.randrange(1, 8))

    def pass_time(self, seconds: float) -> None:
        """The sessions of those who could not be heard for long enough end: of the dead, the stopped, the cut off."""
        self.world.true.advance(seconds)
        if seconds > TRANSACTION_TIMEOUT_SECONDS:
            self.end_open_transactions()
        now = self.world.true.monotonic()
        for replica in self.replicas.values():
            wire = replica.candidate.wire
            if not (replica.is_paused or wire.is_cut or wire.unheard):
                replica.heard_at = now
            elif now - replica.heard_at >= SESSION_SECONDS:
                self.world.kill(replica.candidate)
        for candidate, died_at in self.ghosts:
            if now - died_at >= SESSION_SECONDS:
                self.world.kill(candidate)
        self.ghosts = [ghost for ghost in self.ghosts if now - ghost[1] < SESSION_SECONDS]

    def end_open_transactions(self) -> None:
        for transactional_id in {candidate.clock.transactional_id for candidate in self.candidates}:
            self.world.log.time_out(transactional_id)

    def ask(self) -> None:
        name = self.random.choice(["live", "past"])
        request: StatusAsk | Trigger
        if self.random.random() < 0.4:
            request = trigger_asked(name, "kim", "again", Instant(self.world.true.now() + len(self.asked)))
            self.asked.append(request)
        else:
            request = StatusAsk(name, self.random.choice(["paused", "active", "active"]), by="kim", reason="test")
        self.put(request)

    def put(self, request: StatusAsk | Trigger) -> None:
        self.appender.append(CONTROL, request.key, request.encode(), 1)
        self.appender.flush()

    def step(self, replica: Replica, times: int) -> None:
        if replica.is_paused or replica.is_running:
            return
        replica.is_running = True
        try:
            for _ in range(times):
                replica.candidate.clock.step()
                self.look()
        except Killed:
            self.restart(replica)
        except AssertionError as error:
            self.auditor.wrong.append(f"{replica.name} stopped by its own check: {error}")
            self.restart(replica)
        finally:
            replica.is_running = False

    def strike(self, replica: Replica, moment: str) -> None:
        """Called in the middle of a writer's call."""
        if not self.faults:
            return
        chance = self.random.random()
        if chance < 0.01:
            raise Killed
        if chance < 0.02:
            raise WriterLost(f"connection lost {moment}")
        if chance < 0.03:
            replica.candidate.cut_off()
        elif chance < 0.06:
            self.sleep(replica)

    def sleep(self, replica: Replica) -> None:
        """The process is stopped where it stands: the group goes on without it, then it wakes up and knows nothing."""
        self.world.kill(replica.candidate)
        for _ in range(self.random.randrange(1, 4)):
            self.pass_time(self.random.choice(self.strides))
            for other in self.replicas.values():
                self.step(other, 8)

    def restart(self, replica: Replica) -> None:
        """The group holds the dead one's seat until its session ends."""
        self.ghosts.append((replica.candidate, self.world.true.monotonic()))
        replica.candidate = self.process(replica.name)

    def leave(self, replica: Replica) -> None:
        """A graceful stop, and another process in its place."""
        if replica.is_paused or replica.is_running:
            return
        replica.is_running = True
        try:
            replica.candidate.clock.stop()
        except Killed:
            pass
        finally:
            replica.is_running = False
        self.restart(replica)

    def calm_down(self) -> None:
        """The faults end, every process runs, everything is resumed; some time to catch up, and all must be well."""
        self.faults = False
        for replica in self.replicas.values():
            replica.is_paused = False
            replica.candidate.wall.ahead_seconds = 0.0
            replica.candidate.reconnect()
        for name in ("live", "past"):
            self.put(StatusAsk(name, "active", by="kim", reason="in the end"))
        self.end_open_transactions()
        before = self.auditor.terms
        for _ in range(12):
            self.pass_time(10.0)
            for replica in self.replicas.values():
                self.step(replica, 10)
        for replica in self.replicas.values():
            self.step(replica, 250)
        self.terms_in_peace = self.auditor.terms - before

    # What must hold.

    def look(self) -> None:
        """As soon as it is readable."""
        now_ms = self.world.true.now() // 1000
        for record in self.reader.poll(1_000, 0.0):
            self.auditor.read(record, now_ms)

    def missing(self) -> list[str]:
        """Invariant 8: every period that has ended has its tick, now that a candidate lived long enough."""
        now = self.world.true.now()
        latest = {"live": now // self.period * self.period, "past": now // MINUTE * MINUTE}
        ends = {name: tick.ends_at for name, (tick, _) in self.auditor.last.items()}
        return [f"8: {name} ends at {ends.get(name)}, not {at}" for name, at in latest.items() if ends.get(name) != at]

    def unanswered(self) -> list[str]:
        """Each trigger was answered, once."""
        answers = [TRIGGERED.decode(record.value() or b"").id for record in self.world.records(TRIGGERS)]
        wanted = [one.id for one in self.asked]
        return [] if sorted(answers) == sorted(wanted) else [f"8: asked for {wanted}, answered {answers}"]

    def unverified(self) -> list[str]:
        """`passage clock verify` says that the topic is whole, and has nothing to remark."""
        verifier = Verifier(self.world.entries(), MAX_SKEW_MS / 1_000)
        faults = [str(fault) for record in self.world.records(TICKS) if (fault := verifier.take(record)) is not None]
        return faults[:1] + [note.said for note in verifier.notes]

    def restless(self) -> list[str]:
        """In peace, leaders don't change for ever."""
        if self.terms_in_peace <= MOST_TERMS_IN_PEACE:
            return []
        return [f"8: {self.terms_in_peace} terms and resignations when nothing went wrong any more"]


if __name__ == "__main__":
    found = Simulation(int(sys.argv[1])).run()
    print("\n".join(found) or "every invariant held")
    sys.exit(bool(found))
