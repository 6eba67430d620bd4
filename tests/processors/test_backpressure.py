"""A worker holds back what waits, by the number of facts and by their bytes, and goes on where it was."""

import pytest

from passage_processors.runtime.worker import Worker
from passage_schemas.events import event_codec
from passage_schemas.instant import milliseconds_of
from passage_schemas.log_record import Partition
from tests.processors.world import InvoiceSent, World, day, invoices, overdue

FACTS = 60
MOST = 10_000


@pytest.mark.parametrize("place", ["value", "key", "header"])
def test_large_facts_that_wait_stay_on_the_log_and_all_are_folded_at_last(place: str) -> None:
    world = World(invoices(overdue()))
    world.name(next_at=day(1))
    hand = world.log.appender()
    for number in range(FACTS):
        much = "x" * 1_000
        key = f"inv-{number}-{much if place == 'key' else ''}"
        fact = InvoiceSent(much if place == "value" else "inv", terms=1)
        headers = [("much", much.encode())] if place == "header" else []
        value = event_codec(InvoiceSent).encode(fact)
        hand.append(Partition("billing", 0), key.encode(), value, milliseconds_of(day(1.5)), headers)
    hand.flush()
    worker = Worker(world.app, world.log, "a", monotonic=lambda: 0.0, max_facts=1_000, max_bytes=MOST)
    for _ in range(200):
        worker.turn(0.0)
        (held,) = [task.pending for task in worker.tasks.values()] or [0]
        assert held * 1_000 <= 4 * MOST, "twice as much as a step takes, and the last that was read"
    assert worker.backpressure.paused == {Partition("billing", 0)}
    world.days(1, 1)
    for _ in range(200):
        worker.turn(0.0)
    assert worker.tasks[0].cut.inputs[0].count == FACTS
    assert len(world.records("invoices.timeline")) >= FACTS * 1_000 // MOST
    world.days(2, 4)
    world.settle(worker)
    assert len(world.output()) == FACTS


def test_small_facts_are_held_back_by_their_number_alone() -> None:
    world = World(invoices(overdue()))
    world.name(next_at=day(1))
    for number in range(FACTS):
        world.fact(InvoiceSent(f"inv-{number}", terms=1), day(1.5))
    worker = world.worker(max_facts=10)
    for _ in range(100):
        worker.turn(0.0)
    assert worker.tasks[0].pending <= 40
    world.days(1, 3)
    world.settle(worker)
    assert len(world.output()) == FACTS
