"""What the clock's commands share: its log, opened; its topics, checked; a schedule, found by its name."""

from collections.abc import Sequence

from passage.cli.terminal import open_log
from passage.errors import CommandError
from passage_clock.config import ClockConfig
from passage_clock.records.topics import check_topics
from passage_clock.schedules import Schedule
from passage_log.errors import Unfit
from passage_log.kafka import KafkaLog
from passage_log.port import Log
from passage_log.preflight import MISSING


def open_clock_log(config: ClockConfig, bootstrap: str | None, connect_timeout_seconds: float) -> KafkaLog:
    """Raises CommandError when nobody says where Kafka is."""
    return open_log(bootstrap, config.bootstrap, dict(config.client), connect_timeout_seconds)


def check(log: Log, config: ClockConfig, create: bool = False) -> None:
    """Raises Unfit, naming what is wrong and the command that creates what is missing."""
    try:
        check_topics(log, config, create)
    except Unfit as error:
        hint = (
            "\n`passage clock topics --config FILE --create` creates what is missing" if MISSING in str(error) else ""
        )
        raise Unfit(f"{error}{hint}") from error


def named(schedules: Sequence[Schedule], name: str) -> Schedule:
    """The schedule of this name. Raises CommandError, naming those there are."""
    for schedule in schedules:
        if schedule.name == name:
            return schedule
    names = ", ".join(schedule.name for schedule in schedules) or "none"
    raise CommandError(f"there is no schedule {name!r}; there are: {names}")
