"""Folding a recorded timeline again: the same facts, ticks and cuts, the same derived events, byte for byte.

Reads the inputs, the tick topic and the timeline; writes nothing. The cuts are obeyed: how long things took to arrive,
what was waited for and how bursts were divided no longer matter. Events for other keys than their aggregates' are the
same ones, but where they meet those of other tasks no order is promised.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import structlog

from passage_log.port import Log
from passage_log.ranges import read_all, read_decided
from passage_processors.app import App
from passage_processors.core.order.timeline import Pending, Run, merge, recorded
from passage_processors.core.program.events import Derived
from passage_processors.core.step.fold import Fold
from passage_processors.errors import ProcessorError
from passage_processors.runtime.clock_feed import ClockFeed
from passage_processors.runtime.topics import tasks_of
from passage_schemas.cut import Cut
from passage_schemas.errors import SchemaError
from passage_schemas.headers import read_headers
from passage_schemas.instant import milliseconds_of
from passage_schemas.log_record import Headers, Partition, Record
from passage_schemas.records import CUT

_log = structlog.get_logger("passage.processors")

WITHOUT_A_CUT = 1 << 40
"""A budget no burst reaches: in a replay only the recorded cut divides it."""


def replay(
    app: App, log: Log, number: int, until: int | None = None, feed: ClockFeed | None = None
) -> Iterator[Derived]:
    """The derived events of one task, in the order they were written.

    `until`: only the cuts before this offset of the timeline. `feed`: the ticks, where they have been read since those
    cuts. Raises ProcessorError when the timeline and the topics don't fit: facts let go by retention, another cluster.
    """
    feed = feed or read_feed(app, log)
    check_floors(app, feed)
    fold = Fold(app.program, feed.history, number, tasks_of(log, app))
    sequence = 0
    for cut, inputs in recorded_cuts(app, log, number, until):
        _fold_cut(fold, inputs, feed, sequence, cut)
        sequence = cut.tick_sequence
        yield from fold.take().events


def recorded_cuts(app: App, log: Log, number: int, until: int | None = None) -> Iterator[tuple[Cut, Sequence[Pending]]]:
    """Each recorded cut with its facts, all of which are to be merged and moved past before the next is asked for.
    Raises ProcessorError where a cut's facts are not there."""
    inputs = {topic: Pending(topic, 0, 0) for topic in app.sources}
    facts = {topic: _Ahead(log, Partition(topic, number)) for topic in app.sources}
    try:
        for cut in timeline(app, log, number, until):
            for input_cut in cut.inputs:
                if input_cut.topic not in facts:
                    raise ProcessorError(
                        f"{app.timeline}[{number}] cut {cut.number} read {input_cut.topic}, which the app no longer "
                        "does; replay with the app as it was"
                    )
                if records := facts[input_cut.topic].up_to(input_cut.offset):
                    inputs[input_cut.topic].extend(records)
            _check_counts(app, number, inputs, cut)
            yield cut, list(inputs.values())
    finally:
        for ahead in facts.values():
            ahead.close()


def check_floors(app: App, feed: ClockFeed) -> None:
    """Raise ProcessorError where ticks that the app counts were let go; where others were, warn."""
    for schedule in sorted(app.counted):
        floor = feed.history.floor(schedule)
        if floor.ordinal > 1:
            raise ProcessorError(
                f"{schedule} is kept from its tick {floor.ordinal} on (its keep_days): a replay from the beginning "
                "needs all of them; replay a copy of the topics that was taken before"
            )
    gone = sorted(name for name, floor in feed.history.floors.items() if floor.ordinal > 1)
    if gone:
        # A late wake-up fires on the next tick, and facts are folded between ticks, whosever they are.
        _log.warning(
            "replay_lacks_ticks", app=app.name, schedules=gone,
            consequence="what was late may come at another tick; a copy of the topics from before replays exactly",
        )  # fmt: skip


def _fold_cut(fold: Fold, inputs: Sequence[Pending], feed: ClockFeed, sequence: int, cut: Cut) -> None:
    refused = refusals(cut)
    last_tick = cut.tick_sequence if cut.burst is None else feed.history.after(cut.tick_sequence)
    for item in merge(inputs, feed.history, sequence, recorded(last_tick), fold.burst is not None):
        if isinstance(item, Run):
            fold.facts(item, refused.get(item.pending.topic, frozenset()))
            pass_over(item)
        else:
            fold.tick(feed.history.at(item), WITHOUT_A_CUT, cut.burst if item > cut.tick_sequence else None)


def refusals(cut: Cut) -> dict[str, frozenset[int]]:
    """By topic, the offsets of the facts that were refused in this cut."""
    topics = {refusal.topic for refusal in cut.refused}
    return {topic: frozenset(one.offset for one in cut.refused if one.topic == topic) for topic in topics}


def pass_over(run: Run) -> None:
    """The facts of this run have been folded."""
    run.pending.count += run.stop - run.start
    run.pending.at = run.stop


def _check_counts(app: App, number: int, inputs: dict[str, Pending], cut: Cut) -> None:
    for input_cut in cut.inputs:
        count = inputs[input_cut.topic].count + len(inputs[input_cut.topic])
        if count != input_cut.count:
            raise ProcessorError(
                f"{app.timeline}[{number}] cut {cut.number}: {input_cut.count} facts of {input_cut.topic} had been "
                f"folded, a replay finds {count}; the topic has lost facts (see its retention) or the cut is of "
                "another cluster"
            )


