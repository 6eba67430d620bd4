"""The topics of one run: those of the app, in as many partitions as its facts have, and those of the clock.

The facts are from 2012: a topic that deletes by age would lose them while they are being written. The rooms know how
their topics must be set, so nothing is set here.
"""

from examples.overdue_invoices.facts import PARTITIONS
from passage import App, Log
from passage_clock import ClockConfig
from passage_clock.records import topics as of_the_clock
from passage_processors.runtime import topics as of_the_app


def make_topics(log: Log, app: App, clock: ClockConfig) -> None:
    """Make what isn't there, and look at what is. Raises Unfit, Unreachable."""
    of_the_clock.check_topics(log, clock, create=True)
    of_the_app.create_topics(log, app, PARTITIONS)
    of_the_app.check_topics(log, app)


def names_of(app: App, clock: ClockConfig) -> list[str]:
    """All of them, facts first."""
    wanted = [*of_the_app.app_topics(app), *of_the_clock.clock_topics(clock)]
    return list(dict.fromkeys(one.topic for one in wanted))
