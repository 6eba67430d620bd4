"""One partition of an app: what has been read of it and not folded, its memory, and its place in every input."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from passage_processors.app import App
from passage_processors.core.order.ticks import TickHistory
from passage_processors.core.order.timeline import Bounds, DateLimit, Pending, Run, merge
from passage_processors.core.program.meaning import UNKNOWN, with_all_of
from passage_processors.core.step.fold import Fold
from passage_processors.core.step.task_state import StepOutput
from passage_processors.errors import ProcessorError
from passage_processors.runtime.clock_feed import ClockFeed
from passage_processors.runtime.native import chosen
from passage_schemas.cut import Cut, InputCut, Refusal
from passage_schemas.instant import Instant
from passage_schemas.state_schemas import StateSchemas

FRESH = Cut(number=0, cluster="", inputs=(), tick_sequence=0, tick_offset=0)
"""The cut of a task that has not taken a step."""


@dataclass(frozen=True, slots=True)
class Step:
    """A cut and what came of it: to be written in one transaction, or not at all."""

    task: "Task"
    cut: Cut
    output: StepOutput
    instant: Instant
    """That of the last fact or tick folded."""
    facts: int
    schemas: StateSchemas | None = None
    """What the values kept mean, where it has not been written down yet."""


class Task:
    """Restored from a cut and the changelog's cases, then moved by `step`: its memory is that of the last cut it gave.

    cases       policy name -> aggregate -> case, as on the changelog
    positions   topic -> the offset its input is read from
    partitions  how many tasks the app has
    schemas     what the values kept mean, as far as it was written down
    """

    def __init__(
        self,
        app: App,
        number: int,
        feed: ClockFeed,
        cut: Cut,
        cases: Mapping[str, dict[bytes, bytes]],
        positions: Mapping[str, int],
        partitions: int = 1,
        schemas: StateSchemas = UNKNOWN,
    ) -> None:
        self.number, self.partitions = number, partitions
        self.cut = cut
        self._app = app
        self._feed = feed
        self.sequence = cut.tick_sequence
        counts = {input_cut.topic: input_cut.count for input_cut in cut.inputs}
        parts = chosen()
        self.inputs = [Pending(topic, positions[topic], counts.get(topic, 0), parts) for topic in app.sources]
        """One for each input, and behind them the requests, which nothing waits for."""
        self.by_topic = {pending.topic: pending for pending in self.inputs}
        self.requests = self.inputs[-1]
        self._former = tuple(input_cut for input_cut in cut.inputs if input_cut.topic not in self.by_topic)
        """How far the topics were read that no longer are."""
        self.arrived_at = float("-inf")
        """When facts last came in, in monotonic seconds."""
        self.has_more = False
        """The last step was stopped by what it was allowed, not for want of something to fold."""
        self.fold = Fold(app.program, feed.history, number, partitions, parts)
        folded = feed.history.folded_at(self.sequence)
        self.fold.load([cases.get(unit, {}) for unit in app.units], folded, cut.burst)
        self._instant = Instant(0)
        self.schemas = with_all_of(schemas, app.state_schemas)
        """Of all values it may keep."""
        self._unwritten = None if self.schemas == schemas else self.schemas

    @property
    def entries(self) -> int:
        """The keys of its state on the changelog."""
        return sum(len(book) for book in self.fold.books)

    @property
    def pending(self) -> int:
        """Facts read and not yet folded."""
        return sum(len(facts) for facts in self.inputs)

    @property
    def tick_waits(self) -> bool:
        """A tick has been read that is not yet folded whole."""
        return self.sequence < self._feed.history.last

    def step(
        self, bounds: Bounds, cluster: str, released: Sequence[str], max_facts: int, max_fires: int
    ) -> Step | None:
        """Fold what may be folded, at most `max_facts` facts and ticks and `max_fires` wake-ups; None if none may."""
        left, fires, facts = max_facts, max_fires, 0
        history, self.has_more = self._feed.history, True
        if (
            bounds.date_limit is not None
            and self.fold.burst is None
            and (refused := self._refuse(bounds.date_limit, left))
        ):
            return self._cut(cluster, released, refused)
        for schedule, floor in history.floors.items():
            # One heard of since the task was restored: what is below it never comes, so it is as if folded.
            self.fold.folded.setdefault(schedule, floor.ordinal - 1)
        for item in merge(self.inputs, history, self.sequence, bounds, self.fold.burst is not None):
            if isinstance(item, Run):
                taken = self._take(item, left)
                left -= taken
                facts += taken
            else:
                left -= 1
                fired = self.fold.tick(history.at(item), fires)
                if fired is None:
                    break
                fires -= fired
                self.sequence = item
                self._instant = history.ends_at(item)
            if left <= 0 or fires <= 0 or self.fold.is_full or self._meets(bounds.date_limit):
                break
        else:
            self.has_more = False
        return self._cut(cluster, released, facts) if left < max_facts else None

    def _meets(self, limit: DateLimit | None) -> bool:
        """A fact to be refused has come to the head of an input. Ticks must not pass before it is out of the way: those
        behind it would come late."""
        return limit is not None and any(
            pending.instants[pending.at] >= limit.at for pending in self.inputs[:-1] if pending
        )

    def _refuse(self, limit: DateLimit, most: int) -> int:
        """Refuse the heads dated beyond it; tells how many. They make a cut of their own. A replay takes the facts of a
        cut by their instants, and where nothing else is in it, it doesn't matter that these come last."""
        refused = 0
        for pending in self.inputs[:-1]:
            stop, end = pending.at, min(len(pending.records), pending.at + most - refused)
            while stop < end and pending.instants[stop] >= limit.at:
                stop += 1
            if stop > pending.at:
                taken = self.fold.refuse(Run(pending, pending.at, stop), limit.reason)
                pending.at += taken
                pending.count += taken
                refused += taken
        return refused

    def _take(self, run: Run, most: int) -> int:
        run = run._replace(stop=min(run.stop, run.start + most))
        taken = self.fold.facts(run)
        run.pending.at += taken
        run.pending.count += taken
        self._instant = Instant(run.pending.instants[run.pending.at - 1])
        return taken

    def _cut(self, cluster: str, released: Sequence[str], facts: int) -> Step:
        assert all(pending.folded_to >= 0 for pending in self.inputs), (
            "an input is folded past only once it has been read"
        )
        output = self.fold.take()
        refused = tuple(Refusal(letter.topic, letter.offset) for letter in output.letters if not letter.parked)
        self.cut = Cut(
            number=self.cut.number + 1,
            cluster=cluster,
            inputs=(
                *(InputCut(pending.topic, pending.folded_to, pending.count) for pending in self.inputs),
                *self._former,
            ),
            tick_sequence=self.sequence,
            tick_offset=self._feed.offset_after(self.sequence),
            burst=self.fold.burst,
            refused=refused,
            released=tuple(released),
            open=sum(book.open for book in self.fold.books),
            entries=self.entries,
        )
        schemas, self._unwritten = self._unwritten, None
        return Step(self, self.cut, output, self._instant, facts, schemas)


def check_fits(cut: Cut, app: App, ticks: TickHistory, cluster: str, where: str) -> None:
    """Whether a task can go on from a cut here: on the log it was written on, with no tick gone that it needs. `ticks`:
    all there are; `where`: the state the cut is of. Raises ProcessorError."""
    if cut.number and cut.cluster != cluster:
        raise ProcessorError(
            f"{where} was written on cluster {cut.cluster}, this is {cluster}: its offsets mean nothing here; point "
            "the app at its own cluster"
        )
    for schedule in sorted(app.counted):
        floor = ticks.floor(schedule)
        if cut.number and cut.tick_sequence < floor.sequence:
            raise ProcessorError(
                f"{where} has folded the ticks up to {cut.tick_sequence}, but {schedule} is kept from tick "
                f"{floor.sequence + 1} on: what it missed is gone; raise the schedule's keep_days above the longest "
                "time a worker may be down, and start the app anew under another name"
            )
    if cut.tick_sequence > ticks.last:
        raise ProcessorError(
            f"{where} has folded tick {cut.tick_sequence}, but {app.ticks_topic} ends at {ticks.last}: ticks were "
            "lost, or this is another topic"
        )
