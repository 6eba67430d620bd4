"""Hands records over to the client, in a transaction that the writer begins and ends.

`append` is the hot path: it hands the record to the client and counts nothing. What became of it is told by the
commit, for the client fails a transaction of which one record failed. (A callback for every record would say which, and
cost a fifth of the speed.)

Refuses to wait beyond the transaction's own time: for room, or for a record that is to be stored before it goes on.
"""

# The client's Message is generic for the type checker only.
from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from time import monotonic
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from passage_log.errors import LogError, WriterLost
from passage_log.kafka import errors
from passage_log.kafka.failed_transaction import Absent, FailedTransaction
from passage_log.kafka.records import ROOM_WAIT_SECONDS, Hear, LimitOf, check_record, delivery_of
from passage_log.port import Delivery
from passage_log.positions import check_timestamp
from passage_log.sizes import LIGHT_BYTES, stored_bytes
from passage_log.waiting import asking
from passage_schemas.log_record import Headers, Partition, Weighed

LEAST_SECONDS = 2.0
"""To end a transaction whose time is over; whoever holds it open so long is answered by the broker."""


class Sender:
    """`seconds`: what a transaction may take, `limit_of` tells a topic's max.message.bytes, `absent` which of some
    partitions there are not."""

    def __init__(self, transactional_id: str, seconds: float, limit_of: LimitOf, absent: Absent) -> None:
        self._id = transactional_id
        self._seconds = seconds
        self._deadline = 0.0
        self._limit_of = limit_of
        self._absent = absent
        self._producer: Producer | None = None
        self._produce: Callable[..., None] = self._not_open
        self._targets: set[Partition] = set()

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

    def deliver(
        self,
        partition: Partition,
        key: bytes | None,
        value: bytes | None,
        timestamp_ms: int,
        headers: Headers = (),
    ) -> Delivery:
        outcome: list[Delivery | KafkaError] = []

        def hear(error: KafkaError | None, message: Message[bytes, bytes]) -> None:
            outcome.append(error if error is not None else delivery_of(message))

        self._append_with_care(partition, key, value, timestamp_ms, headers, hear)
        deadline = monotonic() + self._left
        with asking(f"{self._where}: the storing of a record"):
            while not outcome and monotonic() < deadline and self._producer is not None:
                self._serve()
        if not outcome:
            raise WriterLost(f"{self._where}: the broker stored nothing within {self._seconds:g} s")
        if isinstance(outcome[0], Delivery):
            return outcome[0]
        raise self._lost(KafkaException(outcome[0]))

    def _append_with_care(
        self,
        partition: Partition,
        key: bytes | None,
        value: bytes | None,
        timestamp_ms: int,
        headers: Headers,
        on_delivery: Hear | None = None,
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
        on_delivery: Hear | None = None,
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
        on_delivery: Hear | None,
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
        """What to raise."""
        if isinstance(error, BufferError):
            return WriterLost(f"{self._where}: no broker took a record within {self._seconds:g} s")
        failed = self._failed()
        return failed.ended(errors.of(error)) if failed is not None else WriterLost(self._closed)

    def _failed(self) -> FailedTransaction | None:
        """The one at hand; None where the writer was discarded meanwhile."""
        if self._producer is None:
            return None
        return FailedTransaction(self._producer, self._where, self._id, self._targets, self._absent)

    @property
    def _left(self) -> float:
        """Seconds in which the transaction is to end."""
        return max(LEAST_SECONDS, self._deadline - monotonic())

    @property
    def _where(self) -> str:
        return f"writer {self._id}"

    @property
    def _closed(self) -> str:
        return f"{self._where}: not open; this is a bug of the caller"

    def _not_open(self, *_record: Any, **_rest: Any) -> None:
        raise WriterLost(self._closed)
