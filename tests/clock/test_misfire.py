"""What becomes of occurrences that are late: each its tick, one tick for all, or none."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passage_clock.calendars import national
from passage_clock.civil import DAY, HOUR, MINUTE, SECOND, instant_of_civil
from passage_clock.errors import PlanError
from passage_clock.planning import plan as plans
from passage_clock.planning.plan import LastTick, Plan, Planned
from passage_clock.schedules import Misfire, Schedule, periodic
from passage_schemas.instant import Instant

START = instant_of_civil(date(2026, 10, 20), "UTC")


def hours(misfire: Misfire, name: str = "hour.utc", grace_seconds: float = 60.0) -> Schedule:
    schedule = periodic(name, "hour", "UTC", starts_at=START)
    return replace(schedule, misfire=misfire, misfire_grace_seconds=grace_seconds)


def after(hours_: float) -> Instant:
    return Instant(START + round(hours_ * HOUR))


def told(published: Sequence[Planned]) -> list[tuple[int, int, int]]:
    """(ordinal, the hour at which it ends, how many it stands for)"""
    return [(one.ordinal, (one.occurrence.ends_at - START) // HOUR, one.stands_for) for one in published]


def test_one_tick_the_last_stands_for_everything_that_was_missed() -> None:
    plan = Plan([hours("coalesce")], {}, {})

    assert told(plan.due(after(1), 10)) == [(1, 1, 1)]
    assert told(plan.due(after(7.5), 10)) == [(2, 7, 6)]
    assert plan.due(after(7.9), 10) == []
    assert told(plan.due(after(8), 10)) == [(3, 8, 1)]


def test_the_promise_of_a_missed_tick_stands_until_another_stands_for_it() -> None:
    plan = Plan([hours("coalesce")], {}, {})
    (first,) = plan.due(after(1), 10)

    assert first.next_at == after(2)
    assert plan.promises() == {"hour.utc": after(2)}
    assert plan.due(after(7.5), 0) == []
    assert plan.promises() == {"hour.utc": after(2)}
    assert plan.due(after(7.5), 1)[0].next_at == after(8)
    assert plan.moved() == {}


def test_what_is_later_than_the_grace_gets_no_tick_and_the_promise_moves() -> None:
    plan = Plan([hours("skip", grace_seconds=90 * 60)], {}, {})
    assert told(plan.due(after(1), 10)) == [(1, 1, 1)]

    assert told(plan.due(after(7.5), 10)) == [(2, 6, 1), (3, 7, 1)]
    assert plan.moved() == {"hour.utc": after(6)}
    assert plan.moved() == {}


def test_an_occurrence_as_late_as_the_grace_is_not_yet_too_late() -> None:
    for late, kept in ((60 * SECOND, 1), (60 * SECOND + 1, 0)):
        plan = Plan([hours("skip")], {}, {})
        assert len(plan.due(Instant(after(1) + late), 10)) == kept


def test_a_start_in_the_past_gives_every_tick_or_one_or_none() -> None:
    now = after(1000.25)
    every, one, none = (Plan([hours(misfire)], {}, {}) for misfire in ("publish_all", "coalesce", "skip"))

    assert len(every.due(now, 10_000)) == 1000
    assert told(one.due(now, 10_000)) == [(1, 1000, 1000)]
    assert none.due(now, 10_000) == []
    assert none.moved() == {"hour.utc": after(1001)}
    assert told(none.due(after(1001), 10_000)) == [(1, 1001, 1)]


def test_a_schedule_that_skips_to_the_end_of_its_data_promises_nothing() -> None:
    calendar = national("NL")
    start = instant_of_civil(date(calendar.last_year, 12, 1), "UTC")
    workdays = replace(periodic("w", "workday", "UTC", calendar=calendar, starts_at=start), misfire="skip")
    plan = Plan([workdays], {}, {})

    assert plan.due(Instant(start + 90 * DAY), 10) == []
    assert plan.moved() == {"w": None}
    assert plan.wake_at() is None


def test_a_successor_goes_on_from_the_promise_that_moved_though_its_wall_is_behind() -> None:
    plan = Plan([hours("skip")], {}, {})
    plan.due(Instant(after(3) + 61 * SECOND), 10)
    moved = plan.moved()
    successor = Plan([hours("skip")], {}, {"hour.utc": after(4)})

    assert moved == {"hour.utc": after(4)}
    assert successor.due(Instant(after(3) + 59 * SECOND), 10) == []
    assert told(successor.due(after(4), 10)) == [(1, 4, 1)]


def test_late_ones_take_their_place_in_the_order_by_the_tick_that_stands_for_them() -> None:
    schedules = [hours("coalesce", "one"), hours("publish_all", "every")]
    found = Plan(schedules, {}, {}).due(after(3.5), 10)

    assert [(one.schedule.name, (one.occurrence.ends_at - START) // HOUR) for one in found] == [
        ("every", 1),
        ("every", 2),
        ("every", 3),
        ("one", 3),
    ]


def test_counting_what_one_tick_stands_for_is_divided_among_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plans, "GATHERED_AT_ONCE", 400)
    plan = Plan([hours("coalesce")], {}, {})
    looks = 1
    while not (found := plan.due(after(1000), 10)):
        looks += 1
        assert plan.wake_at() is not None
        assert plan.promises() == {"hour.utc": after(1)}

    assert (looks, told(found)) == (3, [(1, 1000, 1000)])


def test_the_backfill_is_bounded_and_the_present_is_not() -> None:
    present = Plan([hours("publish_all", "present")], {}, {}).due(after(1000), 1000)
    last = {"present": LastTick(1000, present[-1].occurrence.period, after(1000), b"")}
    plan = Plan([hours("publish_all", "present"), hours("publish_all", "past")], last, {})
    found = plan.due(after(1010), 100, backfill_limit=3)

    assert [one.schedule.name for one in found] == ["present"] * 10 + ["past"] * 3
    assert plan.due(after(1010), 100, backfill_limit=0) == []
    assert plan.live_at() == after(1011)


def test_the_first_plan_of_all_may_take_the_past_for_backfill() -> None:
    minutes = periodic("minute", "minute", "UTC", starts_at=Instant(START + 2 * HOUR))
    plan = Plan([hours("publish_all"), minutes], {}, {}, front=after(2))

    found = plan.due(Instant(after(2) + MINUTE), 10)

    assert [one.schedule.name for one in found] == ["minute", "hour.utc", "hour.utc"]


@pytest.mark.parametrize("late", [0, 1, 17, 9_999])
def test_a_short_backlog_is_counted(late: int) -> None:
    plan = Plan([hours("publish_all"), hours("coalesce", "one"), hours("skip", "none")], {}, {})

    assert plan.backlog(after(late)) == late + (2 if late else 0)


def test_a_long_backlog_is_judged_by_its_first_occurrences() -> None:
    assert Plan([hours("publish_all")], {}, {}).backlog(after(500_000)) == 500_000


def test_all_schedules_that_cannot_go_on_are_named_at_once() -> None:
    nowhere = [periodic(name, "day", "UTC") for name in ("a", "b")]
    with pytest.raises(PlanError, match=r"(?s)^a: no tick.*\nb: no tick"):
        Plan([nowhere[0], hours("skip"), nowhere[1]], {}, {})


moments = st.integers(0, 60 * 24 * 6).map(lambda minutes: Instant(START + minutes * MINUTE))
looks = st.lists(st.tuples(moments, st.integers(0, 30)), max_size=10).map(sorted)

MIXED = (
    hours("coalesce", "coalesced"),
    hours("skip", "skipped", grace_seconds=3 * 3600.0),
    hours("publish_all", "each"),
    replace(periodic("day", "day", "Europe/Amsterdam", starts_at=Instant(START - 10 * DAY)), misfire="coalesce"),
    replace(periodic("past", "hour", "UTC", starts_at=Instant(START - DAY)), misfire="publish_all"),
)


class Log:
    """What a new leader finds: the last ticks, and the promises that moved after them."""

    def __init__(self) -> None:
        self.last: dict[str, LastTick] = {}
        self.promised: dict[str, Instant] = {}

    def take(self, plan: Plan, found: Sequence[Planned]) -> None:
        self.promised |= {name: at for name, at in plan.moved().items() if at is not None}
        for one in found:
            occurrence = one.occurrence
            self.last[one.schedule.name] = LastTick(one.ordinal, occurrence.period, occurrence.ends_at, b"")


@given(looks=looks, dies_after=st.integers(0, 10))
@settings(max_examples=150)
def test_a_plan_made_anew_judges_as_the_old_one_would(looks: list[tuple[Instant, int]], dies_after: int) -> None:
    log = Log()
    before = Plan(MIXED[2:3], {}, {})
    log.take(before, before.due(after(30), 100))
    plan = Plan(MIXED, log.last, {})
    for now, limit in looks[:dies_after]:
        log.take(plan, plan.due(now, limit))
    successor = Plan(MIXED, log.last, log.promised)

    assert successor.promises() == plan.promises()
    assert successor.wake_at() == plan.wake_at()
    assert successor.backfilling() == plan.backfilling()
    for now, limit in looks[dies_after:]:
        assert successor.due(now, limit) == plan.due(now, limit)
        assert successor.moved() == plan.moved()


@given(looks=looks)
@settings(max_examples=100)
def test_ordinals_are_dense_and_what_ticks_stand_for_adds_up(looks: list[tuple[Instant, int]]) -> None:
    plan = Plan(MIXED, {}, {})
    found = [one for now, limit in looks for one in plan.due(now, limit)]
    last = looks[-1][0] if looks else START
    found += plan.due(last, 10_000)

    for schedule in MIXED:
        own = [one for one in found if one.schedule is schedule]
        assert [one.ordinal for one in own] == list(range(1, len(own) + 1))
        ends = [one.occurrence.ends_at for one in own]
        assert ends == sorted(set(ends))
    for name in ("coalesced", "each"):
        assert sum(one.stands_for for one in found if one.schedule.name == name) == (last - START) // HOUR
    assert {one.stands_for for one in found if one.schedule.misfire != "coalesce"} <= {1}
