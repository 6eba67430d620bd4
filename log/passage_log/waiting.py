"""What this process is asking of a log at the moment, and since when.

An adapter says so around whatever may keep its caller waiting for an answer; whoever watches a turn reads it from
another thread, and can name what a turn that takes too long is waiting for. Refuses to judge how long is too long.

    with asking("group orders: its committed positions"): ...

A reader that waits for records asks nothing: that nothing comes is no trouble.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic


@dataclass(frozen=True, slots=True)
class Asked:
    """`since` in the seconds of `time.monotonic`."""

    what: str
    since: float

    @property
    def seconds(self) -> float:
        return monotonic() - self.since


_asked: dict[int, Asked] = {}


@contextmanager
def asking(what: str) -> Iterator[None]:
    """While the block runs, `what` is being asked. Each step is one that the interpreter does not divide."""
    asked = Asked(what, monotonic())
    _asked[id(asked)] = asked
    try:
        yield
    finally:
        del _asked[id(asked)]


def waiting() -> Asked | None:
    """What has been asked longest and is not answered yet, in any thread; None when nothing is."""
    return min(_asked.copy().values(), key=lambda asked: asked.since, default=None)
