"""An explanation agrees with the worker, and with a count so plain that nobody can doubt it, over random histories."""

import random
from collections.abc import Sequence
from itertools import count

import pytest

from passage_log.ranges import read_all
from passage_processors.core.order.timeline import Run
from passage_processors.core.step.fold import Fold
from passage_processors.model.ticks import SeenTick
from passage_processors.monitoring.explanation.answer import Count, ExplainedCause, Explanation
from passage_processors.runtime.upstream import last_cuts
from passage_schemas.cut import Cut
from passage_schemas.headers import read_headers
from passage_schemas.instant import Instant
from passage_schemas.log_record import Partition
from passage_schemas.records import TICK
from passage_schemas.tick import Tick
from tests.processors.test_explanation import WEEK, why
from tests.processors.world import (
    DAY,
    InvoicePaid,
    InvoiceSent,
    World,
    day,
    invoices,
    overdue,
    suspended,
)

Order = dict[tuple[str, int], int]
"""By topic and offset of a fact, and by "tick" and its sequence: when a worker folded it for the last time, after which
it was committed."""


@pytest.fixture
def order(monkeypatch: pytest.MonkeyPatch) -> dict[int, Order]:
    """What the workers folded in which order, by task: written down as they do it."""
    seen: dict[int, Order] = {0: {}, 1: {}}
    facts, tick = Fold.facts, Fold.tick

    def told_facts(fold: Fold, run: Run, refused: frozenset[int] | None = None) -> int:
        done = facts(fold, run, refused)
        for record in run.pending.records[run.start : run.start + done]:
            seen[record.partition()][record.topic(), record.offset()] = next(places)
        return done

    def told_tick(fold: Fold, one: SeenTick, budget: int, stop_after: bytes | None = None) -> int | None:
        seen[fold._state._number]["tick", one.sequence] = next(places)
        return tick(fold, one, budget, stop_after)

    places = count()
    monkeypatch.setattr(Fold, "facts", told_facts)
    monkeypatch.setattr(Fold, "tick", told_tick)
    return seen


def lived(seed: int) -> World:
    """Days and weeks of invoices that come in any order, among others, folded in small steps by workers that crash."""
    choose = random.Random(seed)
    start = overdue(of=lambda fact: WEEK if fact.terms % 3 == 0 else DAY)
    chased = overdue(name="chased", second_start="restarts", every=3, at_most=3)
    inputs = {"billing": [InvoiceSent], "payments": [InvoicePaid]}
    world = World(invoices(start, suspended(after=4), chased, schedules=(DAY, WEEK), inputs=inputs), partitions=2)
    world.name(next_at=day(1))
    world.name(WEEK, next_at=day(7))
    worker = world.worker(max_facts=choose.randint(1, 9), max_fires=choose.randint(1, 2))
    for number in range(1, 22):
        for _ in range(choose.randint(0, 5)):
            key, at = f"inv-{choose.randint(1, 7)}", day(max(0.01, number - choose.choice((0.5, 0.5, 1.0, 4.2, 9.0))))
            if choose.random() < 0.7:
                world.fact(InvoiceSent(key, terms=choose.randint(1, 6)), at)
            else:
                world.fact(InvoicePaid(key), at, "payments")
        world.tick(day(number), day(number + 1))
        if number % 7 == 0:
            world.tick(day(number), day(number + 7), WEEK)
        for _ in range(choose.randint(0, 6)):
            worker.turn(0.0)
        if choose.random() < 0.1:
            world.log.expire(worker._member)
            worker = world.worker(max_facts=choose.randint(1, 9), max_fires=choose.randint(1, 2))
    if seed % 2:
        world.settle(worker)  # else it is left in the midst of its work, of a burst too
    return world


def written(world: World, aggregate: str) -> list[tuple[str, int, int, Instant]]:
    """The aggregate's events as they stand on the output."""
    return [
        (
            (dict(read_headers(one))["ce_id"] or b"").decode(),
            one.partition(),
            one.offset(),
            Instant(one.timestamp()[1] * 1000),
        )
        for one in world.output()
        if one.key() == aggregate.encode()
    ]


def folded_by(ticks: Sequence[Tick], cause: ExplainedCause, order: Order) -> int:
    """The sequence of the last tick that the workers had folded when they were done with this cause."""
    names = {f"{tick.schedule}#{tick.ordinal}": ("tick", tick.sequence) for tick in ticks}
    until = order[names.get(cause.name, (cause.topic, cause.offset))]
    return max((at for (what, at), place in order.items() if what == "tick" and place <= until), default=0)


def plainly_counted(ticks: Sequence[Tick], explanation: Explanation, count: Count, order: Order, cut: Cut) -> list[int]:
    """By nothing but the ticks: of those of the schedule that end after the start the first so many, as far as they
    had been folded when the count was over."""
    last = cut.tick_sequence + (cut.burst is not None)
    if count.ended is not None:
        last = folded_by(ticks, explanation.causes[count.ended], order)
    of_schedule = [tick for tick in ticks if tick.schedule == count.schedule and tick.sequence <= last]
    return [tick.ordinal for tick in of_schedule if tick.ends_at > count.since_at][: count.ticks]


@pytest.mark.parametrize("seed", range(6))
def test_an_explanation_has_the_workers_events_and_ticks_and_no_others(seed: int, order: dict[int, Order]) -> None:
    world = lived(seed)
    ticks = [TICK.decode(record.value() or b"") for record in read_all(world.log, Partition("passage.ticks", 0))]
    order = {number: dict(seen) for number, seen in order.items()}  # an explanation folds too
    stored = last_cuts(world.log, "invoices.timeline", range(2))
    events = counts = late = 0
    for number in range(1, 8):
        found = why(world, f"inv-{number}")
        told = [(one.id, one.partition, one.offset, one.at) for cause in found.causes for one in cause.events]
        assert [event for event in told if event[2] is not None] == written(world, f"inv-{number}")
        assert found.in_burst or all(event[2] is not None for event in told)
        cut, seen = stored[found.partition].cut, order[found.partition]
        for one in found.counts:
            assert [tick.ordinal for tick in one.counted] == plainly_counted(ticks, found, one, seen, cut)
            assert one.since_at == found.causes[one.began].at
        events, counts = events + len(told), counts + len(found.counts)
        assert [cause.sequence for cause in found.causes] == [folded_by(ticks, cause, seen) for cause in found.causes]
        late += sum(cause.late_after is not None for cause in found.causes)
    assert events > 10
    assert counts > 20
    assert late > 5
