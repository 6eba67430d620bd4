"""The file's `schedules:`: a rule each, and what the user decided about its ticks."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import get_args

from passage_clock.civil import instant_of_civil
from passage_clock.civil import zone as zone_of
from passage_clock.config.calendars import Calendars
from passage_clock.config.rules import RuleContext, civil_start, rule
from passage_clock.rules.rule import Rule
from passage_clock.schedules import GRACE_SECONDS, Misfire, OnChange, Schedule
from passage_schemas.given.did_you_mean import did_you_mean
from passage_schemas.given.document import Node
from passage_schemas.instant import Instant, instant_of

NAME = re.compile(r"[a-z0-9._-]+")
EVENT = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")

BESIDE = ("name", "event", "starts_at", "misfire", "misfire_grace_seconds", "keep_days", "on_change")
"""The fields of a schedule that are no part of its rule."""

MISFIRES: tuple[Misfire, ...] = get_args(Misfire)
KEPT_DAYS = range(1, 100_000)
ON_CHANGE: tuple[OnChange, ...] = get_args(OnChange)


def schedules(top: Node, calendars: Calendars) -> tuple[Schedule, ...]:
    expected = "a list of schedules, each beginning with - name:"
    sections = [item.mapping("- name: and its fields") for item in top.need("schedules", expected).items(expected)]
    named = _named(sections)
    reading = RuleContext(calendars, _Others(named, calendars, ()))
    return tuple(schedule(section, reading) for section in sections)


def schedule(section: Node, reading: RuleContext) -> Schedule:
    """One schedule, alone: in the file, or as the log tells it."""
    name = _name(section)
    here = rule(section, None, reading, BESIDE)
    event = section.get("event")
    misfire = _misfire(section)
    keep = section.get("keep_days")
    change = section.get("on_change")
    return Schedule(
        name=name,
        rule=here,
        event=event.text(EVENT, "a name in letters and digits, e.g. DayHasPassed") if event else "",
        starts_at=_starts_at(section, here, reading.of_the_log),
        misfire=misfire,
        misfire_grace_seconds=_grace_seconds(section, misfire),
        keep_days=keep and keep.whole(KEPT_DAYS, "a whole number of days, e.g. 30"),
        on_change=change.choice(ON_CHANGE, "no answer") if change else "refuse",
    )


def _name(section: Node) -> str:
    expected = "a name of a-z, 0-9 and . _ -, e.g. day.amsterdam"
    return section.need("name", expected).text(NAME, expected)


def _named(sections: Sequence[Node]) -> dict[str, Node]:
    found: dict[str, Node] = {}
    for section in sections:
        name = _name(section)
        if name in found:
            here, before = section.need("name", ""), found[name].need("name", "")
            raise here.wrong(f"{name!r} is the schedule of line {before.line} already; rename one")
        found[name] = section
    return found


@dataclass(frozen=True, slots=True)
class _Others:
    """The rules of the file's schedules, for those that count another's. `inside`: the schedules that led here."""

    sections: Mapping[str, Node]
    calendars: Calendars
    inside: tuple[str, ...]

    def __call__(self, here: Node) -> Rule:
        name = here.text(NAME, "another schedule of this file by its name, or a rule's fields")
        if name not in self.sections:
            raise here.wrong(f"{name!r} is no schedule of this file; {did_you_mean(name, self.sections)}")
        if name in self.inside:
            raise here.wrong(f"{name!r} would count its own ticks; count another's")
        deeper = RuleContext(self.calendars, _Others(self.sections, self.calendars, (*self.inside, name)))
        return rule(self.sections[name], None, deeper, BESIDE)


def no_others(here: Node) -> Rule:
    """A definition stands alone: the rule it counts is in it."""
    raise here.unlike("a rule's fields")


def _misfire(section: Node) -> Misfire:
    here = section.get("misfire")
    return here.choice(MISFIRES, "no policy") if here else "publish_all"


def _grace_seconds(section: Node, misfire: Misfire) -> float:
    here = section.get("misfire_grace_seconds")
    if here is None:
        return GRACE_SECONDS
    if misfire == "publish_all":
        raise here.wrong("has no use where every tick is published; take it out, or write misfire: coalesce or skip")
    return here.seconds("a number of seconds above 0, e.g. 60")


def _starts_at(section: Node, rule: Rule, of_the_log: bool) -> Instant | None:
    """On the zone's clock in a file; in a definition an instant, unless the rule itself counts from it."""
    here = section.get("starts_at")
    if here is None:
        return None
    if of_the_log and isinstance(here.value, str) and here.value.endswith("+00:00"):
        return instant_of(datetime.fromisoformat(here.value))
    found = instant_of_civil(civil_start(here, rule.zone), rule.zone)
    if rule.known_from is not None and found < rule.known_from:
        first = date.fromordinal(zone_of(rule.zone).day_of(rule.known_from))
        raise here.wrong(f"{str(here.value)!r} won't do, its calendar knows nothing before {first}; write a later one")
    return found
