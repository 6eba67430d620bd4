"""The clock: publishes the passage of time onto the log, one tick for every period that ends.

The pure half is named here: civil time, calendars, schedules, the plan, the configuration. What runs it is imported by
module (`passage_clock.service`).
"""

from passage_clock.calendars import Calendar, calendar_of, holidays_version
from passage_clock.civil import tzdata_version, zone_names
from passage_clock.config import ClockConfig, Topics, load
from passage_clock.errors import CalendarError, ClockError, ConfigError, PlanError, ScheduleError, ZoneError
from passage_clock.plan import LastTick, Plan, Planned
from passage_clock.schedules import EVENTS, PERIODS, Occurrence, Period, Schedule
from passage_clock.ticks import EncodedTick, TickTemplate, TickWriter
from passage_clock.wall import MachineWall, SettableWall, Wall

__all__ = [
    "EVENTS",
    "PERIODS",
    "Calendar",
    "CalendarError",
    "ClockConfig",
    "ClockError",
    "ConfigError",
    "EncodedTick",
    "LastTick",
    "MachineWall",
    "Occurrence",
    "Period",
    "Plan",
    "PlanError",
    "Planned",
    "Schedule",
    "ScheduleError",
    "SettableWall",
    "TickTemplate",
    "TickWriter",
    "Topics",
    "Wall",
    "ZoneError",
    "calendar_of",
    "holidays_version",
    "load",
    "tzdata_version",
    "zone_names",
]
