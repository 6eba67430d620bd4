"""The example's app and clock under names of one run's own, so that chaos leaves nothing behind for anybody else.

Every process of a run imports this and is told in PASSAGE_CHAOS_RUN which run it belongs to.
"""

import os
from dataclasses import replace
from pathlib import Path

from examples.overdue_invoices import app as the_app
from passage_processors import App

RUN_VARIABLE = "PASSAGE_CHAOS_RUN"

CLOCK = """\
bootstrap: {bootstrap}
group: {run}.clock
topics: {{ticks: {run}.ticks, schedules: {run}.schedules, control: {run}.control}}
schedules:
  - {{name: day.amsterdam, every: day, zone: Europe/Amsterdam, starts_at: 2012-01-01}}
  - {{name: workday.nl, every: workday, zone: Europe/Amsterdam, calendar: NL, starts_at: 2012-01-01}}
  - {{name: week.utc, every: week, zone: UTC, starts_at: 2012-01-02}}
"""
"""The example's schedule, and two that nobody counts: sequences run over all of them."""


def app_of(run: str) -> App:
    """A step is taken as soon as there is something to fold, so that there are many to be killed in."""
    return replace(
        the_app,
        name=f"{run}.invoices",
        inputs={f"{run}.billing": facts for facts in the_app.inputs.values()},
        output=f"{run}.collections",
        ticks_topic=f"{run}.ticks",
        schedules_topic=f"{run}.schedules",
        commit_interval_seconds=0.0,
    )


def write_clock(directory: Path, run: str, bootstrap: str) -> Path:
    path = directory / f"{run}.yaml"
    path.write_text(CLOCK.format(run=run, bootstrap=bootstrap), encoding="utf-8")
    return path


app = app_of(os.environ.get(RUN_VARIABLE, "chaos"))
