"""The three ways in a real PostgreSQL and the due index say the same; and what is said of each way is so."""

import io
import os
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import islice

import psycopg
import pytest
from rich.console import Console

from examples.overdue_invoices import DAY
from examples.overdue_invoices.answer_key import KNOWN
from examples.overdue_invoices.events import CustomerWasInvoiced
from examples.overdue_invoices.facts import Fact, facts_of, read_invoices
from examples.three_ways import query_on_tick
from examples.three_ways.__main__ import compared
from examples.three_ways.next_n import NextN
from examples.three_ways.query_on_tick import QueryOnTick
from examples.three_ways.single_next import SingleNext
from examples.three_ways.subscriber import Connection, Cursor, Following, Subscriber
from examples.three_ways.years import (
    CONFIG,
    TICKS,
    Books,
    Lived,
    Said,
    append,
    clock_records,
    live,
    live_by_due_index,
    said_by,
    write,
)
from passage_clock.calendars import Calendar, Company, Notice, national
from passage_clock.schedules import Schedule, periodic
from passage_log.kafka import KafkaLog
from passage_log.memory import MemoryLog
from passage_log.port import Topic
from passage_schemas import TICK, Instant, Tick, instant_of, milliseconds_of
from passage_schemas.log_record import Partition
from passage_trial.errors import NoPostgres
from passage_trial.postgres import postgres
from tests.processors.world import day

UNTIL = date(2014, 2, 28)
"""The last invoice's suspension, had there been one, lies before."""

WAYS: dict[str, Callable[[], Books]] = {
    "query on tick": QueryOnTick,
    "query on tick, no index": lambda: QueryOnTick(indexed=False),
    "next n": lambda: NextN(CONFIG.schedules[0]),
    "single next": SingleNext,
}


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """A PostgreSQL: PASSAGE_POSTGRES if it is set, else one of our own, whose programs are fetched if need be.
    Like a test that needs a Kafka, one that can't have a PostgreSQL fails. Nobody pulls its plug here, so no commit
    waits for the disk."""
    try:
        with postgres("fsync=off") as where:
            yield where
    except NoPostgres as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture
def connect(postgres_server: str) -> Iterator[Callable[[], Connection]]:
    """Opens connections to an empty database of this test's own."""
    name = f"passage_{os.getpid()}_{next(_numbers)}"
    opened: list[Connection] = []

    def open_one() -> Connection:
        opened.append(psycopg.connect(postgres_server, autocommit=True, options=f"-c search_path={name}"))
        return opened[-1]

    with psycopg.connect(postgres_server, autocommit=True) as first:
        first.execute(f"DROP SCHEMA IF EXISTS {name} CASCADE")
        first.execute(f"CREATE SCHEMA {name}")
        yield open_one
        for connection in opened:
            connection.close()
        first.execute(f"DROP SCHEMA {name} CASCADE")


_numbers = iter(range(1, 1_000))


@pytest.fixture
def connection(connect: Callable[[], Connection]) -> Connection:
    return connect()


@pytest.fixture(scope="module")
def facts() -> list[Fact]:
    return facts_of(read_invoices())


@pytest.fixture(scope="module")
def by_due_index(facts: list[Fact]) -> list[Said]:
    return live_by_due_index(facts, UNTIL)


@pytest.mark.parametrize("lived", ["live", "behind"])
@pytest.mark.parametrize("way", WAYS)
def test_every_way_says_what_the_due_index_says(
    way: str, lived: Lived, facts: list[Fact], by_due_index: list[Said], connection: Connection
) -> None:
    said = live(WAYS[way](), facts, UNTIL, connection, lived)
    assert sorted(said, key=str) == sorted(by_due_index, key=str)


def test_the_due_index_says_what_is_known_of_the_invoices(by_due_index: list[Said]) -> None:
    counts = {event: sum(type(one.event).__name__ == event for one in by_due_index) for event in KNOWN}
    assert counts == KNOWN


