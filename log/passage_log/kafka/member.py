"""A group member on Kafka: the classic protocol, in which the client only tells us what we own.

The callbacks of a rebalance run inside `poll`. They record the assignment and stop the reading of what was taken; they
never start any, because only the owner knows from where (it has a state to restore first).

Some things are easy to get wrong here:

* The broker checks a generation only if one is sent. A member the group has thrown out forgets its member id, and the
  client would then send an empty one, which a transaction may carry: the commit of a deposed member would succeed. So
  the credentials are taken when the assignment is learnt, and those very ones are sent with every commit.
* A member's connection to its group is silent while the group waits for others to rejoin. So the committed positions
  are asked for on another one (`gate.py`).
* The client of a cooperative group refuses plain `assign`; there, only differences may be told to it.
* The client's own goodbye may never return, and hold the whole process (librdkafka 4884): a rebalance that nobody has
  heard of yet, but to which `assign` was an answer, is told in its last moments, and the answer to that is waited for
  where nobody is left to take it. So the group is left first, and all it has to tell is heard.
* It may stay out of its group for good. Then another client takes its place (`membership.py`).
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from time import monotonic

from confluent_kafka import Consumer, KafkaException, TopicPartition

from passage_log.errors import Fenced
from passage_log.kafka.errors import brokers
from passage_log.kafka.gate import Gate
from passage_log.kafka.membership import Membership
from passage_log.kafka.questions import Questions
from passage_log.kafka.reader import KafkaReader, topic_partitions
from passage_log.port import Assignment, Assignor, Committed
from passage_schemas.log_record import Partition, Record

NOTHING: frozenset[Partition] = frozenset()

LEAVE_SECONDS = 1.0
"""A stop has two in all."""
_QUIET_SECONDS = 0.02
"""What leaving still has to tell comes at once: it is the client's own, and no broker is asked."""


class KafkaMember:
    def __init__(
        self,
        make: Callable[[], Consumer],
        gate: Gate,
        membership: Membership,
        questions: Questions,
        group: str,
        topics: Sequence[str],
        assignor: Assignor,
    ) -> None:
        self._make = make
        self._gate = gate
        self._membership = membership
        self._questions = questions
        self._group = group
        self._topics = list(topics)
        self._is_eager = assignor == "range"
        self._round = 0
        self._owned = NOTHING
        self._reading = NOTHING
        self._credentials: object | None = None
        self._join()

    def _join(self) -> None:
        self._consumer = self._make()
        self._reader = KafkaReader(self._consumer, self._questions, self._group)
        self._consumer.subscribe(self._topics, on_assign=self._given, on_revoke=self._taken, on_lost=self._taken)

    def credentials(self) -> object:
        """What proves membership in the generation this member last heard of. Raises Fenced when it is in none."""
        if self._credentials is None:
            raise Fenced(f"group {self._group}: this process is not a member of it at present")
        return self._credentials

    def poll(self, max_records: int, timeout_seconds: float) -> list[Record]:
        if not self._owned and self._membership.is_lost(self._consumer.memberid):
            self._join_anew()
        return self._reader.poll(max_records, timeout_seconds)

    def _join_anew(self) -> None:
        brokers.warning(
            "membership_lost", group=self._group, consequence="its client says nothing of it; another one joins"
        )
        self._end_client()
        self._membership.begin_anew()
        self._join()

    def assignment(self) -> Assignment:
        return Assignment(self._round, self._owned)

    def _given(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        gained = _names(partitions)
        self._membership.given()
        if self._is_eager:
            consumer.assign([])
            self._stop_reading(self._reading)
        else:
            # None of them: it answers the group without beginning to read.
            consumer.incremental_assign([])
        self._owned = gained if self._is_eager else self._owned | gained
        self._take_credentials()
        self._count(gained)

    def _taken(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        if consumer is not self._consumer:
            return  # one that was given up, in its own last moments: it answers the group by itself
        lost = self._owned if self._is_eager else _names(partitions)
        if self._is_eager:
            consumer.unassign()
        else:
            consumer.incremental_unassign(topic_partitions(dict.fromkeys(lost & self._reading, 0)))
        self._stop_reading(lost)
        self._owned -= lost
        self._count(lost)

    def _stop_reading(self, partitions: frozenset[Partition]) -> None:
        self._reading -= partitions
        self._reader.drop(partitions)

    def _count(self, changed: frozenset[Partition]) -> None:
        if changed:
            self._round += 1
            self._reader.note_change()

    def _take_credentials(self) -> None:
        before = self._consumer.memberid()
        credentials = self._consumer.consumer_group_metadata()
        # The same member before and after, so these are its credentials and not the empty ones of nobody.
        is_member = bool(before) and self._consumer.memberid() == before
        self._credentials = credentials if is_member else None

    def assign(self, positions: Mapping[Partition, int]) -> None:
        if self._is_eager:
            self._consumer.assign(topic_partitions(positions))
        else:
            self._consumer.incremental_unassign(topic_partitions(dict.fromkeys(self._reading, 0)))
            self._consumer.incremental_assign(topic_partitions(positions))
        self._reading = frozenset(positions)
        self._reader.begin_at(positions)

    def committed(self, partitions: Sequence[Partition], timeout_seconds: float) -> dict[Partition, Committed | None]:
        return self._gate.committed(partitions, timeout_seconds)

    def pause(self, partitions: Sequence[Partition]) -> None:
        self._reader.pause(partitions)

    def resume(self, partitions: Sequence[Partition]) -> None:
        self._reader.resume(partitions)

    def position(self, partition: Partition) -> int:
        return self._reader.position(partition)

    def end(self, partition: Partition) -> int:
        return self._reader.end(partition)

    def ends(self, partitions: Sequence[Partition]) -> dict[Partition, int]:
        return self._reader.ends(partitions)

    def offset_at(self, partition: Partition, timestamp_ms: int) -> int:
        return self._reader.offset_at(partition, timestamp_ms)

    def close(self) -> None:
        self._end_client()
        self._gate.close()

    def _end_client(self) -> None:
        with suppress(KafkaException, RuntimeError):  # closed already, or it can't say goodbye
            self._leave()
        self._reader.close()

    def _leave(self) -> None:
        """Out of the group, with every rebalance answered while somebody takes the answers."""
        deadline = monotonic() + LEAVE_SECONDS
        self._consumer.unsubscribe()
        heard: int | None = None
        # It may tell what it gave before it tells that this is gone: until all is gone and nothing follows.
        while (self._owned or heard != self._round) and monotonic() < deadline:
            heard = self._round
            self._consumer.consume(10_000, _QUIET_SECONDS)


def _names(partitions: Sequence[TopicPartition]) -> frozenset[Partition]:
    return frozenset(Partition(one.topic, one.partition) for one in partitions)


def checked(member: object) -> KafkaMember:
    """A member of this kind of log, or a bug of the caller's."""
    assert isinstance(member, KafkaMember), "a member of another log"
    return member
