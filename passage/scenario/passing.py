"""The words for time in a scenario: so many ticks, or as far as a date.

Refuses to know which schedules there are: whoever plays a step does.
"""

from dataclasses import dataclass
from datetime import date, datetime, time

from passage_processors import AppError
from passage_schemas.given.document import no_date


@dataclass(frozen=True, slots=True)
class Passing:
    """So many ticks pass: of the schedule named `of`, or of the app's only one with this period."""

    count: int
    every: str | None = None
    of: str | None = None


@dataclass(frozen=True, slots=True)
class Until:
    """Time passes until then, every tick between."""

    moment: datetime | date

    def within(self, day: datetime) -> datetime:
        """The instant meant, where `day` tells the time of day and the zone of what says neither."""
        if not isinstance(self.moment, datetime):
            return datetime.combine(self.moment, day.timetz())
        return self.moment if self.moment.tzinfo is not None else self.moment.replace(tzinfo=day.tzinfo)


def ticks_pass(count: int, of: str) -> Passing:
    """`count` ticks of the schedule named `of`."""
    return Passing(count, of=of)


def days_pass(count: int, of: str | None = None) -> Passing:
    """`count` days pass: of the only schedule of days, or of the one named `of`."""
    return Passing(count, "day", of)


def day_passes(of: str | None = None) -> Passing:
    """One day passes."""
    return days_pass(1, of)


def workdays_pass(count: int, of: str | None = None) -> Passing:
    """`count` workdays pass, and the days between that are none."""
    return Passing(count, "workday", of)


def workday_passes(of: str | None = None) -> Passing:
    """One workday passes."""
    return workdays_pass(1, of)


def until(moment: str | date | datetime) -> Until:
    """Time passes until then. A date, `2026-12-31`, is that day at the time of day at which the scenario began; a time
    without an offset, `2026-12-31T09:00`, is in its zone. Raises AppError for what is no date."""
    if not isinstance(moment, str):
        return Until(moment)
    try:
        read = datetime.fromisoformat(moment)
    except ValueError as error:
        raise AppError(f"until: {no_date(moment, error)}; write 2026-12-31 or 2026-12-31T09:00") from None
    return Until(read.date() if _is_bare(moment, read) else read)


def _is_bare(moment: str, read: datetime) -> bool:
    """A date alone, in any of ISO 8601's ways to write one."""
    return read.time() == time() and not any(sign in moment for sign in "T :")
