"""A step is written record by record. Killed between any two of them, the next owner derives the same events.

The hosted tasks on the log in memory, without Faust: what Faust would write is written here, as far as it comes.
"""

from dataclasses import dataclass
from operator import itemgetter
from random import Random
from types import SimpleNamespace
from typing import Any, cast

import pytest

from passage import Effects, Emit, End, Moment, Process, Remember, Report, Wake, on, starts_on, wakes
from passage_log.ranges import read_all
from passage_processors import App
from passage_processors.errors import ProcessorError
from passage_processors.faust.facts import Fact
from passage_processors.faust.host import Host, Written
from passage_processors.faust.table_rows import split_key
from passage_schemas.log_record import Partition
from tests.processors.test_floors import let_go
from tests.processors.world import DAY, InvoicePaid, InvoiceSent, World, day, invoices, overdue, suspended

DAYS = 80


@dataclass(frozen=True)
class InvoiceWasCounted:
    invoice: str
    facts: int


@dataclass(frozen=True)
class Counted:
    facts: int = 0


class Counting(Process[Counted]):
    """Counts the facts of an invoice: one heard twice would show."""

    name = "counting"
    state = Counted
    schedules = (DAY,)
    emits = (InvoiceWasCounted,)
    marker_ticks = 1

    @starts_on(InvoiceSent)
    def sent(self, now: Moment[Counted], fact: InvoiceSent) -> Effects:
        return [Remember(Counted(1)), Wake("tell", after=fact.terms + 2, of=DAY)]

    @on(InvoiceSent)
    def sent_again(self, now: Moment[Counted], fact: InvoiceSent) -> Effects:
        return [Remember(Counted(now.state.facts + 1))]

    @on(InvoicePaid)
    def paid(self, now: Moment[Counted], fact: InvoicePaid) -> Effects:
        return [Remember(Counted(now.state.facts + 1))]

    @wakes("tell")
    def tell(self, now: Moment[Counted]) -> Effects:
        return [Emit(InvoiceWasCounted(now.key, now.state.facts)), End()]


class Killed(Exception):
    """The worker is no more."""


class Store:
    """What outlives a worker: the table, and the events on the output. Dies after so many writes."""

    def __init__(self) -> None:
        self.table: dict[bytes, bytes] = {}
        self.events: set[tuple[str, bytes | None]] = set()
        """By id, and what they say."""
        self.lives_for = 0

    def write(self, written: Written) -> None:
        """In the order the pump keeps; what it writes at once may be stored in any part."""
        for event in written.events:
            self._live()
            self.events.add(((dict(event.headers)["ce_id"] or b"").decode(), event.value))
        for key, value in written.states.items():
            self._live()
            self.table[key] = value
        self._live()
        self.table[written.cut[0]] = written.cut[1]
        for key in written.forgotten:
            self._live()
            self.table.pop(key, None)

    def _live(self) -> None:
        self.lives_for -= 1
        if self.lives_for < 0:
            raise Killed

    def of_partition(self) -> dict[int, dict[bytes, bytes]]:
        return {0: {split_key(key)[1]: value for key, value in self.table.items()}}


def world_of(seed: int, app: App) -> World:
    """A world in which aggregates start, end, start anew and are forgotten, all within a few steps."""
    random = Random(seed)
    world = World(app)
    facts: list[tuple[float, object]] = []
    for _ in range(150):
        invoice, at = f"inv-{random.randrange(12)}", random.uniform(0, DAYS - 20)
        starts = random.random() < 0.6
        facts.append((at, InvoiceSent(invoice, random.randint(1, 6)) if starts else InvoicePaid(invoice)))
    for at, fact in sorted(facts, key=itemgetter(0)):
        world.fact(fact, day(at))
    world.days(1, DAYS)
    world.name(next_at=day(DAYS + 1))
    return world


