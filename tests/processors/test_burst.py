"""A burst comes to the same, to the byte, whichever parts fire it, wherever it is cut, and whatever is done between."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passage_log.memory.store import MemoryRecord
from passage_processors.app import App
from passage_processors.core.order.ticks import TickHistory
from passage_processors.core.order.timeline import Pending, Run
from passage_processors.core.program.events import MOST_BYTES, Derived, iso, weigh
from passage_processors.core.state.cases import CaseBook
from passage_processors.core.step.fold import Fold
from passage_processors.core.step.parts import PURE, Parts
from passage_processors.core.step.task_state import StepOutput
from passage_processors.model.policy import Case
from passage_processors.model.process import Effects as Said
from passage_processors.model.process import Moment, Process, Remember, starts_on
from passage_processors.model.ticks import SeenTick
from passage_processors.runtime.native import chosen
from passage_schemas.events import event_codec
from passage_schemas.formats import Json
from passage_schemas.instant import Instant
from passage_schemas.log_record import Record
from tests.processors.twins import NATIVE
from tests.processors.world import (
    DAY,
    AccountWasSuspended,
    InvoiceBecameOverdue,
    InvoicePaid,
    InvoiceSent,
    invoices,
    overdue,
    suspended,
)

DAY_LONG = 86_400_000_000
WHOLE = 1 << 40
PARTS = [PURE] if NATIVE is None else [PURE, chosen()]


class Keeping(Process[InvoiceSent]):
    """Hears one policy's events."""

    name = "keeping"
    state = InvoiceSent
    schedules = (DAY,)

    @starts_on(AccountWasSuspended)
    def suspended(self, now: Moment[InvoiceSent], fact: AccountWasSuspended) -> Said:
        if fact.invoice.endswith("5"):
            raise LookupError("five")
        return [Remember(InvoiceSent(fact.invoice))]


def emit(case: Case) -> InvoiceBecameOverdue:
    if case.key.endswith("3"):
        raise RuntimeError("three")
    return InvoiceBecameOverdue(case.key * (case.fact.terms == 2) * 200 + case.key, case.started_at)


def large(case: Case) -> AccountWasSuspended:
    return AccountWasSuspended("x" * MOST_BYTES if case.key.endswith("8") else case.key)


def app(**changes: object) -> App:
    """One policy that another hears, one that a process hears, and one that nobody does."""
    return invoices(
        overdue(after=lambda fact: fact.terms % 3 + 1, event=emit, marker_ticks=2),
        suspended(after=1, marker_ticks=0, unless=()),
        overdue(name="large", after=2, keep_fact=False, emits=AccountWasSuspended, event=large, unless=()),
        overdue(name="unheard", after=2, keep_fact=False, event=lambda case: InvoicePaid(case.key), emits=InvoicePaid,
                unless=()),
        processes=[Keeping()],
        **changes,
    )  # fmt: skip


