"""A log that fails when it is told to: the port's own writer, with a hook before and after every call.

The hook may raise (the process is killed, the connection lost) or let other candidates run (the process is stopped in
the middle of a transaction and wakes up later). Nothing is faked: whatever got through is on the log.
"""

from collections.abc import Callable, Mapping, Sequence

from passage_log.memory import MemoryLog
from passage_log.port import (
    Appender,
    Assignor,
    Committed,
    Delivery,
    GroupMember,
    Headers,
    Member,
    Partition,
    Reader,
    Topic,
    Writer,
)

Hook = Callable[[str], None]
"""Called with `before open`, `after open`, `before append`, ... `after commit`."""


class FaultyWriter:
    def __init__(self, writer: Writer, hook: Hook) -> None:
        self._writer = writer
        self._hook = hook

    def open(self) -> None:
        self._hook("before open")
        self._writer.open()
        self._hook("after open")

    def begin(self) -> None:
        self._writer.begin()

    def append(
        self, partition: Partition, key: bytes | None, value: bytes | None, timestamp_ms: int, headers: Headers = ()
    ) -> None:
        self._hook("before append")
        self._writer.append(partition, key, value, timestamp_ms, headers)

    def deliver(
        self, partition: Partition, key: bytes | None, value: bytes | None, timestamp_ms: int, headers: Headers = ()
    ) -> Delivery:
        self._hook("before deliver")
        delivery = self._writer.deliver(partition, key, value, timestamp_ms, headers)
        self._hook("after deliver")
        return delivery

    def commit(self, positions: Mapping[Partition, Committed] | None = None, member: Member | None = None) -> None:
        self._hook("before commit")
        self._writer.commit(positions, member)
        self._hook("after commit")

    def abort(self) -> None:
        self._writer.abort()

    def discard(self) -> None:
        self._writer.discard()


class FaultyLog:
    """`MemoryLog`, whose writers ask `hook` first. One per candidate: the hook knows whose call it is."""

    def __init__(self, log: MemoryLog, hook: Hook) -> None:
        self._log = log
        self._hook = hook

    def cluster_id(self) -> str:
        return self._log.cluster_id()

    def describe(self, topics: Sequence[str]) -> dict[str, Topic | None]:
        return self._log.describe(topics)

    def group_members(self, group: str) -> Sequence[GroupMember]:
        return self._log.group_members(group)

    def create(self, topics: Sequence[Topic]) -> None:
        self._log.create(topics)

    def reader(self) -> Reader:
        return self._log.reader()

    def member(self, group: str, topics: Sequence[str], assignor: Assignor) -> Member:
        return self._log.member(group, topics, assignor)

    def writer(self, transactional_id: str, transaction_timeout_seconds: float = 15.0) -> Writer:
        return FaultyWriter(self._log.writer(transactional_id, transaction_timeout_seconds), self._hook)

    def appender(self) -> Appender:
        return self._log.appender()

    def close(self) -> None:
        self._log.close()
