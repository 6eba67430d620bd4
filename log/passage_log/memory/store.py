"""One partition in memory: a list whose index is the offset.

Markers, aborted and compacted records are None in that list, so an offset costs no search and a batch is a slice. The
last stable offset is the first offset of the oldest transaction still open.
"""

from passage_log.errors import Unfit
from passage_log.sizes import LIGHT_BYTES
from passage_schemas.log_record import Headers, Partition

CREATE_TIME = 1
LOG_APPEND_TIME = 2

NO_LIMIT_MS = 2**63 - 1

NOBODY = 0
"""The writer number of a record appended outside a transaction."""


class MemoryRecord(tuple[str, int, int, bytes | None, bytes | None, int, int, Headers, int]):
    """(topic, partition, offset, key, value, kind, milliseconds, headers, writer): a tuple, because building one is
    three times as fast as filling an object's fields."""

    __slots__ = ()

    def topic(self) -> str:
        return self[0]

    def partition(self) -> int:
        return self[1]

    def offset(self) -> int:
        return self[2]

    def key(self) -> bytes | None:
        return self[3]

    def value(self) -> bytes | None:
        return self[4]

    def headers(self) -> list[tuple[str, bytes]] | None:
        return list(self[7]) or None  # type: ignore[arg-type]  # a header may have no value, as on Kafka

    def timestamp(self) -> tuple[int, int]:
        return (self[5], self[6])


class Store:
    """The records of one partition. Its caller holds the log's lock."""

    __slots__ = (
        "after_max_ms", "before_max_ms", "first", "is_choosy", "kind", "light_bytes", "max_bytes", "name", "number",
        "open", "slots", "topic",
    )  # fmt: skip

    def __init__(self, name: Partition, max_bytes: int, kind: int, before_max_ms: int, after_max_ms: int) -> None:
        self.name = name
        self.topic, self.number = name
        self.max_bytes = max_bytes
        self.light_bytes = min(LIGHT_BYTES, max_bytes // 2)
        self.kind = kind
        self.before_max_ms = before_max_ms
        self.after_max_ms = after_max_ms
        self.is_choosy = min(before_max_ms, after_max_ms) < NO_LIMIT_MS
        self.first = 0
        self.slots: list[MemoryRecord | None] = []
        self.open: dict[int, int] = {}
        """Writer number -> first offset of its open transaction here; in the order of those offsets."""

    def check_timestamp(self, timestamp_ms: int, broker_ms: int) -> None:
        if timestamp_ms < broker_ms - self.before_max_ms:
            raise Unfit(
                f"{self.topic}: timestamp {timestamp_ms} is older than the topic takes; raise "
                f"message.timestamp.before.max.ms, now {self.before_max_ms}"
            )
        if timestamp_ms > broker_ms + self.after_max_ms:
            raise Unfit(
                f"{self.topic}: timestamp {timestamp_ms} is further in the future than the topic takes; raise "
                f"message.timestamp.after.max.ms, now {self.after_max_ms}"
            )

    @property
    def end(self) -> int:
        return self.first + len(self.slots)

    @property
    def stable_end(self) -> int:
        for first_offset in self.open.values():
            return first_offset
        return self.end

    def take(self, position: int, most: int) -> tuple[list[MemoryRecord], int]:
        """Up to `most` readable records from `position`, and the position after them."""
        end = self.stable_end
        found: list[MemoryRecord] = []
        while position < end and len(found) < most:
            until = min(end, position + most - len(found))
            found += filter(None, self.slots[position - self.first : until - self.first])
            position = until
        return found, position

    def decide(self, writer: int, committed: bool) -> None:
        """End the writer's transaction here: drop its records if it was aborted, add the marker."""
        begun_at = self.open.pop(writer)
        if not committed:
            for index in range(max(0, begun_at - self.first), len(self.slots)):
                record = self.slots[index]
                if record is not None and record[8] == writer:
                    self.slots[index] = None
        self.slots.append(None)

    def offset_at(self, timestamp_ms: int) -> int:
        stable = self.stable_end
        for record in self.slots[: stable - self.first]:
            if record is not None and record[6] >= timestamp_ms:
                return record[2]
        return stable

    def compact(self, forget_deleted: bool) -> None:
        """Keep the last record of each key, up to the last stable offset. Offsets stay."""
        seen: set[bytes | None] = set()
        for index in range(self.stable_end - self.first - 1, -1, -1):
            record = self.slots[index]
            if record is None:
                continue
            superseded = record[3] in seen
            seen.add(record[3])
            if superseded or (forget_deleted and record[4] is None):
                self.slots[index] = None

    def truncate(self, offset: int) -> None:
        """Forget everything before `offset`, as retention does."""
        offset = min(offset, self.end)
        del self.slots[: max(0, offset - self.first)]
        self.first = max(self.first, offset)

    def copy(self) -> "Store":
        """The same records (they never change); transactions still open are aborted in the copy."""
        twin = Store(self.name, self.max_bytes, self.kind, self.before_max_ms, self.after_max_ms)
        twin.first, twin.slots, twin.open = self.first, self.slots.copy(), self.open.copy()
        for writer in self.open:
            twin.decide(writer, committed=False)
        return twin
