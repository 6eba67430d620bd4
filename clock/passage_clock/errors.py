"""What can go wrong with the clock, by what the caller must do about it."""

from passage_schemas.errors import PassageError


class ClockError(PassageError):
    """The clock could not do what was asked. The message says what was seen, where, and what would mend it."""


class PlanError(ClockError):
    """A schedule would break its own promise (a repeated label, no place to start). An operator has to change it."""


class PromiseError(ClockError):
    """Whoever is about to lead would not keep what the log has promised. Another candidate may keep it: let it lead."""


class CalendarError(ClockError):
    """There is no such calendar, or its data does not reach as far as was asked."""


class ZoneError(ClockError):
    """There is no such zone in the zone data at hand."""


class ScheduleError(ClockError):
    """The schedule contradicts itself."""
