"""What an operator sees of an app on the log alone: its tasks, what comes due, one aggregate."""

from dataclasses import dataclass

import pytest

from passage_processors import Effects, Emit, End, Mark, Moment, Process, Remember, Wake, starts_on, wakes
from passage_processors.monitoring.due import due
from passage_processors.monitoring.inspection import Inspection, inspect
from passage_processors.monitoring.status import COUNTED, STILL_SECONDS, AppStatus, NextDue, status
from passage_schemas.instant import Instant
from passage_schemas.log_record import Partition
from tests.processors.world import (
    DAY,
    InvoiceBecameOverdue,
    InvoicePaid,
    InvoiceSent,
    World,
    day,
    invoices,
    overdue,
    suspended,
)


def seen(world: World, now: Instant, with_due: bool | None = None) -> AppStatus:
    return status(world.app, world.log, range(world.partitions), now, with_due)


def test_a_task_at_rest_is_told_with_its_owner_its_place_and_what_comes_next() -> None:
    world = World(invoices())
    world.name(next_at=day(1))
    worker = world.worker()
    world.fact(InvoiceSent("inv-1", terms=5), day(0.5))
    world.fact(InvoiceSent("inv-2", terms=9), day(0.5))
    world.fact(InvoicePaid("inv-2"), day(0.6))
    world.raw(b"inv-3", b"garbage", day(0.7))
    world.days(1, 3)
    world.settle(worker)
    found = seen(world, day(3))
    (task,) = found.tasks
    assert (task.state, found.is_well) == ("at rest", True)
    assert (found.members, found.standbys, found.sequence) == (1, 0, 3)
    assert task.owner == "invoices-1"
    assert task.cut == worker.tasks[0].cut.number
    assert (task.open, task.entries, task.ticks_behind) == (1, 2, 0)
    assert (task.dead_letters, task.dead_letters_is_exact) == (1, True)
    ((billing, requests), (schedule,)) = task.inputs, found.schedules
    assert (requests.topic, requests.behind) == ("invoices.requests", 0)
    assert (billing.folded, billing.behind, billing.is_exact, billing.first_at) == (4, 0, True, None)
    assert task.next_due == (NextDue(DAY, 5, 2, None, 1),)
    assert (schedule.name, schedule.status, schedule.ordinal, schedule.next_at) == (DAY, "active", 3, day(4))


def test_an_app_without_a_worker_is_not_well_and_says_how_far_it_is_behind() -> None:
    world = World(invoices(), partitions=2)
    world.name(next_at=day(1))
    world.days(1, 4)
    for number in range(6):
        world.fact(InvoiceSent(f"inv-{number}"), day(0.5))
    found = seen(world, day(4))
    assert not found.is_well
    assert [task.state.partition(":")[0] for task in found.tasks] == ["nobody owns it"] * 2
    assert sum(one.behind for task in found.tasks for one in task.inputs) == 6
    assert [(task.cut, task.committed_at, task.ticks_behind) for task in found.tasks] == [(0, None, 4)] * 2


def test_a_long_way_behind_is_told_as_at_most_so_far() -> None:
    world = World(invoices())
    for number in range(COUNTED + 5):
        world.fact(InvoiceSent(f"inv-{number}"), day(0.5))
    ((one, _requests),) = [task.inputs for task in seen(world, day(1)).tasks]
    assert (one.behind, one.is_exact, one.first_at) == (COUNTED + 5, False, day(0.5))


def test_facts_that_wait_for_a_clock_that_is_down_say_for_which_tick() -> None:
    world = World(invoices())
    world.name(next_at=day(1))
    worker = world.worker()
    world.days(1, 1)
    world.fact(InvoiceSent("inv-1"), day(2.5))
    world.settle(worker)
    just_now, later = (seen(world, Instant(day(2) + seconds * 1_000_000)).tasks[0] for seconds in (1, 120))
    assert just_now.state.startswith("waits for the time: the fact at billing[0]@0 is dated 2026-01-03T12:00:00Z")
    fact_is_past = seen(world, day(2.6)).tasks[0]
    assert fact_is_past.state == f"waits for the clock: the tick of {DAY} promised for 2026-01-03T00:00:00Z"
    assert not fact_is_past.is_well
    assert not later.is_well


