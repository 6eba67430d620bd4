"""What the schedules topic should say, and whether we may be the ones to say it.

Pure. An entry is written only when something changed, because every service that lists the schedules hears of it: a
definition, a status, a promise the calendar no longer keeps, a new generation or data version. A schedule that left the
configuration is not forgotten but `removed`, by whom and why; when it returns it goes on at its last ordinal.

Refuses office to a candidate with older configuration or data than the log has seen: in a rolling upgrade the old
replica must not publish Christmas as a workday.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Any

from passage_clock.calendars import holidays_version
from passage_clock.civil import DAY, tzdata_version
from passage_clock.config import schedule_of_definition
from passage_clock.records.clock_state import ClockState
from passage_clock.records.control import StatusAsk
from passage_clock.schedules import Schedule
from passage_schemas.errors import PassageError
from passage_schemas.instant import Instant
from passage_schemas.schedule_entry import ScheduleEntry

RELEASE = re.compile(r"\b([A-Za-z][\w-]*) (\d+(?:\.\w+)+)")

FARTHEST = 3 * DAY
"""How far a change moves an occurrence that keeps its date: zones lie 26 hours apart, times of day 24."""


@dataclass(frozen=True, slots=True)
class Edition:
    """What a candidate decides by: its configuration's generation and the versions of its data."""

    generation: int
    tzdata: str
    holidays: str

    @classmethod
    def at_hand(cls, generation: int) -> "Edition":
        """With the data that is installed here."""
        return cls(generation, tzdata_version(), holidays_version())


def first_instants(
    schedules: Iterable[Schedule], state: ClockState, edition: Edition, now: Instant
) -> dict[str, Instant]:
    """Where the schedules without a tick begin. One that states `starts_at` begins there; another begins where it was
    first promised to, so that a change of leaders before the first tick can't skip one.

    One that skips begins at its last promise, for what lies before it was given up: the wall of the next leader may be
    behind, and would find it in time. With other data that promise is worth nothing: what is late is judged anew."""
    found: dict[str, Instant] = {}
    for schedule in schedules:
        entry = state.entries.get(schedule.name)
        is_ours = entry is not None and not changed_since(entry, schedule, edition)
        promise = state.promise(schedule.name)
        if schedule.misfire == "skip" and is_ours and promise is not None:
            found[schedule.name] = promise
        elif schedule.name not in state.published:
            found[schedule.name] = _beginning(schedule, entry, is_ours, now)
    return found


def changed_since(entry: ScheduleEntry, schedule: Schedule, edition: Edition) -> tuple[str, ...]:
    """What decides about the schedule's occurrences and is not as it was when the entry was written, in a few words
    each; where there is nothing, whoever wrote it would name the very same ones."""
    decided = {
        "tzdata": (entry.tzdata, edition.tzdata),
        "data": (entry.calendar, schedule.rule.data),
    }
    redefined = () if entry.definition == schedule.definition else ("another definition",)
    return redefined + tuple(f"{what} {was} -> {now}" for what, (was, now) in decided.items() if was != now)


def _beginning(schedule: Schedule, entry: ScheduleEntry | None, is_ours: bool, now: Instant) -> Instant:
    """Where a schedule without a tick begins. `is_ours`: what the entry promised is what we would have.

    A promise by another definition, or by other data, says when that one would have come: it is no floor for ours,
    which may come before it. Ours begins as a new schedule does, after now; and no later than the promise, for when
    that has passed it was missed, nor than the instant at which we name the very occurrence that was promised."""
    promise = entry.next_at if entry is not None and schedule.starts_at is None else None
    if is_ours and promise is not None:
        return promise
    first = schedule.first_promise(now)
    begin = first if first is not None else now
    if entry is None or promise is None:
        return begin
    named = _named_earlier(schedule, entry.definition_text, promise)
    return Instant(min(begin, promise, named if named is not None else begin))


def _named_earlier(schedule: Schedule, definition_text: str, promise: Instant) -> Instant | None:
    """When what `promise` was made for comes now, if that is earlier: Monday's at 9:00 that was to come at 9:05. A
    label with an offset (`T`) names an instant by itself and doesn't move."""
    try:
        before = schedule_of_definition(schedule.name, definition_text)
    except (PassageError, TypeError, ValueError):  # as in `promises`: not written by this release
        return None
    promised = next(before.occurrences(Instant(promise - 1)), None)
    ours = takewhile(
        lambda one: one.ends_at < promise and "T" not in one.period, schedule.occurrences(Instant(promise - FARTHEST))
    )
    return next((one.ends_at for one in ours if promised is not None and one.period == promised.period), None)


def is_paused(schedule: str, asks: Mapping[str, StatusAsk]) -> bool:
    ask = asks.get(schedule)
    return ask is not None and ask.status == "paused"


