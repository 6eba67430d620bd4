"""The transactional writer on Kafka.

`append` is the hot path: it hands the record to the client and counts nothing. What became of it is told by the
commit, for the client fails a transaction of which one record failed. (A callback for every record would say which, and
cost a fifth of the speed.)

No call waits for a broker beyond `bounded`, and no transaction is held open until the broker would end it.

States: made -> (open) idle -> (begin) in transaction -> (commit, abort) idle. Any error ends the writer's use, and an
error that leaves the transaction open is answered with an abort, so that readers need not wait for its timeout.
"""

# The client's Message is generic for the type checker only.
from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from time import monotonic
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Message, Producer, TopicPartition

from passage_log.errors import LogError, Unfit, Unreachable, WriterLost
from passage_log.kafka import bounded, errors
from passage_log.kafka.access import Access, Ear
from passage_log.kafka.member import checked
from passage_log.kafka.records import LimitOf, check_record, delivery_of
from passage_log.port import Committed, Delivery, Member
from passage_log.positions import check_positions, check_timestamp
from passage_log.sizes import LIGHT_BYTES, stored_bytes
from passage_log.waiting import asking
from passage_schemas.log_record import Headers, Partition, Weighed

ABORT_TIMEOUT_SECONDS = 5.0

OPEN_SECONDS = 10.0
"""A turn of a worker or a clock that opens its writer is held no longer by brokers that don't answer: the next turn
tries again, and in between the process hears that it is to stop."""

SHARE_OF_TIMEOUT = 2 / 3
"""Of the transaction's time-out, from its beginning: what has not ended by then is given up by us, as lost. Later the
broker would end it, and call that a fence, as if somebody had taken the writer's place."""

LEAST_SECONDS = 2.0
"""To end a transaction whose time is over; whoever holds it open so long is answered by the broker."""
ROOM_WAIT_SECONDS = 0.05

Hear = Callable[[KafkaError | None, "Message[bytes, bytes]"], None]


