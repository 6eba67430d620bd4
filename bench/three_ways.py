"""What does a tick cost that finds its work in PostgreSQL, three ways, and in the due index?

    .venv/bin/python -m bench.three_ways
    .venv/bin/python -m bench.three_ways --few 10000 --many 2000000 --due 1000

The ways are those of examples/three_ways, on a PostgreSQL with its own settings (commits wait for the disk): the one in
PASSAGE_POSTGRES, or one that is started and stopped again. Rows looked at are PostgreSQL's own count of what its scans
read. An empty tick is the transaction alone. The due index folds on the log in memory, so a transaction's way to a
broker comes on top of it: some 7 ms, see lateness.py.
"""

import argparse
import logging
import sys

import psycopg
import structlog

from examples.three_ways.costs import WAYS, Size, in_due_index, in_postgres, of_an_empty_tick
from passage_trial.errors import NoPostgres
from passage_trial.postgres import postgres


def main() -> int:
    parser = argparse.ArgumentParser(description="What a tick costs, by the way its work is found.")
    parser.add_argument("--few", type=int, default=10_000)
    parser.add_argument("--many", type=int, default=200_000)
    parser.add_argument("--due", type=int, default=100)
    parser.add_argument("--ticks", type=int, default=15)
    options = parser.parse_args()
    if options.few < options.due * options.ticks:
        parser.error(
            f"--few {options.few}: fewer than fall due on {options.ticks} ticks; give {options.due * options.ticks}"
        )
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    sizes = [Size(opened, options.due, options.ticks) for opened in (options.few, options.many)]
    print(f"one tick with {options.due:,} due: rows looked at, median milliseconds of {options.ticks} ticks")
    try:
        with postgres() as where, psycopg.connect(where, autocommit=True) as connection:
            print(f"  {'an empty tick':26} {of_an_empty_tick(connection):>8.1f} ms")
            for size in sizes:
                print(f"  {size.opened:,} open")
                costs = {name: in_postgres(name, size, connection) for name in WAYS} | {"due index": in_due_index(size)}
                for name, cost in costs.items():
                    print(f"    {name:24} {cost.milliseconds:>8.1f} ms {cost.rows:>10,} rows", flush=True)
    except (NoPostgres, psycopg.OperationalError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
