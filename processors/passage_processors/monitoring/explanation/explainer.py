"""One aggregate, explained: its recorded timeline folded once more, and where on the log all of it lies.

Reads what a replay reads, and of the dead letters and the output the aggregate's partition, so as to say where what
came of it lies. In memory is what concerns the aggregate, and the ticks.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from passage_log.port import EARLIEST, Log, Reader
from passage_log.ranges import RangeProgress, read_decided, read_range, readable_ends
from passage_processors.app import App
from passage_processors.core.order.promises import ALWAYS, NEVER
from passage_processors.core.order.ticks import BEFORE_ALL
from passage_processors.core.order.timeline import instant_of
from passage_processors.core.program.events import Derived
from passage_processors.core.program.inputs import headers_of
from passage_processors.model.ticks import SeenTick
from passage_processors.monitoring.entries import Entry, entry_of
from passage_processors.monitoring.explanation.answer import (
    Count,
    EmittedEvent,
    ExplainedCause,
    Explanation,
    Unfolded,
    UnitEffect,
    Waiting,
)
from passage_processors.monitoring.explanation.counts import Counts, RunningCount, name_of, told_counts
from passage_processors.monitoring.explanation.effects import Heard, effects_of
from passage_processors.monitoring.explanation.verdicts import units_behind, verdicts
from passage_processors.monitoring.inspection import read
from passage_processors.runtime.clock_feed import ClockFeed
from passage_processors.runtime.offline.one_aggregate import FoldedCause, folded_causes, unit_of
from passage_processors.runtime.offline.replay import read_feed
from passage_processors.runtime.upstream import StoredCut, last_cuts
from passage_schemas.headers import read_headers
from passage_schemas.instant import Instant
from passage_schemas.log_record import Header, Partition, Record
from passage_schemas.partitioner import partition_of

Offsets = defaultdict[bytes | None, deque[int]]
"""Where the events of these ids lie, the earliest first: an id is there once, but for a start redelivered too late."""

NOT_PARKED = "nothing of this name was parked"
UNHEARD = "none of these units hears of it"

TickPlan = Callable[[str, Instant, int], Instant | None]
"""(schedule, after, number): when so many ticks of it will have come after an instant, by a clock's configuration."""


def explain(
    app: App,
    log: Log,
    partitions: int,
    aggregate: str,
    event: str | None = None,
    told: RangeProgress = lambda _done, _total: None,
    plan: TickPlan = lambda _schedule, _after, _number: None,
) -> Explanation:
    """`event`: only what led to this one, or might have. `told` hears how many cuts lie behind. Raises AppError for an
    event that no unit emits, ProcessorError as a replay does, Unreachable, Unfit."""
    units = units_behind(app, event)
    key = aggregate.encode()
    number = partition_of(key, partitions)
    last = last_cuts(log, app.timeline, [number]).get(number)
    feed = read_feed(app, log, app.counted)
    telling = _Telling(app, number, units, feed, plan)
    if last is not None:
        for done in folded_causes(app, log, number, key, last, feed, told):
            telling.take(done)
    reader = log.reader()
    try:
        causes = telling.causes(_offsets(app, reader, number, telling.emitted))
        unfolded = tuple(_unfolded(app, reader, number, key, last))
    finally:
        reader.close()
    counts, waits = telling.counts(_sequence(feed, last)), tuple(telling.waits)
    lines = tuple(verdicts(app, event, units, causes, counts, waits, unfolded))
    cut, in_burst = (0, False) if last is None else (last.cut.number, last.cut.burst is not None)
    names = tuple(name for name in app.units if name in units)
    return Explanation(
        app.name,
        aggregate,
        number,
        cut,
        in_burst,
        event,
        names,
        causes,
        counts,
        telling.entries,
        waits,
        unfolded,
        lines,
    )


def _sequence(feed: ClockFeed, last: StoredCut | None) -> int:
    """Of the last tick that was folded, one in the midst of its burst included."""
    if last is None:
        return 0
    return last.cut.tick_sequence if last.cut.burst is None else feed.history.after(last.cut.tick_sequence)


