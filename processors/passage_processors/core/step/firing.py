"""What a tick fires: policies' cases, processes' wake-ups and reports that are due, each with all that follows.

A burst may be cut between two aggregates. What was due and has not been fired is kept sorted until the same tick goes
on, so that a burst of a million, which is cut fifty times, is looked up and sorted once.
"""

from bisect import bisect_left
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from passage_processors.core.program.events import Origin, shared_headers
from passage_processors.core.program.handlers import Countdown, Handler
from passage_processors.core.program.refusals import NOT_THEIRS, RAISED
from passage_processors.core.program.repetition import DUE
from passage_processors.core.program.units import ProcessUnit, ReportUnit
from passage_processors.core.state.case import decode_case
from passage_processors.core.state.instance import Instance
from passage_processors.core.state.markers import ticks_of
from passage_processors.core.state.reports import ReportBook
from passage_processors.core.step.burst import Burst, Follow, weight_of
from passage_processors.core.step.chain import Chain
from passage_processors.core.step.task_state import TaskState
from passage_processors.model.policy import Policy
from passage_processors.model.ticks import SeenTick
from passage_schemas.fingerprint import PREFIX_BYTES
from passage_schemas.formats.avro import AvroWriting


class _Left(NamedTuple):
    """Of a burst that was cut: keys[at:] of this unit are due at this tick, a schedule and an ordinal, and were not
    fired. Of these, `passed` stand in the book as what is due at any tick, as they would in a restored one."""

    tick: tuple[str, int]
    unit: int
    keys: list[bytes]
    at: int
    passed: set[bytes]


