"""One task's state, and the step that moves it: facts and ticks in, output out.

Pure: the same facts and ticks in the same order leave the same state and the same output, on any machine. The state
is never ahead of what the output says; the runtime writes them in one transaction or drops the whole fold.

Each policy, process and report has a book of its own in the `state`. What facts do is here, what a tick fires in
`firing`; where a process hears something, `chain` works out what follows, and it is applied when all has answered.
"""

from collections.abc import Sequence
from typing import cast

from passage_processors.core.order.ticks import TickHistory
from passage_processors.core.order.timeline import UNDATED, Run
from passage_processors.core.program.events import check_size
from passage_processors.core.program.handlers import Countdown, Handler
from passage_processors.core.program.program import Program
from passage_processors.core.program.refusals import NOT_THEIRS, RAISED, RefusedFact
from passage_processors.core.state.books import check_kind
from passage_processors.core.state.instances import InstanceBook
from passage_processors.core.state.keys import is_text
from passage_processors.core.step.firing import Firing
from passage_processors.core.step.letters import MOST_QUOTED
from passage_processors.core.step.parts import PURE, Parts, Reaction
from passage_processors.core.step.task_state import StepOutput, TaskState
from passage_processors.model.ticks import SeenTick
from passage_schemas.instant import Instant
from passage_schemas.log_record import Record
from passage_schemas.records import WAKE_UP_RESUMED

MOST_AT_ONCE = 20_000
"""Events of one step, give or take those of one cause: a process may emit a thousand for each of 80,000 facts."""


