"""What a user writes where there is no aggregate: on each tick of a schedule, one event, by exactly one task.

The report's own name is its key, so the task of one partition does it, whichever worker has that.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic

from typing_extensions import TypeVar

from passage_schemas.instant import Instant, datetime_of

E = TypeVar("E", default=Any)
"""The event that follows: inferred, as in `policy`."""


@dataclass(frozen=True, slots=True)
class Passed(Generic[E]):
    """A tick, as `Report.event` sees it."""

    schedule: str
    ordinal: int
    period: str
    """The tick's own label, e.g. `2026-Q4`."""
    ends: Instant
    """The instant the period ended, microseconds since 1970 UTC."""

    @property
    def ends_at(self) -> datetime:
        return datetime_of(self.ends)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report(Generic[E]):
    """On every tick of a schedule, from `since` on, an event.

    A tick published before the app was first deployed counts too: say `since` where only later ones should.
    """

    name: str
    of: str
    """The schedule."""
    emits: type[E]
    event: Callable[[Passed[E]], E]
    since: datetime | None = None
    """Ticks that end before this (an aware datetime) are not reported."""
