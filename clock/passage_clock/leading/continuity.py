"""Whether a configuration goes on from what was published under another one, before anything is written under it.

Pure. The schedules topic keeps every schedule's definition in words, so what it said can be read back and held against
what it says now. A change that would have published other ticks is refused, with the ways out; all of them at once.
"""

from collections.abc import Iterable

from passage_clock.changes import contradictions, refusal
from passage_clock.config import schedule_of_definition
from passage_clock.records.memory import Memory
from passage_clock.schedules import Schedule
from passage_schemas.errors import PassageError
from passage_schemas.schedule_entry import ScheduleEntry


def broken(schedules: Iterable[Schedule], memory: Memory) -> list[str]:
    """A line for each schedule whose changed definition contradicts its ticks, or can't be held against them."""
    found = (_refusal(one, memory.entries.get(one.name), memory) for one in schedules if one.on_change == "refuse")
    return [line for line in found if line is not None]


def _refusal(schedule: Schedule, entry: ScheduleEntry | None, memory: Memory) -> str | None:
    published = memory.published.get(schedule.name)
    if published is None or entry is None or entry.definition == schedule.definition:
        return None
    try:
        before = schedule_of_definition(schedule.name, entry.definition_text)
    except (PassageError, TypeError, ValueError) as error:
        # Whatever stands there, it was not written by this release: no JSON, no mapping, or words we don't know.
        return (
            f"{schedule.name}: its definition on the log can't be read by this release ({error}), so it is not known "
            f"whether the changed one contradicts its {published.last.ordinal} ticks; bring this replica up to date, "
            "or keep what was published by on_change: keep, or give the changed schedule a new name"
        )
    against = contradictions(before, schedule, published.last)
    return refusal(schedule.name, against) if against else None
