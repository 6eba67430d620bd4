"""What the stories of stopped and killed workers share: a month of orders, a worker in a process, an heir, a check."""

import signal
import time
from uuid import uuid4

from passage_log.kafka import KafkaLog
from passage_processors import Worker
from tests.chaos.orders_world import Hand, Story, all_of, app_of, differences, finish, folded
from tests.chaos.processes import LONG_SECONDS, Process

STORY = Story(seed=7, orders=60, days=30)


class StoppedWorld:
    """A worker that strikes itself where it was told to, and this process's own worker, its heir."""

    def __init__(self, bootstrap: str) -> None:
        self.run = f"stopped-{uuid4().hex[:8]}"
        self.app, self.log = app_of(self.run), KafkaLog(bootstrap)
        self._bootstrap = bootstrap
        # Everything is there before anybody works, so that only the interruption can make a difference.
        Hand(self.app, self.log, STORY).write_all()
        self.heir: Worker | None = None

    def start_a_worker(
        self, moment: str, strike: signal.Signals, mutant: str = "honest", bootstrap: str | None = None
    ) -> Process:
        arguments = [bootstrap or self._bootstrap, moment, strike.name, mutant]
        return Process(["-m", "tests.chaos.stopping", *arguments], self.run)

    def stop_a_worker(self, moment: str, mutant: str = "honest") -> Process:
        """Returns when it stands still, in the middle of a transaction and of the work."""
        process = self.start_a_worker(moment, signal.SIGSTOP, mutant)
        process.wait_until_stopped()
        self._look_half_way()
        return process

    def kill_a_worker(self, moment: str) -> None:
        """Returns when it is dead, likewise."""
        self.start_a_worker(moment, signal.SIGKILL).wait_until_killed()
        self._look_half_way()

    def _look_half_way(self) -> None:
        assert (0, 0) < folded(self.app, self.log, STORY).all < all_of(STORY), "it was to be struck in its midst"

    def take_over(self, name: str = "heir") -> None:
        """Until the heir has committed a step of its own: the group has given it the stopped worker's partitions."""
        self.heir = Worker(self.app, self.log, name, max_facts=5)
        deadline = time.monotonic() + LONG_SECONDS
        while not self.heir.turn(0.05):
            assert time.monotonic() < deadline, "the heir never got to work"

    def resume(self, process: Process) -> object:
        """What became of its transaction; then it leaves the group."""
        process.send(signal.SIGCONT)
        outcome = process.wait_for("tried")["outcome"]
        assert process.end("assigned") == 0
        return outcome

    def finish(self) -> None:
        """The heir folds what is left, once the group has noticed that it is alone again."""
        assert self.heir is not None
        finish(self.heir, STORY)
        self.heir.close()
        self.heir = None

    def differences(self) -> list[str]:
        """What is wrong with what can be read; nothing when each event is there once and a replay agrees."""
        return differences(self.run, self.log, STORY)

    def close(self) -> None:
        if self.heir is not None:
            self.heir.close()
        self.log.close()