def facts_of(world: World, topic: str) -> list[Fact]:
    return [
        Fact(
            cast(
                Any,
                SimpleNamespace(
                    message=SimpleNamespace(
                        topic=topic, partition=0, offset=record.offset(), key=record.key(), value=record.value(),
                        headers=None, timestamp=record.timestamp()[1] / 1000,
                    )
                ),
            )
        )
        for record in read_all(world.log, Partition(topic, 0))
    ]  # fmt: skip


def fold_all(host: Host, store: Store, facts: list[Fact]) -> None:
    """Deliver everything, again, as Faust does where nothing was committed; then turn until nothing moves."""
    host.restore(store.of_partition(), {})
    quiet, waiting = 0, facts
    while quiet < 4:
        turn, waiting = waiting, []
        steps = host.turn(turn)
        for written in steps:
            store.write(written)
        quiet = 0 if steps else quiet + 1


@pytest.mark.parametrize("seed", range(12))
def test_killed_anywhere_in_a_step_the_same_events_follow(seed: int) -> None:
    app = invoices(overdue(marker_ticks=1), suspended(after=4, marker_ticks=1), processes=[Counting()])
    world = world_of(seed, app)
    worker = world.worker()
    world.settle(worker)
    expected = {(dict(record.headers() or [])["ce_id"].decode(), record.value()) for record in world.output()}
    random, store, kills = Random(seed), Store(), 0
    while True:
        store.lives_for = random.randint(1, 40) if kills < 60 else 1 << 30
        host = Host(app, world.log, 1, max_facts=random.randint(3, 60), monotonic=lambda: 0.0)
        try:
            fold_all(host, store, facts_of(world, "billing"))
        except Killed:
            kills += 1
            continue
        finally:
            host.close()
        break
    assert kills >= 5
    assert expected
    assert store.events == expected


def hosted(world: World, store: Store) -> None:
    """A worker that folds all there is, and leaves."""
    store.lives_for = 1 << 30
    host = Host(world.app, world.log, 1, max_facts=100, monotonic=lambda: 0.0)
    try:
        fold_all(host, store, facts_of(world, "billing"))
    finally:
        host.close()


def test_a_report_says_what_it_says_in_the_engine() -> None:
    report = Report(name="daily", of=DAY, emits=InvoiceWasCounted, event=lambda it: InvoiceWasCounted(it.period, 0))
    world, store = World(invoices(overdue(), reports=[report])), Store()
    world.name(next_at=day(1))
    world.days(1, 3)
    world.settle(world.worker())

    hosted(world, store)

    expected = {(dict(record.headers() or [])["ce_id"].decode(), record.value()) for record in world.output()}
    assert store.events == expected
    assert len(expected) == 3


def test_what_a_worker_missed_and_is_gone_stops_it_with_the_remedy() -> None:
    world, store = World(invoices(overdue())), Store()
    world.name(next_at=day(1))
    world.fact(InvoiceSent("inv-1", terms=4), day(0.5))
    world.days(1, 2)
    hosted(world, store)
    ticks = [world.tick(day(number), day(number + 1)) for number in (3, 4, 5)]
    let_go(world, ticks[1], ticks[:2])

    with pytest.raises(ProcessorError, match=r"day\.utc is kept from tick 5 on: what it missed is gone; raise"):
        hosted(world, store)
    assert store.events == set()


def test_a_task_with_facts_of_one_input_only_starves() -> None:
    """Whatever waits for the other input's facts must not keep them out."""
    world = World(invoices(overdue(), inputs={"billing": [InvoiceSent], "payments": [InvoicePaid]}))
    world.name(next_at=day(1))
    world.fact(InvoiceSent("inv-1"), day(2))
    world.fact(InvoicePaid("inv-1"), day(2), "payments")
    host = Host(world.app, world.log, 1, 100)
    host.restore({0: {}}, {})
    assert not host.starves

    host.turn(facts_of(world, "billing"))
    assert host.starves
    host.turn(facts_of(world, "payments"))
    assert not host.starves
