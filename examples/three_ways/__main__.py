"""The example: two years of invoices by each way, whether they agree, and what one tick costs each.

    python -m examples.three_ways

Needs a PostgreSQL: PASSAGE_POSTGRES, or programs (installed, else fetched by Maven) of which it starts a server of its
own on an empty directory and stops it again. Ends with 0 when all ways say the same, 1 when they don't, 2 when there is
none.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import date

import psycopg
from rich.console import Console
from rich.table import Table

from examples.overdue_invoices.answer_key import OVERDUE, SUSPENDED
from examples.overdue_invoices.facts import facts_of, read_invoices
from examples.telling import only_warnings
from examples.three_ways.costs import Cost, Size, in_due_index, in_postgres
from examples.three_ways.next_n import NextN
from examples.three_ways.query_on_tick import QueryOnTick
from examples.three_ways.single_next import SingleNext
from examples.three_ways.subscriber import Connection
from examples.three_ways.years import CONFIG, Books, Said, live, live_by_due_index
from passage import datetime_of
from passage_trial.errors import NoPostgres
from passage_trial.postgres import postgres

UNTIL = date(2014, 2, 28)
SIZE = Size(10_000)

WAYS: Mapping[str, Callable[[], Books]] = {
    "query on tick": QueryOnTick,
    "next n": lambda: NextN(CONFIG.schedules[0]),
    "single next": SingleNext,
}


def compared(connection: Connection, console: Console) -> int:
    """Live two years by each way, and tell. Gives the exit code."""
    facts = facts_of(read_invoices())
    expected = sorted(live_by_due_index(facts, UNTIL), key=str)
    table = Table("", "overdue", "suspended", "rows looked at", "ms a tick", title="100 due on a tick, 10,000 open")
    equal = True
    for name, way in WAYS.items():
        connection.execute("DROP SCHEMA IF EXISTS story CASCADE; CREATE SCHEMA story; SET search_path = story")
        said = sorted(live(way(), facts, UNTIL, connection), key=str)
        connection.execute("DROP SCHEMA story CASCADE")
        equal = equal and said == expected
        _add(table, name, said, in_postgres(name, SIZE, connection))
    _add(table, "due index", expected, in_due_index(SIZE))
    first = expected[0]
    console.print(f"{len(facts):,} facts, and a tick for every day; the first event that follows from them:")
    console.print(f"  {datetime_of(first.instant):%Y-%m-%d %H:%M} UTC, on {first.tick}: {first.event}", soft_wrap=True)
    console.print(table)
    console.print("all ways say the same" if equal else "they differ: see tests/examples/test_three_ways.py")
    return 0 if equal else 1


def _add(table: Table, name: str, said: Sequence[Said], cost: Cost) -> None:
    names = [type(one.event).__name__ for one in said]
    counts = (f"{names.count(OVERDUE)}", f"{names.count(SUSPENDED)}")
    table.add_row(name, *counts, f"{cost.rows:,}", f"{cost.milliseconds:.1f}")


def main() -> int:
    only_warnings()
    try:
        with postgres() as where, psycopg.connect(where, autocommit=True) as connection:
            return compared(connection, Console(highlight=False))
    except (NoPostgres, psycopg.OperationalError) as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
