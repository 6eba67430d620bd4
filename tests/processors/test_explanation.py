"""Why it did, or didn't: an explanation agrees with the worker, and with a count so plain that nobody can doubt it."""

from typing import Any

import pytest

from passage_processors.errors import AppError
from passage_processors.monitoring.explanation.answer import ExplainedCause, Explanation
from passage_processors.monitoring.explanation.explainer import explain
from passage_schemas.records import WAKE_UP_RESUMED
from passage_schemas.wake_up_resumed import WakeUpResumed
from tests.processors.stories import NewOrder, OrderRevocation, PartsWereDelivered, orders
from tests.processors.world import (
    InvoiceBecameOverdue,
    InvoicePaid,
    InvoiceSent,
    World,
    day,
    invoices,
    overdue,
)

WEEK = "week.utc"


def why(world: World, aggregate: str, event: str | None = None) -> Explanation:
    return explain(world.app, world.log, world.partitions, aggregate, event, lambda _done, _total: None)


def kinds(cause: ExplainedCause) -> list[str]:
    return [effect.kind for effect in cause.effects]


def said(found: Explanation) -> str:
    (verdict,) = found.verdicts
    return verdict.said


def test_an_event_is_told_with_the_fact_the_ticks_and_where_all_of_it_lies() -> None:
    world = World(invoices(overdue()))
    world.name(next_at=day(1))
    world.fact(InvoiceSent("inv-2", terms=1), day(0.4))
    world.fact(InvoiceSent("inv-1", terms=2), day(0.5))
    world.days(1, 4)
    world.settle(world.worker())

    found = why(world, "inv-1")

    sent, tick = found.causes[:2]
    assert (sent.kind, sent.name, sent.where, sent.at, sent.late_after) == (
        "fact", "InvoiceSent", "billing[0]@1", day(0.5), None,
    )  # fmt: skip
    assert sent.body == InvoiceSent("inv-1", terms=2)
    assert [(one.unit, one.kind, one.said) for one in sent.effects] == [
        ("overdue", "counts", "counts 2 ticks of day.utc from here, due at #2")
    ]
    assert (tick.kind, tick.name, tick.where, tick.at, tick.body) == (
        "tick",
        "day.utc#2",
        "passage.ticks[0]@1",
        day(2),
        "2",
    )
    assert [(one.kind, one.said) for one in tick.effects] == [("fires", "2 of 2 ticks of day.utc had been counted")]
    (event,) = tick.events
    assert (event.name, event.topic, event.partition, event.offset) == ("InvoiceBecameOverdue", "billing.derived", 0, 1)
    (count,) = found.counts
    assert [(one.ordinal, one.period, one.at, one.offset, one.had_passed) for one in count.counted] == [
        (1, "1", day(1), 0, False),
        (2, "2", day(2), 1, False),
    ]
    assert (count.outcome, count.began, count.ended) == ("fired", 0, 1)
    assert said(found) == "happened once at 2026-01-03T00:00:00Z: billing.derived[0]@1"


def test_what_is_waited_for_is_told_with_the_date_the_clock_promised() -> None:
    world = World(invoices(overdue()))
    world.name(next_at=day(1))
    world.fact(InvoiceSent("inv-1", terms=3), day(0.5))
    worker = world.worker()
    world.days(1, 1)
    world.settle(worker)
    (far,) = why(world, "inv-1").waits
    assert (far.counted, far.ticks, far.due, far.ahead, far.unfolded, far.promised_at) == (1, 3, 3, 2, 0, None)
    assert (far.last_at, far.next_at) == (day(1), day(2))

    world.tick(day(2), day(3))
    world.settle(worker)
    found = why(world, "inv-1")
    (near,) = found.waits
    assert (near.ahead, near.promised_at) == (1, day(3))
    assert said(found) == (
        "has not happened: it waits, 2 of 3 ticks of day.utc counted, due at #3: the next tick, "
        "promised for 2026-01-04T00:00:00Z"
    )


def test_a_payment_that_came_in_time_is_why_it_did_not() -> None:
    world = World(invoices(overdue()))
    world.name(next_at=day(1))
    world.fact(InvoiceSent("inv-1", terms=3), day(0.5))
    world.days(1, 1)
    world.fact(InvoicePaid("inv-1"), day(1.5))
    world.fact(InvoicePaid("inv-1"), day(1.6))
    world.days(2, 4)
    world.settle(world.worker())
    found = why(world, "inv-1")
    assert [kinds(cause) for cause in found.causes] == [["counts"], ["ends"], ["ended"]]
    (count,) = found.counts
    assert (count.outcome, [one.ordinal for one in count.counted]) == ("ended", [1])
    assert said(found) == (
        "has not happened: no longer waited for by InvoicePaid, after 1 of 3 ticks of day.utc "
        "(InvoicePaid of 2026-01-02T12:00:00Z, billing[0]@1)"
    )


