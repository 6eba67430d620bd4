"""What a calendar is: something that says which civil days count as business days, and how far it knows."""

from datetime import date
from typing import Any, Protocol

from passage_schemas.instant import Instant


class Calendar(Protocol):
    """Frozen values: two that say the same are equal, and hash alike."""

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
