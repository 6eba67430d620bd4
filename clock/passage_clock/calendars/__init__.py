"""Calendars: which days count. One module for each source of them.

    national     public holidays and the weekend of a country    ──┐
    market       the days that an exchange trades                ──┼──> company: its own closures, days worked, hours
    another company                                              ──┘

    announced    since when a closure is known: a day counts as it was known at the instant that asks
    hours        from when to when, on each weekday
    moon         phases, for those who choose days by them

Read `calendar` first, for what any of them promises and how far it knows, then `announced`. `market` and `moon` need
extras, and are imported by who asks for them.
"""

from passage_clock.calendars.announced import Notice
from passage_clock.calendars.calendar import Calendar
from passage_clock.calendars.company import Company
from passage_clock.calendars.hours import Hours, OpenSpan
from passage_clock.calendars.national import National, holidays_version, national

__all__ = ["Calendar", "Company", "Hours", "National", "Notice", "OpenSpan", "holidays_version", "national"]
