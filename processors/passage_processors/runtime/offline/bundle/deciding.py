"""Where an export ends, decided before it copies anything, and whether the beginning is still there.

As a comparison does (`comparison`): first which events are settled, then which cuts, then to where the output is read.
Of the inputs it takes what the last cuts took, of the ticks those they folded, and not what is on the log beyond.
Refused is what could not be replayed from the beginning: then nothing is written, and the line says which topic begins
when.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from passage_log.errors import Truncated
from passage_log.port import EARLIEST, Log, Reader
from passage_log.ranges import await_decided, read_range, readable_ends
from passage_processors.app import App
from passage_processors.errors import ProcessorError
from passage_processors.runtime.offline.bundle.journal import ExportPlan
from passage_processors.runtime.offline.bundle.manifest import Span, TaskEnd
from passage_processors.runtime.offline.replay import check_floors, read_feed
from passage_processors.runtime.topics import tasks_of
from passage_processors.runtime.upstream import StoredCut, last_cuts
from passage_schemas.errors import SchemaError
from passage_schemas.instant import instant_of_milliseconds, rfc3339
from passage_schemas.log_record import Partition, Record
from passage_schemas.records import CUT, tick_of

REMEDY = (
    "a bundle begins at the beginning, so export from a copy of the topics that has all of it, and raise the topic's "
    "retention for the next time"
)


class Ends(NamedTuple):
    """Of one partition: the offset behind the last record that is copied, and behind the last that is settled."""

    to: int
    settled: int


def decide(app: App, log: Log) -> ExportPlan:
    """Raises ProcessorError where there is nothing to export, or its beginning is gone; Unreachable, Unfit."""
    reader = log.reader()
    try:
        return _decided(app, log, reader)
    finally:
        reader.close()


def _decided(app: App, log: Log, reader: Reader) -> ExportPlan:
    numbers = range(tasks_of(log, app))
    outputs = [Partition(app.output, number) for number in numbers]
    timelines = [Partition(app.timeline, number) for number in numbers]
    letters = [Partition(app.dead_letters, number) for number in numbers]
    settled = readable_ends(reader, [*outputs, *letters])
    await_decided(reader, reader.ends(timelines))
    cuts = last_cuts(log, app.timeline, numbers)
    if not cuts:
        raise ProcessorError(f"{app.name}: no worker of it ever took a step, so there is nothing to export")
    _check_cluster(app, log, cuts)
    ends = {place: Ends(to, settled[place]) for place, to in reader.ends([*outputs, *letters]).items()}
    schedules, ticks = Partition(app.schedules_topic, 0), Partition(app.ticks_topic, 0)
    wanted = {ticks: _ticks_end(reader, ticks, cuts.values()), schedules: reader.end(schedules)}
    wanted |= {place: cuts[place.number].offset + 1 if place.number in cuts else 0 for place in timelines}
    wanted |= _inputs_ends(app, numbers, cuts)
    check_floors(app, read_feed(app, log))
    spans = [_span(app, reader, place, end, cuts) for place, end in {**_settled(wanted), **ends}.items()]
    tasks = (TaskEnd(number, one.cut.number, one.offset + 1, one.cut.tick_sequence) for number, one in cuts.items())
    return ExportPlan(app.name, log.cluster_id(), tuple(sorted(tasks, key=lambda task: task.partition)), tuple(spans))


def _check_cluster(app: App, log: Log, cuts: Mapping[int, StoredCut]) -> None:
    for number, one in cuts.items():
        if one.cut.cluster != log.cluster_id():
            raise ProcessorError(
                f"{app.timeline}[{number}]@{one.offset}: the cut's offsets are of the cluster {one.cut.cluster}, this "
                f"is {log.cluster_id()}; export where the app's workers run"
            )


def _settled(ends: Mapping[Partition, int]) -> dict[Partition, Ends]:
    return {place: Ends(to, to) for place, to in ends.items()}


def _inputs_ends(app: App, numbers: Iterable[int], cuts: Mapping[int, StoredCut]) -> dict[Partition, int]:
    ends = {Partition(topic, number): 0 for topic in app.sources for number in numbers}
    for number, stored in cuts.items():
        for one in stored.cut.inputs:
            if one.topic not in app.sources:
                raise ProcessorError(
                    f"{app.timeline}[{number}]@{stored.offset}: the app read {one.topic} and no longer does; export it "
                    "with the app as it was"
                )
            ends[Partition(one.topic, number)] = one.offset
    return ends


def _ticks_end(reader: Reader, ticks: Partition, cuts: Iterable[StoredCut]) -> int:
    """Behind the last tick any task has folded, or has begun to: of a burst that was cut, the tick after."""
    ends = [stored.cut.tick_offset for stored in cuts]
    begun = [stored.cut for stored in cuts if stored.cut.burst is not None]
    if begun:
        cut = max(begun, key=lambda cut: cut.tick_sequence)
        begin = {ticks: cut.tick_offset or EARLIEST}
        for record in read_range(reader, begin, readable_ends(reader, [ticks])):
            tick = tick_of(record.value())
            if tick is not None and tick.sequence > cut.tick_sequence:
                return max(*ends, record.offset() + 1)
    return max(ends)


def _span(app: App, reader: Reader, place: Partition, end: Ends, cuts: Mapping[int, StoredCut]) -> Span:
    begin = beginning(reader, place, end.to)
    at = end.to if begin.record is None else begin.record.offset()
    counted = _counted(app, place, cuts)
    if counted > end.to - at or _lacks_its_beginning(app, place, begin):
        raise gone(place, begin.record)
    return Span(place.topic, place.number, at, end.to, end.settled, counted)


def _counted(app: App, place: Partition, cuts: Mapping[int, StoredCut]) -> int:
    if place.number not in cuts:
        return 0
    cut = cuts[place.number].cut
    if place.topic == app.timeline:
        return cut.number
    return sum(one.count for one in cut.inputs if one.topic == place.topic)


def _lacks_its_beginning(app: App, place: Partition, begin: "Beginning") -> bool:
    """As far as the first record tells: of an input only its count does, for retention may have come before the app."""
    if place.topic == app.timeline and begin.record is not None:
        try:
            return CUT.decode(begin.record.value() or b"").number > 1
        except SchemaError:
            return False  # somebody else's; the cuts are counted in the end
    return begin.is_gone and place.topic == app.output


class Beginning(NamedTuple):
    """The first record the log has of a partition; `is_gone`: there were some before it, which it has let go of."""

    record: Record | None
    is_gone: bool


def beginning(reader: Reader, place: Partition, end: int) -> Beginning:
    """Raises Unreachable."""
    try:
        return Beginning(next(iter(read_range(reader, {place: 0}, {place: end})), None), False)
    except Truncated:
        pass
    try:
        return Beginning(next(iter(read_range(reader, {place: EARLIEST}, {place: end})), None), True)
    except Truncated:
        return Beginning(None, True)


def gone(place: Partition, first: Record | None) -> ProcessorError:
    """The one line about a topic whose beginning a replay would need."""
    if first is None:
        return ProcessorError(f"{place.topic}[{place.number}]: nothing of what was folded is left; {REMEDY}")
    at = rfc3339(instant_of_milliseconds(max(0, first.timestamp()[1])))
    return ProcessorError(
        f"{place.topic}[{place.number}] begins with a record of {at} (offset {first.offset()}), and what was before is "
        f"needed; {REMEDY}"
    )
