"""`passage processors run`: one worker, in the foreground."""

import os
import socket
from pathlib import Path
from typing import Annotated

import structlog
import typer

from passage.cli.options import (
    DEFAULT_CONNECT_SECONDS,
    AppArgument,
    BootstrapOption,
    ClientFileOption,
    ConnectOption,
    MetricsPortOption,
    seconds_between,
)
from passage.cli.processors.app_argument import load_app, open_app_log
from passage.cli.written import directory_given
from passage.errors import CommandError
from passage.running.collector import collect_seldom
from passage.running.log_lines import tell_logs
from passage.running.pages import Pages
from passage.running.signals import stopped_by_signals
from passage.running.watched import watch
from passage_processors import Worker
from passage_processors.monitoring.metrics import WorkerMetrics
from passage_processors.runtime.native import chosen
from passage_processors.runtime.restore.snapshots import EVERY_SECONDS
from passage_processors.runtime.topics import check_topics

_log = structlog.get_logger("passage.processors")

MOST_NAME = 200

MOST_BETWEEN_SNAPSHOTS = 366 * 86_400.0
"""A year is as good as never, and a wait that the system can still count."""


def run(
    where: AppArgument,
    bootstrap: BootstrapOption = None,
    client_file: ClientFileOption = None,
    name: Annotated[
        str | None,
        typer.Option(
            envvar="PASSAGE_WORKER",
            help="What this worker is called: no two alike, stable over restarts. Default: host and process.",
        ),
    ] = None,
    metrics_port: MetricsPortOption = None,
    snapshots: Annotated[
        Path | None,
        typer.Option(
            envvar="PASSAGE_SNAPSHOTS",
            metavar="DIR",
            help="Keep snapshots of the state here, for a fast start. A disk that outlives the process.",
        ),
    ] = None,
    snapshot_every_seconds: Annotated[
        float,
        typer.Option(
            callback=seconds_between(0, MOST_BETWEEN_SNAPSHOTS), help="Time between two snapshots of one partition."
        ),
    ] = EVERY_SECONDS,
    connect_timeout_seconds: ConnectOption = DEFAULT_CONNECT_SECONDS,
) -> None:
    """Be one of the app's workers, until SIGTERM or Ctrl-C.

    Start as many as there are partitions."""
    found = load_app(where)
    if snapshots is not None:
        directory_given("--snapshots", snapshots)  # said at the start: a snapshot that fails later is only logged
    tell_logs()
    chosen()  # a word that is none is told before a broker is looked for
    pages = None if metrics_port is None else Pages(metrics_port)
    stop = stopped_by_signals()
    name = _name(name) if name is not None else f"{socket.gethostname()}-{os.getpid()}"
    log = open_app_log(bootstrap, client_file, connect_timeout_seconds, name)
    partitions = check_topics(log, found)
    worker = Worker(found, log, name, snapshots=snapshots, snapshot_every_seconds=snapshot_every_seconds)
    stop.is_busy = lambda: worker.is_folding
    watched = watch(log, found.ticks_topic, lambda: worker.turned_at, lambda: worker.is_folding)
    if pages is not None:
        metrics = WorkerMetrics(worker)
        watched.show(pages, metrics.registry, metrics.health, metrics.health.but)
    collect_seldom()
    _log.info(
        "worker_starts",
        app=found.name,
        worker=name,
        inputs=sorted(found.inputs),
        output=found.output,
        units=list(found.units),
        counts=sorted(found.counted),
        partitions=partitions,
    )
    worker.run(stop.is_set)
    _tell_stopped(worker, name)
    log.close()


def _tell_stopped(worker: Worker, name: str) -> None:
    """No more than is so: of its own tasks, how far each was committed, and what it read and leaves to the next."""
    tasks = worker.tasks if worker.stage == "folding" else {}
    _log.info(
        "worker_stopped",
        app=worker.app.name,
        worker=name,
        committed_cuts={number: task.cut.number for number, task in tasks.items()},
        read_and_not_folded=sum(task.pending for task in tasks.values()),
    )


def _name(said: str) -> str:
    """It stands in transactional ids, in log lines and in tables. Raises CommandError."""
    if not said.strip() or not said.isprintable() or len(said) > MOST_NAME:
        raise CommandError(f"--name {said!r}: it needs a name that can be read, of at most {MOST_NAME} characters")
    return said
