"""One log, the facts and ticks of the example, and a seed that decides in which order everything arrives.

Facts of each partition and ticks are appended in chunks, the processor takes turns, dies, is stopped, comes back alone
or as two. Whatever the seed, one thing holds, because no processor could do without it: a second never passes before
the facts have arrived that lie before the ticks that are there. That second is the grace a tick gives to facts.
"""

import math
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from functools import cache

from examples.overdue_invoices import app
from examples.overdue_invoices.answer_key import Outcome
from examples.overdue_invoices.demo import CLOCK
from examples.overdue_invoices.facts import PARTITIONS, Fact, end_of
from examples.overdue_invoices.topics import make_topics
from examples.overdue_invoices.watch import Watch
from passage_clock import SettableWall, load
from passage_clock.leading.service import Clock
from passage_log.memory import MemoryLog
from passage_log.ranges import read_all
from passage_processors import Worker
from passage_processors.runtime.offline.replay import digest_of_output
from passage_schemas import instant_of_milliseconds, milliseconds_of
from passage_schemas.log_record import Partition, Record

CONFIG = load(CLOCK, {})
APP = replace(app, commit_interval_seconds=0.0)
GRACE_SECONDS = APP.grace_seconds

Digests = tuple[tuple[int, str], ...]
"""For each partition of the output: how many events, and one SHA-256 of them all in order."""


@cache
def clock_records(until: date) -> tuple[Record, ...]:
    """What a clock writes that catches up to the end of this day: the schedule's entry, then the ticks."""
    wall = SettableWall(end_of(until))
    log = MemoryLog(now_ms=lambda: milliseconds_of(wall.now()))
    make_topics(log, APP, CONFIG)
    clock = Clock(CONFIG, log, wall, "once")
    while not clock.leadership.may_publish:
        clock.step()
    clock.step()
    clock.close()
    topics = (CONFIG.topics.schedules, CONFIG.topics.ticks)
    return tuple(record for topic in topics for record in read_all(log, Partition(topic, 0)) if record.value())


class Arrivals:
    """`seed` decides everything. `run` gives the digests of what came of it."""

    def __init__(self, facts: Sequence[Fact], clock: Sequence[Record], seed: int) -> None:
        self.log = MemoryLog()
        make_topics(self.log, APP, CONFIG)
        self._choose = random.Random(seed)
        self._facts: list[list[Fact]] = [[fact for fact in facts if fact.partition == at] for at in range(PARTITIONS)]
        self._written = [0] * PARTITIONS
        self._clock = clock
        self._ticked = 0
        self._appender = self.log.appender()
        self._now = 0.0
        self._spent = 0.0
        """How much time has passed since the facts last were complete, as far as the ticks go."""
        self._workers: list[Worker] = []
        self._names = 0
        # Some seeds have a clock that runs far ahead, some facts that do, some a processor that hardly gets a turn.
        self._weights = [self._choose.choice((1, 3, 9)) for _ in range(4)] + [self._choose.choice((0, 1))]

    def run(self) -> Digests:
        actions = [self._some_facts, self._some_ticks, self._a_turn, self._some_time, self._another_worker]
        while not self._all_arrived:
            self._choose.choices(actions, self._weights)[0]()
        self._settle()
        return tuple(digest_of_output(APP, self.log, number) for number in range(PARTITIONS))

    def outcomes(self) -> list[Outcome]:
        watch = Watch(APP, self.log)
        while watch.look(0.0):
            pass
        watch.close()
        assert not watch.letters, watch.letters[0]
        return watch.outcomes

    @property
    def _all_arrived(self) -> bool:
        return self._ticked == len(self._clock) and all(
            written == len(facts) for written, facts in zip(self._written, self._facts, strict=True)
        )

    # What may happen next.

    def _some_facts(self) -> None:
        number = self._choose.randrange(PARTITIONS)
        facts = self._facts[number]
        until = min(len(facts), self._written[number] + self._chunk(len(facts)))
        for fact in facts[self._written[number] : until]:
            place = Partition("billing", number)
            self._appender.append(place, fact.key, fact.value, milliseconds_of(fact.instant))
        self._written[number] = until
        self._appender.flush()

    def _some_ticks(self) -> None:
        until = min(len(self._clock), self._ticked + self._chunk(len(self._clock)))
        for record in self._clock[self._ticked : until]:
            place = Partition(record.topic(), 0)
            self._appender.append(place, record.key(), record.value(), record.timestamp()[1], record.headers() or ())
        self._ticked = until
        self._appender.flush()

    def _chunk(self, most: int) -> int:
        """One record or a third of all, and everything between, small chunks as likely as large ones."""
        return max(1, round(math.pow(most / 3, self._choose.random())))

    def _a_turn(self) -> None:
        if self._workers:
            self._choose.choice(self._workers).turn(0.0)

    def _some_time(self) -> None:
        if self._complete:
            self._spent = 0.0
            self._now += self._choose.choice((0.1, GRACE_SECONDS, 3 * GRACE_SECONDS))
            return
        left = 0.99 * GRACE_SECONDS - self._spent
        passing = left * self._choose.random()
        self._now += passing
        self._spent += passing

    @property
    def _complete(self) -> bool:
        """Whether every fact has arrived that lies before a tick that is there."""
        if self._ticked < 2:
            return True
        last_at = instant_of_milliseconds(self._clock[self._ticked - 1].timestamp()[1])
        return all(
            written == len(facts) or facts[written].instant >= last_at
            for written, facts in zip(self._written, self._facts, strict=True)
        )

    def _another_worker(self) -> None:
        """One dies without a word, or leaves in order; and one may come."""
        if self._workers and self._choose.random() < 0.7:
            worker = self._workers.pop(self._choose.randrange(len(self._workers)))
            if self._choose.random() < 0.5:
                worker.close()
            else:
                self.log.expire(worker._member)
        if len(self._workers) < 2:
            self._workers.append(self._worker())

    def _worker(self) -> Worker:
        self._names += 1
        max_facts, max_fires = (
            round(math.pow(10, self._choose.uniform(1, 4))),
            round(math.pow(10, self._choose.uniform(0.5, 3))),
        )
        return Worker(APP, self.log, f"w{self._names}", lambda: self._now, max_facts, max_fires)

    def _settle(self) -> None:
        """All has arrived: one worker finishes."""
        while len(self._workers) > 1:
            self._workers.pop().close()
        if not self._workers:
            self._workers.append(self._worker())
        [worker] = self._workers
        last = self._last_sequence
        for _ in range(10_000):
            worker.turn(0.0)
            self._now += GRACE_SECONDS
            tasks = worker.tasks.values()
            if len(tasks) == PARTITIONS and all(task.sequence == last and not task.pending for task in tasks):
                worker.close()
                return
        raise AssertionError("the worker does not finish")

    @property
    def _last_sequence(self) -> int:
        return sum(record.topic() == CONFIG.topics.ticks for record in self._clock)
