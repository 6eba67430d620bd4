"""A floor: where the clock has let a schedule's old ticks go, counting starts there and nothing is miscounted."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
import structlog

from passage_processors.core.order.ticks import Floor, TickGap, TickHistory
from passage_processors.errors import ProcessorError
from passage_processors.model.process import Effects, Emit, Moment, Remember, Wake, on, starts_on
from passage_processors.model.ticks import SeenTick
from passage_processors.runtime.offline.replay import digest, digest_of_output, replay
from passage_schemas.instant import Instant, datetime_of
from passage_schemas.log_record import Partition
from passage_schemas.records import SCHEDULE_ENTRY
from passage_schemas.schedule_entry import ScheduleEntry
from passage_schemas.tick import Tick, tick_key
from tests.processors.stories import (
    NewOrder,
    Order,
    Ordering,
    OrderRevocation,
    PartsWereDelivered,
    RevocationWasAccepted,
    RevocationWasRejected,
    orders,
)  # fmt: skip
from tests.processors.world import DAY, InvoiceBecameOverdue, InvoicePaid, InvoiceSent, World, day, invoices, overdue

HOUR = "hour.utc"


def let_go(world: World, last: Tick, gone: Sequence[Tick] = ()) -> None:
    """The clock keeps the schedule from behind `last`, and the broker has already forgotten `gone`."""
    write = world.log.appender()
    entry = ScheduleEntry(
        last.schedule, last.event, "UTC", None, "", "", "active", "", "", last.next_at, world.sequence, 1, "2026f", "0",
        floor_ordinal=last.ordinal + 1, floor_sequence=last.sequence, floor_at=last.ends_at, floor_digest=bytes(32),
    )  # fmt: skip
    write.append(Partition(world.app.schedules_topic, 0), last.schedule.encode(), SCHEDULE_ENTRY.encode(entry), 1)
    for tick in gone:
        write.append(Partition(world.app.ticks_topic, 0), tick_key(tick.schedule, tick.period), None, 1)
    write.flush()
    world.log.compact(world.app.ticks_topic, forget_deleted=True)


def mixed(world: World, days: int) -> list[Tick]:
    """Hours and days: every tick of the hours, which are the ones let go."""
    hours = []
    for number in range(days):
        hours += [world.tick(day(number + hour / 24), schedule=HOUR) for hour in range(1, 25)]
        world.tick(day(number + 1), day(number + 2))
    return hours


@pytest.mark.parametrize("kept", [0, 1, 5])
def test_a_new_worker_counts_days_though_the_hours_among_them_are_gone(kept: int) -> None:
    world = World(invoices(overdue()))
    world.name(next_at=day(1))
    world.fact(InvoiceSent("inv-1", terms=3), day(0.5))
    hours = mixed(world, 4)
    let_go(world, hours[-6], hours[: -6 - kept])

    world.settle(world.worker())

    assert world.derived() == [InvoiceBecameOverdue("inv-1", sent_at=datetime_of(day(0.5)))]
    assert dict(world.output()[0].headers() or ())["passage_tick"] == b"day.utc#3"


def test_a_worker_of_before_goes_on_and_one_restored_after_is_its_equal() -> None:
    worlds = [World(invoices(overdue())) for _ in range(2)]
    for world in worlds:
        world.name(next_at=day(1))
        first = world.worker()
        world.fact(InvoiceSent("inv-1", terms=6), day(0.5))
        hours = mixed(world, 4)
        world.settle(first)
        if world is worlds[1]:
            let_go(world, hours[-2], hours[:-2])
            first.close()
            first = world.worker("b")
        world.fact(InvoiceSent("inv-2", terms=1), day(4.5))
        for number in (5, 6, 7):
            world.tick(day(number), day(number + 1))
        world.settle(first)

    assert worlds[0].derived() == worlds[1].derived()
    assert [dict(record.headers() or ())["ce_id"] for record in worlds[1].output()] == [
        dict(record.headers() or ())["ce_id"] for record in worlds[0].output()
    ]


def test_what_a_worker_missed_and_is_gone_stops_it_with_the_remedy() -> None:
    world = World(invoices(overdue()))
    world.name(next_at=day(1))
    world.fact(InvoiceSent("inv-1", terms=9), day(0.5))
    world.days(1, 2)
    first = world.worker()
    world.settle(first)
    first.close()
    ticks = [world.tick(day(number), day(number + 1)) for number in (3, 4, 5)]
    let_go(world, ticks[1], ticks[:2])

    with pytest.raises(ProcessorError, match=r"day\.utc is kept from tick 5 on: what it missed is gone; raise"):
        world.settle(world.worker("b"))
    assert world.derived() == []


def test_a_fact_from_before_the_floor_counts_from_the_floor() -> None:
    world = World(invoices(overdue()))
    world.name(next_at=day(1))
    ticks = [world.tick(day(number), day(number + 1)) for number in (1, 2, 3, 4)]
    let_go(world, ticks[2], ticks[:3])
    world.fact(InvoiceSent("inv-1", terms=2), day(0.5))
    world.tick(day(5), day(6))

    world.settle(world.worker())

    assert dict(world.output()[0].headers() or ())["passage_tick"] == b"day.utc#5"


@pytest.mark.parametrize("is_running", [False, True])
def test_a_floor_heard_of_at_work_counts_like_one_that_was_there_at_the_start(is_running: bool) -> None:
    """As of a new schedule with a past, which the clock fills in and lets go again before the worker looks."""
    world = World(invoices(overdue()))
    worker = world.worker()
    if is_running:
        world.settle(worker)
    world.name(next_at=day(1))
    ticks = [world.tick(day(number), day(number + 1)) for number in range(1, 9)]
    let_go(world, ticks[4], ticks[:5])
    for terms in (2, 7):
        world.fact(InvoiceSent(f"inv-{terms}", terms), day(0.5))
    world.settle(worker)
    world.days(9, 15)
    world.settle(worker)

    due = [(record.key(), dict(record.headers() or ())["passage_tick"]) for record in world.output()]
    assert due == [(b"inv-2", b"day.utc#7"), (b"inv-7", b"day.utc#12")]


class Revocable(Ordering):
    """Its order is revocable for ten days; nobody chases, and forgets it late."""

    schedules = (DAY,)

    @starts_on(NewOrder)
    def ordered(self, now: Moment[Order], fact: NewOrder) -> Effects:
        return [Remember(Order(fact.parts)), Wake("forget", 300, DAY)]

    @on(PartsWereDelivered)
    def delivered(self, now: Moment[Order], fact: PartsWereDelivered) -> Effects:
        return []

    @on(OrderRevocation)
    def revoked(self, now: Moment[Order], fact: OrderRevocation) -> Effects:
        days = now.count(DAY)
        return [Emit((RevocationWasAccepted if days <= 10 else RevocationWasRejected)(now.key, days))]


@pytest.mark.parametrize("is_restarted", [False, True])
def test_days_are_counted_from_a_start_long_before_the_floor_by_whoever_counts(is_restarted: bool) -> None:
    world = World(orders(Revocable(), grace_seconds=0.0, commit_interval_seconds=0.0))
    world.name(next_at=day(1))
    worker = world.worker()
    world.fact(NewOrder("o-1"), day(0.5), "orders", "o-1")
    ticks = [world.tick(day(number), day(number + 1)) for number in range(1, 41)]
    world.settle(worker)
    let_go(world, replace(ticks[32], next_at=day(41)), ticks[:33])
    world.settle(worker)
    if is_restarted:
        worker.close()
        worker = world.worker("b")
        world.settle(worker)
    world.fact(OrderRevocation("o-1"), day(40.5), "orders", "o-1")
    world.fact(OrderRevocation("o-1"), day(30.5), "orders", "o-1")
    world.settle(worker)

    assert world.derived() == [RevocationWasRejected("o-1", 40)]
    (letter,) = world.letters()
    assert b"day.utc: its ticks around 2026-01-31 12:00 were let go" in dict(letter.headers() or ())["passage_reason"]


def test_a_replay_needs_what_was_let_go_and_says_so() -> None:
    world = World(invoices(overdue()))
    world.name(next_at=day(1))
    ticks = [world.tick(day(number), day(number + 1)) for number in (1, 2, 3)]
    world.settle(world.worker())
    let_go(world, ticks[0], ticks[:1])

    with pytest.raises(ProcessorError, match=r"day\.utc is kept from its tick 2 on"):
        list(replay(world.app, world.log, 0))


def test_a_tick_missing_above_every_floor_is_still_missing() -> None:
    history = TickHistory()
    history.let_go(HOUR, Floor(3, 5, Instant(500)))
    assert history.add(SeenTick(DAY, 1, 2, Instant(20)))
    assert history.add(SeenTick(HOUR, 2, 5, Instant(500))) is False, "not yet forgotten, and not counted"
    assert history.add(SeenTick(HOUR, 3, 6, Instant(600)))

    with pytest.raises(TickGap, match="tick 7 is missing"):
        history.add(SeenTick(HOUR, 4, 8, Instant(800)))
    with pytest.raises(TickGap, match=r"day\.utc: ordinal 3 follows 1"):
        history.add(SeenTick(DAY, 3, 7, Instant(700)))
    assert (history.at(2), history.after(2), history.at(6)) == (
        SeenTick(DAY, 1, 2, Instant(20)), 6, SeenTick(HOUR, 3, 6, Instant(600)),
    )  # fmt: skip
    assert history.folded_at(0) == {HOUR: 2}
    assert history.folded_at(5) == {HOUR: 2, DAY: 1}
    assert [history.passed(HOUR, Instant(at), 3) for at in (1, 599, 600)] == [2, 2, 3]


def test_a_replay_folds_no_day_too_soon_where_the_hours_before_it_are_gone() -> None:
    """The app counts days; the hours that end its steps are no more when the timeline is folded again."""
    world = World(invoices(overdue()))
    world.name(next_at=day(1))
    worker = world.worker()
    hours = []
    for number in range(4):
        world.fact(InvoiceSent(f"inv-{number}", terms=1), day(number + 0.25))
        hours.append(world.tick(day(number + 0.5), schedule=HOUR))
        world.settle(worker)
        world.fact(InvoicePaid(f"inv-{number}"), day(number + 0.75))
        hours.append(world.tick(day(number + 0.875), schedule=HOUR))
        world.settle(worker)
        world.tick(day(number + 1), day(number + 2))
        world.settle(worker)
    let_go(world, hours[-2], hours[:-1])

    assert world.derived() == []
    with structlog.testing.capture_logs() as told:
        assert digest(replay(world.app, world.log, 0)) == digest_of_output(world.app, world.log, 0)
    assert [(line["event"], line["schedules"]) for line in told] == [("replay_lacks_ticks", [HOUR])]


def test_a_worker_too_slow_for_what_is_kept_is_told_that_it_was_let_go() -> None:
    history = TickHistory()
    assert history.add(SeenTick(HOUR, 1, 1, Instant(100)))
    history.let_go(HOUR, Floor(4, 3, Instant(300)))

    with pytest.raises(TickGap, match="the clock has let go what was between"):
        history.add(SeenTick(HOUR, 4, 4, Instant(400)))
    with pytest.raises(TickGap, match="ordinal 1 follows 1; check that the tick topic"):
        history.add(SeenTick(HOUR, 1, 2, Instant(200)))


def test_a_worker_that_slept_hears_of_the_floor_before_the_ticks_behind_it() -> None:
    """The app counts days; of the hours that went by while it slept most are gone already."""
    world = World(invoices(overdue()))
    world.name(next_at=day(1))
    world.fact(InvoiceSent("inv-1", terms=1), day(0.5))
    hours = [world.tick(day(0.25), schedule=HOUR)]
    worker = world.worker()
    world.settle(worker)
    hours += [world.tick(day(0.5 + hour / 24), schedule=HOUR) for hour in range(1, 6)]
    world.tick(day(1), day(2))
    hours.append(world.tick(day(1.1), schedule=HOUR))
    let_go(world, hours[-2], hours[:-1])

    with pytest.raises(ProcessorError, match=r"hour\.utc: ordinal 7 follows 1; the clock has let go"):
        world.settle(worker)
    worker.close()
    world.settle(world.worker("b"))
    assert len(world.derived()) == 1
