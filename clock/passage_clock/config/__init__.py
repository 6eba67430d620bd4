"""The configuration file: one YAML file, read once, every mistake told in one line.

    clock.yaml:14: schedules[2].zone: 'Europe/Amstredam' is not in tzdata 2026c; did you mean 'Europe/Amsterdam'?

The line is where the mistake is, the field its path in the file, and the rest says what was seen and what would mend
it. Fields that aren't known are refused: a misspelt `starts_at` that is quietly ignored would be noticed months later.
YAML is read as version 1.2, where NO is Norway; dates are read by us, so that a wrong one has a line too.
"""

import difflib
import os
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.constructor import RoundTripConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from passage_clock.calendars import Calendar, national
from passage_clock.civil import instant_of_civil
from passage_clock.errors import ClockError, ConfigError
from passage_clock.schedules import PERIODS, Period, Schedule, periodic
from passage_schemas.instant import Instant

NAME = re.compile(r"[a-z0-9._-]+")
EVENT = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")
TOPIC = re.compile(r"[A-Za-z0-9._-]{1,249}")
SOURCE = re.compile(r"\S+")

EVERY: tuple[Period | Literal["workday"], ...] = (*PERIODS[:4], "workday", *PERIODS[4:])

YEARS = range(1971, 9000)
"""When a schedule may start: Kafka's timestamps begin with 1970 in UTC, which is later than 1970 in the east; Python's
dates end with 9999."""


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
    `client` are plain Kafka client settings, as text, by their Kafka names; secrets among them are read already.
    `catch_up_ticks_per_second` bounds the backfill; None: as fast as it goes. `fast_failover_grace_seconds` lets a
    standby take office when a tick is that late; None: never."""

    schedules: tuple[Schedule, ...]
    bootstrap: str | None = None
    generation: int = 1
    topics: Topics = Topics()
    group: str = "passage-clock"
    max_skew_seconds: float = 2.0
    source: str = "passage/clock"
    client: Mapping[str, str] = field(default_factory=dict)
    catch_up_ticks_per_second: int | None = None
    fast_failover_grace_seconds: float | None = None


DEFAULTS = ClockConfig(schedules=())


def load(path: Path, environ: Mapping[str, str] = os.environ) -> ClockConfig:
    """The configuration in this file. PASSAGE_BOOTSTRAP in `environ` overrides `bootstrap`. Raises ConfigError."""
    top = _read(path)
    top.only("bootstrap", "generation", "topics", "group", "max_skew_seconds", "source", "schedules", "client")
    return ClockConfig(
        schedules=_schedules(top),
        bootstrap=environ.get("PASSAGE_BOOTSTRAP") or top.optional_text("bootstrap", SOURCE, "host:port"),
        generation=_generation(top),
        topics=_topics(top),
        group=top.text("group", TOPIC, "letters, digits and . _ -", DEFAULTS.group),
        max_skew_seconds=_max_skew_seconds(top),
        source=top.text("source", SOURCE, "a URI reference without spaces, e.g. passage/clock", DEFAULTS.source),
        client=_client(top),
    )


@dataclass(frozen=True, slots=True)
class _Section:
    """One mapping of the file, and where it is."""

    file: str
    path: str
    data: CommentedMap

    def wrong(self, name: str, what: str) -> ConfigError:
        where = self.data.lc.data or {}
        line = where[name][0] if name in where else self.data.lc.line
        return ConfigError(f"{self.file}:{line + 1}: {self.path}{name}: {what}")

    def only(self, *known: str) -> None:
        """Refuse every other field."""
        for name in self.data:
            if name not in known:
                raise self.wrong(name, f"there is no such field; {_nearest(str(name), known)}")

    def line(self, name: str) -> int:
        return int(self.data.lc.data[name][0]) + 1 if name in (self.data.lc.data or {}) else self.data.lc.line + 1

    def optional_text(self, name: str, pattern: re.Pattern[str], expected: str) -> str | None:
        return self.text(name, pattern, expected) if name in self.data else None

    def text(self, name: str, pattern: re.Pattern[str], expected: str, default: str | None = None) -> str:
        """The text of the field; without a default it must be there."""
        if name not in self.data:
            if default is None:
                raise self.wrong(name, f"is missing; write {expected}")
            return default
        seen = self.data[name]
        if not isinstance(seen, str):
            raise self.wrong(name, f"{_shown(seen)}; write {expected}")
        if not pattern.fullmatch(seen):
            raise self.wrong(name, f"{str(seen)!r} won't do; write {expected}")
        return str(seen)

    def section(self, name: str) -> "_Section | None":
        if name not in self.data:
            return None
        seen = self.data[name]
        if not isinstance(seen, CommentedMap):
            raise self.wrong(name, f"{_shown(seen)}; write its fields below it, indented")
        return _Section(self.file, f"{self.path}{name}.", seen)


class _PlainDates(RoundTripConstructor):
    """Leaves dates as they are written: ruamel's own error for 2026-02-30 has no line, and it would drop an offset."""