def test_a_fact_that_came_just_before_its_tick_is_no_trouble() -> None:
    world = World(invoices())
    world.name(next_at=day(1))
    worker = world.worker()
    world.days(1, 1)
    world.fact(InvoiceSent("inv-1"), day(2))
    world.settle(worker)
    (task,) = seen(world, Instant(day(2) + 1_000_000)).tasks
    assert task.state.startswith("waits for the clock")
    assert task.is_well


def test_a_schedule_the_clock_never_named_is_told_with_the_nearest() -> None:
    world = World(invoices(overdue(of="day.utx"), suspended()))
    world.name(next_at=day(1))
    world.days(1, 1)
    worker = world.worker()
    world.fact(InvoiceSent("inv-1"), day(0.5))
    world.settle(worker)
    (task,) = seen(world, day(1)).tasks
    assert task.state == "waits for the clock: the clock has never named 'day.utx'; did you mean 'day.utc'?"
    assert not task.is_well


def test_a_task_that_should_have_moved_long_ago_stands_still() -> None:
    world = World(invoices())
    world.name(next_at=day(1))
    worker = world.worker()
    world.settle(worker)
    world.fact(InvoiceSent("inv-1"), day(0.5))
    said = {
        seconds: seen(world, Instant(day(0.5) + int(seconds * 1_000_000))).tasks[0]
        for seconds in (1, STILL_SECONDS + 1)
    }
    assert [(task.state.partition(":")[0], task.is_well) for task in said.values()] == [
        ("folding", True),
        ("stands still", False),
    ]


@pytest.mark.parametrize("of_late", ["ticks", "facts of the same input", "facts of another input"])
def test_what_comes_after_the_first_it_should_have_folded_makes_no_task_well(of_late: str) -> None:
    world = World(invoices(inputs={"billing": [InvoiceSent], "payments": [InvoicePaid]}))
    world.name(next_at=day(1))
    world.days(1, 1)
    world.fact(InvoiceSent("inv-1"), day(0.5))
    worker = world.worker()
    world.settle(worker)
    # From here on it hangs, in its group as ever.
    if of_late == "ticks":
        world.days(2, 600)
    else:
        world.fact(InvoiceSent("inv-2"), day(1.1))
        world.name(next_at=day(700))
        topic = "billing" if of_late == "facts of the same input" else "payments"
        world.fact(InvoicePaid("inv-2"), day(600), topic)
    now = Instant(day(600) + 1_000_000)
    (task,) = seen(world, now).tasks
    assert task.committed_seconds_ago is not None
    assert task.committed_seconds_ago > STILL_SECONDS
    assert (task.state, task.is_well) == ("stands still: see the log of its worker", False)


def test_a_tick_that_waits_its_grace_is_no_trouble() -> None:
    world = World(invoices(grace_seconds=300.0))
    world.name(next_at=day(1))
    worker = world.worker()
    world.days(1, 1)
    world.settle(worker)
    states = [seen(world, Instant(day(1) + seconds * 1_000_000)).tasks[0] for seconds in (299, 361)]
    assert [(task.state.partition(":")[0], task.is_well) for task in states] == [
        ("folding", True),
        ("stands still", False),
    ]


@pytest.mark.parametrize("where", ["invoices.changelog", "passage.ticks", "passage.schedules"])
def test_an_undecided_transaction_that_nobody_restores_past_is_named_though_nothing_is_to_fold(where: str) -> None:
    world = World(invoices(), partitions=2)
    world.name(next_at=day(1))
    zombie = world.log.writer("zombie")
    zombie.open()
    zombie.begin()
    zombie.append(Partition(where, 0), b"x", b"y", 1)
    world.settle(world.worker())
    first, second = seen(world, day(1)).tasks
    at = 1 if where == "passage.schedules" else 0
    assert first.state == f"nothing to fold, but an undecided transaction at {where}[0]@{at} is waited for"
    assert not first.is_well
    assert second.is_well == (where == "invoices.changelog")


