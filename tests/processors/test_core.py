"""The pure structures, against naive ones that can't be wrong."""

import random
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passage_log.memory.store import MemoryRecord
from passage_processors.core.order.promises import ALWAYS, NEVER, Promises
from passage_processors.core.order.ticks import TickGap, TickHistory
from passage_processors.core.order.timeline import Pending, Run, merge, recorded
from passage_processors.core.state.case import decode_case
from passage_processors.model.ticks import SeenTick
from passage_schemas.instant import Instant
from passage_schemas.log_record import Record
from passage_schemas.schedule_entry import ScheduleEntry
from tests.processors.twins import KINDS

HOUR = 3_600_000_000
INSTANTS = st.lists(st.integers(0, 50), max_size=30)


def history_of(instants: Sequence[int], schedule: str = "s") -> TickHistory:
    history = TickHistory()
    for number, at in enumerate(instants, 1):
        history.add(SeenTick(schedule, number, number, Instant(at * 1000)))
    return history


def pending_of(topic: str, instants: Sequence[int]) -> Pending:
    pending = Pending(topic, 0, 0)
    if instants:
        records: list[Record] = [
            MemoryRecord((topic, 0, offset, b"", b"", 1, at, (), 0)) for offset, at in enumerate(instants)
        ]
        pending.extend(records)
    return pending


def order_of(inputs: Sequence[Pending], ticks: TickHistory, sequence: int, last: int) -> list[tuple[str, int]]:
    """What `merge` gives, one fact or tick at a time."""
    order: list[tuple[str, int]] = []
    for item in merge(inputs, ticks, sequence, recorded(last)):
        if isinstance(item, Run):
            order += [(item.pending.topic, at) for at in range(item.start, item.stop)]
            item.pending.at = item.stop
        else:
            order.append(("tick", item))
    return order


def naive(inputs: Mapping[str, Sequence[int]], ticks: Sequence[int]) -> list[tuple[str, int]]:
    """Head by head: the earliest (instant, topic), at equal instants the tick."""
    places, tick, order = dict.fromkeys(inputs, 0), 0, []
    while True:
        heads = [(inputs[topic][at], topic) for topic, at in places.items() if at < len(inputs[topic])]
        first = min(heads, default=None)
        if tick < len(ticks) and (first is None or ticks[tick] <= first[0]):
            tick += 1
            order.append(("tick", tick))
        elif first is not None:
            order.append((first[1], places[first[1]]))
            places[first[1]] += 1
        else:
            return order


@given(a=INSTANTS, b=INSTANTS, c=INSTANTS, ticks=INSTANTS)
def test_the_merge_pops_head_by_head_the_earliest_first(
    a: list[int], b: list[int], c: list[int], ticks: list[int]
) -> None:
    inputs = {"a": a, "b": b, "c": c}
    ticks = sorted(set(ticks))
    pendings = [pending_of(topic, instants) for topic, instants in inputs.items()]
    assert order_of(pendings, history_of(ticks), 0, len(ticks)) == naive(inputs, ticks)


@given(a=INSTANTS, b=INSTANTS, ticks=INSTANTS, cut=st.integers(0, 90))
def test_merging_the_records_of_a_cut_again_gives_the_order_of_the_cut(
    a: list[int], b: list[int], ticks: list[int], cut: int
) -> None:
    ticks = sorted(set(ticks))
    whole = naive({"a": a, "b": b}, ticks)[:cut]
    taken = {topic: sum(name == topic for name, _ in whole) for topic in ("a", "b", "tick")}
    pendings = [pending_of("a", a[: taken["a"]]), pending_of("b", b[: taken["b"]])]
    assert order_of(pendings, history_of(ticks), 0, taken["tick"]) == whole


@given(ends=st.sets(st.integers(0, 60), max_size=30), at=st.integers(-5, 65), folded=st.integers(0, 30))
def test_the_history_counts_like_a_scan(ends: set[int], at: int, folded: int) -> None:
    ordered = sorted(ends)
    folded = min(folded, len(ordered))
    expected = sum(end <= at for end in ordered[:folded])
    assert history_of(ordered).passed("s", Instant(at * 1000), folded) == expected


def test_the_history_refuses_a_gap_and_ignores_a_tick_seen_twice() -> None:
    history = history_of([1, 2])
    assert history.add(SeenTick("s", 2, 2, Instant(2000))) is False
    with pytest.raises(TickGap, match="tick 3 is missing"):
        history.add(SeenTick("s", 4, 4, Instant(4000)))
    with pytest.raises(TickGap, match="ordinal 4 follows 2"):
        history.add(SeenTick("s", 4, 3, Instant(4000)))


