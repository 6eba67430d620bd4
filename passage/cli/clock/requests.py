"""Asking the leader for something: a record on the control topic, by whom and why.

The leader hears it within a moment, and one that comes to office later still finds it.
"""

import getpass
import socket
from typing import Annotated, Final

import typer

from passage.cli.clock.clock_log import check, named, open_clock_log
from passage.cli.terminal import out, tell_json
from passage_clock.config import ClockConfig
from passage_clock.leading.service import places
from passage_clock.records.control import StatusAsk, Trigger
from passage_clock.wall import MachineWall
from passage_log.port import Log
from passage_schemas.instant import milliseconds_of


def _why(text: str) -> str:
    if not text.strip():
        raise typer.BadParameter("it says nothing; write why")
    return text


ReasonOption = Annotated[
    str, typer.Option("--reason", callback=_why, help="Why; every service that lists the schedules can read it.")
]
ByOption = Annotated[str | None, typer.Option("--by", help="Who asks; default: user@host.")]

VERBS: Final = {"active": "resume", "paused": "pause"}


def asker(by: str | None) -> str:
    return by or f"{getpass.getuser()}@{socket.gethostname()}"


def ask(
    config: ClockConfig, bootstrap: str | None, connect_timeout_seconds: float, asked: StatusAsk, json: bool
) -> None:
    """Ask for a standing change. Raises CommandError for a schedule that isn't in the configuration."""
    named(config.schedules, asked.schedule)
    write(open_clock_log(config, bootstrap, connect_timeout_seconds), config, asked)
    if json:
        tell_json({"schedule": asked.schedule, "asked": asked.status, "by": asked.by, "reason": asked.reason})
    else:
        out.print(f"asked the leader: {VERBS[asked.status]} {asked.schedule}", highlight=False)


def write(log: Log, config: ClockConfig, asked: StatusAsk | Trigger) -> None:
    """Write it down, wait until it is stored, and close the log. Raises Unfit for a topic that isn't there."""
    check(log, config)
    appender = log.appender()
    # The topic keeps the broker's time; ours says nothing there.
    appender.append(places(config).control, asked.key, asked.encode(), milliseconds_of(MachineWall().now()))
    appender.flush()
    appender.close()
    log.close()
