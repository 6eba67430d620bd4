"""The plan: what is due, in which order, and that neither a restart nor the size of a batch can change it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from itertools import islice, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passage_clock.calendars import national
from passage_clock.civil import DAY, HOUR, MINUTE, instant_of_civil
from passage_clock.errors import PlanError
from passage_clock.planning.plan import LastTick, Plan, Planned
from passage_clock.schedules import Schedule, periodic
from passage_schemas.instant import Instant

ZONE = "Europe/Amsterdam"


def at(year: int, month: int, day: int) -> Instant:
    return instant_of_civil(date(year, month, day), ZONE)


AUTUMN = at(2026, 10, 20)  # five days before the clocks go back

EACH_DAY = periodic("day.amsterdam", "day", ZONE, starts_at=AUTUMN)
EACH_HOUR = periodic("hour.amsterdam", "hour", ZONE, starts_at=AUTUMN)
EACH_WORKDAY = periodic("workday.nl", "workday", ZONE, calendar=national("NL"), starts_at=AUTUMN)
EACH_WEEK = periodic("week.tokyo", "week", "Asia/Tokyo", starts_at=Instant(AUTUMN - 30 * DAY))
ALL = (EACH_DAY, EACH_HOUR, EACH_WORKDAY, EACH_WEEK)


def everything(plan: Plan, now: Instant) -> list[Planned]:
    return plan.due(now, 1_000_000)


def last_ticks(published: Sequence[Planned]) -> dict[str, LastTick]:
    """What a new leader would read from the log."""
    return {
        one.schedule.name: LastTick(one.ordinal, one.occurrence.period, one.occurrence.ends_at, b"digest")
        for one in published
    }


def labels(published: Sequence[Planned]) -> list[str]:
    return [f"{one.schedule.name} {one.occurrence.period}" for one in published]


def test_nothing_is_due_before_its_period_has_ended() -> None:
    plan = Plan([EACH_DAY], {}, {})

    assert plan.wake_at() == AUTUMN + DAY
    assert plan.due(Instant(AUTUMN + DAY - 1), 10) == []
    assert labels(plan.due(Instant(AUTUMN + DAY), 10)) == ["day.amsterdam 2026-10-20"]
    assert plan.wake_at() == AUTUMN + 2 * DAY


def test_a_late_look_finds_all_that_was_missed_in_order_with_its_ordinals_and_promises() -> None:
    found = everything(Plan([EACH_DAY], {}, {}), Instant(AUTUMN + 20 * DAY))

    assert [one.ordinal for one in found] == list(range(1, len(found) + 1))
    assert found[0].occurrence.period == "2026-10-20"
    assert found[-1].occurrence.period == "2026-11-07"  # the day in between that had 25 hours costs no tick
    assert all(one.next_at == other.occurrence.ends_at for one, other in pairwise(found))


def test_a_catch_up_has_one_order_over_all_schedules() -> None:
    found = everything(Plan(ALL, {}, {}), Instant(AUTUMN + 40 * DAY))

    order = [(one.occurrence.ends_at, one.schedule.name) for one in found]
    assert order == sorted(order)
    assert {one.schedule.name for one in found} == {schedule.name for schedule in ALL}


def test_a_clock_that_was_down_catches_up_in_that_order_too() -> None:
    before = everything(Plan(ALL, {}, {}), Instant(AUTUMN + 3 * DAY + 5 * HOUR))
    plan = Plan(ALL, last_ticks(before), {})

    assert plan.backfilling() == ()
    order = [(one.occurrence.ends_at, one.schedule.name) for one in everything(plan, Instant(AUTUMN + 30 * DAY))]
    assert order == sorted(order)


def test_a_leader_that_dies_between_two_ticks_of_one_instant_leaves_the_other_to_be_first() -> None:
    schedules = [EACH_HOUR, periodic("hour.berlin", "hour", "Europe/Berlin", starts_at=EACH_HOUR.starts_at)]
    published = Plan(schedules, {}, {}).due(Instant(AUTUMN + 2 * HOUR), 3)
    plan = Plan(schedules, last_ticks(published), {})

    assert published[-1].schedule.name == "hour.amsterdam"
    assert labels(plan.due(Instant(AUTUMN + 3 * HOUR), 2)) == [
        "hour.berlin 2026-10-20T01:00+02:00",
        "hour.amsterdam 2026-10-20T02:00+02:00",
    ]


def test_the_past_of_a_new_schedule_stays_behind_whatever_is_due_now() -> None:
    published = everything(Plan([EACH_HOUR], {}, {}), Instant(AUTUMN + 10 * HOUR))
    added = replace(EACH_DAY, name="added", starts_at=at(2026, 9, 1))
    plan = Plan([EACH_HOUR, added], last_ticks(published), {})

    assert plan.backfilling() == ("added",)
    first = plan.due(Instant(AUTUMN + 12 * HOUR), 4)
    assert labels(first) == [
        "hour.amsterdam 2026-10-20T10:00+02:00",
        "hour.amsterdam 2026-10-20T11:00+02:00",
        "added 2026-09-01",
        "added 2026-09-02",
    ]
    # An hour later the present goes first again, then the backfill goes on where it was.
    assert labels(plan.due(Instant(AUTUMN + 13 * HOUR), 2)) == [
        "hour.amsterdam 2026-10-20T12:00+02:00",
        "added 2026-09-03",
    ]


def test_a_backfill_that_has_caught_up_is_live() -> None:
    published = everything(Plan([EACH_HOUR], {}, {}), Instant(AUTUMN + 10 * HOUR))
    added = replace(EACH_DAY, name="added", starts_at=at(2026, 10, 17))
    plan = Plan([EACH_HOUR, added], last_ticks(published), {})
    everything(plan, Instant(AUTUMN + 11 * HOUR))

    assert plan.backfilling() == ()
    assert labels(everything(plan, Instant(AUTUMN + 25 * HOUR)))[-3:] == [
        "added 2026-10-20",
        "hour.amsterdam 2026-10-20T23:00+02:00",
        "hour.amsterdam 2026-10-21T00:00+02:00",
    ]


def test_without_a_start_it_starts_where_it_was_first_promised_however_late_the_leader_is() -> None:
    schedule = periodic("day.amsterdam", "day", ZONE)
    plan = Plan([schedule], {}, {"day.amsterdam": Instant(AUTUMN + DAY)})

    assert plan.promises() == {"day.amsterdam": AUTUMN + DAY}
    assert labels(plan.due(Instant(AUTUMN + 90 * DAY), 2)) == ["day.amsterdam 2026-10-20", "day.amsterdam 2026-10-21"]


def test_a_schedule_that_has_nowhere_to_start_is_refused() -> None:
    with pytest.raises(PlanError, match=r"day\.amsterdam: no tick, no starts_at and no recorded promise"):
        Plan([periodic("day.amsterdam", "day", ZONE)], {}, {})


def test_where_the_holidays_end_the_schedule_stops_and_promises_nothing() -> None:
    schedule = replace(EACH_WORKDAY, starts_at=at(2100, 12, 30))
    plan = Plan([schedule], {}, {})
    found = everything(plan, at(2101, 6, 1))

    assert labels(found) == ["workday.nl 2100-12-30", "workday.nl 2100-12-31"]
    assert [one.next_at for one in found] == [found[1].occurrence.ends_at, None]
    assert plan.promises() == {"workday.nl": None}
    assert plan.wake_at() is None


@pytest.mark.parametrize(
    ("changed", "last_period", "last_end"),
    [
        (periodic("x", "day", "Pacific/Honolulu"), "2026-10-20", at(2026, 10, 21)),  # the same label again
        (periodic("x", "day", "Pacific/Honolulu"), "2026-10-21", at(2026, 10, 21)),  # one from before
        (periodic("x", "week", "America/New_York"), "2026-W42", at(2026, 10, 19)),
        (periodic("x", "month", "America/New_York"), "2026-10", at(2026, 11, 1)),
        (periodic("x", "year", "America/New_York"), "2026", at(2027, 1, 1)),
    ],
)
def test_a_schedule_moved_west_may_not_repeat_a_label(changed: Schedule, last_period: str, last_end: Instant) -> None:
    with pytest.raises(PlanError, match=f"its tick 7 was {last_period} already"):
        Plan([changed], {"x": LastTick(7, last_period, last_end, b"")}, {})


@pytest.mark.parametrize(
    ("changed", "last_period", "last_end", "continues_with"),
    [
        (periodic("x", "day", "Asia/Tokyo"), "2026-10-20", at(2026, 10, 21), "2026-10-21"),
        (periodic("x", "month", ZONE), "2026-10-20", at(2026, 10, 21), "2026-10"),
        (periodic("x", "month", ZONE), "2026-Q3", at(2026, 10, 1), "2026-10"),
        (periodic("x", "hour", "UTC"), "2026-10-20T23:00+02:00", at(2026, 10, 21), "2026-10-20T22:00+00:00"),
        (
            periodic("x", "day", "Pacific/Honolulu", starts_at=at(2026, 10, 22)),
            "2026-10-20",
            at(2026, 10, 21),
            "2026-10-22",
        ),
    ],
)
def test_a_changed_schedule_goes_on_after_its_last_tick(
    changed: Schedule, last_period: str, last_end: Instant, continues_with: str
) -> None:
    plan = Plan([changed], {"x": LastTick(7, last_period, last_end, b"")}, {})
    (found,) = plan.due(Instant(last_end + 60 * DAY), 1)

    assert (found.ordinal, found.occurrence.period) == (8, continues_with)
    assert found.occurrence.ends_at > last_end


def test_a_name_is_planned_once() -> None:
    with pytest.raises(PlanError, match=r"day\.amsterdam: planned twice"):
        Plan([EACH_DAY, EACH_DAY], {}, {})


moments = st.integers(0, 60 * 24 * 40).map(lambda minutes: Instant(AUTUMN + minutes * MINUTE))


@given(now=moments, limits=st.lists(st.integers(0, 50)))
@settings(max_examples=60)
def test_the_size_of_a_batch_changes_nothing(now: Instant, limits: list[int]) -> None:
    published = everything(Plan([EACH_HOUR], {}, {}), Instant(AUTUMN + 7 * DAY))
    whole = everything(Plan(ALL, last_ticks(published), {}), now)
    plan = Plan(ALL, last_ticks(published), {})

    pieces = [one for limit in limits for one in plan.due(now, limit)]

    assert pieces + everything(plan, now) == whole


@given(looks=st.lists(st.tuples(moments, st.integers(0, 200)), max_size=12), dies_after=st.integers(0, 12))
@settings(max_examples=100)
def test_a_plan_made_anew_from_the_log_goes_on_as_the_old_one_would(
    looks: list[tuple[Instant, int]], dies_after: int
) -> None:
    added = replace(EACH_DAY, name="added", starts_at=at(2026, 8, 1))
    published = everything(Plan([EACH_HOUR], {}, {}), Instant(AUTUMN + 2 * DAY))
    plan = Plan([*ALL, added], last_ticks(published), {})
    log = [*published]
    for now, limit in looks[:dies_after]:
        log += plan.due(now, limit)
    successor = Plan([*ALL, added], last_ticks(log), {})

    assert successor.promises() == plan.promises()
    assert successor.wake_at() == plan.wake_at()
    assert successor.backfilling() == plan.backfilling()
    for now, limit in looks[dies_after:]:
        assert successor.due(now, limit) == plan.due(now, limit)


@given(looks=st.lists(st.tuples(moments, st.integers(0, 100)), max_size=12))
@settings(max_examples=100)
def test_each_schedule_gets_its_own_occurrences_and_no_others_however_one_looks(
    looks: list[tuple[Instant, int]],
) -> None:
    plan = Plan(ALL, {}, {})
    found = [one for now, limit in looks for one in plan.due(now, limit)]

    for schedule in ALL:
        own = [one for one in found if one.schedule is schedule]
        assert [one.occurrence for one in own] == list(islice(schedule.occurrences(None), len(own)))
        assert [one.ordinal for one in own] == list(range(1, len(own) + 1))
