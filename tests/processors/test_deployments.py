"""An app that changes between two deployments, some of them at the worst of moments."""

from collections import Counter
from dataclasses import dataclass
from typing import ClassVar

import pytest
from structlog.testing import capture_logs

from passage_log.port import Topic
from passage_processors.app import App
from passage_processors.errors import ProcessorError
from passage_processors.model.policy import Case, Policy
from passage_processors.runtime.offline.replay import digest, replay
from passage_processors.runtime.worker import Worker
from passage_schemas.derive import schema_of
from tests.processors import world as world_of
from tests.processors.test_restore import ids
from tests.processors.world import InvoicePaid, InvoiceSent, World, day, invoices, overdue


@dataclass(frozen=True)
class CreditNoteIssued:
    invoice: str


@dataclass(frozen=True)
class InvoiceWasNoted:
    invoice: str


MORE = {"billing": [InvoiceSent, InvoicePaid], "credits": [CreditNoteIssued]}


def noted() -> Policy:
    return overdue(name="noted", emits=InvoiceWasNoted, event=lambda case: InvoiceWasNoted(case.key))


def worker_of(app: App, world: World, name: str = "a") -> Worker:
    return Worker(app, world.log, name, monotonic=lambda: 0.0)


def half_a_burst(app: App) -> World:
    """Ten invoices due on one tick, and the worker stopped when some of their events are written."""
    world = World(app)
    world.name(next_at=day(1))
    for number in range(10):
        world.fact(InvoiceSent(f"inv-{number}", terms=1), day(0.5))
    worker = world.worker(max_fires=4)
    world.settle(worker)
    world.days(1, 1)
    worker.turn(0.0)
    assert worker.tasks[0].fold.burst is not None
    assert 0 < len(world.output()) < 10
    worker.close()
    return world


def test_a_policy_renamed_in_the_midst_of_its_burst_starts_with_no_cases_and_says_so() -> None:
    world = half_a_burst(invoices(overdue()))
    with capture_logs() as said:
        world.settle(worker_of(invoices(overdue(name="late")), world))
    [warning] = [line for line in said if line["event"] == "cases_without_policy"]
    assert (warning["policy"], warning["cases"]) == ("overdue", 10)


def test_policies_reordered_in_the_midst_of_a_burst_all_fire() -> None:
    world = half_a_burst(invoices(overdue(), noted()))
    worker = worker_of(invoices(noted(), overdue()), world)
    world.settle(worker)
    world.days(2, 3)
    world.settle(worker)
    assert len(ids(world)) == len(set(ids(world))) == 20


def test_an_input_added_in_the_midst_of_a_burst_does_not_stop_it() -> None:
    world = half_a_burst(invoices(overdue()))
    world.log.create([Topic("credits", 1)])
    world.settle(worker_of(invoices(overdue(), inputs=MORE), world))
    assert len(ids(world)) == len(set(ids(world))) == 10


def test_a_rolling_deployment_that_adds_an_input_doubles_nothing() -> None:
    old = invoices(overdue())
    new = invoices(overdue(unless=(InvoicePaid, CreditNoteIssued)), inputs=MORE)
    world = World(new, partitions=2)
    world.name(next_at=day(1))
    for number in range(40):
        world.fact(InvoiceSent(f"inv-{number}", terms=2), day(0.5))
    before, after = worker_of(old, world, "old"), worker_of(new, world, "new")
    world.settle(before)
    world.settle(before, after)
    assert not before.tasks.keys() & after.tasks.keys()
    world.days(1, 4)
    world.settle(before, after)
    before.close()
    world.settle(after)
    assert Counter(ids(world)).most_common(1)[0][1] == 1
    assert len(ids(world)) == 40


def reads_credits(world: World) -> None:
    """Its app has folded a credit note, which then is not read any more."""
    world.name(next_at=day(1))
    world.fact(InvoiceSent("inv-1", terms=9), day(0.5))
    world.fact(InvoiceSent("inv-2", terms=9), day(0.5))
    world.fact(CreditNoteIssued("inv-1"), day(0.6), topic="credits")
    world.days(1, 1)
    worker = world.worker()
    world.settle(worker)
    worker.close()


