"""Who may publish, as a table: every stage against everything that can happen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passage_clock.leading.leadership import (
    ACTING,
    FENCED_WAIT_SECONDS,
    LONGEST_BACKOFF_SECONDS,
    OFFICE,
    OUTSIDE,
    SETTLED_SECONDS,
    TRANSITIONS,
    Cause,
    Leadership,
    Stage,
)

NOW = 100.0


def leadership_after(*inputs: Cause, now: float = NOW) -> Leadership:
    state = Leadership()
    for happened in inputs:
        state = state.after(happened, now, term=7 if happened is Cause.MARKED else None)
    return state


TO_OFFICE = (Cause.ASSIGNED, Cause.OPENED, Cause.MARKED, Cause.CAUGHT_UP, Cause.SETTLED)


def test_office_is_taken_in_four_steps_and_in_no_other_order() -> None:
    stages = [leadership_after(*TO_OFFICE[: steps + 1]).stage for steps in range(len(TO_OFFICE))]

    assert stages == [Stage.OPENING, Stage.MARKING, Stage.READING, Stage.SETTLING, Stage.IN_OFFICE]


def test_only_a_leader_in_office_may_publish() -> None:
    reached = {stage: Leadership(stage=stage).may_publish for stage in Stage}

    assert [stage for stage, may in reached.items() if may] == [Stage.IN_OFFICE]


def test_the_term_is_the_barriers_and_ends_with_the_office() -> None:
    in_office = leadership_after(*TO_OFFICE)

    assert in_office.term == 7
    for ending in (Cause.REVOKED, Cause.FENCED, Cause.FAILED, Cause.STOP):
        assert in_office.after(ending, NOW).term is None


def test_whatever_ends_an_office_the_way_back_begins_with_a_new_writer_and_a_new_barrier() -> None:
    """The rule behind the safety argument: into office only through OPENING, MARKING and READING, in a row."""
    ways_in = {(stage, happened) for (stage, happened), to in TRANSITIONS.items() if to in OFFICE - {Stage.OPENING}}

    assert ways_in == {
        (Stage.OPENING, Cause.OPENED),
        (Stage.MARKING, Cause.MARKED),
        (Stage.READING, Cause.CAUGHT_UP),
        (Stage.SETTLING, Cause.SETTLED),
        (Stage.SETTLING, Cause.AHEAD),
        (Stage.IN_OFFICE, Cause.AHEAD),
        (Stage.HELD, Cause.WAITED),
        # Who is in office already, acting, and is now assigned too.
        *((stage, Cause.ASSIGNED) for stage in OFFICE - {Stage.OPENING}),
    }


@pytest.mark.parametrize("stage", sorted(OFFICE, key=str))
@pytest.mark.parametrize(
    ("happened", "to"),
    [
        (Cause.REVOKED, Stage.STANDING_BY),
        (Cause.FENCED, Stage.FENCED),
        (Cause.FAILED, Stage.BACKING_OFF),
        (Cause.STOP, Stage.STOPPED),
    ],
)
def test_every_step_of_office_can_be_lost(stage: Stage, happened: Cause, to: Stage) -> None:
    assert Leadership(stage=stage).after(happened, NOW).stage is to


def test_what_is_not_in_the_table_is_a_bug_and_stops_the_clock() -> None:
    impossible = [(stage, happened) for stage in Stage for happened in Cause if (stage, happened) not in TRANSITIONS]

    assert (Stage.STANDING_BY, Cause.SETTLED) in impossible
    for stage, happened in impossible:
        with pytest.raises(AssertionError):
            Leadership(stage=stage).after(happened, NOW, term=7 if happened is Cause.MARKED else None)


def test_a_barrier_without_a_term_is_a_bug() -> None:
    with pytest.raises(AssertionError, match="term"):
        leadership_after(Cause.ASSIGNED, Cause.OPENED).after(Cause.MARKED, NOW)


def test_failures_in_a_row_wait_longer_and_longer_but_not_for_ever() -> None:
    state, waits = leadership_after(Cause.ASSIGNED), []
    for _ in range(40):
        state = state.after(Cause.FAILED, NOW)
        waits.append(state.until - NOW)
        state = state.after(Cause.WAITED, state.until)

    assert waits[:4] == pytest.approx([0.1, 0.2, 0.4, 0.8])
    assert waits == sorted(waits)
    assert waits[-1] == LONGEST_BACKOFF_SECONDS


def test_a_failure_after_a_long_time_in_office_is_the_first_one_again() -> None:
    state = leadership_after(Cause.ASSIGNED, Cause.FAILED, Cause.WAITED, *TO_OFFICE[1:])

    assert state.after(Cause.FAILED, NOW + 1).failures == 2
    assert state.after(Cause.FAILED, NOW + SETTLED_SECONDS).failures == 1


def test_a_fenced_leader_leaves_the_group_and_comes_back_as_a_standby_after_a_while() -> None:
    fenced = leadership_after(*TO_OFFICE, Cause.FENCED)

    assert fenced.stage in OUTSIDE
    assert not fenced.waited(NOW + FENCED_WAIT_SECONDS - 1)
    assert fenced.waited(NOW + FENCED_WAIT_SECONDS)
    assert fenced.after(Cause.WAITED, NOW + FENCED_WAIT_SECONDS).stage is Stage.STANDING_BY


@pytest.mark.parametrize("sign", sorted(ACTING, key=str))
def test_who_takes_office_unasked_acts_until_the_group_agrees(sign: Cause) -> None:
    acting = leadership_after(sign, *TO_OFFICE[1:])
    agreed = acting.after(Cause.ASSIGNED, NOW + 7)

    assert acting.may_publish
    assert (acting.is_acting, agreed.is_acting) == (True, False)
    assert (agreed.stage, agreed.term, agreed.since) == (acting.stage, acting.term, acting.since)


def test_who_acts_takes_every_step_of_office_too() -> None:
    """Acting is no short cut past the fence and the barrier."""
    stages = [leadership_after(Cause.OVERDUE, *TO_OFFICE[1 : steps + 1]).stage for steps in range(len(TO_OFFICE))]

    assert stages == [Stage.OPENING, Stage.MARKING, Stage.READING, Stage.SETTLING, Stage.IN_OFFICE]


@pytest.mark.parametrize("ending", [Cause.FENCED, Cause.FAILED, Cause.REVOKED, Cause.STOP])
def test_an_acting_office_leaves_nothing_behind(ending: Cause) -> None:
    assert not leadership_after(Cause.VACATED, *TO_OFFICE[1:], ending).is_acting


def test_a_clock_that_runs_ahead_holds_its_office_and_settles_again() -> None:
    held = leadership_after(*TO_OFFICE, Cause.AHEAD)

    assert held.stage is Stage.HELD
    assert held.owns_writer
    assert held.term == 7
    assert held.after(Cause.WAITED, NOW).stage is Stage.SETTLING


@given(st.lists(st.tuples(st.sampled_from(Cause), st.floats(0, 100)), max_size=60))
def test_no_history_leads_to_publishing_without_a_term(history: list[tuple[Cause, float]]) -> None:
    state, now = Leadership(), 0.0
    for happened, seconds in history:
        now += seconds
        if (state.stage, happened) in TRANSITIONS:
            state = state.after(happened, now, term=7 if happened is Cause.MARKED else None)
        assert not state.may_publish or state.term == 7
        assert state.owns_writer or state.term is None
