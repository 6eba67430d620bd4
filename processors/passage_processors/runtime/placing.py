"""Whether facts lie where their keys say: in the partition of murmur2, as the Java client has it.

An aggregate whose facts come from producers that partition differently is two aggregates, each in a task of its own:
each fires, and what ends the one does not end the other. Nothing can tell that for sure, but a key in another partition
than it should be tells it nearly always. It is no refusal: who partitions otherwise, and all alike, counts right; only
whoever looks for a key (`inspect`, `resume`, an event for another key) looks in the wrong place.
"""

from collections.abc import Sequence

import structlog

from passage_log.partitioner import partition_of
from passage_log.port import Record

MOST_QUOTED = 100
"""Bytes of a key: enough to find it by."""

_log = structlog.get_logger("passage.processors")


class Placing:
    """Looks at one fact of each batch, and says it once for each topic."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    def look(self, records: Sequence[Record], partitions: int) -> None:
        """`records`: of one partition, of as many as there are tasks."""
        record = records[-1]
        key, topic = record.key(), record.topic()
        if key is None or topic in self._told or (right := partition_of(key, partitions)) == record.partition():
            return
        self._told.add(topic)
        _log.warning(
            "fact_elsewhere", topic=topic, partition=record.partition(), offset=record.offset(),
            key=key[:MOST_QUOTED].decode(errors="backslashreplace"), murmur2=right,
            hint="producers that partition differently split an aggregate in two; set librdkafka's "
            "partitioner=murmur2_random, as Java's default",
        )  # fmt: skip
