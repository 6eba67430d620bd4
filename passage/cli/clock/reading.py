"""Reading one of the clock's topics from its beginning to where it ends now, for commands that look once."""

from collections.abc import Callable, Iterator

from passage_log.errors import Unreachable
from passage_log.port import EARLIEST, FAR_AHEAD_MS, Log, Partition, Record
from passage_schemas.errors import SchemaError
from passage_schemas.records import SCHEDULE_ENTRY
from passage_schemas.schedule_entry import ScheduleEntry

POLL_RECORDS = 10_000
POLL_SECONDS = 0.5
SILENT_POLLS = 20
"""After so many in a row without a record the broker is taken for gone."""


def read(log: Log, partition: Partition, told: Callable[[int, int], None] = lambda *_: None) -> Iterator[Record]:
    """Every readable record, up to the first transaction still open. Raises Unreachable, Unfit."""
    reader = log.reader()
    try:
        end = reader.offset_at(partition, FAR_AHEAD_MS)
        if end > 0:
            reader.assign({partition: EARLIEST})
        silent = 0
        while end > 0 and (position := reader.position(partition)) < end:
            told(max(position, 0), end)
            records = reader.poll(POLL_RECORDS, POLL_SECONDS)
            silent = 0 if records or reader.position(partition) != position else silent + 1
            if silent > SILENT_POLLS:
                raise Unreachable(f"{partition.topic}: the broker sends no more records after offset {position}")
            yield from (record for record in records if record.offset() < end)
    finally:
        reader.close()


def entries_of(log: Log, schedules: Partition) -> Iterator[ScheduleEntry]:
    """What the schedules topic has; what somebody else wrote there is passed over, as the clock does."""
    for record in read(log, schedules):
        value = record.value()
        if value is None:
            continue
        try:
            yield SCHEDULE_ENTRY.decode(value)
        except SchemaError:
            continue
