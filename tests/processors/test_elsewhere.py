"""What is not for the aggregate's own partition: events with another key, and reports, which one task does."""

from collections import Counter
from dataclasses import dataclass

import pytest

from passage_processors.model.process import Effects, Emit, End, Moment, Process, Wake, starts_on, wakes
from passage_processors.model.report import Report
from passage_processors.runtime.offline.replay import Apart, digest, digest_of_output, replay, timeline
from passage_schemas.events import event_codec
from passage_schemas.instant import milliseconds_of
from passage_schemas.log_record import Partition
from passage_schemas.partitioner import partition_of
from tests.processors.world import DAY, InvoiceSent, World, day, invoices

PARTITIONS = 3


@dataclass(frozen=True)
class Open:
    terms: int = 0


@dataclass(frozen=True)
class CustomerWasReminded:
    customer: str
    invoice: str


@dataclass(frozen=True)
class ReminderIsDue:
    invoice: str


@dataclass(frozen=True)
class QuarterReportIsDue:
    period: str


class Reminding(Process[Open]):
    name = "reminding"
    state = Open
    schedules = (DAY,)
    emits = (CustomerWasReminded, ReminderIsDue)

    @starts_on(InvoiceSent)
    def sent(self, now: Moment[Open], fact: InvoiceSent) -> Effects:
        return [Wake("remind", after=fact.terms, of=DAY)]

    @wakes("remind")
    def remind(self, now: Moment[Open]) -> Effects:
        customer = f"customer-{int(now.key[4:]) % 5}"
        return [
            Emit(ReminderIsDue(now.key)),
            Emit(CustomerWasReminded(customer, now.key), key=customer),
            Emit(CustomerWasReminded("itself", now.key), key=now.key),
            End(),
        ]


def quarters() -> Report:
    return Report(
        name="quarters",
        of="quarter.utc",
        emits=QuarterReportIsDue,
        event=lambda passed: QuarterReportIsDue(str(passed)),
    )


def reminded() -> World:
    world = World(invoices(policies=(), processes=[Reminding()]), partitions=PARTITIONS)
    world.name(next_at=day(1))
    one, other = world.worker("a", max_facts=7, max_fires=2), world.worker("b", max_facts=3, max_fires=5)
    for number in range(1, 13):
        for invoice in range(4):
            world.fact(InvoiceSent(f"inv-{number * 4 + invoice}", terms=1 + number % 3), day(number - 0.5))
        world.days(number, number)
        world.settle(one, other)
    world.days(13, 16)
    world.settle(one, other)
    return world


def test_an_event_with_a_key_of_its_own_is_in_that_keys_partition() -> None:
    world = reminded()
    places = {(record.key(), record.partition()) for record in world.output()}
    assert len(world.output()) == 3 * 48
    assert {number for key, number in places} == set(range(PARTITIONS))
    assert all(number == partition_of(key or b"", PARTITIONS) for key, number in places)
    customers = Counter(record.key() for record in world.output() if (record.key() or b"").startswith(b"customer"))
    assert (len(customers), sum(customers.values())) == (5, 48)


def _held_against(world: World) -> tuple[list[bool], Apart, Apart]:
    """By partition: is what was written for the aggregates' own keys what a replay gives? And what was for others'."""
    written, again = Apart(), Apart()
    alike = [
        digest_of_output(world.app, world.log, number, written) == digest(replay(world.app, world.log, number), again)
        for number in range(PARTITIONS)
    ]
    return alike, written, again


def test_a_replay_gives_them_as_a_set_and_the_others_in_order() -> None:
    alike, written, again = _held_against(reminded())
    assert alike == [True] * PARTITIONS
    assert (written.count, written.digest) == (48, again.digest)


