"""`passage clock import`: the schedules of another scheduler, and whether they agree with what it does."""

import json as json_
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from passage.cli.terminal import DIFFERENT, JsonOption, columns, out, rfc3339, tell_json
from passage_clock.civil import instant_of_civil
from passage_clock.config import append_schedules, schedule_of_definition
from passage_clock.errors import ClockError
from passage_clock.importing import READERS, Found, LeftOut, read
from passage_clock.importing.runs import RUNS, read_runs
from passage_clock.importing.shadow import Comparison, compare
from passage_clock.schedules import Schedule
from passage_clock.wall import MachineWall
from passage_schemas.instant import Instant, datetime_of, instant_of


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
    tolerance_seconds: Annotated[float, typer.Option(min=0, help="How far apart a run and its tick may be.")] = 60.0,
    json: JsonOption = False,
) -> None:
    """Read a crontab, Kubernetes CronJobs, Celery beat or Quartz as schedules; what can't be one is said aside."""
    if kind not in READERS:
        raise ClockError(f"{kind!r} can't be imported; write one of {', '.join(READERS)}")
    found = read(kind, _text(file), file, zone)
    schedules = _checked(found)
    _tell_left_out(found)
    if shadow is not None:
        _shadow(schedules, shadow, log_kind or kind, zone, (since, until), tolerance_seconds, json)
    elif json:
        left_out = [asdict(one) for one in found.left_out]
        tell_json({"schedules": [one.item for one in found.imported], "left_out": left_out})
    elif into is None:
        print(append_schedules("", [one.item for one in found.imported]), end="")
    else:
        _append(found, into)


def _text(file: str) -> str:
    try:
        return sys.stdin.read() if file == "-" else Path(file).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise ClockError(f"{file}: can't be read: {str(reason).lower()}; check the path and its rights") from error


def _checked(found: Found) -> dict[str, Schedule]:
    """By what the old scheduler calls each job. What our rules refuse is moved to what is left out."""
    schedules: dict[str, Schedule] = {}
    for one in list(found.imported):
        rest = {name: value for name, value in one.item.items() if name != "name"}
        try:
            schedule = schedule_of_definition(str(one.item["name"]), json_.dumps(rest))
        except ClockError as error:
            found.imported.remove(one)
            found.left_out.append(LeftOut(one.place, one.known_as, str(error)))
            continue
        if one.known_as in schedules:
            first = schedules[one.known_as].name
            print(f"passage: {one.place}: {one.known_as} is there twice; a shadow sees {first} only", file=sys.stderr)
        schedules.setdefault(one.known_as, schedule)
    return schedules


def _tell_left_out(found: Found) -> None:
    for remark in found.imported:
        if remark.remark:
            print(f"passage: {remark.place}: {remark.known_as}: {remark.remark}", file=sys.stderr)
    for one in found.left_out:
        print(f"passage: {one.place}: left out {one.known_as}: {one.reason}", file=sys.stderr)


def _append(found: Found, into: Path) -> None:
    text = into.read_text("utf-8") if into.exists() else ""
    into.write_text(append_schedules(text, [one.item for one in found.imported]), "utf-8")
    out.print(f"{into}: {len(found.imported)} schedules appended, {len(found.left_out)} left out", highlight=False)


def _shadow(
    schedules: Mapping[str, Schedule],
    log: Path,
    kind: str,
    zone: str,
    window: tuple[str | None, str | None],
    tolerance_seconds: float,
    json: bool,
) -> None:
    if kind not in RUNS:
        raise ClockError(f"no log of {kind} can be read; write --log-kind and one of {', '.join(RUNS)}")
    runs = read_runs(kind, _text(str(log)), zone, datetime_of(MachineWall().now()).year)
    if not runs:
        raise ClockError(f"{log}: no run of any job is in it; see `passage clock import --help` for --log-kind")
    first, last = min(run.at for run in runs), max(run.at for run in runs)
    tolerance = round(tolerance_seconds * 1_000_000)
    begin = _instant(window[0], zone, Instant(first - tolerance))
    end = _instant(window[1], zone, Instant(last + tolerance))
    seen = compare(schedules, runs, Instant(begin - 1), end, tolerance_seconds)
    _tell_comparison(seen, begin, end, json)
    if seen.disagreements:
        raise typer.Exit(DIFFERENT)


def _tell_comparison(seen: Comparison, begin: Instant, end: Instant, json: bool) -> None:
    rows: Sequence[dict[str, Any]] = [
        {"kind": one.kind, "job": one.job, "at": rfc3339(one.at)} for one in seen.disagreements
    ]
    if json:
        tell_json(
            {
                "since": rfc3339(begin), "until": rfc3339(end), "agreed": seen.agreed,
                "latest_seconds": seen.latest_seconds, "disagreements": rows,
            }
        )  # fmt: skip
        return
    if rows:
        table = columns("at", "job", "disagreement")
        for row in rows:
            table.add_row(row["at"], row["job"], SAID[row["kind"]])
        out.print(table)
    out.print(
        f"{seen.agreed} runs agree, {len(rows)} disagreements, from {rfc3339(begin)} to {rfc3339(end)}; the latest run "
        f"came {seen.latest_seconds:g} s after its tick",
        highlight=False,
    )


SAID = {
    "missed": "the schedule names it, the old scheduler did not run",
    "extra": "the old scheduler ran, the schedule names nothing near",
    "unknown": "the old scheduler ran it, nothing was imported from it",
}


def _instant(text: str | None, zone: str, default: Instant) -> Instant:
    if text is None:
        return default
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ClockError(f"{text!r} is no date; write 2026-11-20 or 2026-11-20T09:00") from None
    return instant_of(moment) if moment.tzinfo is not None else instant_of_civil(moment, zone)
