"""One output, whatever the order in which facts, ticks and looks at them arrive, and whoever dies in between.

The whole data set takes most of a second a run, so 1,000 orders are played with a sample of it, and 15 with all;
`make chaos` plays 1,000 with all.
"""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest

from examples.overdue_invoices.answer_key import OVERDUE, SUSPENDED, check, differences, expected_of
from examples.overdue_invoices.facts import Invoice, facts_of, read_invoices
from passage_processors.core.order.promises import NEVER
from passage_processors.core.order.timeline import Bounds
from passage_processors.runtime.inputs.readiness import Readiness
from passage_processors.runtime.task import Task
from tests.examples.arrivals import Arrivals, Digests, clock_records

SAMPLED = 120
SAMPLED_UNTIL = date(2012, 3, 31)
ORDERS = 1_000
SOME_ORDERS = 200
ORDERS_OF_ALL = 15
MUTANT_ORDERS = 30


def sample() -> list[Invoice]:
    """Some invoices of the first three months."""
    return random.Random(2012).sample([one for one in read_invoices() if one.invoiced_on <= SAMPLED_UNTIL], SAMPLED)


def orders(invoices: list[Invoice]) -> Callable[[int], Arrivals]:
    """By seed: all that can happen to these invoices, and as many ticks as that takes."""
    last_on = max(max(one.settled_on, one.due_on + timedelta(days=15)) for one in invoices)
    facts, clock = facts_of(invoices), clock_records(last_on + timedelta(days=1))
    return lambda seed: Arrivals(facts, clock, seed)


@pytest.mark.parametrize("count", [SOME_ORDERS, pytest.param(ORDERS, marks=pytest.mark.chaos)])
def test_any_arrival_order_has_one_outcome_and_it_is_the_answer_keys(count: int) -> None:
    invoices = sample()
    expected, order = expected_of(invoices), orders(invoices)
    digests: set[Digests] = set()
    for seed in range(count):
        played = order(seed)
        digests.add(played.run())
        assert len(digests) == 1, f"seed {seed}: {differences(expected, played.outcomes())}"
    assert differences(expected, played.outcomes()) == []
    assert {event for _, event in expected} == {OVERDUE, SUSPENDED}


@pytest.mark.parametrize(
    "count", [ORDERS_OF_ALL, pytest.param(ORDERS, marks=[pytest.mark.chaos, pytest.mark.timeout(3600)])]
)
def test_the_whole_data_set_has_one_outcome_in_any_order(count: int) -> None:
    invoices = read_invoices()
    order = orders(invoices)
    digests: set[Digests] = set()
    for seed in range(count):
        played = order(seed)
        digests.add(played.run())
        assert check(invoices, played.outcomes()) == [], f"seed {seed}"
    assert len(digests) == 1


def a_fact_that_does_not_wait_for_the_clock(bounds: Bounds) -> Bounds:
    return replace(bounds, facts_before=NEVER)


def a_tick_that_does_not_wait_for_facts(bounds: Bounds) -> Bounds:
    # It has looked at its input once, so that it knows where that begins; more it does not wait for.
    return replace(bounds, tick_may_pass=lambda _sequence, empty: empty.position >= 0)


@pytest.mark.parametrize("mutant", [a_fact_that_does_not_wait_for_the_clock, a_tick_that_does_not_wait_for_facts])
def test_the_orders_catch(mutant: Callable[[Bounds], Bounds], monkeypatch: pytest.MonkeyPatch) -> None:
    right = Readiness.bounds

    def wrong(readiness: Readiness, task: Task) -> Bounds:
        return mutant(right(readiness, task))

    order = orders(sample())
    truth = order(0).run()
    monkeypatch.setattr(Readiness, "bounds", wrong)
    caught = [seed for seed in range(MUTANT_ORDERS) if order(seed).run() != truth]
    assert caught, f"none of {MUTANT_ORDERS} orders tells this mutant from the real thing"
