"""`passage clock import`: the schedules of another scheduler, and whether they agree with what it does."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from passage.cli.clock.shadowing import Beside, bytes_of
from passage.cli.options import JsonOption, seconds_between
from passage.cli.terminal import DIFFERENT, out, tell_json
from passage.cli.written import GivenFile
from passage.errors import CommandError
from passage.running.signals import stopped_by_signals
from passage_clock import civil
from passage_clock.config import append_schedules
from passage_clock.importing import READERS, JobsFound, read
from passage_clock.importing.runs import RUNS
from passage_clock.schedules import Schedule

A_DAY = 86_400.0
"""A run that is further from its tick than this is another's."""


def import_(
    kind: Annotated[str, typer.Argument(help=f"What the file is: {', '.join(READERS)}.")],
    file: Annotated[str, typer.Argument(help="The file; - for standard input.")],
    zone: Annotated[str, typer.Option(help="Where the old scheduler's clock stands, unless the file says so.")] = "UTC",
    into: Annotated[Path | None, typer.Option(help="Append to this configuration; without it, print.")] = None,
    shadow: Annotated[
        Path | None, typer.Option(help="The old scheduler's log: write nothing, say where the two disagree.")
    ] = None,
    log_kind: Annotated[str | None, typer.Option(help=f"The log is ({', '.join(RUNS)}); default: as file.")] = None,
    since: Annotated[str | None, typer.Option(help="Look at the log from here on; default: its first run.")] = None,
    until: Annotated[str | None, typer.Option(help="Look at the log up to here; default: its last run.")] = None,
    follow: Annotated[bool, typer.Option("--follow", help="Go on with the log as it grows, until Ctrl-C.")] = False,
    tolerance_seconds: Annotated[
        float, typer.Option(callback=seconds_between(0, A_DAY), help="How far apart a run and its tick may be.")
    ] = 60.0,
    json: JsonOption = False,
) -> None:
    """Read a crontab, Kubernetes CronJobs, Celery beat or Quartz as schedules; what can't be one is said aside."""
    if kind not in READERS:
        raise CommandError(f"{kind!r} can't be imported; write one of {', '.join(READERS)}")
    if into is not None and shadow is not None:
        raise CommandError("--into writes and --shadow compares; take one of them out")
    if shadow is None and (since or until or follow or log_kind):
        raise CommandError("--since, --until, --follow and --log-kind are about the log; name it by --shadow")
    if follow and (since or until):
        raise CommandError("--follow looks from now on; take --since and --until out")
    if into is not None and json:
        raise CommandError("--into writes a configuration and --json prints one; take one of them out")
    civil.zone(zone)
    place = None if into is None else _place(into, file)
    found = read(kind, bytes_of(file), "standard input" if file == "-" else file, zone)
    if shadow is not None:
        beside = Beside(_by_job(found), shadow, log_kind or kind, zone, tolerance_seconds, json)
        if follow:
            _tell_aside(found)
            alike = beside.follow(stopped_by_signals())
        else:
            alike = beside.once(since, until)
            _tell_aside(found)
        if not alike or not found.imported:
            raise typer.Exit(DIFFERENT)
        return
    if json:
        tell_json(_document(found))
    elif place is None:
        print(append_schedules("", [one.item for one in found.imported], "standard output"), end="")
    elif found.imported:
        _append(found, place)
    _tell_aside(found)
    if not found.imported:
        raise typer.Exit(DIFFERENT)


def _by_job(found: JobsFound) -> dict[str, list[Schedule]]:
    """By what the old scheduler calls each job, which may have several."""
    schedules: dict[str, list[Schedule]] = {}
    for one in found.imported:
        schedules.setdefault(one.known_as, []).append(one.schedule)
    return schedules


def _tell_aside(found: JobsFound) -> None:
    """What to look at, what is left out, and in the last line how many of each: on standard error."""
    sys.stdout.flush()
    for one in found.imported:
        if one.remark:
            print(f"passage: {one.place}: {one.known_as}: {one.remark}", file=sys.stderr)
    for lost in found.left_out:
        print(f"passage: {lost.place}: left out {lost.known_as}: {lost.reason}", file=sys.stderr)
    print(f"passage: {found.told}", file=sys.stderr)


def _document(found: JobsFound) -> dict[str, Any]:
    with_remark = (one for one in found.imported if one.remark)
    return {
        "schedules": [one.item for one in found.imported],
        "remarks": [{"place": one.place, "known_as": one.known_as, "remark": one.remark} for one in with_remark],
        "left_out": [asdict(one) for one in found.left_out],
        "found": len(found.imported),
        "told": found.told,
    }


def _place(into: Path, imported: str) -> GivenFile:
    """Looked at before anything is read: what can't be written to is told at once."""
    place = GivenFile(into)
    if place.is_same_as(Path(imported)):
        raise CommandError(f"--into {into}: is the file that is imported; name the clock's configuration")
    return place


def _append(found: JobsFound, place: GivenFile) -> None:
    place.replace(append_schedules(place.text, [one.item for one in found.imported], str(place.path)))
    said = f"{place.path}: {len(found.imported)} schedules appended, {len(found.left_out)} left out"
    out.print(said, highlight=False)
