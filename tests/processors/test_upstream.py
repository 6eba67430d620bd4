"""Apps in a chain: a tick waits until the app upstream has folded it too, so an app that was down changes nothing."""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from math import inf

import pytest
from structlog.testing import capture_logs

from passage_log.errors import Unfit
from passage_log.kafka import KafkaLog
from passage_log.memory import MemoryLog
from passage_log.port import Topic
from passage_log.ranges import read_all
from passage_processors.app import App
from passage_processors.errors import AppError
from passage_processors.model.policy import Policy
from passage_processors.runtime.offline.replay import digest, digest_of_output, replay
from passage_processors.runtime.topics import check_topics, create_topics
from passage_processors.runtime.upstream import Upstream
from passage_processors.runtime.worker import Worker
from passage_schemas.instant import Instant
from passage_schemas.log_record import Partition
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

PARTITIONS = 2
DAYS = 21


@dataclass(frozen=True)
class LawyerWasAsked:
    invoice: str


def asked() -> Policy:
    return Policy(
        name="asked", starts_on=AccountWasSuspended, after=1, of=DAY, unless=InvoicePaid,
        emits=LawyerWasAsked, event=lambda case: LawyerWasAsked(case.key),
    )  # fmt: skip


def chain() -> tuple[App, App, App]:
    """Each reads the output of the one before it, and hears of payments by itself."""
    first = invoices(overdue())
    second = invoices(
        suspended(after=2), name="collections", output="collections.derived",
        inputs={"billing.derived": [InvoiceBecameOverdue], "billing": [InvoicePaid, InvoiceSent]},
        derived_from={"billing.derived": "invoices"},
    )  # fmt: skip
    third = invoices(
        asked(), name="law", output="law.derived",
        inputs={"collections.derived": [AccountWasSuspended], "billing": [InvoicePaid, InvoiceSent]},
        derived_from={"collections.derived": "collections"},
    )  # fmt: skip
    return first, second, third


def happened(hand: World, number: int, facts: random.Random) -> None:
    """A day's invoices and payments, then its tick. What happens is the same whatever happens to the workers."""
    for place in range(4):
        hand.fact(InvoiceSent(f"inv-{number}-{place}", terms=facts.randint(1, 4)), day(number - 0.8))
    for _ in range(3):
        paid = f"inv-{max(1, number - facts.randint(0, 8))}-{facts.randrange(4)}"
        hand.fact(InvoicePaid(paid), day(number - facts.uniform(0.1, 0.5)))
    hand.days(number, number)


class Chained:
    """Three workers on one log, of which any may be down; time passes only here."""

    def __init__(self, seed: int, apps: tuple[App, ...] = ()) -> None:
        self.choose = random.Random(seed)
        self.now = 0.0
        log = MemoryLog()
        self.worlds = [World(app, log, PARTITIONS) for app in apps or chain()]
        self.hand = self.worlds[0]
        self.hand.name(next_at=day(1))
        self.workers: dict[str, Worker] = {}

    def worker(self, world: World) -> Worker:
        if world.app.name not in self.workers:
            self.workers[world.app.name] = Worker(
                world.app, world.log, "a", monotonic=lambda: self.now, max_fires=self.choose.randint(1, 3)
            )
        return self.workers[world.app.name]

    def stop(self, name: str) -> None:
        if name in self.workers:
            self.workers.pop(name).close()

    def turn(self, times: int, down: str | None) -> None:
        up = [world for world in self.worlds if world.app.name != down]
        for _ in range(times):
            self.now += 0.01
            self.worker(self.choose.choice(up)).turn(0.0)

    def settle(self, down: str | None = None) -> None:
        self.turn(500, down)

    def happened(self, number: int, facts: random.Random) -> None:
        happened(self.hand, number, facts)

    def derived(self) -> list[list[tuple[object, ...]]]:
        return [
            [(one.partition(), one.key(), one.value(), one.timestamp(), one.headers()) for one in world.output()]
            for world in self.worlds
        ]


def lived_through(seed: int, down: str | None, apps: tuple[App, ...] = ()) -> Chained:
    """Three weeks, the second of which one app is down for."""
    chained, facts = Chained(seed, apps), random.Random(7)
    for number in range(1, DAYS + 1):
        chained.happened(number, facts)
        away = down if 7 < number <= 14 else None
        if away:
            chained.stop(away)
        chained.turn(chained.choose.randint(0, 60), away)
    chained.settle()
    return chained


@pytest.fixture(scope="module")
def expected() -> list[list[tuple[object, ...]]]:
    return lived_through(0, None).derived()


def test_the_chain_says_something_at_every_link(expected: list[list[tuple[object, ...]]]) -> None:
    assert [len(events) > 10 for events in expected] == [True, True, True]


