"""`passage clock plan`: the ticks to come, as a table, JSON lines, a calendar file or a year on one page."""

import sys
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import typer

from passage.cli.clock.as_html import html_page
from passage.cli.clock.as_ics import ics_file
from passage.cli.clock.clock_log import named
from passage.cli.moments import exact_moment, moment
from passage.cli.options import MOST_COUNT, ConfigOption, JsonOption
from passage.cli.terminal import columns, rfc3339, tell, tell_json
from passage.errors import CommandError
from passage.running.collector import collect_seldom
from passage_clock.civil import DAY
from passage_clock.config import load
from passage_clock.planning.forecast import Coming, Skipped, as_of, coming
from passage_clock.schedules import Schedule
from passage_clock.wall import MachineWall
from passage_schemas.instant import Instant, datetime_of

PlanFormat = Literal["table", "json", "ics", "html"]

ROWS = 20
"""A screenful, where neither --count nor --until says how much."""

MOST_ROWS = 100_000
"""Of a table, which is laid out as a whole: some seconds, and a book of two thousand pages."""

A_YEAR = 366 * DAY

MOST_EVENTS = 20_000
"""What a calendar application still takes in: fifty ticks a day for a year."""


def plan(
    config: ConfigOption,
    schedule: Annotated[list[str] | None, typer.Option(help="Only this schedule; may be given again.")] = None,
    from_: Annotated[
        str | None,
        typer.Option("--from", help="A date, or a date and time in each schedule's zone; default: --as-of, or now."),
    ] = None,
    until: Annotated[str | None, typer.Option(help="As --from; what ends then is included.")] = None,
    count: Annotated[
        int | None,
        typer.Option(min=1, max=MOST_COUNT, help=f"How many ticks at most; default: {ROWS}, or all until --until."),
    ] = None,
    as_of_: Annotated[
        str | None, typer.Option("--as-of", help="By what had been announced before this instant (with an offset).")
    ] = None,
    format_: Annotated[PlanFormat, typer.Option("--format", help="html: a year on one page.")] = "table",
    json: JsonOption = False,
) -> None:
    """List the ticks to come, by this configuration alone.

    The log isn't asked, so ordinals aren't known."""
    if json and format_ in ("ics", "html"):
        raise CommandError(f"plan: --json and --format {format_} are two formats; give one of them")
    settled = load(config)
    schedules: list[Schedule] = list(settled.schedules)
    collect_seldom()
    chosen = [named(schedules, name) for name in dict.fromkeys(schedule)] if schedule else schedules
    now = MachineWall().now()
    known_at = None if as_of_ is None else exact_moment("--as-of", as_of_)
    if known_at is not None:
        chosen = as_of(chosen, known_at)
    zones = {one.zone for one in chosen}
    start = known_at if known_at is not None else now
    after = {zone: start if from_ is None else Instant(moment("--from", from_, zone) - 1) for zone in zones}
    ends = None if until is None else {zone: moment("--until", until, zone) for zone in zones}
    if ends is not None and any(ends[zone] <= after[zone] for zone in zones):
        raise CommandError(f"--until: {until!r} is not after --from {from_ or rfc3339(start)}")
    shown = "json" if json else format_
    a_year_on = {zone: Instant(instant + A_YEAR) for zone, instant in after.items()}
    if shown == "html":
        _tell_horizons(chosen, ends or a_year_on)
        print(html_page(chosen, after, ends, count, now))
        return
    if ends is None and shown == "ics":
        ends = a_year_on
    _tell_horizons(chosen, after if ends is None else ends)
    rows = islice(coming(chosen, after, ends), count if count is not None or ends is not None else ROWS)
    if shown == "ics":
        print(ics_file(_events(rows), settled.generation), end="")
    elif shown == "json":
        _tell_lines(rows)
    else:
        _tell_table(rows)


def _tell_horizons(schedules: Iterable[Schedule], ends: Mapping[str, Instant]) -> None:
    """An empty list would look like a schedule without ticks."""
    for one in schedules:
        known = one.rule.known_until
        if known is not None and known < ends[one.zone]:
            print(f"passage: {one.name}: nothing is known after {rfc3339(known)}, by {one.rule.data}", file=sys.stderr)


def _events(rows: Iterable[Coming | Skipped]) -> list[Coming | Skipped]:
    found = list(islice(rows, MOST_EVENTS + 1))
    if len(found) > MOST_EVENTS:
        raise CommandError(
            f"--format ics: that is more than {MOST_EVENTS} ticks; choose the schedules for people by --schedule, or "
            "say --until or --count"
        )
    return found


def _tell_table(rows: Iterable[Coming | Skipped]) -> None:
    table = columns("ends at", "zone", "period", "schedule", "event")
    for number, row in enumerate(rows):
        if number == MOST_ROWS:
            raise CommandError(
                f"plan: that is more than {MOST_ROWS:,} ticks, which no table holds; ask for fewer by --count, "
                "--schedule or --until, or for --json, which has no end"
            )
        zone = row.zone if isinstance(row, Skipped) else row.schedule.zone
        at = datetime_of(row.at).astimezone(ZoneInfo(zone)).isoformat(" ")
        if isinstance(row, Skipped):
            table.add_row(at, zone, row.day.isoformat(), "-", "skipped")
        else:
            table.add_row(at, zone, row.occurrence.period, row.schedule.name, row.schedule.event)
    tell(table)


def _tell_lines(rows: Iterable[Coming | Skipped]) -> None:
    for row in rows:
        if isinstance(row, Skipped):
            tell_json({"skipped": row.day.isoformat(), "zone": row.zone, "at": rfc3339(row.at)})
            continue
        schedule, occurrence = row.schedule, row.occurrence
        tell_json(
            {
                "schedule": schedule.name,
                "event": schedule.event,
                "period": occurrence.period,
                "starts_at": rfc3339(occurrence.starts_at),
                "ends_at": rfc3339(occurrence.ends_at),
                "zone": schedule.zone,
                "calendar": schedule.rule.data,
            }
        )
