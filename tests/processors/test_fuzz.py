"""Everything at once, at random: two inputs, two schedules (one resumed late, with its old ticks), chains, late and
broken facts, failing policies and processes, reports, requests, bursts cut small, workers killed. One output, whatever
was interrupted."""

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from passage_processors.app import App
from passage_processors.model.policy import Case
from passage_processors.model.process import (
    Cancel,
    Effects,
    Emit,
    End,
    Mark,
    Moment,
    Process,
    Remember,
    Wake,
    on,
    starts_on,
    wakes,
)
from passage_processors.model.report import Passed, Report
from passage_processors.runtime.offline.replay import digest, digest_of_output, replay
from passage_processors.runtime.worker import Worker
from passage_schemas.records import WAKE_UP_RESUMED
from passage_schemas.wake_up_resumed import WakeUpResumed
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


@dataclass(frozen=True)
class CaseWasNoted:
    invoice: str
    days: int
    weeks: int
    notes: int


@dataclass(frozen=True)
class CollectorCalled:
    invoice: str
    time: int
    sent: int


@dataclass(frozen=True)
class WeekReportIsDue:
    week: str


@dataclass(frozen=True)
class File:
    notes: int = 0


class Filing(Process[File]):
    """Hears the policies' events and facts of both topics, waits on two schedules, and fails for some."""

    name = "filing"
    state = File
    schedules = (DAY, WEEK)
    emits = (CaseWasNoted, CustomerReminded)
    marker_ticks = 2

    @starts_on(InvoiceSent)
    def sent(self, now: Moment[File], fact: InvoiceSent) -> Effects:
        if fact.terms == 13:
            raise RuntimeError("thirteen")
        return [Wake("look", fact.terms % 3 + 1, DAY), Wake("week", 1, WEEK)]

    @on(InvoiceSent)
    def again(self, now: Moment[File], fact: InvoiceSent) -> Effects:
        if fact.terms % 5 == 0:
            yield Mark("again")
            yield Wake("look", 1, WEEK if fact.terms % 2 else DAY)

    @on(InvoiceBecameOverdue)
    def overdue(self, now: Moment[File], fact: InvoiceBecameOverdue) -> Effects:
        return [Remember(File(now.state.notes + 10)), Emit(CustomerReminded(now.key)), Cancel("week")]

    @on(CustomerReminded)
    def reminded(self, now: Moment[File], fact: CustomerReminded) -> Effects:
        return [Remember(File(now.state.notes + 1))]

    @on(InvoiceDisputed)
    def disputed(self, now: Moment[File], fact: InvoiceDisputed) -> Effects:
        return [End()]

    @wakes("look")
    def look(self, now: Moment[File]) -> Effects:
        if now.key.endswith("3") and now.state.notes % 2:
            raise RuntimeError("three")
        return [
            Emit(CaseWasNoted(now.key, now.count(DAY), now.count(WEEK), now.state.notes)),
            Remember(File(now.state.notes + 1)),
            *([] if now.state.notes > 4 else [Wake("look", 2, DAY)]),
        ]

    @wakes("week")
    def week(self, now: Moment[File]) -> Effects:
        return [Emit(CaseWasNoted(now.key, now.count(DAY), now.count(WEEK), -1)), End()]


def report(passed: Passed) -> WeekReportIsDue:
    if passed.ordinal == 2:
        raise RuntimeError("second")
    return WeekReportIsDue(passed.period)


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
        emits=CustomerReminded, event=lambda case: CustomerReminded(case.key),
    )  # fmt: skip
    again = overdue(
        name="again", starts_on=CustomerReminded, keep_fact=False, after=2, of=WEEK,
        emits=AccountWasSuspended, event=lambda case: AccountWasSuspended(case.key),
    )  # fmt: skip
    late = overdue(of=schedule, after=ticks, event=emit, unless=(InvoicePaid, InvoiceDisputed), marker_ticks=3)
    calling = overdue(
        name="calling", after=1, every=2, at_most=3, second_start="counted", marker_ticks=1,
        emits=CollectorCalled, event=lambda case: CollectorCalled(case.key, case.number, case.starts),
    )  # fmt: skip
    restarting = overdue(
        name="restarting", starts_on=CaseWasNoted, after=1, second_start="restarts", keep_fact=False, unless=(),
        emits=CustomerReminded, event=lambda case: CustomerReminded(case.key),
    )  # fmt: skip
    policies = suspended(after=2, marker_ticks=1), late, calling, reminded, restarting, again
    inputs = {"billing": [InvoiceSent, InvoicePaid], "disputes": [InvoiceDisputed]}
    reports = [Report(name="weekly", of=WEEK, emits=WeekReportIsDue, event=report)]
    return invoices(*policies, processes=[Filing()], reports=reports, inputs=inputs, schedules=[DAY, WEEK])


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
        for unit, aggregate, wake_up in (
            ("filing", "inv-3", "look"),
            ("overdue", "inv-17", "due"),
            ("weekly", "2", "due"),
        ):
            asked = WakeUpResumed(unit, aggregate, wake_up)
            key = (unit if unit == "weekly" else aggregate).encode()
            world.raw(key, WAKE_UP_RESUMED.encode(asked), day(phase * 10 + choose.uniform(1, 9)), world.app.requests)
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
        max_facts, max_fires = self._choose.randint(1, 15), self._choose.randint(1, 3)
        if not self._interrupted:
            max_facts, max_fires = 80_000, 20_000
        return Worker(self.world.app, self.world.log, "a", lambda: next(self._seconds) * 0.001, max_facts, max_fires)

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
