"""Policies that repeat, or make something of a second start."""

from dataclasses import dataclass, replace
from datetime import datetime

import pytest

from passage import Scenario, days_pass
from passage_processors.app import App
from passage_processors.model.policy import Case, Policy
from passage_schemas.instant import Instant, datetime_of
from tests.processors.stories import (
    DAY,
    DAY_LONG,
    NewOrder,
    OrderRevocation,
    RevocationWasAccepted,
    Told,
    orders,
    told,
)


@dataclass(frozen=True)
class Reminded:
    order: str
    number: int
    starts: int
    since: datetime
    parts: int


def reminded(case: Case) -> Reminded:
    return Reminded(case.key, case.number, case.starts, case.started_at, case.fact.parts if case.fact else 0)


def reminding(**changes: object) -> App:
    said: dict[str, object] = {
        "name": "remind", "starts_on": NewOrder, "after": 3, "of": DAY, "every": 2, "unless": OrderRevocation,
        "emits": Reminded, "event": reminded,
    }  # fmt: skip
    policy = Policy(**(said | changes))  # type: ignore[arg-type]  # a test's own shorthand
    return orders(policies=[policy], processes=[], schedules=[DAY, "day.nl"] if "of" in changes else [])


def numbers(fold: Told) -> list[tuple[int, int]]:
    return [(event.number, event.starts) for event in fold.taken() if isinstance(event, Reminded)]


def at(day: float) -> datetime:
    return datetime_of(Instant(int(day * DAY_LONG)))


def test_it_repeats_until_the_fact_that_ends_it() -> None:
    story = Scenario(reminding()).given(NewOrder("a", 7), days_pass(2)).when(days_pass(5))
    first = story.followed[0]
    assert isinstance(first, Reminded)
    story.then(*(Reminded("a", number, 1, first.since, 7) for number in (1, 2, 3)))
    story.when(OrderRevocation("a"), days_pass(9)).then_nothing()


def test_after_so_many_it_ends_and_a_redelivered_start_does_not_reopen_it() -> None:
    fold = told([NewOrder("a")], reminding(at_most=2, marker_ticks=3)).days(1, 5)
    assert numbers(fold) == [(1, 1), (2, 1)]
    assert fold.ids == [f"orders/remind/a/1970-01-01T12:00:00Z/Reminded/{number}" for number in (1, 2)]
    fold.restored().fact(NewOrder("a"), 0.5)
    assert fold.days(6, 8).taken() == []
    assert fold.stored == [{}]


def test_a_second_start_is_ignored_unless_said_otherwise() -> None:
    fold = told([NewOrder("a", 1)], reminding()).fact(NewOrder("a", 9), 1.5).days(1, 3)
    assert fold.taken() == [Reminded("a", 1, 1, at(0.5), 1)]


def test_a_second_start_restarts_the_count_with_the_newer_fact() -> None:
    app = reminding(second_start="restarts")
    fold = told([NewOrder("a", 1)], app).days(1, 3).restored()
    fold.fact(NewOrder("a", 9), 3.5).fact(NewOrder("a", 1), 0.5).days(4, 8)
    assert fold.taken() == [Reminded("a", 1, 1, at(3.5), 9), Reminded("a", 2, 1, at(3.5), 9)]


def test_second_starts_are_counted_and_redelivered_ones_are_not() -> None:
    fold = told([NewOrder("a"), NewOrder("a")], reminding(every=None, second_start="counted"))
    fold.fact(NewOrder("a"), 1.5).fact(NewOrder("a"), 1.5).fact(NewOrder("a"), 1.2).days(1, 9)
    assert numbers(fold) == [(1, 3)]


def test_several_starts_redelivered_together_are_not_counted_again() -> None:
    fold = told([], reminding(after=5, every=None, second_start="counted"))
    starts = [number / 1000 for number in range(1, 203)]
    for batch in (starts[:2], starts[1:102], starts[2:102], starts[102:], starts[102:]):
        for on in batch:
            fold.fact(NewOrder("a"), on)
        fold = fold.restored()
    assert numbers(fold.days(1, 5)) == [(1, 202)]


def test_what_fails_is_parked_and_skipped_it_goes_on_with_the_next() -> None:
    def emit(case: Case) -> Reminded:
        if case.number == 2:
            raise RuntimeError("two")
        return reminded(case)

    fold = told([NewOrder("a")], reminding(event=emit)).days(1, 9)
    assert numbers(fold) == [(1, 1)]
    [letter] = fold.letters
    assert letter.startswith("policy 'remind' failed for b'a' at day.utc#5: RuntimeError: two (")
    skipping = reminding(event=emit, at_most=3)
    fold = told([NewOrder("a")], replace(skipping, on_error="skip")).days(1, 12)
    assert numbers(fold) == [(1, 1), (3, 1)]