def _offsets(app: App, reader: Reader, number: int, events: Sequence[Derived]) -> Offsets:
    offsets: Offsets = defaultdict(deque)
    if events:
        ids = {_header(event.headers, "ce_id") for event in events}
        numbers = {number if event.partition is None else event.partition for event in events}
        for record in read_decided(reader, [Partition(app.output, place) for place in sorted(numbers)]):
            headers = read_headers(record)
            if (name := _header(headers, "ce_id")) in ids:
                offsets[name].append(record.offset())
    return offsets


def _unfolded(app: App, reader: Reader, number: int, key: bytes, last: StoredCut | None) -> Iterator[Unfolded]:
    """What has the aggregate's key and lies behind the last cut."""
    begins = dict.fromkeys((Partition(topic, number) for topic in app.inputs), EARLIEST)
    if last is not None:
        begins |= {Partition(cut.topic, number): cut.offset for cut in last.cut.inputs if cut.topic in app.inputs}
    for record in read_range(reader, begins, readable_ends(reader, begins)):
        if record.key() == key:
            name, _ = read(app, record.topic(), record.value(), headers_of(record))
            yield Unfolded(instant_of(record), name, record.topic(), number, record.offset())


class _Heard(NamedTuple):
    """A cause that will be told, before it is known where its events lie."""

    done: FoldedCause
    effects: tuple[UnitEffect, ...]
    events: tuple[Derived, ...]