@pytest.mark.parametrize("is_copy", [False, True])
def test_one_more_or_another_among_them_is_seen(is_copy: bool) -> None:
    world = reminded()
    (*_, last) = (one for one in world.output() if (one.key() or b"").startswith(b"customer"))
    hand, value = world.log.appender(), event_codec(CustomerWasReminded).encode(CustomerWasReminded("x", "y"))
    hand.append(
        Partition(world.app.output, last.partition()), last.key(), last.value() if is_copy else value,
        last.timestamp()[1], last.headers() or [],
    )  # fmt: skip
    hand.flush()
    alike, written, again = _held_against(world)
    assert alike == [True] * PARTITIONS
    assert (written.count, written.digest) != (again.count, again.digest)


def test_the_set_does_not_depend_on_who_wrote_first() -> None:
    world = reminded()
    forwards, backwards = Apart(), Apart()
    events = [event for number in range(PARTITIONS) for event in replay(world.app, world.log, number)]
    elsewhere = [event for event in events if event.key.startswith(b"customer")]
    digest(iter(elsewhere), forwards)
    digest(iter(reversed(elsewhere)), backwards)
    assert forwards.digest == backwards.digest
    changed = [elsewhere[0]._replace(value=b"x"), *elsewhere[1:]]
    other = Apart()
    digest(iter(changed), other)
    assert other.digest != forwards.digest


def test_a_report_is_done_by_exactly_one_task_whoever_has_it() -> None:
    world = World(invoices(policies=(), reports=[quarters()]), partitions=PARTITIONS)
    world.name("quarter.utc", next_at=day(90))
    one, other = world.worker("a"), world.worker("b")
    world.settle(one, other)
    for number in range(1, 4):
        world.tick(day(90 * number), day(90 * (number + 1)), schedule="quarter.utc")
        world.settle(one, other)
    one.close()
    world.tick(day(360), day(450), schedule="quarter.utc")
    world.settle(other)
    reports = world.output()
    assert [record.timestamp()[1] for record in reports] == [milliseconds_of(day(90 * n)) for n in range(1, 5)]
    assert {record.partition() for record in reports} == {partition_of(b"quarters", PARTITIONS)}
    for number in range(PARTITIONS):
        written = digest_of_output(world.app, world.log, number)
        assert digest(replay(world.app, world.log, number)) == written


def test_mutant_that_does_not_know_how_many_tasks_there_are_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("passage_processors.runtime.restore.restore.tasks_of", lambda _log, _app: 1)
    world = World(invoices(policies=(), reports=[quarters()]), partitions=PARTITIONS)
    world.name("quarter.utc", next_at=day(90))
    world.tick(day(90), day(180), schedule="quarter.utc")
    world.settle(world.worker())
    assert {record.partition() for record in world.output()} != {partition_of(b"quarters", PARTITIONS)}


class Talking(Reminding):
    """Says much, at its start and when it is reminded."""

    name = "talking"

    @starts_on(InvoiceSent)
    def sent(self, now: Moment[Open], fact: InvoiceSent) -> Effects:
        return [*[Emit(ReminderIsDue(now.key))] * 900, Wake("remind", after=fact.terms, of=DAY)]

    @wakes("remind")
    def remind(self, now: Moment[Open]) -> Effects:
        return [*[Emit(ReminderIsDue(now.key))] * 30, End()]


def test_a_step_is_cut_where_much_follows_from_little() -> None:
    world = World(invoices(policies=(), processes=[Talking()]))
    world.name(next_at=day(1))
    for number in range(30):
        world.fact(InvoiceSent(f"inv-{number}", terms=1), day(0.1))
    worker = world.worker(max_fires=100)
    world.settle(worker)
    assert [(cut.inputs[0].count, cut.burst) for cut in timeline(world.app, world.log, 0)] == [(23, None), (30, None)]
    world.days(1, 1)
    world.settle(worker)
    *_, before_last, last = timeline(world.app, world.log, 0)
    assert (last.number, before_last.burst, last.burst) == (10, b"talking/inv-7", None)
    assert len(world.output()) == 30 * 930
    assert digest(replay(world.app, world.log, 0)) == digest_of_output(world.app, world.log, 0)
