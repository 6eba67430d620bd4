"""One suite, two logs: each conformance test gets a `World`, once in memory and once on Kafka.

A World does what time and operators do to a log, in the way each log has for it.
"""

from collections.abc import Callable, Sequence
from time import monotonic
from typing import Protocol

from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from passage_log.kafka import KafkaLog
from passage_log.memory import MemoryLog
from passage_log.port import EARLIEST, Assignor, Log, Member, Reader, Topic, Writer
from passage_schemas.log_record import Partition, Record

T0 = 1_700_000_000_000
"""Some millisecond in 2023: the records are dated long before the broker's own day."""

BOUND_SECONDS = 40.0

KEEP = {"retention.ms": "-1"}

SOON_DEPOSED = {"max.poll.interval.ms": "6000", "session.timeout.ms": "6000"}
"""A member that does not poll for six seconds is thrown out of its group."""


class World(Protocol):
    log: Log

    def name(self, base: str = "topic") -> str: ...
    def depose(self, member: Member, successor: Member) -> None:
        """The group gives everything to `successor`, while `member` is silent and hears nothing of it."""
        ...

    def forget_before(self, partition: Partition, offset: int) -> None: ...
    def await_compaction(self, topic: str, writer: Writer, done: Callable[[], bool]) -> None: ...


class InMemory:
    def __init__(self, name: Callable[..., str]) -> None:
        self.memory = MemoryLog(now_ms=lambda: T0 + 86_400_000)
        self.log: Log = self.memory
        self.name = name

    def depose(self, member: Member, successor: Member) -> None:
        self.memory.expire(member)
        wait([successor], lambda: bool(successor.assignment().partitions))

    def forget_before(self, partition: Partition, offset: int) -> None:
        self.memory.truncate(partition, offset)

    def await_compaction(self, topic: str, writer: Writer, done: Callable[[], bool]) -> None:
        self.memory.compact(topic)
        assert done()


class OnKafka:
    def __init__(self, bootstrap: str, name: Callable[..., str]) -> None:
        self.log: Log = KafkaLog(bootstrap, settings=SOON_DEPOSED)
        self.name = name
        self._admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})

    def depose(self, member: Member, successor: Member) -> None:
        wait([successor], lambda: bool(successor.assignment().partitions))

    def forget_before(self, partition: Partition, offset: int) -> None:
        for answer in self._admin.delete_records([TopicPartition(*partition, offset)]).values():
            answer.result(BOUND_SECONDS)

    def await_compaction(self, topic: str, writer: Writer, done: Callable[[], bool]) -> None:
        """The cleaner takes only segments that are closed, and a segment is closed by a record dated later."""
        deadline = monotonic() + BOUND_SECONDS
        day = 1
        while not done():
            assert monotonic() < deadline, "the log cleaner has not run"
            day += 1
            append_all(writer, Partition(topic, 0), [(b"later", b"%d" % day)], T0 + day * 86_400_000)


def new_topic(world: World, partitions: int = 1, **settings: str) -> list[Partition]:
    """Settings with their dots written as underscores."""
    name = world.name()
    dotted = {setting.replace("_", "."): value for setting, value in settings.items()}
    world.log.create([Topic(name, partitions, {**KEEP, **dotted})])
    return [Partition(name, number) for number in range(partitions)]


def open_writer(world: World, name: str | None = None) -> Writer:
    writer = world.log.writer(name or world.name("writer"))
    writer.open()
    return writer


def append_all(
    writer: Writer, partition: Partition, records: Sequence[tuple[bytes | None, bytes | None]], at_ms: int = T0
) -> None:
    """One transaction."""
    writer.begin()
    for key, value in records:
        writer.append(partition, key, value, at_ms)
    writer.commit()


def reading(world: World, partition: Partition, offset: int = EARLIEST) -> Reader:
    reader = world.log.reader()
    reader.assign({partition: offset})
    return reader


def wait(readers: Sequence[Reader], until: Callable[[], bool]) -> list[Record]:
    """Polls the readers in turn until the condition holds; what they read on the way."""
    deadline = monotonic() + BOUND_SECONDS
    found: list[Record] = []
    while not until():
        assert monotonic() < deadline, "waited in vain"
        for reader in readers:
            found += reader.poll(100, 0.1)
    return found


def read(reader: Reader, count: int) -> list[Record]:
    """Exactly the next `count` records."""
    deadline = monotonic() + BOUND_SECONDS
    found: list[Record] = []
    while len(found) < count:
        assert monotonic() < deadline, f"only {len(found)} of {count} records came"
        found += reader.poll(count - len(found), 0.1)
    return found


def read_to_end(reader: Reader, partition: Partition) -> list[bytes | None]:
    """The values of everything readable, up to the end the log has now; nothing may be undecided."""
    end = reader.end(partition)
    found = wait([reader], lambda: reader.position(partition) >= end)
    return [record.value() for record in found]


def member_of(world: World, group: str, topics: Sequence[str], assignor: Assignor = "range") -> Member:
    return world.log.member(group, topics, assignor)
