"""The clock's three topics, as they must be, and why.

Each setting is here because something breaks without it: the tick topic loses history when it is not compacted by its
unique keys or when it forgets by age, and a control topic that keeps the writer's time can't tell the broker's.
"""

from passage_clock.config import ClockConfig
from passage_log.errors import Unfit
from passage_log.port import Log, Topic


def clock_topics(config: ClockConfig) -> tuple[Topic, ...]:
    """Each with the settings it must have; others are the operator's to choose."""
    return (
        Topic(
            config.topics.ticks,
            1,
            {"cleanup.policy": "compact", "retention.ms": "-1", "message.timestamp.type": "CreateTime"},
        ),
        Topic(config.topics.schedules, 1, {"cleanup.policy": "compact"}),
        Topic(config.topics.control, 1, {"cleanup.policy": "compact", "message.timestamp.type": "LogAppendTime"}),
    )


def check_topics(log: Log, config: ClockConfig, create: bool = False) -> None:
    """Raises Unfit, naming everything that is wrong, and Unreachable. With `create`, what is missing is made first."""
    wanted = clock_topics(config)
    if create:
        log.create(wanted)
    found = log.describe([topic.name for topic in wanted])
    wrong = [what for topic in wanted for what in _differences(topic, found[topic.name])]
    if wrong:
        raise Unfit("; ".join(wrong))


def _differences(wanted: Topic, found: Topic | None) -> list[str]:
    if found is None:
        return [f"there is no topic {wanted.name}; create it with `passage clock topics --create`"]
    wrong = []
    if found.partitions != wanted.partitions:
        wrong.append(f"topic {wanted.name} has {found.partitions} partitions, it must have {wanted.partitions}")
    return wrong + [
        f"topic {wanted.name}: {name} is {found.settings.get(name)}, it must be {value}"
        for name, value in wanted.settings.items()
        if found.settings.get(name) != value
    ]
