"""The topics of one run: those of the app, in as many partitions as its facts have, and those of the clock.

The facts are from 2012: a topic that deletes by age would lose them while they are being written. The rooms know how
their topics must be set, so nothing is set here.
"""

from examples import stage
from examples.overdue_invoices.facts import PARTITIONS
from passage import App, Log


def make_topics(log: Log, app: App, clock: stage.ClockConfig) -> None:
    """Make what isn't there, and look at what is. Raises Unfit, Unreachable."""
    stage.make_topics(log, app, clock, PARTITIONS)
