"""A world of three workers, two clocks and one log in which everything goes wrong that can, decided by a seed.

Workers and clocks are killed, stopped and resumed anywhere, also in the middle of a transaction; connections break with
the outcome unknown; workers come and leave; bursts are cut small. After every step what has become readable and what is
remembered is held to invariants 4, 6 and 9 of the design; in the end, when the faults are over, the derived events are
those of a world in which nothing ever happened, and to replay the timeline gives them again (5).

The weeks are paused from the beginning and resumed when the first has long passed, so that its tick comes among those
of later days. In every second set of worlds the clock lets go of days older than `KEPT_DAYS`, and nothing may come of
it.

    python -m tests.simulation.simulation 217        one seed again, with the workers' and clocks' own log lines
"""

import dataclasses
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from random import Random
from typing import Literal

from passage_clock.records.control import StatusAsk
from passage_clock.schedules import periodic
from passage_log.aside import Aside
from passage_log.errors import WriterLost
from passage_log.port import EARLIEST, Topic
from passage_processors import App, ProcessorError, Worker
from passage_processors.runtime.offline.replay import digest, digest_of_output, replay
from passage_processors.runtime.own_writer import transactional_id
from passage_processors.runtime.task import Task
from passage_processors.runtime.topics import create_topics
from passage_schemas.events import event_codec
from passage_schemas.instant import Instant, milliseconds_of
from passage_schemas.log_record import Partition, Record
from passage_schemas.partitioner import partition_of
from tests.clock.faults import nothing, seat_of
from tests.clock.world import CONTROL, MIDNIGHT, TICKS, Candidate
from tests.clock.world import DAY as DAY_LONG
from tests.clock.world import World as ClockWorld
from tests.simulation.lingering import Killed, LingeringLog
from tests.simulation.orders import DAY, WEEK, app, facts

PARTITIONS = 2
ORDERS = 16
DAYS = 15
SECONDS_PER_DAY = 86_400.0
MOST_TURNS = 500
MONDAY = Instant(MIDNIGHT - DAY_LONG)
"""The first week's begin: it ends on the sixth day."""
RESUMED_AT = 10.4
"""In days: the first week has passed by then, and nothing is due before the next day."""
KEPT_DAYS = 10
"""What an operator owes: longer than a worker is away and a fact late. No day is so old before the weeks are resumed,
and by then all is folded. What is folded later is dated `MOST_DAYS_LATE` before that, or on the sixth day (the first
week), at the earliest: no more than ten days before the last tick, which is that of the day after `DAYS`."""
ENOUGH = 5
"""A world in which so much is wrong need not be lived to its end."""
WORLDS = 8
"""How many sets of facts there are; a seed's is its remainder."""

Digests = tuple[tuple[int, str], ...]


@dataclass(slots=True)
class Replica:
    """A place where a worker runs, is stopped, dies and is started again under its name."""

    name: str
    worker: Worker | None = None
    is_running: bool = False


@dataclass(slots=True)
class Auditor:
    """Reads what the workers write as any consumer does, and looks into what they remember."""

    wrong: list[str] = field(default_factory=list)
    ids: set[bytes] = field(default_factory=set)
    memories: dict[tuple[int, int], object] = field(default_factory=dict)

    def read(self, record: Record) -> None:
        identity = dict(record.headers() or [])["ce_id"]
        if identity in self.ids:
            self.wrong.append(f"4: {identity.decode()} is readable twice")
        self.ids.add(identity)

    def remember(self, task: Task) -> None:
        """The memory at a cut is the same whoever has it: who folded it, and who was restored to it."""
        found = remembered(task)
        if self.memories.setdefault((task.number, task.cut.number), found) != found:
            self.wrong.append(f"6: partition {task.number} is remembered in two ways at cut {task.cut.number}")


