"""The open cases of one policy in one task, each kept as the very bytes that stand on the changelog.

So a restored task equals the one that crashed by construction, a restore decodes nothing but the due ordinal, and a
case costs a key, a value and a place in the due index: no object of its own.

A case's value: kind (u8), start instant (i64), due ordinal (i64), ticks to count (i32), the schedule's name (its length
as u8, then UTF-8), then the starting fact's bytes where the policy keeps them.
"""

import struct
from collections.abc import Callable, Iterator
from typing import NamedTuple

from passage_processors.core.due import DueIndex
from passage_processors.core.ticks import TickHistory
from passage_schemas.instant import Instant

OPEN, ENDED, PARKED = 1, 2, 3
"""OPEN waits for its tick; ENDED is a marker against redelivery; PARKED failed when due and waits for an operator."""

_HEAD = struct.Struct("<BqqiB")


class CaseState(NamedTuple):
    kind: int
    started: Instant
    due: int
    ticks: int
    schedule: str
    fact: bytes


def encode_case(state: CaseState) -> bytes:
    name = state.schedule.encode()
    return _HEAD.pack(state.kind, state.started, state.due, state.ticks, len(name)) + name + state.fact


def decode_case(value: bytes) -> CaseState:
    kind, started, due, ticks, length = _HEAD.unpack_from(value)
    name_end = _HEAD.size + length
    return CaseState(kind, Instant(started), due, ticks, value[_HEAD.size : name_end].decode(), value[name_end:])


class CaseBook:
    """One policy's cases by aggregate key, and what is due when. Every change is told to `changed`."""

    def __init__(self, ticks: TickHistory, changed: Callable[[bytes, bytes | None], None]) -> None:
        self._ticks = ticks
        self._changed = changed
        self._cases: dict[bytes, bytes] = {}
        self._due = DueIndex(self._holds)
        self._fresh: dict[str, list[bytes]] = {}
        self._latest: dict[str, Instant] = {}
        self.passed: set[bytes] = set()
        """Cases whose tick had already been folded when they started (a late fact): due at the next tick of any
        schedule."""
        self._suffixes: dict[str, bytes] = {}
        self.open = 0

    def __len__(self) -> int:
        return len(self._cases)

    def get(self, key: bytes) -> bytes | None:
        return self._cases.get(key)

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        return iter(self._cases.items())

    def _holds(self, key: bytes, schedule: str, ordinal: int) -> bool:
        value = self._cases.get(key)
        if value is None:
            return False
        state = decode_case(value)
        return state.due == ordinal and state.schedule == schedule and state.kind != PARKED

    # --- facts ---------------------------------------------------------------------------------------------------

    def start(self, key: bytes, started: Instant, count: int, schedule: str, folded: int, fact: bytes) -> None:
        """Open a case, counting `count` ticks of `schedule` (folded up to ordinal `folded`) from `started`.

        Nothing happens when one is open or parked, or ended with a start no earlier than this (a redelivery).
        """
        present = self._cases.get(key)
        if present is not None:
            state = decode_case(present)
            if state.kind != ENDED or started <= state.started:
                return
            self._due.forget(state.schedule, state.due)
        due = self._ticks.passed(schedule, started, folded) + count
        suffix = self._suffixes.get(schedule)
        if suffix is None:
            suffix = self._suffixes[schedule] = schedule.encode()
            self._fresh.setdefault(schedule, [])
        value = _HEAD.pack(OPEN, started, due, count, len(suffix)) + suffix + fact
        self._cases[key] = value
        self._changed(key, value)
        self.open += 1
        if due <= folded:
            self.passed.add(key)
            return
        self._due.add(key, schedule, due)
        if due - count == folded:
            self._fresh[schedule].append(key)
            if started > self._latest.get(schedule, -1 << 62):
                self._latest[schedule] = started

    def end(self, key: bytes, folded: dict[str, int], marker_ticks: int) -> bool:
        """Close an open or parked case in silence, leaving its marker. False when there is nothing of this aggregate,
        not even a marker."""
        value = self._cases.get(key)
        if value is None:
            return False
        if value[0] == ENDED:
            return True
        state = decode_case(value)
        if state.due <= folded.get(state.schedule, 0):
            self.passed.discard(key)
        else:
            self._due.forget(state.schedule, state.due)
        self.mark_ended(key, state, folded, marker_ticks)
        return True

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

    def _put(self, key: bytes, state: CaseState) -> None:
        value = encode_case(state)
        self._cases[key] = value
        self._changed(key, value)

    def _drop(self, key: bytes) -> None:
        del self._cases[key]
        self._changed(key, None)

    # --- ticks ---------------------------------------------------------------------------------------------------

    def settle(self, schedule: str, ordinal: int, ends_at: Instant) -> None:
        """A tick is about to be folded. Cases that took it for their number one but started at or after its end (a
        paused schedule's old ticks, a backfill) wait one tick longer."""
        fresh = self._fresh.get(schedule)
        if not fresh:
            return
        self._fresh[schedule] = []
        if self._latest.pop(schedule, ends_at - 1) < ends_at:
            return
        for key in fresh:
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
            self._fresh[schedule].append(key)
            self._latest[schedule] = max(state.started, self._latest.get(schedule, state.started))

    def pop_due(self, schedule: str, ordinal: int) -> list[bytes]:
        """The open cases due at this tick, sorted by key; markers that have served their time are dropped."""
        due = []
        for key in self._due.pop(schedule, ordinal):
            if self._cases[key][0] == OPEN:
                due.append(key)
            else:
                self._drop(key)
        return due

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

    def due_counts(self, schedule: str) -> dict[int, int]:
        return self._due.counts(schedule)

    # --- restore -------------------------------------------------------------------------------------------------

    def load(self, cases: dict[bytes, bytes], folded: dict[str, int]) -> None:
        """Take over the changelog's cases. What is due, passed and fresh follows from the values and from how far each
        schedule has been folded; nothing else is kept."""
        self._cases = cases
        for key, value in cases.items():
            state = decode_case(value)
            self._suffixes.setdefault(state.schedule, state.schedule.encode())
            fresh = self._fresh.setdefault(state.schedule, [])
            if state.kind == PARKED:
                continue
            at = folded.get(state.schedule, 0)
            self.open += state.kind == OPEN
            if state.due <= at and state.kind == OPEN:
                self.passed.add(key)
                continue
            self._due.add(key, state.schedule, state.due)
            if state.kind == OPEN and state.due - state.ticks >= at:
                fresh.append(key)
                self._latest[state.schedule] = max(state.started, self._latest.get(state.schedule, state.started))