def test_the_ticks_and_the_schedule_come_from_the_fact_and_the_marker_counts_on_that_schedule() -> None:
    app = reminding(after=lambda fact: fact.parts, of=lambda fact: "day.nl" if fact.parts > 1 else DAY, at_most=1)
    fold = told([NewOrder("a", 2), NewOrder("b", 1)], app)
    fold.tick(1)
    assert [event.order for event in fold.taken() if isinstance(event, Reminded)] == ["b"]
    fold.tick(1, "day.nl").tick(2, "day.nl")
    assert [event.order for event in fold.taken() if isinstance(event, Reminded)] == ["a"]
    assert [b"day.nl" in value for _, value in sorted(fold.restored().stored[0].items())] == [True, False]


def test_the_ticks_between_come_from_the_fact_too_and_outlive_it() -> None:
    app = reminding(every=lambda fact: fact.parts, keep_fact=False)
    fold = told([NewOrder("a", 4), NewOrder("b", 1)], app).days(1, 3).restored().days(4, 7)
    reminded = [(event.order, event.number) for event in fold.taken() if isinstance(event, Reminded)]
    assert reminded == [("b", 2), ("b", 3), ("b", 4), ("a", 2), ("b", 5)]


def test_a_restart_asks_the_newer_fact_for_the_ticks_between() -> None:
    app = reminding(every=lambda fact: fact.parts, second_start="restarts")
    fold = told([NewOrder("a", 1)], app).fact(NewOrder("a", 3), 0.75).days(1, 8)
    assert [event.since for event in fold.taken() if isinstance(event, Reminded)] == [at(0.75)] * 2


def test_a_fact_that_says_no_number_of_ticks_between_is_a_dead_letter_and_starts_nothing() -> None:
    fold = told([NewOrder("a", 0)], reminding(every=lambda fact: fact.parts)).days(1, 9)
    assert fold.taken() == []
    assert fold.letters == ["orders[0]@0: policy 'remind' wants 0 ticks; it must be a whole number from 1"]


def test_without_its_fact_it_decodes_none_and_still_repeats() -> None:
    fold = told([NewOrder("a", 4)], reminding(keep_fact=False))
    codec = fold.app.program.handlers
    assert not any(handler.needs_fact for handler in codec.values())
    assert fold.days(1, 3).taken() == [Reminded("a", 1, 1, at(0.5), 0)]


def test_an_event_of_the_wrong_type_is_a_failure() -> None:
    fold = told([NewOrder("a")], reminding(event=lambda case: RevocationWasAccepted(case.key, 1))).days(1, 3)
    assert "policy 'remind' emits RevocationWasAccepted; it says Reminded" in fold.letters[0]


@pytest.mark.parametrize("budget", [1, 2])
def test_a_burst_of_them_is_cut_anywhere(budget: int) -> None:
    fold = told([NewOrder(f"o{number}") for number in range(5)], reminding()).days(1, 2)
    events: list[object] = []
    tick = fold.next_tick(3)
    while not fold.some_of(tick, budget):
        events += fold.taken()
        fold = fold.restored()
    events += fold.taken()
    assert [event.order for event in events if isinstance(event, Reminded)] == [f"o{number}" for number in range(5)]


def test_events_for_the_empty_key_have_an_id_each() -> None:
    fold = told([NewOrder("")], reminding()).days(1, 7)
    assert fold.ids == [f"orders/remind//1970-01-01T12:00:00Z/Reminded/{number}" for number in (1, 2, 3)]


def test_what_can_be_skipped_no_more_is_parked_and_stops_nobody() -> None:
    counting = told([NewOrder("a")], reminding(of=lambda _fact: DAY))
    other = replace(counting.app.policies[0], of=lambda _fact: "day.nl")
    app = replace(counting.app, policies=[other], schedules=["day.nl"], on_error="skip")
    fold = Told(app, counting.history, counting).days(1, 4).fact(NewOrder("b"), 4.5)
    assert fold.letters[0].endswith("counts 'day.utc', which it does not declare; declared: day.nl")
    assert fold.restored().taken() == []
    assert set(fold.stored[0]) == {b"a", b"b"}
