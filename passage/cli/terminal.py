"""What the command says, and where: results on standard output, everything else on standard error.

One place decides how an error looks (one line, the reason, what would mend it) and how logs look: lines for a person at
a terminal, JSON where something else reads them.
"""

import logging
import os
import sys
from pathlib import Path
from typing import Annotated

import structlog
import typer
from rich.console import Console
from rich.table import Column, Table

from passage_clock.errors import ClockError
from passage_log.kafka import KafkaLog

BOOTSTRAP_VARIABLE = "PASSAGE_BOOTSTRAP"

DEFAULT_CONNECT_SECONDS = 30.0

BootstrapOption = Annotated[
    str | None,
    typer.Option("--bootstrap", envvar=BOOTSTRAP_VARIABLE, help="Kafka's address, host:port[,host:port]."),
]
ConnectOption = Annotated[
    float, typer.Option("--connect-timeout-seconds", min=0.1, help="How long to try before giving up on the brokers.")
]
ConfigOption = Annotated[Path, typer.Option("--config", "-c", help="The clock's configuration file.")]

# Where nobody looks at a screen, a line is as long as it is: what reads it wants one row to a line.
out = Console(width=None if sys.stdout.isatty() else 10_000)


def columns(*names: str) -> Table:
    """An empty table, one row to a line."""
    return Table(*(Column(name, no_wrap=True) for name in names), box=None, header_style="bold", pad_edge=False)


def complain(error: Exception | str) -> None:
    """One line on standard error for each thing that is wrong, unwrapped, so that it can be searched for."""
    for line in str(error).splitlines():
        print(f"passage: {line}", file=sys.stderr, flush=True)


def tell_logs() -> None:
    """Structured logs on standard error, `PASSAGE_LOG_LEVEL` and up (default INFO)."""
    level = logging.getLevelNamesMapping().get(os.environ.get("PASSAGE_LOG_LEVEL", "INFO").upper(), logging.INFO)
    for_people = sys.stderr.isatty()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.dev.ConsoleRenderer() if for_people else structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def open_log(
    option: str | None, configured: str | None, settings: dict[str, str], connect_timeout_seconds: float
) -> KafkaLog:
    """The log at the option's address, the variable's (the option has it already) or the configuration's, in this
    order. Raises ClockError when none says where."""
    bootstrap = option or configured
    if bootstrap is None:
        raise ClockError(f"where is Kafka? give --bootstrap, {BOOTSTRAP_VARIABLE} or the configuration's bootstrap")
    return KafkaLog(bootstrap, settings, connect_timeout_seconds)