@pytest.mark.parametrize("down", [None, "invoices", "collections", "law"])
@pytest.mark.parametrize("seed", range(1, 4))
def test_an_app_that_was_down_for_a_week_changes_nothing(
    seed: int, down: str | None, expected: list[list[tuple[object, ...]]]
) -> None:
    chained = lived_through(seed, down)
    assert chained.derived() == expected
    for world in chained.worlds:
        for number in range(PARTITIONS):
            written = digest_of_output(world.app, world.log, number)
            assert digest(replay(world.app, world.log, number)) == written


@pytest.mark.parametrize("down", ["invoices", "collections"])
def test_mutant_that_does_not_wait_for_upstream_is_caught(down: str, expected: list[list[tuple[object, ...]]]) -> None:
    hasty = tuple(replace(app, derived_from={}) for app in chain())
    assert lived_through(1, down, hasty).derived() != expected


def _read_slowly() -> tuple[int, int]:
    """How far an app downstream dares to fold when it can see the cut upstream, but what came with it is still under
    way; and how far once that has come."""
    chained, facts = Chained(1, chain()[:2]), random.Random(7)
    chained.settle()
    invoices_worker, collections = (chained.workers[name] for name in ("invoices", "collections"))
    invoices_worker._max_facts = PARTITIONS  # one fact or tick in each cut
    for number in range(1, 10):
        chained.happened(number, facts)
    while min(task.sequence for task in invoices_worker.tasks.values()) < 3:
        chained.turn(1, down="collections")
    chained.settle(down="invoices")
    derived = [Partition("billing.derived", number) for number in range(PARTITIONS)]
    collections._member.pause(derived)
    chained.settle()
    assert {task.sequence for task in invoices_worker.tasks.values()} == {9}
    dared = max(task.sequence for task in collections.tasks.values())
    collections._member.resume(derived)
    chained.settle()
    return dared, min(task.sequence for task in collections.tasks.values())


def test_the_cut_upstream_is_not_enough_what_came_with_it_must_have_been_read() -> None:
    assert _read_slowly() == (3, 9)


def test_mutant_that_believes_the_cut_and_does_not_read_on_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = Upstream.passed_at

    def passed_at(self: Upstream, topic: str, number: int, sequence: int) -> float:
        return -inf if honest(self, topic, number, sequence) < inf else inf

    monkeypatch.setattr(Upstream, "passed_at", passed_at)
    assert _read_slowly() != (3, 9)


def test_who_is_waited_for_is_said_every_ten_seconds() -> None:
    chained = Chained(1, chain()[:2])
    facts = random.Random(7)
    with capture_logs() as said:
        for number in range(1, 4):
            chained.happened(number, facts)
            chained.turn(100, down="invoices")
            chained.now += 11.0
        chained.turn(100, down="invoices")
    collections = chained.workers["collections"]
    assert collections.upstream.waiting_for == "invoices"
    assert collections.tasks[0].sequence == 0
    told = [one for one in said if one["event"] == "waiting_for_upstream"]
    assert 2 <= len(told) <= 4
    assert (told[-1]["upstream"], told[-1]["partitions"]) == ("invoices", 2)
    assert "see whether its workers run" in told[-1]["hint"]
    chained.settle()
    assert collections.upstream.waiting_for is None
    assert collections.tasks[0].sequence == 3


def test_a_worker_that_starts_late_finds_how_far_upstream_has_come() -> None:
    chained, facts = Chained(3, chain()[:2]), random.Random(7)
    for number in range(1, 10):
        chained.happened(number, facts)
        chained.turn(50, down="collections")
    chained.stop("invoices")
    chained.settle(down="invoices")
    assert {task.sequence for task in chained.workers["collections"].tasks.values()} == {9}


def test_what_is_no_cut_on_a_timeline_upstream_is_passed_over_aloud() -> None:
    chained, facts = Chained(3, chain()[:2]), random.Random(7)
    chained.settle()
    hand = chained.hand.log.appender()
    hand.append(Partition("invoices.timeline", 1), None, b"garbage", 1)
    hand.flush()
    with capture_logs() as said:
        chained.settle(down="invoices")
        chained.happened(1, facts)
        chained.settle()
    assert [one["where"] for one in said if one["event"] == "foreign_record_ignored"] == ["invoices.timeline[1]@0"]
    assert {task.sequence for task in chained.workers["collections"].tasks.values()} == {1}