class Firing:
    """Ticks, folded into one task's memory."""

    def __init__(self, state: TaskState) -> None:
        self._state = state
        self._program = state.program
        self._left: _Left | None = None

    def put_back(self) -> None:
        """What a cut burst left over goes back into its book: facts come next, or another tick, and may change what is
        due."""
        if self._left is not None:
            (schedule, ordinal), unit, keys, at, _ = self._left
            self._left = None
            self._state.books[unit].put_back(schedule, ordinal, keys[at:])

    def forget(self) -> None:
        """Another state is taken over."""
        self._left = None

    def fire(
        self, tick: SeenTick, budget: int, burst: bytes | None, stop_after: bytes | None
    ) -> tuple[int, bytes | None]:
        """Fire what is due, units in the app's order, aggregates by key, behind the due key `burst`. Tells how many
        fired, and the due key after which it was cut, None where it was not: after `budget`, or after `stop_after`."""
        if self._left is not None and self._left.tick != (tick.schedule, tick.ordinal):
            self.put_back()
        left, self._left = self._left, None
        resumed, done = self._program.place_of(burst)
        stopped, stop = self._program.place_of(stop_after)
        spent, last = 0, b""
        for index in range(left.unit if left else 0, len(self._state.books)):
            book = self._state.books[index]
            if left is not None and index == left.unit:
                keys, at, passed = left.keys, left.at, left.passed
                book.passed -= passed
            else:
                (keys, passed), at = self._due_of(index, tick, resumed, done), 0
            if not keys:
                continue
            began, until, is_last = at, len(keys), False
            if index == stopped and stop is not None:
                place = bisect_left(keys, stop, at)
                if place < until and keys[place] == stop:
                    until, is_last = place + 1, True
            at, spent = self._fire(index, keys, at, until, tick, spent, budget)
            if at > began:
                last = self._program.due_key(index, keys[at - 1])
            if at < len(keys) or is_last:
                passed = {key for key in passed if not at or key > keys[at - 1]}
                book.passed |= passed
                self._left = _Left((tick.schedule, tick.ordinal), index, keys, at, passed)
                return spent, last
        return spent, None

    def _due_of(self, index: int, tick: SeenTick, resumed: int, done: bytes | None) -> tuple[list[bytes], set[bytes]]:
        """Sorted; and which of them were due at any tick."""
        book = self._state.books[index]
        if index < resumed:  # fired before the cut, all of it, unless the app's order has changed since
            return [] if isinstance(book, ReportBook) else book.pop_due(tick.schedule, tick.ordinal), set()
        after = done if index == resumed else None
        passed = {key for key in book.passed if after is None or key > after}
        book.passed -= passed
        due = book.pop_due(tick.schedule, tick.ordinal)
        if after is not None and isinstance(book, ReportBook):
            due = [key for key in due if key > after]
        return sorted({*due, *passed}) if passed else due, passed

    def _fire(
        self, index: int, keys: list[bytes], at: int, until: int, tick: SeenTick, spent: int, budget: int
    ) -> tuple[int, int]:
        """Fire keys[at:until] of a unit; tells where it stopped, and how much has been spent by then."""
        unit, events = self._program.units[index], self._state.output.events
        fire: Callable[[bytes], None]
        if isinstance(unit, ProcessUnit):
            fire = partial(self._wake, index, unit, tick)
        elif isinstance(unit, ReportUnit):
            fire = partial(self._report, index, unit, tick)
        else:
            handler = self._program.heard.get(unit.emits)
            burst = self._burst(index, unit, tick, handler)
            book, fire_burst = self._state.cases[index], self._state.parts.fire_burst
            close = book.closer(self._state.folded, ticks_of(unit.marker_ticks))
            if handler is None or not handler.hears:  # each comes to one event, or none
                until = max(at, min(until, at + budget - spent))
                fire_burst(book, keys, at, until, burst, close, events)
                return until, spent + until - at

            def fire(key: bytes) -> None:
                fire_burst(book, [key], 0, 1, burst, close, events)

        while at < until and spent < budget:
            before = len(events)
            fire(keys[at])
            at += 1
            spent += max(1, len(events) - before)
        return at, spent

    # --- policies ------------------------------------------------------------------------------------------------

    def _burst(self, index: int, policy: Policy, tick: SeenTick, handler: Handler | None) -> Burst:
        program = self._program
        codec, handlers = program.emits[policy.emits], program.handlers
        begins, ends = f"{program.app}/{policy.name}/".encode(), f"/{codec.name}/1".encode()
        rest = shared_headers(program.app, codec.name, tick.ends_at, tick)
        return Burst(
            emit=policy.event,
            encode=codec.encode,
            fact_of=lambda kept: handlers[kept[:PREFIX_BYTES]].codec.decode(kept),
            write=None if isinstance(program.writing, AvroWriting) else program.writing.write,
            due=tick.ends_at,
            begins=begins,
            ends=ends,
            rest=rest,
            weight=weight_of(begins, ends, rest),
            follow=None if handler is None else self._follower(handler, tick),
            failed=partial(self._failed, index, policy, tick),
        )

    def _follower(self, handler: Handler, tick: SeenTick) -> Follow:
        state, at = self._state, tick.ends_at

        def follow(key: bytes, event: Any, value: bytes) -> Callable[[], None]:
            countdown = handler.countdown_of(event)
            if not handler.hears:
                return partial(state.deliver, handler, countdown, key, value, at)
            chain = state.chain(key, at, tick)
            chain.fact(handler, event)

            def then() -> None:
                state.deliver(handler, countdown, key, value, at)
                state.apply(chain)

            return then

        return follow

    def _failed(self, index: int, policy: Policy, tick: SeenTick, key: bytes, error: BaseException) -> None:
        """Park a case whose policy failed, or close it. Raises Stopped when the app says so."""
        if issubclass(type(error), NOT_THEIRS):
            raise error
        book = self._state.cases[index]
        stored = book.get(key)
        assert stored is not None
        state = decode_case(stored)
        self._state.letters.failed(index, key, DUE, state.fact or None, tick, error)
        if self._program.on_error == "park":
            book.park(key, state)
        else:
            book.mark_ended(key, state, self._state.folded, ticks_of(policy.marker_ticks))

    # --- processes -----------------------------------------------------------------------------------------------

    def _wake(self, index: int, unit: ProcessUnit, tick: SeenTick, key: bytes) -> None:
        """Fire an aggregate's wake-ups that are due, each with all that follows or parked."""
        book = self._state.instances[index]
        for name, wake in book.due_names(key):
            instance = book.instance(key)
            if not isinstance(instance, Instance) or instance.wakes.get(name) is not wake:
                continue  # cancelled, replaced or ended by what fired before it on this very tick
            try:
                chain = self._state.chain(key, tick.ends_at, tick)
                chain.wake_up(index, unit, name)
            except NOT_THEIRS:
                raise
            except RAISED as error:
                self._state.letters.failed(index, key, name, instance.state or None, tick, error)
                skipped = None if self._program.on_error == "park" else self._skipped(index, unit, name, key, tick)
                if skipped is None:
                    changed = instance.copy()
                    changed.wakes[name] = wake._replace(parked=True)
                    book.put(key, changed)
                    continue
                chain = skipped
            self._state.apply(chain)

    def _skipped(self, index: int, unit: ProcessUnit, name: str, key: bytes, tick: SeenTick) -> Chain | None:
        """What follows where a wake-up that failed is passed over. None where that fails too, as when the schedule of
        the next one is no longer declared: it is parked then, so that its aggregate is not lost."""
        chain = self._state.chain(key, tick.ends_at, tick)
        try:
            chain.skip(index, unit, name)
        except (LookupError, ValueError):
            return None
        return chain

    # --- reports -------------------------------------------------------------------------------------------------

    def _report(self, index: int, unit: ReportUnit, tick: SeenTick, key: bytes) -> None:
        book = self._state.books[index]
        assert isinstance(book, ReportBook)
        passed = book.passed_of(key, tick)
        name = unit.name.encode()
        chain = self._state.chain(name, tick.ends_at, tick)
        countdown: Countdown = ()
        try:
            event = unit.emit(passed)
            origin = Origin(self._program.app, unit.name, None, passed.period or str(passed.ordinal), 1)
            value, derived = self._program.derived(unit.codec, event, name, origin, tick.ends_at, tick)
            handler = self._program.heard.get(unit.codec.cls)
            if handler:
                countdown = handler.countdown_of(event)
                chain.fact(handler, event)
        except NOT_THEIRS:
            raise
        except RAISED as error:
            self._state.letters.failed(index, key, DUE, None, tick, error)
            if self._program.on_error == "park":
                book.park(key, passed)
            else:
                book.drop(key)
            return
        book.drop(key)
        self._state.output.events.append(derived)
        if handler:
            self._state.deliver(handler, countdown, name, value, tick.ends_at)
        self._state.apply(chain)
