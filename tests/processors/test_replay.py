"""Replaying a timeline writes the same derived events, byte for byte; and says so when it can't."""

import random

import pytest

from passage_processors.errors import ProcessorError
from passage_processors.runtime.offline.comparison import compare
from passage_processors.runtime.offline.replay import digest, digest_of_output, replay
from passage_processors.runtime.upstream import last_cuts
from passage_schemas.instant import Instant
from passage_schemas.log_record import Partition
from tests.processors.test_restore import fill
from tests.processors.world import InvoiceBecameOverdue, InvoicePaid, InvoiceSent, World, day, invoices, overdue


@pytest.mark.parametrize("seed", range(10))
def test_a_replay_gives_the_same_events_whatever_the_arrival_and_the_crashes(seed: int) -> None:
    choose = random.Random(seed)
    world = World(invoices(), partitions=2)
    world.name(next_at=day(1))
    worker = world.worker(max_facts=choose.randint(1, 9), max_fires=2)
    fill(world, seed)
    for number in range(30):  # late facts, garbage and a crash now and then, at arrival times no replay could know
        world.fact(InvoiceSent(f"late-{number}", terms=2), day(choose.uniform(0, 40)))
        world.fact(InvoicePaid(f"inv-{number}"), day(choose.uniform(0, 40)))
        world.raw(b"k", b"garbage", day(30))
        for _ in range(choose.randint(0, 3)):
            worker.turn(0.0)
        if choose.random() < 0.2:
            world.log.expire(worker._member)
            worker = world.worker(max_facts=choose.randint(1, 9), max_fires=2)
    world.days(41, 70)
    world.settle(worker)
    assert len(world.letters()) == 30
    for number in (0, 1):
        written = digest_of_output(world.app, world.log, number)
        assert written[0] > 20
        assert digest(replay(world.app, world.log, number)) == written


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, ""),
        (
            {"event": lambda case: InvoiceBecameOverdue(case.key, case.due_at)},
            "event 1: a replay gives invoices/overdue/inv-1/2026-01-01T12:00:00Z/InvoiceBecameOverdue/1 another value",
        ),
        (
            {"after": lambda fact: 2 * fact.terms},
            "event 1: invoices/overdue/inv-1/2026-01-01T12:00:00Z/InvoiceBecameOverdue/1 is written, "
            "a replay gives invoices/overdue/inv-3/2026-01-02T12:00:00Z/InvoiceBecameOverdue/1",
        ),
        (
            {"starts_on": InvoicePaid, "unless": (), "after": 1},
            "event 1: invoices/overdue/inv-1/2026-01-01T12:00:00Z/InvoiceBecameOverdue/1 is written, "
            "a replay gives nothing",
        ),
    ],
)
def test_an_app_that_says_otherwise_is_told_from_which_event_on(changes: dict[str, object], told: str) -> None:
    world = World(invoices(overdue()))
    world.name(next_at=day(1))
    world.fact(InvoiceSent("inv-1", terms=2), day(0.5))
    world.fact(InvoiceSent("inv-2", terms=9), day(0.5))
    world.fact(InvoiceSent("inv-3", terms=1), day(1.5))
    world.days(1, 4)
    world.settle(world.worker())
    (one,) = compare(invoices(overdue(**changes)), world.log)
    assert one.difference == told


def test_a_replay_without_all_its_facts_says_so() -> None:
    world = World(invoices())
    world.name(next_at=day(1))
    fill(world, 1)
    world.settle(world.worker())
    world.log.truncate(Partition("billing", 0), 5)
    with pytest.raises(ProcessorError, match="the topic has lost facts"):
        list(replay(world.app, world.log, 0))


def test_a_foreign_record_on_the_timeline_is_passed_over_aloud(capsys: pytest.CaptureFixture[str]) -> None:
    world = World(invoices())
    world.name(next_at=day(1))
    fill(world, 1)
    worker = world.worker(max_facts=10)
    for _ in range(6):
        worker.turn(0.0)
    world.log.appender().append(Partition("invoices.timeline", 0), b"x", b"garbage", 1)
    with pytest.raises(ProcessorError, match=r"invoices.timeline\[0\]@\d+: this is no cut .the value begins with 6761"):
        last_cuts(world.log, "invoices.timeline", [0])
    world.settle(worker)

    assert digest(replay(world.app, world.log, 0)) == digest_of_output(world.app, world.log, 0)
    assert "foreign_record_ignored" in capsys.readouterr().out
    assert last_cuts(world.log, "invoices.timeline", [0])[0].cut == worker.tasks[0].cut


def test_a_replay_without_all_its_cuts_says_so() -> None:
    world = World(invoices())
    world.name(next_at=day(1))
    fill(world, 1)
    world.settle(world.worker(max_facts=10))
    world.log.truncate(Partition("invoices.timeline", 0), 4)
    with pytest.raises(ProcessorError, match="the timeline has lost cuts"):
        list(replay(world.app, world.log, 0))


def test_the_digest_sees_every_part_of_an_event() -> None:
    world = World(invoices())
    world.name(next_at=day(1))
    fill(world, 1)
    world.settle(world.worker())
    events = list(replay(world.app, world.log, 0))
    whole = digest(iter(events))
    first = events[0]
    for changed in (
        first._replace(key=b"other"),
        first._replace(value=first.value + b"x"),
        first._replace(instant=Instant(first.instant + 1000)),
        first._replace(headers=first.headers[1:]),
    ):
        assert digest(iter([changed, *events[1:]])) != whole
    assert digest(iter(reversed(events))) != whole
