"""The loop over the facts whose body no policy looks into.

Apart from the rest because nearly all the time of a worker at full speed is spent in these few lines; it has a native
twin (`parts`).
"""

from collections.abc import Callable, Mapping, Sequence

from passage_processors.core.program.events import MOST_BYTES
from passage_processors.core.state.keys import is_text
from passage_schemas.instant import Instant
from passage_schemas.log_record import Record

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