class Story:
    """Facts of one day and the ticks behind them; each burst is cut after so many, and `between` is done then."""

    def __init__(self, app: App, parts: Parts, seed: int, budget: int, between: str = "") -> None:
        self.choose, self.app, self.parts = random.Random(seed), app, parts
        self.history = TickHistory()
        self.fold = Fold(app.program, self.history, parts=parts)
        self.stored: list[dict[bytes, bytes]] = [{} for _ in app.units]
        self.events: list[Derived] = []
        self.letters: list[str] = []
        self.changes: list[list[tuple[bytes, bytes | None]]] = [[] for _ in app.units]
        self.cuts: list[bytes] = []
        for number in range(30):
            self.fact(self.key(number), InvoiceSent("a", number % 4), self.choose.randint(1, DAY_LONG))
        for number in range(1, 5):
            tick = SeenTick(DAY, number, number, Instant(DAY_LONG * number))
            self.history.add(tick)
            while self.fold.tick(tick, budget) is None:
                self.take()
                if between == "facts" and self.choose.random() < 0.3:
                    self.fact(self.key(self.choose.randint(0, 40)), InvoiceSent("a", 1), tick.ends_at - 5_000)
                    self.fact(self.key(self.choose.randint(0, 40)), InvoicePaid("a"), tick.ends_at - 5_000)
                elif between == "restored":
                    self.restore()
            self.take()

    def key(self, number: int) -> bytes:
        return b"\xff%d" % number if number % 11 == 0 else b"inv-%d" % number

    def fact(self, key: bytes, fact: object, at: int) -> None:
        value = event_codec(type(fact)).encode(fact)
        records: list[Record] = [MemoryRecord(("billing", 0, 0, key, value, 1, at // 1000 + 1, (), 0))]
        pending = Pending("billing", 0, 0)
        pending.extend(records)
        self.fold.facts(Run(pending, 0, 1))
        self.take()

    def restore(self) -> None:
        folded, self.fold = self.fold, Fold(self.app.program, self.history, parts=self.parts)
        self.fold.load([dict(states) for states in self.stored], dict(folded.folded), folded.burst)
        assert memory_of(self.fold) == memory_of(folded)

    def take(self) -> None:
        written: StepOutput = self.fold.take()
        self.events += written.events
        self.letters += [letter.reason for letter in written.letters]
        if self.fold.burst is not None:
            self.cuts.append(self.fold.burst)
        for told, states, changes in zip(self.changes, self.stored, written.changes, strict=True):
            told += changes.items()
            for key, value in changes.items():
                if value is None:
                    states.pop(key, None)
                else:
                    states[key] = value

    @property
    def outcome(self) -> tuple[object, ...]:
        return self.events, self.letters, self.stored, memory_of(self.fold)


def memory_of(fold: Fold) -> list[object]:
    return [(dict(book.items()), book.open, book.passed) for book in fold.books]


@pytest.mark.parametrize("parts", PARTS, ids=lambda parts: parts.name)
@pytest.mark.parametrize("budget", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize("between", ["", "restored"])
def test_wherever_it_is_cut_the_same_comes_of_it(parts: Parts, budget: int, between: str) -> None:
    assert Story(app(), parts, 1, budget, between).outcome == Story(app(), PURE, 1, WHOLE).outcome


@pytest.mark.skipif(NATIVE is None, reason="the native parts were not built: make native")
@pytest.mark.parametrize("on_error", ["park", "skip"])
@pytest.mark.parametrize("output", ["avro", "json"])
def test_both_fire_the_same_burst_and_tell_of_it_in_the_same_order(output: str, on_error: str) -> None:
    formats = {"formats": {"billing.derived": Json(type_header="kind")}} if output == "json" else {}
    for seed in range(10):
        stories = [
            Story(app(on_error=on_error, **formats), parts, seed, budget=seed % 5 + 1, between="facts")
            for parts in PARTS
        ]
        assert stories[0].outcome == stories[1].outcome
        assert stories[0].changes == stories[1].changes
        assert stories[0].cuts == stories[1].cuts
        assert stories[0].events
        assert stories[0].letters


@pytest.mark.parametrize("parts", PARTS, ids=lambda parts: parts.name)
def test_facts_between_two_parts_of_a_burst_are_heeded_as_in_a_restored_task(parts: Parts) -> None:
    """They don't come there, since a burst goes on before anything else does; but nothing would break if they did."""
    for seed in range(10):
        cut = Story(app(), parts, seed, 2, "facts")
        assert len(cut.events) == len({dict(event.headers)["ce_id"] for event in cut.events})


@pytest.mark.parametrize("parts", PARTS, ids=lambda parts: parts.name)
def test_an_event_weighs_what_its_key_value_and_headers_do(parts: Parts) -> None:
    for changes in ({}, {"formats": {"billing.derived": Json(type_header="kind")}}):
        events = Story(app(**changes), parts, 1, WHOLE).events
        assert events
        for event in events:
            assert type(event) is Derived
            assert event.size == weigh(event.key, event.value, event.headers)


@pytest.mark.parametrize("parts", PARTS, ids=lambda parts: parts.name)
def test_a_policy_sees_its_case(parts: Parts) -> None:
    seen: list[Case] = []

    def look(case: Case) -> InvoiceBecameOverdue:
        seen.append(case)
        return InvoiceBecameOverdue(case.key, case.due_at)

    told = Story(invoices(overdue(after=1, event=look)), parts, 1, WHOLE)
    assert len(seen) == len(told.events) == 27
    assert all(type(case) is Case for case in seen)
    ((_, fact, started, due, number, starts),) = [
        (case.key, case.fact, case.started, case.due, case.number, case.starts) for case in seen if case.key == "inv-7"
    ]
    assert (fact, due, number, starts) == (InvoiceSent("a", 3), DAY_LONG, 1, 1)
    assert seen[0].started_at == datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=seen[0].started)
    assert 0 < started < due
    with pytest.raises(AttributeError):
        seen[0].key = "another"  # type: ignore[misc]  # that it can't be is what is tested


INSTANTS = st.integers(-62_135_596_800_000_000, 253_402_300_799_999_999) | st.integers(0, 253_402_300_799).map(
    lambda second: second * 1_000_000
)


@given(INSTANTS)
def test_an_instant_is_said_as_a_datetime_says_it(instant: int) -> None:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=instant)
    wanted = moment.isoformat().replace("+00:00", "Z")
    assert iso(Instant(instant)) == wanted
    if NATIVE is not None:
        assert NATIVE.iso_of(instant) == wanted


@pytest.mark.skipif(NATIVE is None, reason="the native parts were not built: make native")
@pytest.mark.parametrize("wrong", [None, "text", 5, bytearray(b"k")], ids=repr)
def test_what_is_no_key_fires_nothing(wrong: object) -> None:
    fold = Fold(app().program, TickHistory(), parts=chosen())
    book = next(iter(fold._cases.values()))
    burst = fold._firing._burst(3, fold._program.units[3], SeenTick(DAY, 1, 1, Instant(1)), None)  # type: ignore[arg-type]
    events: list[Derived] = []
    fire = NATIVE.fire_burst
    with pytest.raises(TypeError):
        fire(book, [wrong], 0, 1, burst, book.closer({}, 1), events)
    pure = CaseBook(TickHistory(), dict[bytes, bytes | None]().__setitem__)
    for no_book, no_list in ((pure, [b"k"]), (book, (b"k",))):
        with pytest.raises(TypeError):
            fire(no_book, no_list, 0, 1, burst, book.closer({}, 1), events)
    fire(book, [b"k"], 0, 99, burst, book.closer({}, 1), events)
    assert events == []
