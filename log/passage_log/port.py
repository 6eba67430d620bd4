"""The log, in the words the rest of Passage speaks: records, readers, members, writers.

Two adapters keep these promises, `memory` and `kafka`, and one conformance suite holds both to them. Nothing here knows
Kafka's client, a tick or a policy. Everything is synchronous and single-threaded by object: a reader, member or writer
belongs to one thread; a `Log` may be shared.

Timestamps are milliseconds since 1970 UTC, as the log stores them. Offsets grow but have holes (transaction markers,
compaction): never count with them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol

from passage_schemas.log_record import Headers, Partition, Record, Weighed

EARLIEST = -2
"""In place of an offset: from the first record the log still has."""

FAR_AHEAD_MS = (1 << 63) - 1
"""The last timestamp there is. Asking for the offset at it tells where the readable records end, whatever a producer
took for milliseconds."""


class Delivery(NamedTuple):
    """Where and when the log stored a record: with LogAppendTime, `timestamp_ms` is the broker's own clock."""

    partition: Partition
    offset: int
    timestamp_ms: int


class Committed(NamedTuple):
    """A group's committed position: the next offset to read, and the note its committer left."""

    offset: int
    note: str


class Assignment(NamedTuple):
    """What a member owns. `round` grows with every change the group made, so a partition that was taken and given back
    between two looks is seen as such."""

    round: int
    partitions: frozenset[Partition]


class GroupMember(NamedTuple):
    """A member as its group knows it: the id it was given, the host it speaks from, what it owns, and what its client
    calls itself (`client.id`), which need not be its own."""

    id: str
    host: str
    partitions: frozenset[Partition]
    name: str = ""


class Reader(Protocol):
    """Reads the partitions it was told to, read_committed: aborted and undecided records are never returned."""

    def assign(self, positions: Mapping[Partition, int]) -> None:
        """Read exactly these partitions, each from its offset (or EARLIEST). Replaces what was read before."""
        ...

    def poll(self, max_records: int, timeout_seconds: float) -> list[Record]:
        """Up to `max_records`, each partition's in its own order; [] when none came in time, or at once when something
        else changed that is worth a look: a position passed a marker, the group moved partitions.

        Raises Truncated when an assigned offset is no longer on the log, LogError when a topic is gone or forbidden.
        A broker that does not answer is waited for: no error, no records.
        """
        ...

    def pause(self, partitions: Sequence[Partition]) -> None:
        """Return nothing more of these until `resume`; positions stay."""
        ...

    def resume(self, partitions: Sequence[Partition]) -> None: ...

    def position(self, partition: Partition) -> int:
        """Everything before this offset was returned by `poll` or will never be readable. It passes transaction markers
        and aborted records, and stops at the first record of a transaction still undecided. After `assign` and before
        the first poll it is the assigned offset."""
        ...

    def end(self, partition: Partition) -> int:
        """The offset after the last record, undecided ones included (the high watermark), asked of the log now.
        Raises Unreachable."""
        ...

    def ends(self, partitions: Sequence[Partition]) -> dict[Partition, int]:
        """`end` of each, in one question."""
        ...

    def offset_at(self, partition: Partition, timestamp_ms: int) -> int:
        """An offset before which no record has a timestamp at or after this: where to start reading from that time on.
        The last stable offset if there is no such record yet. Raises Unreachable."""
        ...

    def close(self) -> None: ...


class Member(Reader, Protocol):
    """A reader whose partitions a consumer group shares out. `poll` also serves the group; it reads nothing until the
    owner has called `assign` with positions for what `assignment` gave it, and stops reading when the group takes
    partitions away (positions must then be assigned anew)."""

    def assignment(self) -> Assignment: ...

    def committed(self, partitions: Sequence[Partition], timeout_seconds: float) -> dict[Partition, Committed | None]:
        """The group's stable positions; None where there is none. Blocks while a predecessor's transaction is undecided
        (THE GATE of a restore). Raises Unreachable when that takes longer than the time given; asks at least once."""
        ...

    def close(self) -> None:
        """Leave the group at once, so that others need not wait for the session to end."""
        ...


