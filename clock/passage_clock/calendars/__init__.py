"""Calendars: which days count. One module for each source of them."""

from passage_clock.calendars.announced import Notice
from passage_clock.calendars.calendar import Calendar
from passage_clock.calendars.company import Company
from passage_clock.calendars.hours import Hours, OpenSpan
from passage_clock.calendars.national import National, holidays_version, national

__all__ = ["Calendar", "Company", "Hours", "National", "Notice", "OpenSpan", "holidays_version", "national"]
