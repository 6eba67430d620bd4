"""Everything of the file that is no schedule and no calendar: where the log is, and how the clock lives with it.

Secrets stay out of the file: a client setting may be `{env: NAME}` or `{file: /path}`, and `client_file` names a plain
Kafka properties file. They are read once, here. No error ever shows a setting's value.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from passage_clock.config.document import Node, read_text, shown
from passage_clock.config.schedules import NAME
from passage_clock.errors import ConfigError
from passage_clock.schedules import Schedule
from passage_log.address import check_bootstrap
from passage_log.reserved import RESERVED

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
        client=_client(top, environ, folder),
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


def _client(top: Node, environ: Mapping[str, str], folder: Path) -> dict[str, str]:
    """What the properties file says, overridden by what stands here."""
    file = top.get("client_file")
    found = _properties(file, folder) if file else {}
    section = top.get("client")
    if section and not section.is_mapping:  # which could be a secret
        raise section.wrong("this is no fields; write them below it, indented")
    for setting in section or ():
        if setting.field in RESERVED:
            raise setting.wrong(_why_reserved(setting.field))
        found[setting.field] = _setting(setting, environ, folder)
    return found


def _why_reserved(name: str) -> str:
    where = "write bootstrap: beside client:" if name == "bootstrap.servers" else "take it out"
    return f"is Passage's to set, since its promises hang on it; {where}"


def _setting(setting: Node, environ: Mapping[str, str], folder: Path) -> str:
    seen = setting.value
    if isinstance(seen, bool):
        return str(seen).lower()
    if isinstance(seen, str | int | float):
        return str(seen)
    if not setting.is_mapping or set(seen) not in ({"env"}, {"file"}):
        said = shown(seen) if setting.is_mapping or setting.is_list or seen is None else "this won't do"
        raise setting.wrong(
            f"{said}; write one plain value, as the Kafka client takes it, or where a secret is: "
            "{env: NAME} or {file: /path}"
        )
    (where,) = setting
    told = where.text(re.compile(r"[^\0]+"), "the name of a variable" if "env" in setting else "a path")
    if "file" in setting:
        return _secret_file(where, folder / told)
    if told not in environ:
        raise where.wrong(f"{told} is not in the environment; set it, or take the setting out")
    return environ[told]


def _secret_file(where: Node, path: Path) -> str:
    """Without the newline that editors and `echo` leave at its end."""
    try:
        return read_text(path).removesuffix("\n").removesuffix("\r")
    except ConfigError as error:
        raise where.wrong(str(error)) from error


def _properties(file: Node, folder: Path) -> dict[str, str]:
    path = folder / file.text(re.compile(r"[^\0]+"), "the path of a Kafka client properties file")
    try:
        text = read_text(path)
    except ConfigError as error:
        raise file.wrong(str(error)) from error
    return _properties_in(text, path)


def client_properties(path: Path) -> dict[str, str]:
    """The Kafka client settings in this file. Raises ConfigError."""
    return _properties_in(read_text(path), path)


def _properties_in(text: str, path: Path) -> dict[str, str]:
    """`name=value` lines, as Kafka's own tools read them; `#` and `!` begin a comment."""
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip()[0] in "#!":
            continue
        name, equals, value = line.partition("=")
        if not equals or not name.strip():
            raise ConfigError(f"{path}:{number}: no name=value; write one setting a line, or begin it with #")
        if name.strip() in RESERVED:
            raise ConfigError(f"{path}:{number}: {name.strip()}: {_why_reserved(name.strip())}")
        found[name.strip()] = value.strip()
    return found
