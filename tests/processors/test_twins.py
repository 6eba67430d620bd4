"""The native twins do what the pure parts do: any history leaves both with the same cases, wake-ups and counters."""

import random
from array import array
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passage_log.memory.store import MemoryRecord
from passage_processors.core.order.instants import first_from, instants_of, runs_of
from passage_processors.core.order.ticks import TickHistory
from passage_processors.core.state.case import OPEN, CaseState, decode_case, encode_case
from passage_processors.core.state.columns import Column
from passage_processors.core.step.parts import fold_plain
from passage_processors.model.ticks import SeenTick
from passage_schemas.instant import Instant
from passage_schemas.log_record import Record
from tests.processors.twins import NATIVE, both

pytestmark = pytest.mark.skipif(NATIVE is None, reason="the native parts were not built: make native")
SCHEDULES = ("s", "t", "a longer name, ünïcode")


class Pair:
    """One history, told to a pure book and to its twin; after each step they must be alike."""

    def __init__(self, seed: int) -> None:
        self.choose = random.Random(seed)
        self.history = TickHistory()
        self.folded: dict[str, int] = {}
        self.now = 0
        self.ends: dict[str, int] = {}
        self.keys = [self._key(number) for number in range(self.choose.choice((3, 12, 60)))]
        self.changes: list[dict[bytes, bytes | None]] = [{}, {}]
        self.holds = self.choose.choice((0, 7))
        """How long a marker stays beyond its tick."""
        self.books: list[Any] = self._new_books()

    def _new_books(self) -> list[Any]:
        return [
            kind(self.history, of.__setitem__, self._is_over) for kind, of in zip(both(), self.changes, strict=True)
        ]

    def _is_over(self, schedule: str, due: int, now: Instant) -> bool:
        return now - self.history.ended(schedule, due) >= self.holds

    def _key(self, number: int) -> bytes:
        shape = self.choose.randint(0, 9)
        if shape == 0:
            return b"\0" * (number + 1)
        if shape == 1:
            return b"%d" % number * self.choose.choice((100, 300, 5000))
        return self.choose.choice((b"", b"inv-", b"\xff\0")) + b"%d" % number

    def each(self, act: Callable[[Any], Any]) -> Any:
        mine, twins = (act(book) for book in self.books)
        assert mine == twins
        return mine

    def step(self) -> None:
        name = self.choose.choice(
            ("start",) * 8 + ("end",) * 4 + ("tick",) * 2 + ("resume", "reload", "dump", "unload", "mark", "take")
        )
        getattr(self, name)()

    def start(self) -> None:
        key, schedule = self.choose.choice(self.keys), self.choose.choice(SCHEDULES)
        count, at = self.choose.choice((1, 2, 2, 5, 1 << 30)), Instant(max(1, self.now + self.choose.randint(-9, 9)))
        fact = bytes(self.choose.choice((0, 0, 1, 40, 70_000)))
        folded = self.folded.get(schedule, 0)
        if self.choose.random() < 0.5:
            self.each(lambda book: book.opener(count, schedule, folded)(key, at, fact))
        else:
            self.each(lambda book: book.start(key, at, count, schedule, folded, fact))

    def end(self) -> None:
        key, ticks = self.choose.choice(self.keys), self.choose.choice((0, 1, 3))
        self.each(lambda book: book.end(key, self.folded, ticks))
        key = self.choose.choice(self.keys)
        self.each(lambda book: book.closer(self.folded, ticks)(key, Instant(1), b""))

    def mark(self) -> None:
        key, ticks = self.choose.choice(self.keys), self.choose.choice((0, 2))
        stored = self.each(lambda book: book.get(key))
        if stored is not None and stored[0] == OPEN and key not in self.books[0].passed:
            state = decode_case(stored)
            self.each(lambda book: book.mark_ended(key, state, self.folded, ticks))

    def tick(self) -> None:
        schedule = self.choose.choice(SCHEDULES)
        # Old ticks of a schedule may come late: it ends where it says, before facts that were folded already.
        at = self.ends[schedule] = max(self.ends.get(schedule, 0) + 1, self.now + self.choose.randint(-12, 4))
        self.now = max(self.now, at)
        ordinal = self.folded.get(schedule, 0) + 1
        self.history.add(SeenTick(schedule, ordinal, self.history.last + 1, Instant(at)))
        while True:
            self.each(lambda book: book.settle(schedule, ordinal, Instant(at)))
            self.folded[schedule] = ordinal
            due = self.each(lambda book: book.pop_due(schedule, ordinal))
            passed = self.each(lambda book: set(book.passed))
            for book in self.books:
                book.passed -= passed
            due = sorted({*due, *passed})
            stop = self.choose.randint(0, len(due)) if due and self.choose.random() < 0.3 else len(due)
            for key in due[:stop]:
                self.fire(key)
            self.each(lambda book, rest=due[stop:]: book.put_back(schedule, ordinal, rest))  # type: ignore[misc]
            if stop == len(due):
                return
            self.folded[schedule] = ordinal - 1
            self.start()

    def fire(self, key: bytes) -> None:
        stored = self.each(lambda book: book.get(key))
        if stored is None or stored[0] != OPEN:
            return
        state = decode_case(stored)
        if self.choose.random() < 0.2:
            self.each(lambda book: book.park(key, state))
        else:
            ticks = self.choose.choice((0, 2))
            self.each(lambda book: book.mark_ended(key, state, self.folded, ticks))

    def resume(self) -> None:
        key = self.choose.choice(self.keys)
        self.each(lambda book: book.resume(key))

    def take(self) -> None:
        """As after a commit: what changed is taken away."""
        assert self.changes[0] == self.changes[1]
        self.changes = [{}, {}]
        for book, changes in zip(self.books, self.changes, strict=True):
            book.changed = changes.__setitem__

    def reload(self) -> None:
        cases = [dict(book.items()) for book in self.books]
        assert cases[0] == cases[1]
        self.books = self._new_books()
        for book, kept in zip(self.books, cases, strict=True):
            book.load(kept, self.folded)

    def dump(self) -> None:
        """A snapshot taken by either is the other's as well."""
        columns = [[column for step in book.dump() for column in step] for book in self.books]
        self.books = self._new_books()
        for book, kept in zip(self.books, reversed(columns), strict=True):
            for column in kept:
                book.load_column(column, self.folded)
        stale = {self.choose.choice(self.keys): None for _ in range(3)}
        self.each(lambda book: book.unload(stale))
        self.each(lambda book: book.load({}, self.folded))

    def unload(self) -> None:
        key = self.choose.choice(self.keys)
        state = CaseState(OPEN, Instant(self.now), self.folded.get("t", 0) + 1, 1, "t", b"")
        self.each(lambda book: book.unload([key]))
        self.each(lambda book: book.load({key: encode_case(state)}, self.folded))

    def check(self) -> None:
        self.each(lambda book: (len(book), book.open, book.unmatched, sorted(book.passed)))
        self.each(lambda book: dict(book.items()))
        self.each(lambda book: [book.get(key) for key in self.keys])
        assert self.changes[0] == self.changes[1]


