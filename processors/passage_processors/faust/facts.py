"""Facts as Faust delivers them, in the shape the engine reads, and the proof that there are no more of them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from faust.types import EventT

from passage_log.errors import Truncated
from passage_log.port import EARLIEST, Log
from passage_processors.core.order.timeline import Pending
from passage_schemas.log_record import Partition

_QUIET_SECONDS = 0.5
"""So long nothing came of an input before it is looked at: as a rule there is more, and Faust is bringing it."""
_LOOKS = 20
_LOOK_SECONDS = 0.05


class Fact:
    """One delivered record, and the event to acknowledge once all that follows from it is stored."""

    __slots__ = ("_at_ms", "_value", "event")

    def __init__(self, event: EventT[Any]) -> None:
        self.event = event
        self._value: bytes | None = event.message.value
        # Seconds, as a fraction; the log has whole milliseconds.
        self._at_ms = round(event.message.timestamp * 1000)

    def topic(self) -> str:
        return str(self.event.message.topic)

    def partition(self) -> int:
        return int(self.event.message.partition)

    def offset(self) -> int:
        return int(self.event.message.offset)

    def key(self) -> bytes | None:
        key: bytes | None = self.event.message.key
        return key

    def value(self) -> bytes | None:
        return self._value

    def headers(self) -> list[tuple[str, bytes]] | None:
        headers = self.event.message.headers
        return list(headers.items() if isinstance(headers, Mapping) else headers) if headers else None

    def timestamp(self) -> tuple[int, int]:
        return 1, self._at_ms

    def say_nothing(self) -> None:
        """It was heard before: a record without a value is passed over."""
        self._value = None


class Eyes:
    """Looks at the log past what Faust has delivered: only so can it be told that no fact is still under way.

    Faust says what it has delivered, not what it is about to; and behind the last fact of a transaction stands a marker
    that is never delivered. Takes a member's place where `Readiness` asks.
    """

    def __init__(self, log: Log, monotonic: Callable[[], float]) -> None:
        self._reader = log.reader()
        self._monotonic = monotonic
        self._stood_at: dict[Partition, tuple[int, float]] = {}
        self._ends: Mapping[Partition, int] = {}
        self.pending: dict[Partition, Pending] = {}
        """What was delivered of each input."""

    def ends(self, partitions: Sequence[Partition]) -> dict[Partition, int]:
        """Raises Unreachable."""
        self._ends = ends = self._reader.ends(partitions)
        return ends

    def position(self, partition: Partition) -> int:
        """Everything before it was delivered, or is no fact. Raises Unreachable."""
        delivered, end = self.pending[partition].position, self._ends[partition]
        if delivered >= end or not self._is_quiet(partition, delivered):
            return delivered
        self._reader.assign({partition: delivered})
        try:
            for _ in range(_LOOKS):
                try:
                    if self._reader.poll(1, _LOOK_SECONDS):
                        break  # Faust has yet to deliver it
                except Truncated:
                    self._reader.assign({partition: EARLIEST})
                if self._reader.position(partition) >= end:
                    return end
            return delivered
        finally:
            self._reader.assign({})

    def _is_quiet(self, partition: Partition, delivered: int) -> bool:
        now = self._monotonic()
        stood_at, since = self._stood_at.get(partition, (-1, now))
        if stood_at != delivered:
            self._stood_at[partition] = delivered, now
            return False
        return now - since >= _QUIET_SECONDS

    def close(self) -> None:
        self._reader.close()
