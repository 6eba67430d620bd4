"""What a reader finds in another scheduler's file: items for `schedules:`, and what can't be one and why."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_WORD = re.compile(r"[A-Za-z0-9]+")


@dataclass(frozen=True, slots=True)
class Imported:
    """One schedule. `known_as` is what the old scheduler calls the job, `remark` what the user should look at."""

    place: str
    known_as: str
    item: Mapping[str, Any]
    remark: str = ""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What can't be a schedule, and why."""

    place: str
    known_as: str
    reason: str


@dataclass(slots=True)
class Found:
    """All of a file, in its order. Gives each schedule a name of its own."""

    zone: str
    imported: list[Imported] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    _taken: set[str] = field(default_factory=set)

    def add(self, place: str, known_as: str, when: Mapping[str, Any], remark: str = "", zone: str = "") -> None:
        """`when` is the rule, `{"cron": "0 9 * * *"}`; name, event and zone are put around it."""
        words = _WORD.findall(known_as) or ["job"]
        name = self._free(".".join(word.lower() for word in words))
        event = "".join(word[:1].upper() + word[1:] for word in words) + "WasDue"
        event = event if event[0].isalpha() else f"Job{event}"
        item = {"name": name, **when, "zone": zone or self.zone, "event": event}
        self.imported.append(Imported(place, known_as, item, remark))

    def leave_out(self, place: str, known_as: str, reason: str) -> None:
        self.left_out.append(LeftOut(place, known_as, reason))

    def _free(self, name: str) -> str:
        number, free = 1, name
        while free in self._taken:
            number += 1
            free = f"{name}.{number}"
        self._taken.add(free)
        return free
