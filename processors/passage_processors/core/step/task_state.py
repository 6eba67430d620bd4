"""What a task remembers, and what its last step changed: a book for each unit, how far each schedule has been folded,
and the output since it was last taken.

What facts and ticks both do to it is here: deliver an event to the policies, and work out a chain and apply it.
"""

from dataclasses import dataclass, field

from passage_processors.core.order.ticks import TickHistory
from passage_processors.core.program.events import Derived
from passage_processors.core.program.handlers import Countdown, Handler
from passage_processors.core.program.program import Program
from passage_processors.core.program.units import ProcessUnit, ReportUnit
from passage_processors.core.state.books import Book, is_case_book
from passage_processors.core.state.instances import InstanceBook
from passage_processors.core.state.markers import is_over_of
from passage_processors.core.state.reports import ReportBook
from passage_processors.core.step.chain import Chain
from passage_processors.core.step.letters import DeadLetter, Letters
from passage_processors.core.step.parts import Parts
from passage_processors.model.ticks import SeenTick
from passage_schemas.instant import Instant
from passage_schemas.partitioner import partition_of


@dataclass(slots=True)
class StepOutput:
    """What a step wants written. `changes` holds, by unit in the app's order, the last value of each aggregate whose
    state changed, None for one forgotten."""

    events: list[Derived] = field(default_factory=list)
    changes: list[dict[bytes, bytes | None]] = field(default_factory=list)
    letters: list[DeadLetter] = field(default_factory=list)


class TaskState:
    """Of partition `number` of `partitions`."""

    def __init__(self, program: Program, ticks: TickHistory, number: int, partitions: int, parts: Parts) -> None:
        self.program = program
        self.parts = parts
        self.letters = Letters(program)
        self.folded: dict[str, int] = {}
        """The last ordinal folded of each schedule."""
        self._ticks = ticks
        self._number, self._partitions = number, partitions
        self.output = self._no_output()
        self.books: list[Book] = [self._book(index) for index in range(len(program.units))]
        self.cases = {index: book for index, book in enumerate(self.books) if is_case_book(book)}
        self.instances = {index: book for index, book in enumerate(self.books) if isinstance(book, InstanceBook)}

    def _book(self, index: int) -> Book:
        unit, changed = self.program.units[index], self.output.changes[index].__setitem__
        if isinstance(unit, ProcessUnit):
            is_over = is_over_of(self._ticks, unit.marker_ticks)
            return InstanceBook(self._ticks, self.folded, changed, unit.check_version, is_over)
        if isinstance(unit, ReportUnit):
            is_here = partition_of(unit.name.encode(), self._partitions) == self._number
            return ReportBook(unit.of, unit.since, is_here, changed)
        return self.parts.book(self._ticks, changed, is_over_of(self._ticks, unit.marker_ticks))

    def _no_output(self) -> StepOutput:
        return StepOutput(changes=[{} for _unit in self.program.units])

    def take(self) -> StepOutput:
        """All output since the last call."""
        for instances in self.instances.values():
            instances.take()
        output, self.output = self.output, self._no_output()
        output.letters = self.letters.take()
        for book, changes in zip(self.books, self.output.changes, strict=True):
            book.changed = changes.__setitem__
        return output

    def chain(self, key: bytes, at: Instant, tick: SeenTick | None = None) -> Chain:
        return Chain(self.program, self.instances, self._partitions, key, at, tick)

    def apply(self, chain: Chain) -> None:
        for handler, countdown, value in chain.moves:
            self.deliver(handler, countdown, chain.key, value, chain.at)
        for index, work in chain.works.items():
            self.instances[index].put(chain.key, work)
        self.output.events += chain.events

    def deliver(self, handler: Handler, countdown: Countdown, key: bytes, value: bytes, at: Instant) -> None:
        """What a fact, or an event of this app, does to the cases of its aggregate: first it ends, then it starts."""
        for index, marker_ticks in handler.ends:
            self.cases[index].end(key, self.folded, marker_ticks)
        for start, (after, schedule) in zip(handler.starts, countdown, strict=True):
            kept, folded = value if start.keeps_fact else b"", self.folded.get(schedule, 0)
            count = after if type(after) is int else self._ticks.count_of(after, schedule, at, folded)
            self.cases[start.index].start(key, at, count, schedule, folded, kept)
