"""What puts an example on the stage: its topics, a clock beside the worker in one process, the log looked into.

The one example that imports from the rooms, and no user's code: a user runs `passage clock run` and tests by a
`Scenario`. What of it others need is handed on here by name; versions promise none of it.
"""

from passage import App, Log
from passage.running.log_lines import tell_logs
from passage_clock import ClockConfig, SettableWall, load
from passage_clock.leading.observer import Quiet
from passage_clock.leading.office import Batch
from passage_clock.leading.service import Clock
from passage_clock.records import topics as of_the_clock
from passage_log.ranges import read_all
from passage_processors.runtime import topics as of_the_app
from passage_schemas import CUT

__all__ = [
    "CUT",
    "Clock",
    "ClockConfig",
    "Published",
    "SettableWall",
    "load",
    "make_topics",
    "read_all",
    "tell_logs",
    "topics_of",
]


class Published(Quiet):
    """Counts the ticks that became readable."""

    def __init__(self) -> None:
        self.ticks = 0

    def published(self, batch: Batch) -> None:
        self.ticks = batch.last_sequence


def make_topics(log: Log, app: App, clock: ClockConfig, partitions: int) -> None:
    """Make what isn't there, the app's in so many partitions, and look at what is. Raises Unfit, Unreachable."""
    of_the_clock.check_topics(log, clock, create=True)
    of_the_app.create_topics(log, app, partitions)
    of_the_app.check_topics(log, app)


def topics_of(app: App, clock: ClockConfig) -> list[str]:
    """The names of all of them, facts first."""
    wanted = [*of_the_app.app_topics(app), *of_the_clock.clock_topics(clock)]
    return list(dict.fromkeys(topic.topic for topic in wanted))