class KafkaWriter:
    """`limit_of` tells a topic's max.message.bytes, `absent` which of some partitions there are not. `timeout_seconds`
    is the transactions', `open_seconds` how long `open` waits for a broker, `access` knows why one refused us, `ear`
    is the producer's logger."""

    def __init__(
        self,
        make: Callable[[], Producer],
        transactional_id: str,
        timeout_seconds: float,
        open_seconds: float,
        limit_of: LimitOf,
        absent: Callable[[Sequence[Partition]], list[Partition]],
        access: Access,
        ear: Ear,
    ) -> None:
        self._make = make
        self._id = transactional_id
        self._seconds = timeout_seconds * SHARE_OF_TIMEOUT
        self._deadline = 0.0
        self._open_seconds = open_seconds
        self._limit_of = limit_of
        self._access = access
        self._ear = ear
        self._lost_before = 0
        self._producer: Producer | None = None
        self._produce: Callable[..., None] = self._not_open
        self._absent = absent
        self._targets: set[Partition] = set()

    def open(self) -> None:
        producer = self._make()
        self._producer, self._produce = producer, producer.produce
        try:
            with self._access.question():
                self._take_id(producer)
        except LogError:
            self.discard()  # it would look for its broker for ever
            raise
        self._lost_before = self._lost_connections()

    def _take_id(self, producer: Producer) -> None:
        deadline = monotonic() + self._open_seconds
        try:
            # A connection first: a client asks for its coordinator at birth and, with no broker at hand yet, again
            # only after half a second. That would be most of a take-over.
            self._call("a broker", self._open_seconds, lambda left: producer.list_topics(timeout=left), Unreachable)
            left = max(LEAST_SECONDS, deadline - monotonic())
            self._call("its transactional id", left, producer.init_transactions, Unreachable)
        except KafkaException as error:
            inside = errors.of(error)
            if inside.code() in errors.UNREACHABLE or inside.retriable():
                with suppress(KafkaException):  # what it says is heard by `access`, which is asked next
                    producer.poll(0)
                self._access.check()
                raise Unreachable(self._access.no_answer(self._open_seconds)) from error
            raise errors.of_writer(inside, self._where, f"Write on transactional id {self._id}") from error

    def begin(self) -> None:
        self._targets.clear()
        self._lost_before = self._lost_connections()
        self._deadline = monotonic() + self._seconds
        self._attempt(lambda producer: producer.begin_transaction())

    @property
    def _left(self) -> float:
        """Seconds in which the transaction is to end."""
        return max(LEAST_SECONDS, self._deadline - monotonic())

    def _call(
        self,
        what: str,
        seconds: float,
        step: Callable[[float], object],
        otherwise: Callable[[str], LogError] = WriterLost,
    ) -> None:
        """The step, told how many seconds it may take."""
        bounded.call(f"{self._where}: {what}", seconds + bounded.GRACE_SECONDS, lambda: step(seconds), otherwise)

    def append(
        self,
        partition: Partition,
        key: bytes | None,
        value: bytes | None,
        timestamp_ms: int,
        headers: Headers = (),
    ) -> None:
        if timestamp_ms < 1 or (
            stored_bytes(key, value, headers) > LIGHT_BYTES
            if headers
            else value is not None and len(value) > LIGHT_BYTES
        ):
            self._append_with_care(partition, key, value, timestamp_ms, headers)
            return
        self._targets.add(partition)
        try:
            # By place: by name, the client takes twice as long to find its arguments.
            if headers:
                self._produce(partition[0], value, key, partition[1], None, None, timestamp_ms, list(headers))
            else:
                self._produce(partition[0], value, key, partition[1], None, None, timestamp_ms)
        except (BufferError, KafkaException) as error:
            self._append_when_there_is_room(partition, key, value, timestamp_ms, headers, error)

    def append_all(
        self, partition: Partition, prefix: bytes, values: Mapping[bytes, bytes | None], timestamp_ms: int
    ) -> None:
        topic, number = partition
        check_timestamp(partition, timestamp_ms)
        produce = self._produce
        self._targets.add(partition)
        for key, value in values.items():
            if value is not None and len(value) > LIGHT_BYTES:
                self._append_with_care(partition, prefix + key, value, timestamp_ms, ())
                continue
            try:
                produce(topic, value, prefix + key, number, None, None, timestamp_ms)
            except (BufferError, KafkaException) as error:
                self._append_when_there_is_room(partition, prefix + key, value, timestamp_ms, (), error)

    def append_each(self, partition: Partition, records: Iterable[Weighed], timestamp_ms: int) -> None:
        topic, number = partition
        check_timestamp(partition, timestamp_ms)
        produce = self._produce
        self._targets.add(partition)
        for key, value, headers, size in records:
            if size > LIGHT_BYTES:
                self._append_with_care(partition, key, value, timestamp_ms, headers)
                continue
            try:
                produce(topic, value, key, number, None, None, timestamp_ms, headers)
            except (BufferError, KafkaException) as error:
                self._append_when_there_is_room(partition, key, value, timestamp_ms, headers, error)

    def _append_with_care(
        self,
        partition: Partition,
        key: bytes | None,
        value: bytes | None,
        timestamp_ms: int,
        headers: Headers,
        on_delivery: Callable[[KafkaError | None, Message[bytes, bytes]], None] | None = None,
    ) -> None:
        check_record(partition, key, value, timestamp_ms, headers, self._limit_of)
        try:
            self._send(partition, key, value, timestamp_ms, headers, on_delivery)
        except (BufferError, KafkaException) as error:
            self._append_when_there_is_room(partition, key, value, timestamp_ms, headers, error, on_delivery)

    def _append_when_there_is_room(
        self,
        partition: Partition,
        key: bytes | None,
        value: bytes | None,
        timestamp_ms: int,
        headers: Headers,
        error: BufferError | KafkaException,
        on_delivery: Callable[[KafkaError | None, Message[bytes, bytes]], None] | None = None,
    ) -> None:
        deadline = monotonic() + self._left
        with asking(f"{self._where}: room for a record"):
            while isinstance(error, BufferError) and monotonic() < deadline and self._producer is not None:
                self._serve()
                try:
                    self._send(partition, key, value, timestamp_ms, headers, on_delivery)
                except (BufferError, KafkaException) as again:
                    error = again
                else:
                    return
        raise self._lost(error) from error

    def _send(
        self,
        partition: Partition,
        key: bytes | None,
        value: bytes | None,
        timestamp_ms: int,
        headers: Headers,
        on_delivery: Callable[[KafkaError | None, Message[bytes, bytes]], None] | None,
    ) -> None:
        self._targets.add(partition)
        self._produce(
            partition.topic,
            value,
            key,
            partition.number,
            timestamp=timestamp_ms,
            headers=list(headers) or None,
            on_delivery=on_delivery,
        )

    def deliver(
        self,
        partition: Partition,
        key: bytes | None,
        value: bytes | None,
        timestamp_ms: int,
        headers: Headers = (),
    ) -> Delivery:
        told: list[Delivery | KafkaError] = []

        def hear(error: KafkaError | None, message: Message[bytes, bytes]) -> None:
            told.append(error if error is not None else delivery_of(message))

        self._append_with_care(partition, key, value, timestamp_ms, headers, hear)
        deadline = monotonic() + self._left
        with asking(f"{self._where}: the storing of a record"):
            while not told and monotonic() < deadline and self._producer is not None:
                self._serve()
        if not told:
            raise WriterLost(f"{self._where}: the broker stored nothing within {self._seconds:g} s")
        if isinstance(told[0], Delivery):
            return told[0]
        raise self._lost(KafkaException(told[0]))

    def send_positions(self, positions: Mapping[Partition, Committed], member: Member) -> None:
        """First half of a commit with positions: they become part of the transaction, undecided until it ends."""
        check_positions(positions)
        sent = [
            TopicPartition(partition.topic, partition.number, committed.offset, committed.note)
            for partition, committed in positions.items()
        ]
        try:
            credentials = checked(member).credentials()
        except LogError:
            self._abort_quietly()
            raise
        self._attempt(
            lambda producer: self._call(
                "its group's positions",
                self._left,
                lambda left: producer.send_offsets_to_transaction(sent, credentials, left),
            )
        )

    def commit(self, positions: Mapping[Partition, Committed] | None = None, member: Member | None = None) -> None:
        if (positions is None) != (member is None):
            raise ValueError("positions are committed for a member, and a member commits positions: give both or none")
        if positions is not None and member is not None:
            self.send_positions(positions, member)
        self._attempt(lambda producer: self._call("commit", self._left, producer.commit_transaction))

    def abort(self) -> None:
        # First all is stored. While the transaction before is still being settled, its coordinator has not taken up
        # this one: told to abort it, it would answer for the one before (INVALID_TXN_STATE), and the client end.
        self._attempt(lambda producer: self._call("the storing of its records", self._left, producer.flush))
        self._attempt(lambda producer: self._call("abort", self._left, producer.abort_transaction))

    def discard(self) -> None:
        producer, self._producer, self._produce = self._producer, None, self._not_open
        if producer is not None:
            # The client waits for its own threads when it is let go of; that is not our time to spend.
            threading.Thread(target=_let_go, args=[producer, self._where], name="discard-writer", daemon=True).start()

    @property
    def is_doubtful(self) -> bool:
        return self._lost_connections() > self._lost_before

    def _lost_connections(self) -> int:
        if self._producer is not None:
            with suppress(KafkaException):  # a fatal error is raised again by the next call
                self._producer.poll(0)
        return self._ear.lost_connections

    @property
    def _where(self) -> str:
        return f"writer {self._id}"

    def _not_open(self, *_record: Any, **_rest: Any) -> None:
        raise WriterLost(f"{self._where}: not open; this is a bug of the caller")

    def _serve(self) -> None:
        """Let the client tell what it has heard. A fatal error, such as a fence, is raised by it here or anywhere."""
        self._attempt(lambda producer: producer.poll(ROOM_WAIT_SECONDS))

    def _attempt(self, step: Callable[[Producer], object]) -> None:
        if self._producer is None:
            self._not_open()
            return
        try:
            step(self._producer)
        except KafkaException as error:
            raise self._lost(error) from error

    def _lost(self, error: BufferError | KafkaException) -> LogError:
        """What to raise. A transaction the client wants aborted is aborted, so that it does not block readers."""
        if isinstance(error, BufferError):
            return WriterLost(f"{self._where}: no broker took a record within {self._seconds:g} s")
        inside = self._cause_of(errors.of(error))
        if inside.txn_requires_abort():
            self._abort_quietly()
        if inside.code() == KafkaError._INCONSISTENT and (absent := self._absent(sorted(self._targets))):
            return Unfit(f"{self._where}: there is no {absent[0].topic}[{absent[0].number}]; create the topic")
        return errors.of_writer(inside, self._where, self._needs(inside))

    def _needs(self, error: KafkaError) -> str:
        """The right a write takes; of several topics, the one the client names."""
        if error.code() != KafkaError.TOPIC_AUTHORIZATION_FAILED:
            return f"Write on transactional id {self._id}"
        topics = sorted({partition.topic for partition in self._targets})
        return f"Write on topic {next((topic for topic in topics if topic in error.str()), ' or '.join(topics))}"

    def _cause_of(self, error: KafkaError) -> KafkaError:
        """Once the client has met a fatal error, all that `produce` says is that it has, or just before it has noted it
        that its state is wrong; its transaction says which.

        The client answers at once, but by a thread of its own: without patience a busy machine hears a time-out.
        """
        if error.code() == KafkaError._PURGE_QUEUE and self._producer is not None:
            return self._why_purged(self._producer) or error
        if error.code() in (KafkaError._FATAL, KafkaError._STATE) and self._producer is not None:
            try:
                self._call("abort", ABORT_TIMEOUT_SECONDS, self._producer.abort_transaction)
            except KafkaException as told:
                return errors.of(told)
            except WriterLost as given_up:
                errors.logger.debug("abort_failed writer=%s error=%s", self._id, given_up)
        return error

    @staticmethod
    def _why_purged(producer: Producer) -> KafkaError | None:
        """A record was thrown away because its transaction failed, perhaps for another's sake. The client tells why to
        whoever asks it for what it can't do now; what can do no harm is a second beginning."""
        try:
            producer.begin_transaction()
        except KafkaException as told:
            inside = errors.of(told)
            return None if inside.code() == KafkaError._STATE else inside
        return None

    def _abort_quietly(self) -> None:
        if self._producer is None:
            return
        try:
            self._call("abort", ABORT_TIMEOUT_SECONDS, self._producer.abort_transaction)
        except (KafkaException, WriterLost) as error:
            # The first error is the one to report; this transaction will be fenced or time out.
            errors.logger.debug("abort_failed writer=%s error=%s", self._id, error)


def _let_go(producer: Producer, where: str) -> None:
    """Everything unsent is dropped; the last reference goes with this call.

    First an open transaction is aborted, so that the client registers no more partitions with it: a client that is
    destroyed just as it sends them hears that they were dropped before it has counted them, and ends the process
    (librdkafka asserts `txn_req_cnt > 0`). It refuses where there is nothing to abort, or a commit under way.
    """
    bounded.leave(f"{where}: abort", lambda: producer.abort_transaction(bounded.CLOSE_SECONDS))
    producer.purge(blocking=False)
