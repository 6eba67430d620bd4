"""The open cases of one policy in one task, each kept as the very bytes that stand on the changelog (`case`).

So a restored task equals the one that crashed by construction, a restore decodes nothing but the due ordinal, and a
case costs a key, a value and a place in the due index: no object of its own.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from heapq import heappop, heappush

from passage_processors.core.order.ticks import BEFORE_ALL, TickHistory
from passage_processors.core.state.case import (
    DUE,
    ENDED,
    NAME_AT,
    OPEN,
    PARKED,
    REST,
    START,
    STARTED,
    CaseState,
    decode_case,
    encode_case,
    named,
    wait_of,
)
from passage_processors.core.state.columns import Column, dumped
from passage_processors.core.state.due_index import DueIndex
from passage_processors.core.state.markers import IsOver, at_once
from passage_schemas.instant import Instant

_ENDED = bytes([ENDED])


class _Fresh:
    """The cases of one schedule that take the next tick for their number one, and the latest start among them."""

    __slots__ = ("keys", "latest")

    def __init__(self) -> None:
        self.keys: list[bytes] = []
        self.latest = BEFORE_ALL

    def add(self, key: bytes, started: Instant) -> None:
        self.keys.append(key)
        if started > self.latest:
            self.latest = started


Opener = Callable[[bytes, Instant, bytes], None]
"""Opens a case: (key, started, the fact to keep)."""
Closer = Callable[[bytes, Instant, bytes], bool]
"""Closes an aggregate's case; False, and counted in `unmatched`, when there is nothing of it, not even a marker. Called
as an opener is, so that either can stand for what a type of fact does."""


class CaseBook:
    """One policy's cases by aggregate key, and what is due when. Every change is told to `changed`."""

    def __init__(
        self, ticks: TickHistory, changed: Callable[[bytes, bytes | None], None], is_over: IsOver = at_once
    ) -> None:
        self.changed = changed
        self._ticks = ticks
        self._is_over = is_over
        self._now = BEFORE_ALL
        self._kept: dict[str, list[int]] = {}
        """Heaps of the ordinals whose markers have served their ticks and stay."""
        self._cases: dict[bytes, bytes] = {}
        self._due = DueIndex(self._holding)
        self._fresh: dict[str, _Fresh] = {}
        self._openers: dict[tuple[int, str], Opener] = {}
        self._closers: dict[int, Closer] = {}
        self._schedules: dict[bytes, str] = {}
        self.passed: set[bytes] = set()
        """Cases whose tick had already been folded when they started (a late fact): due at the next tick of any
        schedule."""
        self.open = 0
        self.unmatched = 0
        """Facts that should have ended a case where there was none, nor a marker: a sign of unequal partitioners."""

    def __len__(self) -> int:
        return len(self._cases)

    def get(self, key: bytes) -> bytes | None:
        return self._cases.get(key)

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        return iter(self._cases.items())

    def _holding(self, keys: Iterable[bytes], schedule: str, ordinal: int) -> list[bytes]:
        """Those of `keys` that are due there. Compares bytes: a sweep asks for every key of a bucket."""
        get, due, name = self._cases.get, REST.pack(ordinal, 0)[:8], named(schedule)
        return [
            key
            for key in keys
            if (value := get(key)) is not None
            and value[DUE] == due
            and value.startswith(name, NAME_AT)
            and value[0] != PARKED
        ]

    # --- facts ---------------------------------------------------------------------------------------------------

    def start(self, key: bytes, started: Instant, count: int, schedule: str, folded: int, fact: bytes) -> None:
        """Open a case, counting `count` ticks of `schedule` (folded up to ordinal `folded`) from `started`.

        Nothing happens when one is open or parked, or ended with a start no earlier than this (a redelivery).
        """
        self.opener(count, schedule, folded)(key, started, fact)

    def opener(self, count: int, schedule: str, folded: int) -> Opener:
        """`start` for those that count so many ticks of this schedule, good until the next tick (see `settle`)."""
        return self._openers.get((count, schedule)) or self._new_opener(count, schedule, folded)

    def _new_opener(self, count: int, schedule: str, folded: int) -> Opener:
        """Nearly all cases start at or after the last tick, and so share their due ordinal and most of their bytes."""
        name = named(schedule)
        self._schedules[name] = schedule
        since = self._ticks.settled_from(schedule, folded)
        cases, pack, tail = self._cases, START.pack, REST.pack(folded + count, count) + name
        waiting = self._due.waiting(schedule, folded + count)
        fresh = self._fresh.setdefault(schedule, _Fresh())

        def open_case(key: bytes, started: Instant, fact: bytes) -> None:
            if key in cases and not self._gives_way(cases[key], started):
                return
            if started < since:
                self._start_late(key, started, count, schedule, folded, fact)
                return
            cases[key] = value = pack(OPEN, started) + tail + fact
            self.changed(key, value)
            self.open += 1
            waiting.append(key)
            fresh.keys.append(key)
            if started > fresh.latest:
                fresh.latest = started

        self._openers[count, schedule] = open_case
        return open_case

    def _gives_way(self, present: bytes, started: Instant) -> bool:
        """Does this case make room for another start of its aggregate?"""
        state = decode_case(present)
        if state.kind != ENDED or started <= state.started:
            return False
        self._due.forget(state.schedule, state.due)
        return True

    def _start_late(self, key: bytes, started: Instant, count: int, schedule: str, folded: int, fact: bytes) -> None:
        """A start before the last tick folded: some of its ticks have passed already."""
        due = self._ticks.passed(schedule, started, folded) + count
        self._put(key, CaseState(OPEN, started, due, count, schedule, fact))
        self.open += 1
        if due <= folded:
            self.passed.add(key)
            return
        self._due.add(key, schedule, due)
        if due - count == folded:
            self._fresh[schedule].add(key, started)

    def end(self, key: bytes, folded: dict[str, int], marker_ticks: int) -> bool:
        """Close an open or parked case in silence, leaving its marker. False when there is nothing of this aggregate,
        not even a marker; that is not counted."""
        return key in self._cases and self.closer(folded, marker_ticks)(key, BEFORE_ALL, b"")

    def closer(self, folded: dict[str, int], marker_ticks: int) -> Closer:
        """`end`, good until the next tick (see `settle`)."""
        return self._closers.get(marker_ticks) or self._new_closer(folded, marker_ticks)

    def _new_closer(self, folded: dict[str, int], marker_ticks: int) -> Closer:
        cases, due_of = self._cases, REST.unpack_from
        shared: dict[bytes, tuple[str, int, bytes, list[bytes]]] = {}

        def share(name: bytes) -> tuple[str, int, bytes, list[bytes]]:
            """What the markers of a schedule's cases have in common: their last bytes, and when they are let go."""
            schedule = self._schedules[name]
            at = folded.get(schedule, 0)
            waiting = self._due.waiting(schedule, at + marker_ticks) if marker_ticks else []
            shared[name] = schedule, at, REST.pack(at + marker_ticks, marker_ticks) + name, waiting
            return shared[name]

        def close_case(key: bytes, _at: Instant = BEFORE_ALL, _fact: bytes = b"") -> bool:
            value = cases.get(key)
            if value is None:
                self.unmatched += 1
                return False
            if value[0] == ENDED:
                return True
            name = value[NAME_AT : NAME_AT + 1 + value[NAME_AT]]
            schedule, at, tail, waiting = shared.get(name) or share(name)
            due = due_of(value, DUE.start)[0]
            if value[0] == OPEN:
                self.open -= 1
            if marker_ticks:
                cases[key] = marker = _ENDED + value[STARTED] + tail
                self.changed(key, marker)
                waiting.append(key)
            else:
                self._drop(key)
            if due > at:
                self._due.forget(schedule, due)
            else:
                self.passed.discard(key)
            return True

        self._closers[marker_ticks] = close_case
        return close_case

    def mark_ended(self, key: bytes, state: CaseState, folded: dict[str, int], marker_ticks: int) -> None:
        """Replace a case by its marker, or by nothing where none is wanted."""
        if state.kind == OPEN:
            self.open -= 1
        if marker_ticks == 0:
            self._drop(key)
            return
        until = folded.get(state.schedule, 0) + marker_ticks
        self._put(key, CaseState(ENDED, state.started, until, marker_ticks, state.schedule, b""))
        self._due.add(key, state.schedule, until)

    def park(self, key: bytes, state: CaseState) -> None:
        """Keep a case whose time came but whose policy failed, out of the due index."""
        self.open -= 1
        self._put(key, state._replace(kind=PARKED))

    def resume(self, key: bytes) -> bool:
        """A parked case is due at the next tick of any schedule. False where none is parked."""
        value = self._cases.get(key)
        if value is None or value[0] != PARKED:
            return False
        self._put(key, decode_case(value)._replace(kind=OPEN))
        self.open += 1
        self.passed.add(key)
        return True

    def _put(self, key: bytes, state: CaseState) -> None:
        value = encode_case(state)
        self._cases[key] = value
        self.changed(key, value)

    def _drop(self, key: bytes) -> None:
        del self._cases[key]
        self.changed(key, None)

    # --- ticks ---------------------------------------------------------------------------------------------------

    def settle(self, schedule: str, ordinal: int, ends_at: Instant) -> None:
        """A tick is about to be folded. Cases that took it for their number one but started at or after its end (a
        paused schedule's old ticks, a backfill) wait one tick longer."""
        self._openers.clear()
        self._closers.clear()
        self._now = ends_at
        fresh = self._fresh.get(schedule)
        if fresh is None or not fresh.keys:
            return
        waiting = self._fresh[schedule] = _Fresh()
        if fresh.latest < ends_at:
            return
        for key in fresh.keys:
            value = self._cases.get(key)
            if value is None or value[0] != OPEN:
                continue
            state = decode_case(value)
            base = state.due - state.ticks
            if state.schedule != schedule or base < ordinal - 1 or (base < ordinal and state.started < ends_at):
                continue
            if base < ordinal:
                self._due.forget(schedule, state.due)
                self._put(key, state._replace(due=state.due + 1))
                self._due.add(key, schedule, state.due + 1)
            waiting.add(key, state.started)

    def pop_due(self, schedule: str, ordinal: int) -> list[bytes]:
        """The open cases due at this tick, sorted by key; markers that have served their time are dropped."""
        cases, keys = self._cases, self._due.pop(schedule, ordinal)
        due = [key for key in keys if cases[key][0] == OPEN]
        if len(due) < len(keys):
            self._markers(schedule, ordinal, [key for key in keys if cases[key][0] != OPEN])
        kept = self._kept.get(schedule)
        while kept and self._is_over(schedule, kept[0], self._now):
            for key in self._due.pop(schedule, heappop(kept)):
                self._drop(key)
        return due

    def _markers(self, schedule: str, ordinal: int, keys: list[bytes]) -> None:
        """They have served their ticks: let them go, or keep them until it is time as well."""
        if not self._is_over(schedule, ordinal, self._now):
            self._due.put_back(schedule, ordinal, keys)
            heappush(self._kept.setdefault(schedule, []), ordinal)
            return
        for key in keys:
            self._drop(key)

    def put_back(self, schedule: str, ordinal: int, keys: list[bytes]) -> None:
        """What a cut burst left over, to be popped again."""
        due = []
        for key in keys:
            state = decode_case(self._cases[key])
            if state.schedule == schedule and state.due == ordinal:
                due.append(key)
            else:
                self.passed.add(key)
        self._due.put_back(schedule, ordinal, due)

    # --- snapshot and restore ------------------------------------------------------------------------------------

    def dump(self) -> Iterator[list[Column]]:
        """All cases as columns, a bounded number at each step; see `dumped` for what may change in between."""
        return dumped(list(self._cases), self._cases.get, wait_of)

    def load_column(self, column: Column, folded: dict[str, int]) -> None:
        """Take in what `dump` once gave. Before `unload` and `load`, which bring what has changed since."""
        keys = list(column.split_keys())
        # By a small dictionary first: it grows in the processor's own memory, and tells the large one what comes.
        self._cases.update(dict(zip(keys, column.split_values(), strict=True)))
        if column.shared:
            self._place(column.shared, keys, folded)
        else:
            self._place_each(keys, folded)

    def unload(self, keys: Iterable[bytes]) -> None:
        """Forget what columns said of these, untold: a later word on them follows in `load`, or there is none."""
        for key in keys:
            value = self._cases.pop(key, None)
            if value is None or value[0] == PARKED:
                continue
            if value[0] == OPEN:
                self.open -= 1
                self.passed.discard(key)
            state = decode_case(value)
            self._due.forget(state.schedule, state.due)

    def load(self, cases: dict[bytes, bytes], folded: dict[str, int]) -> None:
        """Take over the changelog's cases. What is due, passed and fresh follows from the values and from how far each
        schedule has been folded; nothing else is kept."""
        self._openers.clear()
        self._closers.clear()
        if self._cases:
            self._cases.update(cases)
        else:
            self._cases = cases
        self._place_each(cases, folded)

    def _place_each(self, keys: Iterable[bytes], folded: dict[str, int]) -> None:
        together: defaultdict[bytes, list[bytes]] = defaultdict(list)
        cases = self._cases
        for key in keys:
            together[wait_of(cases[key])].append(key)
        for shared, of_them in together.items():
            self._place(shared, of_them, folded)

    def _place(self, shared: bytes, keys: list[bytes], folded: dict[str, int]) -> None:
        """Put cases that differ in nothing but their starts, and facts, where they wait."""
        kind, (due, ticks), name = shared[0], REST.unpack_from(shared, 1), shared[1 + REST.size :]
        schedule = self._schedules.setdefault(name, name[1:].decode())
        if kind == PARKED:
            return
        at = folded.get(schedule, 0)
        if kind == OPEN:
            self.open += len(keys)
            if due <= at:
                self.passed.update(keys)
            elif due - ticks >= at:
                fresh = self._fresh.setdefault(schedule, _Fresh())
                latest = max(START.unpack_from(self._cases[key])[1] for key in keys)
                fresh.keys += keys
                fresh.latest = max(fresh.latest, latest)
        if due > at or kind == ENDED:
            self._due.waiting(schedule, due).extend(keys)
        if due <= at and kind == ENDED:
            heappush(self._kept.setdefault(schedule, []), due)
