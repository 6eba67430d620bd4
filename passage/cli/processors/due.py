"""`passage processors due`: what comes due, tick by tick, as a chart."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.console import RenderableType

from passage.cli.options import (
    DEFAULT_CONNECT_SECONDS,
    MOST_COUNT,
    AppArgument,
    BootstrapOption,
    ClientFileOption,
    ConnectOption,
    JsonOption,
)
from passage.cli.processors.app_argument import load_app, open_app_log
from passage.cli.terminal import as_text, columns, progress, rfc3339, tell, tell_json
from passage.errors import CommandError
from passage_processors import App
from passage_processors.monitoring.due import ComingTick, Due
from passage_processors.monitoring.due import due as due_of
from passage_processors.runtime.topics import check_topics

WIDTH = 50
"""Characters of the longest bar."""
SHADES = "█▒▓░"
"""One for each unit, in the app's order; the fifth has the first one's again."""


def due(
    where: AppArgument,
    bootstrap: BootstrapOption = None,
    client_file: ClientFileOption = None,
    schedule: Annotated[
        list[str] | None, typer.Option(help="Only this one; may be given again. Default: all the app counts.")
    ] = None,
    next_ticks: Annotated[
        int, typer.Option("--next", min=1, max=MOST_COUNT, help="How many ticks to look ahead.")
    ] = 30,
    json: JsonOption = False,
    connect_timeout_seconds: ConnectOption = DEFAULT_CONNECT_SECONDS,
) -> None:
    """Show how many wake-ups come due on each tick to come.

    Reads the whole changelog."""
    app = load_app(where)
    schedules = _counted(app, schedule)
    log = open_app_log(bootstrap, client_file, connect_timeout_seconds)
    numbers = range(check_topics(log, app))
    with progress("reading the changelog") as told:
        found = due_of(app, log, numbers, schedules, next_ticks, told)
    log.close()
    if json:
        tell_json(document(app, found))
        return
    for part in page(found):
        tell(part)


def _counted(app: App, wanted: Sequence[str] | None) -> list[str]:
    """Raises CommandError for a schedule the app doesn't count: nothing of it would ever be due."""
    for name in wanted or ():
        if name not in app.counted:
            known = ", ".join(sorted(app.counted)) or "none"
            raise CommandError(f"app {app.name!r} counts no schedule {name!r}; it counts: {known}")
    return list(dict.fromkeys(wanted)) if wanted else sorted(app.counted)


def document(app: App, found: Sequence[Due]) -> dict[str, Any]:
    """Every field under its own name, instants as text."""
    return {"app": app.name, "schedules": as_text([asdict(one) for one in found])}


def page(found: Sequence[Due]) -> Iterator[RenderableType]:
    """What a person reads."""
    for place, one in enumerate(found):
        if place:
            yield ""
        units = list(dict.fromkeys(unit for tick in one.coming for unit in tick.units))
        shades = {unit: SHADES[at % len(SHADES)] for at, unit in enumerate(units)}
        legend = "".join(f"  {shade} {unit}" for unit, shade in shades.items())
        yield f"{one.schedule}, last ordinal {one.last}{legend}"
        if not one.coming:
            yield "nothing comes due" + (f" on these ticks; {one.later} later" if one.later else "")
            continue
        table = columns("ordinal", "ahead", "at", "due", "")
        most = max(tick.total for tick in one.coming)
        for tick in one.coming:
            at = rfc3339(tick.at) or ""
            table.add_row(str(tick.ordinal), f"+{tick.ahead}", at, str(tick.total), _bar(tick, shades, most))
        yield table
        if one.later:
            yield f"and {one.later} later"


def _bar(tick: ComingTick, shades: dict[str, str], most: int) -> str:
    """Never longer than its part of the longest, however the units round; at least a mark where there is something."""
    drawn, upto, bar = 0, 0, ""
    for unit, count in tick.units.items():
        upto += count
        end = max(1, round(upto * WIDTH / most))
        bar += shades[unit] * (end - drawn)
        drawn = end
    return bar
