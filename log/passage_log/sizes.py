"""How large a record is on the log, so that one too large is refused before it can spoil a transaction.

The broker measures a whole batch against `max.message.bytes`. One record in a batch of its own costs its bytes plus
the batch's header (61), the record's lengths and deltas (at most 30) and each header's lengths. Compression is not
counted in our favour: whether a record is refused must not depend on its neighbours.
"""

from itertools import chain

from passage_schemas.log_record import Headers

BATCH_OVERHEAD = 100
HEADER_OVERHEAD = 10

LIGHT_BYTES = 16 * 1024
"""A value below this is not measured on the hot path: a topic that refuses it is set up wrong (see preflight)."""

DEFAULT_MAX_MESSAGE_BYTES = 1_048_588
"""Kafka's own default of `max.message.bytes`."""


def stored_bytes(key: bytes | None, value: bytes | None, headers: Headers) -> int:
    """The most this record can take as a batch of its own. A header may have no value: what came so is kept so."""
    size = len(key or b"") + len(value or b"") + BATCH_OVERHEAD
    return size + sum(len(part or b"") for part in chain.from_iterable(headers)) + len(headers) * HEADER_OVERHEAD


def too_large(topic: str, size: int, limit: int) -> str:
    """The message of a Refused."""
    return (
        f"{topic}: a record of {size} bytes is larger than the topic's max.message.bytes={limit}; raise it or send less"
    )
