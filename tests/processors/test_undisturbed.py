"""Undisturbed or restored anywhere, all is the same, to the byte and afterwards, also where ticks come late (a paused
schedule goes on, one is filled in backwards, a new one brings its past) and where the clock lets ticks go. One of
everything a user can write."""

import random
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from passage_processors.app import App
from passage_processors.core.order.ticks import TickHistory
from passage_processors.core.state.instance import Instance
from passage_processors.core.state.instances import InstanceBook
from passage_processors.model.policy import Policy
from passage_processors.model.process import (
    Effects,
    Emit,
    End,
    Mark,
    Moment,
    Process,
    Remember,
    Wake,
    on,
    starts_on,
    wakes,
)
from passage_processors.model.report import Report
from passage_processors.model.ticks import full_days
from passage_schemas.instant import Instant
from tests.processors.stories import (
    DAY,
    DAY_LONG,
    Counted,
    DeliveryWasChased,
    NewOrder,
    OrderRevocation,
    PartsWereDelivered,
    Told,
    orders,
)

WEEK, HOUR = "week.utc", "hour.utc"


@dataclass(frozen=True)
class WasAnswered:
    order: str


@dataclass(frozen=True)
class WasSaid:
    order: str
    times: int


@dataclass(frozen=True)
class PeriodIsOver:
    period: str


@dataclass(frozen=True)
class Times:
    times: int = 0


class Answering(Process[Times]):
    """Answers what the other says, for ever: whoever is armed by the answer is armed again within one tick."""

    name = "answering"
    state = Times
    emits = (WasAnswered,)

    @starts_on(NewOrder)
    def started(self, now: Moment[Times], fact: NewOrder) -> Effects:
        return []

    @on(WasSaid)
    def said(self, now: Moment[Times], fact: WasSaid) -> Effects:
        return [Emit(WasAnswered(now.key))] if fact.times < 30 else []


class Saying(Process[Times]):
    """Wakes up on three schedules, counts on all from its start and from marks, and ends now and then."""

    name = "saying"
    state = Times
    schedules = (DAY, WEEK, HOUR)
    emits = (WasSaid, Counted)
    marker_ticks = 2

    @starts_on(NewOrder)
    def started(self, now: Moment[Times], fact: NewOrder) -> Effects:
        return [Wake("later", full_days(1) if fact.parts == 3 else fact.parts, (DAY, WEEK, HOUR)[fact.parts % 3])]

    @on(WasAnswered)
    def answered(self, now: Moment[Times], fact: WasAnswered) -> Effects:
        return [Wake("again", 1, DAY)]

    @on(PartsWereDelivered)
    def delivered(self, now: Moment[Times], fact: PartsWereDelivered) -> Effects:
        return [
            Mark("delivered"), Wake("later", 2, WEEK),
            Emit(Counted(now.key, "started", now.count(DAY), now.count(WEEK))),
        ]  # fmt: skip

    @on(OrderRevocation)
    def revoked(self, now: Moment[Times], fact: OrderRevocation) -> Effects:
        return [Emit(Counted(now.key, "revoked", now.count(DAY), now.count(HOUR))), End()]

    @wakes("again")
    def again(self, now: Moment[Times]) -> Effects:
        times = now.state.times + 1
        return [Remember(Times(times)), Emit(WasSaid(now.key, times))]

    @wakes("later")
    def later(self, now: Moment[Times]) -> Effects:
        if now.state.times % 7 == 6:
            raise RuntimeError("seven")
        since = "delivered" if now.happened > now.started and now.state.times % 2 else None
        return [Emit(Counted(now.key, "later", now.count(DAY, since), now.count(WEEK))), Wake("later", 3, DAY)]


def app() -> App:
    hourly = Policy(
        name="hourly", starts_on=NewOrder, after=1, of=HOUR, emits=WasSaid, event=lambda case: WasSaid(case.key, 0),
        unless=OrderRevocation, keep_fact=False, marker_ticks=3,
    )  # fmt: skip
    varied = Policy(
        name="varied", starts_on=NewOrder,
        after=lambda fact: full_days(fact.parts) if fact.parts % 2 else fact.parts,
        of=lambda fact: (DAY, WEEK)[fact.parts % 2],
        unless=PartsWereDelivered, emits=DeliveryWasChased, event=lambda case: DeliveryWasChased(case.key, 0),
    )  # fmt: skip
    repeated = Policy(
        name="repeated", starts_on=PartsWereDelivered, after=1, of=DAY, every=2, at_most=4, second_start="restarts",
        emits=DeliveryWasChased, event=lambda case: DeliveryWasChased(case.key, case.number), unless=OrderRevocation,
        keep_fact=False,
    )  # fmt: skip
    report = Report(name="weekly", of=WEEK, emits=PeriodIsOver, event=lambda passed: PeriodIsOver(passed.period))
    return orders(
        Answering(), Saying(), policies=[hourly, varied, repeated], reports=[report], schedules=[DAY, WEEK, HOUR]
    )


