"""The `Moment` a handler is given: one aggregate as it stands, at the instant of a fact or a tick.

It only looks. The state is decoded when it is first asked for, and from its bytes each time, so that a handler which
keeps or changes what it was given changes nothing for the next.
"""

from datetime import datetime
from typing import Any, Protocol

from passage_processors.core.state.instance import STARTED, Instance
from passage_processors.core.state.instances import InstanceBook
from passage_processors.model.ticks import SeenTick
from passage_schemas.instant import Instant, datetime_of

_UNREAD = object()


class Owner(Protocol):
    """What a moment asks of the process it is one of."""

    def state_of(self, value: bytes) -> Any:
        """The state these bytes say."""

    def check_schedule(self, schedule: str) -> None:
        """Raise LookupError for one it does not declare."""

    def check_wake_up(self, name: str) -> None:
        """Raise LookupError for one that has no handler."""


class Now:
    """A process's `Moment`."""

    __slots__ = ("_book", "_instance", "_state", "_unit", "happened", "key", "tick")

    def __init__(
        self,
        unit: Owner,
        book: InstanceBook,
        instance: Instance,
        key: str,
        happened: Instant,
        tick: SeenTick | None,
    ) -> None:
        self.key = key
        self.happened = happened
        self.tick = tick
        self._unit = unit
        self._book = book
        self._instance = instance
        self._state: Any = _UNREAD

    @property
    def state(self) -> Any:
        if self._state is _UNREAD:
            self._state = self._unit.state_of(self._instance.state)
        return self._state

    @property
    def started(self) -> Instant:
        return self._instance.started

    @property
    def started_at(self) -> datetime:
        return datetime_of(self._instance.started)

    @property
    def happened_at(self) -> datetime:
        return datetime_of(self.happened)

    def count(self, schedule: str, since: str | None = None) -> int:
        self._unit.check_schedule(schedule)
        if since is not None and since not in self._instance.marks:
            known = ", ".join(sorted(self._instance.marks)) or "none"
            raise LookupError(f"{self._unit}: no mark {since!r} was set for {self.key!r}; there is {known}")
        return self._book.count(schedule, self._instance, STARTED if since is None else since, self.happened)

    def waits_for(self, name: str) -> bool:
        self._unit.check_wake_up(name)
        wake = self._instance.wakes.get(name)
        return wake is not None and not wake.parked

    @property
    def number(self) -> int:
        """Which of the aggregate's events the next one is."""
        return self._instance.emitted + 1
