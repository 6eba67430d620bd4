"""`passage clock status`: who leads, and how the schedules are doing, read from the log alone."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import typer
from rich.console import RenderableType

from passage.cli.clock.clock_log import check, open_clock_log
from passage.cli.options import DEFAULT_CONNECT_SECONDS, BootstrapOption, ConfigOption, ConnectOption, JsonOption
from passage.cli.terminal import DIFFERENT, as_text, columns, rfc3339, spoken, tell, tell_json
from passage_clock.config import load
from passage_clock.leading.promises import MEND
from passage_clock.leading.promises import told as told_unkept
from passage_clock.monitoring.status import ClockStatus, Leader, ScheduleStatus
from passage_clock.monitoring.status import status as status_of
from passage_clock.records.differing import mend_of, told
from passage_clock.wall import MachineWall


def status(
    config: ConfigOption,
    bootstrap: BootstrapOption = None,
    json: JsonOption = False,
    connect_timeout_seconds: ConnectOption = DEFAULT_CONNECT_SECONDS,
) -> None:
    """Say who leads, since when, and each schedule's last and next tick.

    Exit code 1 where this file is not the one that led with its generation, or would break a promise."""
    settled = load(config)
    log = open_clock_log(settled, bootstrap, connect_timeout_seconds)
    check(log, settled)
    found = status_of(log, settled, MachineWall().now())
    log.close()
    if json:
        tell_json(document(found))
    else:
        for part in page(found):
            tell(part)
    if found.differs or found.unkept:
        raise typer.Exit(DIFFERENT)


def document(found: ClockStatus) -> dict[str, Any]:
    """The status under its fields' names, instants as text."""
    fields = asdict(found)
    del fields["moved"]
    return {**dict(as_text(fields)), "unkept": _unkept(found), "is_led": found.is_led}


def page(found: ClockStatus) -> Iterator[RenderableType]:
    """What a person reads."""
    yield f"leader    {_leader(found)}"
    yield f"standbys  {found.standbys} in group {found.group}"
    if found.skew_seconds is not None:
        yield f"skew      {found.skew_seconds:+.3f} s to the broker"
    yield f"sequence  {found.sequence}"
    for wait in found.waits:
        yield f"waits     {wait}"
    if found.differs:
        yield f"file      {told(found.generation, found.differs)}; {mend_of(found.generation)}"
    if (broken := _unkept(found)) is not None:
        yield f"promise   {broken}"
    table = columns("schedule", "status", "ordinal", "last period", "last at", "late", "next at", "")
    for schedule in found.schedules:
        table.add_row(*_row(schedule))
    yield table


def _unkept(found: ClockStatus) -> str | None:
    """The promises that this file would break, and the choices."""
    return f"{told_unkept(found.unkept)}; {MEND}" if found.unkept else None


def _leader(found: ClockStatus) -> str:
    leader = found.leader
    if leader is None:
        return "nobody has ever led"
    who = leader.name if leader.host is None else f"{leader.name} on {leader.host}"
    said = f"{who}, term {leader.term}"
    if leader.since_at is not None:
        said += f", since {rfc3339(leader.since_at)}"
    if leader.seen_at is not None:
        said += f", seen {spoken((found.now - leader.seen_at) / 1_000_000)} ago"
    return said if found.is_led else f"nobody; {_last(found, leader, said)}"


def _last(found: ClockStatus, leader: Leader, said: str) -> str:
    """What the log and the group tell of a leader that leads no longer, or not yet: no more than they do."""
    if leader.has_resigned:
        return f"the last was {said}, which resigned"
    if leader.seen_at is not None:
        gone = "nobody is in the group" if found.members == 0 else "it is silent"
        return f"the last was {said}, which did not resign; {gone}"
    return f"the last barrier is that of {said}, which is taking office, refused it or is gone"


def _row(schedule: ScheduleStatus) -> tuple[str, ...]:
    last, told, note = schedule.last, ("-", "-", "-", "-"), ""
    if last is not None:
        told = (str(last.ordinal), last.period, rfc3339(last.ends_at) or "", spoken(last.lateness_seconds, 3))
    if schedule.status != "active":
        note = f"by {schedule.by}: {schedule.reason}"
    elif schedule.overdue_seconds > 0:
        note = f"overdue by {spoken(schedule.overdue_seconds)}"
    return (schedule.name, schedule.status, *told, rfc3339(schedule.next_at) or "-", note)
