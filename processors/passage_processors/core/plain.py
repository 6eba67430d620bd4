"""The loops over a batch of records: sorting it in, dating it, and folding the facts whose body no policy looks into.

Apart from the rest because nearly all the time of a worker at full speed is spent in these few lines; each has a native
twin (`parts`).
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from operator import methodcaller
from typing import Any

from passage_log.port import Record
from passage_schemas.instant import Instant

Reaction = Callable[[bytes, Instant, bytes], object]
"""(key, the fact's instant, the fact to keep); what it answers is not asked for"""


def fold_plain(
    records: Sequence[Record], instants: Sequence[Instant], at: int, reactions: Mapping[bytes, Reaction]
) -> int:
    """Fold records[at:] as long as there is a reaction prepared for their type; tells where it stopped.

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
        if react is None or not instant or (key := record.key()) is None:
            return place
        react(key, instant, b"")
    return len(records)


def instants_of(records: Sequence[Record], limit: int, undated: int) -> list[int]:
    """The records' timestamps in microseconds; `undated` for one that does not lie between 0 and `limit`."""
    instants = [record.timestamp()[1] * 1000 for record in records]
    if min(instants) <= 0 or max(instants) >= limit:
        instants = [at if 0 < at < limit else undated for at in instants]
    return instants


def runs_of(records: Sequence[Record], attribute: str) -> list[tuple[Any, list[Record]]]:
    """The records that follow each other and answer alike when asked for this, and what they answer."""
    return [(said, list(run)) for said, run in groupby(records, methodcaller(attribute))]