WRONG = {
    "no input": ({"biling.derived": "x"}, "the topic is none of the app's inputs; did you mean 'billing.derived'?"),
    "itself": ({"billing.derived": "collections"}, "that is this app itself"),
    "nobody": ({"billing.derived": ""}, "name the app whose output this input is"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_upstream_is_said_when_the_app_is_built(case: str) -> None:
    derived_from, said = WRONG[case]
    with pytest.raises(AppError, match=r"app 'collections': derived_from\[") as error:
        replace(chain()[1], derived_from=derived_from)
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("there", "said"),
    [
        ([], "topic invoices.timeline: there is none"),
        ([Topic("invoices.timeline", 3)], "their numbers of partitions differ"),
    ],
)
def test_the_timeline_upstream_must_be_there_with_as_many_partitions(there: list[Topic], said: str) -> None:
    app, log = chain()[1], MemoryLog()
    log.create([Topic(app.ticks_topic, 1, {"cleanup.policy": "compact"})])
    log.create([Topic(app.schedules_topic, 1, {"cleanup.policy": "compact"})])
    create_topics(log, app, PARTITIONS)
    log.create(there)
    with pytest.raises(Unfit, match=said):
        check_topics(log, app)


def test_cuts_let_go_by_retention_do_not_stop_those_downstream() -> None:
    chained, facts = Chained(3, chain()[:2]), random.Random(7)
    chained.settle()
    for number in range(1, 6):
        chained.happened(number, facts)
        chained.settle(down="collections")
    for number in range(PARTITIONS):
        timeline = Partition("invoices.timeline", number)
        chained.hand.log.truncate(timeline, chained.hand.log.reader().end(timeline) - 1)
    chained.settle()
    assert {task.sequence for task in chained.workers["collections"].tasks.values()} == {5}


@pytest.mark.kafka
def test_on_kafka_too_an_app_that_was_down_changes_nothing(kafka_log: KafkaLog, topic_name: Callable[..., str]) -> None:
    """Once with all three working from the first day, once with the second one coming only at the end."""

    def derived(down: bool) -> list[list[tuple[object, ...]]]:
        name = topic_name("down" if down else "up")
        apps = [_elsewhere(app, name) for app in chain()]
        hand = _Hand(apps[0], kafka_log)
        for app in apps:
            create_topics(kafka_log, app, PARTITIONS)
        hand.name(next_at=day(1))
        workers = {app.name: Worker(app, kafka_log, "a") for app in apps if not (down and app is apps[1])}
        facts = random.Random(7)
        for number in range(1, 8):
            happened(hand, number, facts)
            if number == 4:
                _work(workers, lambda: all(task.sequence >= 3 for task in workers[apps[0].name].tasks.values()))
        if down:
            _work(workers, lambda: workers[apps[2].name].upstream.waiting_for == apps[1].name)
            workers[apps[1].name] = Worker(apps[1], kafka_log, "a")
        _work(workers, lambda: all(task.sequence == 7 for worker in workers.values() for task in worker.tasks.values()))
        for worker in workers.values():
            worker.close()
        return [
            [
                (number, one.key(), one.value(), one.timestamp())
                for number in range(PARTITIONS)
                for one in read_all(kafka_log, Partition(app.output, number))
            ]
            for app in apps
        ]

    up = derived(down=False)
    assert [len(events) > 3 for events in up] == [True, True, True]
    assert derived(down=True) == up


class _Hand(World):
    """What happens, told to a log that is not the world's own."""

    def __init__(self, app: App, log: KafkaLog) -> None:
        self.app, self.log, self.partitions = app, log, PARTITIONS  # type: ignore[assignment]  # any log will do
        self.sequence, self.ordinals, self.billing = 0, {}, min(app.inputs)
        for name in (app.ticks_topic, app.schedules_topic):
            log.create([Topic(name, 1, {"cleanup.policy": "compact"})])
        self._facts = log.appender()  # type: ignore[assignment]  # likewise

    def raw(self, key: bytes | None, value: bytes | None, at: Instant, topic: str = "billing") -> None:
        super().raw(key, value, at, self.billing)


def _elsewhere(app: App, name: str) -> App:
    """The same app, its topics under a name of their own."""
    return replace(
        app,
        name=f"{name}.{app.name}",
        inputs={f"{name}.{topic}": facts for topic, facts in app.inputs.items()},
        output=f"{name}.{app.output}",
        derived_from={f"{name}.{topic}": f"{name}.{upstream}" for topic, upstream in app.derived_from.items()},
        ticks_topic=f"{name}.ticks",
        schedules_topic=f"{name}.schedules",
    )


def _work(workers: dict[str, Worker], done: Callable[[], bool]) -> None:
    for _ in range(3000):
        for worker in workers.values():
            worker.turn(0.02)
        if all(len(worker.tasks) == PARTITIONS for worker in workers.values()) and done():
            return
    raise AssertionError("still at work")
