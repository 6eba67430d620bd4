"""Plain writes on Kafka, outside transactions: for producers of facts, demos and tests."""

# The client's Message is generic for the type checker only.
from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from time import monotonic

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from passage_log.errors import LogError, Refused, Unfit, Unreachable
from passage_log.kafka import bounded, errors
from passage_log.kafka.records import ROOM_WAIT_SECONDS, Hear, LimitOf, check_record
from passage_log.sizes import LIGHT_BYTES
from passage_log.waiting import asking
from passage_schemas.log_record import Headers, Partition


class KafkaAppender:
    """`make` makes its producer, given the callback that hears of records that were not stored."""

    def __init__(
        self, make: Callable[[Hear], Producer], limit_of: LimitOf, timeout_seconds: float, no_answer: str
    ) -> None:
        self._producer: Producer | None = make(self._hear)
        self._limit_of = limit_of
        self._timeout_seconds = timeout_seconds
        self._no_answer = no_answer
        self._failed: LogError | None = None

    def append(
        self,
        partition: Partition,
        key: bytes | None,
        value: bytes | None,
        timestamp_ms: int,
        headers: Headers = (),
    ) -> None:
        if headers or timestamp_ms < 1 or (value is not None and len(value) > LIGHT_BYTES):
            check_record(partition, key, value, timestamp_ms, headers, self._limit_of)
        try:
            self._produce(partition, key, value, timestamp_ms, headers)
        except BufferError:
            self._produce_when_there_is_room(partition, key, value, timestamp_ms, headers)

    def _produce(
        self, partition: Partition, key: bytes | None, value: bytes | None, timestamp_ms: int, headers: Headers
    ) -> None:
        try:
            self._open().produce(
                partition[0], value, key, partition[1], timestamp=timestamp_ms, headers=list(headers) or None
            )
        except KafkaException as error:
            raise errors.of_question(errors.of(error), partition.topic, self._no_answer) from error

    def _produce_when_there_is_room(
        self, partition: Partition, key: bytes | None, value: bytes | None, timestamp_ms: int, headers: Headers
    ) -> None:
        deadline = monotonic() + self._timeout_seconds
        with asking(f"{partition.topic}: room for a record"):
            while monotonic() < deadline:
                self._open().poll(ROOM_WAIT_SECONDS)
                with suppress(BufferError):
                    return self._produce(partition, key, value, timestamp_ms, headers)
        raise Unreachable(self._no_answer)

    def _hear(self, error: KafkaError | None, message: Message[bytes, bytes]) -> None:
        if error is None:
            return
        told = errors.told(error, str(message.topic()))
        if error.code() in errors.REFUSED:
            self._failed = Refused(told)
        elif error.code() in errors.UNFIT:
            self._failed = Unfit(told)
        else:
            self._failed = Unreachable(self._no_answer)

    def flush(self) -> None:
        try:
            left = self._flush(self._open())
        except KafkaException as error:
            raise errors.of_question(errors.of(error), "flush", self._no_answer) from error
        failed, self._failed = self._failed, None
        if failed is not None:
            raise failed
        if left:
            raise Unreachable(self._no_answer)

    def close(self) -> None:
        """Send what is left, and leave no thread and no connection behind. A second call does nothing.

        The producer and the callback it has from us hold each other: only the cycle collector would let go of it."""
        producer, self._producer = self._producer, None
        if producer is not None:
            with suppress(LogError, KafkaException):  # whoever wants to know whether all was stored flushes first
                self._flush(producer)

    def _flush(self, producer: Producer) -> int:
        """How many records are left."""
        seconds = self._timeout_seconds
        return bounded.call(
            "appender: the storing of its records", seconds + bounded.GRACE_SECONDS, lambda: producer.flush(seconds)
        )

    def _open(self) -> Producer:
        if self._producer is None:
            raise LogError("this appender is closed; this is a bug of the caller")
        return self._producer
