"""What a changed configuration changes: which ticks would come, go or move, and which already published it contradicts.

Pure, and bounded: a schedule of seconds has 31 million ticks a year, so of each schedule only so many are compared, and
every answer says how far it reaches. Two schedules are compared as their definitions name ticks; data that is newer
(holidays, tzdata) is no change of a definition.
"""

import json
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, takewhile
from operator import attrgetter
from typing import Any, Literal

from passage_clock import civil
from passage_clock.planning.progress import LastTick, used_before
from passage_clock.schedules import Occurrence, Schedule
from passage_schemas.instant import Instant, datetime_of

COMPARED = 20_000
"""Ticks of one schedule that are compared: two years of hours, a fortnight of minutes."""

LISTED = 1_000
"""Of those that change, so many are listed; the others are counted."""

REMEMBERED = 366
"""Published ticks a new definition is held against: a year of days. Whoever changes a rule changes these too."""


@dataclass(frozen=True, slots=True)
class TickChange:
    """A tick that comes (`was_at` None), goes (`at` None), or moves."""

    period: str
    was_at: Instant | None
    at: Instant | None

    @property
    def kind(self) -> Literal["comes", "goes", "moves"]:
        if self.was_at is None:
            return "comes"
        return "goes" if self.at is None else "moves"

    @property
    def first_at(self) -> Instant:
        """The earlier of its instants."""
        return Instant(min(at for at in (self.was_at, self.at) if at is not None))


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one schedule. `fields`: what its definition said and says (None: nothing), word by word.

    `ticks` are listed in order of their instants, at most LISTED; `more` are not. All of them end before
    `compared_until`: behind it nothing was looked at."""

    schedule: str
    kind: Literal["added", "removed", "redefined"]
    fields: Mapping[str, tuple[Any, Any]]
    ticks: tuple[TickChange, ...]
    more: int
    compared_until: Instant


def changes(old: Sequence[Schedule], new: Sequence[Schedule], since: Instant, until: Instant) -> list[Change]:
    """Every schedule that is not what it was, with its ticks that end in (since, until]: those of `new` in its order,
    then what was removed."""
    before = {schedule.name: schedule for schedule in old}
    after = {schedule.name: schedule for schedule in new}
    found = [_change(before.get(schedule.name), schedule, since, until) for schedule in new]
    found += [_change(schedule, None, since, until) for schedule in old if schedule.name not in after]
    return [change for change in found if change is not None]


def _change(old: Schedule | None, new: Schedule | None, since: Instant, until: Instant) -> Change | None:
    schedule = new or old
    assert schedule is not None
    if old == new:
        return None
    ticks, reached = _compared(old, new, since, until)
    kind: Literal["added", "removed", "redefined"] = "redefined" if old and new else "added" if new else "removed"
    listed = tuple(ticks[:LISTED])
    return Change(schedule.name, kind, _fields(old, new), listed, len(ticks) - len(listed), reached)


def _fields(old: Schedule | None, new: Schedule | None) -> dict[str, tuple[Any, Any]]:
    before, after = _said(old), _said(new)
    words = dict.fromkeys((*before, *after))
    return {word: (before.get(word), after.get(word)) for word in words if before.get(word) != after.get(word)}


def _said(schedule: Schedule | None) -> dict[str, Any]:
    """What the user decided, with what is no part of the definition."""
    if schedule is None:
        return {}
    said: dict[str, Any] = json.loads(schedule.definition_text)
    if schedule.keep_days is not None:
        said["keep_days"] = schedule.keep_days
    return said | ({"on_change": "keep"} if schedule.on_change == "keep" else {})


def _compared(
    old: Schedule | None, new: Schedule | None, since: Instant, until: Instant
) -> tuple[list[TickChange], Instant]:
    """The ticks that differ, and up to where was looked."""
    was, reached_old = _within(old, since, until)
    now, reached_new = _within(new, since, until)
    reached = min(reached_old, reached_new)
    was, now = ([one for one in ticks if one.ends_at <= reached] for ticks in (was, now))
    return differing(was, now), reached


def _within(schedule: Schedule | None, since: Instant, until: Instant) -> tuple[list[Occurrence], Instant]:
    if schedule is None:
        return [], until
    found = list(islice(_until(schedule.occurrences(since), until), COMPARED + 1))
    return (found, until) if len(found) <= COMPARED else (found[:-1], found[-2].ends_at)


def _until(coming: Iterator[Occurrence], until: Instant) -> Iterator[Occurrence]:
    for occurrence in coming:
        if occurrence.ends_at > until:
            return
        yield occurrence


def differing(was: Sequence[Occurrence], now: Sequence[Occurrence]) -> list[TickChange]:
    """What comes, goes and moves between the two, in order of their instants."""
    was_at = {one.period: one.ends_at for one in was}
    now_at = {one.period: one.ends_at for one in now}
    found = (
        TickChange(period, was_at.get(period), now_at.get(period))
        for period in dict.fromkeys((*was_at, *now_at))
        if was_at.get(period) != now_at.get(period)
    )
    return sorted(found, key=attrgetter("first_at"))


def contradictions(old: Schedule, new: Schedule, last: LastTick) -> list[TickChange]:
    """Where the new definition says otherwise of what was published under the old one, newest first.

    Held against it are the last REMEMBERED ticks up to `last`, as far as the new definition speaks of that time: of
    what lies before its own `starts_at` it says nothing. A tick that `comes` is one it names that is not there."""
    if old.definition_text == new.definition_text:
        return []
    published = _published(old, last)
    begin, earlier = published[0].ends_at, _first_if_earlier(old, new, published, last)
    coming = new.occurrences(Instant(begin - 1))
    spoken_of = takewhile(lambda one: one.ends_at <= last.ends_at or used_before(one.period, last.period), coming)
    named = [*earlier, *spoken_of]
    if new.starts_at is not None:
        labels = {one.period for one in named}
        published = [one for one in published if one.starts_at >= new.starts_at or one.period in labels]
    return differing(published, named)[::-1]


def refusal(name: str, found: Sequence[TickChange]) -> str:
    """Why a change is refused, and both ways out, in a line."""
    newest = found[0]
    was, at = (at and datetime_of(at).isoformat() for at in (newest.was_at, newest.at))
    said = {
        "comes": f"{newest.period} at {at} should be there and is not",
        "goes": f"{newest.period} at {was} would not be one",
        "moves": f"{newest.period} at {was} would be at {at}",
    }[newest.kind]
    count = "a tick" if len(found) == 1 else f"{len(found)} ticks"
    return (
        f"{name}: its changed definition contradicts {count} of the past, the last: {said}; keep what was published by "
        "on_change: keep, which changes only the future, or give the changed schedule a new name"
    )


def _published(old: Schedule, last: LastTick) -> list[Occurrence]:
    """The last ticks, `last` among them even if the old rule does not name it, in order."""
    wanted, back = min(last.ordinal, REMEMBERED), 64 * civil.SECOND
    while True:
        begin = Instant(max(last.ends_at - back, 0))
        found = deque(_until(old.occurrences(begin), last.ends_at), maxlen=wanted)
        if len(found) == wanted or begin == 0:
            break
        back *= 4
    if not found or (found[-1].period, found[-1].ends_at) != (last.period, last.ends_at):
        found.append(Occurrence(last.period, last.ends_at, last.ends_at))
    return list(found)


def _first_if_earlier(
    old: Schedule, new: Schedule, published: Sequence[Occurrence], last: LastTick
) -> list[Occurrence]:
    """The first tick the new definition names, where the old one's first came later."""
    if new.starts_at is None or (old.starts_at is None and last.ordinal > REMEMBERED):
        return []
    first = published[0] if old.starts_at is None else next(old.occurrences(None))
    return [one for one in islice(new.occurrences(None), 1) if one.ends_at < first.ends_at]
