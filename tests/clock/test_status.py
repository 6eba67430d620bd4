"""How the clock is doing, read from the log alone."""

import json
from dataclasses import asdict, replace
from io import StringIO

import pytest
from rich.console import Console

from passage.cli.clock.status import page
from passage_clock.leading.leadership import Stage
from passage_clock.monitoring.status import SILENT_SECONDS, ClockStatus, Leader, status
from passage_clock.records.control import StatusAsk
from passage_schemas.instant import Instant
from passage_schemas.log_record import Partition
from tests.clock.world import (
    CONTROL,
    EDITION,
    MIDNIGHT,
    MINUTE,
    SCHEDULES,
    SECOND,
    TICKS,
    Candidate,
    World,
    every_minute,
    every_second,
)


def told(world: World, candidate: Candidate, most_look_back: int = 1_000_000) -> ClockStatus:
    return status(world.log, candidate.clock._config, world.true.now(), most_look_back)


def test_a_log_that_no_clock_has_seen_tells_of_nobody() -> None:
    world = World(every_minute())
    found = told(world, world.candidate())

    assert (found.leader, found.is_led, found.members, found.standbys, found.schedules) == (None, False, 0, 0, ())


def test_who_leads_since_when_and_who_stands_by() -> None:
    world = World(every_minute())
    leader, *standbys = (world.candidate(name) for name in ("leader", "one", "two"))
    world.run(leader, seconds=1)
    began_at = world.true.now()
    world.run(leader, *standbys, seconds=90)
    found = told(world, leader)

    assert found.leader is not None
    assert (found.leader.name, found.leader.term) == ("leader", leader.clock.leadership.term)
    assert found.leader.since_at is not None
    assert began_at - found.leader.since_at == SECOND
    assert found.leader.seen_at is not None
    assert 0 <= world.true.now() - found.leader.seen_at <= 30 * SECOND
    assert (found.is_led, found.members, found.standbys) == (True, 3, 2)


def test_a_leaders_skew_is_what_its_probe_and_the_broker_say() -> None:
    world = World(every_minute())
    leader = world.candidate(ahead_seconds=1.5)
    world.run(leader, seconds=10)

    assert told(world, leader).skew_seconds == 1.5


def test_each_schedules_last_tick_its_age_its_lateness_and_its_next() -> None:
    world = World(every_minute(), every_second())
    leader = world.candidate(ahead_seconds=-0.25)
    world.run(leader, seconds=150, stride=0.25)
    minute, second = told(world, leader).schedules

    assert minute.last is not None
    assert (minute.name, minute.last.ordinal, minute.next_at) == ("minute.utc", 3, MIDNIGHT + 3 * MINUTE)
    assert (minute.last.ends_at, minute.last.age_seconds) == (MIDNIGHT + 2 * MINUTE, 30.0)
    assert minute.last.lateness_seconds == 0.0
    assert second.last is not None
    assert second.next_at == second.last.ends_at + SECOND


def test_a_schedule_that_was_paused_or_removed_tells_by_whom_and_why() -> None:
    world = World(every_minute("kept"), every_minute("left"))
    first = world.candidate("first")
    world.run(first, seconds=60)
    world.kill(first)
    request = StatusAsk("kept", "paused", by="kim", reason="stocktaking")
    appender = world.log.appender()
    appender.append(CONTROL, request.key, request.encode(), 1)
    appender.flush()
    second = world.candidate("second", every_minute("kept"), edition=replace(EDITION, generation=2))
    world.run(second, seconds=300)
    kept, left = told(world, second).schedules

    assert (kept.status, kept.by, kept.reason, kept.overdue_seconds) == ("paused", "kim", "stocktaking", 0.0)
    assert (left.status, left.by) == ("removed", "second")
    assert left.next_at is None


def test_a_leader_that_is_gone_leaves_its_ticks_overdue() -> None:
    world = World(every_minute())
    leader = world.candidate("leader")
    world.run(leader, seconds=60)
    world.kill(leader)
    world.true.advance(300)
    found = told(world, leader)

    assert found.leader is not None
    assert not found.is_led
    assert [schedule.overdue_seconds for schedule in found.schedules] == [240.0]


def test_a_leader_that_resigned_is_told_as_the_last_one() -> None:
    world = World(every_minute())
    leader = world.candidate("leader")
    world.run(leader, seconds=60)
    term = leader.clock.leadership.term
    leader.clock.stop()
    found = told(world, leader)

    assert isinstance(found.leader, Leader)
    assert (found.leader.name, found.leader.term, found.leader.has_resigned) == ("leader", term, True)
    assert not found.is_led