def test_an_app_of_the_same_name_that_lacks_an_input_is_refused() -> None:
    world = World(invoices(overdue(unless=(InvoicePaid, CreditNoteIssued)), inputs=MORE))
    reads_credits(world)
    with pytest.raises(ProcessorError, match="an app that reads credits, which this 'invoices' does not"):
        world.settle(worker_of(invoices(overdue()), world))


def test_a_former_input_that_is_read_again_is_read_on_from_where_it_was() -> None:
    both = invoices(overdue(unless=(InvoicePaid, CreditNoteIssued)), inputs=MORE)
    world = World(both)
    reads_credits(world)
    without = worker_of(invoices(overdue(), former_inputs=["credits"]), world)
    world.days(2, 2)
    world.settle(without)
    assert [one.topic for one in without.tasks[0].cut.inputs] == ["billing", "invoices.requests", "credits"]
    without.close()
    again = worker_of(both, world)
    world.days(3, 3)
    world.settle(again)
    assert {one.topic: one.count for one in again.tasks[0].cut.inputs}["credits"] == 1
    assert again.totals.facts == 0, "the credit note is not folded a second time"


def test_facts_of_an_older_version_of_their_class_go_on_being_counted_and_kept() -> None:
    @dataclass(frozen=True)
    class InvoiceSent:
        invoice: str
        terms: int = 30
        channel: str = "mail"
        avro_older: ClassVar = [schema_of(world_of.InvoiceSent)]

    seen: list[object] = []

    def emit(case: Case) -> InvoiceWasNoted:
        seen.append(case.fact)
        return InvoiceWasNoted(case.key)

    world = World(invoices(overdue()))
    world.name(next_at=day(1))
    world.fact(world_of.InvoiceSent("inv-1", terms=2), day(0.5))
    world.days(1, 1)
    before = world.worker()
    world.settle(before)
    before.close()
    world.fact(world_of.InvoiceSent("inv-2", terms=1), day(1.5))
    world.fact(InvoiceSent("inv-3", 1, "post"), day(1.5))
    policy = overdue(starts_on=InvoiceSent, unless=(), emits=InvoiceWasNoted, event=emit)
    after = worker_of(invoices(policy, inputs={"billing": [InvoiceSent, InvoicePaid]}), world, "new")
    world.days(2, 2)
    world.settle(after)
    assert world.letters() == []
    assert seen == [InvoiceSent("inv-1", 2), InvoiceSent("inv-2", 1), InvoiceSent("inv-3", 1, "post")]


def test_a_case_opened_before_facts_were_kept_fires_without_its_fact() -> None:
    seen: list[object] = []

    def emit(case: Case) -> InvoiceWasNoted:
        seen.append(case.fact)
        return InvoiceWasNoted(case.key)

    policy = {"after": 2, "emits": InvoiceWasNoted, "event": emit}
    world = World(invoices(overdue(keep_fact=False, **policy)))
    world.name(next_at=day(1))
    world.fact(InvoiceSent("inv-1"), day(0.5))
    world.days(1, 1)
    worker = world.worker()
    world.settle(worker)
    worker.close()
    world.days(2, 2)
    world.settle(worker_of(invoices(overdue(**policy)), world))
    assert seen == [None]
    assert len(world.output()) == 1


def test_a_replay_with_an_app_that_lost_an_input_says_so() -> None:
    world = World(invoices(overdue(), inputs=MORE))
    world.name(next_at=day(1))
    world.fact(InvoiceSent("inv-1", terms=1), day(0.5))
    world.days(1, 2)
    world.settle(world.worker())
    with pytest.raises(ProcessorError, match="read credits, which the app no longer does"):
        digest(replay(invoices(overdue()), world.log, 0))
