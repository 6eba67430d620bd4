"""`passage processors check`: what can be wrong with an app, and with the clock it counts on, before either runs."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from passage.cli.options import AppArgument, JsonOption
from passage.cli.processors.app_argument import load_app
from passage.cli.terminal import DIFFERENT, out, tell_json
from passage_clock.config import ClockConfig, load
from passage_clock.schedules import Schedule
from passage_processors import App
from passage_schemas.given.did_you_mean import did_you_mean


def check(
    where: AppArgument,
    clock: Annotated[
        Path | None, typer.Option("--clock", metavar="FILE", help="The configuration of the clock it counts on.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Check an app, and that the clock's file has what it counts; no broker is asked.

    For CI: exit code 1 where the two disagree, 2 where one of them can't be read."""
    found = load_app(where)
    config = None if clock is None else load(clock, environ={})
    wrong = [] if config is None else list(disagreements(found, config))
    notes = [] if config is None else list(consequences(found, config))
    if json:
        counted = sorted(found.counted)
        tell_json({"app": found.name, "units": list(found.units), "counts": counted, "wrong": wrong, "notes": notes})
    else:
        for said in (*(f"wrong: {one}" for one in wrong), *(f"note: {one}" for one in notes)):
            out.print(said, soft_wrap=True, markup=False, highlight=False)
        if not wrong:
            of = "" if clock is None else f", all of them in {clock}"
            counts = (
                f"{found.name}: {', '.join(found.units)}; counts {', '.join(sorted(found.counted)) or 'nothing'}{of}"
            )
            out.print(counts, soft_wrap=True, markup=False, highlight=False)
    if wrong:
        raise typer.Exit(DIFFERENT)


def disagreements(app: App, config: ClockConfig) -> Iterator[str]:
    """What would hold the app's facts for ever, or have it count nothing."""
    names = [schedule.name for schedule in config.schedules]
    for name in sorted(app.counted - set(names)):
        hint = did_you_mean(name, names, _there(names))
        yield f"the clock has no schedule {name!r}, so every fact would wait for it; {hint}"
    for what, mine, its in (
        ("ticks_topic", app.ticks_topic, config.topics.ticks),
        ("schedules_topic", app.schedules_topic, config.topics.schedules),
    ):
        if mine != its:
            yield f"the app's {what} is {mine!r}, the clock's {its!r}; say {what}={its!r} in the app"


def consequences(app: App, config: ClockConfig) -> Iterator[str]:
    """What may be meant, and whoever counts should know."""
    for schedule in sorted(config.schedules, key=lambda one: one.name):
        if schedule.name in app.counted:
            yield from _consequences(schedule)


def _consequences(schedule: Schedule) -> Iterator[str]:
    if schedule.misfire != "publish_all":
        yield f"{schedule.name}: misfire: {schedule.misfire}, so periods the clock was down for are not counted each"
    if schedule.keep_days is not None:
        yield f"{schedule.name}: keep_days: {schedule.keep_days}, so what is older can't be replayed"


def _there(names: list[str]) -> str:
    return f"it has {', '.join(names) or 'none'}"
