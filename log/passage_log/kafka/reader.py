"""Reading on Kafka: the client's own messages, handed through uncopied.

A position is the further of two: behind the last record handed out (the client counts that), and behind the end of
the partition when it was last reached (an event, whose offset lies behind markers and aborted records too). After an
assignment the client still counts from the one before, for a while; so its count is not believed until the partition
has been heard from.
"""

# The client's Message is generic for the type checker only.
from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from math import inf
from time import monotonic
from typing import cast

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, TopicPartition

from passage_log.errors import LogError, Unfit, Unreachable
from passage_log.kafka import bounded, errors
from passage_log.kafka.questions import Questions
from passage_log.port import EARLIEST
from passage_schemas.log_record import Partition, Record

assert EARLIEST == OFFSET_BEGINNING  # so that positions go to the client as they are

LEAST_WAIT_SECONDS = 0.001
"""The client counts in whole milliseconds: asked to wait for less, it does not wait at all."""

_ERROR_OF = Message.error

LEADER_SECONDS = 0.5
"""What asking for the leaders of partitions may take: as long as the client would let pass before it asked itself."""

SILENCE_SECONDS = 3.0
"""After this long without a sign from a partition, its topic may not be there."""


def topic_partitions(positions: Mapping[Partition, int]) -> list[TopicPartition]:
    return [TopicPartition(partition.topic, partition.number, at) for partition, at in positions.items()]


