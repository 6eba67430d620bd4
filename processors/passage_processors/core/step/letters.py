"""What could not be handled: the letters of a step, and whether there are so many that the worker should stop."""

from typing import NamedTuple

from passage_processors.core.order.timeline import Run
from passage_processors.core.program.handlers import CountdownError
from passage_processors.core.program.program import Program
from passage_processors.core.program.refusals import RefusedFact, said, shortened
from passage_processors.errors import Stopped
from passage_processors.model.ticks import SeenTick
from passage_schemas.errors import SchemaError
from passage_schemas.headers import read_headers
from passage_schemas.instant import Instant
from passage_schemas.log_record import Header, Record

MOST_LETTERS = 1_000
"""In one step, whose cut names each refused fact and must itself fit a record."""
MOST_QUOTED = 300
"""Bytes of a key in a reason, which is cut where it is long: what went wrong must still be in it."""
_OURS = (SchemaError, RefusedFact, CountdownError)
_ROOMS = ("passage.", "passage_")


class DeadLetter(NamedTuple):
    """Something that could not be handled, with the reason. `topic` and `offset` are the refused fact's; a
    wake-up's (`parked`) are the schedule and ordinal of the tick it was due at."""

    topic: str
    offset: int
    key: bytes | None
    value: bytes | None
    instant: Instant
    reason: str
    parked: bool
    headers: list[Header]
    """The refused fact's own."""
    unit: str = ""
    """The policy, process or report of a wake-up."""
    wake_up: str = ""
    """The wake-up's name: with `unit` and `key` (the aggregate) it says what to resume."""


class Letters:
    """Those of one task since they were last taken."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._letters: list[DeadLetter] = []
        self._refusals: dict[str, tuple[int, int]] = {}

    @property
    def is_full(self) -> bool:
        return len(self._letters) >= MOST_LETTERS

    def take(self) -> list[DeadLetter]:
        letters, self._letters = self._letters, []
        return letters

    def refused(self, record: Record, instant: Instant, error: BaseException, is_fact: bool = True) -> None:
        """A fact, or an operator's request, that can't be handled. Raises Stopped when the app says so of facts: a
        request asks for nothing that would be missed, and could not be taken back."""
        where = f"{record.topic()}[{record.partition()}]@{record.offset()}"
        reason = shortened(f"{where}: {_told(error)}")
        if is_fact:
            self._stop(reason, error)
        self._letters.append(
            DeadLetter(
                record.topic(), record.offset(), record.key(), record.value(), instant, reason, False,
                read_headers(record),
            )
        )  # fmt: skip

    def count(self, run: Run, at: int) -> None:
        """Whether the fact before the one just refused, on the same input, was refused too, and how many before that.
        Raises Stopped where there are as many as the app says."""
        place = run.pending.count + at
        before, row = self._refusals.get(run.pending.topic, (-1, 0))
        row = row + 1 if before == place - 1 else 1
        self._refusals[run.pending.topic] = place, row
        if row >= self._program.stop_after_refusals:
            raise Stopped(
                f"{row} facts in a row were refused, the last: {self._letters[-1].reason}; nothing of the step "
                "was committed: mend the app or the topic, or raise stop_after_refusals"
            )

    def failed(
        self, index: int, key: bytes, wake_up: str, value: bytes | None, tick: SeenTick, error: BaseException
    ) -> None:
        """A wake-up of the unit at this place that can't be handled. Raises Stopped when the app says so."""
        unit = self._program.units[index]
        whose = (
            repr(key) if len(key) <= MOST_QUOTED else f"{key[:MOST_QUOTED]!r} and {len(key) - MOST_QUOTED} bytes more"
        )
        reason = shortened(f"{unit} failed for {whose} at {tick.schedule}#{tick.ordinal}: {_told(error)}")
        self._stop(reason, error)
        self._letters.append(
            DeadLetter(tick.schedule, tick.ordinal, key, value, tick.ends_at, reason, True, [], unit.name, wake_up)
        )

    def _stop(self, reason: str, error: BaseException) -> None:
        if self._program.on_error == "stop":
            raise Stopped(f"{reason} (the app says on_error='stop')") from error


def _told(error: BaseException) -> str:
    """What went wrong; of an error that is the user's own code's also where, since its words alone seldom say so."""
    words = said(error, _OURS)
    return words if issubclass(type(error), _OURS) else f"{words}{_place(error)}"


_TRACE_OF = BaseException.__dict__["__traceback__"].__get__
"""Past an error that has one of its own making."""


def _place(error: BaseException) -> str:
    """The last line that is not ours the error came through. Not the whole path: it differs between machines."""
    trace, place = _TRACE_OF(error), ""
    while trace is not None:
        frame = trace.tb_frame
        if not str(frame.f_globals.get("__name__")).startswith(_ROOMS):
            name = frame.f_code.co_filename.replace("\\", "/").rpartition("/")[2]
            place = f" ({frame.f_code.co_qualname}, {name}:{trace.tb_lineno})"
        trace = trace.tb_next
    return place
