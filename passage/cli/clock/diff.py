"""`passage clock diff`: which ticks a changed configuration changes, which published ones it contradicts, and which
promises it would not keep."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from passage.cli.clock.clock_log import check, open_clock_log
from passage.cli.clock.topic_reader import entries_of
from passage.cli.moments import moment
from passage.cli.options import DEFAULT_CONNECT_SECONDS, BootstrapOption, ConnectOption, JsonOption
from passage.cli.terminal import DIFFERENT, out, rfc3339, tell_json
from passage.errors import CommandError
from passage_clock.changes import Change, TickChange, changes, contradictions
from passage_clock.civil import DAY, SECOND
from passage_clock.config import ClockConfig, load, schedule_of_definition
from passage_clock.leading.promises import MEND, Moved, unkept
from passage_clock.leading.service import places
from passage_clock.monitoring.late import late_closures
from passage_clock.monitoring.status import LastSeen, status
from passage_clock.planning.progress import LastTick
from passage_clock.records.differing import differences, mend_of, told
from passage_clock.schedules import Schedule
from passage_clock.wall import MachineWall
from passage_log.port import Log
from passage_schemas.instant import Instant

A_YEAR = 366 * DAY

SHOWN = 20
"""Ticks of one schedule; who wants them all asks for JSON."""

Contradictions = Mapping[str, Sequence[TickChange]]

FilesArgument = Annotated[
    list[Path],
    typer.Argument(metavar="[OLD] NEW", help="Two configurations; with --against topic, OLD may be left out."),
]


def diff(
    files: FilesArgument,
    against: Annotated[
        Literal["topic"] | None, typer.Option(help="topic: look for published ticks that NEW contradicts.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="How far to look, a date in UTC; default: a year from now.")] = None,
    bootstrap: BootstrapOption = None,
    json: JsonOption = False,
    connect_timeout_seconds: ConnectOption = DEFAULT_CONNECT_SECONDS,
) -> None:
    """Show the ticks that would come, go or move by a changed configuration.

    With --against topic, exit code 1 where it contradicts what was published, would break a promise, or is not the file
    that led with its generation."""
    if len(files) > 2 or (len(files) < 2 and against is None):
        raise CommandError(f"diff: {len(files)} files were given; write OLD NEW, or NEW --against topic")
    new = load(files[-1])
    now = MachineWall().now()
    ends_at = Instant((now + A_YEAR) // SECOND * SECOND) if until is None else moment("--until", until, "UTC")
    if ends_at <= now:
        raise CommandError(f"--until: {until!r} is past, and what changes is to come; write a later one")
    old: Sequence[Schedule] | None = load(files[0]).schedules if len(files) == 2 else None
    contradicted: Contradictions = {}
    promised: list[Moved] = []
    others: list[str] = []
    if against is not None:
        log = open_clock_log(new, bootstrap, connect_timeout_seconds)
        check(log, new)
        recorded, contradicted, promised = held_against(log, new, now)
        others = differences(new, entries_of(log, places(new).schedules))
        old = recorded if old is None else old
        log.close()
    assert old is not None
    found = changes(old, new.schedules, now, ends_at)
    broken = unkept(promised)
    notes = [*map(str, (one for one in promised if one.changed)), *_late(old, new.schedules, now)]
    if others:
        notes.insert(0, f"{told(new.generation, others)}; {mend_of(new.generation)}")
    if json:
        tell_json(document(found, contradicted, broken, notes))
    else:
        for line in lines(found, contradicted, broken, notes):
            out.print(line, highlight=False, markup=False, soft_wrap=True)
    if contradicted or broken or others:
        raise typer.Exit(DIFFERENT)


def held_against(log: Log, new: ClockConfig, now: Instant) -> tuple[list[Schedule], Contradictions, list[Moved]]:
    """The schedules the log knows that are not removed, the published ticks that the new ones contradict, and where
    what comes next is not what was promised, though a schedule is the same."""
    entries = {entry.schedule: entry for entry in entries_of(log, places(new).schedules)}
    recorded = {name: schedule_of_definition(name, entry.definition_text) for name, entry in entries.items()}
    # What no definition says, the log can't tell: it is taken to be as it was.
    recorded |= {
        schedule.name: replace(recorded[schedule.name], keep_days=schedule.keep_days, on_change=schedule.on_change)
        for schedule in new.schedules
        if schedule.name in recorded
    }
    found = status(log, new, now)
    published = {one.name: _last_tick(one.last) for one in found.schedules if one.last is not None}
    contradicted: dict[str, Sequence[TickChange]] = {}
    for schedule in new.schedules:
        if schedule.name in published and schedule.on_change != "keep":
            last = published[schedule.name]
            contradicted[schedule.name] = contradictions(recorded[schedule.name], schedule, last)
    kept = [schedule for name, schedule in recorded.items() if entries[name].status != "removed"]
    return kept, {name: ticks for name, ticks in contradicted.items() if ticks}, list(found.moved)


def _last_tick(last: LastSeen) -> LastTick:
    return LastTick(last.ordinal, last.period, last.ends_at, digest=b"")


def _late(old: Sequence[Schedule], new: Sequence[Schedule], now: Instant) -> Iterator[str]:
    """Closures that are news, and came too late."""
    known = {line for schedule in old for line in late_closures(schedule, now)}
    for schedule in new:
        yield from (line for line in late_closures(schedule, now) if line not in known)


def lines(
    found: Sequence[Change], contradicted: Contradictions, broken: Sequence[Moved], notes: Sequence[str]
) -> Iterator[str]:
    """What a person reads."""
    for change in found:
        yield f"{change.schedule}: {change.kind}"
        for word, (was, now) in change.fields.items() if change.kind == "redefined" else ():
            yield f"  {word}: {_value(was)} -> {_value(now)}"
        yield from _ticks(change.ticks, change.more)
        yield f"  compared until {rfc3339(change.compared_until)}"
    for name, ticks in contradicted.items():
        yield f"{name}: contradicts published ticks; on_change: keep changes only the future, or give it a new name"
        yield from _ticks(ticks, 0)
    yield from map(str, broken)
    if broken:
        yield f"a replica that would break a promise may not lead: {MEND}"
    yield from (f"note: {line}" for line in notes)
    if not found:
        yield "no schedule changes"


def _ticks(ticks: Sequence[TickChange], more: int) -> Iterator[str]:
    for tick in ticks[:SHOWN]:
        instants = " -> ".join(rfc3339(at) or "" for at in (tick.was_at, tick.at) if at is not None)
        yield f"  {tick.kind:5}  {tick.period}  {instants}"
    left = len(ticks) - SHOWN + more
    if left > 0:
        yield f"  and {left} more"


def _value(value: Any) -> str:
    return "nothing" if value is None else str(value)


def document(
    found: Sequence[Change], contradicted: Contradictions, broken: Sequence[Moved], notes: Sequence[str]
) -> dict[str, Any]:
    """What a program reads."""
    return {
        "changes": [
            {
                "schedule": change.schedule,
                "kind": change.kind,
                "fields": {word: {"old": was, "new": now} for word, (was, now) in change.fields.items()},
                "ticks": [_tick(tick) for tick in change.ticks],
                "more": change.more,
                "compared_until": rfc3339(change.compared_until),
            }
            for change in found
        ],
        "contradictions": {name: [_tick(tick) for tick in ticks] for name, ticks in contradicted.items()},
        "broken_promises": [
            {"schedule": one.schedule, "promised_at": rfc3339(one.promised_at), "next_at": rfc3339(one.next_at)}
            for one in broken
        ],
        "notes": list(notes),
    }


def _tick(tick: TickChange) -> dict[str, str | None]:
    return {"kind": tick.kind, "period": tick.period, "was_at": rfc3339(tick.was_at), "at": rfc3339(tick.at)}
