"""Workers that come and go, and what must not be lost in between."""

import itertools

import pytest

from passage_log.memory.writer import MemoryWriter
from passage_processors.errors import ProcessorError
from passage_processors.runtime.worker import Worker
from tests.processors.world import InvoiceSent, World, day, invoices, overdue


def test_a_kept_task_that_was_held_back_stays_held_back() -> None:
    world = World(invoices(), partitions=2)
    world.name(next_at=day(1))  # the clock is down: whatever is dated later waits
    for number in range(50):
        world.fact(InvoiceSent(f"inv-{number}"), day(1.5))
    seconds = itertools.count()
    first, second = (
        Worker(world.app, world.log, name, monotonic=lambda: float(next(seconds)), max_facts=10) for name in "ab"
    )
    for _ in range(30):
        first.turn(0.0)
    for number in range(2000):
        world.fact(InvoiceSent(f"more-{number}"), day(1.6))
    for _ in range(400):
        first.turn(0.0)
        second.turn(0.0)
    assert first.tasks
    assert second.tasks
    assert all(task.pending <= 4 * 10 for worker in (first, second) for task in worker.tasks.values())


def test_an_heir_whose_ticks_are_a_moment_behind_waits_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(invoices())
    world.name(next_at=day(1))
    world.fact(InvoiceSent("inv-1", terms=1), day(0.5))
    first, second = world.worker("a"), world.worker("b")
    world.settle(first, second)
    owner, heir = (first, second) if first.tasks else (second, first)
    polled, turns = heir.feed.poll, itertools.count()

    def late(timeout_seconds: float = 0.0) -> None:
        if next(turns) >= 3:
            polled(timeout_seconds)

    monkeypatch.setattr(heir.feed, "poll", late)
    world.days(1, 2)
    world.settle(owner)
    owner.close()
    world.settle(heir)
    assert heir.tasks[0].sequence == 2
    assert len(world.output()) == 1


def test_two_workers_of_one_name_are_told_apart_in_one_line() -> None:
    world = World(invoices(), partitions=2)
    world.name(next_at=day(1000))
    seconds = itertools.count()
    workers = [Worker(world.app, world.log, "same", monotonic=lambda: next(seconds) * 0.05) for _ in range(2)]

    def work() -> None:
        for turn in range(4000):
            for number in range(8):
                world.fact(InvoiceSent(f"inv-{turn}-{number}"), day(turn / 100_000))
            for worker in workers:
                worker.turn(0.0)

    with pytest.raises(ProcessorError, match=r"worker invoices/same: fenced .* give each its own"):
        work()


def test_one_transaction_does_not_grow_with_the_number_of_tasks() -> None:
    world = World(invoices(overdue(after=1)), partitions=64)
    world.name(next_at=day(1))
    for number in range(64 * 20):
        world.fact(InvoiceSent(f"inv-{number}"), day(0.5))
    seconds = itertools.count()
    worker = Worker(world.app, world.log, "a", monotonic=lambda: float(next(seconds)), max_facts=64, max_fires=64)
    written = []
    for turn in range(120):
        if turn == 60:
            world.days(1, 1)
        before = worker.totals.facts + worker.totals.events
        worker.turn(0.0)
        written.append(worker.totals.facts + worker.totals.events - before)
    assert sum(written) == 2 * 64 * 20
    assert max(written) <= 64


def test_a_writer_in_doubt_is_replaced_and_its_tasks_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """The new one's epoch fences whatever the old one's broken connection may still carry."""
    world = World(invoices(overdue()))
    world.name(next_at=day(1))
    world.fact(InvoiceSent("inv-1", terms=2), day(0.5))
    worker = world.worker()
    world.days(1, 1)
    monkeypatch.setattr(MemoryWriter, "is_doubtful", True)
    world.settle(worker)
    before = worker._writer.is_open
    monkeypatch.setattr(MemoryWriter, "is_doubtful", False)
    world.days(2, 2)
    world.settle(worker)
    assert not before
    assert worker._writer.is_open
    assert worker.totals.restarts == 0
    assert len(world.derived()) == 1