def remembered(task: Task) -> object:
    """Everything a task remembers; how far it has read ahead is no memory."""
    return (
        task.cut,
        task.sequence,
        {name: at for name, at in task.fold.folded.items() if at},
        task.fold.burst,
        [(dict(book.items()), book.open, frozenset(book.passed)) for book in task.fold.books],
        [(one.topic, one.count) for one in task.inputs],
    )


class Simulation:
    """`run` tells what is wrong, each by its invariant; nothing when every promise of the processors held."""

    def __init__(self, seed: int, faults: bool = True) -> None:
        self.seed = seed
        self.random = Random(seed)
        self.faults = faults
        self.app = app()
        self.keeps = seed // WORLDS % 2 == 1
        self.clocks = clock_world(KEPT_DAYS if self.keeps else None)
        self.log = self.clocks.log
        prepare(self.clocks, self.app, seed % WORLDS)
        self.auditor = Auditor()
        self.reader = self.log.reader()
        self.reader.assign({Partition(self.app.output, number): EARLIEST for number in range(PARTITIONS)})
        self.struck = 0
        self.days = 0.0
        self.leaders = {name: self.clocks.candidate(name, hook=self.clock_hook(name)) for name in "ab"}
        self.replicas = {name: Replica(name) for name in "xyz"}

    def run(self) -> list[str]:
        while self.days < DAYS:
            self.act()
            if len(self.auditor.wrong) > ENOUGH:
                return self.auditor.wrong
        self.calm_down()
        return self.auditor.wrong + self.differences()

    # What happens.

    def act(self) -> None:
        chance = self.random.random()
        if chance < 0.6:
            self.pass_time(self.random.choice([0.1, 0.5, 1.0, 1.0, 3.0]))
        if self.faults and chance < 0.05:
            self.kill_clock(self.random.choice("ab"))
        elif self.faults and chance < 0.12:
            self.come_or_leave(self.random.choice([*self.replicas.values()]))
        for name in self.random.sample("ab", 2):
            self.step_clock(name, self.random.randrange(1, 6))
        for replica in self.random.sample([*self.replicas.values()], 2):
            self.turn(replica, self.random.randrange(1, 5))

    def pass_time(self, days: float) -> None:
        if self.days < RESUMED_AT <= self.days + days:
            self.advance(RESUMED_AT - self.days)
            self.resume_weeks()
        else:
            self.advance(min(days, DAYS - self.days))

    def advance(self, days: float) -> None:
        self.days += days
        self.clocks.true.advance(days * SECONDS_PER_DAY)

    def resume_weeks(self) -> None:
        """When all that may be folded has been: what an old tick does depends on what was there before it."""
        faults, self.faults = self.faults, False
        before = int(RESUMED_AT)
        self.settle(before)
        ask_for_weeks(self.clocks, "active")
        for _ in range(MOST_TURNS):
            self.clocks.true.advance(0.5)
            for name in self.leaders:
                self.step_clock(name, 8)
            if self.last_tick() > before:
                break
        self.faults = faults

    def last_tick(self) -> int:
        return max((tick.sequence for tick in self.clocks.ticks()), default=0)

    # Clocks.

    def clock_hook(self, name: str) -> Callable[[str], None]:
        return lambda moment: self.strike_clock(name, moment)

    def strike_clock(self, name: str, moment: str) -> None:
        if self.faults and self.random.random() < 0.02:
            self.struck += 1
            raise Killed

    def step_clock(self, name: str, times: int) -> None:
        try:
            for _ in range(times):
                self.leaders[name].clock.step()
        except Killed:
            self.kill_clock(name)

    def kill_clock(self, name: str) -> None:
        """Its session ends, its transaction is over, and another process is started under its name."""
        self.clocks.kill(self.leaders[name])
        self.log.time_out(self.leaders[name].clock.transactional_id)
        self.leaders[name] = self.clocks.candidate(name, hook=self.clock_hook(name))

    # Workers.

    def process(self, name: str) -> Worker:
        log = LingeringLog(self.log, lambda moment: self.strike(self.replicas[name], moment))
        worker = Worker(
            self.app,
            log,
            name,
            monotonic=self.clocks.true.monotonic,
            max_facts=self.random.choice([1, 3, 10, 50]),
            max_fires=self.random.choice([1, 2, 5]),
        )
        return asking_in_its_turn(worker)

    def come_or_leave(self, replica: Replica) -> None:
        if replica.is_running:
            return
        if replica.worker is None:
            replica.worker = self.process(replica.name)
        elif self.random.random() < 0.5:
            replica.worker.close()
            replica.worker = None
        else:
            self.die(replica)

    def turn(self, replica: Replica, times: int) -> bool:
        """Whether it committed something."""
        if replica.is_running:
            return False
        if replica.worker is None:
            if len([one for one in self.replicas.values() if one.worker is not None]) > 0:
                return False
            replica.worker = self.process(replica.name)  # somebody must work
        replica.is_running, committed = True, False
        try:
            for _ in range(times):
                self.clocks.true.advance(0.5)
                committed |= replica.worker.turn(0.0)
                self.look(replica.worker)
        except Killed:
            self.die(replica)
        except (ProcessorError, AssertionError) as error:
            self.auditor.wrong.append(f"{replica.name} stopped: {error}")
            self.die(replica)
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
        """The process is stopped where it stands, past its session: others take over, then this one wakes up."""
        assert replica.worker is not None
        self.log.expire(seat_of(replica.worker._member))
        for other in self.replicas.values():
            if other is not replica:
                if other.worker is None:
                    other.worker = self.process(other.name)
                self.turn(other, self.random.randrange(3, 10))

    def die(self, replica: Replica) -> None:
        """Its session ends and its transaction times out before a process is there again, if one ever is."""
        assert replica.worker is not None
        self.log.expire(seat_of(replica.worker._member))
        self.log.time_out(transactional_id(self.app.name, replica.name))
        replica.worker = self.process(replica.name) if self.random.random() < 0.7 else None

    def calm_down(self) -> None:
        """The faults end: the clocks catch up, the workers come to rest."""
        self.faults = False
        self.clocks.true.advance(SECONDS_PER_DAY)
        self.settle(expected_ticks(self.seed % WORLDS))

    def settle(self, ticks: int) -> None:
        """Until so many ticks have been published and folded, and there is nothing more to do."""
        self.end_open_transactions()
        quiet = 0
        for _ in range(MOST_TURNS):
            for name in self.leaders:
                self.step_clock(name, 8)
            committed = [self.turn(replica, 4) for replica in self.replicas.values()]
            workers = [one.worker for one in self.replicas.values() if one.worker and not one.worker._suspended]
            tasks = [task for worker in workers for task in worker.tasks.values()]
            done = len(tasks) == PARTITIONS and all(task.sequence == ticks for task in tasks)
            quiet = quiet + 1 if done and not any(committed) else 0
            if quiet == 2 or len(self.auditor.wrong) > ENOUGH:
                return
        self.auditor.wrong.append("the workers do not finish")

    def end_open_transactions(self) -> None:
        """Those of workers that will not come back to end them: the broker does after a while."""
        for name in self.replicas:
            self.log.time_out(transactional_id(self.app.name, name))

    # What must hold.

    def look(self, worker: Worker) -> None:
        for record in self.reader.poll(1_000, 0.0):
            self.auditor.read(record)
        for task in worker.tasks.values():
            self.auditor.remember(task)

    def differences(self) -> list[str]:
        """The derived events beside what they should be and what a replay says they are."""
        wrong = []
        for number, expected in enumerate(truth(self.seed % WORLDS)):
            written = digest_of_output(self.app, self.log, number)
            if written != expected:
                wrong.append(f"4: partition {number}: {written[0]} events, {expected[0]} expected, or not those")
            if self.keeps:
                continue  # a replay needs what was let go
            try:
                if digest(replay(self.app, self.log, number)) != written:
                    wrong.append(f"5: partition {number}: a replay gives others")
            except ProcessorError as error:
                wrong.append(f"5: {error}")
        return wrong


