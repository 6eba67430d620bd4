"""What a calendar is: something that says which civil days count as business days, and how far it knows."""

from datetime import date
from typing import Any, Protocol

from passage_clock.calendars.announced import Notice
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

    def is_weekend(self, day: date) -> bool:
        """Whether its weekday is one on which nobody works, holiday or not."""
        ...

    def is_holiday(self, day: date) -> bool:
        """Whether it is a day off by name, be it in the weekend where the data tells of those."""
        ...

    def why_closed(self, day: date) -> str | None:
        """In a few words why it is no business day: a holiday's name, a closure's reason, `weekend`; None for one that
        is. For people. Raises CalendarError outside the years the data knows."""
        ...

    @property
    def closures(self) -> tuple[Notice, ...]:
        """The closures it was told of one by one, in order of their days: for whoever asks which came too late."""
        ...

    @property
    def announced_until(self) -> Instant | None:
        """When the last of what it knows was announced; None: all of it was always known."""
        ...

    def as_of(self, instant: Instant) -> "Calendar":
        """The calendar as it was known then: what was announced at that instant or later is not in it."""
        ...

    def seen_on(self, day: date, known_at: Instant) -> "Calendar":
        """The calendar one had at `known_at`, which is on this day: of this day and those to come what was announced
        before `known_at`, of each day gone by what was announced before the same hour of its own."""
        ...