def test_the_example_tells_that_they_agree_and_what_each_looks_at(connection: Connection) -> None:
    told = io.StringIO()
    assert compared(connection, Console(file=told, width=120)) == 0
    assert "all ways say the same" in told.getvalue()
    assert told.getvalue().count("877") == told.getvalue().count("174") == 4


# --- once, whoever dies ------------------------------------------------------------------------------------------


class Killed(Exception):
    """Where the subscriber died."""


class DiesOnce:
    """A way that dies on one tick, after it has found and changed all there was to."""

    def __init__(self, way: Books, ordinal: int) -> None:
        self._way = way
        self._ordinal: int | None = ordinal

    def create(self, cursor: Cursor) -> None:
        self._way.create(cursor)

    def tick(self, cursor: Cursor, tick: Tick) -> Sequence[Following]:
        followings = self._way.tick(cursor, tick)
        if tick.ordinal == self._ordinal:
            self._ordinal = None
            raise Killed(tick.period)
        return followings


def a_few_months() -> tuple[list[Fact], date]:
    until = date(2012, 3, 31)
    return facts_of([one for one in read_invoices() if one.settled_on <= until][:150]), until


@pytest.mark.parametrize("way", WAYS)
def test_a_subscriber_killed_before_its_commit_says_it_once(way: str, connect: Callable[[], Connection]) -> None:
    facts, until = a_few_months()
    log = MemoryLog()
    log.create([Topic(TICKS.topic, 1), Topic(CONFIG.topics.schedules, 1)])
    append(log, clock_records(until))
    books = WAYS[way]()
    mortal = DiesOnce(books, 47)
    connection = connect()
    subscriber = Subscriber(mortal, DAY, log, connection)
    write(books, facts, connection)
    with pytest.raises(Killed, match="2012-02-16"):
        subscriber.step(0.0)
    successor = Subscriber(mortal, DAY, log, connect())
    while successor.step(0.0):
        pass
    assert sorted(said_by(connection), key=str) == sorted(live_by_due_index(facts, until), key=str)


def test_two_subscribers_that_see_the_same_ticks_say_it_once(connect: Callable[[], Connection]) -> None:
    facts, until = a_few_months()
    log = MemoryLog()
    log.create([Topic(TICKS.topic, 1), Topic(CONFIG.topics.schedules, 1)])
    books = SingleNext()
    both = [Subscriber(books, DAY, log, connect()) for _ in range(2)]
    connection = connect()
    write(books, facts, connection)
    append(log, clock_records(until))
    for _ in range(3):
        for subscriber in both:
            subscriber.step(0.0)
    assert sorted(said_by(connection), key=str) == sorted(live_by_due_index(facts, until), key=str)


def test_a_restarted_subscriber_reads_on_where_it_was(connect: Callable[[], Connection]) -> None:
    log = MemoryLog()
    log.create([Topic(TICKS.topic, 1), Topic(CONFIG.topics.schedules, 1)])
    append(log, clock_records(date(2012, 1, 31)))
    first = Subscriber(SingleNext(), DAY, log, connect())
    assert first.step(0.0) == 31
    assert Subscriber(SingleNext(), DAY, log, connect()).step(0.0) == 0


# --- what goes wrong ---------------------------------------------------------------------------------------------


KNOWN_THEN = national("NL")
CLOSED = Notice(date(2026, 1, 6), date(2026, 1, 6), reason="flood")
KNOWN_LATER = Company("acme", KNOWN_THEN, closed=(CLOSED,))
"""The Tuesday is closed, and nobody knew when the invoice was written on Monday."""


def workdays(calendar: Calendar) -> Schedule:
    return periodic("workday.nl", "workday", "Europe/Amsterdam", calendar=calendar)


