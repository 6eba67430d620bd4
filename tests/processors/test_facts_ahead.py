"""A fact dated far in the future is refused where the app bounds it, and a replay refuses it in the same place."""

from dataclasses import replace

import pytest

from passage_processors.errors import AppError, Stopped
from passage_processors.runtime.offline.replay import digest, digest_of_output, replay
from tests.processors.test_refusals import reason_of
from tests.processors.world import InvoicePaid, InvoiceSent, World, day, invoices, overdue, suspended

YEAR_2530 = day(504 * 365.25)
INPUTS = {"billing": [InvoiceSent], "payments": [InvoicePaid]}


def run(bound: float | None) -> World:
    """A fact of 2530 lies before, between and behind others, on both inputs."""
    world = World(invoices(overdue(), suspended(), inputs=INPUTS, max_fact_ahead_seconds=bound))
    world.name(next_at=day(1))
    worker = world.worker()
    world.fact(InvoiceSent("far-1", terms=1), YEAR_2530)
    world.fact(InvoiceSent("inv-1", terms=2), day(0.5))
    world.fact(InvoiceSent("inv-2", terms=2), day(0.6))
    world.fact(InvoicePaid("far-2"), YEAR_2530, topic="payments")
    world.fact(InvoicePaid("inv-2"), day(0.7), topic="payments")
    world.settle(worker)
    world.days(1, 1)
    world.settle(worker)
    world.fact(InvoiceSent("inv-3", terms=1), day(1.2))
    world.fact(InvoiceSent("far-3", terms=1), YEAR_2530)
    world.fact(InvoiceSent("inv-4", terms=1), day(1.3))
    world.settle(worker)
    world.days(2, 5)
    world.settle(worker)
    return world


def test_a_fact_beyond_the_bound_is_a_letter_and_those_behind_it_count() -> None:
    world = run(bound=30 * 86_400)
    assert sorted(one.key() or b"" for one in world.letters()) == [b"far-1", b"far-2", b"far-3"]
    assert "more than 2592000 s after the tick it would wait for, day.utc at 2026-01-02" in reason_of(
        world.letters()[0]
    )
    assert sorted(one.key() or b"" for one in world.output()) == [b"inv-1", b"inv-3", b"inv-4"]
    assert digest(replay(world.app, world.log, 0)) == digest_of_output(world.app, world.log, 0)


def test_those_behind_it_come_in_time_for_ticks_that_are_there_already() -> None:
    world = World(invoices(overdue(), max_fact_ahead_seconds=86_400))
    world.name(next_at=day(1))
    for number in range(3):
        world.fact(InvoiceSent(f"inv-{number}", terms=2), day(0.5))
        world.raw(b"tombstone", None, YEAR_2530)
        world.fact(InvoiceSent(f"far-{number}", terms=2), YEAR_2530)
    world.days(1, 5)
    world.settle(world.worker(max_fires=1))
    assert [one.timestamp()[1] for one in world.output()] == [day(2) // 1000] * 3
    assert [one.key() for one in world.letters()] == [b"far-0", b"far-1", b"far-2"]
    assert digest(replay(world.app, world.log, 0)) == digest_of_output(world.app, world.log, 0)


def test_a_replay_asks_the_cuts_and_not_the_bound() -> None:
    world = run(bound=30 * 86_400)
    unbound = replace(world.app, max_fact_ahead_seconds=None)
    assert digest(replay(unbound, world.log, 0)) == digest_of_output(world.app, world.log, 0)


@pytest.mark.parametrize("bound", [None, 1e12, float("inf")])
def test_without_a_bound_it_waits_for_its_year(bound: float | None) -> None:
    world = run(bound)
    assert world.letters() == []
    assert world.output() == []


def test_a_fact_within_the_bound_waits_for_the_clock() -> None:
    world = World(invoices(overdue(), max_fact_ahead_seconds=86_400))
    world.name(next_at=day(1))
    worker = world.worker()
    world.fact(InvoiceSent("inv-1", terms=1), day(1.9))
    world.settle(worker)
    world.days(1, 4)
    world.settle(worker)
    assert (world.letters(), len(world.output())) == ([], 1)


def test_where_the_clock_has_promised_nothing_nothing_is_ahead() -> None:
    world = World(invoices(overdue(), max_fact_ahead_seconds=0))
    world.fact(InvoiceSent("inv-1", terms=1), YEAR_2530)
    world.settle(world.worker())
    assert world.letters() == []


def test_when_all_facts_are_ahead_of_a_clock_that_is_down_the_worker_stops_and_refuses_none() -> None:
    world = World(invoices(overdue(), max_fact_ahead_seconds=60, stop_after_refusals=5))
    world.name(next_at=day(1))
    for number in range(5):
        world.fact(InvoiceSent(f"inv-{number}"), day(30))
    with pytest.raises(Stopped, match="5 facts in a row were refused"):
        world.settle(world.worker())
    assert world.letters() == []


def test_a_bound_below_zero_is_said() -> None:
    with pytest.raises(AppError, match="max_fact_ahead_seconds=-1; it can't be negative"):
        invoices(overdue(), max_fact_ahead_seconds=-1)
