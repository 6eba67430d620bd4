"""Ticks. Stub of the interface."""

from collections.abc import Mapping
from typing import NamedTuple

from passage_schemas.instant import Instant

from passage_clock.plan import Planned


class EncodedTick(NamedTuple):
    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]
    timestamp_ms: int
    digest: bytes


class TickWriter:
    """Encodes ticks. Holds, per schedule, the digest of its last tick: one writer per term, made beside the plan."""

    def __init__(self, source: str, tzdata: str, digests: Mapping[str, bytes]) -> None:
        raise NotImplementedError

    def encode(self, planned: Planned, sequence: int, published_at: Instant) -> EncodedTick:
        """Must be called in the order of publication: each tick carries the digest of its schedule's tick before."""
        raise NotImplementedError
