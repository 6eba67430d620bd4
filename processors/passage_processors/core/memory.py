"""What a task remembers, and what its last step changed: a book for each unit, how far each schedule has been folded,
and the effects since they were last taken.

What facts and ticks both do to it is here: deliver an event to the policies, and work out a chain and apply it.
"""

from passage_log.partitioner import partition_of
from passage_processors.core.books import Book, is_case_book
from passage_processors.core.chain import Chain
from passage_processors.core.effects import Effects
from passage_processors.core.instances import InstanceBook
from passage_processors.core.letters import Letters
from passage_processors.core.markers import is_over_of
from passage_processors.core.parts import Parts
from passage_processors.core.reports import ReportBook, ReportUnit
from passage_processors.core.rules import Handler, Rules, Terms
from passage_processors.core.ticks import SeenTick, TickHistory
from passage_processors.core.units import ProcessUnit
from passage_schemas.instant import Instant


class Memory:
    """Of partition `number` of `partitions`."""

    def __init__(self, rules: Rules, ticks: TickHistory, number: int, partitions: int, parts: Parts) -> None:
        self.rules = rules
        self.parts = parts
        self.letters = Letters(rules)
        self.folded: dict[str, int] = {}
        """The last ordinal folded of each schedule."""
        self._ticks = ticks
        self._number, self._partitions = number, partitions
        self.effects = self._no_effects()
        self.books: list[Book] = [self._book(index) for index in range(len(rules.units))]
        self.cases = {index: book for index, book in enumerate(self.books) if is_case_book(book)}
        self.instances = {index: book for index, book in enumerate(self.books) if isinstance(book, InstanceBook)}

    def _book(self, index: int) -> Book:
        unit, changed = self.rules.units[index], self.effects.changes[index].__setitem__
        if isinstance(unit, ProcessUnit):
            is_over = is_over_of(self._ticks, unit.marker_ticks)
            return InstanceBook(self._ticks, self.folded, changed, unit.check_version, is_over)
        if isinstance(unit, ReportUnit):
            is_here = partition_of(unit.name.encode(), self._partitions) == self._number
            return ReportBook(unit, is_here, changed)
        return self.parts.book(self._ticks, changed, is_over_of(self._ticks, unit.marker_ticks))

    def _no_effects(self) -> Effects:
        return Effects(changes=[{} for _unit in self.rules.units])

    def take(self) -> Effects:
        """All effects since the last call."""
        for instances in self.instances.values():
            instances.take()
        effects, self.effects = self.effects, self._no_effects()
        effects.letters = self.letters.take()
        for book, changes in zip(self.books, self.effects.changes, strict=True):
            book.changed = changes.__setitem__
        return effects

    def chain(self, key: bytes, at: Instant, tick: SeenTick | None = None) -> Chain:
        return Chain(self.rules, self.instances, self._partitions, key, at, tick)

    def apply(self, chain: Chain) -> None:
        for handler, terms, value in chain.moves:
            self.deliver(handler, terms, chain.key, value, chain.at)
        for index, found in chain.works.items():
            self.instances[index].put(chain.key, found)
        self.effects.events += chain.events

    def deliver(self, handler: Handler, terms: Terms, key: bytes, value: bytes, at: Instant) -> None:
        """What a fact, or an event of this app, does to the cases of its aggregate: first it ends, then it starts."""
        for index, marker_ticks in handler.ends:
            self.cases[index].end(key, self.folded, marker_ticks)
        for start, (after, schedule) in zip(handler.starts, terms, strict=True):
            kept, folded = value if start.keeps_fact else b"", self.folded.get(schedule, 0)
            count = after if type(after) is int else self._ticks.count_of(after, schedule, at, folded)
            self.cases[start.index].start(key, at, count, schedule, folded, kept)