def test_the_history_refuses_to_begin_anywhere_but_at_the_beginning() -> None:
    with pytest.raises(TickGap, match="tick 1 is missing"):
        TickHistory().add(SeenTick("s", 5, 7, Instant(7 * HOUR)))


def test_the_history_knows_every_tick_and_what_was_folded_by_then() -> None:
    history = TickHistory()
    for sequence, (schedule, ordinal) in enumerate([("a", 1), ("b", 1), ("a", 2)], 1):
        history.add(SeenTick(schedule, ordinal, sequence, Instant(sequence * HOUR)))
    assert history.folded_at(2) == {"a": 1, "b": 1}
    assert history.folded_at(3) == {"a": 2, "b": 1}
    assert history.at(3) == SeenTick("a", 2, 3, Instant(3 * HOUR))


class NaiveBook:
    """Every case in a list, scanned at each tick."""

    def __init__(self) -> None:
        self.open: dict[bytes, tuple[int, int]] = {}
        self.ticks: list[int] = []

    def tick(self, ends_at: int) -> list[bytes]:
        self.ticks.append(ends_at)
        due = [key for key, (at, count) in self.open.items() if sum(end > at for end in self.ticks) >= count]
        for key in due:
            del self.open[key]
        return sorted(due)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__module__)
@settings(max_examples=200)
@given(seed=st.integers(0, 10**9), restored=st.booleans())
def test_the_due_index_fires_what_a_scan_would_and_a_restored_book_too(kind: Any, seed: int, restored: bool) -> None:
    """Starts in any order of instants, ahead of the clock or behind it; ends; ticks on time, or of before, resumed; the
    book restored between."""
    choose = random.Random(seed)
    history, folded = TickHistory(), dict[str, int]()
    changes: dict[bytes, bytes | None] = {}
    book, naive_book = kind(history, changes.__setitem__), NaiveBook()
    now = 0
    for number in range(60):
        if choose.random() < 0.6:
            key, at = f"k{choose.randint(0, 20)}".encode(), now + choose.randint(-8, 8)
            if key not in naive_book.open and book.get(key) is None:
                count = choose.randint(1, 6)
                book.start(key, Instant(at), count, "s", folded.get("s", 0), b"")
                naive_book.open[key] = (at, count)
        elif naive_book.open and choose.random() < 0.3:
            key = choose.choice(sorted(naive_book.open))
            book.end(key, folded, 0)
            del naive_book.open[key]
        else:
            now += choose.randint(1, 3)
            ordinal, last = folded.get("s", 0) + 1, max(naive_book.ticks, default=0)
            end = now if choose.random() < 0.6 else max(now - choose.randint(0, 12), last + 1)
            history.add(SeenTick("s", ordinal, ordinal, Instant(end)))
            book.settle("s", ordinal, Instant(end))
            folded["s"] = ordinal
            passed, book.passed = book.passed, set()
            fired = sorted({*book.pop_due("s", ordinal), *passed})
            for key in fired:
                book.mark_ended(key, decode_case(book.get(key) or b""), folded, 0)
            assert fired == naive_book.tick(end), f"at step {number}"
        if restored and choose.random() < 0.2:
            cases = {key: value for key, value in changes.items() if value is not None}
            assert cases == dict(book.items())
            book = kind(history, changes.__setitem__)
            book.load(dict(cases), folded)
    assert set(naive_book.open) == {key for key, _ in book.items()}


def entry(next_at: int | None, sequence: int, status: str = "active") -> ScheduleEntry:
    at = None if next_at is None else Instant(next_at)
    return ScheduleEntry("s", "E", "UTC", None, "", "", status, "", "", at, sequence, 1, "", "")  # type: ignore[arg-type]


def test_a_promise_is_the_newest_by_sequence_and_an_entry_waits_for_its_ticks() -> None:
    promises = Promises()
    assert promises.hold(["s"], 0) == (ALWAYS, "s")
    promises.entry(entry(10, 0))
    assert promises.hold(["s"], 0) == (10, "s")
    promises.tick("s", 1, Instant(20))
    assert promises.hold(["s"], 1) == (20, "s")
    promises.entry(entry(15, 2))
    assert promises.hold(["s"], 1) == (20, "s")
    promises.tick("s", 2, Instant(30))
    assert promises.hold(["s"], 2) == (15, "s")
    promises.entry(entry(None, 2, "paused"))
    assert promises.hold(["s"], 2) == (NEVER, None)
    promises.entry(entry(40, 2))
    assert promises.hold(["s"], 2) == (40, "s")
    assert promises.hold(["s", "t"], 2, released=["t"]) == (40, "s")
    assert promises.hold(["s", "t"], 2) == (ALWAYS, "t")
