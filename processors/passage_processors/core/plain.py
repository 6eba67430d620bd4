"""The inner loop: facts whose body no policy looks into, told by their first bytes and handed to a prepared reaction.

Apart from the rest of the fold because nearly all the time of a worker at full speed is spent in these few lines.
"""

from collections.abc import Callable, Mapping, Sequence

from passage_log.port import Record
from passage_schemas.fingerprint import PREFIX_BYTES
from passage_schemas.instant import Instant

Reaction = Callable[[bytes, Instant, bytes], None]
"""(key, the fact's instant, the fact to keep)"""


def fold_plain(
    records: Sequence[Record], instants: Sequence[Instant], at: int, reactions: Mapping[bytes, Reaction]
) -> int:
    """Fold records[at:] as long as there is a reaction prepared for their type; tells where it stopped."""
    if not reactions:
        return at
    prefix = slice(PREFIX_BYTES)
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
