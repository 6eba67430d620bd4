"""Calendars: which days count. Stub of the interface."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Calendar:
    country: str
    subdivision: str | None = None

    @property
    def label(self) -> str:
        raise NotImplementedError

    def counts(self, day: date) -> bool:
        raise NotImplementedError


def holidays_version() -> str:
    raise NotImplementedError
