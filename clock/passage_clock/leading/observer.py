"""Who wants to know how the clock is doing: metrics, tests, a demo. The clock tells, and does not care who listens."""

from collections.abc import Sequence
from typing import Protocol

from passage_clock.leading.leadership import Leadership
from passage_clock.leading.office import Batch
from passage_clock.leading.waits import ClockWait
from passage_clock.records.clock_state import ClockState
from passage_clock.schedules import Schedule
from passage_schemas.instant import Instant


class Observer(Protocol):
    """Called from the clock's own thread: return at once, raise nothing."""

    def moved(self, before: Leadership, after: Leadership) -> None:
        """Leadership has changed: every transition, in order."""
        ...

    def published(self, batch: Batch) -> None:
        """These ticks are readable."""
        ...

    def settled(self, schedules: Sequence[Schedule], state: ClockState) -> None:
        """The office has been taken, or operators were heard: these are the schedules, and this is what is on the log
        of them."""
        ...

    def stepped(self, monotonic: float, has_reached_the_log: bool) -> None:
        """One more step is done, at these seconds; whether everything readable was read once since the log answers."""
        ...

    def outdated(self, why: str | None) -> None:
        """A standby found that it may not lead, and why; None: it may. Told when the schedules topic said something."""
        ...

    def held_up(self, wait: ClockWait | None) -> None:
        """What stands in this candidate's way, told after each step that knows; None: nothing does."""
        ...

    def waits(self, wake_at: Instant | None) -> None:
        """The earliest tick that is not published yet, in the past while some are due; None: nothing is known to come,
        or somebody else leads."""
        ...

    def catching_up(self, remaining: int | None) -> None:
        """About so many ticks are due and not published yet: told once a second while there are any, then None."""
        ...

    def horizon(self, schedule: str, days: int) -> None:
        """In so many days the schedule's data ends, and the schedule with it: told once a day."""
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

    def settled(self, schedules: Sequence[Schedule], state: ClockState) -> None:
        del schedules, state

    def stepped(self, monotonic: float, has_reached_the_log: bool) -> None:
        del monotonic, has_reached_the_log

    def outdated(self, why: str | None) -> None:
        del why

    def held_up(self, wait: ClockWait | None) -> None:
        del wait

    def waits(self, wake_at: Instant | None) -> None:
        del wake_at

    def catching_up(self, remaining: int | None) -> None:
        del remaining

    def horizon(self, schedule: str, days: int) -> None:
        del schedule, days

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

    def settled(self, schedules: Sequence[Schedule], state: ClockState) -> None:
        for observer in self._observers:
            observer.settled(schedules, state)

    def stepped(self, monotonic: float, has_reached_the_log: bool) -> None:
        for observer in self._observers:
            observer.stepped(monotonic, has_reached_the_log)

    def outdated(self, why: str | None) -> None:
        for observer in self._observers:
            observer.outdated(why)

    def held_up(self, wait: ClockWait | None) -> None:
        for observer in self._observers:
            observer.held_up(wait)

    def waits(self, wake_at: Instant | None) -> None:
        for observer in self._observers:
            observer.waits(wake_at)

    def catching_up(self, remaining: int | None) -> None:
        for observer in self._observers:
            observer.catching_up(remaining)

    def horizon(self, schedule: str, days: int) -> None:
        for observer in self._observers:
            observer.horizon(schedule, days)

    def probed(self, skew_seconds: float) -> None:
        for observer in self._observers:
            observer.probed(skew_seconds)
