"""The two years of invoices, lived through by each way: the same facts, the same ticks, and what each says follows.

In the three ways the facts are rows that the billing service writes for itself; the ticks come from the log. For the
due index both come from the log. `behind` is the service that was down all the time: it has every row and handles two
years of ticks afterwards.
"""

from bisect import bisect_left
from collections.abc import Sequence
from datetime import date
from functools import cache
from typing import Literal, NamedTuple, Protocol

from examples.overdue_invoices import DAY
from examples.overdue_invoices import app as by_due_index
from examples.overdue_invoices.demo import CLOCK
from examples.overdue_invoices.events import (
    AccountWasSuspended,
    CustomerWasInvoiced,
    InvoiceBecameOverdue,
    PaymentWasMade,
)
from examples.overdue_invoices.facts import PARTITIONS, Fact, end_of
from examples.overdue_invoices.topics import make_topics
from examples.stage import Clock, SettableWall, load, read_all
from examples.three_ways.subscriber import Connection, Cursor, Subscriber, Way
from passage import EventSet, Instant, MemoryLog, Partition, Record, Worker, instant_of_milliseconds, milliseconds_of

FACTS = EventSet([CustomerWasInvoiced, PaymentWasMade])
DERIVED = EventSet([InvoiceBecameOverdue, AccountWasSuspended])
CONFIG = load(CLOCK, {})
TICKS = Partition(CONFIG.topics.ticks, 0)

Lived = Literal["live", "behind"]


class Books(Way, Protocol):
    """A way, with what the billing service writes for it."""

    def invoiced(self, cursor: Cursor, fact: CustomerWasInvoiced, at: Instant) -> None:
        """A second time changes nothing."""

    def paid(self, cursor: Cursor, invoice: str, at: Instant) -> None:
        """The earliest payment counts."""


class Said(NamedTuple):
    """An event that followed, when, and on which tick."""

    instant: Instant
    key: str
    event: object
    tick: str


@cache
def clock_records(until: date) -> tuple[Record, ...]:
    """What a clock writes that catches up to the end of this day: the schedule's entry, then the ticks."""
    wall = SettableWall(end_of(until))
    log = MemoryLog(now_ms=lambda: milliseconds_of(wall.now()))
    make_topics(log, by_due_index, CONFIG)
    clock = Clock(CONFIG, log, wall, "once")
    while not clock.leadership.may_publish:
        clock.step()
    clock.step()
    clock.close()
    topics = (CONFIG.topics.schedules, CONFIG.topics.ticks)
    return tuple(record for topic in topics for record in read_all(log, Partition(topic, 0)) if record.value())


def append(log: MemoryLog, records: Sequence[Record]) -> None:
    appender = log.appender()
    for record in records:
        place = Partition(record.topic(), 0)
        appender.append(place, record.key(), record.value(), record.timestamp()[1], record.headers() or ())
    appender.flush()


def live(way: Books, facts: Sequence[Fact], until: date, connection: Connection, lived: Lived = "live") -> list[Said]:
    """What this way says follows, in its own order."""
    log = MemoryLog()
    make_topics(log, by_due_index, CONFIG)
    subscriber = Subscriber(way, DAY, log, connection)
    written = 0
    if lived == "behind":
        write(way, facts, connection)
        written = len(facts)
    for record in clock_records(until):
        if record.topic() == TICKS.topic:
            ends_at = instant_of_milliseconds(record.timestamp()[1])
            happened = max(written, bisect_left(facts, ends_at, key=lambda fact: fact.instant))
            write(way, facts[written:happened], connection)
            written = happened
            append(log, [record])
            if lived == "live":
                subscriber.step(0.0)
    while subscriber.step(0.0):
        pass
    subscriber.close()
    return said_by(connection)


def write(way: Books, facts: Sequence[Fact], connection: Connection) -> None:
    """As the billing service does, whenever something happens."""
    with connection.transaction(), connection.cursor() as cursor:
        for fact in facts:
            event = FACTS.decode(fact.value)
            if isinstance(event, CustomerWasInvoiced):
                way.invoiced(cursor, event, fact.instant)
            else:
                way.paid(cursor, fact.key.decode(), fact.instant)


def said_by(connection: Connection) -> list[Said]:
    rows = connection.execute("SELECT instant, key, value, tick FROM outbox ORDER BY place").fetchall()
    return [
        Said(Instant(int(str(at))), str(key), DERIVED.decode(bytes(value)), str(tick))  # type: ignore[call-overload]
        for at, key, value, tick in rows
    ]


def live_by_due_index(facts: Sequence[Fact], until: date) -> list[Said]:
    """What the policies of `examples/overdue_invoices` say follows."""
    log = MemoryLog()
    make_topics(log, by_due_index, CONFIG)
    append(log, clock_records(until))
    appender = log.appender()
    for fact in facts:
        place = Partition("billing", fact.partition)
        appender.append(place, fact.key, fact.value, milliseconds_of(fact.instant))
    appender.flush()
    now = 0.0
    worker = Worker(by_due_index, log, "due-index", monotonic=lambda: now)
    idle = 0
    while idle < 3:  # a turn to be given the partitions, and one to restore them, do nothing that can be seen
        now += 2.0
        idle = idle + 1 if not worker.turn(0.0) and worker.is_idle else 0
    worker.close()
    output = [
        record for number in range(PARTITIONS) for record in read_all(log, Partition(by_due_index.output, number))
    ]
    return [_said(record) for record in output]


def _said(record: Record) -> Said:
    tick = dict(record.headers() or ())["passage_tick"].decode()
    instant = instant_of_milliseconds(record.timestamp()[1])
    return Said(instant, (record.key() or b"").decode(), DERIVED.decode(record.value() or b""), tick)
