"""What this process is asking of a log at the moment, and since when.

An adapter says so around whatever may keep its caller waiting for an answer; whoever watches a turn reads it from
another thread, and can name what a turn that takes too long is waiting for. Refuses to judge how long is too long.

    with asking("group orders: its committed positions"): ...

A reader that waits for records asks nothing: that nothing comes is no trouble.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import get_ident
from time import monotonic


@dataclass(frozen=True, slots=True)
class Asked:
    """`since` in the seconds of `time.monotonic`; `thread` is that of who waits, by its identity."""

    what: str
    since: float
    thread: int

    @property
    def seconds(self) -> float:
        return monotonic() - self.since


_asked: dict[int, Asked] = {}


@contextmanager
def asking(what: str) -> Iterator[None]:
    """While the block runs, `what` is being asked. Each step is one that the interpreter does not divide."""
    asked = Asked(what, monotonic(), get_ident())
    _asked[id(asked)] = asked
    try:
        yield
    finally:
        del _asked[id(asked)]


def waiting(thread: int) -> Asked | None:
    """What this thread has asked longest and is not answered yet; None when nothing is."""
    asked = (one for one in _asked.copy().values() if one.thread == thread)
    return min(asked, key=lambda one: one.since, default=None)
