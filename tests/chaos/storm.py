"""A storm over three candidates and three brokers: kills, pauses and broker losses by a seed, and a witness who reads.

Every few seconds somebody is struck: a clock is killed (and started again at once) or stopped for a while, half of the
time for longer than its session, so that it wakes up deposed; more often than not it is the leader. Brokers are killed
one at a time and come back on their own data. Through all of it one reader takes down which ticks became readable and
when, as any subscriber would.

What the seed decides is who is struck by what, and when. Where in a transaction this finds the process, nobody chose.
"""

import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from time import monotonic

from passage_clock.wall import MachineWall
from passage_log.kafka import KafkaLog
from passage_log.port import EARLIEST, Reader
from passage_schemas.instant import Instant
from passage_schemas.log_record import Partition
from passage_schemas.records import TICK
from passage_schemas.tick import Tick
from passage_trial.cluster import Cluster
from tests.chaos.processes import Process

CANDIDATES = ("a", "b", "c")

STALLED_SECONDS = 90.0
"""A broker's session, a clock's, a transaction's timeout and a restart together; beyond that, it is stuck."""

SHORT_SECONDS, LONG_SECONDS = (0.5, 4.0), (7.0, 13.0)
"""Pauses well within a session of six seconds, and well beyond it."""

BROKER_DOWN_SECONDS = (4.0, 10.0)

SILENT_SECONDS = 10.0
"""Every second has its tick; a reader that hears nothing for so long may hang on a broker that is gone."""


@dataclass(frozen=True, slots=True)
class Plan:
    seed: int
    seconds: float
    kills: int
    pauses: int
    broker_kills: int

    def strikes(self, random: Random) -> list[tuple[float, str]]:
        """(seconds after the beginning, what happens), in order."""
        clocks = ["kill"] * self.kills + ["pause"] * self.pauses
        random.shuffle(clocks)
        return sorted([*self._spread(clocks, random), *self._spread(["broker"] * self.broker_kills, random)])

    def _spread(self, kinds: Sequence[str], random: Random) -> Iterator[tuple[float, str]]:
        """One in each stretch of equal length, in the middle half of it, so that no two come together."""
        stretch = self.seconds / max(1, len(kinds))
        for number, kind in enumerate(kinds):
            yield (number + random.uniform(0.25, 0.75)) * stretch, kind


@dataclass(slots=True)
class Toll:
    """How it went. `fail_overs`, `after_broker`: seconds from a strike that cost the leader, or a broker, to the next
    readable tick."""

    kills: int = 0
    pauses: int = 0
    broker_kills: int = 0
    fail_overs: list[float] = field(default_factory=list)
    after_broker: list[float] = field(default_factory=list)
    events: list[dict[str, object]] = field(default_factory=list)

    def said(self, event: str) -> list[dict[str, object]]:
        return [one for one in self.events if one["event"] == event]


class Witness:
    """Reads what is readable, as it comes: each value, and the wall time it was seen at."""

    def __init__(self, bootstrap: str, ticks: str) -> None:
        self._log = KafkaLog(bootstrap)
        self._partition = Partition(ticks, 0)
        self.values: list[bytes] = []
        self.seen_at: list[Instant] = []
        self.heard_at = monotonic()
        self._reopened_at = monotonic()
        self._reader = self._open(EARLIEST)

    def _open(self, position: int) -> Reader:
        reader = self._log.reader()
        reader.assign({self._partition: position})
        return reader

    def look(self, timeout_seconds: float) -> list[Tick]:
        """The ticks that have become readable since the last look."""
        records = self._reader.poll(10_000, timeout_seconds)
        now = MachineWall().now()
        values = [value for record in records if (value := record.value()) is not None]
        if values:
            self.heard_at = monotonic()
        elif monotonic() - max(self.heard_at, self._reopened_at) > SILENT_SECONDS:
            position = self._reader.position(self._partition)
            self._reader.close()
            self._reader, self._reopened_at = self._open(position), monotonic()
        self.values += values
        self.seen_at += [now] * len(values)
        return [TICK.decode(value) for value in values]

    def close(self) -> None:
        self._reader.close()
        self._log.close()


