"""Whether what comes next is what the log has promised, before anything is written under it.

Pure. Processors wait by a promise (`next_at`): a tick before it is one they have not waited for, and one that never
comes is a day that nobody counts. What moves a promise is on the log: a changed definition, newer data, a skip, each
with an entry of its own. Where nothing has changed the next tick is the promised one; a rule that names another depends
on where one looks from, or is read otherwise by another release.

The schedules topic keeps every schedule's definition in words, so what it said can be read back and held against what
it says now. A changed definition that would have published other ticks is refused (`broken`), with the ways out.

Refuses to say who is right, the log or the rule at hand: whoever can't keep the promise doesn't lead.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from passage_clock.changes import contradictions, refusal
from passage_clock.config import schedule_of_definition
from passage_clock.errors import PlanError, PromiseError
from passage_clock.planning.progress import LastTick, start
from passage_clock.planning.sharing import Sharing
from passage_clock.records.clock_state import ClockState
from passage_clock.records.entries import Edition, changed_since, first_instants
from passage_clock.schedules import Schedule
from passage_schemas.errors import PassageError
from passage_schemas.instant import Instant, datetime_of
from passage_schemas.schedule_entry import ScheduleEntry

SHOWN = 8
"""Schedules that are named: a release that reads rules otherwise may concern them all."""

MEND = (
    "let a replica lead whose release keeps the promise; where a changed rule names again what has its tick, leave "
    "on_change: keep until the next has come; where this release is right, say the rule in other words under a raised "
    "generation, so that the log tells of the change, or give the schedule a new name"
)


@dataclass(frozen=True, slots=True)
class Moved:
    """A promise that stands on the log, and what would come instead. `changed`: what is not as it was when the promise
    was made, in a few words each; where there is nothing, the promise would be broken."""

    schedule: str
    promised_at: Instant
    next_at: Instant | None
    changed: tuple[str, ...]

    def __str__(self) -> str:
        promised, following = (at and datetime_of(at).isoformat() for at in (self.promised_at, self.next_at))
        named = "none any more" if following is None else following
        by = f"now, by {', '.join(self.changed)}" if self.changed else "by the same definition and data this replica"
        return f"{self.schedule}: the next tick is promised at {promised}, and {by} names {named}"


def compared(
    schedules: Iterable[Schedule], promises: Mapping[str, Instant | None], state: ClockState, edition: Edition
) -> list[Moved]:
    """Where `promises`, a plan's before it gives anything up, are not those on the log."""
    found: list[Moved] = []
    for schedule in schedules:
        promised_at, next_at = state.promise(schedule.name), promises.get(schedule.name)
        entry = state.entries.get(schedule.name)
        if entry is not None and promised_at is not None and promised_at != next_at:
            found.append(Moved(schedule.name, promised_at, next_at, changed_since(entry, schedule, edition)))
    return found


def unkept(found: Iterable[Moved]) -> list[Moved]:
    """Those that nothing on the log explains."""
    return [one for one in found if not one.changed]


def hold(found: Iterable[Moved]) -> None:
    """Raises PromiseError where one would be broken."""
    if broken := unkept(found):
        raise PromiseError(told(broken))


def told(found: Sequence[Moved]) -> str:
    """All of them, in one line."""
    more = len(found) - SHOWN
    return "; ".join(map(str, found[:SHOWN])) + (f"; and {more} more" if more > 0 else "")


def compared_by_the_rules(schedules: Iterable[Schedule], state: ClockState, edition: Edition) -> list[Moved]:
    """As a leader would find it that took office now, of the schedules with ticks and the definition the log knows. One
    whose entry tells of ticks that were not read yet is left out."""
    known = [one for one in schedules if _is_known(one, state)]
    # Of a schedule with ticks none begins by the time of day.
    first_at, sharing = first_instants(known, state, edition, Instant(0)), Sharing()
    names = {one.name: _next_at(one, state.published[one.name].last, first_at.get(one.name), sharing) for one in known}
    return compared(known, names, state, edition)


def _is_known(schedule: Schedule, state: ClockState) -> bool:
    entry = state.entries.get(schedule.name)
    if entry is None or schedule.name not in state.published or entry.sequence > state.sequence:
        return False
    return entry.definition == schedule.definition


def _next_at(schedule: Schedule, last: LastTick, first_at: Instant | None, sharing: Sharing) -> Instant | None:
    try:
        return start(schedule, last, first_at, sharing).promise
    except PlanError:  # It names a label a second time, and what it names is told all the same.
        return next((one.ends_at for one in schedule.occurrences(last.ends_at)), None)


def broken(schedules: Iterable[Schedule], state: ClockState) -> list[str]:
    """A line for each schedule whose changed definition contradicts its ticks, or can't be held against them."""
    found = (_refusal(one, state.entries.get(one.name), state) for one in schedules if one.on_change == "refuse")
    return [line for line in found if line is not None]


def _refusal(schedule: Schedule, entry: ScheduleEntry | None, state: ClockState) -> str | None:
    published = state.published.get(schedule.name)
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
