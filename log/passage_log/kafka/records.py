"""One record on its way: what a topic would not have is refused before the client has it, and where it was stored."""

# The client's Message is generic for the type checker only.
from __future__ import annotations

from collections.abc import Callable

from confluent_kafka import KafkaError, Message

from passage_log.errors import Refused
from passage_log.port import Delivery
from passage_log.positions import check_timestamp
from passage_log.sizes import LIGHT_BYTES, stored_bytes, too_large
from passage_schemas.log_record import Headers, Partition

LimitOf = Callable[[str], int]
"""A topic's max.message.bytes."""

Hear = Callable[[KafkaError | None, "Message[bytes, bytes]"], None]
"""Told by the client of a record: that it was stored, or why not."""

ROOM_WAIT_SECONDS = 0.05
"""Between two looks whether there is room for a record, or it was stored."""


def check_record(
    partition: Partition, key: bytes | None, value: bytes | None, timestamp_ms: int, headers: Headers, limit_of: LimitOf
) -> None:
    """Raises Refused for a record the topic would not have, before the client has it."""
    check_timestamp(partition, timestamp_ms)
    size = stored_bytes(key, value, headers)
    if size > LIGHT_BYTES and size > (limit := limit_of(partition.topic)):
        raise Refused(too_large(partition.topic, size, limit))


def delivery_of(message: Message[bytes, bytes]) -> Delivery:
    partition = Partition(str(message.topic()), int(message.partition() or 0))
    return Delivery(partition, int(message.offset() or 0), int(message.timestamp()[1]))
