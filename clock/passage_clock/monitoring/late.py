"""Closures that were announced after their tick had gone out: told, and never edited away.

Pure. A rule counts a closure only if it was announced before the occurrence it would have taken away; so a late one
changes no tick, and whoever counts workdays should hear of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, timedelta
from typing import cast

from passage_clock import civil
from passage_clock.calendars import Calendar, Notice
from passage_clock.schedules import Occurrence, Schedule
from passage_schemas.instant import Instant, datetime_of
from passage_schemas.tick import Tick


@dataclass(frozen=True, slots=True)
class Closure:
    """A closure of one calendar, announced at a known instant, as a schedule's zone sees it."""

    calendar: str
    zone: str
    notice: Notice
    announced_at: Instant

    def came_too_late(self, tick: Tick | Occurrence) -> bool:
        """Whether the tick's day is closed by this, and it had been due before anybody knew."""
        if self.announced_at < tick.ends_at:
            return False
        inside = tick.ends_at - (tick.starts_at < tick.ends_at)
        return self.notice.first <= date.fromordinal(civil.zone(self.zone).day_of(inside)) <= self.notice.last

    def __str__(self) -> str:
        first, last = self.notice.first, self.notice.last
        days = first.isoformat() if first == last else f"{first} to {last}"
        reason = f", {self.notice.reason}" if self.notice.reason else ""
        return f"{self.calendar} closed {days}{reason}, announced {datetime_of(self.announced_at).isoformat()}"


def announced_closures(schedule: Schedule) -> tuple[Closure, ...]:
    """Every closure, with the instant it was announced, of the calendars this schedule's rule is made of."""
    return tuple(
        Closure(calendar.code, schedule.zone, notice, notice.announced_at)
        for calendar in calendars_of(schedule.rule)
        for notice in calendar.closures
        if notice.announced_at is not None
    )


def late_closures(schedule: Schedule, now: Instant) -> Iterator[str]:
    """In a line each: the occurrences before `now` whose day turned out to be closed when they had been due."""
    for closure in announced_closures(schedule):
        begin = civil.instant_of_civil(closure.notice.first, schedule.zone)
        end = civil.instant_of_civil(closure.notice.last + timedelta(days=1), schedule.zone)
        for occurrence in schedule.occurrences(Instant(begin - 1)):
            if occurrence.ends_at > min(end, now):
                break
            if closure.came_too_late(occurrence):
                yield told_late(f"{schedule.name}/{occurrence.period}", closure)


def told_late(key: str, closure: Closure) -> str:
    return f"{key} went out before this closure was announced: {closure}"


def calendars_of(part: object) -> Iterator[Calendar]:
    """The calendars in a rule, however deep: rules are frozen values made of values."""
    if isinstance(part, tuple):
        for one in part:
            yield from calendars_of(one)
    elif hasattr(part, "counts") and hasattr(part, "closures"):
        yield cast(Calendar, part)
    elif is_dataclass(part):
        for field in fields(part):
            yield from calendars_of(getattr(part, field.name))