@settings(max_examples=200)
@given(seed=st.integers(0, 10**9))
def test_any_history_leaves_both_alike(seed: int) -> None:
    pair = Pair(seed)
    for _ in range(pair.choose.randint(1, 120)):
        pair.step()
        pair.check()


def test_a_long_history_too_with_many_keys() -> None:
    pair = Pair(20_261_121)
    pair.keys = [b"k%d" % number for number in range(3_000)]
    for number in range(6_000):
        pair.step()
        if number % 2_000 == 0:
            pair.check()
    pair.check()


def test_keys_of_every_length_are_found_again_and_let_go() -> None:
    """Past the lengths an entry's head has room for, and of nothing but NULs."""
    pair = Pair(1)
    pair.keys = [
        bytes([number % 3]) * size for number, size in enumerate([0, 1, 254, 255, 256, 65_535, 65_536, 900_000])
    ]
    for fact in (b"", b"f" * 65_534, b"f" * 65_535, bytes(900_000), b"f"):
        for key in pair.keys:
            pair.each(lambda book, key=key, fact=fact: book.start(key, Instant(5), 3, "s", 0, fact))  # type: ignore[misc]
        pair.check()
        pair.reload()
        pair.check()
        for key in pair.keys:
            pair.each(lambda book, key=key: book.end(key, pair.folded, 0))  # type: ignore[misc]
        pair.check()