def test_it_looks_back_until_every_schedule_is_found_or_it_has_looked_far_enough() -> None:
    world = World(every_second(starts_at=Instant(MIDNIGHT - 9_000 * SECOND)), every_minute("rare"))
    leader = world.candidate(batch_ticks=1_000)
    world.run(leader, seconds=60)
    paused = StatusAsk("rare", "paused", by="kim", reason="test")
    appender = world.log.appender()
    appender.append(CONTROL, paused.key, paused.encode(), 1)
    appender.flush()
    world.true.advance(9_000)
    world.run(leader, seconds=10)

    rare = {schedule.name: schedule.last for schedule in told(world, leader).schedules}
    assert rare["rare"] is not None
    assert rare["rare"].ordinal == 1
    near = {schedule.name: schedule.last for schedule in told(world, leader, most_look_back=100).schedules}
    assert near["rare"] is None
    assert near["second.utc"] == rare["second.utc"]


def test_a_leader_in_office_for_longer_than_one_looks_back_is_known_by_its_probe() -> None:
    world = World(every_second())
    leader = world.candidate("leader")
    world.run(leader, seconds=5)
    since_at = told(world, leader).leader
    world.true.advance(9_000)
    world.run(leader, seconds=60)

    assert since_at is not None
    found = told(world, leader).leader
    assert found is not None
    assert (found.name, found.term, found.since_at) == ("leader", since_at.term, since_at.since_at)


def test_it_is_json_as_it_is() -> None:
    world = World(every_minute())
    leader = world.candidate("leader")
    world.run(leader, seconds=60)

    assert json.loads(json.dumps(asdict(told(world, leader))))["leader"]["name"] == "leader"


def test_who_wrote_a_barrier_and_refused_office_is_not_said_to_lead_or_to_be_gone() -> None:
    world = World(every_minute())
    newer = world.candidate("newer", edition=replace(EDITION, generation=2))
    world.run(newer, seconds=60)
    world.kill(newer)
    older = world.candidate("older")
    world.run(older)
    assert older.stage is Stage.REFUSING
    standby = world.log.member(older.clock._config.group, [TICKS.topic], "cooperative-sticky")
    found = told(world, older)
    leader = next(line for line in page(found) if isinstance(line, str))

    assert (found.is_led, found.members, found.standbys) == (False, 1, 1)
    assert leader.startswith("leader    nobody; the last barrier is that of older on ")
    assert leader.endswith("which is taking office, refused it or is gone")
    standby.close()


def test_what_is_late_by_hours_is_told_in_hours() -> None:
    world = World(every_minute(starts_at=Instant(MIDNIGHT - 458 * MINUTE)))
    leader = world.candidate(batch_ticks=1)
    world.run(leader, steps=6)
    found = told(world, leader)
    assert found.schedules[0].last is not None
    lateness = found.schedules[0].last.lateness_seconds
    shown = StringIO()
    console = Console(width=200, file=shown)
    for part in page(found):
        console.print(part)

    hours, rest = divmod(round(lateness), 3600)
    assert f"{hours} h {rest // 60} min" in shown.getvalue()


@pytest.mark.parametrize("place", [TICKS, SCHEDULES, CONTROL])
def test_an_undecided_transaction_on_the_clocks_topics_is_told_with_its_place(place: Partition) -> None:
    world = World(every_minute())
    leader = world.candidate("leader")
    world.run(leader, seconds=60)
    assert told(world, leader).waits == ()
    rogue = world.log.writer("rogue")
    rogue.open()
    rogue.begin()
    rogue.append(place, b"rogue", None, 1)
    found = told(world, leader)

    (said,) = found.waits
    assert said.startswith(f"an undecided transaction at {place.topic}[0]@")
    assert f"waits     {said}" in list(page(found))
    rogue.abort()
    assert told(world, leader).waits == ()


def test_a_leader_that_is_silent_leads_no_more_though_its_group_knows_it() -> None:
    world = World(every_minute())
    leader = world.candidate("leader")
    world.run(leader, seconds=60)
    world.true.advance(SILENT_SECONDS + 60)
    found = told(world, leader)

    assert (found.is_led, found.members, found.standbys) == (False, 1, 1)
    assert found.waits[0].startswith("nobody leads, though 1 are in group passage-clock: leader was silent for")
    assert "which did not resign; it is silent" in next(line for line in page(found) if isinstance(line, str))


def test_a_leader_whose_clock_is_ahead_publishes_nothing_and_is_told_to() -> None:
    world = World(every_minute())
    leader = world.candidate("leader", ahead_seconds=30.0)
    world.run(leader, seconds=60)

    assert told(world, leader).waits == (
        "the leader's clock is 30.000 s ahead of the broker's, by more than max_skew_seconds: 2: it publishes nothing",
    )
