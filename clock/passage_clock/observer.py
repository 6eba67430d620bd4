"""Who wants to know how the clock is doing: metrics, tests, a demo. The clock tells, and does not care who listens."""

from collections.abc import Sequence
from typing import Protocol

from passage_clock.leadership import Leadership
from passage_clock.office import Batch


class Observer(Protocol):
    """Called from the clock's own thread: return at once, raise nothing."""

    def moved(self, before: Leadership, after: Leadership) -> None:
        """Leadership has changed: every transition, in order."""
        ...

    def published(self, batch: Batch) -> None:
        """These ticks are readable."""
        ...

    def probed(self, skew_seconds: float) -> None:
        """The broker has told its time; positive when the wall is ahead of it."""
        ...


class Quiet:
    """Nobody wants to know."""

    def moved(self, before: Leadership, after: Leadership) -> None:
        del before, after

    def published(self, batch: Batch) -> None:
        del batch

    def probed(self, skew_seconds: float) -> None:
        del skew_seconds


class Several:
    """Tells each of its observers in turn."""

    def __init__(self, observers: Sequence[Observer]) -> None:
        self._observers = tuple(observers)

    def moved(self, before: Leadership, after: Leadership) -> None:
        for observer in self._observers:
            observer.moved(before, after)

    def published(self, batch: Batch) -> None:
        for observer in self._observers:
            observer.published(batch)

    def probed(self, skew_seconds: float) -> None:
        for observer in self._observers:
            observer.probed(skew_seconds)
