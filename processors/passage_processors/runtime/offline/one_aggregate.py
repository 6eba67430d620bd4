"""The recorded timeline, folded for one aggregate: what each fact and each tick did to it.

It is the worker's own fold, in the worker's own order. All facts are merged, for which goes first depends on all of
them: one that is dated late holds back what lies behind it. Folded are the aggregate's alone, and none of the others
could make a difference: each book keeps what it keeps by aggregate, an event is delivered to the units for its own
aggregate, and which facts were refused stands in the cut. So memory holds one aggregate and the facts of one cut.
Reports, which are of no aggregate, fire as ever, since one may go by the aggregate's name.

A burst that was cut is folded whole where it began: nothing is folded between its parts. A wake-up that has a letter
fails again, with its reason, though its handler may have been mended since: else it would come where it never came.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple, TypeVar

from passage_log.port import Log
from passage_log.ranges import RangeProgress
from passage_processors.app import App
from passage_processors.core.order.timeline import Run, merge, recorded
from passage_processors.core.program.events import Derived
from passage_processors.core.program.program import Program
from passage_processors.core.program.refusals import RefusedFact
from passage_processors.core.program.repetition import DUE
from passage_processors.core.program.units import ProcessUnit, ReportUnit
from passage_processors.core.step.fold import Fold
from passage_processors.core.step.letters import DeadLetter
from passage_processors.model.policy import Policy
from passage_processors.model.ticks import SeenTick
from passage_processors.runtime.clock_feed import ClockFeed
from passage_processors.runtime.offline.dead_letters import letters
from passage_processors.runtime.offline.replay import (
    WITHOUT_A_CUT,
    check_floors,
    pass_over,
    recorded_cuts,
    refusals,
)
from passage_processors.runtime.topics import tasks_of
from passage_processors.runtime.upstream import StoredCut
from passage_schemas.log_record import Record

A = TypeVar("A")
B = TypeVar("B")

Refusals = Mapping[tuple[str, int, str, str], str]
"""Why the aggregate's facts were refused, and its wake-ups failed, as their letters have it. By topic and offset, for
which a wake-up has the schedule and the ordinal it came at, and by the unit and the wake-up's name."""

WokenUp = tuple[int, str]
"""A wake-up that came: the unit's place in the app, and the wake-up's name."""


class FoldedCause(NamedTuple):
    """A fact with the aggregate's key, or a tick that changed what is kept of it, and all that came of it."""

    cut: int
    sequence: int
    """Of the last tick folded, this one included."""
    cause: Record | SeenTick
    before: tuple[bytes | None, ...]
    """What each unit kept of the aggregate, in the app's order; None where nothing, and of reports."""
    after: tuple[bytes | None, ...]
    folded: Mapping[str, int]
    """The last ordinal folded of each schedule, this tick's included."""
    woken: tuple[WokenUp, ...]
    events: tuple[Derived, ...]
    letters: tuple[DeadLetter, ...]


def folded_causes(
    app: App, log: Log, number: int, key: bytes, last: StoredCut, feed: ClockFeed, told: RangeProgress
) -> Iterator[FoldedCause]:
    """In the order they were folded, up to the cut `last`; `told` hears how many cuts lie behind. Raises
    ProcessorError, as a replay does."""
    check_floors(app, feed)
    folding = _OneAggregate(app, feed, number, tasks_of(log, app), key, _refusals(app, log, number, key))
    sequence = 0
    for cut, inputs in recorded_cuts(app, log, number, last.offset + 1):
        refused = refusals(cut)
        last_tick = cut.tick_sequence if cut.burst is None else feed.history.after(cut.tick_sequence)
        for item in merge(inputs, feed.history, sequence, recorded(last_tick)):
            if isinstance(item, Run):
                yield from folding.facts(cut.number, item, refused.get(item.pending.topic, frozenset()))
                pass_over(item)
            elif (done := folding.tick(cut.number, feed.history.at(item))) is not None:
                yield done
        folding.forget_output()
        sequence = last_tick
        told(cut.number, last.cut.number)


