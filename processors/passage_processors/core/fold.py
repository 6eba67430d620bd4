"""One task's memory, and the step that moves it: facts and ticks in, effects out.

Pure: the same facts and ticks in the same order leave the same memory and the same effects, on any machine. Memory is
never ahead of what the effects say; the runtime writes them in one transaction or drops the whole fold.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, cast

from passage_log.port import Record
from passage_processors.core.cases import OPEN, CaseBook, CaseState, decode_case
from passage_processors.core.plain import Reaction, fold_plain
from passage_processors.core.policy import Case, Policy
from passage_processors.core.rules import Handler, Rules, Terms, TermsError
from passage_processors.core.ticks import SeenTick, TickHistory
from passage_processors.core.timeline import UNDATED, Run
from passage_processors.errors import Stopped
from passage_schemas.codec import unknown
from passage_schemas.errors import SchemaError
from passage_schemas.fingerprint import PREFIX_BYTES
from passage_schemas.instant import Instant, datetime_of

MOST_BYTES = 900_000
"""Of a fact or an event with its key: what surely fits a record of the output and the changelog, beside its headers. A
constant and no setting of a topic, so that a replay decides alike."""
MOST_LETTERS = 1_000
"""In one step, whose cut names each refused fact and must itself fit a record."""


class Refusal(ValueError):
    """This fact can't be folded, for a reason of its own."""


class Derived(NamedTuple):
    """An event that follows: to be written to the output, in the input's partition, at the instant of its cause."""

    key: bytes
    value: bytes
    instant: Instant
    headers: list[tuple[str, bytes]]


class Letter(NamedTuple):
    """Something that could not be handled, with the reason. `topic` and `offset` are the refused fact's; a
    wake-up's (`parked`) are the schedule and ordinal of the tick it was due at."""

    topic: str
    offset: int
    key: bytes | None
    value: bytes | None
    instant: Instant
    reason: str
    parked: bool
    headers: list[tuple[str, bytes]]
    """The refused fact's own."""


@dataclass(slots=True)
class Effects:
    """What a step wants written. `changes` holds, by policy in the app's order, the last value of each aggregate whose
    case changed, None for one forgotten."""

    events: list[Derived] = field(default_factory=list)
    changes: list[dict[bytes, bytes | None]] = field(default_factory=list)
    letters: list[Letter] = field(default_factory=list)


