"""A changed schedule: what contradicts its published ticks is refused before anything is written under it."""

from dataclasses import replace

import pytest
import structlog

from passage_clock.errors import PlanError
from passage_clock.rules.periods import Every
from passage_clock.schedules import Schedule, periodic
from passage_schemas.instant import Instant
from passage_schemas.records import SCHEDULE_ENTRY
from tests.clock.world import DAY, EDITION, MIDNIGHT, SCHEDULES, Candidate, World, whole

DAYS = periodic("day", "day", "UTC", starts_at=Instant(MIDNIGHT - 3 * DAY))
MOVED = periodic("day", "day", "Europe/Amsterdam", starts_at=Instant(MIDNIGHT - 3 * DAY))
HOURS = periodic("hour", "hour", "UTC", starts_at=Instant(MIDNIGHT - DAY))


def published(*schedules: Schedule) -> World:
    """A world in which these have their ticks, and nobody leads."""
    world = World()
    leader = world.candidate("before", *schedules)
    world.run(leader)
    assert world.ticks()
    world.kill(leader)
    return world


def changed(world: World, *schedules: Schedule) -> Candidate:
    return world.candidate("after", *schedules, edition=replace(EDITION, generation=2))


def test_a_change_that_contradicts_published_ticks_is_refused_with_both_ways_out() -> None:
    world = published(DAYS)
    before = (world.records(SCHEDULES), len(world.ticks()))
    with pytest.raises(PlanError, match=r"^day: its changed definition contradicts 3 ticks .*: 2026-08-31") as refused:
        world.run(changed(world, MOVED))

    assert (world.records(SCHEDULES), len(world.ticks())) == before
    assert "on_change: keep" in str(refused.value)
    assert "new name" in str(refused.value)


def test_everything_that_is_contradicted_is_said_at_once() -> None:
    world = published(DAYS, HOURS)
    half_hours = replace(HOURS, rule=Every("30 minutes", "UTC"))
    with pytest.raises(PlanError) as refused:
        world.run(changed(world, MOVED, half_hours))

    assert [line.partition(":")[0] for line in str(refused.value).splitlines()] == ["day", "hour"]


def test_who_was_refused_leaves_the_way_free_for_the_replica_that_is_as_before() -> None:
    world = published(DAYS)
    refused, old = changed(world, MOVED), world.candidate("old", DAYS)
    with pytest.raises(PlanError):
        world.run(refused)
    refused.clock.close()
    world.run(old, seconds=86_400, stride=3_600)

    assert old.leads
    assert world.ordinals("day") == [1, 2, 3, 4]


def test_with_keep_the_past_stays_and_only_the_future_changes() -> None:
    world = published(DAYS)
    past = world.ticks()
    leader = changed(world, replace(MOVED, on_change="keep"))
    world.run(leader, seconds=86_400, stride=3_600)

    ticks = world.ticks()
    assert ticks[: len(past)] == past
    assert [(tick.ordinal, tick.zone, tick.period) for tick in ticks[len(past) :]] == [
        (4, "Europe/Amsterdam", "2026-09-01")
    ]
    assert world.entries()[-1].next_at == ticks[-1].ends_at


def test_a_change_that_agrees_with_the_past_is_no_contradiction() -> None:
    world = published(DAYS)
    leader = changed(world, replace(DAYS, event="DayIsOver", misfire="coalesce"))
    world.run(leader, seconds=86_400, stride=3_600)

    assert [tick.event for tick in world.ticks()][-2:] == ["DayHasPassed", "DayIsOver"]


def test_a_definition_of_another_release_is_refused_unless_the_past_is_kept() -> None:
    world = published(DAYS)
    (entry,) = world.entries()
    foreign = replace(entry, definition="?", definition_text='{"every":"olympiad","zone":"UTC"}')
    appender = world.log.appender()
    appender.append(SCHEDULES, b"day", SCHEDULE_ENTRY.encode(foreign), 1)
    appender.flush()

    with pytest.raises(PlanError, match=r"day: its definition on the log can't be read .*olympiad.*its 3 ticks; bring"):
        world.run(refused := changed(world, DAYS))
    refused.clock.close()
    leader = changed(world, replace(DAYS, on_change="keep"))
    world.run(leader, seconds=86_400, stride=3_600)
    assert world.ordinals("day") == [1, 2, 3, 4]


@pytest.mark.parametrize("text", ["", "not JSON", "[1]", "null", "{}"])
def test_a_definition_that_is_none_is_told_in_a_line(text: str) -> None:
    world = published(DAYS)
    (entry,) = world.entries()
    appender = world.log.appender()
    appender.append(SCHEDULES, b"day", SCHEDULE_ENTRY.encode(replace(entry, definition="?", definition_text=text)), 1)
    appender.flush()

    with pytest.raises(PlanError, match="can't be read by this release"):
        world.run(changed(world, DAYS))


def test_a_schedule_that_left_ends_with_a_notice_and_its_ticks_stay() -> None:
    world = published(DAYS, HOURS)
    past = world.ticks()
    with structlog.testing.capture_logs() as told:
        world.run(changed(world, HOURS), seconds=60)

    (notice,) = [line for line in told if line["event"] == "schedule_removed"]
    assert (notice["schedule"], notice["by"]) == ("day", "after")
    assert notice["reason"] == "not in the configuration of generation 2"
    assert world.ticks() == past
    assert whole(world.ticks()) == []
