"""Sets of days, as `on:` says them: kinds of day, joined, taken away from each other, and moved to workdays."""

from passage_clock.rules.dayset.business import DaysOf, NthWorkday
from passage_clock.rules.dayset.dayset import LONGEST_CLOSURE, DayKind, DaySet, KnownDays, Shift, days_in_year
from passage_clock.rules.dayset.kinds import (
    Dates,
    DaysOfMonth,
    Joined,
    MonthDay,
    Moon,
    NthWeekday,
    Stretch,
    Weekdays,
    date_of,
)

__all__ = [
    "LONGEST_CLOSURE",
    "Dates",
    "DayKind",
    "DaySet",
    "DaysOf",
    "DaysOfMonth",
    "Joined",
    "KnownDays",
    "MonthDay",
    "Moon",
    "NthWeekday",
    "NthWorkday",
    "Shift",
    "Stretch",
    "Weekdays",
    "date_of",
    "days_in_year",
]