def test_an_upstream_transaction_that_is_undecided_is_named() -> None:
    world = World(invoices())
    world.name(next_at=day(1))
    world.days(1, 1)
    worker = world.worker()
    upstream = world.log.writer("upstream")
    upstream.open()
    upstream.begin()
    upstream.append(Partition("billing", 0), b"inv-1", b"undecided", 1)
    world.settle(worker)
    (task,) = seen(world, day(2)).tasks
    assert task.state == "stands still: an undecided transaction at billing[0]@0 is waited for"


def test_a_promise_that_was_given_up_is_told() -> None:
    world = World(invoices(max_clock_wait_seconds=0.0))
    world.name(next_at=day(1))
    worker = world.worker()
    world.fact(InvoiceSent("inv-1"), day(1.5))
    world.settle(worker)
    (task,) = seen(world, day(2)).tasks
    assert task.released == (DAY,)
    assert task.state == "at rest"


# --- what comes due --------------------------------------------------------------------------------------------------


def a_busy_world() -> World:
    """Five days in: one wake-up of each kind at several ordinals, one that has passed, one parked, one ended."""
    world = World(invoices(overdue(event=failing), suspended()), partitions=2)
    world.name(next_at=day(1))
    worker = world.worker()
    for name, terms in (("a", 7), ("b", 7), ("c", 9), ("d", 40), ("e", 2), ("refuse", 3)):
        world.fact(InvoiceSent(name, terms), day(0.5))
    world.fact(InvoiceSent("paid", 8), day(0.5))
    world.fact(InvoicePaid("paid"), day(0.6))
    world.days(1, 5)
    world.settle(worker)
    world.fact(InvoiceSent("late", 2), day(0.5))
    world.settle(worker)
    worker.close()
    return world


def failing(case: object) -> InvoiceBecameOverdue:
    if case.key == "refuse":  # type: ignore[attr-defined]  # a policy's case
        raise ValueError("not this one")
    return InvoiceBecameOverdue(case.key, case.started_at)  # type: ignore[attr-defined]  # a policy's case


def test_what_comes_due_is_told_by_tick_and_policy() -> None:
    world = a_busy_world()
    (found,) = due(world.app, world.log, range(2), [DAY], most=30)
    assert (found.schedule, found.last, found.next_at) == (DAY, 5, day(6))
    assert [(one.ordinal, one.ahead, one.at, one.units) for one in found.coming] == [
        (6, 1, day(6), {"overdue": 1}),  # the late one: its own tick has passed
        (7, 2, None, {"overdue": 2}),
        (9, 4, None, {"overdue": 1}),
        (17, 12, None, {"suspended": 1}),
    ]
    assert found.later == 1


def test_what_is_due_agrees_with_what_then_fires() -> None:
    world = a_busy_world()
    (found,) = due(world.app, world.log, range(2), [DAY], most=100)
    told = {one.ordinal: one.total for one in found.coming if "suspended" not in one.units}
    worker, fired = world.worker("b"), {}
    for ordinal in range(6, 10):
        before = len(world.output())
        world.days(ordinal, ordinal)
        world.settle(worker)
        fired[ordinal] = len(world.output()) - before
    assert {ordinal: count for ordinal, count in fired.items() if count} == {6: told[6], 7: told[7], 9: told[9]}


# --- one aggregate ---------------------------------------------------------------------------------------------------


def looked_at(world: World, aggregate: str, since: Instant | None = None, most: int = 50) -> Inspection:
    return inspect(world.app, world.log, world.partitions, aggregate, None, since, most)


def test_an_aggregate_is_told_with_its_state_and_its_history() -> None:
    world = a_busy_world()
    found = looked_at(world, "e")
    assert [(one.unit, one.kind, one.started) for one in found.entries] == [
        ("overdue", "ended", day(0.5)),
        ("suspended", "open", day(2)),
    ]
    assert [(one.unit, one.schedule, one.ordinal, one.ahead) for one in found.waits] == [("suspended", DAY, 17, 12)]
    assert [(one.at, one.kind, one.fate, one.name) for one in found.history] == [
        (day(0.5), "fact", "folded", "InvoiceSent"),
        (day(2), "derived", "emitted", "InvoiceBecameOverdue"),
    ]
    assert found.history[0].body == InvoiceSent("e", 2)
    assert found.history[1].said == "invoices/overdue/e/2026-01-01T12:00:00Z/InvoiceBecameOverdue/1"


