"""A rollout hears of a replica that could not lead before the last good one is gone."""

from dataclasses import replace

import pytest
import structlog

from passage_clock.errors import PlanError
from passage_clock.leading.leadership import Stage
from passage_clock.leading.service import Clock
from passage_clock.monitoring.metrics import ClockMetrics
from passage_clock.records.control import StatusAsk
from passage_clock.schedules import periodic
from passage_schemas.instant import Instant
from passage_schemas.records import SCHEDULE_ENTRY
from tests.clock.world import (
    CONTROL,
    DAY,
    EDITION,
    MIDNIGHT,
    SCHEDULES,
    TICKS,
    Candidate,
    Stages,
    World,
    every_minute,
    every_second,
)

DAYS = periodic("day", "day", "UTC", starts_at=Instant(MIDNIGHT - 3 * DAY))
MOVED = replace(DAYS, rule=periodic("day", "day", "Europe/Amsterdam").rule)
NEXT = replace(EDITION, generation=2)


def measured(world: World, candidate: Candidate) -> tuple[Candidate, ClockMetrics]:
    """The same candidate, and its metrics."""
    metrics, config = ClockMetrics(world.true), candidate.clock._config
    edition = replace(EDITION, generation=config.generation)
    return Candidate(
        Clock(config, world.log, world.true, "measured", metrics, edition), candidate.wall, Stages()
    ), metrics


def test_a_standby_that_contradicts_published_ticks_ends_before_its_turn_comes() -> None:
    world = World(DAYS)
    leader = world.candidate("leader")
    world.run(leader, seconds=1)
    with pytest.raises(PlanError, match=r"^day: its changed definition contradicts 3 ticks"):
        world.run(world.candidate("after", MOVED, edition=NEXT))

    assert leader.leads


def test_it_is_judged_anew_when_the_schedules_topic_speaks() -> None:
    world = World(DAYS)
    leader, standby = world.candidate("leader"), world.candidate("standby")
    world.run(leader, standby, seconds=1)
    assert standby.stage is Stage.STANDING_BY
    foreign = replace(world.entries()[-1], definition="?", definition_text='{"every":"olympiad"}')
    appender = world.log.appender()
    appender.append(SCHEDULES, b"day", SCHEDULE_ENTRY.encode(foreign), 1)
    appender.flush()

    with pytest.raises(PlanError, match=r"^day: its definition on the log can't be read"):
        world.run(standby)


def test_an_older_standby_is_not_ready_and_says_what_it_lacks() -> None:
    world = World(DAYS)
    leader = world.candidate("leader", edition=NEXT)
    world.run(leader, seconds=1)
    older, metrics = measured(world, world.candidate("older", MOVED))
    world.run(leader, older, seconds=1)

    assert older.stage is Stage.STANDING_BY
    why_not = metrics.health.why_not_ready() or ""
    assert "configuration generation 2 leads, ours is 1" in why_not


def test_a_standby_is_no_longer_ready_once_a_newer_one_led() -> None:
    world = World(DAYS)
    leader = world.candidate("leader")
    world.run(leader, seconds=1)
    older, metrics = measured(world, world.candidate("older"))
    world.run(leader, older, seconds=1)
    assert metrics.health.why_not_ready() is None

    newer = replace(world.entries()[-1], tzdata="2999z")
    appender = world.log.appender()
    appender.append(SCHEDULES, b"day", SCHEDULE_ENTRY.encode(newer), 1)
    appender.flush()
    world.run(older)
    assert "tzdata 2999z leads, ours is 2026b" in (metrics.health.why_not_ready() or "")


def test_only_a_resignation_that_is_news_is_told() -> None:
    world = World(every_minute())
    for name in ("first", "second"):
        past = world.candidate(name)
        world.run(past, seconds=1)
        past.clock.stop()
    leader = world.candidate("third")
    with structlog.testing.capture_logs() as told:
        world.run(leader, seconds=1)
        standby = world.candidate("standby")
        world.run(leader, standby, seconds=1)
        leader.clock.stop()
        world.run(standby)

    assert [line["by"] for line in told if line["event"] == "leader_resigned"] == ["third"]


def test_a_foreign_key_is_told_by_its_beginning() -> None:
    world = World(every_minute())
    appender = world.log.appender()
    for place in (TICKS, CONTROL):
        appender.append(place, b"\xff" * 1_000, b"?", 1)
        appender.append(place, b"k" * 1_000, b"?", 1)
    appender.flush()
    with structlog.testing.capture_logs() as told:
        world.run(world.candidate())

    keys = [line["key"] for line in told if line["event"] == "foreign_record_ignored"]
    reasons = [line["reason"] for line in told if line["event"] == "ask_ignored"]
    assert [len(key) for key in keys] == [100, 100]
    assert [len(reason) < 250 for reason in reasons] == [True, True]


def test_a_leader_with_a_wrong_wall_records_nothing_by_it() -> None:
    world = World(every_second())
    leader = world.candidate()
    world.run(leader, seconds=5)
    before = len(world.records(SCHEDULES))
    leader.wall.ahead_seconds = 600.0
    asked = StatusAsk("second.utc", "paused", "kim", "stocktaking")
    appender = world.log.appender()
    appender.append(CONTROL, asked.key, asked.encode(), 1)
    appender.flush()
    world.run(leader)
    assert (leader.stage, len(world.records(SCHEDULES))) == (Stage.HELD, before)

    leader.wall.ahead_seconds = 0.0
    world.run(leader, seconds=10)
    assert world.entries()[-1].status == "paused"
