"""Schedules. Stub of the interface."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from passage_schemas.instant import Instant

from passage_clock.calendars import Calendar

Period = Literal["second", "minute", "hour", "day", "workday", "week", "month", "quarter", "year"]


@dataclass(frozen=True, slots=True)
class Occurrence:
    """An instant a schedule names (`ends_at`), and the period that ends there. Not yet published."""

    period: str
    starts_at: Instant
    ends_at: Instant


@dataclass(frozen=True, slots=True)
class Schedule:
    name: str
    every: Period
    zone: str
    event: str = ""  # default: by `every`
    calendar: Calendar | None = None
    starts_at: Instant | None = None

    @property
    def definition(self) -> str:
        """SHA-256, in hex, of `definition_text`."""
        raise NotImplementedError

    @property
    def definition_text(self) -> str:
        """The definition as canonical JSON."""
        raise NotImplementedError

    def occurrences(self, after: Instant | None) -> Iterator[Occurrence]:
        """All occurrences with ends_at > after, lazily; None: from `starts_at`. Never one that starts before it."""
        raise NotImplementedError

    def first_promise(self, now: Instant) -> Instant | None:
        """The `next_at` to record for a schedule the log has never heard of: its first occurrence from `starts_at`, or
        without one the first that ends after now. None: nothing is known to come."""
        raise NotImplementedError
