"""What stands on the output, held against what a replay gives, while workers go on writing.

Events and the cut they belong to become readable together, but are read one after the other. So it is decided first how
far is looked: which events are settled, then which cuts, then to where the output is read. An event that was settled
before the cuts were looked up belongs to one of them, and all that these gave is read. What came in between is compared
where a cut asks for it, and is left out otherwise: it belongs to a later one.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest

from passage_log.port import EARLIEST, Log
from passage_log.ranges import await_decided, read_range, readable_ends
from passage_processors.app import App
from passage_processors.runtime.offline.replay import Apart, Event, as_written, read_feed, replay, written_by
from passage_processors.runtime.topics import tasks_of
from passage_schemas.log_record import Partition


@dataclass(frozen=True, slots=True)
class OutputComparison:
    """Of one partition, or of the events for other keys than their aggregates' on all of them (`partition` is None)."""

    partition: int | None
    written: int
    replayed: int
    digest: str
    """SHA-256 over key, value, timestamp and headers of what was replayed."""
    difference: str
    """Which event is the first that is not alike, and what of it is other; empty where all are."""


def compare(app: App, log: Log) -> Iterator[OutputComparison]:
    """Partition by partition, and last the events for other keys, if there are any.

    Raises ProcessorError when the timeline and the topics don't fit, Unreachable, Unfit."""
    comparer = _Comparer(app, log)
    try:
        yield from comparer.partitions()
        yield from comparer.apart()
    finally:
        comparer.close()


class _Comparer:
    def __init__(self, app: App, log: Log) -> None:
        self._app, self._log = app, log
        self._reader = log.reader()
        numbers = range(tasks_of(log, app))
        self._outputs = [Partition(app.output, number) for number in numbers]
        timelines = [Partition(app.timeline, number) for number in numbers]
        self._settled = readable_ends(self._reader, self._outputs)
        self._cuts = self._reader.ends(timelines)
        await_decided(self._reader, self._cuts)
        self._ends = self._reader.ends(self._outputs)
        self._feed = read_feed(app, log)
        self._written, self._again = Apart(), Apart()
        self._late = self._unsettled_apart()

    def _unsettled_apart(self) -> set[bytes]:
        """Digests of those for other keys, which may be of a cut that is replayed, of whichever task, or of a later."""
        records = read_range(self._reader, self._settled, self._ends)
        return {event.sha.digest() for _, event in written_by(self._app, records) if event.is_apart}

    def partitions(self) -> Iterator[OutputComparison]:
        for output in self._outputs:
            yield self._compared(output)

    def _compared(self, output: Partition) -> OutputComparison:
        sha, counts, difference = hashlib.sha256(), [0, 0], ""
        pairs = zip_longest(self._own_written(output), self._own_again(output.number))
        for written, again in pairs:
            offset, event = written or (-1, None)
            if again is None and offset >= self._settled[output]:
                continue  # of a cut that came later
            counts[0] += event is not None
            counts[1] += again is not None
            if again is not None:
                again.add_to(sha)
            if not difference and event != again:
                difference = f"event {max(counts)}: {_difference(event, again)}"
        return OutputComparison(output.number, counts[0], counts[1], sha.hexdigest(), difference)

    def _own_written(self, output: Partition) -> Iterator[tuple[int, Event]]:
        records = read_range(self._reader, {output: EARLIEST}, self._ends)
        for offset, event in written_by(self._app, records):
            if not event.is_apart:
                yield offset, event
            elif offset < self._settled[output]:
                self._written.add(event.sha)

    def _own_again(self, number: int) -> Iterator[Event]:
        until = self._cuts[Partition(self._app.timeline, number)]
        for event in map(as_written, replay(self._app, self._log, number, until, self._feed)):
            if not event.is_apart:
                yield event
                continue
            self._again.add(event.sha)
            if event.sha.digest() in self._late:
                self._written.add(event.sha)

    def apart(self) -> Iterator[OutputComparison]:
        """Of several tasks on one partition, in whatever order."""
        written, again = self._written, self._again
        if written.count or again.count:
            is_equal = (written.count, written.digest) == (again.count, again.digest)
            difference = "" if is_equal else "not the same events"
            yield OutputComparison(None, written.count, again.count, again.digest, difference)

    def close(self) -> None:
        self._reader.close()


def _difference(written: Event | None, again: Event | None) -> str:
    names = [event.id.decode(errors="replace") if event else "nothing" for event in (written, again)]
    if written is None or again is None or written.id != again.id:
        return f"{names[0]} is written, a replay gives {names[1]}"
    parts = zip(("key", "value", "timestamp", "headers"), written, again, strict=True)
    return f"a replay gives {names[0]} another {' and '.join(name for name, mine, its in parts if mine != its)}"
