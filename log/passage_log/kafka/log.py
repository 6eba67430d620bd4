"""The way in: one Kafka cluster, by its address."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from functools import partial

from confluent_kafka import Consumer, Producer

from passage_log.address import check_bootstrap
from passage_log.errors import Unfit
from passage_log.kafka import settings
from passage_log.kafka.access import Access, Ear
from passage_log.kafka.appender import KafkaAppender
from passage_log.kafka.gate import Gate
from passage_log.kafka.member import KafkaMember
from passage_log.kafka.membership import Membership
from passage_log.kafka.questions import ONE_REQUEST_SECONDS, Questions
from passage_log.kafka.reader import KafkaReader
from passage_log.kafka.records import Hear
from passage_log.kafka.writer import OPEN_SECONDS, KafkaWriter
from passage_log.port import Assignor, GroupMember, Topic
from passage_log.sizes import DEFAULT_MAX_MESSAGE_BYTES

READERS_GROUP = "passage-readers"
"""The client wants a group's name even where there is no group; nothing is ever committed under it."""


class KafkaLog:
    """`settings` are the client's own, for every client made here: security, timeouts, tuning. Nothing is asked of the
    network before it is needed; then, a broker that does not answer within `connect_timeout_seconds` is Unreachable.
    Raises Unfit for what can't be an address."""

    def __init__(
        self, bootstrap: str, settings: Mapping[str, str] | None = None, connect_timeout_seconds: float = 30.0
    ) -> None:
        try:
            self._access = Access(check_bootstrap(bootstrap), settings or {})
        except ValueError as error:
            raise Unfit(f"bootstrap: {error}") from None
        self._timeout_seconds = connect_timeout_seconds
        self._questions = Questions(self._access, connect_timeout_seconds)
        self._limits: dict[str, int] = {}

    @property
    def bootstrap(self) -> str:
        return self._access.bootstrap

    def hurried(self, timeout_seconds: float) -> "KafkaLog":
        """The same cluster over connections of its own, asked for so long only: for whoever asks beside."""
        return KafkaLog(self._access.bootstrap, self._access.settings, timeout_seconds)

    def look_for_broker(self, topic: str) -> None:
        """Raises Unreachable when none tells of this topic in time. For whoever asks again and again."""
        self._questions.look_for_broker(topic)

    def cluster_id(self) -> str:
        return self._questions.cluster_id()

    def describe(self, topics: Sequence[str]) -> dict[str, Topic | None]:
        return self._questions.describe(topics)

    def group_members(self, group: str) -> list[GroupMember]:
        return _members(group, self._access, self._timeout_seconds)

    def create(self, topics: Sequence[Topic]) -> None:
        self._questions.create(topics)

    def reader(self) -> KafkaReader:
        return KafkaReader(self._consumer(settings.consumer(self._access, READERS_GROUP)), self._questions)

    def member(self, group: str, topics: Sequence[str], assignor: Assignor) -> KafkaMember:
        chosen = settings.member(self._access, group, assignor)
        asking = settings.gate(self._access, group)
        gate = Gate(lambda: self._consumer(asking), self._access, group, self._questions.no_answer)
        beside = Access(self._access.bootstrap, self._access.settings)  # what it hears is not for who asks here
        membership = Membership(partial(_members, group, beside, ONE_REQUEST_SECONDS))
        return KafkaMember(lambda: self._consumer(chosen), gate, membership, self._questions, group, topics, assignor)

    def writer(self, transactional_id: str, transaction_timeout_seconds: float = 15.0) -> KafkaWriter:
        ear = Ear(self._access)
        chosen = settings.transactional(self._access, transactional_id, transaction_timeout_seconds) | {"logger": ear}
        return KafkaWriter(
            make=lambda: self._access.make(lambda: Producer(chosen)),
            transactional_id=transactional_id,
            timeout_seconds=transaction_timeout_seconds,
            open_seconds=min(self._timeout_seconds, OPEN_SECONDS),
            limit_of=self._limit_of,
            absent=self._questions.absent,
            access=self._access,
            ear=ear,
        )

    def appender(self) -> KafkaAppender:
        chosen = settings.producer(self._access)
        return KafkaAppender(
            lambda hear: self._access.make(lambda: Producer(_heard(chosen, hear))),
            self._limit_of,
            self._timeout_seconds,
            self._questions.no_answer,
        )

    def _consumer(self, chosen: Mapping[str, settings.Setting]) -> Consumer:
        return self._access.make(lambda: Consumer(dict(chosen)))

    def _limit_of(self, topic: str) -> int:
        """The topic's max.message.bytes, asked once; a topic that isn't there is told of when it is written to."""
        if topic not in self._limits:
            found = self._questions.describe([topic])[topic]
            if found is None:
                return DEFAULT_MAX_MESSAGE_BYTES
            self._limits[topic] = int(found.settings["max.message.bytes"])
        return self._limits[topic]

    def close(self) -> None:
        """The readers, members and writers made here have their own ends. A log that is asked again is open again."""
        self._questions.close()


def _members(group: str, access: Access, timeout_seconds: float) -> list[GroupMember]:
    """Of a client made for this question, and let go of with its answer."""
    with closing(Questions(access, timeout_seconds)) as questions:
        return questions.group_members(group)


def _heard(chosen: Mapping[str, settings.Setting], hear: Hear) -> dict[str, settings.Setting]:
    """One callback for the producer, and only for failures: one for every record would cost half the throughput."""
    return {**chosen, "on_delivery": hear, "delivery.report.only.error": True}
