"""What a calendar is: something that says which civil days count as business days, and how far it knows."""

from datetime import date
from typing import Any, Protocol, runtime_checkable

from passage_schemas.instant import Instant


class Calendar(Protocol):
    """Frozen values: two that say the same are equal, and hash alike."""

    def __hash__(self) -> int: ...

    @property
    def code(self) -> str:
        """How the configuration names it: NL, DE/BY, XNYS, or a company's own name."""
        ...

    @property
    def label(self) -> str:
        """What a tick says about it: `NL, holidays 0.108`."""
        ...

    @property
    def definition(self) -> Any:
        """As the configuration would write it where it is used, JSON values: the code, or a company's own mapping."""
        ...

    @property
    def first_year(self) -> int: ...

    @property
    def last_year(self) -> int:
        """The horizon: the last year the data knows. What lies behind it must not be guessed."""
        ...

    def counts(self, day: date, known_at: Instant | None = None) -> bool:
        """Whether this is a business day, by what had been announced before `known_at` (None: by all that is known).
        Raises CalendarError outside the years the data knows."""
        ...

    def as_of(self, instant: Instant) -> "Calendar":
        """The calendar as it was known then."""
        ...


@runtime_checkable
class Weekly(Calendar, Protocol):
    """A calendar that knows its weekend, and its holidays whatever their weekday: what a company builds upon."""

    def is_weekend(self, day: date) -> bool:
        """Whether its weekday is one on which nobody works, holiday or not."""
        ...

    def is_holiday(self, day: date) -> bool:
        """Whether it is named as a day off, be it in the weekend."""
        ...


def is_weekend(calendar: Calendar, day: date) -> bool:
    """Whether this is the calendar's weekend: Saturday and Sunday for one that does not say."""
    return calendar.is_weekend(day) if isinstance(calendar, Weekly) else day.weekday() >= 5


def is_holiday(calendar: Calendar, day: date) -> bool:
    """Whether this is a day off by name; a calendar that does not say has none in its weekend."""
    if isinstance(calendar, Weekly):
        return calendar.is_holiday(day)
    return not is_weekend(calendar, day) and not calendar.counts(day)
