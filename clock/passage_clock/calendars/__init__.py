"""Calendars: which days count. One module for each source of them."""

from passage_clock.calendars.calendar import Calendar
from passage_clock.calendars.national import National, holidays_version, national

__all__ = ["Calendar", "National", "holidays_version", "national"]
