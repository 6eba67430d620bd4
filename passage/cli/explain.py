"""`passage explain`: why an event did, or didn't, happen to an aggregate, as a story."""

from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer

from passage.cli.clock.clock_log import named
from passage.cli.explanation_page import page
from passage.cli.options import (
    DEFAULT_CONNECT_SECONDS,
    AppArgument,
    BootstrapOption,
    ClientFileOption,
    ConnectOption,
    JsonOption,
)
from passage.cli.processors.app_argument import key_given, load_app, open_app_log
from passage.cli.processors.check import disagreements
from passage.cli.processors.inspect import entry_document, plain
from passage.cli.terminal import DIFFERENT, as_text, progress, rfc3339, tell, tell_json
from passage.errors import CommandError
from passage_clock.config import load
from passage_clock.planning.forecast import Coming, coming
from passage_log.port import Log
from passage_processors import App
from passage_processors.monitoring.explanation.answer import ExplainedCause, Explanation
from passage_processors.monitoring.explanation.explainer import TickPlan
from passage_processors.monitoring.explanation.explainer import explain as explanation_of
from passage_processors.monitoring.explanation.near_keys import near_keys
from passage_processors.monitoring.explanation.verdicts import units_behind
from passage_processors.runtime.topics import check_topics
from passage_schemas.instant import Instant

MOST_AHEAD = 100_000
"""Ticks to come that are planned for one date: a second or so."""


def explain(
    where: AppArgument,
    aggregate: Annotated[str, typer.Argument(help="Its key: an invoice, an order.")],
    event: Annotated[str | None, typer.Argument(help="Only what led to this event, or might have.")] = None,
    bootstrap: BootstrapOption = None,
    client_file: ClientFileOption = None,
    clock: Annotated[
        Path | None,
        typer.Option("--clock", metavar="FILE", help="The clock's configuration: dates beyond the next tick."),
    ] = None,
    json: JsonOption = False,
    connect_timeout_seconds: ConnectOption = DEFAULT_CONNECT_SECONDS,
) -> None:
    """Say why an event did, or didn't, happen to an aggregate.

    Folds the recorded timeline again, in memory. Exit code 1 where the log has nothing of it."""
    app = load_app(where)
    units_behind(app, event)  # before anybody is asked
    key = key_given(aggregate)
    plan = None if clock is None else plan_of(app, clock)
    log = open_app_log(bootstrap, client_file, connect_timeout_seconds)
    partitions = check_topics(log, app)
    with progress("folding the timeline") as told:
        explanation = explanation_of(app, log, partitions, key, event, told, *([] if plan is None else [plan]))
    nothing = None if explanation.is_known else said_of_nothing(app, log, partitions, explanation)
    log.close()
    if json:
        tell_json(document(explanation))
    elif nothing is None:
        for part in page(explanation):
            tell(part)
    if nothing is not None:
        if not json:
            typer.echo(nothing, err=True)
        raise typer.Exit(DIFFERENT)


def plan_of(app: App, file: Path) -> TickPlan:
    """Raises CommandError for a configuration that is not of the clock that this app counts on."""
    config = load(file, environ={})
    for disagreement in disagreements(app, config):
        raise CommandError(f"--clock {file}: {disagreement}")

    def plan(name: str, after: Instant, number: int) -> Instant | None:
        schedule = named(config.schedules, name)
        if number > MOST_AHEAD:
            return None
        ticks = (tick.at for tick in coming([schedule], {schedule.zone: after}) if isinstance(tick, Coming))
        return next(islice(ticks, number - 1, None), None)

    return plan


def said_of_nothing(app: App, log: Log, partitions: int, explanation: Explanation) -> str:
    """In a line: where it was looked for, and what may have been meant."""
    with progress("looking for keys like it") as told:
        near = near_keys(app, log, partitions, explanation.aggregate, told)
    topics = ", ".join(f"{topic}[{explanation.partition}]" for topic in app.inputs)
    line = f"nothing of {explanation.aggregate!r} on {topics}, where murmur2 puts this key"
    if near.elsewhere is not None:
        topic, number = near.elsewhere
        return f"{line}; it is on {topic}[{number}], so its producer partitions otherwise, and what is counted is wrong"
    return line if near.nearest is None else f"{line}; did you mean {near.nearest!r}?"


def document(explanation: Explanation) -> dict[str, Any]:
    """Every field under its own name, instants as text; what a user's own types say as they print it."""
    return {
        "app": explanation.app,
        "aggregate": explanation.aggregate,
        "partition": explanation.partition,
        "cut": explanation.cut,
        "in_burst": explanation.in_burst,
        "event": explanation.event,
        "units": list(explanation.units),
        "verdicts": [asdict(verdict) for verdict in explanation.verdicts],
        "causes": [_cause(cause) for cause in explanation.causes],
        "counts": as_text([asdict(count) for count in explanation.counts]),
        "entries": [entry_document(entry, "holds") for entry in explanation.entries],
        "waits": as_text([asdict(wait) for wait in explanation.waits]),
        "unfolded": as_text([asdict(fact) for fact in explanation.unfolded]),
    }


def _cause(cause: ExplainedCause) -> dict[str, Any]:
    return {
        "at": rfc3339(cause.at),
        "kind": cause.kind,
        "name": cause.name,
        "topic": cause.topic,
        "partition": cause.partition,
        "offset": cause.offset,
        "cut": cause.cut,
        "sequence": cause.sequence,
        "late_after": cause.late_after,
        "body": plain(cause.body),
        "effects": [
            {"unit": effect.unit, "kind": effect.kind, "said": effect.said, "holds": plain(effect.holds)}
            for effect in cause.effects
        ],
        "events": as_text([asdict(event) for event in cause.events]),
    }
