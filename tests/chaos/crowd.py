"""Workers that come, leave and die while facts and ticks go on being written, and how their work gets on meanwhile.

A day of the story is written every so often; what is folded is asked of the log, as `status` does. The longest time in
which no fact was is the longest silence: there is always one to be folded, so nothing but the storm makes one.
"""

import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from time import monotonic, sleep
from uuid import uuid4

from passage_log.errors import Unreachable
from passage_log.kafka import KafkaLog
from tests.chaos.orders_world import LONG_SECONDS, Folded, Hand, Story, all_of, app_of, differences, folded
from tests.chaos.processes import Process

LOOK_EVERY_SECONDS = 0.2
COMMAND = ["-c", "from passage.cli import main; main()", "processors", "run", "tests.chaos.orders_world:app"]

Strike = tuple[float, Callable[[], None]]
"""Seconds after the beginning, and what happens then."""


@dataclass(slots=True)
class Toll:
    joins: int = 0
    leaves: int = 0
    kills: int = 0
    assignments: int = 0
    """How often a worker was given partitions, or others."""
    failed: int = 0
    """Transactions that had to be forgotten."""
    doubtful: int = 0
    silences: list[float] = field(default_factory=list)
    """Seconds from one look at which more facts were folded to the next."""
    of_tasks: list[float] = field(default_factory=list)
    """The same of each task by itself."""

    def __str__(self) -> str:
        longest = "; of one task ".join(
            ", ".join(f"{seconds:.1f}" for seconds in sorted(one)[:-6:-1]) for one in (self.silences, self.of_tasks)
        )
        return (
            f"{self.joins} joined, {self.leaves} left, {self.kills} killed; {self.assignments} assignments, "
            f"{self.failed} transactions failed, {self.doubtful} doubtful; longest silences {longest} s"
        )


class Crowd:
    """Close it when it has been looked at."""

    def __init__(
        self, bootstrap: str, story: Story, days_per_second: float, seed: int, patience_seconds: float = 30.0
    ) -> None:
        self.run_name = f"crowd-{uuid4().hex[:8]}"
        self.story = story
        self.app = app_of(self.run_name)
        self.log = KafkaLog(bootstrap, connect_timeout_seconds=patience_seconds)
        self.toll = Toll()
        self.working: dict[str, Process] = {}
        self._bootstrap = bootstrap
        self._rate = days_per_second
        self._random = Random(seed)
        self._hand = Hand(self.app, self.log, story)
        self._leaving: list[Process] = []
        self._named = 0
        self._began = monotonic()
        self._grew_at = 0.0
        self._folded = Folded({}, 0)
        self._task_grew_at: dict[int, float] = {}

    # --- what happens to it

    def join(self) -> None:
        self._named += 1
        arguments = ["--bootstrap", self._bootstrap, "--name", f"w{self._named}"]
        self.working[f"w{self._named}"] = Process([*COMMAND, *arguments], self.run_name)
        self.toll.joins += 1

    def leave(self, name: str) -> None:
        process = self.working.pop(name)
        process.send(signal.SIGTERM)
        self._leaving.append(process)
        self.toll.leaves += 1

    def kill(self, name: str) -> None:
        process = self.working.pop(name)
        process.kill()
        self._bury(process)
        self.toll.kills += 1

    def come_or_go(self, most: int, deadly: float) -> None:
        """One joins, leaves or, with a probability, is killed; another is at work then."""
        if len(self.working) < 2 or (len(self.working) < most and self._random.random() < 0.5):
            self.join()
            return
        is_killed = self._random.random() < deadly
        while len(able := [name for name, process in self.working.items() if process.has_said("restored")]) < 2:
            self._pass()
        (self.kill if is_killed else self.leave)(self._random.choice(able))

    # --- its story

    def start(self, workers: int) -> None:
        """Returns when all are at work and something is folded: there the story's time begins."""
        for _ in range(workers):
            self.join()
        self._hand.write(2)
        deadline = monotonic() + LONG_SECONDS
        while not self._folded.facts or not all(one.has_said("assigned") for one in self.working.values()):
            assert monotonic() < deadline, self._last_words()
            self._look()
        self._began = self._grew_at = monotonic()
        self.toll.silences.clear()
        self.toll.of_tasks.clear()
        self._task_grew_at.clear()

    def run(self, strikes: Sequence[Strike]) -> None:
        for at, strike in strikes:
            while monotonic() - self._began < at:
                self._pass()
            strike()

    def work_until(self, condition: Callable[[], bool], what: str) -> None:
        deadline = monotonic() + LONG_SECONDS
        while not condition():
            assert monotonic() < deadline, f"no {what}: {self._last_words()}"
            self._pass()

    def stand(self, seconds: float) -> None:
        """Nothing is written or looked at for a while: no broker would answer."""
        until = monotonic() + seconds
        while monotonic() < until:
            sleep(LOOK_EVERY_SECONDS)
            for process in self.working.values():
                process.listen()

    def finish(self) -> None:
        """The rest of the story is written, and folded by those who are left."""
        self._hand.write(self.story.days)
        deadline = monotonic() + LONG_SECONDS
        while self._folded.all != all_of(self.story):
            assert monotonic() < deadline, f"stuck at {self._folded} of {all_of(self.story)}: {self._last_words()}"
            self._pass()
        codes = [process.end("assigned") for process in self.working.values()]
        codes += [process.wait() for process in self._leaving]
        assert codes == [0] * len(codes), f"asked to stop, they ended with {codes}"
        for process in (*self.working.values(), *self._leaving):
            self._bury(process)
        self.working, self._leaving = {}, []

    @property
    def folded_facts(self) -> int:
        """As of the last look."""
        return self._folded.all[0]

    def differences(self) -> list[str]:
        return differences(self.run_name, self.log, self.story)

    def close(self) -> None:
        for process in (*self.working.values(), *self._leaving):
            process.kill()
        self.log.close()

    def _pass(self) -> None:
        due = int((monotonic() - self._began) * self._rate) - self._hand.written
        if due > 0:
            self._hand.write(due)
        self._look()

    def _look(self) -> None:
        sleep(LOOK_EVERY_SECONDS)
        for process in self.working.values():
            process.listen()
        try:
            found = folded(self.app, self.log, self.story)
        except Unreachable:
            return  # a broker is gone; the next look asks another
        now, before = monotonic(), self._folded.facts
        grown = [number for number, facts in found.facts.items() if facts > before.get(number, 0)]
        for number in grown:
            self.toll.of_tasks.append(now - self._task_grew_at.get(number, self._began))
            self._task_grew_at[number] = now
        if grown:
            self.toll.silences.append(now - self._grew_at)
            self._grew_at = now
        self._folded = found

    def _bury(self, process: Process) -> None:
        process.take_told()
        said = [one["event"] for one in process.events]
        self.toll.assignments += said.count("assigned")
        self.toll.failed += said.count("transaction_failed")
        self.toll.doubtful += said.count("commit_doubtful")

    def _last_words(self) -> str:
        """What each has said last, and where it is now."""
        words = (f"{name}: {process.events[-5:]}{process.stacks()}" for name, process in self.working.items())
        return "\n".join(words)
