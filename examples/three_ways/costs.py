"""What one tick costs each way, by how many invoices are open: rows looked at, and milliseconds, commit included.

Of the open invoices so many fall due on each of the ticks that are measured; the others later, spread over a thousand
days, and in the tables all are mixed, as invoices of all ages are. The ticks are handed over, so reading the log costs
nothing here. The due index is measured in a worker on the log in memory: its transaction is real, its disk is not.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from statistics import median
from time import perf_counter
from typing import Any, NamedTuple, cast

from examples.overdue_invoices import DAY
from examples.overdue_invoices import app as by_due_index
from examples.overdue_invoices.events import CustomerWasInvoiced
from examples.overdue_invoices.facts import PARTITIONS, end_of, noon
from examples.overdue_invoices.topics import make_topics
from examples.stage import Clock, SettableWall
from examples.three_ways import next_n, query_on_tick, single_next
from examples.three_ways.subscriber import Connection, Subscriber, Way, date_of
from examples.three_ways.years import CONFIG
from passage import MemoryLog, Partition, Tick, Worker, datetime_of, event_codec, milliseconds_of, partition_of

FIRST = date(2012, 1, 1)
SPREAD_DAYS = 1_000

ROWS = """
SELECT 'inv-' || lpad(number::text, 9, '0') AS invoice,
       1 + CASE WHEN number < %(due)s * %(ticks)s THEN number / %(due)s
           ELSE %(ticks)s + number %% %(spread)s END AS tick
