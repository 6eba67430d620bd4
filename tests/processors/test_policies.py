"""What a policy comes to, end to end on the log in memory."""

from passage_schemas.instant import datetime_of
from tests.processors.world import (
    AccountWasSuspended,
    InvoiceBecameOverdue,
    InvoicePaid,
    InvoiceSent,
    World,
    day,
    invoices,
)


def test_an_unpaid_invoice_becomes_overdue_on_its_last_tick_and_suspends_fifteen_later():
    world = World(invoices())
    world.name(next_at=day(1))
    world.fact(InvoiceSent("inv-1", terms=3), day(0.5))
    world.days(1, 2)
    worker = world.worker()
    world.settle(worker)
    assert world.derived() == []
    world.days(3, 17)
    world.settle(worker)
    assert world.derived() == [InvoiceBecameOverdue("inv-1", datetime_of(day(0.5)))]
    world.days(18, 18)
    world.settle(worker)
    assert world.derived()[1:] == [AccountWasSuspended("inv-1")]
    assert [record.timestamp()[1] for record in world.output()] == [day(3) // 1000, day(18) // 1000]


def test_a_payment_in_time_says_nothing():
    world = World(invoices())
    world.name(next_at=day(1))
    world.fact(InvoiceSent("inv-1", terms=3), day(0.5))
    world.fact(InvoicePaid("inv-1"), day(2.5))
    world.days(1, 30)
    world.settle(world.worker())
    assert world.derived() == []
