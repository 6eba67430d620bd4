"""The last cut of each task, from the tail of a timeline: how far an app has come, asked of the log alone."""

from collections.abc import Iterable
from dataclasses import dataclass

from passage_log.port import Log, Partition
from passage_processors.runtime.looking import last_records
from passage_schemas.cut import Cut
from passage_schemas.instant import Instant, instant_of_milliseconds
from passage_schemas.records import CUT


@dataclass(frozen=True, slots=True)
class StoredCut:
    """A cut where it lies on its timeline, and when the log stored it (by the broker's time: LogAppendTime)."""

    cut: Cut
    offset: int
    stored_at: Instant


def last_cuts(log: Log, timeline: str, numbers: Iterable[int]) -> dict[int, StoredCut]:
    """By partition, the last readable cut; none where no step was ever taken. Some thirty records are read, whatever
    the timeline's length. Raises Unreachable, Unfit, SchemaError for what is no cut."""
    reader = log.reader()
    try:
        found = last_records(reader, [Partition(timeline, number) for number in numbers])
    finally:
        reader.close()
    return {
        partition.number: StoredCut(
            CUT.decode(record.value() or b""), record.offset(), instant_of_milliseconds(record.timestamp()[1])
        )
        for partition, record in found.items()
    }
