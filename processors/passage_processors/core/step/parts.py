"""The parts of a task that have a native twin: what a worker at full speed spends its time and its memory in.

Which is taken changes how fast a step is and how large its memory, never what comes of it: both stand behind the same
tests. The runtime decides; by itself the core is pure Python.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from passage_processors.core.order.instants import Instants, first_from, instants_of, runs_of
from passage_processors.core.order.ticks import TickHistory
from passage_processors.core.program.events import Derived
from passage_processors.core.state.cases import CaseBook, Closer
from passage_processors.core.state.markers import IsOver
from passage_processors.core.step.burst import Burst, fire_burst
from passage_processors.core.step.plain import Reaction, fold_plain
from passage_schemas.instant import Instant
from passage_schemas.log_record import Record


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
