"""Whether a reader stands still though there is more to read, and why: asked of the log every few seconds.

    an undecided transaction    ends where its producer ends it, or the broker when it times out; nobody reads past it
    a reader that is stuck      there is more that is readable and it does not come: whoever owns it opens it anew

Refuses to judge by one look: what was written a moment ago is on its way. A reader that moves, or is at the end, costs
one question at most.
"""

from collections.abc import Callable, Collection, Sequence

from passage_log.errors import Unreachable
from passage_log.port import Reader
from passage_log.ranges import readable_ends
from passage_processors.runtime.waits import Wait
from passage_schemas.log_record import Partition

LOOK_EVERY_SECONDS = 5.0
"""Two looks at the same place make a standstill: sooner than the ten seconds after which a wait is said."""


class Standstill:
    """Of one reader, whichever it is at the moment. Times in monotonic seconds."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self.wait: Wait | None = None
        """What it waits for, as of the last look."""
        self._monotonic = monotonic
        self._look_at = monotonic() + LOOK_EVERY_SECONDS
        self._positions: dict[Partition, int] = {}
        self._readable: dict[Partition, int] = {}
        self._since: float | None = None

    @property
    def is_due(self) -> bool:
        """A look would look."""
        return self._monotonic() >= self._look_at

    def look(self, reader: Reader, partitions: Collection[Partition]) -> list[Partition]:
        """Those at which the reader is stuck. At once, most of the time: it looks every few seconds."""
        if not self.is_due:
            return []
        before, self._positions = self._positions, {partition: reader.position(partition) for partition in partitions}
        still = [partition for partition, at in self._positions.items() if before.get(partition) == at]
        try:
            stuck = self._stuck(reader, still)
        except Unreachable as error:
            stuck = []
            self._readable = {}
            self._tell(str(error))
        self._look_at = self._monotonic() + LOOK_EVERY_SECONDS
        return stuck

    def _stuck(self, reader: Reader, still: Sequence[Partition]) -> list[Partition]:
        ends = reader.ends(still) if still else {}
        behind = [partition for partition in still if self._positions[partition] < ends[partition]]
        before, self._readable = self._readable, readable_ends(reader, behind)
        stuck = [
            partition
            for partition in behind
            if self._positions[partition] < min(self._readable[partition], before.get(partition, -3))
        ]
        undecided = [partition for partition in behind if self._positions[partition] >= self._readable[partition]]
        if stuck:
            self._tell(f"there is more to read at {self._places(stuck)} and it does not come; reading it anew")
        elif undecided:
            self._tell(
                f"an undecided transaction at {self._places(undecided)}: its producer must end it, or the broker will "
                "when it times out"
            )
        else:
            self.wait = self._since = None
        return stuck

    def _tell(self, hint: str) -> None:
        self._since = self._monotonic() if self._since is None else self._since
        self.wait = Wait(self._since, hint)

    def _places(self, partitions: Sequence[Partition]) -> str:
        return ", ".join(
            f"{partition.topic}[{partition.number}]@{max(0, self._positions[partition])}" for partition in partitions
        )
