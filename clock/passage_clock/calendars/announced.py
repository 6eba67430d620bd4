"""What was announced, and when: the closures and extra workdays a calendar learned of as time went by.

Most calendars say nothing of it, and are what they are. One that does is `Announcing`, and can be asked for the
calendar one had at an instant, or on a day.
"""

from dataclasses import dataclass
from datetime import date
from typing import Protocol, runtime_checkable

from passage_clock.calendars.calendar import Calendar
from passage_schemas.instant import Instant

LATEST = Instant(2**62)
"""After everything: where nothing better can be said of when a calendar's last announcement was."""


@dataclass(frozen=True, slots=True)
class Notice:
    """That the days from `first` to `last` are closed, or are worked. `announced_at` None: it was always known."""

    first: date
    last: date
    announced_at: Instant | None = None
    reason: str = ""


@runtime_checkable
class Announcing(Calendar, Protocol):
    """A calendar that knows when it learned of a closure."""

    @property
    def closures(self) -> tuple[Notice, ...]:
        """Every closure it was told of by name, its base's among them: for whoever asks which came too late."""
        ...

    @property
    def announced_until(self) -> Instant | None:
        """When the last of its closures and extra workdays was announced; None: all of them were always known."""
        ...

    def seen_on(self, day: date, known_at: Instant) -> Calendar:
        """The calendar one had at `known_at`, which is on this day: of this day and those to come what was announced
        before `known_at`, of each day gone by what was announced before the same hour of its own."""
        ...


def closures(calendar: Calendar) -> tuple[Notice, ...]:
    """The closures a calendar was told of by name; none of a country's, whose lists do not say."""
    return calendar.closures if isinstance(calendar, Announcing) else ()


def announced_until(calendar: Calendar) -> Instant | None:
    """When a calendar learned its last; None: what it says was always known."""
    if isinstance(calendar, Announcing):
        return calendar.announced_until
    return None if calendar.as_of(Instant(0)) == calendar else LATEST


def seen_on(calendar: Calendar, day: date, known_at: Instant) -> Calendar:
    """The calendar one had at `known_at`, which is on this day."""
    return calendar.seen_on(day, known_at) if isinstance(calendar, Announcing) else calendar.as_of(known_at)