def test_a_parked_wake_up_comes_with_its_reason() -> None:
    found = looked_at(a_busy_world(), "refuse")
    ((entry,), letter) = found.entries, found.history[-1]
    assert (entry.kind, entry.holds, found.waits) == ("parked", InvoiceSent("refuse", 3), ())
    assert (letter.kind, letter.fate, letter.name) == ("letter", "parked", f"{DAY}#3")
    assert "ValueError: not this one" in letter.said


def test_a_refused_fact_says_why_in_its_own_place() -> None:
    world = a_busy_world()
    world.raw(b"a", b"garbage", day(5.1))
    world.settle(world.worker("b"))
    refused = looked_at(world, "a").history[-1]
    assert (refused.kind, refused.fate, refused.at) == ("fact", "refused", day(5.1))
    assert "billing[" in refused.said


def test_a_fact_that_waits_is_told_as_pending() -> None:
    world = a_busy_world()
    world.fact(InvoicePaid("a"), day(6.5))
    assert looked_at(world, "a").history[-1].fate == "pending"


def test_history_is_bounded_by_time_and_by_number() -> None:
    world = a_busy_world()
    assert [one.name for one in looked_at(world, "e", since=day(1)).history] == ["InvoiceBecameOverdue"]
    last = looked_at(world, "e", most=1)
    assert ([one.name for one in last.history], last.earlier) == (["InvoiceBecameOverdue"], 1)


def test_of_an_unknown_aggregate_nothing_is_known() -> None:
    assert not looked_at(a_busy_world(), "nobody").is_known


# --- processes -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Dunning:
    reminders: int = 0


class Dun(Process[Dunning]):
    name = "dun"
    state = Dunning
    schedules = (DAY,)
    emits = (InvoiceBecameOverdue,)

    @starts_on(InvoiceSent)
    def sent(self, now: Moment[Dunning], fact: InvoiceSent) -> Effects:
        return [Remember(Dunning(1)), Mark("sent"), Wake("remind", fact.terms, DAY), Wake("give up", 30, DAY)]

    @wakes("remind")
    def remind(self, now: Moment[Dunning]) -> Effects:
        if now.key == "refuse":
            raise ValueError("not this one")
        return [Emit(InvoiceBecameOverdue(now.key, now.started_at)), Wake("remind", 7, DAY)]

    @wakes("give up")
    def give_up(self, now: Moment[Dunning]) -> Effects:
        return [End()]


def test_a_process_is_told_with_its_state_its_marks_and_each_of_its_wake_ups() -> None:
    world = World(invoices(overdue(every=3, unless=()), processes=[Dun()]))
    world.name(next_at=day(1))
    worker = world.worker()
    world.fact(InvoiceSent("a", 2), day(0.5))
    world.fact(InvoiceSent("refuse", 3), day(0.5))
    world.days(1, 4)
    world.settle(worker)
    found = looked_at(world, "a")
    repeating, process = found.entries
    assert (repeating.unit, repeating.kind, repeating.emitted) == ("overdue", "open", 1)
    assert repeating.holds == InvoiceSent("a", 2)
    assert (process.unit, process.kind, process.emitted) == ("dun", "open", 1)
    assert (process.holds, process.marks) == (Dunning(1), {"sent": day(0.5)})
    assert [(one.unit, one.name, one.ordinal, one.ahead) for one in found.waits] == [
        ("overdue", None, 5, 1),
        ("dun", "give up", 30, 26),
        ("dun", "remind", 9, 5),
    ]
    failed = inspect(world.app, world.log, 1, "refuse", "dun", None, 50)
    (entry,) = failed.entries
    assert [(wait.name, wait.parked) for wait in entry.waits] == [("give up", False), ("remind", True)]
    assert [one.name for one in failed.waits] == ["give up"]
    (ahead,) = due(world.app, world.log, [0], [DAY], most=100)
    assert [(one.ordinal, one.units) for one in ahead.coming] == [
        (5, {"overdue": 1}),
        (6, {"overdue": 1}),
        (9, {"dun": 1}),
        (30, {"dun": 2}),
    ]