class Storm:
    """One storm, from three candidates that stand to three that were asked to stop and did."""

    def __init__(self, plan: Plan, cluster: Cluster, config: Path, ticks: str) -> None:
        self._plan = plan
        self._random = Random(plan.seed)
        self._cluster = cluster
        self._config = config
        self.witness = Witness(cluster.bootstrap, ticks)
        self.toll = Toll()
        self._clocks = {name: self._start(name) for name in CANDIDATES}
        self._wakes: dict[str, float] = {}
        self._down: tuple[int, float] | None = None
        self._pending: list[tuple[Instant, list[float]]] = []

    def _start(self, name: str) -> Process:
        command: list[str | Path] = ["-c", "from passage.cli import main; main()", "clock", "run", "-c", self._config]
        return Process([*command, "--name", name], "storm")

    def run(self) -> None:
        try:
            self._settle()
            began = monotonic()
            for at, kind in self._plan.strikes(self._random):
                while monotonic() - began < at:
                    self._watch()
                self._strike(kind)
            self._calm()
            codes = [process.end("standing_by") for process in self._clocks.values()]
            assert codes == [0] * len(codes), f"asked to stop, they ended with {codes}"
            for process in self._clocks.values():
                self._bury(process)
        finally:
            for process in self._clocks.values():
                process.kill()
            self.witness.close()

    def _watch(self) -> None:
        """A moment of the storm: read, wake up who has slept enough, start the broker that was down long enough."""
        for tick in self.witness.look(0.05):
            self._hear(tick)
        now = monotonic()
        for name in [name for name, wakes_at in self._wakes.items() if now >= wakes_at]:
            self._wake(name)
        if self._down is not None and now >= self._down[1]:
            self._cluster.restart(self._down[0])
            self._down = None
        for process in self._clocks.values():
            process.listen()
        assert now - self.witness.heard_at < STALLED_SECONDS, f"no tick for {STALLED_SECONDS} s: {self._last_words()}"

    def _hear(self, tick: Tick) -> None:
        """A tick that was published after a strike ends the silence that began with it."""
        now = MachineWall().now()
        for struck_at, seconds in [one for one in self._pending if tick.published_at > one[0]]:
            seconds.append((now - struck_at) / 1_000_000)
            self._pending.remove((struck_at, seconds))

    def _strike(self, kind: str) -> None:
        if kind == "broker":
            self._kill_broker()
            return
        awake = [name for name in self._clocks if name not in self._wakes]
        if len(awake) == 1:
            self._wake(next(iter(self._wakes)))
            awake = [name for name in self._clocks if name not in self._wakes]
        leader = self._leader()
        victim = leader if leader in awake and self._random.random() < 0.7 else self._random.choice(awake)
        pause = self._random.uniform(*self._random.choice([SHORT_SECONDS, LONG_SECONDS])) if kind == "pause" else None
        if victim == leader and (pause is None or pause >= LONG_SECONDS[0]):
            self._pending.append((MachineWall().now(), self.toll.fail_overs))
        if pause is None:
            self._kill(victim)
        else:
            self._clocks[victim].send(signal.SIGSTOP)
            self._wakes[victim] = monotonic() + pause
            self.toll.pauses += 1

    def _kill(self, name: str) -> None:
        self._clocks[name].kill()
        self._bury(self._clocks[name])
        self._clocks[name] = self._start(name)
        self.toll.kills += 1

    def _kill_broker(self) -> None:
        number = self._random.choice(list(self._cluster.numbers))
        self._pending.append((MachineWall().now(), self.toll.after_broker))
        self._cluster.kill(number)
        self._down = number, monotonic() + self._random.uniform(*BROKER_DOWN_SECONDS)
        self.toll.broker_kills += 1

    def _wake(self, name: str) -> None:
        del self._wakes[name]
        self._clocks[name].send(signal.SIGCONT)

    def _bury(self, process: Process) -> None:
        process.take_told()
        self.toll.events += process.events

    def _leader(self) -> str | None:
        """Who took office last, of those that run: whether the group knows already or not."""
        terms = {
            name: int(str(event["term"]))
            for name, process in self._clocks.items()
            for event in process.events
            if event["event"] == "office_taken"
        }
        return max(terms, key=lambda name: terms[name], default=None)

    def _settle(self) -> None:
        """Until somebody leads, and everybody stands."""
        while not self.witness.values or not all(one.has_said("standing_by") for one in self._clocks.values()):
            self._watch()

    def _calm(self) -> None:
        """Until everybody is back and the ticks are those of this very moment."""
        while self._wakes or self._down or self._pending or not self._is_up_to_date():
            self._watch()

    def _is_up_to_date(self) -> bool:
        last = TICK.decode(self.witness.values[-1])
        return MachineWall().now() - last.ends_at < 2_000_000

    def _last_words(self) -> dict[str, list[dict[str, object]]]:
        return {name: process.events[-5:] for name, process in self._clocks.items()}
