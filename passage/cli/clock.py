"""`passage clock`: run a candidate, show the ticks to come, look after the topics, pause and resume schedules."""

import getpass
import os
import socket
from collections.abc import Iterator, Sequence
from datetime import datetime
from heapq import merge
from itertools import islice
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from passage.cli.signals import stopped_by_signals
from passage.cli.terminal import (
    DEFAULT_CONNECT_SECONDS,
    BootstrapOption,
    ConfigOption,
    ConnectOption,
    columns,
    open_log,
    out,
    tell_logs,
)
from passage_clock.civil import instant_of_civil
from passage_clock.config import ClockConfig, load
from passage_clock.control import Ask
from passage_clock.errors import ClockError
from passage_clock.metrics import Metrics
from passage_clock.schedules import Occurrence, Schedule
from passage_clock.service import Clock, places
from passage_clock.topics import check_topics, clock_topics
from passage_clock.wall import MachineWall
from passage_log.errors import Unfit
from passage_log.kafka import KafkaLog
from passage_log.preflight import MISSING
from passage_schemas.instant import Instant, datetime_of, instant_of, milliseconds_of

app = typer.Typer(help="The clock: publishes a tick for every period that ends.", no_args_is_help=True)


@app.command()
def run(
    config: ConfigOption,
    bootstrap: BootstrapOption = None,
    name: Annotated[str | None, typer.Option(help="What this candidate is called; default: host and process.")] = None,
    metrics_port: Annotated[int | None, typer.Option(min=0, max=65535, help="Serve Prometheus metrics here.")] = None,
    connect_timeout_seconds: ConnectOption = DEFAULT_CONNECT_SECONDS,
) -> None:
    """Be a candidate: stand by, lead when it is this one's turn, until SIGTERM or Ctrl-C."""
    settled = load(config)
    tell_logs()
    metrics = Metrics()
    if metrics_port is not None:
        metrics.serve(metrics_port)
    log = _open(settled, bootstrap, connect_timeout_seconds)
    _check_topics(log, settled)
    stop = stopped_by_signals()
    Clock(settled, log, MachineWall(), name or f"{socket.gethostname()}:{os.getpid()}", metrics).run(stop)
    log.close()


@app.command()
def plan(
    config: ConfigOption,
    schedule: Annotated[str | None, typer.Option(help="Only this schedule.")] = None,
    from_: Annotated[
        str | None, typer.Option("--from", help="A date, or a date and time in each schedule's zone; default: now.")
    ] = None,
    count: Annotated[int, typer.Option(min=1, help="How many ticks.")] = 20,
) -> None:
    """The ticks to come, by this configuration alone: the log isn't asked, so ordinals aren't known."""
    settled = load(config)
    chosen = [one for one in settled.schedules if schedule in (None, one.name)]
    if not chosen:
        names = ", ".join(one.name for one in settled.schedules) or "none"
        raise ClockError(f"{config}: there is no schedule {schedule!r}; there are: {names}")
    table = columns("ends at", "zone", "period", "schedule", "event")
    for one, occurrence in islice(_coming(chosen, from_), count):
        ends_at = datetime_of(occurrence.ends_at).astimezone(ZoneInfo(one.zone))
        table.add_row(ends_at.isoformat(" "), one.zone, occurrence.period, one.name, one.event)
    out.print(table)


@app.command()
def topics(
    config: ConfigOption,
    bootstrap: BootstrapOption = None,
    create: Annotated[bool, typer.Option("--create", help="Create those that don't exist.")] = False,
    connect_timeout_seconds: ConnectOption = DEFAULT_CONNECT_SECONDS,
) -> None:
    """The clock's topics: whether they are there, and as they must be."""
    settled = load(config)
    log = _open(settled, bootstrap, connect_timeout_seconds)
    _check_topics(log, settled, create)
    table = columns("topic", "partitions", "settings")
    for wanted in clock_topics(settled):
        settings = (f"{name}={value}" for name, value in wanted.settings().items())
        table.add_row(wanted.topic, str(wanted.partitions), " ".join(settings))
    out.print(table)


ReasonOption = Annotated[str, typer.Option("--reason", help="Why; every service that lists the schedules can read it.")]


@app.command()
def pause(
    schedule: str,
    config: ConfigOption,
    reason: ReasonOption,
    bootstrap: BootstrapOption = None,
    connect_timeout_seconds: ConnectOption = DEFAULT_CONNECT_SECONDS,
) -> None:
    """Ask the leader to publish no more ticks of a schedule. Nothing is lost: `resume` publishes what was missed."""
    settled = load(config)
    log = _open(settled, bootstrap, connect_timeout_seconds)
    _ask(settled, log, Ask(schedule, "paused", _asker(), reason))


@app.command()
def resume(
    schedule: str,
    config: ConfigOption,
    reason: ReasonOption = "resumed",
    bootstrap: BootstrapOption = None,
    connect_timeout_seconds: ConnectOption = DEFAULT_CONNECT_SECONDS,
) -> None:
    """Ask the leader to publish a paused schedule's ticks again, the missed ones first, in order."""
    settled = load(config)
    log = _open(settled, bootstrap, connect_timeout_seconds)
    _ask(settled, log, Ask(schedule, "active", _asker(), reason))


def _open(config: ClockConfig, bootstrap: str | None, connect_timeout_seconds: float) -> KafkaLog:
    return open_log(bootstrap, config.bootstrap, dict(config.client), connect_timeout_seconds)


def _check_topics(log: KafkaLog, config: ClockConfig, create: bool = False) -> None:
    try:
        check_topics(log, config, create)
    except Unfit as error:
        hint = (
            "\n`passage clock topics --config FILE --create` creates what is missing" if MISSING in str(error) else ""
        )
        raise Unfit(f"{error}{hint}") from error


def _coming(schedules: Sequence[Schedule], start: str | None) -> Iterator[tuple[Schedule, Occurrence]]:
    """What the schedules name from there on, in the order of publication."""
    now = MachineWall().now()

    def of(schedule: Schedule) -> Iterator[tuple[Schedule, Occurrence]]:
        after = now if start is None else Instant(_instant(start, schedule.zone) - 1)
        return ((schedule, occurrence) for occurrence in schedule.occurrences(after))

    return merge(*map(of, schedules), key=lambda coming: (coming[1].ends_at, coming[0].name))


def _instant(text: str, zone: str) -> Instant:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ClockError(f"--from: {text!r} is no date; write 2026-11-20 or 2026-11-20T09:00") from None
    return instant_of(moment) if moment.tzinfo is not None else instant_of_civil(moment, zone)


def _ask(config: ClockConfig, log: KafkaLog, ask: Ask) -> None:
    known = [schedule.name for schedule in config.schedules]
    if ask.schedule not in known:
        raise ClockError(f"there is no schedule {ask.schedule!r}; there are: {', '.join(known) or 'none'}")
    appender = log.appender()
    # The topic keeps the broker's time; ours says nothing there.
    appender.append(places(config).control, ask.key, ask.encode(), milliseconds_of(MachineWall().now()))
    appender.flush()
    appender.close()
    out.print(f"asked the leader: {ask.schedule} {ask.status}", highlight=False)


def _asker() -> str:
    return f"{getpass.getuser()}@{socket.gethostname()}"
