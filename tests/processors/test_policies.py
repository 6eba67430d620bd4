"""What a policy comes to, end to end on the log in memory."""

from dataclasses import dataclass

from passage_processors.app import App
from passage_processors.model.policy import Policy
from passage_schemas.instant import datetime_of
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
)


def started(app: App | None = None) -> World:
    world = World(app or invoices())
    world.name(next_at=day(1))
    return world


def test_an_unpaid_invoice_becomes_overdue_on_its_last_tick_and_is_suspended_fifteen_later() -> None:
    world = started()
    worker = world.worker()
    world.fact(InvoiceSent("inv-1", terms=3), day(0.5))
    world.days(1, 2)
    world.settle(worker)
    assert world.derived() == []
    world.days(3, 17)
    world.settle(worker)
    assert world.derived() == [InvoiceBecameOverdue("inv-1", datetime_of(day(0.5)))]
    world.days(18, 18)
    world.settle(worker)
    assert world.derived()[1:] == [AccountWasSuspended("inv-1")]
    assert [record.timestamp()[1] for record in world.output()] == [day(3) // 1000, day(18) // 1000]


def test_a_payment_before_the_last_tick_says_nothing() -> None:
    world = started()
    world.fact(InvoiceSent("inv-1", terms=3), day(0.5))
    world.fact(InvoicePaid("inv-1"), day(2.5))
    world.days(1, 30)
    world.settle(world.worker())
    assert world.derived() == []


def test_a_payment_at_the_very_instant_of_the_tick_comes_after_it() -> None:
    world = started()
    world.fact(InvoiceSent("inv-1", terms=3), day(0.5))
    world.fact(InvoicePaid("inv-1"), day(3))
    world.days(1, 30)
    world.settle(world.worker())
    assert world.derived() == [InvoiceBecameOverdue("inv-1", datetime_of(day(0.5)))]


def test_a_payment_after_overdue_prevents_the_suspension() -> None:
    world = started()
    world.fact(InvoiceSent("inv-1", terms=3), day(0.5))
    world.fact(InvoicePaid("inv-1"), day(17.9))
    world.days(1, 30)
    world.settle(world.worker())
    assert [type(event) for event in world.derived()] == [InvoiceBecameOverdue]


def test_a_derived_event_says_what_it_is_and_which_tick_caused_it() -> None:
    world = started(invoices(overdue()))
    world.fact(InvoiceSent("inv-1", terms=2), day(0.5))
    world.days(1, 2)
    world.settle(world.worker())
    [record] = world.output()
    assert dict(record.headers() or []) == {
        "ce_specversion": b"1.0",
        "ce_id": b"invoices/overdue/inv-1/2026-01-01T12:00:00Z/InvoiceBecameOverdue/1",
        "ce_type": b"InvoiceBecameOverdue",
        "ce_source": b"passage/invoices",
        "ce_time": b"2026-01-03T00:00:00Z",
        "content-type": b"application/avro",
        "passage_tick": b"day.utc#2",
    }
    assert record.key() == b"inv-1"


def test_a_second_start_of_an_open_case_is_ignored() -> None:
    world = started(invoices(overdue()))
    world.fact(InvoiceSent("inv-1", terms=2), day(0.5))
    world.fact(InvoiceSent("inv-1", terms=9), day(1.5))
    world.days(1, 20)
    world.settle(world.worker())
    assert world.derived() == [InvoiceBecameOverdue("inv-1", datetime_of(day(0.5)))]


def test_a_redelivered_start_does_not_reopen_what_has_ended_but_a_new_one_does() -> None:
    world = started(invoices(overdue()))
    worker = world.worker()
    world.fact(InvoiceSent("inv-1", terms=2), day(0.5))
    world.fact(InvoicePaid("inv-1"), day(0.6))
    world.days(1, 1)
    world.settle(worker)
    world.fact(InvoiceSent("inv-1", terms=2), day(0.5))
    world.days(2, 8)
    world.settle(worker)
    assert world.derived() == []
    world.fact(InvoiceSent("inv-1", terms=2), day(8.5))
    world.days(9, 12)
    world.settle(worker)
    assert world.derived() == [InvoiceBecameOverdue("inv-1", datetime_of(day(8.5)))]


def test_a_marker_goes_when_its_ticks_have_passed() -> None:
    world = started(invoices(overdue(marker_ticks=4)))
    worker = world.worker()
    world.fact(InvoiceSent("inv-1", terms=2), day(0.5))
    world.days(1, 5)
    world.settle(worker)
    assert len(worker.tasks[0].fold.books[0]) == 1
    world.days(6, 6)
    world.settle(worker)
    assert len(worker.tasks[0].fold.books[0]) == 0


def test_a_start_that_arrives_late_counts_the_ticks_that_had_passed_and_fires_on_the_next_of_any_schedule() -> None:
    world = started(invoices(overdue()))
    worker = world.worker()
    world.days(1, 10)
    world.settle(worker)
    world.fact(InvoiceSent("late", terms=3), day(4.5))
    world.fact(InvoiceSent("very-late", terms=3), day(9.5))
    world.settle(worker)
    assert world.derived() == []
    world.tick(day(10.2), day(10.3), schedule="minute.utc")
    world.settle(worker)
    assert world.derived() == [InvoiceBecameOverdue("late", datetime_of(day(4.5)))]
    world.days(11, 12)
    world.settle(worker)
    assert world.derived()[1:] == [InvoiceBecameOverdue("very-late", datetime_of(day(9.5)))]


def test_a_fact_ahead_of_a_backfill_does_not_count_the_backfilled_ticks() -> None:
    world = World(invoices(overdue()))
    world.name(status="paused")  # holds nobody
    worker = world.worker()
    world.fact(InvoiceSent("inv-1", terms=2), day(5.5))
    world.settle(worker)
    world.days(1, 6)
    world.settle(worker)
    assert world.derived() == []
    world.days(7, 7)
    world.settle(worker)
    assert world.derived() == [InvoiceBecameOverdue("inv-1", datetime_of(day(5.5)))]


def test_the_schedule_and_the_count_may_come_from_the_fact() -> None:
    @dataclass(frozen=True)
    class OrderPlaced:
        order: str
        country: str
        days: int

    @dataclass(frozen=True)
    class OrderLapsed:
        order: str
        country: str

    lapse = Policy(
        name="lapse", starts_on=OrderPlaced, after=lambda fact: fact.days,
        of=lambda fact: f"day.{fact.country}", emits=OrderLapsed,
        event=lambda case: OrderLapsed(case.key, case.fact.country),
    )  # fmt: skip
    world = World(invoices(lapse, inputs={"billing": [OrderPlaced]}, schedules=["day.nl", "day.de"]))
    world.name("day.nl", day(1))
    world.name("day.de", day(1))
    world.fact(OrderPlaced("a", "nl", 2), day(0.5), key="a")
    world.fact(OrderPlaced("b", "de", 1), day(0.5), key="b")
    world.fact(OrderPlaced("c", "fr", 1), day(0.5), key="c")
    world.tick(day(1), day(2), "day.de")
    world.tick(day(1), day(2), "day.nl")
    world.tick(day(2), day(3), "day.nl")
    world.settle(world.worker())
    assert world.derived() == [OrderLapsed("b", "de"), OrderLapsed("a", "nl")]
    [letter] = world.letters()
    assert b"'day.fr', which the app does not declare" in dict(letter.headers() or [])["passage_reason"]


def test_a_tick_seen_twice_counts_once() -> None:
    world = started(invoices(overdue()))
    worker = world.worker()
    world.fact(InvoiceSent("inv-1", terms=3), day(0.5))
    world.days(1, 2)
    world.sequence -= 1
    world.ordinals[DAY] -= 1
    world.tick(day(2), day(3))
    world.settle(worker)
    assert world.derived() == []
    world.days(3, 3)
    world.settle(worker)
    assert len(world.derived()) == 1