def test_a_payment_that_came_too_late_is_told_as_late_and_behind_the_end() -> None:
    world = World(invoices(overdue()))
    world.name(next_at=day(1))
    worker = world.worker()
    world.fact(InvoiceSent("inv-1", terms=2), day(0.5))
    world.days(1, 2)
    world.settle(worker)
    world.fact(InvoicePaid("inv-1"), day(1.5))
    world.settle(worker)
    paid = why(world, "inv-1").causes[-1]
    assert (paid.name, paid.late_after) == ("InvoicePaid", "day.utc#2")
    assert [(one.kind, one.said) for one in paid.effects] == [
        ("ended", "InvoicePaid came after the end: what started at 2026-01-01T12:00:00Z was over")
    ]


def test_facts_that_did_nothing_say_why() -> None:
    world = World(invoices(overdue()))
    world.name(next_at=day(1))
    worker = world.worker()
    world.fact(InvoicePaid("inv-1"), day(0.2))
    world.fact(InvoiceSent("inv-1", terms=2), day(0.5))
    world.fact(InvoiceSent("inv-1", terms=2), day(0.5))
    world.fact(InvoiceSent("inv-1", terms=9), day(0.6))
    world.raw(b"inv-1", b"garbage", day(0.7))
    world.raw(b"inv-1", None, day(0.8))
    world.days(1, 2)
    world.settle(worker)
    world.fact(InvoiceSent("inv-1", terms=2), day(0.5))
    world.settle(worker)
    found = why(world, "inv-1")
    assert [kinds(cause) for cause in found.causes] == [
        ["unmatched"], ["counts"], ["redelivered"], ["open"], ["refused"], ["ignored"], ["fires"], ["redelivered"],
    ]  # fmt: skip
    (refused,) = (one for cause in found.causes for one in cause.effects if one.kind == "refused")
    assert "billing[0]@4: the value begins with" in refused.said


def test_a_late_start_counts_what_had_passed_and_comes_with_any_tick() -> None:
    world = World(invoices(overdue()))
    world.name(next_at=day(1))
    world.name(WEEK, next_at=day(7))
    worker = world.worker()
    world.days(1, 4)
    world.settle(worker)
    world.fact(InvoiceSent("inv-1", terms=2), day(0.5))
    world.settle(worker)
    found = why(world, "inv-1")
    (waiting,) = found.waits
    assert (waiting.counted, waiting.due, waiting.ahead, waiting.promised_at) == (2, 2, 0, day(5))
    assert (
        found.causes[0]
        .effects[0]
        .said.endswith("which had passed already: it comes with the next tick of any schedule")
    )
    world.tick(day(4.5), day(11), WEEK)
    world.settle(worker)
    found = why(world, "inv-1")
    (count,) = found.counts
    assert [(one.ordinal, one.had_passed) for one in count.counted] == [(1, True), (2, True)]
    assert [cause.name for cause in found.causes] == ["InvoiceSent", "week.utc#1"]


def test_another_aggregates_fact_that_holds_this_one_back_is_obeyed_though_it_is_not_folded() -> None:
    world = World(invoices(overdue()))
    world.name(next_at=day(1))
    world.fact(InvoiceSent("inv-2", terms=9), day(3.5))
    world.fact(InvoiceSent("inv-1", terms=1), day(0.5))  # behind it in the partition, so folded after the third day
    world.days(1, 5)
    world.settle(world.worker())
    found = why(world, "inv-1")
    assert [(cause.name, cause.late_after) for cause in found.causes] == [
        ("InvoiceSent", "day.utc#3"),
        ("day.utc#4", None),
    ]
    assert [(event.at, event.offset) for cause in found.causes for event in cause.events] == [(day(4), 0)]
    assert world.output()[0].timestamp()[1] * 1000 == day(4)


