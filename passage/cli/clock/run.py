"""`passage clock run`: one candidate, in the foreground."""

import os
import socket
from typing import Annotated

import typer
from rich.console import Console

from passage.cli.clock.catching_up import CatchUpBar
from passage.cli.clock.clock_log import check, open_clock_log
from passage.cli.options import DEFAULT_CONNECT_SECONDS, BootstrapOption, ConfigOption, ConnectOption, MetricsPortOption
from passage.running.collector import collect_seldom
from passage.running.log_lines import tell_logs
from passage.running.pages import Pages
from passage.running.signals import stopped_by_signals
from passage.running.watched import watch
from passage_clock.config import load
from passage_clock.leading.observer import Several
from passage_clock.leading.service import Clock
from passage_clock.monitoring.metrics import ClockMetrics
from passage_clock.wall import MachineWall


def run(
    config: ConfigOption,
    bootstrap: BootstrapOption = None,
    name: Annotated[str | None, typer.Option(help="What this candidate is called; default: host and process.")] = None,
    metrics_port: MetricsPortOption = None,
    connect_timeout_seconds: ConnectOption = DEFAULT_CONNECT_SECONDS,
) -> None:
    """Be a candidate: stand by, and lead when it is this one's turn.

    Until SIGTERM or Ctrl-C: it then resigns, so that a standby takes over at once."""
    settled = load(config)
    console = Console(stderr=True)
    bar = CatchUpBar(console)
    tell_logs(bar.drop_batches)
    metrics = ClockMetrics()
    pages = None if metrics_port is None else Pages(metrics_port)
    stop = stopped_by_signals()
    stop.leave = bar.close
    log = open_clock_log(settled, bootstrap, connect_timeout_seconds)
    check(log, settled)
    watched = watch(log, settled.topics.ticks, lambda: metrics.health.stepped_at, leave=bar.close)
    if pages is not None:
        watched.show(pages, metrics.registry, metrics.health)
    observer = Several([metrics, bar]) if console.is_terminal else metrics
    clock = Clock(settled, log, MachineWall(), name or f"{socket.gethostname()}:{os.getpid()}", observer)
    collect_seldom()
    try:
        clock.run(stop)
    finally:
        bar.close()
    log.close()
