"""Three candidates, one log, and everything that can go wrong, decided by a seed.

Candidates are killed, stopped and resumed anywhere, also in the middle of a transaction; connections break with the
outcome unknown; walls drift and jump. Through all of it invariants 1, 2, 3 and 8 of the design must hold. Then the same
worlds with clocks that break one rule each: a check that doesn't find them is no check.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from random import Random

import pytest
import structlog

from passage_clock.memory import Memory
from passage_clock.service import Clock
from passage_clock.skew import Reading
from passage_log.errors import Fenced, WriterLost
from passage_log.port import EARLIEST, Record
from passage_schemas.instant import Instant
from passage_schemas.records import TICK
from tests.clock.world import MIDNIGHT, MINUTE, TICKS, Candidate, World, every_minute, whole

SEEDS = 200
ROUNDS = 60
MAX_SKEW_MS = 2_000
SCHEDULES = (every_minute("live"), every_minute("past", starts_at=Instant(MIDNIGHT - 40 * MINUTE)))


class Killed(BaseException):
    """The process is gone: nothing of it may run on, and no `except Exception` either."""


@dataclass(slots=True)
class Replica:
    """A place where a process runs, is stopped, dies and is started again."""

    name: str
    candidate: Candidate
    is_paused: bool = False
    is_running: bool = False


class Simulation:
    def __init__(self, seed: int, kind: type[Clock] = Clock) -> None:
        self.random = Random(seed)
        self.world = World(*SCHEDULES)
        self.kind = kind
        self.faults = True
        self.wrong: list[str] = []
        self.readable: list[Record] = []
        self.reader = self.world.log.reader()
        self.reader.assign({TICKS: EARLIEST})
        self.replicas = {name: Replica(name, self.process(name)) for name in "abc"}

    def run(self) -> list[str]:
        """What is wrong with the ticks in the end; nothing when every invariant held."""
        for _ in range(ROUNDS):
            self.act()
        self.calm_down()
        ticks = [TICK.decode(value) for record in self.readable if (value := record.value()) is not None]
        return self.wrong + whole(ticks) + self.out_of_turn() + self.missing()

    def process(self, name: str) -> Candidate:
        batch_ticks = self.random.choice([1, 3, 50])
        return self.world.candidate(name, hook=self.hook_of(name), batch_ticks=batch_ticks, kind=self.kind)

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
        elif chance < 0.20:
            self.world.kill(replica.candidate)
        elif chance < 0.25:
            replica.candidate.wall.ahead_seconds = self.random.choice([-40.0, -1.0, 0.0, 0.5, 1.5, 30.0])
        elif chance < 0.55:
            self.world.true.advance(self.random.choice([0.2, 1.0, 7.0, 61.0]))
        for other in self.random.sample([*self.replicas.values()], 3):
            self.step(other, self.random.randrange(1, 8))

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
            self.wrong.append(f"{replica.name} stopped by its own check: {error}")
            self.restart(replica)
        finally:
            replica.is_running = False

    def strike(self, replica: Replica, moment: str) -> None:
        """Called in the middle of a writer's call."""
        chance = self.random.random()
        if not self.faults:
            return
        if chance < 0.01:
            raise Killed
        if chance < 0.02:
            raise WriterLost(f"connection lost {moment}")
        if chance < 0.05:
            self.sleep(replica)

    def sleep(self, replica: Replica) -> None:
        """The process is stopped where it stands: the group goes on without it, then it wakes up and knows nothing."""
        self.world.kill(replica.candidate)
        for _ in range(self.random.randrange(1, 4)):
            self.world.true.advance(self.random.choice([0.5, 7.0, 61.0]))
            for other in self.replicas.values():
                self.step(other, 8)

    def restart(self, replica: Replica) -> None:
        self.world.kill(replica.candidate)
        replica.candidate = self.process(replica.name)

    def calm_down(self) -> None:
        """The faults end and every process runs. After the longest wait and some time to catch up, all must be well."""
        self.faults = False
        for replica in self.replicas.values():
            replica.is_paused = False
            replica.candidate.wall.ahead_seconds = 0.0
        for _ in range(10):
            self.world.true.advance(10.0)
            for replica in self.replicas.values():
                self.step(replica, 10)
        for replica in self.replicas.values():
            self.step(replica, 200)

    # What must hold.

    def look(self) -> None:
        """Invariant 3, as soon as a tick is readable."""
        latest_ms = self.world.true.now() // 1000 + MAX_SKEW_MS
        for record in self.reader.poll(1_000, 0.0):
            self.readable.append(record)
            if record.timestamp()[1] > latest_ms:
                self.wrong.append(f"at {latest_ms - MAX_SKEW_MS} a tick of {record.timestamp()[1]} was readable")

    def out_of_turn(self) -> list[str]:
        """Invariant 2: writers are numbered in the order they opened, so on the topic their numbers never go back."""
        writers = [record[8] for record in self.readable]  # type: ignore[index]
        return [f"writer {after} wrote after {before}" for before, after in pairwise(writers) if after < before]

    def missing(self) -> list[str]:
        """Invariant 8: every period that has ended has its tick, now that a candidate lived long enough."""
        last = {tick.schedule: tick.ends_at for tick in self.world.ticks()}
        latest = self.world.true.now() // MINUTE * MINUTE
        return [
            f"{name} ends at {last.get(name)}, not {latest}" for name in ("live", "past") if last.get(name) != latest
        ]


