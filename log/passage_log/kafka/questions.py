"""What is asked of the brokers and answered once: offsets, topics, the cluster's name.

One admin client serves a whole log. It is kept until every answer is in: a future whose client is gone never resolves.
And it is let go of by name, at the log's end: an answer that failed holds the one who waited for it in its traceback,
so only the cycle collector would, and in a process that seldom collects the client would look for its broker for ever.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NoAnswer
from functools import partial
from time import monotonic, sleep
from typing import Any, NamedTuple, TypeVar

from confluent_kafka import (
    OFFSET_INVALID,
    IsolationLevel,
    KafkaError,
    KafkaException,
    TopicCollection,
    TopicPartition,
)

# The client exports these, but does not declare that it does.
from confluent_kafka.admin import AdminClient, ClusterMetadata, ConfigResource, NewTopic, OffsetSpec, ResourceType  # type: ignore[attr-defined]

from passage_log.errors import Unfit, Unreachable
from passage_log.kafka import bounded, errors, settings
from passage_log.kafka.access import Access
from passage_log.port import GroupMember, Topic
from passage_log.waiting import asking
from passage_schemas.log_record import Partition

Answer = TypeVar("Answer")

NO_SUCH_TOPIC = frozenset({KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC})

ASK_AGAIN_SECONDS = 0.02

BY_THE_WAY_SECONDS = 2.0
"""For a question nobody should be kept waiting by."""

ONE_REQUEST_SECONDS = 4.0
"""So long one broker may keep us waiting; then the question goes out again, perhaps to another."""

NEVER_SECONDS = 3_600.0
"""For a question that we give up before the client does."""

RENEW_SECONDS = 10.0
"""From the first question without an answer: as long as two more, and what lies between."""

LATE_SECONDS = 2.0
"""The client keeps its own time. Ours, so much more, only guards against one that doesn't."""

LISTEN_EVERY_SECONDS = 0.25

REFUSED_SECONDS = 2.0
"""So long we wait for another broker to answer when one has refused us."""

BROKERS_CHOICE = -1
"""Of a replication factor: the broker's default."""