class Fold:
    """The state of one partition of an app: partition `number` of `partitions`."""

    def __init__(
        self, program: Program, ticks: TickHistory, number: int = 0, partitions: int = 1, parts: Parts = PURE
    ) -> None:
        self._program = program
        self._parts = parts
        self._requests = f"{program.app}.requests"
        self._state = state = TaskState(program, ticks, number, partitions, parts)
        self._firing = Firing(state)
        self._letters, self._cases, self._instances = state.letters, state.cases, state.instances
        self.books = state.books
        self.folded = state.folded
        """The last ordinal folded of each schedule."""
        self.burst: bytes | None = None
        """Inside a burst that was cut: the last due key fired of the tick being folded."""
        self._unmatched = 0

    @property
    def unmatched(self) -> int:
        """Facts that should have met a running aggregate where there was none, nor a marker: a sign of unequal
        partitioners."""
        return self._unmatched + sum(book.unmatched for book in self._cases.values())

    @property
    def is_full(self) -> bool:
        """Its output should be written before more is folded."""
        return self._letters.is_full or len(self._state.output.events) >= MOST_AT_ONCE

    def take(self) -> StepOutput:
        """All output since the last call."""
        return self._state.take()

    # --- facts ---------------------------------------------------------------------------------------------------

    def facts(self, run: Run, refused: frozenset[int] | None = None) -> int:
        """Fold a run of facts; tells how many, fewer than all when so much came of them that it `is_full`.

        One that can't be handled becomes a letter and has no other effect; in a replay, exactly those at the offsets
        `refused` do. Raises Stopped when the app says so, or so many in a row as it says.
        """
        records = run.pending.records[run.start : run.stop]
        instants = cast(list[Instant], run.pending.instants[run.start : run.stop])
        self._firing.put_back()
        events, reactions, fold_plain = self._state.output.events, dict[bytes, Reaction](), self._parts.fold_plain
        is_fact = run.pending.topic != self._requests
        fold_one = self._fact if is_fact else self._request
        at = 0
        while at < len(records):
            if reactions and not refused and (at := fold_plain(records, instants, at, reactions)) == len(records):
                break
            try:
                if refused is not None and records[at].offset() in refused:
                    raise RefusedFact("refused when it was first folded")
                fold_one(records[at], instants[at], reactions)
            except NOT_THEIRS:
                raise
            except RAISED as error:
                self._letters.refused(records[at], instants[at], error, is_fact)
                if refused is None:
                    if is_fact:
                        self._letters.count(run, at)
                    if self.is_full:
                        return at + 1
            at += 1
            if len(events) >= MOST_AT_ONCE and refused is None:
                break
        return at

    def refuse(self, run: Run, reason: str) -> int:
        """Refuse a run of facts without a look; tells how many, fewer than all when it `is_full`. Raises Stopped as
        `facts` does."""
        for place in range(run.start, run.stop):
            record, instant = run.pending.records[place], Instant(run.pending.instants[place])
            if record.value() is None:
                continue  # a tombstone says nothing happened, whenever
            self._letters.refused(record, instant, RefusedFact(reason))
            self._letters.count(run, place - run.start)
            if self.is_full:
                return place + 1 - run.start
        return run.stop - run.start

    def _fact(self, record: Record, instant: Instant, reactions: dict[bytes, Reaction]) -> None:
        """Fold one fact. Raises RefusedFact, or what a user's own code raises; then it has had no effect."""
        value = record.value()
        if value is None:
            return  # a tombstone says nothing happened
        source = self._program.inputs[record.topic()]
        headers = source.headers(record)
        token = source.token(value, headers)
        handler, decode, kept_anew = source.known(token)
        key = _checked_key(record, value, instant)
        countdown = handler.countdown
        fact = decode(value, headers) if handler.needs_fact else None
        if kept_anew:
            value = handler.codec.encode(fact)
            check_size(len(key) + len(value), "the fact, with its key,")
        if countdown is None:
            countdown = handler.countdown_of(fact)
        if handler.hears:
            chain = self._state.chain(key, instant)
            chain.fact(handler, fact)
            if not handler.begins:
                self._unmatched += chain.unmatched
            if handler.ends or handler.starts:
                self._react(handler, countdown, key, value, instant)
            self._state.apply(chain)
            return
        self._react(handler, countdown, key, value, instant)
        if handler.countdown is not None and source.width:
            reactions[token] = self._reaction(handler, handler.countdown)

    def _request(self, record: Record, instant: Instant, reactions: dict[bytes, Reaction]) -> None:  # noqa: ARG002
        """Do what an operator asks for. Raises RefusedFact, SchemaError; nothing happens where nothing is parked."""
        value = record.value()
        if value is None:
            return
        asked = WAKE_UP_RESUMED.decode(value)
        names = [unit.name for unit in self._program.units]
        if asked.unit not in names:
            raise RefusedFact(f"the app has no policy, process or report {asked.unit!r}; it has {', '.join(names)}")
        book, key = self.books[names.index(asked.unit)], asked.aggregate.encode()
        if isinstance(book, InstanceBook):
            book.resume(key, asked.wake_up)
        else:
            book.resume(key)

    def _reaction(self, handler: Handler, countdown: Countdown) -> Reaction:
        """What a type of fact does that no policy looks into, prepared once for all of a run."""
        if len(handler.starts) == 1 and not handler.ends:
            (start,), ((count, schedule),) = handler.starts, countdown
            if type(count) is int:  # whole days are asked of each fact's own instant
                return self._cases[start.index].opener(count, schedule, self.folded.get(schedule, 0))
        if len(handler.ends) == 1 and not handler.starts:
            ((index, marker_ticks),) = handler.ends
            return self._cases[index].closer(self.folded, marker_ticks)
        return lambda key, at, value: self._react(handler, countdown, key, value, at)

    def _react(self, handler: Handler, countdown: Countdown, key: bytes, value: bytes, at: Instant) -> None:
        """What a fact does to the cases of its aggregate."""
        if handler.begins:
            self._state.deliver(handler, countdown, key, value, at)
            return
        for index, marker_ticks in handler.ends:
            self._cases[index].closer(self.folded, marker_ticks)(key, at, b"")

    # --- ticks ---------------------------------------------------------------------------------------------------

    def tick(self, tick: SeenTick, budget: int, stop_after: bytes | None = None) -> int | None:
        """Fold a tick: fire what is due, units in the app's order, aggregates by key. Returns how many fired, or how
        many events came of them where those are more.

        None when the burst was cut, after `budget` or (in a replay) after the due key `stop_after`; the same call
        again goes on where it stopped, and the order does not depend on where it was cut.
        """
        burst, self.burst = self.burst, None
        for book in self.books:
            book.settle(tick.schedule, tick.ordinal, tick.ends_at)
        self.folded[tick.schedule] = tick.ordinal
        spent, self.burst = self._firing.fire(tick, budget, burst, stop_after)
        for instances in self._instances.values():
            instances.settled()
        if self.burst is None:
            return spent
        # Until it is folded whole the tick does not count as folded, so that a restored task folds it again.
        self.folded[tick.schedule] = tick.ordinal - 1
        return None

    # --- restore -------------------------------------------------------------------------------------------------

    def load(self, states: Sequence[dict[bytes, bytes]], folded: dict[str, int], burst: bytes | None) -> None:
        """Take over what the changelog held: one dictionary by aggregate for each unit, in the app's order. Raises
        ProcessorError for what another kind of unit wrote, or another version of a process."""
        self._firing.forget()
        self.folded.clear()
        self.folded.update(folded)
        self.burst = burst
        for unit, book, entries in zip(self._program.units, self.books, states, strict=True):
            check_kind(self._program.app, unit.name, book, entries.values())
            book.load(entries, self.folded)


def _checked_key(record: Record, value: bytes, instant: Instant) -> bytes:
    """The aggregate. Raises RefusedFact for a fact that can't be counted, whatever it says."""
    key = record.key()
    if key is None:
        raise RefusedFact("the fact has no key, so there is no aggregate to count for; key it by its aggregate")
    if not is_text(key):
        raise RefusedFact(f"the key {key[:MOST_QUOTED]!r} is not UTF-8, so no event could name it; key facts by text")
    if instant == UNDATED:
        raise RefusedFact(f"its timestamp, {record.timestamp()[1]}, names no instant; write milliseconds since 1970")
    check_size(len(key) + len(value), "the fact, with its key,")
    return key