def _refusals(app: App, log: Log, number: int, key: bytes) -> Refusals:
    stored = (letter for letter in letters(log, app, [number]) if letter.key == key and letter.kind != "foreign")
    return {(letter.topic, letter.place, letter.unit, letter.wake_up): letter.reason for letter in stored}


class _OneAggregate:
    def __init__(self, app: App, feed: ClockFeed, number: int, partitions: int, key: bytes, refusals: Refusals) -> None:
        self._key, self._refusals = key, refusals
        self._requests = app.requests
        self._tick: SeenTick | None = None
        self._woken: list[WokenUp] = []
        self._units = app.program.units
        self._fold = Fold(self._heard(app.program), feed.history, number, partitions)
        self._kept = self._look()

    def facts(self, cut: int, run: Run, refused: frozenset[int]) -> Iterator[FoldedCause]:
        """A request names its aggregate in its value, so those are all folded: of others nothing is parked here."""
        is_request = run.pending.topic == self._requests
        for place in range(run.start, run.stop):
            record = run.pending.records[place]
            is_ours = record.key() == self._key
            if is_ours or is_request:
                self.forget_output()
                self._fold.facts(Run(run.pending, place, place + 1), refused)
                done = self._done(cut, record)
                if is_ours or done.before != done.after:
                    yield done

    def tick(self, cut: int, tick: SeenTick) -> FoldedCause | None:
        self._tick = tick
        self._fold.tick(tick, WITHOUT_A_CUT)
        if not self._woken and self._look() == self._kept:
            return None
        return self._done(cut, tick)

    def forget_output(self) -> None:
        """What reports wrote, which is nobody's here."""
        self._fold.take()

    def _look(self) -> tuple[bytes | None, ...]:
        return tuple(
            None if isinstance(unit, ReportUnit) else book.get(self._key)
            for unit, book in zip(self._units, self._fold.books, strict=True)
        )

    def _done(self, cut: int, cause: Record | SeenTick) -> FoldedCause:
        output, before, self._kept = self._fold.take(), self._kept, self._look()
        woken = tuple(self._woken)
        self._woken.clear()
        reports = {unit.name for unit in self._units if isinstance(unit, ReportUnit)}
        events = tuple(event for event in output.events if unit_of(event) not in reports)
        refused = tuple(self._as_recorded(letter) for letter in output.letters if letter.unit not in reports)
        sequence, folded = 0 if self._tick is None else self._tick.sequence, dict(self._fold.folded)
        return FoldedCause(cut, sequence, cause, before, self._kept, folded, woken, events, refused)

    def _as_recorded(self, letter: DeadLetter) -> DeadLetter:
        """A replay knows of a fact only that it was refused."""
        place = (letter.topic, letter.offset, letter.unit, letter.wake_up)
        return letter._replace(reason=self._refusals.get(place, letter.reason))

    # --- in front of the users' code -----------------------------------------------------------------------------

    def _heard(self, program: Program) -> Program:
        """The same program, but that a wake-up that comes is written down before its handler is asked, and fails where
        it did."""
        return replace(program, units=tuple(self._unit(index, unit) for index, unit in enumerate(program.units)))

    def _unit(self, index: int, unit: Policy | ProcessUnit | ReportUnit) -> Policy | ProcessUnit | ReportUnit:
        if isinstance(unit, ProcessUnit):
            wakers = {name: self._asked(index, unit.name, name, waker) for name, waker in unit.wakers.items()}
            return replace(unit, wakers=wakers)
        if isinstance(unit, Policy):
            return replace(unit, event=self._asked(index, unit.name, DUE, unit.event))
        return unit

    def _asked(self, index: int, unit: str, name: str, ask: Callable[[A], B]) -> Callable[[A], B]:
        def asked(moment: A) -> B:
            self._woken.append((index, name))
            tick = self._tick
            reason = None if tick is None else self._refusals.get((tick.schedule, tick.ordinal, unit, name))
            if reason is not None:
                raise RefusedFact(reason)
            return ask(moment)

        return asked


def unit_of(event: Derived) -> str:
    """Who emitted it: the second part of its id, `app/unit/...`; neither name has a slash in it."""
    return dict(event.headers)["ce_id"].split(b"/", 2)[1].decode()