@pytest.fixture(autouse=True)
def _silence() -> Iterator[None]:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.reset_defaults()


def test_whatever_happens_every_period_gets_one_tick_in_order() -> None:
    wrong = {seed: found for seed in range(SEEDS) if (found := Simulation(seed).run())}

    assert wrong == {}


def test_the_worlds_are_worth_living_in() -> None:
    """Faults must reach the clocks: many terms, and aborted ticks that nobody reads."""
    terms, hidden = 0, 0
    for seed in range(10):
        simulation = Simulation(seed)
        simulation.run()
        end = simulation.reader.end(TICKS)
        terms += sum(record.value() is None for record in simulation.readable)
        hidden += end - len(simulation.readable)

    assert terms > 50
    assert hidden > terms


# Clocks that break one rule.


class AnIdOfItsOwn(Clock):
    """Nobody is fenced when every candidate has its own transactional id."""

    @property
    def transactional_id(self) -> str:
        return f"{super().transactional_id}.{self.name}"


class ReadsBeforeTheFence(Clock):
    """Takes the last ticks from before its writer was opened."""

    _before: Memory | None = None

    def _open(self) -> float:
        self._before = self._follower.memory()
        return super()._open()

    def _memory(self) -> Memory:
        assert self._before is not None
        return self._before


class GoesOnWithoutABarrier(Clock):
    """When it is fenced, it opens a new writer and goes on with the memory it has."""

    def _lead(self) -> float:
        try:
            return super()._lead()
        except Fenced:
            office = self._in_office()
            office._writer = self._log.writer(self.transactional_id)
            office._writer.open()
            self._record(office, self._memory())
            return 0.0


class RetriesInPlace(Clock):
    """When a commit's outcome is unknown, it sends the batch again."""

    def _lead(self) -> float:
        try:
            return super()._lead()
        except WriterLost:
            office = self._in_office()
            office._writer = self._log.writer(self.transactional_id)
            office._writer.open()
            self._record(office, self._memory())
            return 0.0


class TrustsTheWall(Clock):
    """Never asks the broker for the time."""

    def _is_ahead(self) -> bool:
        self._probed = Reading(self._wall.now(), self._wall.monotonic())
        return False


@pytest.mark.parametrize(
    "mutant", [AnIdOfItsOwn, ReadsBeforeTheFence, GoesOnWithoutABarrier, RetriesInPlace, TrustsTheWall]
)
def test_a_clock_that_breaks_one_rule_is_found_out(mutant: type[Clock]) -> None:
    assert any(Simulation(seed, mutant).run() for seed in range(SEEDS))