class Writer(Protocol):
    """A transactional writer. Construct, `open`, then `begin`, `append`..., `commit` or `abort`, again and again.

    Any error but Refused means: `discard` it and make a new one.
    """

    def open(self) -> None:
        """Take the transactional id: every older writer of the same id is fenced, its open transaction aborted.
        Raises Unreachable, Fenced."""
        ...

    def begin(self) -> None: ...

    def append(
        self,
        partition: Partition,
        key: bytes | None,
        value: bytes | None,
        timestamp_ms: int,
        headers: Headers = (),
    ) -> None:
        """Add to the open transaction; stored in the order of calls. May raise later, from `commit`.
        Raises Refused for a record that is too large, before it is part of the transaction."""
        ...

    def append_all(
        self, partition: Partition, prefix: bytes, values: Mapping[bytes, bytes | None], timestamp_ms: int
    ) -> None:
        """`append` each value under `prefix` and its key, in the mapping's order: for many, where a call for each would
        cost as much as the record. Stops at the first that is Refused; those before it are part of the transaction."""
        ...

    def append_each(self, partition: Partition, records: Iterable[Weighed], timestamp_ms: int) -> None:
        """`append` each of these, in their order: for many with headers, which their maker has weighed as cheaply as it
        made them. Stops at the first that is Refused; those before it are part of the transaction."""
        ...

    def deliver(
        self,
        partition: Partition,
        key: bytes | None,
        value: bytes | None,
        timestamp_ms: int,
        headers: Headers = (),
    ) -> Delivery:
        """`append`, then wait until the broker has stored it. Raises Fenced, WriterLost."""
        ...

    def commit(self, positions: Mapping[Partition, Committed] | None = None, member: Member | None = None) -> None:
        """Make the transaction readable, all or nothing, together with the group's positions.

        With `member`, the group's generation is checked too, but only because real positions are sent: `positions` must
        then not be empty (ValueError), else a deposed worker's transaction would commit.
        On Kafka it may be readable only a moment after this returns (its markers are still being written); reading to
        an `end` asked for now includes it. `positions` and `member` are given both or not at all. A transaction nothing
        was appended to and that carries no positions proves nothing: on Kafka a fenced writer may "commit" it.
        Raises Fenced (nothing became readable), Unfit (nothing became readable, and won't: a topic is gone or forbids a
        record's timestamp or size) or WriterLost (unknown: ask the log).
        """
        ...

    def send_positions(self, positions: Mapping[Partition, Committed], member: Member) -> None:
        """The first half of a commit with positions: they become part of the transaction, undecided until it ends, and
        the group's generation is checked. Raises Fenced, WriterLost."""
        ...

    def abort(self) -> None:
        """Nothing appended since `begin` will ever be readable. Raises Fenced, WriterLost."""
        ...

    @property
    def is_doubtful(self) -> bool:
        """A connection was lost since the last `begin` (or `open`), so what was asked of the broker may have been asked
        twice, and the copy be under way still: the end of this transaction could end the next one. And on Kafka, the
        next one's positions may wait for a coordinator that is no more. `discard` it; a new epoch fences it."""
        ...

    def discard(self) -> None:
        """Let go without waiting or raising. An open transaction is aborted in its own time, fenced or times out."""
        ...


class Appender(Protocol):
    """Writes facts outside transactions: for producers of facts, demos and tests."""

    def append(
        self,
        partition: Partition,
        key: bytes | None,
        value: bytes | None,
        timestamp_ms: int,
        headers: Headers = (),
    ) -> None:
        """Queue a record. Raises Refused when it is too large."""
        ...

    def flush(self) -> None:
        """Wait until all is stored. Raises Refused (a record the log would not have) or Unreachable."""
        ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as it is, or as it is wanted. Settings by their Kafka names (`cleanup.policy`, `retention.ms`)."""

    name: str
    partitions: int
    settings: Mapping[str, str] = field(default_factory=dict)
    identity: str = field(default="", compare=False)
    """Told by the log: another one after the topic was deleted and created again under its name."""


Assignor = Literal["range", "cooperative-sticky"]


class Log(Protocol):
    """The way in: makes readers, members and writers, and tells what topics there are."""

    def cluster_id(self) -> str:
        """The name of this very log: offsets mean nothing on another. Raises Unreachable."""
        ...

    def describe(self, topics: Sequence[str]) -> dict[str, Topic | None]:
        """Each topic with all its effective settings, None where there is none. Raises Unreachable."""
        ...

    def group_members(self, group: str) -> Sequence[GroupMember]:
        """Who is in the group, ordered by id; nobody in a group that never was. One that is gone without a word stays
        until its session ends; in a rebalance members may own nothing yet. Raises Unreachable."""
        ...

    def create(self, topics: Sequence[Topic]) -> None:
        """Create those that don't exist; leaves the others as they are. Raises Unfit, Unreachable."""
        ...

    def reader(self) -> Reader: ...

    def member(self, group: str, topics: Sequence[str], assignor: Assignor) -> Member: ...

    def writer(self, transactional_id: str, transaction_timeout_seconds: float = 15.0) -> Writer: ...

    def appender(self) -> Appender: ...

    def close(self) -> None: ...