class Fold:
    """The cases of one partition of an app."""

    def __init__(self, rules: Rules, ticks: TickHistory) -> None:
        self._rules = rules
        self._effects = self._no_effects()
        self.folded: dict[str, int] = {}
        """The last ordinal folded of each schedule."""
        self.burst: bytes | None = None
        """Inside a burst that was cut: the last due key fired of the tick being folded."""
        self._refusals: dict[str, tuple[int, int]] = {}
        self.unmatched = 0
        """Facts that should have ended a case where there was none, nor a marker: a sign of unequal partitioners."""
        self.books = [CaseBook(ticks, changes.__setitem__) for changes in self._effects.changes]

    def _no_effects(self) -> Effects:
        return Effects(changes=[{} for _policy in self._rules.policies])

    @property
    def is_full(self) -> bool:
        """Its effects should be written before more is folded."""
        return len(self._effects.letters) >= MOST_LETTERS

    def take(self) -> Effects:
        """All effects since the last call."""
        effects, self._effects = self._effects, self._no_effects()
        for book, changes in zip(self.books, self._effects.changes, strict=True):
            book.changed = changes.__setitem__
        return effects

    # --- facts ---------------------------------------------------------------------------------------------------

    def facts(self, run: Run, refused: frozenset[int] | None = None) -> int:
        """Fold a run of facts; tells how many, fewer than all when it has come to MOST_LETTERS.

        One that can't be handled becomes a letter and has no other effect; in a replay, exactly those at the offsets
        `refused` do. Raises Stopped when the app says so, or so many in a row as it says.
        """
        records = run.pending.records[run.start : run.stop]
        instants = cast(list[Instant], run.pending.instants[run.start : run.stop])
        reactions: dict[bytes, Reaction] = {}
        at = 0
        while at < len(records):
            if not refused and (at := fold_plain(records, instants, at, reactions)) == len(records):
                break
            try:
                self._fact(records[at], instants[at], reactions, refused)
            except Exception as error:  # noqa: BLE001 - a policy's own code may raise anything; the stream goes on
                self._refuse(records[at], instants[at], error)
                if refused is None:
                    self._count_refusal(run, at)
                    if self.is_full:
                        return at + 1
            at += 1
        return len(records)

    def _fact(
        self, record: Record, instant: Instant, reactions: dict[bytes, Reaction], refused: frozenset[int] | None
    ) -> None:
        """Fold one fact. Raises Refusal, or what a policy's own code raises; then it has had no effect."""
        if refused is not None and record.offset() in refused:
            raise Refusal("refused when it was first folded")
        value = record.value()
        if value is None:
            return  # a tombstone says nothing happened
        handler = self._rules.handlers.get(value[:PREFIX_BYTES])
        if handler is None:
            raise unknown(value[:PREFIX_BYTES], self._rules.known)
        key = _checked_key(record, value, instant)
        terms = handler.terms
        if terms is None:
            terms = handler.terms_of(handler.codec.decode(value))
        self._react(handler, terms, key, value, instant)
        if handler.terms is not None:
            reactions[value[:PREFIX_BYTES]] = self._reaction(handler, handler.terms)

    def _reaction(self, handler: Handler, terms: Terms) -> Reaction:
        """What a type of fact does that no policy looks into, prepared once for all of a run."""
        if len(handler.starts) == 1 and not handler.ends:
            (start,), ((count, schedule),) = handler.starts, terms
            return self.books[start.index].opener(count, schedule, self.folded.get(schedule, 0))
        return lambda key, at, value: self._react(handler, terms, key, value, at)

    def _react(self, handler: Handler, terms: Terms, key: bytes, value: bytes, at: Instant) -> None:
        """What a fact does to the cases of its aggregate."""
        if terms:
            self._deliver(handler, terms, key, value, at)
            return
        for index, marker_ticks in handler.ends:
            if not self.books[index].closer(self.folded, marker_ticks)(key):
                self.unmatched += 1

    def _deliver(self, handler: Handler, terms: Terms, key: bytes, value: bytes, at: Instant) -> None:
        """What a fact, or an event of this app, does to the cases of its aggregate: first it ends, then it starts."""
        for index, marker_ticks in handler.ends:
            self.books[index].end(key, self.folded, marker_ticks)
        for start, (count, schedule) in zip(handler.starts, terms, strict=True):
            kept = value if start.keeps_fact else b""
            self.books[start.index].start(key, at, count, schedule, self.folded.get(schedule, 0), kept)

    def _refuse(self, record: Record, instant: Instant, error: Exception) -> None:
        where = f"{record.topic()}[{record.partition()}]@{record.offset()}"
        reason = f"{where}: {_said(error)}"
        if self._rules.on_error == "stop":
            raise Stopped(f"{reason} (the app says on_error='stop')") from error
        self._effects.letters.append(
            Letter(
                record.topic(), record.offset(), record.key(), record.value(), instant, reason, False,
                record.headers() or [],
            )
        )  # fmt: skip

    def _count_refusal(self, run: Run, at: int) -> None:
        """Whether the fact before this one, on the same input, was refused too, and how many before that."""
        place = run.pending.count + at
        before, row = self._refusals.get(run.pending.topic, (-1, 0))
        row = row + 1 if before == place - 1 else 1
        self._refusals[run.pending.topic] = place, row
        if row >= self._rules.stop_after_refusals:
            raise Stopped(
                f"{row} facts in a row were refused, the last: {self._effects.letters[-1].reason}; nothing of the step "
                "was committed: mend the app or the topic, or raise stop_after_refusals"
            )

    # --- ticks ---------------------------------------------------------------------------------------------------

    def tick(self, tick: SeenTick, budget: int, stop_after: bytes | None = None) -> int | None:
        """Fold a tick: fire what is due, policies in the app's order, aggregates by key. Returns how many fired.

        None when the burst was cut, after `budget` or (in a replay) after the due key `stop_after`; the same call
        again goes on where it stopped, and the order does not depend on where it was cut.
        """
        schedule, ordinal = tick.schedule, tick.ordinal
        resumed, done = _split_due_key(self.burst, self._rules)
        self.burst = None
        for book in self.books:
            book.settle(schedule, ordinal, tick.ends_at)
        self.folded[schedule] = ordinal
        fired, last = 0, b""
        for index, book in enumerate(self.books):
            if index < resumed:  # fired before the cut, all of it, unless the app's order has changed since
                due = book.pop_due(schedule, ordinal)
            else:
                due = self._due_of(book, tick, done if index == resumed else None)
            for place, key in enumerate(due):
                if fired == budget:
                    book.put_back(schedule, ordinal, due[place:])
                    self._cut_burst(tick, last)
                    return None
                self._fire(index, key, tick)
                fired += 1
                last = due_key(self._rules.policies[index], key)
                if last == stop_after:
                    book.put_back(schedule, ordinal, due[place + 1 :])
                    self._cut_burst(tick, last)
                    return None
        return fired

    def _due_of(self, book: CaseBook, tick: SeenTick, done: bytes | None) -> list[bytes]:
        passed = {key for key in book.passed if done is None or key > done}
        book.passed -= passed
        return sorted({*book.pop_due(tick.schedule, tick.ordinal), *passed})

    def _cut_burst(self, tick: SeenTick, last: bytes) -> None:
        """Until it is folded whole the tick does not count as folded, so that a restored task folds it again."""
        self.burst = last
        self.folded[tick.schedule] = tick.ordinal - 1

    def _fire(self, index: int, key: bytes, tick: SeenTick) -> None:
        policy, book = self._rules.policies[index], self.books[index]
        stored = book.get(key)
        if stored is None or stored[0] != OPEN:
            return  # ended by another policy's event, earlier on this very tick
        state = decode_case(stored)
        try:
            event = policy.emit(self._case(key, state, tick))
            codec = self._rules.emits[policy.emits]
            value = codec.encode(event)
            _check_size(len(key) + len(value), "the event")
            handler = self._rules.handlers.get(codec.prefix)
            terms = handler.terms_of(event) if handler else ()
        except Exception as error:  # noqa: BLE001 - a policy's own code may raise anything; it is parked, not us
            self._fail(policy, book, key, state, tick, error)
            return
        book.mark_ended(key, state, self.folded, policy.marker_ticks)
        self._effects.events.append(
            Derived(key, value, tick.ends_at, self._headers(policy, key, state, tick, codec.name))
        )
        if handler:
            self._deliver(handler, terms, key, value, tick.ends_at)

    def _case(self, key: bytes, state: CaseState, tick: SeenTick) -> Case:
        fact = None
        if state.fact:
            fact = self._rules.handlers[state.fact[:PREFIX_BYTES]].codec.decode(state.fact)
        return Case(key.decode(), state.started, tick.ends_at, fact)

    def _fail(
        self, policy: Policy, book: CaseBook, key: bytes, state: CaseState, tick: SeenTick, error: Exception
    ) -> None:
        reason = f"policy {policy.name!r} failed for {key!r} at {tick.schedule}#{tick.ordinal}: {_said(error)}"
        if self._rules.on_error == "stop":
            raise Stopped(f"{reason} (the app says on_error='stop')") from error
        if self._rules.on_error == "park":
            book.park(key, state)
        else:
            book.mark_ended(key, state, self.folded, policy.marker_ticks)
        self._effects.letters.append(
            Letter(tick.schedule, tick.ordinal, key, state.fact or None, tick.ends_at, reason, True, [])
        )

    def _headers(
        self, policy: Policy, key: bytes, state: CaseState, tick: SeenTick, event: str
    ) -> list[tuple[str, bytes]]:
        """CloudEvents, binary mode. The id is made of what it names, so a consumer can tell a second copy."""
        app = self._rules.app
        identity = f"{app}/{policy.name}/{key.decode()}/{_iso(state.started)}/{event}/1"
        return [
            ("ce_specversion", b"1.0"),
            ("ce_id", identity.encode()),
            ("ce_type", event.encode()),
            ("ce_source", f"passage/{app}".encode()),
            ("ce_time", _iso(tick.ends_at).encode()),
            ("content-type", b"application/avro"),
            ("passage_tick", f"{tick.schedule}#{tick.ordinal}".encode()),
        ]

    # --- restore -------------------------------------------------------------------------------------------------

    def load(self, cases: Sequence[dict[bytes, bytes]], folded: dict[str, int], burst: bytes | None) -> None:
        """Take over what the changelog held: one dictionary of cases per policy, in the app's order."""
        self.folded, self.burst = folded, burst
        for book, entries in zip(self.books, cases, strict=True):
            book.load(entries, folded)


