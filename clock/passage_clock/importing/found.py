"""What a reader finds in another scheduler's file: schedules, and what can't be one and why.

Nothing is dropped in silence: what our own rules refuse is left out too, with their reason, and what a schedule does
not keep of its job is its remark.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from passage_clock.config import schedule_of_definition
from passage_clock.schedules import Schedule
from passage_schemas.errors import PassageError

_WORD = re.compile(r"[A-Za-z0-9]+")

MOST_SHOWN = 300
"""Characters of what a line quotes: the file may have lines of megabytes."""

MOST_NAMED = 200
"""Characters of a schedule's name: it is written into each tick's key."""

REASONS_TOLD = 3
"""In the last line. All stand above it, each with its place."""


@dataclass(frozen=True, slots=True)
class Imported:
    """One schedule. `item` is what a configuration says of it, `known_as` what the old scheduler calls the job,
    `remark` what the user should look at."""

    place: str
    known_as: str
    item: Mapping[str, Any]
    schedule: Schedule
    remark: str = ""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What can't be a schedule, and why."""

    place: str
    known_as: str
    reason: str


@dataclass(slots=True)
class JobsFound:
    """All of a file, in its order. Gives each schedule a name of its own."""

    zone: str
    imported: list[Imported] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    _taken: set[str] = field(default_factory=set)
    _numbers: dict[str, int] = field(default_factory=dict)

    def add(self, place: str, known_as: str, when: Mapping[str, Any], remark: str = "", zone: str = "") -> None:
        """`when` is the rule, `{"cron": "0 9 * * *"}`; name, event and zone are put around it. What our rules refuse,
        a zone that isn't one included, is left out."""
        words = _WORD.findall(known_as[:MOST_NAMED]) or ["job"]
        name = self._free(".".join(word.lower() for word in words))
        event = "".join(word[:1].upper() + word[1:] for word in words) + "WasDue"
        event = event if event[0].isalpha() else f"Job{event}"
        rule = {**when, "zone": zone or self.zone, "event": event}
        try:
            schedule = schedule_of_definition(name, json.dumps(rule))
        except PassageError as error:
            self.leave_out(place, known_as, str(error).removeprefix(f"the definition of {name}: "))
            return
        self._taken.add(name)
        item = {"name": name, **rule}
        self.imported.append(Imported(shown(place), plain(known_as), item, schedule, shown(remark)))

    def leave_out(self, place: str, known_as: str, reason: str) -> None:
        self.left_out.append(LeftOut(shown(place), shown(known_as), shown(reason)))

    @property
    def told(self) -> str:
        """`3 found, 2 left out (why)`."""
        reasons = list(dict.fromkeys(one.reason for one in self.left_out))
        more = len(reasons) - REASONS_TOLD
        why = "; ".join(reasons[:REASONS_TOLD]) + (f"; and {more} more" if more > 0 else "")
        if not self.imported and not why:
            why = "no job is in it; is it the right file?"
        return f"{len(self.imported)} found, {len(self.left_out)} left out" + (f" ({why})" if why else "")

    def _free(self, name: str) -> str:
        number = self._numbers.get(name, 1)
        while (free := name if number == 1 else f"{name}.{number}") in self._taken:
            number += 1
        self._numbers[name] = number
        return free


def shown(text: str) -> str:
    """As much of it as a line holds."""
    return plain(text if len(text) <= MOST_SHOWN else f"{text[: MOST_SHOWN - 3]}...")


def plain(text: str) -> str:
    """On one line, and such that any terminal and any encoding takes it."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
