"""The loops that sort a batch of records in: their instants, where they pass one, and which follow each other.

Apart from the rest because a worker at full speed spends its time here; each has a native twin (`parts`).
"""

from array import array
from collections.abc import Callable, Sequence
from itertools import groupby
from operator import methodcaller
from typing import Any, Protocol, TypeAlias

from passage_schemas.log_record import Record

Instants: TypeAlias = "list[int] | array[int]"
"""Whatever slices, grows and is cut like a list; never both kinds in one place."""


class Sorting(Protocol):
    """What sorts a batch in: the loops below, or their native twins."""

    @property
    def instants_of(self) -> Callable[[Sequence[Record], int, int], Instants]: ...

    @property
    def first_from(self) -> Callable[[Instants, int, int], int]: ...


def instants_of(records: Sequence[Record], limit: int, undated: int) -> Instants:
    """The records' timestamps in microseconds; `undated` for one that does not lie between 0 and `limit`."""
    instants = [record.timestamp()[1] * 1000 for record in records]
    if min(instants) <= 0 or max(instants) >= limit:
        instants = [at if 0 < at < limit else undated for at in instants]
    return instants


def first_from(instants: Instants, at: int, before: int) -> int:
    """The place of the first instant from instants[at] on that is not before this; behind the last if all are."""
    if max(instants[at:], default=before) < before:
        return len(instants)  # nearly always, so that nothing need be compared one by one
    return next((place for place in range(at, len(instants)) if instants[place] >= before), len(instants))


def runs_of(records: Sequence[Record], attribute: str) -> list[tuple[Any, list[Record]]]:
    """The records that follow each other and answer alike when asked for this, and what they answer."""
    return [(answer, list(run)) for answer, run in groupby(records, methodcaller(attribute))]