def test_keys_that_meet_in_the_table_are_told_apart() -> None:
    pair = Pair(2)
    groups: dict[int, list[bytes]] = {}
    for number in range(400_000):
        key = b"%d" % number
        hashed = NATIVE.hashed(key)
        groups.setdefault((hashed >> 58) << 7 | hashed & 127, []).append(key)
    pair.keys = max(groups.values(), key=len)
    assert len(pair.keys) > 50
    for _ in range(3_000):
        pair.step()
    pair.check()


def test_a_table_that_only_loses_and_gains_does_not_grow_for_ever() -> None:
    book = NATIVE.CaseBook(TickHistory(), dict[bytes, bytes | None]().__setitem__)
    for number in range(300_000):
        book.start(b"%d" % number, Instant(1), 1, "s", 0, b"")
        if number >= 100:
            assert book.end(b"%d" % (number - 100), {}, 0)
    assert len(book) == book.open == 100
    assert {key for key, _ in book.items()} == {b"%d" % number for number in range(299_900, 300_000)}


def test_a_case_that_changes_while_a_snapshot_is_taken_is_in_it_once() -> None:
    for number, kind in enumerate(both()):
        changes: dict[bytes, bytes | None] = {}
        book = kind(TickHistory(), changes.__setitem__)
        keys = [b"k%d" % place for place in range(50_000)]
        for key in keys:
            book.start(key, Instant(1), 1, "s", 0, b"")
        columns = []
        for step in book.dump():
            columns += step
            for key in keys[::7]:
                book.end(key, {}, 2)
                book.start(key, Instant(2 + len(columns)), 1, "s", 0, b"a fact" * len(columns))
        dumped = [key for column in columns for key in column.split_keys()]
        assert len(dumped) == len(set(dumped)), number
        assert set(dumped) >= set(keys) - set(keys[::7])


@pytest.mark.parametrize("garbage", [b"", b"\1", b"\1" * 21, b"\1" * 22, b"\xff" * 100, encode_case(
    CaseState(OPEN, Instant(1), 1, 1, "s", b""))[:-1]], ids=len)  # fmt: skip
def test_garbage_is_refused_and_breaks_nothing(garbage: bytes) -> None:
    book = NATIVE.CaseBook(TickHistory(), dict[bytes, bytes | None]().__setitem__)
    with pytest.raises(ValueError, match=r"no case|codec can't decode"):
        book.load({b"k": garbage}, {})
    book.start(b"k", Instant(1), 1, "s", 0, b"")
    assert dict(book.items()) == {b"k": book.get(b"k")}


@pytest.mark.parametrize(
    ("rows", "of_key", "of_value"), [(1 << 32, 1 << 32, 1 << 32), (-1, 0, 0), (1, -1, 30), (1, 1, 30)]
)
def test_a_column_whose_lengths_are_not_its_own_is_refused(rows: int, of_key: int, of_value: int) -> None:
    """Not read past its end, whatever number overflows."""
    book = NATIVE.CaseBook(TickHistory(), dict[bytes, bytes | None]().__setitem__)
    with pytest.raises(ValueError, match="lengths it says"):
        book.load_column(Column(rows, of_key, of_value, b"", b"", b"" if of_value != 30 else bytes(29)), {})
    assert len(book) == 0


