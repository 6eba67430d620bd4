"""One task's memory, and the step that moves it: facts and ticks in, effects out.

Pure: the same facts and ticks in the same order leave the same memory and the same effects, on any machine. Memory is
never ahead of what the effects say; the runtime writes them in one transaction or drops the whole fold.

Each policy, process and report has a book of its own. What only policies hear is folded here; where a process hears
something, `chain` works out what follows, and it is applied here when all of it has answered.
"""

from collections.abc import Sequence
from typing import cast

from passage_log.partitioner import partition_of
from passage_log.port import Record
from passage_processors.core.books import Book, check_kind, is_case_book
from passage_processors.core.case import OPEN, CaseState, decode_case
from passage_processors.core.chain import Chain
from passage_processors.core.effects import MOST_BYTES, Derived, Effects, Letter, Origin, Refusal, check_size, iso
from passage_processors.core.instance import Instance
from passage_processors.core.instances import InstanceBook
from passage_processors.core.letters import MOST_LETTERS, Letters
from passage_processors.core.parts import PURE, Parts
from passage_processors.core.plain import Reaction
from passage_processors.core.policy import Case, Policy
from passage_processors.core.repeating import DUE
from passage_processors.core.reports import ReportBook, ReportUnit
from passage_processors.core.rules import Handler, Rules, Terms
from passage_processors.core.ticks import SeenTick, TickHistory
from passage_processors.core.timeline import UNDATED, Run
from passage_processors.core.units import ProcessUnit
from passage_processors.errors import Impure
from passage_schemas.errors import Interrupted
from passage_schemas.fingerprint import PREFIX_BYTES
from passage_schemas.instant import Instant
from passage_schemas.records import WAKE_UP_RESUMED

__all__ = ["MOST_AT_ONCE", "MOST_BYTES", "MOST_LETTERS", "Derived", "Effects", "Fold", "Letter", "Refusal"]

MOST_AT_ONCE = 20_000
"""Events of one step, give or take those of one cause: a process may emit a thousand for each of 80,000 facts."""


