"""A schedule whose time of day changes loses no tick and gives none twice, whoever leads before, between and after."""

import json
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from passage_clock.config import schedule_of_definition
from passage_clock.errors import PlanError
from passage_clock.records.clock_state import ClockState
from passage_clock.records.entries import first_instants
from passage_clock.schedules import Schedule
from passage_schemas.instant import Instant, datetime_of
from tests.clock.world import EDITION, ENTRY, Candidate, World

CHANGED = replace(EDITION, generation=2)
FOUR_DAYS = 4 * 86_400
DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


def at(text: str) -> Instant:
    """In UTC; 2026-11-23 is a Monday."""
    return Instant(round(datetime.fromisoformat(f"2026-11-{text}+00:00").timestamp()) * 1_000_000)


def saying(**words: Any) -> Schedule:
    return schedule_of_definition("x", json.dumps({"zone": "UTC", **words}))


def mondays(time: str, **words: Any) -> Schedule:
    return saying(on={"weekday": "monday"}, at=time, **words)


def nightly(cron: str) -> Schedule:
    return saying(cron=cron, starts_at="2026-11-20T00:00:00+00:00")


def workdays(time: str) -> Schedule:
    return saying(every="workday", calendar="NL", at=time)


def evenings(time: str) -> Schedule:
    """With a grace longer than the strides in which this world's time passes."""
    return saying(on={"weekday": DAYS}, at=time, misfire="skip", misfire_grace_seconds=7_200)


def told(world: World) -> list[tuple[int, str]]:
    return [(tick.ordinal, datetime_of(tick.ends_at).strftime("%d %H:%M")) for tick in world.ticks()]


def left_by(schedule: Schedule, begins: str, changes: str) -> World:
    """A world in which this one led from and until, and nobody does."""
    world = World(now=at(begins))
    before = world.candidate("before", schedule)
    world.run(before, seconds=60, stride=60)
    world.run(before, seconds=(at(changes) - world.true.now()) / 1_000_000, stride=3_600)
    world.kill(before)
    return world


def changed(world: World, schedule: Schedule, ahead_seconds: float = 0.0) -> Candidate:
    return world.candidate("after", schedule, edition=CHANGED, ahead_seconds=ahead_seconds)


def run_on(world: World, leader: Candidate, seconds: float = FOUR_DAYS) -> None:
    world.run(leader, seconds=seconds, stride=1_800)


def test_the_first_tick_may_come_earlier_than_it_was_promised() -> None:
    world = left_by(mondays("09:05"), "21T08:00", "21T09:00")
    run_on(world, changed(world, mondays("09:00")))

    assert told(world) == [(1, "23 09:00")]


def test_the_first_tick_may_come_earlier_where_the_late_ones_are_skipped() -> None:
    world = left_by(evenings("23:05"), "20T08:00", "20T09:00")
    run_on(world, changed(world, evenings("23:00")), 86_400)

    assert told(world) == [(1, "20 23:00")]


@pytest.mark.parametrize("time", ["08:59", "09:05", "09:07"])
def test_a_first_tick_that_was_missed_under_the_old_definition_comes_under_the_new_one(time: str) -> None:
    world = left_by(mondays("09:05"), "21T08:00", "21T09:00")
    world.true.advance((at("23T10:00") - world.true.now()) / 1_000_000)
    run_on(world, changed(world, mondays(time, event="MondayComes")), 3_600)

    assert told(world) == [(1, f"23 {time}")]


def test_a_promise_that_is_moved_to_an_instant_just_passed_is_kept_at_once() -> None:
    world = left_by(mondays("09:05"), "21T08:00", "23T09:02")
    run_on(world, changed(world, mondays("09:00")), 3_600)

    assert told(world) == [(1, "23 09:00")]


def test_what_nobody_promised_does_not_come_by_a_change() -> None:
    world = left_by(mondays("09:05"), "21T08:00", "22T09:00")
    run_on(world, changed(world, saying(on={"weekday": ["saturday", "monday"]}, at="07:00")))

    assert told(world) == [(1, "23 07:00")]


