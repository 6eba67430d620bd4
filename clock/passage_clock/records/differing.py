"""Whether the file at hand is the one that led under its generation: two files with one generation are a mistake.

Pure. A generation names a file, so that an older file stands back for a newer one. Under one generation nobody can say
which of two is the newer: each leader would undo what the other did, and the one that knows fewer schedules would take
the others away. So whoever comes second may not lead, whichever way its file differs.

What the file of a generation says stands on the schedules topic: every schedule in force, by its definition. Order,
comments and settings that choose no ticks stand in no definition, and make no difference (nor does `keep_days`, which
no entry tells). A definition in older words is read back and held against ours, so that a newer release differs from no
one by itself; one that this release can't read is left to `promises`.

Under one generation one thing may be taken away: what the file names in `retired`. It only goes forward: a file that
still has the schedule differs from then on.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from passage_clock.config import ClockConfig, schedule_of_definition
from passage_clock.schedules import Schedule
from passage_schemas.errors import PassageError
from passage_schemas.schedule_entry import ScheduleEntry

SHOWN = 8
"""Schedules of one kind that are named; a file that differs in more is another file altogether."""

LONGEST_WORD = 60
"""Characters of a definition's value in the line: a calendar's closures may fill a page."""


def differences(config: ClockConfig, entries: Iterable[ScheduleEntry]) -> list[str]:
    """What this file says otherwise than the one that led with its generation, in a few words each; nothing where none
    has led, or a higher one has."""
    recorded = {entry.schedule: entry for entry in entries}
    if max((entry.generation for entry in recorded.values()), default=0) != config.generation:
        return []
    in_force = {name: entry for name, entry in recorded.items() if entry.status != "removed"}
    ours = {schedule.name: schedule for schedule in config.schedules}
    found = {
        "it lacks": [name for name in in_force if name not in ours and name not in config.retired],
        "it adds": [name for name in ours if name not in in_force],
        "it defines otherwise": _redefined(ours, in_force),
    }
    return [f"{what} {_some(names)}" for what, names in found.items() if names]


def told(generation: int, found: Sequence[str]) -> str:
    """The differences, in a sentence."""
    return f"this file is not the one that led with generation {generation}: {'; '.join(found)}"


def mend_of(generation: int) -> str:
    """What is to be done about differences."""
    return (
        f"where the change is meant, raise generation above {generation} on every replica (or name in retired: what is "
        "only to be taken away); else give this replica the file that led"
    )


def _redefined(ours: Mapping[str, Schedule], in_force: Mapping[str, ScheduleEntry]) -> list[str]:
    found = []
    for name, schedule in ours.items():
        entry = in_force.get(name)
        if entry is None or entry.definition == schedule.definition:
            continue
        said = _read_back(name, entry.definition_text)
        if said is not None and said != schedule.definition_text:
            found.append(f"{name} ({_words(said, schedule.definition_text)})")
    return found


def _read_back(name: str, definition_text: str) -> str | None:
    """The definition in this release's words; None where it can't read it."""
    try:
        return schedule_of_definition(name, definition_text).definition_text
    except (PassageError, TypeError, ValueError):  # as in `promises`: not written by this release
        return None


def _words(was_text: str, is_text: str) -> str:
    was, now = json.loads(was_text), json.loads(is_text)
    changed = [word for word in sorted({*was, *now}) if was.get(word) != now.get(word)]
    return ", ".join(f"{word}: {_value(was.get(word))} -> {_value(now.get(word))}" for word in changed)


def _value(value: Any) -> str:
    text = "nothing" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST_WORD else f"{text[: LONGEST_WORD - 3]}..."


def _some(names: Sequence[str]) -> str:
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")
