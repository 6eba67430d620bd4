"""The options that several commands take, each said once: its name, its bounds and its help."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

BOOTSTRAP_VARIABLE = "PASSAGE_BOOTSTRAP"

DEFAULT_CONNECT_SECONDS = 30.0

BootstrapOption = Annotated[
    str | None,
    typer.Option("--bootstrap", envvar=BOOTSTRAP_VARIABLE, help="Kafka's address, host:port[,host:port]."),
]

MOST_CONNECT_SECONDS = 86_400.0

MOST_COUNT = 1_000_000
"""Of rows that are asked for by number: more than anybody reads, and what a table holds in memory."""


def seconds_between(least: float, most: float) -> Callable[[float], float]:
    """The callback of an option of seconds. What is no number at all, or has no end, is in no range; typer's own `min`
    lets both through."""

    def bounded(seconds: float) -> float:
        if not least <= seconds <= most:
            raise typer.BadParameter(f"{seconds:g} is not between {least:g} and {most:g}")
        return seconds

    return bounded


ConnectOption = Annotated[
    float,
    typer.Option(
        "--connect-timeout-seconds",
        callback=seconds_between(0.1, MOST_CONNECT_SECONDS),
        help="How long to try before giving up on the brokers.",
    ),
]

JsonOption = Annotated[bool, typer.Option("--json", help="JSON on standard output, for programs.")]

ConfigOption = Annotated[Path, typer.Option("--config", "-c", help="The clock's configuration file.")]

AppArgument = Annotated[
    str, typer.Argument(metavar="APP", help="Where the app is: examples.overdue_invoices:app, or a file: app.yaml")
]

ClientFileOption = Annotated[
    Path | None,
    typer.Option(
        "--client-file",
        envvar="PASSAGE_CLIENT_FILE",
        help="The Kafka client's own settings, name=value lines: how it proves who it is.",
    ),
]

CreateOption = Annotated[bool, typer.Option("--create", help="Create those that don't exist.")]

MetricsPortOption = Annotated[int | None, typer.Option(min=0, max=65535, help="Serve Prometheus metrics here.")]
