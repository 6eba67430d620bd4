"""The parts of a task that have a native twin: what a worker at full speed spends its time and its memory in.

Which is taken changes how fast a step is and how large its memory, never what comes of it: both stand behind the same
tests. The runtime decides; by itself the core is pure Python.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from passage_processors.core.order.instants import Instants, first_from, instants_of, runs_of
from passage_processors.core.order.ticks import TickHistory
from passage_processors.core.program.events import MOST_BYTES, Derived
from passage_processors.core.state.cases import CaseBook, Closer
from passage_processors.core.state.keys import is_text
from passage_processors.core.state.markers import IsOver
from passage_processors.core.step.burst import Burst, fire_burst
from passage_schemas.instant import Instant
from passage_schemas.log_record import Record

Reaction = Callable[[bytes, Instant, bytes], object]
"""(key, the fact's instant, the fact to keep); what it answers is not asked for"""


class Parts(NamedTuple):
    """See `cases`, `instants` and `burst`, where each says what it does."""

    name: str
    book: Callable[[TickHistory, Callable[[bytes, bytes | None], None], IsOver], CaseBook]
    fold_plain: Callable[[Sequence[Record], Sequence[Instant], int, Mapping[bytes, Reaction]], int]
    instants_of: Callable[[Sequence[Record], int, int], Instants]
    first_from: Callable[[Instants, int, int], int]
    runs_of: Callable[[Sequence[Record], str], list[tuple[Any, list[Record]]]]
    fire_burst: Callable[[CaseBook, list[bytes], int, int, Burst, Closer, list[Derived]], None]


def fold_plain(
    records: Sequence[Record], instants: Sequence[Instant], at: int, reactions: Mapping[bytes, Reaction]
) -> int:
    """The loop over facts whose body no policy looks into, where a worker at full speed spends nearly all its time.

    Fold records[at:] as long as there is a reaction prepared for their type and nothing else to be said against
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


PURE = Parts("pure", CaseBook, fold_plain, instants_of, first_from, runs_of, fire_burst)
