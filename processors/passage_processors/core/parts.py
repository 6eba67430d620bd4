"""The parts of a task that have a native twin: what a worker at full speed spends its time and its memory in.

Which is taken changes how fast a step is and how large its memory, never what comes of it: both stand behind the same
tests. The runtime decides; by itself the core is pure Python.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from passage_log.port import Record
from passage_processors.core.burst import Burst, fire_burst
from passage_processors.core.cases import CaseBook, Closer
from passage_processors.core.effects import Derived
from passage_processors.core.markers import IsOver
from passage_processors.core.plain import Instants, Reaction, first_from, fold_plain, instants_of, runs_of
from passage_processors.core.ticks import TickHistory
from passage_schemas.instant import Instant


class Parts(NamedTuple):
    """See `cases`, `plain` and `burst`, where each says what it does."""

    name: str
    book: Callable[[TickHistory, Callable[[bytes, bytes | None], None], IsOver], CaseBook]
    fold_plain: Callable[[Sequence[Record], Sequence[Instant], int, Mapping[bytes, Reaction]], int]
    instants_of: Callable[[Sequence[Record], int, int], Instants]
    first_from: Callable[[Instants, int, int], int]
    runs_of: Callable[[Sequence[Record], str], list[tuple[Any, list[Record]]]]
    fire_burst: Callable[[CaseBook, list[bytes], int, int, Burst, Closer, list[Derived]], None]


PURE = Parts("pure", CaseBook, fold_plain, instants_of, first_from, runs_of, fire_burst)
