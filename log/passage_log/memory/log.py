"""The log in memory: topics, and the hooks by which a test or a simulation does what time and operators do.

The hooks stand beside the port, not in it: `expire` a member, `time_out` a writer, `compact`,
`truncate`, `stall`, `recreate`, `copy`.
"""

from collections.abc import Callable, Mapping, Sequence

from passage_log.errors import Unfit
from passage_log.memory.reader import MemoryMember, MemoryReader
from passage_log.memory.state import State
from passage_log.memory.store import CREATE_TIME, LOG_APPEND_TIME, Store
from passage_log.memory.writer import MemoryAppender, MemoryWriter
from passage_log.port import Assignor, GroupMember, Member, Topic
from passage_log.sizes import DEFAULT_MAX_MESSAGE_BYTES
from passage_schemas.log_record import Partition

FOR_EVER = "9223372036854775807"

DEFAULTS: Mapping[str, str] = {
    "cleanup.policy": "delete",
    "delete.retention.ms": "86400000",
    "max.message.bytes": str(DEFAULT_MAX_MESSAGE_BYTES),
    # Kafka's default is an hour; here the time is whatever the records say, so nothing is in the future.
    "message.timestamp.after.max.ms": FOR_EVER,
    "message.timestamp.before.max.ms": FOR_EVER,
    "message.timestamp.type": "CreateTime",
    "min.insync.replicas": "1",
    "retention.bytes": "-1",
    "retention.ms": "604800000",
}


class MemoryLog:
    """`now_ms` is the broker's clock, for LogAppendTime and the limits on timestamps; without it the broker's time is
    the highest timestamp written so far."""

    def __init__(self, now_ms: Callable[[], int] | None = None, cluster_id: str = "memory") -> None:
        self._cluster_id = cluster_id
        self._state = State(now_ms)

    def cluster_id(self) -> str:
        return self._cluster_id

    def describe(self, topics: Sequence[str]) -> dict[str, Topic | None]:
        with self._state.changed:
            return {name: self._topic(name) for name in topics}

    def _topic(self, name: str) -> Topic | None:
        settings = self._state.settings.get(name)
        return (
            None
            if settings is None
            else Topic(name, len(self._state.partitions[name]), settings, self._state.identities[name])
        )

    def group_members(self, group: str) -> list[GroupMember]:
        with self._state.changed:
            found = self._state.groups.get(group)
            return sorted(found.members()) if found is not None else []

    def create(self, topics: Sequence[Topic]) -> None:
        with self._state.changed:
            new = [topic for topic in topics if topic.name not in self._state.settings]
            for topic in new:
                self._create(topic)
            for group in self._state.groups.values():
                if group.subscribes(topic.name for topic in new):
                    group.rebalance()
            self._state.changed.notify_all()

    def _create(self, topic: Topic) -> None:
        if topic.partitions < 1:
            raise Unfit(f"topic {topic.name}: {topic.partitions} partitions; a topic has at least one")
        state = self._state
        settings = {**DEFAULTS, **topic.settings}
        state.settings[topic.name] = settings
        state.topics_ever += 1
        state.identities[topic.name] = str(state.topics_ever)
        state.partitions[topic.name] = [Partition(topic.name, number) for number in range(topic.partitions)]
        for partition in state.partitions[topic.name]:
            state.stores[partition] = Store(
                partition,
                max_bytes=int(settings["max.message.bytes"]),
                kind=LOG_APPEND_TIME if settings["message.timestamp.type"] == "LogAppendTime" else CREATE_TIME,
                before_max_ms=int(settings["message.timestamp.before.max.ms"]),
                after_max_ms=int(settings["message.timestamp.after.max.ms"]),
            )

    def reader(self) -> MemoryReader:
        return MemoryReader(self._state)

    def member(self, group: str, topics: Sequence[str], assignor: Assignor) -> MemoryMember:
        return MemoryMember(self._state, group, topics, assignor)

    def writer(self, transactional_id: str, transaction_timeout_seconds: float = 15.0) -> MemoryWriter:
        """Nothing times out by itself here: see `time_out`."""
        del transaction_timeout_seconds
        return MemoryWriter(self._state, transactional_id)

    def appender(self) -> MemoryAppender:
        return MemoryAppender(self._state)

    def close(self) -> None:
        """Nothing to close."""

    def expire(self, member: Member) -> None:
        """The member's session ends, as if it had been silent for too long. It learns of it when it polls again, and
        joins anew."""
        assert isinstance(member, MemoryMember), "a member of another log"
        with self._state.changed:
            member.expire()
            self._state.changed.notify_all()

    def time_out(self, transactional_id: str) -> None:
        """The open transaction of this id, if there is one, has lasted too long: it is aborted, its writer fenced."""
        with self._state.changed:
            writer = self._state.writers.get(transactional_id)
            if writer is not None and writer.in_transaction:
                writer.fence()

    def compact(self, topic: str, forget_deleted: bool = False) -> None:
        """Keep the last record of each key; with `forget_deleted` no null values either, as after
        `delete.retention.ms`."""
        with self._state.changed:
            for partition in self._state.partitions[topic]:
                self._state.stores[partition].compact(forget_deleted)

    def truncate(self, partition: Partition, offset: int) -> None:
        """Forget the records before `offset`, as retention does."""
        with self._state.changed:
            self._state.store(partition).truncate(offset)

    def stall(self, partition: Partition) -> None:
        """Whoever reads it gets nothing more of it until they are told anew where to read: a client whose fetches got
        lost. It knows the end all the same."""
        with self._state.changed:
            self._state.stalls.setdefault(partition, 0)
            self._state.stalls[partition] += 1

    def recreate(self, topic: str) -> None:
        """Delete the topic and create it again as it was: another one of the same name, and empty."""
        with self._state.changed:
            self._create(Topic(topic, len(self._state.partitions[topic]), self._state.settings[topic]))
            self._state.changed.notify_all()

    def add_partitions(self, topic: str, partitions: int) -> None:
        """Give the topic that many; groups that read it share out anew."""
        with self._state.changed:
            grown = MemoryLog()
            grown._create(Topic(topic, partitions, self._state.settings[topic]))
            for partition in grown._state.partitions[topic][len(self._state.partitions[topic]) :]:
                self._state.stores[partition] = grown._state.stores[partition]
            self._state.partitions[topic] = grown._state.partitions[topic]
            for group in self._state.groups.values():
                if group.subscribes([topic]):
                    group.rebalance()
            self._state.changed.notify_all()

    def copy(self) -> "MemoryLog":
        """The same topics and records in a log of its own: one list copied per partition, no record. What was undecided
        is aborted; groups, their positions and writers stay behind."""
        with self._state.changed:
            twin = MemoryLog(self._state.now_ms, self._cluster_id)
            twin._state.settings = dict(self._state.settings)
            twin._state.partitions = dict(self._state.partitions)
            twin._state.identities = dict(self._state.identities)
            twin._state.topics_ever = self._state.topics_ever
            twin._state.stores = {name: store.copy() for name, store in self._state.stores.items()}
            twin._state.newest_ms = self._state.newest_ms
            twin._state.writers_ever = self._state.writers_ever
            return twin
