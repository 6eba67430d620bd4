"""Two workers, one log in memory, and everything that can go wrong between them, decided by a seed.

Workers are killed, stopped and resumed at every moment of a transaction, and connections break with the outcome
unknown. As with Kafka's client, records wait in the writer until they are sent, so a transaction's positions may reach
the log before its records do. Nothing is faked: what got through is on the log.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random

from passage_log.errors import WriterLost
from passage_log.memory import MemoryLog
from passage_log.memory.writer import MemoryWriter
from passage_log.port import Committed, Headers, Member, Partition
from passage_processors import ProcessorError, Worker
from passage_processors.runtime.replay import digest, digest_of_output, replay
from tests.clock.faults import FaultyLog, FaultyWriter, Hook, seat_of
from tests.processors.test_restore import fill
from tests.processors.world import World, day, invoices

PARTITIONS = 2
ROUNDS = 150
DAYS = 40
INVOICES = 40

ENOUGH = 5
"""A world in which so much is wrong need not be lived to its end."""


class Killed(BaseException):
    """The process is gone: nothing of it may run on, and no `except Exception` either."""


class Linger(FaultyWriter):
    """Keeps records back until the commit, and sends them after the positions."""

    def __init__(self, writer: MemoryWriter, hook: Hook) -> None:
        super().__init__(writer, hook)
        self._memory = writer
        self._kept: list[tuple[Partition, bytes | None, bytes | None, int, Headers]] = []

    def begin(self) -> None:
        self._hook("before begin")
        self._kept = []
        self._memory.begin()

    def append(
        self, partition: Partition, key: bytes | None, value: bytes | None, timestamp_ms: int, headers: Headers = ()
    ) -> None:
        self._kept.append((partition, key, value, timestamp_ms, headers))

    def commit(self, positions: Mapping[Partition, Committed] | None = None, member: Member | None = None) -> None:
        self._hook("before positions")
        if positions is not None and member is not None:
            self._memory.send_positions(positions, seat_of(member))
        self._hook("before records")
        for record in self._kept:
            self._memory.append(*record)
        self._hook("before commit")
        self._memory.commit()
        self._hook("after commit")


class LingeringLog(FaultyLog):
    def __init__(self, log: MemoryLog, hook: Hook) -> None:
        super().__init__(log, hook)
        self._memory = log

    def writer(self, transactional_id: str, transaction_timeout_seconds: float = 15.0) -> Linger:
        return Linger(self._memory.writer(transactional_id, transaction_timeout_seconds), self._hook)


@dataclass(slots=True)
class Replica:
    """A place where a worker runs, is stopped, dies and is started again under its name."""

    name: str
    worker: Worker
    is_running: bool = False


class Interrupted:
    """`run` tells what is wrong in the end; nothing when every promise of the processors held."""

    def __init__(self, seed: int, faults: bool = True) -> None:
        self.seed = seed
        self.random = Random(seed)
        self.world = new_world()
        self.log = self.world.log
        assert isinstance(self.log, MemoryLog)
        self.memory = self.log
        fill(self.world, seed % WORLDS, INVOICES, DAYS)
        self.faults = faults
        self.wrong: list[str] = []
        self.seconds = 0.0
        self.struck = 0
        self.replicas = {name: Replica(name, self.process(name)) for name in ("x", "y")}

    def run(self) -> list[str]:
        for _ in range(ROUNDS):
            if len(self.wrong) > ENOUGH:
                return self.wrong
            replica = self.random.choice([*self.replicas.values()])
            self.turn(replica, self.random.randrange(1, 5))
            if self.faults and self.random.random() < 0.03:
                self.restart(replica)
        self.calm_down()
        return self.wrong + [what for number in range(PARTITIONS) for what in self.differences(number)]

    def process(self, name: str) -> Worker:
        hook: Callable[[str], None] = lambda moment: self.strike(self.replicas[name], moment)  # noqa: E731
        log = LingeringLog(self.memory, hook)
        max_facts, max_fires = self.random.choice([1, 3, 10]), self.random.choice([1, 2, 5])
        return Worker(self.world.app, log, name, lambda: self.seconds, max_facts, max_fires)

    def turn(self, replica: Replica, times: int) -> bool:
        """Whether it committed something."""
        if replica.is_running:
            return False
        replica.is_running, committed = True, False
        try:
            for _ in range(times):
                self.seconds += 0.5
                committed |= replica.worker.turn(0.0)
        except Killed:
            self.restart(replica)
        except (ProcessorError, AssertionError) as error:
            self.wrong.append(f"{replica.name} stopped: {error}")
            self.restart(replica)
        finally:
            replica.is_running = False
        return committed

    def strike(self, replica: Replica, moment: str) -> None:
        """Called in the middle of a transaction."""
        chance = self.random.random()
        if not self.faults or chance > 0.06:
            return
        self.struck += 1
        if chance < 0.01:
            raise Killed
        if chance < 0.02:
            raise WriterLost(f"connection lost {moment}")
        self.sleep(replica)

    def sleep(self, replica: Replica) -> None:
        """The process is stopped where it stands, past its session: the other takes over, then this one wakes up."""
        self.memory.expire(seat_of(replica.worker._member))
        for other in self.replicas.values():
            if other is not replica:
                self.turn(other, self.random.randrange(3, 12))

    def restart(self, replica: Replica) -> None:
        """Its session ends and its transaction times out before the process is there again."""
        self.memory.expire(seat_of(replica.worker._member))
        self.memory.time_out(f"{self.world.app.name}-{replica.name}")
        replica.worker = self.process(replica.name)

    def calm_down(self) -> None:
        """The faults end. The facts behind the last tick's promise go on waiting for the clock."""
        self.faults = False
        for _ in range(1_000):
            committed = [self.turn(replica, 4) for replica in self.replicas.values()]
            tasks = [task for replica in self.replicas.values() for task in replica.worker.tasks.values()]
            idle = len(tasks) == PARTITIONS and not any(committed) and not any(task.tick_waits for task in tasks)
            if idle or len(self.wrong) > ENOUGH:
                return
        self.wrong.append("the workers do not finish")

    def differences(self, number: int) -> list[str]:
        """The derived events of a partition, beside what they should be and what a replay says they are."""
        wrong = []
        written = digest_of_output(self.world.app, self.memory, number)
        if written != truth(self.seed % WORLDS, number):
            wrong.append(f"partition {number}: {written[0]} events, {truth(self.seed % WORLDS, number)[0]} expected")
        try:
            if digest(replay(self.world.app, self.memory, number)) != written:
                wrong.append(f"partition {number}: a replay gives others")
        except ProcessorError as error:
            wrong.append(str(error))
        return wrong


WORLDS = 5
"""How many sets of invoices there are; a seed's is its remainder."""

_truths: dict[int, tuple[tuple[int, str], ...]] = {}


def new_world() -> World:
    world = World(invoices(), partitions=PARTITIONS)
    world.name(next_at=day(1))
    return world


def truth(which: int, number: int) -> tuple[int, str]:
    """The events of one worker that nothing ever happened to. Asked for first before any mutant is at work."""
    if which not in _truths:
        world = new_world()
        fill(world, which, INVOICES, DAYS)
        world.settle(world.worker())
        _truths[which] = tuple(digest_of_output(world.app, world.log, one) for one in range(PARTITIONS))
    return _truths[which][number]
