"""A candidate's seat in the clock's consumer group: whether the group has named it, and a wait that the group may end.

It has no positions, so there is nothing to read: whoever polls it only serves the group.
"""

from typing import Protocol

from passage_clock.config import ClockConfig
from passage_log.port import Log, Member
from passage_schemas.log_record import Partition

POLL_SECONDS = 0.25
"""How long a step may wait at most: what a stop, a rebalance or an operator's ask has to wait for the clock's
attention."""


class StopSignal(Protocol):
    """As `threading.Event`."""

    def is_set(self) -> bool: ...

    def wait(self, timeout: float | None = None) -> bool: ...


class Seat:
    """Belongs to one thread. Taken when it is first asked, and again after `leave`."""

    def __init__(self, log: Log, config: ClockConfig) -> None:
        self._log = log
        self._group, self._ticks = config.group, config.topics.ticks
        self.member: Member | None = None

    def is_named(self) -> bool:
        """Serve the group; whether it says that this candidate should lead."""
        if self.member is None:
            self.member = self._log.member(self._group, [self._ticks], "cooperative-sticky")
        self.member.poll(1, 0.0)
        return Partition(self._ticks, 0) in self.member.assignment().partitions

    def rest(self, seconds: float, stop: StopSignal) -> None:
        """Wait so long, `POLL_SECONDS` at most, or until the group has news; without a seat, until told to stop."""
        seconds = min(seconds, POLL_SECONDS)
        if self.member is not None:
            self.member.poll(1, seconds)
        else:
            stop.wait(seconds)

    def leave(self) -> None:
        """At once, so that others need not wait for the session to end."""
        if self.member is not None:
            self.member.close()
            self.member = None
