"""Whether facts are keyed as they should be: by what is counted, and in the partition that their key names.

What is counted is the record's key, whatever the fact says inside, and nearly all are keyed by their first field. A
producer that keys invoices by their customer has all invoices of a customer counted as one, and nothing else tells.
Looked at are a few facts only, once they have been folded, so that a type not met before is not asked for here.

Facts lie where their keys say, in the partition of murmur2, as the Java client has it. An aggregate whose facts come
from producers that partition differently is two aggregates, each in a task of its own: each fires, and what ends the
one does not end the other. Who partitions otherwise, and all alike, counts right; only whoever looks for a key
(`inspect`, `resume`, an event for another key) looks in the wrong place.

Neither can be told for sure, so neither is a refusal: each is said, once of a topic.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from uuid import UUID

import structlog

from passage_processors.core.program.inputs import Input
from passage_processors.core.program.refusals import RAISED
from passage_schemas.log_record import Record
from passage_schemas.partitioner import partition_of

MOST_LOOKS = 100
"""Of each input: a producer that keys otherwise does so from its first fact on."""

_log = structlog.get_logger("passage.processors")


class KeyCheck:
    """`inputs` by topic, as the app reads them."""

    def __init__(self, app: str, inputs: Mapping[str, Input]) -> None:
        self._app = app
        self._inputs = dict(inputs)
        self._looks: Counter[str] = Counter()
        self._samples: dict[str, Record] = {}

    def sample(self, record: Record) -> None:
        """One of those just read, to be looked at later."""
        if record.topic() in self._inputs:
            self._samples[record.topic()] = record

    def look(self) -> None:
        """Something has been folded."""
        samples, self._samples = self._samples, {}
        for topic, record in samples.items():
            first = first_field(self._inputs[topic], record)
            self._looks[topic] += 1
            key = record.key() or b""
            differs = first is not None and first[1].encode() != key
            if first is not None and differs:
                _log.warning(
                    "fact_keyed_otherwise", app=self._app, topic=topic, partition=record.partition(),
                    offset=record.offset(), key=key[:MOST_QUOTED].decode(errors="backslashreplace"),
                    field=first[0], says=first[1][:MOST_QUOTED],
                    hint="what is counted is the key; if the field names what is to be counted, key the records by it",
                )  # fmt: skip
            if differs or self._looks[topic] >= MOST_LOOKS:
                del self._inputs[topic]


def first_field(source: Input, record: Record) -> tuple[str, str] | None:
    """The name of the fact's first field, of the class whose schema it is, and what it says; None where that can't be
    a key, or the fact can't be read: why, whoever folds it says."""
    try:
        fact = source.met(record)
        name = next(iter(type(fact).__dataclass_fields__)) if fact is not None else ""
        value = getattr(fact, name) if name else None
    except KeyboardInterrupt:
        raise
    except RAISED:  # whatever a hostile value makes of its decoding
        return None
    return (name, str(value)) if isinstance(value, str | int | UUID) and not isinstance(value, bool) else None


MOST_QUOTED = 100
"""Bytes of a key: enough to find it by."""


class PartitionCheck:
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