def _checked_key(record: Record, value: bytes, instant: Instant) -> bytes:
    """The aggregate. Raises Refusal for a fact that can't be counted, whatever it says."""
    key = record.key()
    if key is None:
        raise Refusal("the fact has no key, so there is no aggregate to count for; key it by its aggregate")
    if instant == UNDATED:
        raise Refusal(f"its timestamp, {record.timestamp()[1]}, names no instant; write milliseconds since 1970")
    _check_size(len(key) + len(value), "the fact, with its key,")
    return key


def _check_size(size: int, what: str) -> None:
    if size > MOST_BYTES:
        raise Refusal(f"{what} is {size} bytes; more than {MOST_BYTES} can't be kept in a topic's record of 1,000,000")


def due_key(policy: Policy, key: bytes) -> bytes:
    return policy.name.encode() + b"/" + key


def _split_due_key(burst: bytes | None, rules: Rules) -> tuple[int, bytes | None]:
    """The policy (its place in the app) and aggregate of a due key; (0, None) outside a burst."""
    if burst is None:
        return 0, None
    name, _, key = burst.partition(b"/")
    names = [policy.name.encode() for policy in rules.policies]
    return (names.index(name), key) if name in names else (0, None)  # a policy that is no more: nothing of it is left


def _said(error: Exception) -> str:
    """An error in one line: ours already say what, where and how to mend it."""
    said = " ".join(str(error).split()) or "no message"
    return said if isinstance(error, SchemaError | Refusal | TermsError) else f"{type(error).__name__}: {said}"


def _iso(instant: Instant) -> str:
    return datetime_of(instant).isoformat().replace("+00:00", "Z")
