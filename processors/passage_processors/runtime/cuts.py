"""The last cut of each task, from the tail of a timeline: how far an app has come, asked of the log alone."""

from collections.abc import Iterable
from dataclasses import dataclass

from passage_log.port import Log
from passage_log.ranges import last_records
from passage_processors.errors import ProcessorError
from passage_schemas.cut import Cut
from passage_schemas.errors import SchemaError
from passage_schemas.instant import Instant, instant_of_milliseconds
from passage_schemas.log_record import Partition, Record
from passage_schemas.records import CUT


@dataclass(frozen=True, slots=True)
class StoredCut:
    """A cut where it lies on its timeline, and when the log stored it (by the broker's time: LogAppendTime)."""

    cut: Cut
    offset: int
    stored_at: Instant


def last_cuts(log: Log, timeline: str, numbers: Iterable[int]) -> dict[int, StoredCut]:
    """By partition, the last readable cut; none where no step was ever taken. Some thirty records are read, whatever
    the timeline's length. Raises Unreachable, Unfit, ProcessorError for what is no cut."""
    reader = log.reader()
    try:
        found = last_records(reader, [Partition(timeline, number) for number in numbers])
    finally:
        reader.close()
    return {partition.number: _stored(record) for partition, record in found.items()}


def _stored(record: Record) -> StoredCut:
    try:
        cut = CUT.decode(record.value() or b"")
    except SchemaError as error:
        raise ProcessorError(
            f"{record.topic()}[{record.partition()}]@{record.offset()}: this is no cut ({error}), so somebody else "
            "wrote to the timeline; only the app's workers may: see to the topic's rights, and let the app take a step"
        ) from error
    return StoredCut(cut, record.offset(), instant_of_milliseconds(record.timestamp()[1]))
