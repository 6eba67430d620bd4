"""A Faust app of somebody's own that Passage's policies were attached to: the worker under test.

    python -m tests.faust.billing BOOTSTRAP RUN DIRECTORY

One process; it is killed and started again by the tests. RUN prefixes all names.
"""

import logging
import sys
from pathlib import Path

import faust

from passage_processors import App
from passage_processors.faust import Attached, attach
from tests.processors.world import invoices

PARTITIONS = 4


def app_of(run: str, output: str = "") -> App:
    """Invoices of a run: unpaid they become overdue, and the account is suspended fifteen days after that."""
    return invoices(
        name=f"{run}.invoices",
        inputs={f"{run}.billing": invoices().inputs["billing"]},
        output=output or f"{run}.derived",
        ticks_topic=f"{run}.ticks",
        schedules_topic=f"{run}.schedules",
    )


def heard_topic(run: str) -> str:
    """Where the worker's own agent says which ticks it heard, in which partition."""
    return f"{run}.heard"


def faust_app(bootstrap: str, run: str, directory: Path) -> tuple[faust.App, Attached]:
    """Faust as it comes, but for what gives a killed worker's partitions away soon, and for small steps, so that
    many can be interrupted. One that is busy has as long as ever to let go of its own."""
    app = faust.App(
        f"{run}.faust",
        broker=f"kafka://{bootstrap}",
        datadir=str(directory),
        stream_wait_empty=False,
        topic_replication_factor=1,
        topic_partitions=PARTITIONS,
        broker_session_timeout=6.0,
        broker_heartbeat_interval=1.0,
        broker_rebalance_timeout=60.0,
        web_enabled=False,
    )
    return app, attach(app, app_of(run), partitions=PARTITIONS, max_facts=500)


def main(bootstrap: str, run: str, directory: str) -> None:
    app, passage = faust_app(bootstrap, run, Path(directory))
    heard = app.topic(heard_topic(run), key_type=str, value_type=str, value_serializer="json")

    @app.agent(passage.ticks)
    async def listen(ticks):  # type: ignore[no-untyped-def]  # a user's own, as users write them
        async for event in ticks.events():
            tick = event.value
            await heard.send(key=f"{event.message.partition}", value=f"{tick.schedule}#{tick.ordinal}")

    faust.Worker(app, loglevel=logging.INFO, logfile=sys.stderr).execute_from_commandline()


if __name__ == "__main__":
    main(*sys.argv[1:])