FROM (SELECT place * 7919 %% %(opened)s AS number FROM generate_series(0::bigint, %(opened)s - 1) AS place) AS mixed
"""
"""Each invoice, and the number of the tick it falls due on."""

FILL: Mapping[str, Sequence[str]] = {
    "query": [
        "INSERT INTO invoices (invoice, customer, amount, due_on)"
        f" SELECT invoice, 'acme', 10, %(first)s::date + tick::int - 1 FROM ({ROWS}) AS rows",
    ],
    "next n": [
        f"INSERT INTO invoices SELECT invoice, 'acme', 10 FROM ({ROWS}) AS rows",
        f"INSERT INTO due SELECT %(first)s::date + tick::int, 1, invoice FROM ({ROWS}) AS rows",
        f"INSERT INTO due SELECT %(first)s::date + tick::int + 15, 2, invoice FROM ({ROWS}) AS rows",
    ],
    "single next": [
        "INSERT INTO invoices (invoice, customer, amount, invoiced_at, after, next_ordinal)"
        f" SELECT invoice, 'acme', 10, %(first)s::date, tick, tick FROM ({ROWS}) AS rows",
    ],
}
STATEMENTS: Mapping[str, Sequence[str]] = {
    "query": [query_on_tick.OVERDUE, query_on_tick.SUSPENDED],
    "next n": [next_n.DUE],
    "single next": [single_next.COUNT, single_next.DUE],
}


class Cost(NamedTuple):
    """Of one tick: the rows looked at to find what is due, and the median of milliseconds."""

    rows: int
    milliseconds: float


class Size(NamedTuple):
    """How many invoices are open, how many of them fall due on each tick, how many ticks are measured."""

    opened: int
    due: int = 100
    ticks: int = 15


WAYS: Mapping[str, tuple[str, Callable[[], Way]]] = {
    "query on tick, no index": ("query", lambda: query_on_tick.QueryOnTick(indexed=False)),
    "query on tick": ("query", query_on_tick.QueryOnTick),
    "next n": ("next n", lambda: next_n.NextN(CONFIG.schedules[0])),
    "single next": ("single next", single_next.SingleNext),
}


def in_postgres(name: str, size: Size, connection: Connection) -> Cost:
    """What a tick costs this way, in a schema of its own that is gone afterwards."""
    filling, make = WAYS[name]
    connection.execute("DROP SCHEMA IF EXISTS costs CASCADE; CREATE SCHEMA costs; SET search_path = costs")
    log = MemoryLog()
    make_topics(log, by_due_index, CONFIG)
    subscriber = Subscriber(make(), DAY, log, connection)
    for statement in FILL[filling]:
        connection.execute(statement, {"first": FIRST, "spread": SPREAD_DAYS, **size._asdict()})
    connection.execute("VACUUM ANALYZE")
    connection.execute("CHECKPOINT")  # what the filling owes the disk is not the first tick's to pay
    rows, took = [], []
    for tick in _ticks(size.ticks):
        rows.append(sum(_looked_at(statement, tick, connection) for statement in STATEMENTS[filling]))
        begun_at = perf_counter()
        subscriber.handle(tick, tick.sequence)
        took.append((perf_counter() - begun_at) * 1000)
    [written] = connection.execute("SELECT count(*) FROM outbox").fetchone() or [0]
    assert written == size.due * size.ticks, f"{name} found {written}"
    connection.execute("DROP SCHEMA costs CASCADE")
    return Cost(round(median(rows)), median(took))


def of_an_empty_tick(connection: Connection, ticks: int = 15) -> float:
    """Milliseconds for a tick nobody waits for: the transaction alone."""
    connection.execute("DROP SCHEMA IF EXISTS costs CASCADE; CREATE SCHEMA costs; SET search_path = costs")
    log = MemoryLog()
    make_topics(log, by_due_index, CONFIG)
    subscriber = Subscriber(single_next.SingleNext(), "another", log, connection)
    took = []
    for tick in _ticks(ticks):
        begun_at = perf_counter()
        subscriber.handle(tick, tick.sequence)
        took.append((perf_counter() - begun_at) * 1000)
    connection.execute("DROP SCHEMA costs CASCADE")
    return median(took)


def _ticks(count: int) -> Iterator[Tick]:
    for number in range(1, count + 1):
        ends_at = end_of(FIRST + timedelta(days=number - 1))
        yield Tick(
            event="DayHasPassed", schedule=DAY, ordinal=number, sequence=number, period=str(number), starts_at=ends_at,
            ends_at=ends_at, next_at=None, zone="Europe/Amsterdam", calendar=None, tzdata="", published_at=ends_at,
            definition="", previous=None,
        )  # fmt: skip


def _looked_at(statement: str, tick: Tick, connection: Connection) -> int:
    """The rows this statement reads from tables, those it throws away included. It is rolled back."""
    bounds = {
        "date": date_of(tick.ends_at, tick.zone), "instant": datetime_of(tick.ends_at), "ordinal": tick.ordinal,
        "days": query_on_tick.SUSPENDED_DAYS, "more": single_next.SUSPENDED_TICKS,
    }  # fmt: skip
    with connection.transaction(force_rollback=True):
        found = connection.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", bounds).fetchone()
    [[explained]] = cast(list[list[dict[str, Any]]], found)
    return sum(_read_by(node) for node in _nodes(explained["Plan"]))


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", []):
        yield from _nodes(inner)


def _read_by(node: dict[str, Any]) -> int:
    """Of a scan of a table; other nodes read what these hand on."""
    if "Relation Name" not in node or "Scan" not in node["Node Type"]:
        return 0
    thrown_away = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
    return int((node["Actual Rows"] + thrown_away) * node["Actual Loops"])


def in_due_index(size: Size) -> Cost:
    """The same invoices, open in a worker. It looks at what is due and at nothing else, so that is what is told."""
    wall = SettableWall(noon(FIRST))
    log = MemoryLog(now_ms=lambda: milliseconds_of(wall.now()))
    make_topics(log, by_due_index, CONFIG)
    clock = Clock(CONFIG, log, wall, "costs")
    while not clock.leadership.may_publish:
        clock.step()
    _invoice(log, size)
    now = 0.0
    worker = Worker(by_due_index, log, "costs", monotonic=lambda: now)
    idle = 0
    while idle < 3:  # a turn to be given the partitions, and one to restore them, do nothing that can be seen
        now += 2.0
        idle = idle + 1 if not worker.turn(0.0) and worker.is_idle else 0
    took = []
    for number in range(size.ticks):
        wall.advance((end_of(FIRST + timedelta(days=number)) - wall.now()) / 1_000_000)
        clock.step()
        worked = 0.0
        while min(task.sequence for task in worker.tasks.values()) <= number:
            now += 2.0  # the grace a tick gives to facts, and the interval between commits: not counted
            begun_at = perf_counter()
            worker.turn(0.0)
            worked += (perf_counter() - begun_at) * 1000
        took.append(worked)
    worker.close()
    clock.close()
    return Cost(size.due, median(took))


def _invoice(log: MemoryLog, size: Size) -> None:
    appender, codec = log.appender(), event_codec(CustomerWasInvoiced)
    for place in range(size.opened):
        number = place * 7_919 % size.opened
        measured = number < size.due * size.ticks
        terms = number // size.due if measured else size.ticks + number % SPREAD_DAYS
        key = f"inv-{number:09}".encode()
        fact = CustomerWasInvoiced(key.decode(), "acme", Decimal(10), terms)
        place_of = Partition("billing", partition_of(key, PARTITIONS))
        appender.append(place_of, key, codec.encode(fact), milliseconds_of(noon(FIRST)))
    appender.flush()
