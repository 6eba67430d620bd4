"""A tick waits for facts, a fact waits for the clock, and inputs wait for each other."""

import pytest
from structlog.testing import capture_logs

from passage_processors.errors import ProcessorError
from passage_processors.runtime.worker import Worker
from passage_schemas.events import event_codec
from passage_schemas.instant import datetime_of
from passage_schemas.log_record import Partition
from passage_schemas.records import CUT
from passage_schemas.schedule_entry import Status
from tests.processors.world import (
    DAY,
    InvoiceBecameOverdue,
    InvoicePaid,
    InvoiceSent,
    World,
    day,
    invoices,
    overdue,
)


class Seconds:
    """A monotonic clock the test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def worker_at(world: World, seconds: Seconds) -> Worker:
    return Worker(world.app, world.log, "a", monotonic=seconds)


def test_a_tick_waits_its_grace_for_facts_still_under_way() -> None:
    world, seconds = World(invoices(overdue(), grace_seconds=1.0)), Seconds()
    world.name(next_at=day(1))
    world.fact(InvoiceSent("inv-1", terms=1), day(0.5))
    world.days(1, 1)
    worker = worker_at(world, seconds)
    world.settle(worker)
    seconds.now = 0.9
    world.settle(worker)
    assert world.derived() == []
    world.fact(InvoicePaid("inv-1"), day(0.9))
    seconds.now = 1.1
    world.settle(worker)
    assert worker.tasks[0].sequence == 1
    assert world.derived() == []


def test_without_a_late_payment_the_tick_goes_when_its_grace_is_over() -> None:
    world, seconds = World(invoices(overdue(), grace_seconds=1.0)), Seconds()
    world.name(next_at=day(1))
    world.fact(InvoiceSent("inv-1", terms=1), day(0.5))
    world.days(1, 1)
    worker = worker_at(world, seconds)
    world.settle(worker)
    assert world.derived() == []
    seconds.now = 1.0
    world.settle(worker)
    assert len(world.derived()) == 1


def test_a_tick_need_not_wait_when_every_input_has_passed_its_instant() -> None:
    world, seconds = World(invoices(overdue(), grace_seconds=1000.0)), Seconds()
    world.name(next_at=day(1))
    world.fact(InvoiceSent("inv-1", terms=1), day(0.5))
    world.fact(InvoiceSent("inv-2", terms=1), day(1.5))
    world.days(1, 1)
    world.settle(worker_at(world, seconds))
    assert len(world.derived()) == 1


def test_a_tick_waits_for_an_upstream_transaction_that_is_still_open() -> None:
    world = World(invoices(overdue()))
    world.name(next_at=day(1))
    world.fact(InvoiceSent("inv-1", terms=1), day(0.5))
    upstream = world.log.writer("upstream")
    upstream.open()
    upstream.begin()
    paid = event_codec(InvoicePaid).encode(InvoicePaid("inv-1"))
    upstream.append(Partition("billing", 0), b"inv-1", paid, day(0.7) // 1000)
    world.days(1, 1)
    worker = world.worker()
    world.settle(worker)
    assert worker.tasks[0].sequence == 0
    upstream.commit()
    world.settle(worker)
    assert worker.tasks[0].sequence == 1
    assert world.derived() == []


def test_a_fact_waits_for_the_tick_that_was_promised_before_it() -> None:
    world = World(invoices(overdue()))
    world.name(next_at=day(1))
    worker = world.worker()
    world.fact(InvoiceSent("inv-1", terms=1), day(0.5))
    world.fact(InvoicePaid("inv-1"), day(1.5))
    world.settle(worker)
    assert worker.tasks[0].pending == 1
    assert worker.readiness.waiting_for == DAY
    world.days(1, 1)
    world.settle(worker)
    assert world.derived() == [InvoiceBecameOverdue("inv-1", datetime_of(day(0.5)))]
    assert worker.tasks[0].pending == 0


def test_a_schedule_the_clock_never_named_holds_every_fact_and_says_the_nearest_name() -> None:
    world, seconds = World(invoices(overdue(of="day.utx"))), Seconds()
    world.name(next_at=day(1))
    worker = worker_at(world, seconds)
    with capture_logs() as said:
        world.settle(worker)
    [at_start] = [line for line in said if line["event"] == "schedule_unknown"]
    assert at_start["schedule"] == "day.utx"
    world.fact(InvoiceSent("inv-1"), day(0.5))
    world.settle(worker)
    seconds.now = 11.0
    with capture_logs() as said:
        worker.turn(0.0)
    assert worker.tasks[0].pending == 1
    [warning] = [line for line in said if line["event"] == "waiting_for_clock"]
    assert warning["hint"] == "the clock has never named this schedule; did you mean 'day.utc'?"


@pytest.mark.parametrize("status", ["paused", "removed"])
def test_a_paused_or_removed_schedule_holds_nothing(status: Status) -> None:
    world = World(invoices(overdue()))
    world.name(status=status, next_at=day(1))
    world.fact(InvoiceSent("inv-1"), day(100))
    worker = world.worker()
    world.settle(worker)
    assert worker.tasks[0].pending == 0


def test_an_entry_holds_only_once_the_ticks_before_it_were_read() -> None:
    world = World(invoices(overdue()))
    world.sequence = 3
    world.name(next_at=day(10))
    world.sequence = 0
    world.fact(InvoiceSent("inv-1", terms=1), day(0.5))
    world.fact(InvoicePaid("inv-1"), day(1.5))
    worker = world.worker()
    world.settle(worker)
    assert worker.tasks[0].pending == 2
    world.days(1, 3)
    world.settle(worker)
    assert len(world.derived()) == 1


def test_facts_are_let_go_after_the_bound_and_the_cut_records_it() -> None:
    world, seconds = World(invoices(overdue(), max_clock_wait_seconds=60.0)), Seconds()
    world.name(next_at=day(1))
    worker = worker_at(world, seconds)
    world.fact(InvoiceSent("inv-1"), day(5))
    world.settle(worker)
    assert worker.tasks[0].pending == 1
    seconds.now = 60.0
    world.settle(worker)
    assert worker.tasks[0].pending == 0
    cuts = [CUT.decode(record.value() or b"") for record in world.records("invoices.timeline")]
    assert cuts[-1].released == (DAY,)


def test_inputs_wait_for_each_other_so_that_a_payment_is_not_folded_before_its_invoice() -> None:
    app = invoices(overdue(), inputs={"billing": [InvoiceSent], "payments": [InvoicePaid]})
    world = World(app)
    world.name(next_at=day(1))
    world.fact(InvoicePaid("inv-1"), day(0.6), topic="payments")
    world.fact(InvoiceSent("inv-1", terms=1), day(0.5))
    world.days(1, 2)
    world.settle(world.worker(max_facts=1))
    assert world.derived() == []


def test_a_missing_tick_stops_the_count_rather_than_miscount() -> None:
    world = World(invoices(overdue()))
    world.days(1, 2)
    world.sequence += 1
    world.days(3, 3)
    with pytest.raises(ProcessorError, match=r"passage.ticks\[0\]@2: tick 3 is missing"):
        world.settle(world.worker())


def test_what_somebody_else_wrote_on_the_clocks_topics_is_passed_over_aloud() -> None:
    world = World(invoices(overdue()))
    world.name(next_at=day(1))
    world.raw(b"garbage", b"garbage", day(0.1), topic="passage.ticks")
    world.raw(b"garbage", b"garbage", day(0.1), topic="passage.schedules")
    world.fact(InvoiceSent("inv-1", terms=1), day(0.5))
    world.days(1, 1)
    with capture_logs() as said:
        world.settle(world.worker())
    places = {line["where"] for line in said if line["event"] == "foreign_record_ignored"}
    assert places == {"passage.ticks[0]@0", "passage.schedules[0]@1"}
    assert len(world.derived()) == 1
