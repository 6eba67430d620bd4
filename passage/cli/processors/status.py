"""`passage processors status`: how an app's tasks are doing, read from the log alone."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.console import RenderableType

from passage.cli.options import (
    DEFAULT_CONNECT_SECONDS,
    AppArgument,
    BootstrapOption,
    ClientFileOption,
    ConnectOption,
    JsonOption,
)
from passage.cli.processors.app_argument import load_app, open_app_log
from passage.cli.terminal import DIFFERENT, as_text, columns, rfc3339, spoken, tell, tell_json
from passage_clock.wall import MachineWall
from passage_processors.monitoring.status import AppStatus, NextDue, TaskStatus
from passage_processors.monitoring.status import status as status_of
from passage_processors.runtime.topics import check_topics


def status(
    where: AppArgument,
    bootstrap: BootstrapOption = None,
    client_file: ClientFileOption = None,
    due: Annotated[
        bool, typer.Option("--due", help="Say what comes due next even where the changelog is long to read.")
    ] = False,
    json: JsonOption = False,
    connect_timeout_seconds: ConnectOption = DEFAULT_CONNECT_SECONDS,
) -> None:
    """Say who does which tasks, how far they came and what they wait for.

    Exit code 1 where somebody should see to one."""
    app = load_app(where)
    log = open_app_log(bootstrap, client_file, connect_timeout_seconds)
    found = status_of(app, log, range(check_topics(log, app)), MachineWall().now(), with_due=due or None)
    log.close()
    if json:
        tell_json(document(found))
    else:
        for part in page(found):
            tell(part)
    if not found.is_well:
        raise typer.Exit(DIFFERENT)


def document(found: AppStatus) -> dict[str, Any]:
    """Every field of the status under its own name, instants as text."""
    return {**dict(as_text(asdict(found))), "is_well": found.is_well}


def page(found: AppStatus) -> Iterator[RenderableType]:
    """What a person reads."""
    yield f"workers    {found.members} in group {found.app}, {found.standbys} of them without a task"
    yield f"last tick  {found.sequence}"
    for schedule in found.schedules:
        promised = f"next at {rfc3339(schedule.next_at)}" if schedule.next_at is not None else "no tick promised"
        yield f"counts     {schedule.name}, {schedule.status}, ordinal {schedule.ordinal}, {promised}"
    table = columns(
        "task", "owner", "cut", "committed", "facts behind", "ticks behind", "open", "keys", "letters", "next due", ""
    )
    for task in found.tasks:
        table.add_row(*_row(task))
    yield table


def _row(task: TaskStatus) -> tuple[str, ...]:
    ago = task.committed_seconds_ago
    return (
        str(task.partition),
        "-" if task.owner is None else f"{_short(task.owner)} on {task.host}",
        str(task.cut),
        "never" if ago is None else f"{spoken(ago)} ago",
        _most(sum(one.behind for one in task.inputs), all(one.is_exact for one in task.inputs)),
        str(task.ticks_behind),
        str(task.open),
        str(task.entries),
        _most(task.dead_letters, task.dead_letters_is_exact),
        "(--due)" if task.next_due is None else ", ".join(map(_due, task.next_due)) or "-",
        _said(task),
    )


def _short(member: str) -> str:
    """Kafka's member ids end in a UUID, of which the beginning tells them apart."""
    name, dash, unique = member.partition("-")
    return f"{name}{dash}{unique[:8]}"


def _most(count: int, is_exact: bool) -> str:
    return str(count) if is_exact else f"at most {count}"


def _due(one: NextDue) -> str:
    return f"{one.wake_ups} at {one.schedule}#{one.ordinal} (+{one.ahead})"


def _said(task: TaskStatus) -> str:
    said = [task.state]
    if task.in_burst:
        said.append("in the midst of a burst")
    if task.released:
        said.append(f"waits no longer for {', '.join(task.released)}")
    return "; ".join(said)