class Fold:
    """The state of one partition of an app: partition `number` of `partitions`."""

    def __init__(
        self, rules: Rules, ticks: TickHistory, number: int = 0, partitions: int = 1, parts: Parts = PURE
    ) -> None:
        self._rules = rules
        self._parts = parts
        self._ticks = ticks
        self._number, self._partitions = number, partitions
        self._requests = f"{rules.app}.requests"
        self._effects = self._no_effects()
        self._letters = Letters(rules)
        self.folded: dict[str, int] = {}
        """The last ordinal folded of each schedule."""
        self.burst: bytes | None = None
        """Inside a burst that was cut: the last due key fired of the tick being folded."""
        self._unmatched = 0
        self.books: list[Book] = [self._book(index) for index in range(len(rules.units))]
        self._cases = {index: book for index, book in enumerate(self.books) if is_case_book(book)}
        self._instances = {index: book for index, book in enumerate(self.books) if isinstance(book, InstanceBook)}

    def _book(self, index: int) -> Book:
        unit, changed = self._rules.units[index], self._effects.changes[index].__setitem__
        if isinstance(unit, ProcessUnit):
            return InstanceBook(self._ticks, self.folded, changed, unit.check_version)
        if isinstance(unit, ReportUnit):
            is_here = partition_of(unit.name.encode(), self._partitions) == self._number
            return ReportBook(unit, is_here, changed)
        return self._parts.book(self._ticks, changed)

    def _no_effects(self) -> Effects:
        return Effects(changes=[{} for _unit in self._rules.units])

    @property
    def unmatched(self) -> int:
        """Facts that should have met a running aggregate where there was none, nor a marker: a sign of unequal
        partitioners."""
        return self._unmatched + sum(book.unmatched for book in self._cases.values())

    @property
    def is_full(self) -> bool:
        """Its effects should be written before more is folded."""
        return self._letters.is_full or len(self._effects.events) >= MOST_AT_ONCE

    def take(self) -> Effects:
        """All effects since the last call."""
        for instances in self._instances.values():
            instances.take()
        effects, self._effects = self._effects, self._no_effects()
        effects.letters = self._letters.take()
        for book, changes in zip(self.books, self._effects.changes, strict=True):
            book.changed = changes.__setitem__
        return effects

    # --- facts ---------------------------------------------------------------------------------------------------

    def facts(self, run: Run, refused: frozenset[int] | None = None) -> int:
        """Fold a run of facts; tells how many, fewer than all when so much came of them that it `is_full`.

        One that can't be handled becomes a letter and has no other effect; in a replay, exactly those at the offsets
        `refused` do. Raises Stopped when the app says so, or so many in a row as it says.
        """
        records = run.pending.records[run.start : run.stop]
        instants = cast(list[Instant], run.pending.instants[run.start : run.stop])
        events, reactions, fold_plain = self._effects.events, dict[bytes, Reaction](), self._parts.fold_plain
        is_fact = run.pending.topic != self._requests
        fold_one = self._fact if is_fact else self._request
        at = 0
        while at < len(records):
            if reactions and not refused and (at := fold_plain(records, instants, at, reactions)) == len(records):
                break
            try:
                if refused is not None and records[at].offset() in refused:
                    raise Refusal("refused when it was first folded")
                fold_one(records[at], instants[at], reactions)
            except (Impure, Interrupted):
                raise
            except Exception as error:  # noqa: BLE001 - a user's own code may raise anything; the stream goes on
                self._letters.refused(records[at], instants[at], error, is_fact)
                if refused is None:
                    if is_fact:
                        self._letters.count(run, at)
                    if self.is_full:
                        return at + 1
            at += 1
            if len(events) >= MOST_AT_ONCE and refused is None:
                break
        return at

    def _fact(self, record: Record, instant: Instant, reactions: dict[bytes, Reaction]) -> None:
        """Fold one fact. Raises Refusal, or what a user's own code raises; then it has had no effect."""
        value = record.value()
        if value is None:
            return  # a tombstone says nothing happened
        source = self._rules.inputs[record.topic()]
        headers = source.headers(record)
        token = source.token(value, headers)
        handler, decode, kept_anew = source.known(token)
        key = _checked_key(record, value, instant)
        terms = handler.terms
        fact = decode(value, headers) if handler.needs_fact else None
        if kept_anew:
            value = handler.codec.encode(fact)
            check_size(len(key) + len(value), "the fact, with its key,")
        if terms is None:
            terms = handler.terms_of(fact)
        if handler.hears:
            chain = self._chain(key, instant)
            chain.fact(handler, fact)
            if not handler.begins:
                self._unmatched += chain.unmatched
            if handler.ends or handler.starts:
                self._react(handler, terms, key, value, instant)
            self._apply(chain)
            return
        self._react(handler, terms, key, value, instant)
        if handler.terms is not None and source.width:
            reactions[token] = self._reaction(handler, handler.terms)

    def _request(self, record: Record, instant: Instant, reactions: dict[bytes, Reaction]) -> None:  # noqa: ARG002
        """Do what an operator asks for. Raises Refusal, SchemaError; nothing happens where nothing is parked."""
        value = record.value()
        if value is None:
            return
        asked = WAKE_UP_RESUMED.decode(value)
        names = [unit.name for unit in self._rules.units]
        if asked.unit not in names:
            raise Refusal(f"the app has no policy, process or report {asked.unit!r}; it has {', '.join(names)}")
        book, key = self.books[names.index(asked.unit)], asked.aggregate.encode()
        if isinstance(book, InstanceBook):
            book.resume(key, asked.wake_up)
        else:
            book.resume(key)

    def _chain(self, key: bytes, at: Instant, tick: SeenTick | None = None) -> Chain:
        return Chain(self._rules, self._instances, self._partitions, key, at, tick)

    def _apply(self, chain: Chain) -> None:
        for handler, terms, value in chain.moves:
            self._deliver(handler, terms, chain.key, value, chain.at)
        for index, found in chain.works.items():
            self._instances[index].put(chain.key, found)
        self._effects.events += chain.events

    def _reaction(self, handler: Handler, terms: Terms) -> Reaction:
        """What a type of fact does that no policy looks into, prepared once for all of a run."""
        if len(handler.starts) == 1 and not handler.ends:
            (start,), ((count, schedule),) = handler.starts, terms
            return self._cases[start.index].opener(count, schedule, self.folded.get(schedule, 0))
        if len(handler.ends) == 1 and not handler.starts:
            ((index, marker_ticks),) = handler.ends
            return self._cases[index].closer(self.folded, marker_ticks)
        return lambda key, at, value: self._react(handler, terms, key, value, at)

    def _react(self, handler: Handler, terms: Terms, key: bytes, value: bytes, at: Instant) -> None:
        """What a fact does to the cases of its aggregate."""
        if handler.begins:
            self._deliver(handler, terms, key, value, at)
            return
        for index, marker_ticks in handler.ends:
            self._cases[index].closer(self.folded, marker_ticks)(key, at, b"")

    def _deliver(self, handler: Handler, terms: Terms, key: bytes, value: bytes, at: Instant) -> None:
        """What a fact, or an event of this app, does to the cases of its aggregate: first it ends, then it starts."""
        for index, marker_ticks in handler.ends:
            self._cases[index].end(key, self.folded, marker_ticks)
        for start, (count, schedule) in zip(handler.starts, terms, strict=True):
            kept = value if start.keeps_fact else b""
            self._cases[start.index].start(key, at, count, schedule, self.folded.get(schedule, 0), kept)

    # --- ticks ---------------------------------------------------------------------------------------------------

    def tick(self, tick: SeenTick, budget: int, stop_after: bytes | None = None) -> int | None:
        """Fold a tick: fire what is due, units in the app's order, aggregates by key. Returns how many fired, or how
        many events came of them where those are more.

        None when the burst was cut, after `budget` or (in a replay) after the due key `stop_after`; the same call
        again goes on where it stopped, and the order does not depend on where it was cut.
        """
        schedule, ordinal, events = tick.schedule, tick.ordinal, self._effects.events
        resumed, done = self._rules.place_of(self.burst)
        self.burst = None
        for book in self.books:
            book.settle(schedule, ordinal, tick.ends_at)
        self.folded[schedule] = ordinal
        spent, last = 0, b""
        for index, book in enumerate(self.books):
            if index < resumed:  # fired before the cut, all of it, unless the app's order has changed since
                due = [] if isinstance(book, ReportBook) else book.pop_due(schedule, ordinal)
            else:
                due = self._due_of(book, tick, done if index == resumed else None)
            for place, key in enumerate(due):
                if spent >= budget:
                    book.put_back(schedule, ordinal, due[place:])
                    self._cut_burst(tick, last)
                    return None
                before = len(events)
                self._fire(index, key, tick)
                spent += max(1, len(events) - before)
                last = self._rules.due_key(index, key)
                if last == stop_after:
                    book.put_back(schedule, ordinal, due[place + 1 :])
                    self._cut_burst(tick, last)
                    return None
        self._settled()
        return spent

    def _due_of(self, book: Book, tick: SeenTick, done: bytes | None) -> list[bytes]:
        passed = {key for key in book.passed if done is None or key > done}
        book.passed -= passed
        due = book.pop_due(tick.schedule, tick.ordinal)
        if done is not None and isinstance(book, ReportBook):
            due = [key for key in due if key > done]
        return sorted({*due, *passed}) if passed else due

    def _cut_burst(self, tick: SeenTick, last: bytes) -> None:
        """Until it is folded whole the tick does not count as folded, so that a restored task folds it again."""
        self.burst = last
        self._settled()
        self.folded[tick.schedule] = tick.ordinal - 1

    def _settled(self) -> None:
        for book in self._instances.values():
            book.settled()

    def _fire(self, index: int, key: bytes, tick: SeenTick) -> None:
        unit = self._rules.units[index]
        if isinstance(unit, ProcessUnit):
            self._wake(index, unit, key, tick)
        elif isinstance(unit, ReportUnit):
            self._report(index, unit, key, tick)
        else:
            self._emit(index, unit, key, tick)

    def _emit(self, index: int, policy: Policy, key: bytes, tick: SeenTick) -> None:
        book = self._cases[index]
        stored = book.get(key)
        if stored is None or stored[0] != OPEN:
            return  # ended by another policy's event, earlier on this very tick
        state = decode_case(stored)
        chain = None
        try:
            event = policy.emit(self._case(key, state, tick))
            codec = self._rules.emits[policy.emits]
            origin = Origin(self._rules.app, policy.name, key.decode(), iso(state.started), 1)
            value, derived = self._rules.derived(codec, event, key, origin, tick.ends_at, tick)
            handler = self._rules.heard.get(policy.emits)
            terms = handler.terms_of(event) if handler else ()
            if handler and handler.hears:
                chain = self._chain(key, tick.ends_at, tick)
                chain.fact(handler, event)
        except (Impure, Interrupted):
            raise
        except Exception as error:  # noqa: BLE001 - a policy's own code may raise anything; it is parked, not us
            self._letters.failed(index, key, DUE, state.fact or None, tick, error)
            if self._rules.on_error == "park":
                book.park(key, state)
            else:
                book.mark_ended(key, state, self.folded, policy.marker_ticks)
            return
        book.mark_ended(key, state, self.folded, policy.marker_ticks)
        self._effects.events.append(derived)
        if handler:
            self._deliver(handler, terms, key, value, tick.ends_at)
        if chain:
            self._apply(chain)

    def _case(self, key: bytes, state: CaseState, tick: SeenTick) -> Case:
        kept = state.fact
        fact = self._rules.handlers[kept[:PREFIX_BYTES]].codec.decode(kept) if kept else None
        return Case(key.decode(), state.started, tick.ends_at, fact)

    def _wake(self, index: int, unit: ProcessUnit, key: bytes, tick: SeenTick) -> None:
        """Fire an aggregate's wake-ups that are due, each with all that follows or parked."""
        book = self._instances[index]
        for name, wake in book.due_names(key):
            found = book.instance(key)
            if not isinstance(found, Instance) or found.wakes.get(name) is not wake:
                continue  # cancelled, replaced or ended by what fired before it on this very tick
            try:
                chain = self._chain(key, tick.ends_at, tick)
                chain.wake_up(index, unit, name)
            except (Impure, Interrupted):
                raise
            except Exception as error:  # noqa: BLE001 - a user's own code may raise anything; it is parked, not us
                self._letters.failed(index, key, name, found.state or None, tick, error)
                skipped = None if self._rules.on_error == "park" else self._skipped(index, unit, name, key, tick)
                if skipped is None:
                    changed = found.copy()
                    changed.wakes[name] = wake._replace(parked=True)
                    book.put(key, changed)
                    continue
                chain = skipped
            self._apply(chain)

    def _skipped(self, index: int, unit: ProcessUnit, name: str, key: bytes, tick: SeenTick) -> Chain | None:
        """What follows where a wake-up that failed is passed over. None where that fails too, as when the schedule of
        the next one is no longer declared: it is parked then, so that its aggregate is not lost."""
        chain = self._chain(key, tick.ends_at, tick)
        try:
            chain.skip(index, unit, name)
        except (LookupError, ValueError):
            return None
        return chain

    def _report(self, index: int, unit: ReportUnit, key: bytes, tick: SeenTick) -> None:
        book = self.books[index]
        assert isinstance(book, ReportBook)
        passed = book.passed_of(key, tick)
        name = unit.name.encode()
        chain = self._chain(name, tick.ends_at, tick)
        terms: Terms = ()
        try:
            event = unit.emit(passed)
            origin = Origin(self._rules.app, unit.name, None, passed.period or str(passed.ordinal), 1)
            value, derived = self._rules.derived(unit.codec, event, name, origin, tick.ends_at, tick)
            handler = self._rules.heard.get(unit.codec.cls)
            if handler:
                terms = handler.terms_of(event)
                chain.fact(handler, event)
        except (Impure, Interrupted):
            raise
        except Exception as error:  # noqa: BLE001 - a user's own code may raise anything; it is parked, not us
            self._letters.failed(index, key, DUE, None, tick, error)
            if self._rules.on_error == "park":
                book.park(key, passed)
            else:
                book.drop(key)
            return
        book.drop(key)
        self._effects.events.append(derived)
        if handler:
            self._deliver(handler, terms, name, value, tick.ends_at)
        self._apply(chain)

    # --- restore -------------------------------------------------------------------------------------------------

    def load(self, states: Sequence[dict[bytes, bytes]], folded: dict[str, int], burst: bytes | None) -> None:
        """Take over what the changelog held: one dictionary by aggregate for each unit, in the app's order. Raises
        ProcessorError for what another kind of unit wrote, or another version of a process."""
        self.folded.clear()
        self.folded.update(folded)
        self.burst = burst
        for unit, book, entries in zip(self._rules.units, self.books, states, strict=True):
            check_kind(self._rules.app, unit.name, book, entries.values())
            book.load(entries, self.folded)


def _checked_key(record: Record, value: bytes, instant: Instant) -> bytes:
    """The aggregate. Raises Refusal for a fact that can't be counted, whatever it says."""
    key = record.key()
    if key is None:
        raise Refusal("the fact has no key, so there is no aggregate to count for; key it by its aggregate")
    if instant == UNDATED:
        raise Refusal(f"its timestamp, {record.timestamp()[1]}, names no instant; write milliseconds since 1970")
    check_size(len(key) + len(value), "the fact, with its key,")
    return key
