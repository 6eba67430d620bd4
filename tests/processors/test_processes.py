"""What a process comes to: told as stories, and against its own restored self after every step."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from passage import Scenario, workdays_pass
from passage_processors.app import App
from passage_processors.core.step.chain import MOST_EVENTS
from passage_processors.errors import ProcessorError
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
from passage_schemas.events import event_codec
from passage_schemas.records import WAKE_UP_RESUMED
from passage_schemas.wake_up_resumed import WakeUpResumed
from tests.processors.stories import (
    DAY,
    Counted,
    DeliveryWasChased,
    Echo,
    NewOrder,
    Nothing,
    Order,
    Ordering,
    OrderRevocation,
    PartsWereDelivered,
    RevocationWasAccepted,
    RevocationWasRejected,
    Told,
    orders,
    told,
)

# --- stories ---------------------------------------------------------------------------------------------------------


def test_a_revocation_within_ten_workdays_is_accepted_and_ends_it() -> None:
    Scenario(orders()).given(NewOrder("a"), workdays_pass(4)).when(OrderRevocation("a")).then(
        RevocationWasAccepted("a", 4)
    ).when(workdays_pass(40)).then_nothing()


def test_parts_that_do_not_come_are_chased_every_five_workdays() -> None:
    chased = [DeliveryWasChased("a", time) for time in (1, 2, 3)]
    Scenario(orders()).given(NewOrder("a")).when(workdays_pass(15)).then(*chased)


def test_a_later_revocation_is_rejected_and_changes_nothing() -> None:
    story = Scenario(orders()).given(NewOrder("a"), PartsWereDelivered("a"), workdays_pass(11))
    story.when(OrderRevocation("a")).then(RevocationWasRejected("a", 11))
    story.when(workdays_pass(3), OrderRevocation("a")).then(RevocationWasRejected("a", 14))


def test_thirty_inactive_workdays_discard_it_and_leave_a_marker_for_ten() -> None:
    fold = told([NewOrder("a"), PartsWereDelivered("a")])
    for day in range(1, 30):
        fold.tick(day, "workday.nl")
    assert fold.stored[0]
    assert fold.fact(OrderRevocation("a"), 29.5).taken() == [RevocationWasRejected("a", 29)]
    fold.tick(30, "workday.nl").fact(OrderRevocation("a"), 30.5)
    assert fold.taken() == []
    assert fold.fold.unmatched == 0
    for day in range(31, 41):
        assert len(fold.stored[0]) == 1
        fold.fact(NewOrder("a"), 0.5).tick(day, "workday.nl")
    assert fold.stored[0] == {}
    assert fold.fact(OrderRevocation("a"), 41).fold.unmatched == 1


# --- counting --------------------------------------------------------------------------------------------------------


class Counting(Process[Nothing]):
    """Tells what it counts, whenever it is asked."""

    name = "counting"
    state = Nothing
    schedules = (DAY, "week.utc")
    emits = (Counted,)

    @starts_on(NewOrder)
    def started(self, now: Moment[Nothing], fact: NewOrder) -> Effects:
        return [Wake("due", fact.parts, DAY)]

    @on(PartsWereDelivered)
    def marked(self, now: Moment[Nothing], fact: PartsWereDelivered) -> Effects:
        return [Mark("delivered"), Wake("week", 1, "week.utc")]

    @on(OrderRevocation)
    def asked(self, now: Moment[Nothing], fact: OrderRevocation) -> Effects:
        return [Emit(Counted(now.key, "asked", now.count(DAY), now.count(DAY, since="delivered")))]

    @wakes("due")
    def due(self, now: Moment[Nothing]) -> Effects:
        return [Emit(Counted(now.key, "due", now.count(DAY), now.count("week.utc")))]

    @wakes("week")
    def week(self, now: Moment[Nothing]) -> Effects:
        return [Emit(Counted(now.key, "week", now.count(DAY), now.count("week.utc")))]


def counting() -> App:
    return orders(Counting())


def test_a_count_since_a_mark_and_a_fact_that_comes_late_count_what_had_passed_by_their_own_instant() -> None:
    fold = told([NewOrder("a", 9)], counting()).days(1, 3).fact(PartsWereDelivered("a"), 3.5).days(4, 8)
    fold.fact(OrderRevocation("a"), 8.5).fact(OrderRevocation("a"), 5.5)
    assert fold.taken() == [Counted("a", "asked", 8, 5), Counted("a", "asked", 5, 2)]


def test_a_late_start_fires_on_the_next_tick_of_any_schedule() -> None:
    fold = Told(counting()).days(1, 10).fact(NewOrder("late", 3), 4.5).fact(NewOrder("later", 3), 9.5)
    assert fold.restored().fold.books[0].passed == {b"late"}
    assert fold.tick(10.2, "minute.utc").taken() == [Counted("late", "due", 6, 0)]
    assert fold.days(11, 12).taken() == [Counted("later", "due", 3, 0)]


def test_old_ticks_of_a_resumed_schedule_do_not_count_for_what_started_after_them() -> None:
    fold = told([NewOrder("a", 9), PartsWereDelivered("a")], counting()).days(1, 2)
    fold.tick(0.1, "week.utc").restored()
    assert fold.tick(0.2, "week.utc").taken() == []
    assert fold.restored().tick(7, "week.utc").taken() == [Counted("a", "week", 2, 1)]


def test_an_unset_mark_and_an_undeclared_schedule_are_refused_by_name() -> None:
    class Odd(Counting):
        @on(OrderRevocation)
        def asked(self, now: Moment[Nothing], fact: OrderRevocation) -> Effects:
            return [Emit(Counted(now.key, "", now.count("day.nl"), 0))]

    fold = told([NewOrder("a"), OrderRevocation("a")], counting())
    assert "no mark 'delivered' was set for 'a'; there is none" in fold.letters[0]
    fold = told([NewOrder("a"), OrderRevocation("a")], orders(Odd()))
    assert "process 'counting' counts 'day.nl', which it does not declare; declared: day.utc" in fold.letters[0]


# --- effects that won't do -------------------------------------------------------------------------------------------


WRONG: dict[str, tuple[object, str]] = {
    "an effect alone": (End(), r"return a list of effects, as \[Emit\(...\), End\(\)\], or None"),
    "a word": (["end"], "'end', which is no effect"),
    "an undeclared event": ([Emit(RevocationWasRejected("a", 1))], "emits RevocationWasRejected, which it does not"),
    "a wake-up without a handler": ([Wake("never", 1, DAY)], "no handler for the wake-up 'never'; declared: due, week"),
    "a schedule nobody declared": ([Wake("due", 1, "day.nl")], "'day.nl', which it does not declare"),
    "no ticks": ([Wake("due", 0, DAY)], "wants 0 ticks"),
    "half a tick": ([Wake("due", 0.5, DAY)], "wants 0.5 ticks"),  # type: ignore[arg-type]
    "another's state": ([Remember(Order())], "remembers Order; its state is Nothing"),
    "more after the end": ([End(), Mark("x")], r"1 more effects after End\(\)"),
    "a mark without a name": ([Mark("")], "a name has 1 to 255 bytes"),
    "too many marks": ([Mark(str(n)) for n in range(101)], "more than 100 marks"),
    "a key that is none": ([Emit(Counted("a", "", 1, 1), key="")], "it must be a string, and not empty"),
    "a field of the wrong type": ([Emit(Counted("a", "", "one", 1))], "'one'"),  # type: ignore[arg-type]
    "no end of effects": ((Mark("x") for _ in iter(int, 1)), "more than 10000 effects"),
}


@pytest.mark.parametrize("case", WRONG)
def test_an_answer_that_will_not_do_is_a_dead_letter_and_has_no_effect(case: str) -> None:
    answer, reason = WRONG[case]

    class Odd(Counting):
        @on(OrderRevocation)
        def asked(self, now: Moment[Nothing], fact: OrderRevocation) -> Effects:
            return answer  # type: ignore[return-value]  # what a user might write

    fold = told([NewOrder("a")], orders(Odd()))
    before = fold.memory()
    fold.fact(OrderRevocation("a"), 0.6)
    with pytest.raises(AssertionError, match=reason):
        raise AssertionError(fold.letters[0])
    assert (fold.memory(), fold.taken()) == (before, [])


# --- chains ----------------------------------------------------------------------------------------------------------


def chained(*processes: Process[Any]) -> App:
    chase = Policy(
        name="chase", starts_on=DeliveryWasChased, after=1, of=DAY, emits=RevocationWasAccepted,
        event=lambda case: RevocationWasAccepted(case.key, case.fact.time),
    )  # fmt: skip
    return orders(*processes, policies=[chase])


def test_a_process_hears_itself_and_a_policy_hears_it_breadth_first_in_the_same_step() -> None:
    fold = told([NewOrder("a")], chained(Echo(2)))
    assert fold.taken() == [
        Counted("a", "echo", 0, 0), DeliveryWasChased("a", 0), Counted("a", "echo", 1, 0), Counted("a", "echo", 2, 0),
    ]  # fmt: skip
    start = "1970-01-01T12:00:00Z"
    assert fold.ids[0] == f"orders/echo/a/{start}/Counted/1"
    assert fold.ids[2] == f"orders/echo/a/{start}/Counted/3"
    assert fold.restored().days(1, 1).taken() == [RevocationWasAccepted("a", 0)]


def test_a_chain_that_fails_anywhere_leaves_nothing_behind() -> None:
    fold = told([NewOrder("a")], chained(Echo(5, fails_at=3)))
    assert (fold.taken(), fold.stored, fold.fold.books[0].open) == ([], [{}, {}], 0)
    [letter] = fold.letters
    assert letter.startswith("orders[0]@0: RuntimeError: enough (")


def test_a_chain_without_an_end_is_refused() -> None:
    fold = told([NewOrder("a")], chained(Echo(MOST_EVENTS * 2)))
    assert f"more than {MOST_EVENTS} events follow from one cause" in fold.letters[0]
    assert fold.stored == [{}, {}]


def test_a_policy_starts_a_process_and_its_failure_parks_the_policy() -> None:
    class After(Process[Nothing]):
        name = "after"
        state = Nothing
        schedules = (DAY,)
        emits = (Counted,)

        @starts_on(RevocationWasAccepted)
        def accepted(self, now: Moment[Nothing], fact: RevocationWasAccepted) -> Effects:
            if now.key == "bad":
                raise RuntimeError("no")
            return [Emit(Counted(now.key, "after", now.count(DAY), 0))]

    story = told([NewOrder("a"), NewOrder("bad")], chained(Echo(0), After()))
    story.taken()
    assert story.days(1, 1).taken() == [RevocationWasAccepted("a", 0), Counted("a", "after", 0, 0)]
    [letter] = story.letters
    assert letter.startswith("policy 'chase' failed for b'bad' at day.utc#1: RuntimeError: no (")
    assert story.restored().fold.books[0].get(b"bad") is not None


def test_an_event_with_a_key_of_its_own_goes_elsewhere_and_is_not_heard() -> None:
    class Sends(Echo):
        @starts_on(NewOrder)
        def started(self, now: Moment[Nothing], fact: NewOrder) -> Effects:
            return [Emit(Counted(now.key, "echo", 0, 0), key="b")]

    fold = told([NewOrder("a")], chained(Sends(3)))
    assert fold.taken() == [Counted("a", "echo", 0, 0)]


# --- wake-ups that fail ----------------------------------------------------------------------------------------------


class Fragile(Counting):
    """Fails while it is told to."""

    broken = True

    @wakes("due")
    def due(self, now: Moment[Nothing]) -> Effects:
        if type(self).broken:
            raise RuntimeError("broken")
        return [Emit(Counted(now.key, "due", now.count(DAY), 0)), Wake("due", 2, DAY)]


def resume(fold: Told, unit: str, aggregate: str, wake_up: str, day: float) -> None:
    asked = WAKE_UP_RESUMED.encode(WakeUpResumed(unit, aggregate, wake_up))
    fold.record(aggregate.encode(), asked, day, fold.app.requests)


def test_a_wake_up_that_fails_is_parked_and_resumed_fires_on_the_next_tick_of_any_schedule() -> None:
    Fragile.broken = True
    fold = told([NewOrder("a", 2)], orders(Fragile())).days(1, 3)
    [letter] = fold.letters
    assert letter.startswith("process 'counting' failed for b'a' at day.utc#2: RuntimeError: broken (")
    assert fold.restored().fold.books[0].open == 0
    resume(fold, "counting", "a", "other", 3.1)
    resume(fold, "counting", "b", "due", 3.1)
    assert fold.fold.books[0].open == 0
    Fragile.broken = False
    resume(fold, "counting", "a", "due", 3.2)
    fold = fold.restored()
    assert fold.tick(3.5, "minute.utc").taken() == [Counted("a", "due", 3, 0)]
    assert fold.days(4, 5).taken() == [Counted("a", "due", 5, 0)]
    resume(fold, "countng", "a", "due", 5.5)
    assert "the app has no policy, process or report 'countng'; it has counting" in fold.letters[0]


def test_a_parked_policy_is_resumed_too() -> None:
    broken = [True]

    def emit(case: object) -> RevocationWasAccepted:
        if broken[0]:
            raise RuntimeError("broken")
        return RevocationWasAccepted("a", 1)

    policy = Policy(name="p", starts_on=NewOrder, after=1, of=DAY, emits=RevocationWasAccepted, event=emit)
    fold = told([NewOrder("a")], orders(policies=[policy])).days(1, 5)
    assert len(fold.letters) == 1
    broken[0] = False
    resume(fold, "p", "a", "due", 5.5)
    assert fold.restored().tick(5.6, "minute.utc").taken() == [RevocationWasAccepted("a", 1)]


def test_on_error_skip_forgets_the_wake_up_and_keeps_the_rest() -> None:
    Fragile.broken = True
    app = replace(orders(Fragile()), on_error="skip")
    fold = told([NewOrder("a", 1), PartsWereDelivered("a")], app).days(1, 2)
    assert fold.restored().fold.books[0].open == 1
    assert fold.tick(7, "week.utc").taken() == [Counted("a", "week", 2, 1)]


# --- versions --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class OrderOfOld:
    pieces: int = 0


@dataclass(frozen=True)
class OrderOfThen:
    parts: int = 0


def test_an_older_state_is_upgraded_step_by_step_and_an_unknown_one_is_refused_at_the_restore() -> None:
    def of_version(version: Any, ways: dict[type[Any], Callable[[Any], Any]]) -> App:
        class Versioned(Ordering):
            state = version
            upgrades = ways

            @starts_on(NewOrder)
            def ordered(self, now: Moment[Any], fact: NewOrder) -> Effects:
                return [Remember(version(fact.parts)), Wake("chase", 5, "workday.nl")]

        return orders(Versioned())

    old = told([NewOrder("a", 7)], of_version(OrderOfOld, {}))
    ways: dict[type[Any], Callable[[Any], Any]] = {
        OrderOfOld: lambda old: OrderOfThen(old.pieces * 2),
        OrderOfThen: lambda then: Order(then.parts, 10),
    }
    new = Told(of_version(Order, ways), old.history, old)
    for day in range(1, 6):
        new.tick(day, "workday.nl")
    assert new.taken() == [DeliveryWasChased("a", 11)]
    assert event_codec(Order).encode(Order(14, 11)) in new.stored[0][b"a"]
    with pytest.raises(
        ProcessorError, match=r"process 'ordering': the state of b'a' is of another version: .*`upgrades`"
    ):
        Told(of_version(Order, {}), old.history, old)


def test_a_state_of_another_kind_of_unit_is_refused_by_name() -> None:
    policy = Policy(
        name="ordering", starts_on=NewOrder, after=1, of=DAY, emits=RevocationWasAccepted,
        event=lambda case: RevocationWasAccepted(case.key, 1),
    )  # fmt: skip
    was_policy = told([NewOrder("a")], orders(policies=[policy], processes=[]))
    with pytest.raises(ProcessorError, match="state of 'ordering' was written by another kind of unit"):
        Told(orders(), was_policy.history, was_policy)
    was_process = told([NewOrder("a")])
    with pytest.raises(ProcessorError, match="give it another name"):
        Told(orders(policies=[policy], processes=[]), was_process.history, was_process)
