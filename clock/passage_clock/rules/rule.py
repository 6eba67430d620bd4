"""What a rule is: a way of saying when, which names occurrences one after another.

Pure. An occurrence follows from the rule and never from the present, so a late look cannot shift one. A rule is a
frozen value: two that say the same are equal, and hash alike.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, Self

from passage_schemas.instant import Instant


@dataclass(frozen=True, slots=True)
class Occurrence:
    """An instant a rule names (`ends_at`), and the period that ends there. Not yet published.

    `period` is its label: ISO 8601, unique within its rule for ever. A moment has no length: it starts where it ends.
    """

    period: str
    starts_at: Instant
    ends_at: Instant


class Rule(Protocol):
    """A way of saying when.

    What holds for each: ends strictly increase; labels are unique; the same rule gives the same occurrences whatever
    instant one begins at; nothing is guessed behind the data's end.
    """

    @property
    def zone(self) -> str:
        """The IANA zone its civil times are read in."""
        ...

    @property
    def event(self) -> str:
        """What its ticks are called unless the user says otherwise: DayHasPassed."""
        ...

    @property
    def data(self) -> str | None:
        """Which calendar decided, and by which release: `NL, holidays 0.108`. None: only the zone did."""
        ...

    @property
    def known_from(self) -> Instant | None:
        """Before it the rule's data knows nothing; None: nothing limits it."""
        ...

    @property
    def known_until(self) -> Instant | None:
        """The horizon: no occurrence is named at or after it, for the data ends there. None: nothing limits it."""
        ...

    @property
    def definition(self) -> Mapping[str, Any]:
        """The rule in the configuration's own words, as JSON values: reading it back gives an equal rule. What was left
        out in the file is left out here, so that a new default field changes no definition."""
        ...

    def occurrences(self, since: Instant) -> Iterator[Occurrence]:
        """In order, without end, lazily, from one at or before the first that ends after `since`; ends only at
        `known_until`."""
        ...

    def as_of(self, instant: Instant) -> "Rule":
        """The rule as it was known then: what was announced later is not in it. Itself, where nothing is announced."""
        ...


class ByTheZone:
    """What a rule answers where nothing but its zone decides: no calendar, no edge, nothing announced."""

    __slots__ = ()

    @property
    def data(self) -> None:
        return None

    @property
    def known_from(self) -> None:
        return None

    @property
    def known_until(self) -> None:
        return None

    def as_of(self, instant: Instant) -> Self:
        del instant
        return self
