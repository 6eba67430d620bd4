"""Everything of the file that is no schedule and no calendar: where the log is, and how the clock lives with it.

How the client gets at it, secrets among it, is read by `passage_log.client_settings`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from passage_clock.config.schedules import NAME
from passage_clock.schedules import Schedule
from passage_log.address import check_bootstrap
from passage_log.client_settings import client_settings
from passage_schemas.given.document import Node

SOURCE = re.compile(r"\S+")
TOPIC = re.compile(r"[A-Za-z0-9._-]{1,249}")

ANY_COUNT = range(1, 2**63)


@dataclass(frozen=True, slots=True)
class Topics:
    """The clock's topics, by name."""

    ticks: str = "passage.ticks"
    schedules: str = "passage.schedules"
    control: str = "passage.control"
    triggers: str = "passage.triggers"


@dataclass(frozen=True, slots=True)
class ClockConfig:
    """What the file says, checked. `generation` grows with every change of the file: an older one refuses office.

    `client` are plain Kafka client settings, as text, by their Kafka names; secrets among them are read already, so it
    shows in no repr. `catch_up_ticks_per_second` bounds the backfill; None: as fast as it goes.
    `fast_failover_grace_seconds` lets a standby take office when a tick is that late; None: never. `retired` are the
    schedules that may go though the generation is not raised.
    """

    schedules: tuple[Schedule, ...]
    bootstrap: str | None = None
    generation: int = 1
    topics: Topics = Topics()
    group: str = "passage-clock"
    max_skew_seconds: float = 2.0
    source: str = "passage/clock"
    client: Mapping[str, str] = field(default_factory=dict, repr=False)
    catch_up_ticks_per_second: int | None = None
    fast_failover_grace_seconds: float | None = None
    retired: frozenset[str] = frozenset()


DEFAULTS = ClockConfig(schedules=())

FIELDS = (
    "bootstrap",
    "generation",
    "topics",
    "group",
    "max_skew_seconds",
    "source",
    "client",
    "client_file",
    "catch_up_ticks_per_second",
    "fast_failover_grace_seconds",
    "retired",
    "calendars",
    "schedules",
)


def settings(top: Node, schedules: Sequence[Schedule], environ: Mapping[str, str], folder: Path) -> ClockConfig:
    """The whole configuration, with these schedules. Files are looked for beside the configuration, in `folder`."""
    bootstrap = top.get("bootstrap")
    rate = top.get("catch_up_ticks_per_second")
    grace = top.get("fast_failover_grace_seconds")
    return ClockConfig(
        schedules=tuple(schedules),
        bootstrap=bootstrap and _bootstrap(bootstrap),
        generation=_generation(top),
        topics=_topics(top),
        group=_text(top, "group", TOPIC, "letters, digits and . _ -", DEFAULTS.group),
        max_skew_seconds=_max_skew_seconds(top),
        source=_text(top, "source", SOURCE, "a URI reference without spaces, e.g. passage/clock", DEFAULTS.source),
        client=client_settings(top, environ, folder),
        catch_up_ticks_per_second=rate and rate.whole(ANY_COUNT, "a whole number of ticks, e.g. 1000"),
        fast_failover_grace_seconds=grace and grace.seconds("a number of seconds above 0, e.g. 1"),
        retired=_retired(top, schedules),
    )


def _bootstrap(here: Node) -> str:
    try:
        return check_bootstrap(here.text(SOURCE, "host:port"))
    except ValueError as error:
        raise here.wrong(str(error)) from None


def _text(section: Node, name: str, pattern: re.Pattern[str], expected: str, default: str) -> str:
    here = section.get(name)
    return default if here is None else here.text(pattern, expected)


def _generation(top: Node) -> int:
    here = top.get("generation")
    if here is None:
        return DEFAULTS.generation
    return here.whole(ANY_COUNT, "a whole number, one more at every change of the file")


def _retired(top: Node, schedules: Sequence[Schedule]) -> frozenset[str]:
    """The names of schedules that leave. One that is still here can't."""
    here = top.get("retired")
    if here is None:
        return DEFAULTS.retired
    names = {schedule.name for schedule in schedules}
    found: set[str] = set()
    for item in here.items("a list of names of schedules that were taken out of schedules:, e.g. [day.old]"):
        name = item.text(NAME, "the name of a schedule that was taken out of schedules:")
        if name in names:
            raise item.wrong(f"{name!r} is a schedule of this file; take it out of retired:, or out of schedules:")
        if name in found:
            raise item.wrong(f"{name!r} is named twice; take one out")
        found.add(name)
    return frozenset(found)


def _max_skew_seconds(top: Node) -> float:
    here = top.get("max_skew_seconds")
    return DEFAULTS.max_skew_seconds if here is None else here.seconds("a number of seconds above 0, e.g. 2")


def _topics(top: Node) -> Topics:
    section = top.get("topics")
    if section is None:
        return DEFAULTS.topics
    names = ("ticks", "schedules", "control", "triggers")
    section.mapping().only(names)
    expected = "a topic name: letters, digits and . _ -"
    found = {name: _text(section, name, TOPIC, expected, getattr(DEFAULTS.topics, name)) for name in names}
    if len(set(found.values())) < len(names):
        raise section.wrong("two of them are the same; ticks, schedules, control and triggers need a topic each")
    return Topics(**found)