def ticks_of(schedule: Schedule, after: Instant, count: int) -> Iterator[Tick]:
    for number, one in enumerate(islice(schedule.occurrences(after), count), 1):
        yield Tick(
            event="WorkdayHasEnded", schedule=schedule.name, ordinal=number, sequence=number, period=one.period,
            starts_at=one.starts_at, ends_at=one.ends_at, next_at=None, zone=schedule.zone, calendar=None,
            tzdata="2026f", published_at=one.ends_at, definition="", previous=None,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("way", "overdue_on"), [(NextN(workdays(KNOWN_THEN)), date(2026, 1, 7)), (SingleNext(), date(2026, 1, 8))]
)
def test_dates_worked_out_ahead_miss_a_closure_that_counted_ticks_see(
    way: Books, overdue_on: date, connection: Connection
) -> None:
    monday = instant_of(datetime(2026, 1, 5, 12, tzinfo=UTC))
    log = MemoryLog()
    log.create([Topic(TICKS.topic, 1)])
    subscriber = Subscriber(way, "workday.nl", log, connection)
    with connection.cursor() as cursor:  # two workdays to pay: overdue when the third has ended
        way.invoiced(cursor, CustomerWasInvoiced("inv-1", "acme", Decimal(10), 2), monday)
    periods = {}
    for tick in ticks_of(workdays(KNOWN_LATER), monday, 5):
        subscriber.handle(tick, tick.sequence)
        periods[f"workday.nl#{tick.ordinal}"] = date.fromisoformat(tick.period)
    assert [periods[one.tick] for one in said_by(connection)] == [overdue_on]


@pytest.mark.parametrize(
    ("said", "instead"),
    [
        ("paid_at IS NULL OR paid_at >= %(instant)s", "paid_at IS NULL"),
        ("due_on < %(date)s", "due_on < now()"),
    ],
)
def test_a_query_that_asks_for_now_is_wrong_after_an_outage(
    said: str, instead: str, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the tick is asked in `query_on_tick`, asked of the present."""
    facts, until = a_few_months()
    assert said in query_on_tick.OVERDUE
    monkeypatch.setattr(query_on_tick, "OVERDUE", query_on_tick.OVERDUE.replace(said, instead))
    found = live(QueryOnTick(), facts, until, connection, "behind")
    assert sorted(found, key=str) != sorted(live_by_due_index(facts, until), key=str)


def test_a_start_that_is_delivered_again_changes_nothing(connection: Connection) -> None:
    """Not even after it was settled: its row is still there, which is what a marker is for the due index."""
    for way in WAYS:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS invoices, due, seen, outbox, progress")
        facts, until = a_few_months()
        first = live(WAYS[way](), facts, until, connection)
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS invoices, due, seen, outbox, progress")
        twice = sorted([*facts, *facts], key=lambda fact: fact.instant)
        assert live(WAYS[way](), twice, until, connection) == first


@pytest.mark.kafka
def test_on_a_real_kafka_a_tick_that_was_taken_back_is_never_handled(
    kafka_log: KafkaLog, topic_name: Callable[..., str], connection: Connection
) -> None:
    topic = topic_name("ticks")
    kafka_log.create([Topic(topic, 1)])
    ticks = [record for record in clock_records(date(2012, 3, 31)) if record.topic() == TICKS.topic]
    facts, until = a_few_months()
    writer = kafka_log.writer(topic)
    writer.open()
    # What a fenced leader leaves behind: it dated its tick wrongly, and was never readable.
    lost = TICK.decode(ticks[0].value() or b"")
    writer.begin()
    writer.append(Partition(topic, 0), b"lost", TICK.encode(lost), milliseconds_of(day(1)))
    writer.abort()
    writer.begin()
    for record in ticks:
        writer.append(Partition(topic, 0), record.key(), record.value(), record.timestamp()[1])
    writer.commit()
    books = QueryOnTick()
    subscriber = Subscriber(books, DAY, kafka_log, connection, topic)
    write(books, facts, connection)
    for _ in range(100):
        subscriber.step(1.0)
        [last] = connection.execute("SELECT sequence FROM progress").fetchone() or [None]
        if last == len(ticks):
            break
    subscriber.close()
    assert sorted(said_by(connection), key=str) == sorted(live_by_due_index(facts, until), key=str)