class KafkaReader:
    """Takes a consumer that is already set up, and closes it. `group`: the one whose member it is, if any."""

    def __init__(self, consumer: Consumer, questions: Questions, group: str | None = None) -> None:
        self._consumer = consumer
        self._group = group
        self._questions = questions
        self._assigned: dict[Partition, int] = {}
        self._ends_reached: dict[Partition, int] = {}
        self._unheard: set[Partition] = set()
        self._paused: set[Partition] = set()
        self._looked_up: set[str] = set()
        self._failure: LogError | None = None
        self._changes = 0
        self._look_for_topics_at = 0.0

    def assign(self, positions: Mapping[Partition, int]) -> None:
        self._look_up_leaders({partition.topic for partition in positions} - self._looked_up)
        self._consumer.assign(topic_partitions(positions))
        self.begin_at(positions)

    def _look_up_leaders(self, topics: Set[str]) -> None:
        """Told to read what it knows no leader of, the client looks for one only when its half-second timer comes
        round; asked first, it knows. Whoever gets no answer has lost no more than that time."""
        deadline = monotonic() + LEADER_SECONDS
        for topic in topics:
            if (left := deadline - monotonic()) < LEAST_WAIT_SECONDS:
                return
            try:
                self._look_up(topic, left)
            except (KafkaException, Unreachable) as error:
                errors.logger.debug("look_up_leaders error=%s", error)
            self._looked_up.add(topic)

    def _look_up(self, topic: str, seconds: float) -> None:
        bounded.call(
            f"topic {topic}: its leaders",
            seconds + bounded.GRACE_SECONDS,
            lambda: self._consumer.list_topics(topic, timeout=seconds),
        )

    def begin_at(self, positions: Mapping[Partition, int]) -> None:
        """The client has been told to read these; what was known of others is forgotten."""
        self._assigned = dict(positions)
        self._ends_reached = {}
        self._unheard = set(positions)
        # The client remembers a pause through any number of assignments; for us a new one begins unpaused.
        self.resume([partition for partition in positions if partition in self._paused])
        self._failure = None
        self._look_for_topics_at = monotonic() + SILENCE_SECONDS

    def drop(self, partitions: frozenset[Partition]) -> None:
        """The client reads these no more."""
        for partition in partitions:
            self._assigned.pop(partition, None)
            self._ends_reached.pop(partition, None)
            self._unheard.discard(partition)

    def note_change(self) -> None:
        """Something happened beside the records; the poll under way comes back for it."""
        self._changes += 1

    def poll(self, max_records: int, timeout_seconds: float) -> list[Record]:
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure
        before = self._changes
        deadline = monotonic() + timeout_seconds
        # First what is there already: `consume` with a timeout would wait until it is full.
        records = self._sorted_out(self._consumer.consume(max_records, 0))
        while not records and self._changes == before and (left := deadline - monotonic()) > 0:
            first = self._consumer.poll(max(left, LEAST_WAIT_SECONDS))
            if first is not None:
                records = self._sorted_out([first, *self._consumer.consume(max_records - 1, 0)])
        if not records and monotonic() > self._look_for_topics_at:
            self._look_for_topics()
        return records

    def _look_for_topics(self) -> None:
        """The client says nothing of an assigned topic that isn't there; so we ask when a partition stays silent."""
        silent = sorted(self._unheard)
        for absent in self._questions.absent(silent):
            raise Unfit(f"there is no {absent.topic}[{absent.number}]; create the topic")
        self._look_for_topics_at = monotonic() + SILENCE_SECONDS if silent else inf

    def _sorted_out(self, messages: list[Message[bytes, bytes]]) -> list[Record]:
        """The records of a batch. What went wrong is raised now, or after the records that came before it."""
        has_events = any(map(_ERROR_OF, messages))  # one call of Python's for all; nearly always there are none
        records = [message for message in messages if message.error() is None] if has_events else messages
        if self._unheard and records:
            self._unheard.difference_update({(message.topic(), message.partition()) for message in records})
        if len(records) != len(messages):
            for message in messages:
                if (event := message.error()) is not None:
                    self._take_in(message, event)
            if self._failure is not None and not records:
                failure, self._failure = self._failure, None
                raise failure
        return cast(list[Record], records)

    def _take_in(self, message: Message[bytes, bytes], event: KafkaError) -> None:
        partition = Partition(message.topic() or "?", -1 if message.partition() is None else message.partition() or 0)
        if event.code() == KafkaError._PARTITION_EOF:
            self._ends_reached[partition] = message.offset() or 0
            self._unheard.discard(partition)
            self.note_change()
        else:
            self._failure = self._failure_of(event, message) or self._failure

    def _failure_of(self, event: KafkaError, message: Message[bytes, bytes]) -> LogError | None:
        topic = message.topic()
        if event.code() == KafkaError.GROUP_AUTHORIZATION_FAILED:
            # Even a reader without a group asks for its coordinator; it can do without, and without the right to ask.
            return (
                errors.of_event(event, f"group {self._group}", f"Read on group {self._group}") if self._group else None
            )
        return errors.of_event(event, f"{topic or '?'}[{message.partition()}]", f"Read on topic {topic}")

    def pause(self, partitions: Sequence[Partition]) -> None:
        self._paused.update(partitions)
        self._consumer.pause(topic_partitions(dict.fromkeys(partitions, 0)))

    def resume(self, partitions: Sequence[Partition]) -> None:
        self._paused.difference_update(partitions)
        self._consumer.resume(topic_partitions(dict.fromkeys(partitions, 0)))

    def position(self, partition: Partition) -> int:
        if partition in self._unheard:
            return self._assigned[partition]
        known = self._ends_reached.get(partition, self._assigned[partition])
        (read,) = self._consumer.position([TopicPartition(*partition)])
        # Before the first record the client's own position is a negative stand-in, below EARLIEST.
        return max(known, int(read.offset))

    def end(self, partition: Partition) -> int:
        return self._questions.ends([partition])[partition]

    def ends(self, partitions: Sequence[Partition]) -> dict[Partition, int]:
        return self._questions.ends(partitions)

    def offset_at(self, partition: Partition, timestamp_ms: int) -> int:
        return self._questions.offset_at(partition, timestamp_ms)

    def close(self) -> None:
        bounded.leave("reader: its end", self._consumer.close)
