"""The clock's four topics, as they must be, and why.

Each demand is here because something breaks without it: the tick topic loses history when it is not compacted by its
unique keys or when it forgets by age, and a control topic that keeps the writer's time can't tell the broker's.
"""

from collections.abc import Sequence

from passage_clock.config import ClockConfig
from passage_log.port import Log
from passage_log.preflight import Wanted, preflight


def clock_topics(config: ClockConfig) -> Sequence[Wanted]:
    """Ticks, schedules, control, triggers. What is not demanded is the operator's to choose."""
    topics = config.topics
    return (
        Wanted(topics.ticks, 1, cleanup="compact", keeps_old_dates=True, keeps_for_ever=True, time="CreateTime"),
        Wanted(topics.schedules, 1, cleanup="compact", keeps_for_ever=True),
        Wanted(topics.control, 1, cleanup="compact", keeps_for_ever=True, time="LogAppendTime"),
        Wanted(topics.triggers, 1, time="CreateTime"),
    )


def check_topics(log: Log, config: ClockConfig, create: bool = False) -> None:
    """Raises Unfit, naming everything that is wrong, and Unreachable. With `create`, what is missing is made first."""
    wanted = clock_topics(config)
    if create:
        log.create([one.as_topic() for one in wanted])
    preflight(log, wanted)