def test_a_policy_that_fails_is_parked_with_its_reason_and_comes_when_it_is_resumed() -> None:
    failing = True

    def event(case: Any) -> InvoiceBecameOverdue:
        if failing:
            raise ValueError("no such debtor")
        return InvoiceBecameOverdue(case.key, case.started_at)

    world = World(invoices(overdue(event=event)))
    world.name(next_at=day(1))
    worker = world.worker()
    world.fact(InvoiceSent("inv-1", terms=1), day(0.5))
    world.days(1, 2)
    world.settle(worker)
    found = why(world, "inv-1")
    assert [kinds(cause) for cause in found.causes] == [["counts"], ["fails", "parks"]]
    assert "ValueError: no such debtor" in said(found)
    assert (found.counts[0].outcome, [one.ordinal for one in found.counts[0].counted]) == ("parked", [1])
    assert found.waits == ()

    failing = False
    asked = WAKE_UP_RESUMED.encode(WakeUpResumed("overdue", "inv-1", "due"))
    world.raw(b"inv-1", asked, day(2.5), "invoices.requests")
    world.tick(day(3), day(4))
    world.settle(worker)
    found = why(world, "inv-1")
    assert [(cause.name, kinds(cause)) for cause in found.causes[2:]] == [
        ("(request)", ["resumes"]),
        ("day.utc#3", ["fires"]),
    ]
    assert (found.counts[0].outcome, [one.ordinal for one in found.counts[0].counted]) == ("fired", [1])


def test_only_what_led_to_the_event_that_is_asked_for_is_told() -> None:
    world = World(invoices())
    world.name(next_at=day(1))
    world.fact(InvoiceSent("inv-1", terms=2), day(0.5))
    world.days(1, 4)
    world.settle(world.worker())
    assert why(world, "inv-1", "InvoiceBecameOverdue").units == ("overdue",)
    found = why(world, "inv-1", "AccountWasSuspended")
    assert found.units == ("overdue", "suspended")  # without the one there is nothing to count from
    assert [kinds(cause) for cause in found.causes] == [["counts"], ["fires", "counts"]]
    assert "waits, 2 of 15 ticks" in said(found)
    with pytest.raises(AppError, match="emits 'InvoiceBecameOverdu'; did you mean 'InvoiceBecameOverdue'"):
        why(world, "inv-1", "InvoiceBecameOverdu")


def test_facts_and_ticks_the_task_has_yet_to_fold_are_told_as_such() -> None:
    world = World(invoices(overdue()))
    world.name(next_at=day(1))
    world.fact(InvoiceSent("inv-1", terms=2), day(0.5))
    assert [one.offset for one in why(world, "inv-1").unfolded] == [0]  # no worker has ever been here
    world.days(1, 1)
    world.settle(world.worker())
    world.days(2, 3)
    world.fact(InvoicePaid("inv-1"), day(3.5))
    found = why(world, "inv-1")
    (waiting,) = found.waits
    assert (waiting.counted, waiting.ahead, waiting.unfolded) == (1, 0, 2)
    assert [(one.name, one.offset) for one in found.unfolded] == [("InvoicePaid", 1)]
    assert said(found).endswith(
        "that tick is published, and 2 are yet to be folded; facts of this key wait to be folded: 1"
    )
    assert not why(world, "inv-7").is_known


def test_a_process_shows_its_wake_ups_marks_and_state() -> None:
    inputs = {"billing": [NewOrder, PartsWereDelivered, OrderRevocation]}
    world = World(orders(inputs=inputs, grace_seconds=0.0, commit_interval_seconds=0.0))
    of = "workday.nl"
    world.name(of, next_at=day(1))
    world.fact(NewOrder("o-1", parts=2), day(0.5), key="o-1")
    for number in range(1, 8):
        world.tick(day(number), day(number + 1), of)
    world.fact(PartsWereDelivered("o-1"), day(7.5), key="o-1")
    world.tick(day(8), day(9), of)
    world.settle(world.worker())
    found = why(world, "o-1")
    assert [(cause.name, kinds(cause)) for cause in found.causes] == [
        ("NewOrder", ["counts", "counts", "starts", "remembers"]),
        ("workday.nl#5", ["fires", "counts", "remembers"]),
        ("PartsWereDelivered", ["cancels", "counts", "marks"]),
    ]
    assert [(one.wake_up, one.outcome, [tick.ordinal for tick in one.counted]) for one in found.counts] == [
        ("chase", "fired", [1, 2, 3, 4, 5]),
        ("forget", "replaced", [1, 2, 3, 4, 5, 6, 7]),
        ("chase", "cancelled", [6, 7]),
        ("forget", "waits", [8]),
    ]
    (entry,) = found.entries
    assert (entry.marks, entry.holds.chased) == ({"delivered": day(7.5)}, 1)
    assert [(one.event, one.times) for one in found.verdicts] == [
        ("DeliveryWasChased", 1), ("RevocationWasAccepted", 0), ("RevocationWasRejected", 0),
    ]  # fmt: skip
