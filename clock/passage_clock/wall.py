"""The wall: the only place in Passage that asks what time it is. Everyone else is told, as an argument.

It refuses to sleep: waiting belongs to the service, which has more than the time to wait for.
"""

import time
from typing import Protocol

from passage_schemas.instant import Instant


class Wall(Protocol):
    """What tells the time. Given to whoever needs it, so that a simulation can give another."""

    def now(self) -> Instant:
        """Wall time. May jump, in both directions."""
        ...

    def monotonic(self) -> float:
        """Seconds since some moment. Never goes back; for measuring how long something took."""
        ...


class MachineWall:
    """What this machine's clocks say."""

    __slots__ = ()

    def now(self) -> Instant:
        return Instant(time.time_ns() // 1000)

    def monotonic(self) -> float:
        return time.monotonic()


class SettableWall:
    """A wall that stands still until it is told: for simulation, where a year must pass in a second."""

    __slots__ = ("_monotonic", "_now")

    def __init__(self, now: Instant) -> None:
        self._now = now
        self._monotonic = 0.0

    def now(self) -> Instant:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    def advance(self, seconds: float) -> None:
        """Let time pass: both clocks move on. Raises ValueError when asked to go back; that is what `set` is for."""
        if seconds < 0:
            raise ValueError(f"time passes forward, got {seconds} seconds")
        self._now = Instant(self._now + round(seconds * 1_000_000))
        self._monotonic += seconds

    def set(self, now: Instant) -> None:
        """Jump, as a machine does when it is corrected: the wall time changes, no time has passed."""
        self._now = now
