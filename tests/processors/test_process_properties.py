"""What must hold of processes whatever happens when: bursts cut anywhere, a scan of all ticks as the judge."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passage_processors.model.process import Cancel, Effects, Emit, End, Moment, Process, Wake, on, starts_on, wakes
from tests.processors.stories import (
    DAY,
    Counted,
    Echo,
    NewOrder,
    Nothing,
    OrderRevocation,
    PartsWereDelivered,
    Told,
    orders,
    told,
)


class Several(Process[Nothing]):
    """Three wake-ups on one tick, which cancel, replace and start each other."""

    name = "several"
    state = Nothing
    schedules = (DAY, "week.utc")
    emits = (Counted,)

    @starts_on(NewOrder)
    def started(self, now: Moment[Nothing], fact: NewOrder) -> Effects:
        return [Wake("a", 1, DAY), Wake("b", 1, DAY), Wake("c", 1, DAY), Wake("d", 1, "week.utc")]

    @wakes("a")
    def first(self, now: Moment[Nothing]) -> Effects:
        return [Emit(Counted(now.key, "a", 0, 0)), Cancel("b"), Wake("a", 1, DAY), Wake("d", 1, "week.utc")]

    @wakes("b")
    def second(self, now: Moment[Nothing]) -> Effects:
        raise AssertionError("it was cancelled")

    @wakes("c")
    def third(self, now: Moment[Nothing]) -> Effects:
        return [Emit(Counted(now.key, "c", 0, 0)), Wake("b", 2, "week.utc")]

    @wakes("d")
    def fourth(self, now: Moment[Nothing]) -> Effects:
        return [Emit(Counted(now.key, "d", 0, 0)), *([End()] if now.key == "o2" else [Wake("c", 1, DAY)])]


@pytest.mark.parametrize("crash", [False, True])
@pytest.mark.parametrize("budget", [1, 2, 3, 1000])
def test_a_burst_cut_anywhere_and_restored_there_gives_the_same(budget: int, crash: bool) -> None:
    def played(budget: int, crash: bool) -> list[object]:
        fold = told([NewOrder(f"o{n}") for n in range(5)], orders(Several(), Echo(1)))
        events = fold.taken()
        for day, schedule in ((1, DAY), (1, "week.utc"), (2, DAY), (0.2, "week.utc"), (3, DAY)):
            tick = fold.next_tick(day, schedule)
            while not fold.some_of(tick, budget):
                events += fold.taken()
                fold = fold.restored() if crash else fold
            events += fold.taken()
            fold = fold.restored()
        return events

    assert played(budget, crash) == played(1 << 40, False)


class Waits(Process[Nothing]):
    """One wake-up, and nothing else."""

    name = "waits"
    state = Nothing
    schedules = (DAY,)
    emits = (Counted,)
    marker_ticks = 0

    @starts_on(NewOrder)
    def started(self, now: Moment[Nothing], fact: NewOrder) -> Effects:
        return [Wake("due", fact.parts, DAY)]

    @on(PartsWereDelivered)
    def again(self, now: Moment[Nothing], fact: PartsWereDelivered) -> Effects:
        return [Wake("due", 2, DAY)]

    @on(OrderRevocation)
    def ended(self, now: Moment[Nothing], fact: OrderRevocation) -> Effects:
        return [End()]

    @wakes("due")
    def due(self, now: Moment[Nothing]) -> Effects:
        return [Emit(Counted(now.key, "due", 0, 0)), End()]


@settings(max_examples=150)
@given(seed=st.integers(0, 10**9), restored=st.booleans())
def test_wake_ups_fire_when_a_scan_of_all_ticks_says_and_restored_ones_too(seed: int, restored: bool) -> None:
    """Starts and changes at any instant, ahead of the clock or behind it; ticks on time, or of before, resumed."""
    choose = random.Random(seed)
    fold, open_, ends, now = Told(orders(Waits())), dict[str, tuple[int, int]](), list[int](), 20
    for _ in range(60):
        dice, key, at = choose.random(), f"o{choose.randint(0, 9)}", now + choose.randint(-8, 8)
        if dice < 0.4:
            parts = choose.randint(1, 6)
            fold.fact(NewOrder(key, parts), at)
            open_.setdefault(key, (at, parts))
        elif dice < 0.5:
            fold.fact(PartsWereDelivered(key), at)
            if key in open_:
                open_[key] = (at, 2)
        elif dice < 0.6:
            fold.fact(OrderRevocation(key), at)
            open_.pop(key, None)
        else:
            now += choose.randint(1, 3)
            ends.append(now if choose.random() < 0.6 else max(now - choose.randint(0, 12), (ends or [0])[-1] + 1))
            due = sorted(key for key, (at, n) in open_.items() if sum(end > at for end in ends) >= n)
            for one in due:
                del open_[one]
            assert fold.tick(ends[-1]).taken() == [Counted(key, "due", 0, 0) for key in due]
        if restored:
            fold = fold.restored()
    assert set(open_) == {key.decode() for key in fold.stored[0]}
    assert fold.fold.books[0].open == len(open_)
