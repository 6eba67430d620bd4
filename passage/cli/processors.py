"""`passage processors`: run an app's worker, look after its topics, replay its timeline."""

import os
import socket
import sys
import traceback
from importlib import import_module
from typing import Annotated

import typer

from passage.cli.signals import stopped_by_signals
from passage.cli.terminal import (
    DEFAULT_CONNECT_SECONDS,
    BootstrapOption,
    ConnectOption,
    columns,
    open_log,
    out,
    tell_logs,
)
from passage_processors import App, AppError, ProcessorError, Worker
from passage_processors.runtime.collector import collect_seldom
from passage_processors.runtime.metrics import Metrics
from passage_processors.runtime.replay import digest, digest_of_output, replay
from passage_processors.runtime.topics import app_topics, check_topics, create_topics

app = typer.Typer(help="The processors: count ticks per aggregate and say what follows.", no_args_is_help=True)

AppArgument = Annotated[
    str, typer.Argument(metavar="MODULE:APP", help="Where the app is: examples.overdue_invoices:app")
]


@app.command()
def run(
    where: AppArgument,
    bootstrap: BootstrapOption = None,
    name: Annotated[
        str | None,
        typer.Option(
            envvar="PASSAGE_WORKER",
            help="What this worker is called: no two alike, stable over restarts. Default: host and process.",
        ),
    ] = None,
    metrics_port: Annotated[int | None, typer.Option(min=0, max=65535, help="Serve Prometheus metrics here.")] = None,
    connect_timeout_seconds: ConnectOption = DEFAULT_CONNECT_SECONDS,
) -> None:
    """Be one of the app's workers, until SIGTERM or Ctrl-C. Start as many as there are partitions."""
    found = load_app(where)
    tell_logs()
    log = open_log(bootstrap, None, {}, connect_timeout_seconds)
    check_topics(log, found)
    stop = stopped_by_signals()
    worker = Worker(found, log, name or f"{socket.gethostname()}-{os.getpid()}")
    if metrics_port is not None:
        Metrics(worker).serve(metrics_port)
    collect_seldom()
    worker.run(stop.is_set)
    log.close()


@app.command()
def topics(
    where: AppArgument,
    bootstrap: BootstrapOption = None,
    create: Annotated[bool, typer.Option("--create", help="Create those that don't exist.")] = False,
    partitions: Annotated[int, typer.Option(min=1, help="How many, for those created.")] = 4,
    connect_timeout_seconds: ConnectOption = DEFAULT_CONNECT_SECONDS,
) -> None:
    """The app's topics: whether they are there, and as they must be."""
    found = load_app(where)
    log = open_log(bootstrap, None, {}, connect_timeout_seconds)
    if create:
        create_topics(log, found, partitions)
    count = check_topics(log, found)
    table = columns("topic", "partitions", "settings")
    for wanted in app_topics(found, count):
        settings = " ".join(f"{name}={value}" for name, value in wanted.settings().items())
        table.add_row(wanted.topic, str(wanted.partitions), settings)
    out.print(table)
    log.close()


@app.command(name="replay")
def replay_(
    where: AppArgument,
    bootstrap: BootstrapOption = None,
    connect_timeout_seconds: ConnectOption = DEFAULT_CONNECT_SECONDS,
) -> None:
    """Fold the recorded timeline again and compare with what was written: exit code 1 where they differ."""
    found = load_app(where)
    log = open_log(bootstrap, None, {}, connect_timeout_seconds)
    count = check_topics(log, found)
    table = columns("partition", "written", "replayed", "sha-256 of key, value, timestamp and headers", "")
    alike = True
    for number in range(count):
        written, again = digest_of_output(found, log, number), digest(replay(found, log, number))
        alike &= written == again
        table.add_row(
            str(number), str(written[0]), str(again[0]), again[1], "equal" if written == again else "DIFFERENT"
        )
    out.print(table)
    log.close()
    if not alike:
        raise typer.Exit(1)


def load_app(where: str) -> App:
    """The app at `module:name`, the working directory's modules included. Raises AppError."""
    module, _, name = where.partition(":")
    if not module or not name:
        raise AppError(f"{where!r} names no app; write MODULE:APP, e.g. examples.overdue_invoices:app")
    sys.path.insert(0, os.getcwd())
    try:
        imported = import_module(module)
    except (Exception, SystemExit) as error:
        if isinstance(error, ProcessorError):
            raise
        if isinstance(error, ModuleNotFoundError) and error.name == module.partition(".")[0]:
            raise AppError(f"{where}: {error}; run where the module is, or install it") from error
        last = traceback.extract_tb(error.__traceback__)[-1]
        said = f"{type(error).__name__}: {error}"
        raise AppError(f"{where}: can't be imported: {said} ({last.filename}:{last.lineno})") from error
    found = getattr(imported, name, None)
    if found is None:
        raise AppError(f"{where}: module {module} has no {name!r}")
    if not isinstance(found, App):
        raise AppError(f"{where} is a {type(found).__name__}, not an App")
    return found
