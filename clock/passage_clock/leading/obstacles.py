"""Why the clock's topics can't be read on: asked of the log every few seconds, whether somebody seems to wait or not.

    an undecided transaction    ends where its producer ends it, or the broker when it times out; nobody reads past it
    a reader that is stuck      there is more that is readable and it does not come: it is opened anew

Asked in office too: what a leader publishes behind another's open transaction is read by nobody, and asks are not heard
by a reader that is stuck. That the log answers at all is how a standby knows it is there. Refuses to judge by one look:
what was written a moment ago is on its way.
"""

from collections.abc import Collection

import structlog

from passage_clock.records.follower import Follower
from passage_clock.wall import Wall
from passage_schemas.log_record import Partition

LOOK_EVERY_SECONDS = 5.0
"""Two looks at the same place make an obstacle: no transaction of a clock, and no fetch, takes that long."""

log = structlog.get_logger(__name__)


class Obstacles:
    """Of one candidate. Belongs to its thread."""

    def __init__(self, candidate: str, follower: Follower, wall: Wall) -> None:
        self.seen: str | None = None
        """What stands in the way, as of the last look."""
        self._candidate = candidate
        self._follower = follower
        self._wall = wall
        self._look_at = wall.monotonic() + LOOK_EVERY_SECONDS
        self._stable: dict[Partition, int] = {}
        self._positions: dict[Partition, int] = {}

    @property
    def is_due(self) -> bool:
        return self._wall.monotonic() >= self._look_at

    def look(self) -> str | None:
        """At once, most of the time: it looks every few seconds. Raises Unreachable."""
        if self.is_due:
            self._look_at = self._wall.monotonic() + LOOK_EVERY_SECONDS
            self.seen = self._look()
        return self.seen

    def _look(self) -> str | None:
        follower = self._follower
        ends, stable = follower.ends(), follower.readable_ends()  # in this order: only what is undecided lies between
        before, self._stable = self._stable, stable
        undecided = [one for one, at in stable.items() if before.get(one) == at < ends[one]]
        places, self._positions = self._positions, follower.positions()
        stuck = [one for one, at in self._positions.items() if places.get(one) == at < before.get(one, at)]
        if stuck:
            follower.reopen()
            self._positions = {}
            said = f"there is more to read at {_places(stuck, places)} and it does not come; reading it anew"
            log.warning("reader_opened_anew", candidate=self._candidate, hint=said)
            return said
        if not undecided:
            return None
        return (
            f"an undecided transaction at {_places(undecided, stable)}: nobody reads past it; its producer must end "
            "it, or the broker will when it times out"
        )


def _places(partitions: Collection[Partition], at: dict[Partition, int]) -> str:
    return ", ".join(f"{one.topic}[{one.number}]@{max(0, at[one])}" for one in partitions)
