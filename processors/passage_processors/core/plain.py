"""The loops over a batch of records: sorting it in, dating it, and folding the facts whose body no policy looks into.

Apart from the rest because nearly all the time of a worker at full speed is spent in these few lines; each has a native
twin (`parts`).
"""

from array import array
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from operator import methodcaller
from typing import Any, TypeAlias

from passage_log.port import Record
from passage_processors.core.effects import MOST_BYTES
from passage_processors.core.keys import is_text
from passage_schemas.instant import Instant

Instants: TypeAlias = "list[int] | array[int]"
"""Whatever slices, grows and is cut like a list; never both kinds in one place."""
Reaction = Callable[[bytes, Instant, bytes], object]
"""(key, the fact's instant, the fact to keep); what it answers is not asked for"""


def fold_plain(
    records: Sequence[Record], instants: Sequence[Instant], at: int, reactions: Mapping[bytes, Reaction]
) -> int:
    """Fold records[at:] as long as there is a reaction prepared for their type and nothing else to be said against
    them: no key that is text, no date, more bytes than can be kept. Tells where it stopped.

    Reactions are by the first bytes of a value, as many for all of them.
    """
    if not reactions:
        return at
    prefix = slice(len(next(iter(reactions))))
    for place in range(at, len(records)):
        record, instant = records[place], instants[place]
        value = record.value()
        if value is None:
            continue  # a tombstone says nothing happened
        react = reactions.get(value[prefix])
        if react is None or not instant or (key := record.key()) is None or len(key) + len(value) > MOST_BYTES:
            return place
        if not key.isascii() and not is_text(key):
            return place
        react(key, instant, b"")
    return len(records)


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
    return [(said, list(run)) for said, run in groupby(records, methodcaller(attribute))]
