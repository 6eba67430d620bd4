"""Which promise of a schedule is in force: its last tick's, or its last entry's.

Either tells when the schedule's next tick comes (`next_at`), and how far the ticks had come when it was written
(`sequence`): so the later one can be told, though they stand on two topics that are read side by side.

Refuses to say who waits by it. A paused schedule keeps its promise, for when it is resumed: `passage clock status`
tells it, and no leader is late by it (`records/follower.py` of the clock) nor a fact held (`core/order/promises.py` of
the processors).
"""

from typing import NamedTuple, Protocol

from passage_schemas.instant import Instant


class Promising(Protocol):
    """A tick, an entry, or what is kept of one."""

    @property
    def sequence(self) -> int: ...

    @property
    def next_at(self) -> Instant | None:
        """No tick comes before it; None where none is known to come."""


class Promise(NamedTuple):
    """What is kept of a tick or an entry by who asks for nothing else."""

    sequence: int
    next_at: Instant | None


def in_force(tick: Promising | None, entry: Promising | None) -> Promising | None:
    """Of a schedule's last tick and its last entry the one whose promise holds. At one sequence that is the entry: it
    was written behind the tick that had it."""
    if tick is not None and (entry is None or tick.sequence > entry.sequence):
        return tick
    return entry
