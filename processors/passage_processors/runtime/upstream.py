"""How far apps have come, as their timelines tell: any app when it is asked, and those upstream, whose output is an
input here (`App.derived_from`), as they go on.

An app downstream must not fold a tick before it has everything the one upstream says of the time before it. What proves
that is upstream's timeline: a cut whose `tick_sequence` has reached the tick was written in one transaction with
all events that follow from it, so whoever sees the cut, and then reads the output to its end, has them.

While such an app is down, those downstream stand still with it, and say so. Two apps that read each other's output
would wait for each other for ever; nothing here can see that, since an app knows only those right before it.

Same partition, same task: an event upstream emits with a key of its own may come from another of its tasks, whose
timeline isn't looked at. Such a one is ordered like any producer's fact: by its instant, as far as it comes in time.
And what the partition's own task writes behind it, for an earlier instant, comes late here, since a partition's order
is kept. To sort it in would need every record of the time before at hand: an output that others follow is best written
for its aggregates' own keys only.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from math import inf

import structlog

from passage_log.errors import Truncated
from passage_log.port import EARLIEST, Log
from passage_log.ranges import last_records
from passage_processors.errors import ProcessorError
from passage_processors.runtime.standstill import Standstill
from passage_processors.runtime.waits import Wait
from passage_schemas.cut import Cut
from passage_schemas.errors import SchemaError
from passage_schemas.instant import Instant, instant_of_milliseconds
from passage_schemas.log_record import Partition, Record
from passage_schemas.records import CUT

_log = structlog.get_logger("passage.processors")
_BATCH = 10_000


def timeline_of(app_name: str) -> str:
    return f"{app_name}.timeline"


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
        records = last_records(reader, [Partition(timeline, number) for number in numbers])
    finally:
        reader.close()
    return {partition.number: _stored(record) for partition, record in records.items()}


def _stored(record: Record) -> StoredCut:
    try:
        cut = CUT.decode(record.value() or b"")
    except SchemaError as error:
        raise ProcessorError(
            f"{record.topic()}[{record.partition()}]@{record.offset()}: this is no cut ({error}), so somebody else "
            "wrote to the timeline; only the app's workers may: see to the topic's rights, and let the app take a step"
        ) from error
    return StoredCut(cut, record.offset(), instant_of_milliseconds(record.timestamp()[1]))


class Upstream:
    """The timelines upstream of the tasks it was last told to follow. Times in monotonic seconds."""

    def __init__(self, derived_from: Mapping[str, str], log: Log, monotonic: Callable[[], float]) -> None:
        self._apps = derived_from
        self._log = log
        self._monotonic = monotonic
        self._reader = log.reader() if derived_from else None
        self._reached: dict[Partition, tuple[int, float]] = {}
        """The last tick each has folded whole, and when that was seen."""
        self._numbers: list[int] = []
        self._waits: dict[str, float] = {}
        self._standstill = Standstill(monotonic)
        self.wait: Wait | None = None
        """For the app that has kept tasks waiting longest."""

    def follow(self, numbers: Iterable[int]) -> None:
        """From now on these tasks' partitions, from the last cut each has. Raises Unreachable."""
        self._reached.clear()
        self._numbers = sorted(numbers)
        if self._reader is None:
            return
        positions: dict[Partition, int] = {}
        for timeline in sorted(map(timeline_of, set(self._apps.values()))):
            positions.update(dict.fromkeys((Partition(timeline, number) for number in self._numbers), EARLIEST))
            for number, stored in last_cuts(self._log, timeline, self._numbers).items():
                positions[Partition(timeline, number)] = stored.offset + 1
                self._note(Partition(timeline, number), stored.cut)
        self._reader.assign(positions)

    def poll(self) -> None:
        """Take in what is new. Raises Unreachable."""
        if self._reader is None:
            return
        newest: dict[Partition, Record] = {}
        try:
            for record in self._reader.poll(_BATCH, 0.0):
                newest[Partition(record.topic(), record.partition())] = record
        except Truncated:  # retention has overtaken us; what it left tells more than what is gone
            self.follow(self._numbers)
        for partition, record in newest.items():
            try:
                self._note(partition, CUT.decode(record.value() or b""))
            except SchemaError as error:
                where = f"{partition.topic}[{partition.number}]@{record.offset()}"
                _log.warning("foreign_record_ignored", where=where, reason=str(error))

    def _note(self, partition: Partition, cut: Cut) -> None:
        if cut.tick_sequence > self._reached.get(partition, (0, 0.0))[0]:
            self._reached[partition] = cut.tick_sequence, self._monotonic()

    def passed_at(self, topic: str, number: int, sequence: int) -> float:
        """Since when it is known that whoever writes this input has folded the tick: what is on the input after that
        moment is all there will be of the time before the tick. Never (infinity) as long as it has not; always for an
        input that is nobody's output."""
        app = self._apps.get(topic)
        if app is None or not sequence:
            return -inf
        reached, seen_at = self._reached.get(Partition(timeline_of(app), number), (0, inf))
        return seen_at if reached >= sequence else inf

    # --- saying what is waited for -------------------------------------------------------------------------------

    @property
    def waiting_for(self) -> str | None:
        """The app that keeps tasks waiting, the one that has done so longest; None when none does."""
        return min(self._waits, key=lambda app: (self._waits[app], app), default=None)

    def watch(self, waits: Mapping[str, int]) -> None:
        """`waits`: how many tasks each app keeps waiting at this moment."""
        now = self._monotonic()
        self._waits = {app: self._waits.get(app, now) for app in waits}
        app = self.waiting_for
        if app is None:
            self.wait = None
            return
        held_up = self._held_up()
        hint = f"ticks wait until {app} has folded them too; see whether its workers run and keep up"
        self.wait = Wait(self._waits[app], held_up or hint, {"upstream": app, "partitions": waits[app]})

    def _held_up(self) -> str | None:
        """Why what stands on the timelines isn't read. A reader that is stuck begins anew."""
        if self._reader is None:
            return None
        timelines = sorted(map(timeline_of, set(self._apps.values())))
        followed = [Partition(timeline, number) for timeline in timelines for number in self._numbers]
        if self._standstill.look(self._reader, followed):
            self._reader.close()
            self._reader = self._log.reader()
            self.follow(self._numbers)
        return self._standstill.wait.hint if self._standstill.wait is not None else None

    def app_of(self, topic: str) -> str | None:
        """Whose output this input is."""
        return self._apps.get(topic)

    def close(self) -> None:
        if self._reader is not None:
            self._reader.close()
