"""Everything at once, at random: two inputs, two schedules (one resumed late, with its old ticks), chains, late and
broken facts, failing policies, bursts cut small, workers killed. One output, whatever was interrupted."""

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from passage_processors.app import App
from passage_processors.core.policy import Case
from passage_processors.runtime.replay import digest, digest_of_output, replay
from passage_processors.runtime.worker import Worker
from tests.processors.test_restore import memory_of
from tests.processors.world import (
    DAY,
    AccountWasSuspended,
    InvoiceBecameOverdue,
    InvoicePaid,
    InvoiceSent,
    World,
    day,
    invoices,
    overdue,
    suspended,
)

WEEK = "week.utc"


@dataclass(frozen=True)
class InvoiceDisputed:
    invoice: str


@dataclass(frozen=True)
class CustomerReminded:
    invoice: str


def ticks(fact: InvoiceSent) -> int:
    return 1 // (fact.terms % 11) if fact.terms % 11 == 0 else fact.terms % 4 + 1


def schedule(fact: InvoiceSent) -> str:
    return WEEK if fact.terms % 3 == 0 else DAY


def emit(case: Case) -> InvoiceBecameOverdue:
    if case.key.endswith("7"):
        raise RuntimeError("seven")
    return InvoiceBecameOverdue(case.key, case.started_at)


def app() -> App:
    reminded = overdue(
        name="remind", keep_fact=False, after=1, unless=(), marker_ticks=0,
        emits=CustomerReminded, emit=lambda case: CustomerReminded(case.key),
    )  # fmt: skip
    again = overdue(
        name="again", starts_on=CustomerReminded, keep_fact=False, after=2, of=WEEK,
        emits=AccountWasSuspended, emit=lambda case: AccountWasSuspended(case.key),
    )  # fmt: skip
    late = overdue(of=schedule, after=ticks, emit=emit, unless=(InvoicePaid, InvoiceDisputed), marker_ticks=3)
    inputs = {"billing": [InvoiceSent, InvoicePaid], "disputes": [InvoiceDisputed]}
    return invoices(suspended(after=2, marker_ticks=1), late, reminded, again, inputs=inputs, schedules=[DAY, WEEK])


def phases(world: World, seed: int) -> Iterator[None]:
    """Ten days of facts and their ticks at a time."""
    choose = random.Random(seed)
    world.name(DAY, day(1))
    world.name(WEEK, None, "paused")
    for phase in range(4):
        facts = [fact_at(choose, phase) for _ in range(40)]
        if choose.random() < 0.7:
            facts.sort(key=lambda one: one[0])
        for at, topic, fact in facts:
            world.fact(fact, day(at), topic)
        if choose.random() < 0.5:
            world.raw(b"junk", b"junk", day(phase * 10 + 1), choose.choice(["billing", "disputes"]))
        world.days(phase * 10 + 1, phase * 10 + 10)
        for number in {1: (7, 14), 3: (21, 28, 35)}.get(phase, ()):  # a resumed schedule's old ticks, late
            world.tick(day(number), None, WEEK)
        yield


def fact_at(choose: random.Random, phase: int) -> tuple[float, str, object]:
    late = choose.uniform(0, 12) if choose.random() < 0.15 else 0.0
    at = max(0.01, phase * 10 + choose.uniform(0.01, 9.9) - late)
    key, kind = f"inv-{choose.randint(0, 25)}", choose.random()
    if kind < 0.65:
        return at, "billing", InvoiceSent(key, terms=choose.randint(1, 30))
    return (at, "billing", InvoicePaid(key)) if kind < 0.85 else (at, "disputes", InvoiceDisputed(key))


class Run:
    """The same world played through, interrupted or not."""

    def __init__(self, seed: int, interrupted: bool) -> None:
        self.world = World(app())
        self._choose = random.Random(seed)
        self._interrupted = interrupted
        self._seconds = itertools.count(1)  # moves, so that each input has to be read through anew
        self._worker = self._new_worker()
        for _ in phases(self.world, seed):
            self._work()

    def _new_worker(self) -> Worker:
        bounds = {"max_facts": self._choose.randint(1, 15), "max_fires": self._choose.randint(1, 3)}
        return Worker(
            self.world.app, self.world.log, "a", lambda: next(self._seconds) * 0.001,
            **(bounds if self._interrupted else {}),
        )  # fmt: skip

    def _work(self) -> None:
        quiet = 0
        while quiet < 8:
            if self._interrupted and self._worker.tasks and self._choose.random() < 0.15:
                self._kill()
            quiet = 0 if self._worker.turn(0.0) else quiet + 1

    def _kill(self) -> None:
        before = memory_of(self._worker)
        if self._choose.random() < 0.5:
            self.world.log.expire(self._worker._member)
        else:
            self._worker.close()
        self._worker = self._new_worker()
        while not self._worker.tasks:
            self._worker._resume_at = float("inf")  # restored, and nothing folded yet
            self._worker.turn(0.0)
        assert memory_of(self._worker) == before
        self._worker._resume_at = 0.0

    def written(self) -> list[object]:
        output = [(one.key(), one.value(), one.timestamp(), one.headers()) for one in self.world.output()]
        letters = [(one.key(), one.value(), one.headers()) for one in self.world.letters()]
        return [output, letters]


@pytest.mark.parametrize("seed", range(40))
def test_whatever_is_interrupted_the_output_is_the_same_and_so_is_the_replay(seed: int) -> None:
    whole, interrupted = Run(seed, interrupted=False), Run(seed, interrupted=True)
    assert whole.written()[0]
    assert interrupted.written() == whole.written()
    for run in (whole, interrupted):
        assert digest(replay(run.world.app, run.world.log, 0)) == digest_of_output(run.world.app, run.world.log, 0)
