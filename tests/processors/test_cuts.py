"""How far an app has come, asked of its timeline alone."""

from passage_processors.runtime.upstream import last_cuts
from tests.processors.world import InvoiceSent, World, day, invoices, overdue


def test_the_last_cut_of_each_task_tells_how_far_it_has_come() -> None:
    world = World(invoices(overdue()), partitions=2)
    world.name(next_at=day(1))
    world.fact(InvoiceSent("inv-1", terms=5), day(0.5))
    worker = world.worker()
    world.days(1, 3)
    world.settle(worker)
    found = last_cuts(world.log, world.app.timeline, range(2))
    assert {number: stored.cut for number, stored in found.items()} == {
        number: task.cut for number, task in worker.tasks.items()
    }
    assert [stored.cut.tick_sequence for stored in found.values()] == [3, 3]


def test_a_task_that_never_took_a_step_has_no_last_cut() -> None:
    world = World(invoices(overdue()))
    assert last_cuts(world.log, world.app.timeline, [0]) == {}
