"""The clock: publishes the passage of time onto the log, one tick for every period that ends.

The pure half is named here: civil time, calendars, schedules, the plan, the configuration. What runs it is imported by
module (`passage_clock.leading.service`).
"""

from passage_clock.calendars import Calendar, National, holidays_version, national
from passage_clock.civil import tzdata_version, zone_names
from passage_clock.config import ClockConfig, Topics, load
from passage_clock.errors import CalendarError, ClockError, PlanError, ScheduleError, ZoneError
from passage_clock.planning.plan import LastTick, Plan, Planned
from passage_clock.records.ticks import EncodedTick, TickTemplate, TickWriter
from passage_clock.schedules import PERIODS, Occurrence, Period, Rule, Schedule, periodic
from passage_clock.wall import MachineWall, SettableWall, Wall
from passage_schemas.errors import ConfigError

__all__ = [
    "PERIODS",
    "Calendar",
    "CalendarError",
    "ClockConfig",
    "ClockError",
    "ConfigError",
    "EncodedTick",
    "LastTick",
    "MachineWall",
    "National",
    "Occurrence",
    "Period",
    "Plan",
    "PlanError",
    "Planned",
    "Rule",
    "Schedule",
    "ScheduleError",
    "SettableWall",
    "TickTemplate",
    "TickWriter",
    "Topics",
    "Wall",
    "ZoneError",
    "holidays_version",
    "load",
    "national",
    "periodic",
    "tzdata_version",
    "zone_names",
]