APP = app()
SEEDS = 60


class Story:
    """One order of facts and ticks by a seed, folded in one life or in as many as there are steps."""

    def __init__(self, seed: int, restored: float) -> None:
        self.keeps = seed % 2 * 2
        """For how many days each schedule is kept; 0: for ever."""
        self.choose, self.restart = random.Random(seed), random.Random(seed + 1)
        self.restored = restored
        self.fold = Told(APP)
        self.now = 20.0
        self.ends = {DAY: 20.0, WEEK: self.choose.choice([-30.0, 6.0]), HOUR: self.choose.choice([0.0, 19.9])}
        """The last tick of each: a week may have a past of its own, hours may have been paused."""
        for _ in range(120):
            self.step()

    def step(self) -> None:
        dice = self.choose.random()
        if dice < 0.5:
            self.fact(f"o{self.choose.randint(0, 5)}")
        elif dice < 0.75:
            self.now += self.choose.choice([0.2, 0.5, 1.0])
            if self.now >= self.ends[DAY] + 1:
                self.tick(DAY, self.ends[DAY] + 1)
        else:
            schedule, step = self.choose.choice([(WEEK, 7.0), (HOUR, 0.25)])
            for _ in range(self.choose.choice([1, 1, 3])):
                if self.ends[schedule] + step <= self.now:
                    self.tick(schedule, self.ends[schedule] + step)
        if self.keeps and self.choose.random() < 0.1:
            self.let_go(self.choose.choice([DAY, WEEK, HOUR]))
        self.maybe_restore()

    def fact(self, key: str) -> None:
        late = self.choose.choice([0.0, 0.0, 0.0, 0.7, 9.0])
        kind = self.choose.choice([NewOrder, NewOrder, PartsWereDelivered, OrderRevocation])
        fact = NewOrder(key, self.choose.randint(1, 5)) if kind is NewOrder else kind(key)
        ends = [tick.ends_at / DAY_LONG for tick in self.fold.ticks if tick.schedule == DAY and tick.ends_at > 0]
        on_a_tick = bool(ends) and self.choose.random() < 0.2
        self.fold.fact(fact, self.choose.choice(ends[-5:]) if on_a_tick else self.now - late)

    def tick(self, schedule: str, at: float) -> None:
        self.ends[schedule] = at
        tick, budget = self.fold.next_tick(at, schedule), self.choose.choice([1, 2, 1 << 40])
        while not self.fold.some_of(tick, budget):
            self.maybe_restore()

    def let_go(self, schedule: str) -> None:
        """What is so much older than the schedule's last tick."""
        before = [
            one for one in self.fold.ticks
            if one.schedule == schedule and one.ends_at <= (self.ends[schedule] - self.keeps) * DAY_LONG
        ]  # fmt: skip
        if before:
            self.fold.let_go(schedule, before[-1])

    def maybe_restore(self) -> None:
        if self.restart.random() < self.restored:
            self.fold = self.carry(self.fold.restored())

    def carry(self, anew: Told) -> Told:
        """What has been written stays written."""
        anew.events, anew.ids, anew.letters = self.fold.events, self.fold.ids, self.fold.letters
        return anew

    @property
    def outcome(self) -> object:
        return self.fold.events, self.fold.ids, self.fold.letters, self.fold.stored


def restored_anywhere(seed: int) -> bool:
    """Restored at every cut, or now and then, all is as it was undisturbed. Raises where a memory is another."""
    undisturbed = Story(seed, restored=0.0)
    assert undisturbed.fold.ids
    return all(Story(seed, restored).outcome == undisturbed.outcome for restored in (1.0, 0.2))


@pytest.mark.parametrize("seed", range(SEEDS))
def test_undisturbed_or_restored_anywhere_all_is_the_same(seed: int) -> None:
    assert restored_anywhere(seed)