class Apart:
    """Events for other keys than their aggregates', of all tasks together: how many, and a digest no order changes.

    They go to other tasks' partitions, where nothing says in which order those write."""

    def __init__(self) -> None:
        self.count = 0
        self._sum = 0

    @property
    def digest(self) -> str:
        return f"{self._sum:064x}"

    def add(self, sha: "hashlib._Hash") -> None:
        self.count += 1
        self._sum = (self._sum + int.from_bytes(sha.digest(), "big")) % (1 << 256)


def digest(events: Iterator[Derived], apart: Apart | None = None) -> tuple[int, str]:
    """How many, and one SHA-256 over key, value, timestamp and headers of all, in order; without those for other keys
    than their aggregates', which are added to `apart`."""
    return _digest(map(as_written, events), apart or Apart())


def digest_of_output(
    app: App, log: Log, number: int, apart: Apart | None = None, until: int | None = None
) -> tuple[int, str]:
    """The same of what stands on one partition of the output, before the offset `until`: this app's events only."""
    written = written_by(app, read_all(log, Partition(app.output, number), until))
    return _digest((event for _, event in written), apart or Apart())


class Event(NamedTuple):
    """As it stands on the output."""

    key: bytes
    value: bytes
    at_ms: int
    headers: Headers

    @property
    def id(self) -> bytes:
        return next((text for name, text in self.headers if name == "ce_id"), None) or b""

    @property
    def is_apart(self) -> bool:
        """For another key than its aggregate's? The id names that, `app/unit/aggregate/start/event/n`; a report's
        names none."""
        aggregate, *rest = self.id.split(b"/", 2)[-1].rsplit(b"/", 3)
        return len(rest) == 3 and aggregate != self.key

    @property
    def sha(self) -> "hashlib._Hash":
        sha = hashlib.sha256()
        self.add_to(sha)
        return sha

    def add_to(self, sha: "hashlib._Hash") -> None:
        pieces = (piece for name, text in self.headers for piece in (name.encode(), text or b""))
        for part in (self.key, self.value, str(self.at_ms).encode(), *pieces):
            sha.update(len(part).to_bytes(8, "big"))
            sha.update(part)


def as_written(event: Derived) -> Event:
    return Event(event.key, event.value, milliseconds_of(event.instant), tuple(event.headers))


def written_by(app: App, records: Iterable[Record]) -> Iterator[tuple[int, Event]]:
    """Of the output's records this app's events, with their offsets."""
    source = ("ce_source", f"passage/{app.name}".encode())
    for record in records:
        headers = read_headers(record)
        if source in headers:
            event = Event(record.key() or b"", record.value() or b"", record.timestamp()[1], tuple(headers))
            yield record.offset(), event


def _digest(events: Iterable[Event], apart: Apart) -> tuple[int, str]:
    sha, count = hashlib.sha256(), 0
    for event in events:
        if event.is_apart:
            apart.add(event.sha)
        else:
            count += 1
            event.add_to(sha)
    return count, sha.hexdigest()


def timeline(app: App, log: Log, number: int, until: int | None = None) -> Iterator[Cut]:
    """The recorded cuts of a task, in order, those before the offset `until`; what is none is passed over, aloud.
    Raises ProcessorError when one is missing."""
    expected = 1
    for record in read_all(log, Partition(app.timeline, number), until):
        try:
            cut = CUT.decode(record.value() or b"")
        except SchemaError as error:
            # Cuts are numbered: were it in a cut's place, the next would not follow the last.
            where = f"{app.timeline}[{number}]@{record.offset()}"
            _log.warning("foreign_record_ignored", where=where, reason=str(error))
            continue
        if cut.number != expected:
            raise ProcessorError(
                f"{app.timeline}[{number}]@{record.offset()}: cut {cut.number} where {expected} should be; the "
                "timeline has lost cuts: a replay needs it from the beginning (see the topic's retention)"
            )
        expected += 1
        yield cut


def read_feed(app: App, log: Log, labelled: Iterable[str] = ()) -> ClockFeed:
    """All ticks there are. `labelled`: the schedules whose ticks' labels are wanted, beside those the app asks for."""
    labels = app.program.reported.union(labelled)
    feed = ClockFeed(log, app.ticks_topic, app.schedules_topic, lambda: 0.0, labels)
    try:
        feed.read_once()
    finally:
        feed.close()
    return feed


class _Ahead:
    """An input partition, read on as far as the cuts ask. What they took was readable then, so nothing undecided is
    waited for."""

    def __init__(self, log: Log, partition: Partition) -> None:
        self._reader = log.reader()
        self._records = read_decided(self._reader, [partition])
        self._next: Record | None = None

    def up_to(self, offset: int) -> list[Record]:
        """The facts before this offset that were not given before."""
        facts: list[Record] = []
        while True:
            if self._next is None:
                self._next = next(self._records, None)
            if self._next is None or self._next.offset() >= offset:
                return facts
            facts.append(self._next)
            self._next = None

    def close(self) -> None:
        self._reader.close()