class Questions:
    def __init__(self, access: Access, timeout_seconds: float) -> None:
        self._access = access
        self._timeout_seconds = timeout_seconds
        self._client: AdminClient | None = self._make()
        self._silent_since: float | None = None
        """Since when no question was answered; None when the last one was."""

    def _make(self) -> AdminClient:
        chosen: Any = settings.questions(self._access)
        return self._access.make(lambda: AdminClient(chosen))

    @property
    def _admin(self) -> AdminClient:
        if self._client is None:
            self._client = self._make()
        return self._client

    def close(self) -> None:
        """Leave no thread and no connection behind. Whoever asks again opens it again."""
        held, self._client = [self._client], None
        bounded.leave("the log's own client: its end", held.clear)

    @property
    def no_answer(self) -> str:
        return self._access.no_answer(self._timeout_seconds)

    def cluster_id(self) -> str:
        return self._until_answered("the brokers: their cluster's id", self._cluster_id)

    def _cluster_id(self, seconds: float) -> str:
        """From the list of topics: the question made for it aborts the process where the answer names no broker and no
        topic, as a lone broker's does that was frozen and is not registered again (librdkafka's
        rd_kafka_admin_response_parse: rko_result)."""
        return str(self._ask(partial(self._list_topics, seconds)).cluster_id)

    def describe(self, topics: Sequence[str]) -> dict[str, Topic | None]:
        if not topics:
            return {}
        names = list(dict.fromkeys(topics))
        what = f"topics {', '.join(names)}"
        shapes = self._until_answered(f"{what}: their partitions", lambda seconds: self._shapes(names, seconds))
        found = [name for name, shape in shapes.items() if shape is not None]
        effective = self._until_answered(f"{what}: their settings", lambda seconds: self._settings(found, seconds))
        return {
            name: None if shape is None else Topic(name, shape.partitions, effective[name], shape.identity)
            for name, shape in shapes.items()
        }

    def absent(self, partitions: Sequence[Partition]) -> list[Partition]:
        """Those that aren't there. None of them if no broker answers soon: that is another trouble."""
        topics = sorted({partition.topic for partition in partitions})
        if not topics:
            return []
        try:
            shapes = self._shapes(topics, BY_THE_WAY_SECONDS)
        except Unreachable:
            return []
        return [one for one in partitions if (shape := shapes[one.topic]) is None or one.number >= shape.partitions]

    def _shapes(self, topics: Sequence[str], seconds: float) -> "dict[str, _Shape | None]":
        answers = self._admin.describe_topics(TopicCollection(list(topics)), request_timeout=seconds)
        return {name: self._shape(answer, name) for name, answer in answers.items()}

    def _shape(self, answer: "Future[Any]", topic: str) -> "_Shape | None":
        try:
            found = self._result(answer, topic, needs=f"Describe on topic {topic}")
        except _NoSuchTopic:
            return None
        return _Shape(len(found.partitions), str(found.topic_id))

    def _settings(self, topics: Sequence[str], seconds: float) -> dict[str, dict[str, str]]:
        if not topics:
            return {}
        resources = [ConfigResource(ResourceType.TOPIC, topic) for topic in topics]
        answers = self._admin.describe_configs(resources, request_timeout=seconds)
        return {
            resource.name: {
                name: entry.value
                for name, entry in self._result(
                    answer, resource.name, needs=f"DescribeConfigs on topic {resource.name}"
                ).items()
                if entry.value is not None
            }
            for resource, answer in answers.items()
        }

    def group_members(self, group: str) -> list[GroupMember]:
        """To be asked of questions of its own: one that gets no answer ends the client for all."""
        return self._until_answered(
            f"group {group}: its members",
            lambda seconds: sorted(map(_group_member, self._described(group, seconds))),
        )

    def _described(self, group: str, seconds: float) -> list[Any]:
        """The client may not give this question up by itself: it keeps looking for the group's coordinator, and once it
        has found it, it aborts the process over the answer that nobody awaits (librdkafka 4605, 5397), or never finds
        it again. So it is told to wait for long, and let go of with the client that asks, which is safe."""
        answers = self._ask(lambda: self._admin.describe_consumer_groups([group], request_timeout=NEVER_SECONDS))
        try:
            where, needs = f"group {group}", f"Describe on group {group}"
            return list(self._result(answers[group], where, needs=needs, most_seconds=seconds).members)
        except _NoSuchGroup:
            return []
        except Unreachable:
            self.close()
            raise

    def create(self, topics: Sequence[Topic]) -> None:
        """Create those that don't exist; comes back when every one of them can be written and read."""
        wanted = [
            NewTopic(
                topic.name,
                num_partitions=topic.partitions,
                replication_factor=BROKERS_CHOICE,
                config=dict(topic.settings),
            )
            for topic in topics
        ]
        if not wanted:
            return
        answers = self._admin.create_topics(
            wanted, operation_timeout=self._timeout_seconds, request_timeout=self._timeout_seconds
        )
        created = {name for name, answer in answers.items() if self._created(answer, name)}
        self._wait_for([topic for topic in topics if topic.name in created])

    def _wait_for(self, topics: Sequence[Topic]) -> None:
        """The controller knows of a topic before the brokers do."""
        partitions = [Partition(topic.name, number) for topic in topics for number in range(topic.partitions)]
        deadline = monotonic() + self._timeout_seconds
        while True:
            try:
                self.ends(partitions)
            except Unfit:
                if monotonic() > deadline:
                    raise
                sleep(ASK_AGAIN_SECONDS)
                # The client does not ask again by itself: the broker that knew of none may have been asked too early.
                self._look_around(ONE_REQUEST_SECONDS, [topic.name for topic in topics])
            else:
                return

    def _created(self, answer: "Future[Any]", topic: str) -> bool:
        """False if it was there already."""
        try:
            with asking(f"creating topic {topic}"):
                self._await(answer, self._timeout_seconds + LATE_SECONDS)
        except KafkaException as error:
            inside = errors.of(error)
            if inside.code() != KafkaError.TOPIC_ALREADY_EXISTS:
                needs = f"Create on topic {topic}"
                raise errors.of_question(inside, f"creating topic {topic}", self.no_answer, needs) from error
            return False
        return True

    def ends(self, partitions: Sequence[Partition], stable: bool = False) -> dict[Partition, int]:
        """High watermarks, or with `stable` the last stable offsets."""
        latest: Any = OffsetSpec.latest()  # type: ignore[no-untyped-call]
        return self._offsets(dict.fromkeys(partitions, latest), stable)

    def offset_at(self, partition: Partition, timestamp_ms: int) -> int:
        # The end first: a record stored between the two questions must not be skipped.
        end = self.ends([partition], stable=True)[partition]
        found = self._offsets({partition: OffsetSpec.for_timestamp(timestamp_ms)}, stable=True)[partition]
        return end if found < 0 else found

    def _offsets(self, wanted: Mapping[Partition, Any], stable: bool) -> dict[Partition, int]:
        if not wanted:
            return {}
        level = IsolationLevel.READ_COMMITTED if stable else IsolationLevel.READ_UNCOMMITTED

        def ask(seconds: float) -> dict[Partition, int]:
            try:
                return self._offsets_now(wanted, level, seconds)
            except _Moving:
                self._look_up_leaders({partition.topic for partition in wanted}, seconds)
                raise

        return self._until_answered(f"topics {', '.join(sorted({one.topic for one in wanted}))}: their offsets", ask)

    def look_for_broker(self, topic: str) -> None:
        """Does any broker tell of this topic in time? Raises Unreachable."""
        self._heard(lambda: self._ask(partial(self._list_topics, self._timeout_seconds, topic)))

    def _look_up_leaders(self, topics: Collection[str], seconds: float) -> None:
        """This client goes on asking with the leader's epoch it once heard, for minutes after the broker has moved on.
        (Tried: it hears of the new one when it is told to list the topic.)"""
        for topic in topics:
            self._ask(partial(self._list_topics, seconds, topic))

    def _list_topics(self, seconds: float, topic: str | None = None) -> ClusterMetadata:
        admin = self._admin
        return bounded.call(
            "the brokers: their topics",
            seconds + bounded.GRACE_SECONDS,
            lambda: admin.list_topics(topic, timeout=seconds),
        )

    def _offsets_now(
        self, wanted: Mapping[Partition, Any], level: IsolationLevel, seconds: float
    ) -> dict[Partition, int]:
        asked = {TopicPartition(*partition): spec for partition, spec in wanted.items()}
        answers = self._ask(lambda: self._admin.list_offsets(asked, isolation_level=level, request_timeout=seconds))
        return {
            Partition(which.topic, which.partition): self._offset(answer, Partition(which.topic, which.partition))
            for which, answer in answers.items()
        }

    def _offset(self, answer: "Future[Any]", partition: Partition) -> int:
        try:
            where, needs = f"{partition.topic}[{partition.number}]", f"Describe on topic {partition.topic}"
            offset = int(self._result(answer, where, partition, needs).offset)
        except _NoSuchTopic as error:
            raise Unfit(f"there is no {partition.topic}[{partition.number}]; create the topic") from error
        if offset == OFFSET_INVALID:
            # From a broker that is frozen: the time was up, and the client gives this for an answer, without an error.
            raise Unreachable(self.no_answer)
        return offset

    def _until_answered(self, what: str, question: Callable[[float], Answer]) -> Answer:
        """Asked again while brokers come and go: a question dies with the broker it was put to, and another may know.
        `question` is told how many seconds it may take. Raises Unreachable when the time is up."""
        with asking(what), self._access.question():
            return self._answered(question)

    def _answered(self, question: Callable[[float], Answer]) -> Answer:
        deadline = monotonic() + self._timeout_seconds
        while True:
            seconds = min(ONE_REQUEST_SECONDS, max(ASK_AGAIN_SECONDS, deadline - monotonic()))
            try:
                return self._heard(partial(question, seconds))
            except Unreachable:
                if monotonic() > deadline:
                    raise
                sleep(ASK_AGAIN_SECONDS)
                self._look_around(min(ONE_REQUEST_SECONDS, max(ASK_AGAIN_SECONDS, deadline - monotonic())))

    def _heard(self, question: Callable[[], Answer]) -> Answer:
        """A client that has given no answer for a while, however short each question was, is replaced: behind a
        broker's restart one may stay deaf."""
        try:
            answer = question()
        except Unreachable:
            now = monotonic()
            since = self._silent_since = now if self._silent_since is None else self._silent_since
            if now - since >= RENEW_SECONDS:
                self._silent_since = None
                self.close()
            raise
        self._silent_since = None
        return answer

    def _look_around(self, seconds: float, topics: Sequence[str] = ()) -> None:
        """Whom this client asks, it learnt when it connected: told that a broker leads the cluster which has just died,
        it would wait for that one for minutes. (Tried: it hears of another when it is told to list the topics.)"""
        try:
            self._list_topics(seconds)
            for topic in topics:
                self._list_topics(seconds, topic)
        except (KafkaException, Unreachable) as error:
            errors.logger.debug("look_around error=%s", error)

    def _ask(self, question: Callable[[], Answer]) -> Answer:
        try:
            return question()
        except KafkaException as error:
            raise errors.of_question(errors.of(error), "asking the brokers", self.no_answer) from error

    def _result(
        self,
        answer: "Future[Any]",
        where: str,
        partition: Partition | None = None,
        needs: str = "",
        most_seconds: float = ONE_REQUEST_SECONDS + LATE_SECONDS,
    ) -> Any:
        try:
            return self._await(answer, most_seconds)
        except KafkaException as error:
            inside = errors.of(error)
            if inside.code() in NO_SUCH_TOPIC:
                raise _NoSuchTopic(where) from error
            if inside.code() == KafkaError.GROUP_ID_NOT_FOUND:
                raise _NoSuchGroup(where) from error
            if inside.code() == KafkaError._NOENT and partition is not None and self.absent([partition]):
                raise _NoSuchTopic(where) from error
            if inside.code() in errors.MOVING:
                raise _Moving(f"{errors.told(inside, where)}, for {self._timeout_seconds:g} s") from error
            raise errors.of_question(inside, where, self.no_answer, needs) from error

    def _await(self, answer: "Future[Any]", most_seconds: float) -> Any:
        """Raises Unfit when nobody answers and somebody refused us; Unreachable; what the client raises."""
        began = monotonic()
        with self._access.question():
            while True:
                try:
                    return answer.result(LISTEN_EVERY_SECONDS)
                except NoAnswer as error:
                    # What the client has to say beside, it says when polled.
                    self._admin.poll(0)
                    waited = monotonic() - began
                    if waited > REFUSED_SECONDS:
                        self._access.check()
                    if waited > most_seconds:
                        raise Unreachable(self.no_answer) from error
                except KafkaException as error:
                    if errors.of(error).code() in errors.UNREACHABLE:
                        self._admin.poll(0)
                        self._access.check()
                    raise


def _group_member(member: Any) -> GroupMember:
    owned = frozenset(Partition(one.topic, one.partition) for one in member.assignment.topic_partitions)
    # The broker puts a slash before the address.
    return GroupMember(str(member.member_id), str(member.host).lstrip("/"), owned, str(member.client_id))


class _Moving(Unreachable):
    """The partition's leader is changing, or not yet there: ask again."""


class _NoSuchGroup(Exception):
    """There is no such group; since Kafka 4 that is an error, before it was a group without members."""


class _Shape(NamedTuple):
    partitions: int
    identity: str


class _NoSuchTopic(Exception):
    """There is no such topic or partition; the one who asked knows what that means."""
