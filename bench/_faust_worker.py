"""A Faust worker with `bench/facts.py`'s policy attached: run by `quix.py`.

python -m bench._faust_worker BOOTSTRAP NAME FACTS DIRECTORY
"""

import logging
import sys

import faust

from bench.facts import PARTITIONS, app_of
from passage_processors.faust import attach


def main(bootstrap: str, name: str, facts: str, directory: str) -> None:
    app = faust.App(
        f"{name}.faust",
        broker=f"kafka://{bootstrap}",
        datadir=directory,
        stream_wait_empty=False,
        topic_replication_factor=1,
        topic_partitions=PARTITIONS,
        web_enabled=False,
    )
    attach(app, app_of(name, facts), partitions=PARTITIONS)
    faust.Worker(app, loglevel=logging.ERROR, logfile=sys.stderr).execute_from_commandline()


if __name__ == "__main__":
    main(*sys.argv[1:])