class Counting(Process[Times]):
    """Says what it counts, whenever it hears of a delivery."""

    name = "counting"
    state = Times
    schedules = (DAY, WEEK)
    emits = (Counted,)

    @starts_on(NewOrder)
    def started(self, now: Moment[Times], fact: NewOrder) -> Effects:
        return [Mark("said")]

    @on(PartsWereDelivered)
    def delivered(self, now: Moment[Times], fact: PartsWereDelivered) -> Effects:
        return [Emit(Counted(now.key, "", now.count(DAY), now.count(WEEK, "said"))), Mark("said")]


@pytest.mark.parametrize("seed", range(SEEDS))
def test_what_is_counted_is_what_a_scan_of_all_ticks_says_whatever_was_let_go(seed: int) -> None:
    assert counted_as_a_scan_says(seed)


def counted_as_a_scan_says(seed: int) -> bool:
    """No fact is dated before what is kept; starts and marks may be from long before it."""
    choose, fold, now, keeps = random.Random(seed), Told(orders(Counting())), 30.0, seed % 2
    ends: dict[str, list[float]] = {DAY: [30.0], WEEK: [0.0]}
    since: dict[str, tuple[float, float]] = {}
    for _ in range(150):
        dice, key = choose.random(), f"o{choose.randint(0, 4)}"
        now += choose.choice([0.1, 0.4])
        if now >= ends[DAY][-1] + 1:
            ends[DAY].append(ends[DAY][-1] + 1)
            fold.tick(ends[DAY][-1], DAY)
        at = now - choose.choice([0.0, 0.3, 1.2])
        if dice < 0.3:
            fold.fact(NewOrder(key), at)
            since.setdefault(key, (at, at))
        elif dice < 0.7:
            fold.fact(PartsWereDelivered(key), at)
            if key in since:
                start, said = since[key]
                counts = [
                    max(0, sum(begin < end <= at for end in ends[schedule][1:]))
                    for schedule, begin in ((DAY, start), (WEEK, said))
                ]
                if fold.taken() != [Counted(key, "", *counts)]:
                    return False
                since[key] = start, at
        elif dice < 0.85 and ends[WEEK][-1] + 7 <= now:
            ends[WEEK].append(ends[WEEK][-1] + 7)
            fold.tick(ends[WEEK][-1], WEEK)
        elif keeps:
            old = [one for one in fold.ticks if one.schedule == DAY and one.ends_at < (ends[DAY][-1] - 2) * DAY_LONG]
            if old:
                fold.let_go(DAY, old[-1])
        if choose.random() < 0.2:
            fold = fold.restored()
    return not fold.letters


# --- mutants ---------------------------------------------------------------------------------------------------------


def wake_ups_told_apart_by_value(patch: pytest.MonkeyPatch) -> None:
    """One that fires and is armed again alike, in one old tick, is forgotten until a restart."""
    honest = InstanceBook.put

    def put(book: InstanceBook, key: bytes, new: object) -> None:
        old = book.instance(key)
        if isinstance(old, Instance) and isinstance(new, Instance) and old.wakes == new.wakes:
            new.wakes = old.wakes
        honest(book, key, new)  # type: ignore[arg-type]  # what it was given

    patch.setattr(InstanceBook, "put", put)


def counts_from_the_ticks_there_are(patch: pytest.MonkeyPatch) -> None:
    """How far a schedule had come at the start, or a mark, is looked up, and not kept."""

    def count(book: InstanceBook, schedule: str, one: Instance, mark: str, until: Instant) -> int:
        folded, passed = book._folded.get(schedule, 0), book._ticks.passed
        return max(0, passed(schedule, until, folded) - passed(schedule, one.instant_of(mark), folded))

    patch.setattr(InstanceBook, "count", count)


def a_memory_longer_than_the_log(patch: pytest.MonkeyPatch) -> None:
    """Who has seen a tick remembers it, though the clock has let it go."""
    patch.setattr(TickHistory, "tells", lambda *_: True)


def found_out(check: Callable[[int], bool]) -> bool:
    for seed in range(SEEDS):
        try:
            if not check(seed):
                return True
        except AssertionError:
            return True
    return False


@pytest.mark.parametrize(
    ("mutant", "check"),
    [
        (wake_ups_told_apart_by_value, restored_anywhere),
        (a_memory_longer_than_the_log, restored_anywhere),
        (counts_from_the_ticks_there_are, counted_as_a_scan_says),
    ],
)
def test_a_task_that_breaks_one_rule_is_found_out(
    mutant: Callable[[pytest.MonkeyPatch], None], check: Callable[[int], bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    mutant(monkeypatch)

    assert found_out(check)