def clock_world(keep_days: int | None = None) -> ClockWorld:
    world = ClockWorld(
        dataclasses.replace(periodic(DAY, "day", "UTC", starts_at=MIDNIGHT), keep_days=keep_days),
        periodic(WEEK, "week", "UTC", starts_at=MONDAY),
    )
    ask_for_weeks(world, "paused")
    return world


def ask_for_weeks(world: ClockWorld, status: Literal["active", "paused"]) -> None:
    appender = world.log.appender()
    asked = StatusAsk(WEEK, status, by="kim", reason="stocktaking")
    appender.append(CONTROL, asked.key, asked.encode(), milliseconds_of(world.true.now()))
    appender.flush()


def prepare(clocks: ClockWorld, app: App, which: int) -> None:
    """The app's topics, and all facts there will ever be: they wait for the clock. Their topic takes them early."""
    ahead = {"message.timestamp.after.max.ms": str(1 << 60)}
    clocks.log.create([Topic(topic, PARTITIONS, ahead) for topic in app.inputs])
    create_topics(clocks.log, app, PARTITIONS)
    appender = clocks.log.appender()
    for days, fact in facts(which, ORDERS, DAYS):
        key = fact.order.encode()  # type: ignore[attr-defined]  # every fact here has one
        at = Instant(MIDNIGHT + round(days * SECONDS_PER_DAY * 1e6))
        value = event_codec(type(fact)).encode(fact)
        appender.append(Partition("orders", partition_of(key, PARTITIONS)), key, value, milliseconds_of(at))
    appender.append(Partition("orders", 0), b"junk", b"junk", milliseconds_of(Instant(MIDNIGHT + 10**12)))
    appender.flush()