def test_what_is_no_key_is_refused_and_breaks_nothing() -> None:
    book = NATIVE.CaseBook(TickHistory(), dict[bytes, bytes | None]().__setitem__)
    opener = book.opener(1, "s", 0)
    for wrong in (None, "text", 5, bytearray(b"k")):
        for act in (book.get, book.resume, lambda key: opener(key, 1, b""), lambda key: book.put_back("s", 1, [key])):
            with pytest.raises(TypeError):
                act(wrong)
    for count in (1 << 31, 1 << 70):
        with pytest.raises(OverflowError):
            book.start(b"k", Instant(1), count, "s", 0, b"")
    with pytest.raises(KeyError):
        book.put_back("s", 1, [b"k"])
    book.settle("s", 1, Instant(1))
    with pytest.raises(RuntimeError, match="until the next tick"):
        opener(b"k", Instant(1), b"")
    assert len(book) == book.open == 0


def record(value: bytes | None, key: bytes | None, at_ms: int = 1, partition: int = 0) -> Record:
    return MemoryRecord(("billing", partition, 0, key, value, 1, at_ms, (), 0))


VALUES = st.sampled_from(
    [None, b"", b"short", b"a" * 10, b"a" * 10 + b"more", b"b" * 11, b"unknown type", b"a" * 899_999]
)
KEYS = st.sampled_from([None, b"", b"k", b"l"])


@given(facts=st.lists(st.tuples(VALUES, KEYS, st.integers(0, 2)), max_size=20), at=st.integers(0, 20))
def test_both_loops_fold_the_same_facts_and_stop_at_the_same(
    facts: list[tuple[bytes | None, bytes | None, int]], at: int
) -> None:
    records, instants = [record(value, key) for value, key, _ in facts], [Instant(one) for _, _, one in facts]
    heard: list[list[tuple[bytes, bytes, int]]] = [[], []]

    def stop(loop: Any, into: list[tuple[bytes, bytes, int]]) -> int:
        reactions = {
            bytes([letter]) * 10: lambda key, instant, _fact, letter=letter: into.append(
                (bytes([letter]), key, instant)
            )
            for letter in b"ab"
        }
        assert loop(records, instants, min(at, len(records)), {}) == min(at, len(records))
        return int(loop(records, instants, min(at, len(records)), reactions))

    assert stop(fold_plain, heard[0]) == stop(NATIVE.fold_plain, heard[1])
    assert heard[0] == heard[1]


@given(st.lists(st.integers(-(1 << 62), 1 << 62) | st.integers(-1, 300_000_000_000), min_size=1))
def test_both_date_records_alike(timestamps: list[int]) -> None:
    records = [record(b"", b"", at) for at in timestamps]
    limit = 253_402_300_800_000_000
    assert list(NATIVE.instants_of(records, limit, 0)) == list(instants_of(records, limit, 0))


@given(st.lists(st.integers(0, 20)), st.integers(0, 20), st.integers(0, 21) | st.just(1 << 62))
def test_both_find_where_a_run_must_stop(instants: list[int], at: int, before: int) -> None:
    at = min(at, len(instants))
    assert NATIVE.first_from(array("q", instants), at, before) == first_from(instants, at, before)
    assert NATIVE.first_from(instants, at, before) == first_from(array("q", instants), at, before)


@given(st.lists(st.integers(0, 2)))
def test_both_sort_records_into_the_same_runs(partitions: list[int]) -> None:
    records = [record(b"", b"", 1, partition) for partition in partitions]
    assert NATIVE.runs_of(records, "partition") == runs_of(records, "partition")


def test_a_handler_that_raises_in_the_loop_is_heard() -> None:
    def refuse(_key: bytes, _at: Instant, _fact: bytes) -> None:
        raise LookupError("not this one")

    for loop in (fold_plain, NATIVE.fold_plain):
        with pytest.raises(LookupError, match="not this one"):
            loop([record(b"a" * 10, b"k")], [Instant(1)], 0, {b"a" * 10: refuse})