class _Telling:
    """Told each cause in turn, it keeps what will be said of it."""

    def __init__(self, app: App, number: int, units: frozenset[str], feed: ClockFeed, plan: TickPlan) -> None:
        self._app, self._number, self._feed, self._plan = app, number, feed, plan
        self._units = app.program.units
        self._indexes = [index for index, unit in enumerate(self._units) if unit.name in units]
        self._by_name = {handler.codec.name: handler for handler in app.program.heard.values()}
        self._counts = Counts(self._units, self._indexes, feed.history)
        self._heard: list[_Heard] = []
        self._kept: tuple[bytes | None, ...] = (None,) * len(self._units)
        self.waits: list[Waiting] = []

    def take(self, done: FoldedCause) -> None:
        names = {self._units[index].name for index in self._indexes}
        events = tuple(event for event in done.events if unit_of(event) in names)
        effects = tuple(self._effects(done))
        self._kept = done.after
        if effects or events:
            self._counts.take(len(self._heard), done)
            self._heard.append(_Heard(done, effects, events))

    # --- what a cause did ----------------------------------------------------------------------------------------

    def _effects(self, done: FoldedCause) -> Iterator[UnitEffect]:
        cause, at = done.cause, _at(done.cause)
        heard = [*self._followed(done)]
        if not isinstance(cause, SeenTick):
            refused = next((letter for letter in done.letters if not letter.parked), None)
            if refused is not None:
                yield UnitEffect("", "refused", refused.reason)
                return
            heard = [*self._fact(cause), *heard]
        effects = [effect for index in self._indexes for effect in effects_of(self._app, index, done, heard, at)]
        if not effects and not isinstance(cause, SeenTick):
            is_request = cause.topic() == self._app.requests
            effects.append(UnitEffect("", "ignored", NOT_PARKED if is_request else UNHEARD))
        yield from effects

    def _fact(self, record: Record) -> Iterator[Heard]:
        """Who may hear of a fact that was not refused."""
        source, value = self._app.program.inputs.get(record.topic()), record.value()
        if source is not None and value is not None:
            handler = source.known(source.token(value, headers_of(record))).handler
            yield Heard(handler.codec.name, handler)

    def _followed(self, done: FoldedCause) -> Iterator[Heard]:
        """The events that the app's units heard in the same step; those for other keys are heard by nobody here."""
        for name in dict.fromkeys(_text(event, "ce_type") for event in done.events if event.partition is None):
            if name in self._by_name:
                yield Heard(name, self._by_name[name])

    # --- the answer ----------------------------------------------------------------------------------------------

    @property
    def emitted(self) -> list[Derived]:
        return [event for heard in self._heard for event in heard.events]

    def causes(self, offsets: Offsets) -> tuple[ExplainedCause, ...]:
        return tuple(self._cause(heard, offsets) for heard in self._heard)

    def _cause(self, heard: _Heard, offsets: Offsets) -> ExplainedCause:
        done, cause = heard.done, heard.done.cause
        came = (heard.effects, tuple(self._event(event, offsets) for event in heard.events))
        if isinstance(cause, SeenTick):
            name, offset = f"{cause.schedule}#{cause.ordinal}", self._feed.offset_after(cause.sequence) - 1
            at, label = cause.ends_at, cause.period or None
            place = (self._app.ticks_topic, 0, offset, done.cut, done.sequence)
            return ExplainedCause(at, "tick", name, *place, label, None, *came)
        topic, at = cause.topic(), instant_of(cause)
        place = (topic, self._number, cause.offset(), done.cut, done.sequence)
        if topic == self._app.requests:
            return ExplainedCause(at, "request", "(request)", *place, None, None, *came)
        name, body = read(self._app, topic, cause.value(), headers_of(cause))
        return ExplainedCause(at, "fact", name, *place, body, self._late_after(done, at), *came)

    def _event(self, event: Derived, offsets: Offsets) -> EmittedEvent:
        number = self._number if event.partition is None else event.partition
        lying = offsets[_header(event.headers, "ce_id")]
        offset = lying.popleft() if lying else None
        name, id_ = _text(event, "ce_type"), _text(event, "ce_id")
        return EmittedEvent(unit_of(event), name, id_, event.instant, self._app.output, number, offset)

    def _late_after(self, done: FoldedCause, at: Instant) -> str | None:
        """The latest tick of a schedule the app counts that had been folded, where the fact is dated before its end."""
        ended = {name: self._feed.history.ended(name, done.folded.get(name, 0)) for name in sorted(self._app.counted)}
        latest = max(ended, key=lambda name: ended[name], default=None)
        return f"{latest}#{done.folded[latest]}" if latest is not None and at < ended[latest] else None

    def counts(self, sequence: int) -> tuple[Count, ...]:
        """`sequence`: of the last tick folded."""
        history = self._feed.history
        folded, published = history.folded_at(sequence), history.folded_at(history.last)
        self._counts.close(folded)
        self.waits += [
            self._waiting(count, folded, published) for count in self._counts.all if count.outcome == "waits"
        ]
        return tuple(told_counts(self._counts.all, self._units, self._feed, self._app.ticks_topic))

    def _waiting(self, count: RunningCount, folded: Mapping[str, int], published: Mapping[str, int]) -> Waiting:
        promises, wake, schedule = self._feed.promises, count.wake, count.wake.schedule
        promises.hold((), self._feed.history.last)  # so that what is paused or removed is known
        last = published.get(schedule, 0)
        ahead, unfolded = max(0, wake.due - last), last - folded.get(schedule, 0)
        next_at = _promised(promises.next_at(schedule))
        if wake.due <= folded.get(schedule, 0):  # it fires on the next tick, whosever that is
            promised = min(map(promises.next_at, promises.named), default=NEVER)
        else:
            promised = promises.next_at(schedule) if ahead == 1 else NEVER
        entry, ended = promises.silenced.get(schedule), self._feed.history.ended(schedule, last)
        status = "unknown" if schedule not in promises.named else "active" if entry is None else entry.status
        last_at = None if ended == BEFORE_ALL else ended
        after = last_at if last_at is not None or next_at is None else Instant(next_at - 1)
        planned = None if after is None or ahead == 0 else self._plan(schedule, after, ahead)
        unit = self._units[count.index]
        return Waiting(
            unit.name, name_of(unit, count.name), schedule, count.last - count.first + 1, wake.ticks, wake.due, ahead,
            unfolded, status, last_at, next_at, _promised(promised), planned,
        )  # fmt: skip

    @property
    def entries(self) -> tuple[Entry, ...]:
        """What is kept of the aggregate at the end."""
        kept = ((self._units[index].name, self._kept[index]) for index in self._indexes)
        entries = (entry_of(self._app, name, value) for name, value in kept if value is not None)
        return tuple(entry for entry in entries if entry is not None)


def _at(cause: Record | SeenTick) -> Instant:
    return cause.ends_at if isinstance(cause, SeenTick) else instant_of(cause)


def _promised(at: Instant) -> Instant | None:
    return None if at in (ALWAYS, NEVER) else at


def _text(event: Derived, name: str) -> str:
    return (_header(event.headers, name) or b"").decode()


def _header(headers: Iterable[Header], name: str) -> bytes | None:
    return next((text for header, text in headers if header == name), None)