@pytest.mark.parametrize("misfire", ["publish_all", "skip"])
def test_other_data_may_bring_the_first_tick_forward(misfire: Any) -> None:
    schedule = replace(mondays("09:00"), misfire=misfire)
    promised = replace(
        ENTRY, definition=schedule.definition, definition_text=schedule.definition_text, next_at=at("23T10:00")
    )
    state = ClockState({}, 0, {"x": promised}, {})

    for tzdata, begins in (("2026b", "23T10:00"), ("2026c", "23T09:00")):
        edition = replace(EDITION, tzdata=tzdata)
        assert first_instants([schedule], state, edition, at("21T09:00")) == {"x": at(begins)}


def test_a_promise_of_a_release_we_cannot_read_is_no_floor_either() -> None:
    foreign = replace(ENTRY, definition="?", definition_text='{"every":"olympiad"}', next_at=at("23T09:05"))
    state = ClockState({}, 0, {"x": foreign}, {})

    assert first_instants([mondays("09:00")], state, EDITION, at("21T09:00")) == {"x": at("23T09:00")}


LATER = [
    (nightly("0 1 * * *"), nightly("0 2 * * *"), "20T00:30", "20T01:30", "20 01:00", "21 02:00"),
    (workdays("17:00"), workdays("17:30"), "20T16:00", "20T17:10", "20 17:00", "23 17:30"),
    (workdays("17:00"), workdays("17:30"), "20T16:00", "21T12:00", "20 17:00", "23 17:30"),
]


@pytest.mark.parametrize(("old", "new", "begins", "changes", "last", "following"), LATER)
def test_a_day_that_has_its_tick_keeps_it_when_the_time_moves_later(
    old: Schedule, new: Schedule, begins: str, changes: str, last: str, following: str
) -> None:
    world = left_by(old, begins, changes)
    leader = changed(world, replace(new, on_change="keep"))
    world.run(leader)
    assert datetime_of(world.entries()[-1].next_at or Instant(0)).strftime("%d %H:%M") == following

    while len(told(world)) < 2:
        run_on(world, leader, 3_600)
    assert told(world) == [(1, last), (2, following)]


@pytest.mark.parametrize(("old", "new", "begins", "changes", "last", "following"), LATER)
def test_without_keep_that_is_a_contradiction_and_says_where_the_tick_would_move(
    old: Schedule, new: Schedule, begins: str, changes: str, last: str, following: str
) -> None:
    world = left_by(old, begins, changes)
    with pytest.raises(PlanError) as refused:
        world.run(changed(world, new))

    said = f"would be at 2026-11-{last[:2]}T{following[3:]}:00+00:00; keep what was published by on_change: keep"
    assert said in str(refused.value)
    assert "new name" in str(refused.value)


@pytest.mark.parametrize("steps", range(1, 9))
@pytest.mark.parametrize(
    ("old", "new", "begins", "changes", "ticks"),
    [
        (mondays("09:05"), mondays("09:00"), "21T08:00", "23T08:59:59", [(1, "23 09:00")]),
        (mondays("09:05"), mondays("09:00"), "21T08:00", "23T09:00:01", [(1, "23 09:00")]),
        (mondays("09:05"), mondays("09:07"), "21T08:00", "23T09:04:59", [(1, "23 09:07")]),
        (
            nightly("0 1 * * *"),
            replace(nightly("0 2 * * *"), on_change="keep"),
            "20T00:30",
            "20T02:00",
            [(1, "20 01:00"), (2, "21 02:00")],
        ),
        (
            evenings("23:05"),
            replace(evenings("23:00"), on_change="keep"),
            "20T23:00",
            "21T07:00",
            [(1, "20 23:05"), (2, "21 23:00")],
        ),
    ],
)
def test_leaders_that_die_at_the_change_and_walls_behind_neither_lose_nor_double_a_tick(
    old: Schedule, new: Schedule, begins: str, changes: str, ticks: list[tuple[int, str]], steps: int
) -> None:
    world = left_by(old, begins, changes)
    dies = changed(world, new)
    world.run(dies, steps=steps)
    world.kill(dies)
    run_on(world, changed(world, new, ahead_seconds=-1.5), 86_400 + 3_600)

    assert told(world) == ticks
