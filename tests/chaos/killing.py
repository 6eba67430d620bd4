"""Kills the leading clock and one of the workers, again and again, wherever they happen to be.

A seed says at which progress each kill falls due (so many ticks readable, so many folded) and how many milliseconds
after that it strikes; where in a transaction this finds the process, nobody chose. So all kills happen while the
catch-up and the folding are under way, however fast the machine is, and each after some progress since the last one.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from examples.overdue_invoices.watch import Watch
from passage_log.port import EARLIEST, Log
from passage_processors import App
from passage_schemas.instant import Instant
from passage_schemas.log_record import Partition
from passage_schemas.records import TICK
from tests.chaos.processes import Process

CLOCKS, WORKERS = ("a", "b", "c"), ("x", "y")

LATEST_STRIKE_SECONDS = 0.03
"""Three times what a transaction takes."""

STALLED_SECONDS = 60.0
"""Longer than a session, a transaction's timeout and a restore together; if nothing moves for so long, nothing will."""


@dataclass(frozen=True, slots=True)
class Plan:
    """`kills` of the leader and as many of a worker, before the tick of this sequence is readable, or folded."""

    seed: int
    kills: int
    until_sequence: int

    def thresholds(self, random: Random) -> list[int]:
        stride = self.until_sequence / (self.kills + 1)
        return [round((number + random.random()) * stride) + 1 for number in range(self.kills)]


class TickWatch:
    """The last readable sequence, and what has been promised of each schedule."""

    def __init__(self, app: App, log: Log) -> None:
        self.sequence = 0
        self.next_at: dict[str, Instant | None] = {}
        self._reader = log.reader()
        self._reader.assign({Partition(app.ticks_topic, 0): EARLIEST})

    def look(self, timeout_seconds: float) -> None:
        for record in self._reader.poll(5_000, timeout_seconds):
            if (value := record.value()) is not None:
                tick = TICK.decode(value)
                self.sequence = tick.sequence
                self.next_at[tick.schedule] = tick.next_at

    def has_caught_up(self, now: Instant) -> bool:
        """Whether no schedule has a tick due."""
        return bool(self.next_at) and all(next_at is None or next_at > now for next_at in self.next_at.values())

    def close(self) -> None:
        self._reader.close()


class Victims:
    """Processes of one kind, each restarted under its own name when it was killed."""

    def __init__(self, start: Callable[[str], Process], names: tuple[str, ...], begun: str, at_work: str) -> None:
        self._start = start
        self._begun = begun
        self._at_work = at_work
        self.running = {name: start(name) for name in names}

    def at_work(self) -> list[str]:
        """Those that have said so since they were started."""
        return [name for name, process in self.running.items() if process.has_said(self._at_work)]

    def kill(self, name: str) -> None:
        self.running[name].kill()
        self.running[name] = self._start(name)

    def end(self) -> list[int]:
        return [process.end(self._begun) for process in self.running.values()]

    def kill_all(self) -> None:
        for process in self.running.values():
            process.kill()


@dataclass(slots=True)
class Toll:
    """How it went: kills by role, and the progress each came at."""

    leaders: list[int]
    workers: list[int]
    seconds: float = 0.0


class Killer:
    """Runs three candidates and two workers of small steps, and kills until the plan is done."""

    def __init__(self, plan: Plan, app: App, log: Log, config: Path, bootstrap: str, run: str) -> None:
        self._plan = plan
        self._random = Random(plan.seed)
        self._app = app
        self._log = log
        self._command: Callable[..., Process] = lambda *arguments: Process(
            ["-m", "tests.chaos.small_steps", *arguments], run
        )
        self._config = config
        self._bootstrap = bootstrap

    def run(self) -> Toll:
        began = time.monotonic()
        ticks, watch = TickWatch(self._app, self._log), Watch(self._app, self._log)
        clocks = Victims(self._clock, CLOCKS, "standing_by", "office_taken")
        workers = Victims(self._worker, WORKERS, "assigned", "restored")
        try:
            toll = self._kill(clocks, workers, ticks, watch)
            codes = clocks.end() + workers.end()
            assert codes == [0] * len(codes), f"asked to stop, they ended with {codes}"
        finally:
            clocks.kill_all()
            workers.kill_all()
            ticks.close()
            watch.close()
        toll.seconds = time.monotonic() - began
        return toll

    def _clock(self, name: str) -> Process:
        return self._command("clock", self._config, name, str(self._random.choice([1, 1, 2])))

    def _worker(self, name: str) -> Process:
        return self._command(
            "worker", self._bootstrap, name, str(self._random.choice([6, 15, 27])), str(self._random.choice([3, 6, 9]))
        )

    def _kill(self, clocks: Victims, workers: Victims, ticks: TickWatch, watch: Watch) -> Toll:
        toll = Toll([], [])
        for_leaders, for_workers = self._plan.thresholds(self._random), self._plan.thresholds(self._random)
        moved_at, seen = time.monotonic(), (-1, -1)
        while for_leaders or for_workers:
            ticks.look(0.01)
            while watch.look(0.0):
                pass
            if for_leaders and _is_due(for_leaders[0], ticks.sequence, toll.leaders) and (up := clocks.at_work()):
                self._strike(clocks, up)
                toll.leaders.append(ticks.sequence)
                del for_leaders[0]
            if for_workers and _is_due(for_workers[0], watch.folded, toll.workers) and (up := workers.at_work()):
                self._strike(workers, up)
                toll.workers.append(watch.folded)
                del for_workers[0]
            if seen != (ticks.sequence, watch.folded):
                seen, moved_at = (ticks.sequence, watch.folded), time.monotonic()
            assert time.monotonic() - moved_at < STALLED_SECONDS, self._stalled(seen, clocks, workers)
        return toll

    def _strike(self, victims: Victims, up: list[str]) -> None:
        """Kills one of those at work, a random moment from now. Of the clocks only the leader is."""
        time.sleep(self._random.uniform(0, LATEST_STRIKE_SECONDS))
        victims.kill(self._random.choice(up))

    @staticmethod
    def _stalled(seen: tuple[int, int], clocks: Victims, workers: Victims) -> str:
        processes = {**clocks.running, **workers.running}
        for process in processes.values():
            process.listen()
        last = (f"{name}: {process.events[-5:]}{process.stacks()}" for name, process in processes.items())
        return "\n".join([f"nothing moves beyond {seen}", *last])


def _is_due(threshold: int, progress: int, kills: list[int]) -> bool:
    return progress >= threshold and (not kills or progress > kills[-1])
