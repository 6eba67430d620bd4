"""What every reader, member and writer of one in-memory log shares, under one lock."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Condition
from time import monotonic
from typing import Protocol, TypeVar

from passage_log.errors import Unfit
from passage_log.memory.group import Group
from passage_log.memory.store import Store
from passage_schemas.log_record import Partition

Found = TypeVar("Found")


class Fenceable(Protocol):
    """A writer, as far as others may touch it."""

    @property
    def in_transaction(self) -> bool: ...

    def fence(self) -> None:
        """A newer epoch exists, or its transaction lasted too long. The caller holds the lock."""


@dataclass(slots=True)
class State:
    """`changed` is the lock and the bell: held for every look, rung after every change a reader might wait for."""

    now_ms: Callable[[], int] | None
    changed: Condition = field(default_factory=Condition)
    settings: dict[str, Mapping[str, str]] = field(default_factory=dict)
    partitions: dict[str, list[Partition]] = field(default_factory=dict)
    identities: dict[str, str] = field(default_factory=dict)
    topics_ever: int = 0
    stores: dict[Partition, Store] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    writers: dict[str, Fenceable] = field(default_factory=dict)
    writers_ever: int = 0
    stalls: dict[Partition, int] = field(default_factory=dict)
    """How often each was stalled for those who read it then."""
    newest_ms: int = 0
    """The highest timestamp a writer has given: the broker's clock where none was injected."""

    def store(self, partition: Partition) -> Store:
        found = self.stores.get(partition)
        if found is None:
            raise Unfit(self.no_such(partition.topic, partition.number))
        return found

    def no_such(self, topic: str, number: int) -> str:
        known = self.partitions.get(topic)
        if known is None:
            return f"there is no topic {topic}; create it"
        return f"topic {topic} has no partition {number}: it has {len(known)}"

    def broker_ms(self) -> int:
        return self.newest_ms if self.now_ms is None else self.now_ms()

    def wait_for(self, look: Callable[[], Found | None], timeout_seconds: float) -> Found | None:
        """What `look` finds, looking again after every change until the time is up. Looks at least once."""
        with self.changed:
            found = look()
            if found is not None or timeout_seconds <= 0:
                return found
            deadline = monotonic() + timeout_seconds
            while found is None and (left := deadline - monotonic()) > 0:
                self.changed.wait(left)
                found = look()
            return found