_PlainDates.add_constructor("tag:yaml.org,2002:timestamp", RoundTripConstructor.construct_yaml_str)


def _read(path: Path) -> _Section:
    try:
        data = path.read_bytes()
        text = data.decode("utf-8")
    except OSError as error:
        raise ConfigError(
            f"{path}: can't be read: {(error.strerror or str(error)).lower()}; check the path and its rights"
        ) from error
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path}:{line}: not UTF-8 text; save the file as UTF-8") from error
    yaml = YAML(typ="rt")
    yaml.Constructor = _PlainDates
    try:
        loaded = yaml.load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = " ".join((error.problem or error.context or "can't be parsed").split())
        line = mark.line + 1 if mark else 1
        raise ConfigError(f"{path}:{line}: not YAML: {said}; mend the line or the one before") from error
    except YAMLError as error:
        raise ConfigError(f"{path}:1: not YAML: {' '.join(str(error).split())}; save the file as plain text") from error
    except ValueError as error:  # a tag that lies, `!!int x`: ruamel lets Python's own error through, without a line
        raise ConfigError(f"{path}:1: not YAML: {error}; take the !! tags out") from error
    if loaded is None:
        raise ConfigError(f"{path}:1: the file is empty; it needs at least schedules:")
    if not isinstance(loaded, CommentedMap):
        raise ConfigError(f"{path}:1: {_shown(loaded)}; the file must be fields, e.g. schedules:")
    return _Section(str(path), "", loaded)


def _schedules(top: _Section) -> tuple[Schedule, ...]:
    expected = "a list of schedules, each beginning with - name:"
    if "schedules" not in top.data:
        raise top.wrong("schedules", f"is missing; write {expected}")
    items = top.data["schedules"]
    if not isinstance(items, CommentedSeq) or not items:
        raise top.wrong("schedules", f"{_shown(items)}; write {expected}")
    found: dict[str, tuple[Schedule, int]] = {}
    for number, item in enumerate(items):
        if not isinstance(item, CommentedMap):
            line = items.lc.item(number)[0] + 1
            raise ConfigError(f"{top.file}:{line}: schedules[{number}]: {_shown(item)}; write - name: and its fields")
        section = _Section(top.file, f"schedules[{number}].", item)
        schedule = _schedule(section)
        if schedule.name in found:
            before = found[schedule.name][1]
            raise section.wrong("name", f"{schedule.name!r} is the schedule of line {before} already; rename one")
        found[schedule.name] = schedule, section.line("name")
    return tuple(schedule for schedule, _ in found.values())


def _schedule(section: _Section) -> Schedule:
    section.only("name", "every", "zone", "starts_at", "event", "calendar")
    name = section.text("name", NAME, "a name of a-z, 0-9 and . _ -, e.g. day.amsterdam")
    every = _every(section)
    zone = section.text("zone", SOURCE, "an IANA zone, e.g. Europe/Amsterdam")
    try:
        instant_of_civil(date(1970, 1, 2), zone)
    except ClockError as error:
        raise section.wrong("zone", str(error)) from error
    calendar = _calendar(section, every)
    return periodic(
        name=name,
        every=every,
        zone=zone,
        event=section.optional_text("event", EVENT, "a name in letters and digits, e.g. DayHasPassed") or "",
        calendar=calendar,
        starts_at=_starts_at(section, zone, calendar),
    )


def _every(section: _Section) -> Period | Literal["workday"]:
    every = section.text("every", SOURCE, f"one of {', '.join(EVERY)}")
    if every not in EVERY:
        raise section.wrong("every", f"{every!r} is no period; {_nearest(every, EVERY)}")
    return every