def entries_to_write(
    schedules: Sequence[Schedule],
    promises: Mapping[str, Instant | None],
    state: ClockState,
    edition: Edition,
    by: str,
) -> list[ScheduleEntry]:
    """The entries that must change, in the schedules' order, then those of schedules that left."""
    wanted = [_entry_of(schedule, promises.get(schedule.name), state, edition, by) for schedule in schedules]
    names = {schedule.name for schedule in schedules}
    left = [_removed(entry, edition, by) for name, entry in state.entries.items() if name not in names]
    return [
        replace(entry, sequence=state.sequence)
        for entry in wanted + left
        if _differs(entry, state.entries.get(entry.schedule), state.promise(entry.schedule))
    ]


def newer_than(ours: Edition, entries: Iterable[ScheduleEntry], schedules: Iterable[Schedule] = ()) -> list[str]:
    """Why we must not lead: each thing the log has seen in a newer version, both named. Empty: we may. Of the data of
    `schedules`, ours, those count that the log has seen too."""
    recorded = list(entries)
    generation = max((entry.generation for entry in recorded), default=ours.generation)
    tzdata = max((entry.tzdata for entry in recorded), key=version_key, default=ours.tzdata)
    holidays = max((entry.holidays for entry in recorded), key=version_key, default=ours.holidays)
    found = []
    if generation > ours.generation:
        found.append(f"configuration generation {generation} leads, ours is {ours.generation}")
    if version_key(tzdata) > version_key(ours.tzdata):
        found.append(f"tzdata {tzdata} leads, ours is {ours.tzdata}")
    if version_key(holidays) > version_key(ours.holidays):
        found.append(f"holidays {holidays} leads, ours is {ours.holidays}")
    seen, at_hand = _releases(entry.calendar for entry in recorded), _releases(one.rule.data for one in schedules)
    others = sorted(seen.keys() & at_hand.keys() - {"holidays"})
    older = [source for source in others if version_key(seen[source]) > version_key(at_hand[source])]
    return found + [f"{source} {seen[source]} leads, ours is {at_hand[source]}" for source in older]


def _releases(labels: Iterable[str | None]) -> dict[str, str]:
    """The newest release of each source of data that calendars name: `XNAS, exchange_calendars 4.13.2`."""
    found: dict[str, str] = {}
    for label in {label for label in labels if label is not None}:
        for source, release in RELEASE.findall(label):
            found[source] = max(found.get(source, ""), release, key=version_key)
    return found


def version_key(version: str) -> tuple[tuple[int, int, str], ...]:
    """Orders versions as their makers count: 0.108 after 0.99, 2026c after 2026b, any after none."""
    parts = re.findall(r"\d+|[a-z]+", version.lower())
    return tuple((1, int(part), "") if part.isdigit() else (0, len(part), part) for part in parts)


def _entry_of(
    schedule: Schedule, promise: Instant | None, state: ClockState, edition: Edition, by: str
) -> ScheduleEntry:
    ask, before = state.asks.get(schedule.name), state.entries.get(schedule.name)
    if ask is not None:
        status, status_by, reason = ask.status, ask.by, ask.reason
    else:
        reason = "in the configuration" if before is None else "in the configuration again"
        status, status_by = "active", by
        if before is not None and before.status == "active":
            status_by, reason = before.status_by, before.status_reason
    return ScheduleEntry(
        schedule=schedule.name,
        event=schedule.event,
        zone=schedule.zone,
        calendar=schedule.rule.data,
        definition=schedule.definition,
        definition_text=schedule.definition_text,
        status=status,
        status_by=status_by,
        status_reason=reason,
        next_at=promise,
        sequence=state.sequence,
        generation=edition.generation,
        tzdata=edition.tzdata,
        holidays=edition.holidays,
        **_floor(before),
    )


def _floor(before: ScheduleEntry | None) -> dict[str, Any]:
    """Where the schedule's ticks begin on the topic: retention sets it, everybody else keeps it."""
    if before is None:
        return {}
    return {name: getattr(before, name) for name in ("floor_ordinal", "floor_sequence", "floor_at", "floor_digest")}


def _removed(entry: ScheduleEntry, edition: Edition, by: str) -> ScheduleEntry:
    if entry.status == "removed":
        return entry
    return replace(
        entry,
        status="removed",
        status_by=by,
        status_reason=f"not in the configuration of generation {edition.generation}",
        next_at=None,
        generation=edition.generation,
        tzdata=edition.tzdata,
        holidays=edition.holidays,
    )


def _differs(wanted: ScheduleEntry, recorded: ScheduleEntry | None, promise: Instant | None) -> bool:
    """The sequence alone is no change, and the promise is the one that holds now, by entry or by tick."""
    if recorded is None:
        return True
    held = promise if wanted.status != "removed" else wanted.next_at
    return replace(recorded, sequence=wanted.sequence, next_at=held) != wanted