class InTheTurn(Aside):
    def ask(self) -> bool:
        self._question()
        return True


def asking_in_its_turn(worker: Worker) -> Worker:
    """What it would ask beside its turn: of a thread the seed decides nothing."""
    shapes, lookout = worker._shapes, worker.lookout
    shapes._aside = InTheTurn("shapes", shapes._ask)
    lookout._asking_group = InTheTurn("group", lookout._ask_group)
    return worker


@cache
def peace(which: int) -> tuple[Digests, int]:
    """What one worker and one clock come to that nothing ever happens to, and how many ticks there are."""
    world, wanted = clock_world(), app()
    prepare(world, wanted, which)
    candidate: Candidate = world.candidate("a", hook=nothing)
    worker = asking_in_its_turn(Worker(wanted, world.log, "a", monotonic=world.true.monotonic))

    def work() -> None:
        for _ in range(20):
            candidate.clock.step()
        for _ in range(20):
            world.true.advance(0.001)
            worker.turn(0.0)

    for day in range(1, DAYS + 2):
        world.true.advance(SECONDS_PER_DAY)
        work()
        if day == int(RESUMED_AT):
            ask_for_weeks(world, "active")
            work()
    days = [tick.schedule for tick in world.ticks()].index(WEEK)
    assert days == int(RESUMED_AT), f"the first week is read behind {days} days"
    ticks = len([record for record in world.records(TICKS) if record.value() is not None])
    assert all(task.sequence == ticks for task in worker.tasks.values()), "the peaceful worker is not done"
    assert len(worker.tasks) == PARTITIONS
    return tuple(digest_of_output(wanted, world.log, number) for number in range(PARTITIONS)), ticks


def truth(which: int) -> Digests:
    """Asked for first before any mutant is at work."""
    return peace(which)[0]


def expected_ticks(which: int) -> int:
    return peace(which)[1]


if __name__ == "__main__":
    found = Simulation(int(sys.argv[1])).run()
    print("\n".join(found) or "every invariant held")
    sys.exit(bool(found))
