"""What the stories of stopped workers share: one partition of invoices, two months of ticks, an heir, and the check."""

import os
import signal
import time
from collections import Counter
from typing import cast
from uuid import uuid4

from passage_clock import ClockConfig, Topics
from passage_clock.records.topics import check_topics
from passage_log.kafka import KafkaLog
from passage_log.memory import MemoryLog
from passage_log.port import Partition
from passage_processors import App, ProcessorError, Worker
from passage_processors.runtime.replay import digest, digest_of_output, read_all, replay
from passage_processors.runtime.topics import create_topics
from passage_schemas.instant import Instant
from tests.chaos.invoices import RUN_VARIABLE
from tests.chaos.processes import LONG_SECONDS, Process
from tests.processors.test_restore import fill
from tests.processors.world import InvoicePaid, InvoiceSent, World, day, invoices

SEED = 7


def app_of(run: str) -> App:
    return invoices(
        name=f"{run}.invoices",
        inputs={f"{run}.billing": [InvoiceSent, InvoicePaid]},
        output=f"{run}.derived",
        ticks=f"{run}.ticks",
        clock_schedules=f"{run}.schedules",
    )


app = app_of(os.environ.get(RUN_VARIABLE, "stopped"))


class NamedWorld(World):
    """Its facts go to the input this app really has."""

    def fact(self, fact: object, at: Instant, topic: str = "billing", key: str | None = None) -> None:
        [topic] = self.app.inputs
        super().fact(fact, at, topic, key)


class StoppedWorld:
    """A worker that stops itself where it was told to, and this process's own worker, its heir."""

    def __init__(self, bootstrap: str) -> None:
        self.run = f"stopped-{uuid4().hex[:8]}"
        self.app, self.log = app_of(self.run), KafkaLog(bootstrap)
        self._bootstrap = bootstrap
        topics = Topics(f"{self.run}.ticks", f"{self.run}.schedules", f"{self.run}.control")
        check_topics(self.log, ClockConfig(schedules=(), topics=topics), create=True)
        create_topics(self.log, self.app, 1)
        # Everything is there before anybody works, so that only the interruption can make a difference.
        self.world = NamedWorld(self.app, cast(MemoryLog, self.log))  # of which it uses only what every log has
        self.world.name(next_at=day(1))
        fill(self.world, SEED)
        self.heir: Worker | None = None

    def stop_a_worker(self, moment: str, mutant: str = "honest") -> Process:
        """Returns when it stands still, in its third transaction."""
        process = Process(["-m", "tests.chaos.stopping", self._bootstrap, moment, mutant], self.run)
        process.wait_until_stopped()
        return process

    def take_over(self) -> None:
        """Until the heir has committed a step of its own: the group has given it the stopped worker's partition."""
        self.heir = Worker(self.app, self.log, "heir", max_facts=5)
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
        deadline = time.monotonic() + LONG_SECONDS
        while not self._is_done(self.heir):
            assert time.monotonic() < deadline, f"the heir does not finish: {list(self.heir.tasks)}"
            self.heir.turn(0.05)
        self.heir.close()

    def _is_done(self, heir: Worker) -> bool:
        return bool(heir.tasks) and not any(task.tick_waits for task in heir.tasks.values())

    def differences(self) -> list[str]:
        """What is wrong with what can be read; nothing when each event is there once and a replay agrees."""
        wrong = []
        output = list(read_all(self.log, Partition(self.app.output, 0)))
        ids = Counter(dict(record.headers() or [])["ce_id"].split(b"/", 1)[1] for record in output)
        wrong += [f"{event.decode()} is there {count} times" for event, count in sorted(ids.items()) if count > 1]
        wrong += [f"{event.decode()} is missing" for event in sorted(undisturbed() - ids.keys())]
        wrong += [f"{event.decode()} should not be" for event in sorted(ids.keys() - undisturbed())]
        try:
            if digest(replay(self.app, self.log, 0)) != digest_of_output(self.app, self.log, 0):
                wrong.append("a replay gives other events")
        except ProcessorError as error:
            wrong.append(str(error))
        return wrong

    def close(self) -> None:
        if self.heir is not None:
            self.heir.close()
        self.log.close()


def undisturbed() -> set[bytes]:
    """The ids, without the app's name, of what one worker writes to which nothing happens, in memory."""
    world = World(invoices())
    world.name(next_at=day(1))
    fill(world, SEED)
    world.settle(world.worker())
    return {dict(record.headers() or [])["ce_id"].split(b"/", 1)[1] for record in world.output()}
