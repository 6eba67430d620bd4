"""What a worker hears of the clock: the tick topic and the schedules topic, followed from their beginning.

The schedules come first: they say from which floor on a schedule's ticks are kept, so that those the clock has let go
are not taken for lost.
"""

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable

import structlog

from passage_log.port import EARLIEST, Log
from passage_log.ranges import read_range
from passage_processors.core.order.promises import Promises
from passage_processors.core.order.ticks import Floor, TickGap, TickHistory
from passage_processors.errors import ProcessorError
from passage_processors.model.ticks import SeenTick
from passage_processors.runtime.standstill import Standstill
from passage_processors.runtime.waits import Wait
from passage_schemas.errors import SchemaError
from passage_schemas.log_record import Partition, Record
from passage_schemas.records import SCHEDULE_ENTRY, TICK
from passage_schemas.schedule_entry import ScheduleEntry

_log = structlog.get_logger("passage.processors")

_BATCH = 10_000
_FORGET_AT_ONCE = 1_000


class ClockFeed:
    """Shared by the tasks of one worker, which each have their own place in `history`."""

    def __init__(
        self, log: Log, ticks: str, schedules: str, monotonic: Callable[[], float], labelled: Iterable[str] = ()
    ) -> None:
        """`labelled`: the schedules whose ticks' labels are wanted."""
        self.history = TickHistory(labelled)
        self.promises = Promises()
        self._monotonic = monotonic
        self._log = log
        self._standstill = Standstill(monotonic)
        self._ticks = Partition(ticks, 0)
        self._schedules = Partition(schedules, 0)
        self._offsets = array("q")
        self._batches: list[int] = []
        self._seen: list[float] = []
        self._reader = log.reader()
        self._reader.assign({self._ticks: EARLIEST, self._schedules: EARLIEST})
        self._until = self._reader.ends([self._ticks, self._schedules])
        self._reader.pause([self._ticks])
        self._hears_ticks = False

    @property
    def ready(self) -> bool:
        """Both topics have been read to the end they had at the start."""
        return all(self._reader.position(partition) >= end for partition, end in self._until.items())

    def look_again(self) -> None:
        """Be ready only once everything on both topics now has been read. Raises Unreachable."""
        self._until = self._reader.ends([self._ticks, self._schedules])

    def held_up(self) -> Wait | None:
        """Why it stands still though its topics go on. A reader that is stuck is opened anew: ticks that aren't heard
        of are waited for by nobody, so nothing else would tell."""
        heard = [self._schedules, self._ticks] if self._hears_ticks else [self._schedules]
        if self._standstill.look(self._reader, heard):
            self._open_anew()
        return self._standstill.wait

    def _open_anew(self) -> None:
        before = self._reader
        self._reader = self._log.reader()
        self._reader.assign({partition: before.position(partition) for partition in self._until})
        if not self._hears_ticks:
            self._reader.pause([self._ticks])
        before.close()

    def poll(self, timeout_seconds: float = 0.0) -> None:
        """Take in what is new. Raises ProcessorError when a tick is missing; what is no tick is passed over, aloud."""
        while True:
            if not self._hears_ticks and self._reader.position(self._schedules) >= self._until[self._schedules]:
                self._reader.resume([self._ticks])
                self._hears_ticks = True
            records = self._reader.poll(_BATCH, timeout_seconds)
            if not records:
                return
            timeout_seconds = 0.0
            # Entries first: a floor is known before the ticks that come after what it let go. They wait for theirs.
            self._take(sorted(records, key=self._is_tick))

    def read_once(self) -> None:
        """Take in both topics up to the end they had at the start, for who doesn't follow them; to be closed then.
        Raises what `poll` does, and Unreachable."""
        for partition in (self._schedules, self._ticks):
            self._take(read_range(self._reader, {partition: EARLIEST}, self._until))

    def _take(self, records: Iterable[Record]) -> None:
        now = self._monotonic()
        for record in records:
            value = record.value()
            if value is None:
                continue  # a leader's barrier, or a record let go
            try:
                if self._is_tick(record):
                    self._tick(value, record.offset(), now)
                else:
                    self._entry(SCHEDULE_ENTRY.decode(value))
            except SchemaError as error:
                # Not ours. Were it in a tick's place, the next tick would not follow the last.
                _log.warning("foreign_record_ignored", where=_place(record), reason=str(error))
            except TickGap as error:
                raise ProcessorError(f"{_place(record)}: {error}; nothing was counted past it") from error

    def _is_tick(self, record: Record) -> bool:
        return record.topic() == self._ticks.topic

    def _entry(self, entry: ScheduleEntry) -> None:
        self.promises.entry(entry)
        if entry.floor_at is not None:
            self.history.let_go(entry.schedule, Floor(entry.floor_ordinal, entry.floor_sequence, entry.floor_at))

    def _tick(self, value: bytes, offset: int, now: float) -> None:
        tick = TICK.decode(value)
        if self.history.add(SeenTick(tick.schedule, tick.ordinal, tick.sequence, tick.ends_at, tick.period)):
            self.promises.tick(tick.schedule, tick.sequence, tick.next_at)
            self._offsets.append(offset)
            if not self._seen or self._seen[-1] != now:
                self._batches.append(tick.sequence)
                self._seen.append(now)

    def seen_at(self, sequence: int) -> float:
        """When this tick was read, in monotonic seconds."""
        return self._seen[max(0, bisect_left(self._batches, sequence + 1) - 1)]

    def forget_before(self, sequence: int) -> None:
        """No task asks any more when the ticks before this one were seen."""
        place = bisect_left(self._batches, sequence + 1) - 1
        if place > _FORGET_AT_ONCE:
            del self._batches[:place], self._seen[:place]

    def offset_after(self, sequence: int) -> int:
        """Where to read on in the tick topic, this tick having been read; 0 before the first."""
        return self._offsets[self.history.place(sequence + 1) - 1] + 1 if sequence else 0

    def close(self) -> None:
        self._reader.close()


def _place(record: Record) -> str:
    return f"{record.topic()}[{record.partition()}]@{record.offset()}"
