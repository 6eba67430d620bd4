"""A log that fails when it is told to: the port's own writer, with a hook before and after every call.

The hook may raise (the process is killed, the connection lost) or let other candidates run (the process is stopped in
the middle of a transaction and wakes up later). A wire that is cut lets nothing through: readers and members hear
nothing, as from a broker that doesn't answer, and whatever needs an answer fails. Nothing is faked: whatever got
through is on the log.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from passage_log.errors import Unreachable
from passage_log.memory import MemoryLog
from passage_log.port import (
    Appender,
    Assignment,
    Assignor,
    Committed,
    Delivery,
    GroupMember,
    Member,
    Reader,
    Topic,
    Writer,
)
from passage_schemas.log_record import Headers, Partition, Record, Weighed

Hook = Callable[[str], None]
"""Called with `before open`, `after open`, `before append`, ... `after commit`."""


def nothing(moment: str) -> None:
    """The hook of a process that lives in peace."""


@dataclass(slots=True)
class Wire:
    """Between one process and the log."""

    is_cut: bool = False
    unheard: list[Member] = field(default_factory=list)
    """Members whose goodbye the group has not heard: it keeps their seats until their sessions end."""

    def ask(self) -> None:
        if self.is_cut:
            raise Unreachable("no broker answered; check the network")


class FaultyReader:
    def __init__(self, reader: Reader, wire: Wire) -> None:
        self._reader = reader
        self._wire = wire

    def assign(self, positions: Mapping[Partition, int]) -> None:
        self._reader.assign(positions)

    def poll(self, max_records: int, timeout_seconds: float) -> list[Record]:
        return [] if self._wire.is_cut else self._reader.poll(max_records, timeout_seconds)

    def pause(self, partitions: Sequence[Partition]) -> None:
        self._reader.pause(partitions)

    def resume(self, partitions: Sequence[Partition]) -> None:
        self._reader.resume(partitions)

    def position(self, partition: Partition) -> int:
        return self._reader.position(partition)

    def end(self, partition: Partition) -> int:
        self._wire.ask()
        return self._reader.end(partition)

    def ends(self, partitions: Sequence[Partition]) -> dict[Partition, int]:
        self._wire.ask()
        return self._reader.ends(partitions)

    def offset_at(self, partition: Partition, timestamp_ms: int) -> int:
        self._wire.ask()
        return self._reader.offset_at(partition, timestamp_ms)

    def close(self) -> None:
        self._reader.close()


class FaultyMember(FaultyReader):
    def __init__(self, member: Member, wire: Wire) -> None:
        super().__init__(member, wire)
        self.member = member

    def assignment(self) -> Assignment:
        return self.member.assignment()

    def committed(self, partitions: Sequence[Partition], timeout_seconds: float) -> dict[Partition, Committed | None]:
        self._wire.ask()
        return self.member.committed(partitions, timeout_seconds)

    def close(self) -> None:
        if self._wire.is_cut:
            self._wire.unheard.append(self.member)
        else:
            self.member.close()


def seat_of(member: Member) -> Member:
    """The member itself, as the log behind the wire knows it."""
    return member.member if isinstance(member, FaultyMember) else member


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

    def append_each(self, partition: Partition, records: Iterable[Weighed], timestamp_ms: int) -> None:
        for key, value, headers, _size in records:
            self.append(partition, key, value, timestamp_ms, headers)

    def append_all(
        self, partition: Partition, prefix: bytes, values: Mapping[bytes, bytes | None], timestamp_ms: int
    ) -> None:
        for key, value in values.items():
            self.append(partition, prefix + key, value, timestamp_ms)

    def deliver(
        self, partition: Partition, key: bytes | None, value: bytes | None, timestamp_ms: int, headers: Headers = ()
    ) -> Delivery:
        self._hook("before deliver")
        delivery = self._writer.deliver(partition, key, value, timestamp_ms, headers)
        self._hook("after deliver")
        return delivery

    def commit(self, positions: Mapping[Partition, Committed] | None = None, member: Member | None = None) -> None:
        self._hook("before commit")
        self._writer.commit(positions, seat_of(member) if member is not None else None)
        self._hook("after commit")

    def send_positions(self, positions: Mapping[Partition, Committed], member: Member) -> None:
        self._writer.send_positions(positions, seat_of(member))

    def abort(self) -> None:
        self._writer.abort()

    @property
    def is_doubtful(self) -> bool:
        return self._writer.is_doubtful

    def discard(self) -> None:
        self._writer.discard()


class FaultyLog:
    """`MemoryLog`, whose writers ask `hook` first. One per candidate: the hook knows whose call it is, and the wire is
    its own."""

    def __init__(self, log: MemoryLog, hook: Hook = nothing, wire: Wire | None = None) -> None:
        self._log = log
        self._hook = hook
        self._wire = wire if wire is not None else Wire()

    def _strike(self, moment: str) -> None:
        self._wire.ask()
        self._hook(moment)
        self._wire.ask()

    def cluster_id(self) -> str:
        return self._log.cluster_id()

    def describe(self, topics: Sequence[str]) -> dict[str, Topic | None]:
        return self._log.describe(topics)

    def group_members(self, group: str) -> Sequence[GroupMember]:
        return self._log.group_members(group)

    def create(self, topics: Sequence[Topic]) -> None:
        self._log.create(topics)

    def reader(self) -> Reader:
        return FaultyReader(self._log.reader(), self._wire)

    def member(self, group: str, topics: Sequence[str], assignor: Assignor) -> Member:
        return FaultyMember(self._log.member(group, topics, assignor), self._wire)

    def writer(self, transactional_id: str, transaction_timeout_seconds: float = 15.0) -> Writer:
        return FaultyWriter(self._log.writer(transactional_id, transaction_timeout_seconds), self._strike)

    def appender(self) -> Appender:
        return self._log.appender()

    def close(self) -> None:
        self._log.close()
