"""One aggregate of a process as it is kept: its state, its marks and its wake-ups, and their bytes on the changelog.

A value: kind (u8), start instant (i64), events emitted (u32), length of what follows up to the state (u32); the number
of wake-ups (u16) and each: parked (u8), due ordinal, instant it is counted from (i64), ticks (u32), name, schedule;
marks, their number (u16) and each: instant (i64), name; then the state as its codec writes it. A name is its length
(u8) and UTF-8. Behind the marks, where a process may count: how many (u32), and each: ordinal (i64), schedule, mark or
nothing for the start, both as names. An ended one: kind, start instant, due ordinal of its marker, the schedule's name.
"""

import struct
from collections.abc import Mapping
from typing import NamedTuple

from passage_schemas.instant import Instant

RUNNING, ENDED = 4, 5
"""Apart from the kinds of `cases`, so that a value another kind of unit wrote is noticed."""

_HEAD = struct.Struct("<BqIIH")
"""With the number of wake-ups behind it."""
_WAKE = struct.Struct("<BqqIB")
"""With the length of the name behind it."""
_MARK = struct.Struct("<qB")
_MARKER = struct.Struct("<Bqq")
_COUNT = struct.Struct("<H")
_REACHED = struct.Struct("<I")
_ORDINAL = struct.Struct("<qB")
"""With the length of the schedule's name behind it."""

STARTED = ""
"""Stands for the start where a mark's name may stand."""

Reached = Mapping[tuple[str, str], int]
"""By schedule and mark (or `STARTED`): the ordinal it had come to at that instant. Replaced and never changed."""
NOTHING_REACHED: Reached = {}


class WakeUp(NamedTuple):
    """One that waits, or is parked. It was asked for at the instant `since`, to come after so many ticks."""

    schedule: str
    due: int
    ticks: int
    since: Instant
    parked: bool = False


class Instance:
    """One aggregate of a process. Its owner copies it before it changes it."""

    __slots__ = ("emitted", "marks", "reached", "started", "state", "wakes")

    def __init__(
        self,
        started: Instant,
        emitted: int = 0,
        wakes: dict[str, WakeUp] | None = None,
        marks: dict[str, Instant] | None = None,
        state: bytes = b"",
        reached: Reached = NOTHING_REACHED,
    ) -> None:
        self.started = started
        self.emitted = emitted
        """How many events so far: the next one's number is one more."""
        self.wakes = {} if wakes is None else wakes
        self.marks = {} if marks is None else marks
        self.state = state
        """As its codec wrote it; empty where nothing was ever remembered."""
        self.reached = reached
        """What counts from here start with. Kept, since the ticks themselves may be let go while it runs."""

    def copy(self) -> "Instance":
        return Instance(self.started, self.emitted, self.wakes.copy(), self.marks.copy(), self.state, self.reached)

    def instant_of(self, mark: str) -> Instant:
        """Of a mark, or of the start."""
        return self.marks[mark] if mark else self.started


class Marker(NamedTuple):
    """What an ended instance leaves: a start no later than its own does not reopen it."""

    started: Instant
    schedule: str
    due: int


InstanceOrMarker = Instance | Marker | None


def encode_instance(kept: Instance | Marker) -> bytes:
    if isinstance(kept, Marker):
        return _MARKER.pack(ENDED, kept.started, kept.due) + _named(kept.schedule)
    parts: list[bytes] = []
    for name, wake in kept.wakes.items():
        text = name.encode()
        parts += _WAKE.pack(wake.parked, wake.due, wake.since, wake.ticks, len(text)), text, _named(wake.schedule)
    parts.append(_COUNT.pack(len(kept.marks)))
    for name, at in kept.marks.items():
        text = name.encode()
        parts += _MARK.pack(at, len(text)), text
    if kept.reached:
        parts.append(_REACHED.pack(len(kept.reached)))
        for (schedule, mark), ordinal in kept.reached.items():
            text = schedule.encode()
            parts += _ORDINAL.pack(ordinal, len(text)), text, _named(mark)
    middle = b"".join(parts)
    length = _COUNT.size + len(middle)
    return _HEAD.pack(RUNNING, kept.started, kept.emitted, length, len(kept.wakes)) + middle + kept.state


def decode_instance(value: bytes) -> Instance | Marker:
    if value[0] == ENDED:
        _, started, due = _MARKER.unpack_from(value)
        return Marker(Instant(started), value[_MARKER.size + 1 :].decode(), due)
    _, started, emitted, length, count = _HEAD.unpack_from(value)
    wakes, marks = {}, {}
    at = _HEAD.size
    for _ in range(count):
        parked, due, since, ticks, size = _WAKE.unpack_from(value, at)
        at += _WAKE.size
        end = at + size
        stop = end + 1 + value[end]
        wakes[value[at:end].decode()] = WakeUp(value[end + 1 : stop].decode(), due, ticks, since, parked == 1)
        at = stop
    (count,) = _COUNT.unpack_from(value, at)
    at += _COUNT.size
    for _ in range(count):
        instant, size = _MARK.unpack_from(value, at)
        at += _MARK.size
        marks[value[at : at + size].decode()] = Instant(instant)
        at += size
    until = _HEAD.size - _COUNT.size + length
    reached = _reached(value, at) if at < until else NOTHING_REACHED
    return Instance(Instant(started), emitted, wakes, marks, value[until:], reached)


def _reached(value: bytes, at: int) -> Reached:
    (count,) = _REACHED.unpack_from(value, at)
    at += _REACHED.size
    reached = {}
    for _ in range(count):
        ordinal, size = _ORDINAL.unpack_from(value, at)
        at += _ORDINAL.size
        end = at + size
        stop = end + 1 + value[end]
        reached[value[at:end].decode(), value[end + 1 : stop].decode()] = ordinal
        at = stop
    return reached


def _named(name: str) -> bytes:
    text = name.encode()
    return bytes((len(text),)) + text
