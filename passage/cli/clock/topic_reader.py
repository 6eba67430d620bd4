"""Reading one of the clock's topics from its beginning to where it ends now, for commands that look once."""

from collections.abc import Iterator
from contextlib import closing

from passage_log.port import Log
from passage_log.ranges import read_decided
from passage_schemas.log_record import Partition
from passage_schemas.records import entry_of
from passage_schemas.schedule_entry import ScheduleEntry


def entries_of(log: Log, schedules: Partition) -> Iterator[ScheduleEntry]:
    """What the schedules topic has; what somebody else wrote there is passed over, as the clock does. Raises
    Unreachable, Unfit."""
    with closing(log.reader()) as reader:
        for record in read_decided(reader, [schedules]):
            if (entry := entry_of(record.value())) is not None:
                yield entry