def _calendar(section: _Section, every: str) -> Calendar | None:
    expected = "a country, e.g. NL, or one of its subdivisions, e.g. DE/BY"
    if every != "workday":
        if "calendar" in section.data:
            raise section.wrong(
                "calendar", f"chooses workdays, this is every: {every}; take it out, or write every: workday"
            )
        return None
    code = section.text("calendar", SOURCE, expected)
    try:
        return national(code)
    except ClockError as error:
        raise section.wrong("calendar", str(error)) from error


def _starts_at(section: _Section, zone: str, calendar: Calendar | None) -> Instant | None:
    if "starts_at" not in section.data:
        return None
    expected = "a date or a time on the zone's clock, e.g. 2012-01-01 or 2012-01-01T09:00"
    seen = section.data["starts_at"]
    if not isinstance(seen, str):
        raise section.wrong("starts_at", f"{_shown(seen)}; write {expected}")
    try:
        civil = datetime.fromisoformat(seen)
    except ValueError as error:
        raise section.wrong("starts_at", f"{str(seen)!r} is none: {error}; write {expected}") from error
    if civil.tzinfo is not None:
        raise section.wrong("starts_at", f"{str(seen)!r} has an offset; leave it out, the time is read in {zone}")
    first = max(YEARS.start, calendar.first_year) if calendar else YEARS.start
    if civil.year not in range(first, YEARS.stop):
        why = "Kafka's time begins in 1970" if first == YEARS.start else f"no holidays are known before {first}"
        mend = f"write a year from {first} to {YEARS.stop - 1}"
        raise section.wrong("starts_at", f"{str(seen)!r} won't do, {why}; {mend}")
    return instant_of_civil(civil, zone)


def _topics(top: _Section) -> Topics:
    section = top.section("topics")
    if section is None:
        return DEFAULTS.topics
    section.only("ticks", "schedules", "control", "triggers")
    expected = "a topic name: letters, digits and . _ -"
    topics = Topics(
        ticks=section.text("ticks", TOPIC, expected, DEFAULTS.topics.ticks),
        schedules=section.text("schedules", TOPIC, expected, DEFAULTS.topics.schedules),
        control=section.text("control", TOPIC, expected, DEFAULTS.topics.control),
        triggers=section.text("triggers", TOPIC, expected, DEFAULTS.topics.triggers),
    )
    if len({topics.ticks, topics.schedules, topics.control, topics.triggers}) < 4:
        raise top.wrong("topics", "two of them are the same; ticks, schedules, control and triggers need a topic each")
    return topics


def _generation(top: _Section) -> int:
    seen = top.data.get("generation", 1)
    if not isinstance(seen, int) or isinstance(seen, bool) or seen < 1:
        raise top.wrong("generation", f"{_shown(seen)}; write a whole number, one more at every change of the file")
    return int(seen)


def _max_skew_seconds(top: _Section) -> float:
    seen = top.data.get("max_skew_seconds", DEFAULTS.max_skew_seconds)
    if not isinstance(seen, int | float) or isinstance(seen, bool) or not 0 < seen < float("inf"):
        raise top.wrong("max_skew_seconds", f"{_shown(seen)}; write a number of seconds above 0, e.g. 2")
    return float(seen)


def _client(top: _Section) -> dict[str, str]:
    section = top.section("client")
    settings: dict[str, str] = {}
    for name, seen in section.data.items() if section else ():
        if not isinstance(seen, str | int | float):
            assert section is not None
            raise section.wrong(name, f"{_shown(seen)}; write one plain value, as the Kafka client takes it")
        settings[str(name)] = str(bool(seen)).lower() if isinstance(seen, bool) else str(seen)
    return settings


def _nearest(seen: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(seen, known, n=1)
    return f"did you mean {near[0]!r}?" if near else f"write one of {', '.join(known)}"


def _shown(seen: Any) -> str:
    """What was found where something else belongs."""
    if seen is None:
        return "there is nothing here"
    if isinstance(seen, CommentedMap):
        return "this is fields of its own"
    if isinstance(seen, CommentedSeq):
        return "this is a list" if seen else "this list is empty"
    if isinstance(seen, bool):
        return f"{str(seen).lower()} won't do"
    return f"{str(seen)!r} is text" if isinstance(seen, str) else f"{seen} won't do"
