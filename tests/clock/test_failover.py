"""When a standby takes office unasked, and above all when it does not."""

from collections.abc import Callable

import pytest

from passage_clock.leading.failure_detector import STAGGER_SECONDS
from passage_clock.leading.leadership import Stage
from passage_clock.records.control import StatusAsk
from tests.clock.world import (
    CONTROL,
    EDITION,
    SECOND,
    TICKS,
    Candidate,
    World,
    every_minute,
    every_second,
    whole,
)

GRACE_SECONDS = 1.0
WHILE_PROBED = 45.0
"""Long enough for a leader to have probed in office, so that a standby knows the broker's time."""


def led(world: World, *others: str, grace_seconds: float | None = GRACE_SECONDS) -> list[Candidate]:
    """A leader that has been in office for a while, and its standbys."""
    candidates = [world.candidate(name, grace_seconds=grace_seconds) for name in ("leader", *others)]
    world.run(*candidates, seconds=WHILE_PROBED, stride=0.25)
    assert [candidate.stage for candidate in candidates] == [Stage.IN_OFFICE, *[Stage.STANDING_BY for _ in others]]
    return candidates


def terms(world: World) -> list[str]:
    """Who took office, in order."""
    headers = [dict(record.headers() or ()) for record in world.records(TICKS) if record.value() is None]
    return [header["passage_leader"].decode() for header in headers if "passage_leader" in header]


def test_a_tick_that_is_late_by_the_grace_calls_a_standby_before_the_group_does() -> None:
    """The leader's process is gone, and the group will only know it when the session ends."""
    world = World(every_second())
    _, standby = led(world, "standby")
    lost_at = world.true.now()
    world.run(standby, seconds=3.0, stride=0.1)

    assert standby.leads
    assert standby.clock.leadership.is_acting
    late = [tick.published_at - tick.ends_at for tick in world.ticks() if tick.ends_at > lost_at]
    assert max(late) <= (GRACE_SECONDS + STAGGER_SECONDS + 0.2) * SECOND
    assert whole(world.ticks()) == []


def test_without_the_opt_in_a_standby_waits_for_the_group() -> None:
    world = World(every_second())
    leader, standby = led(world, "standby", grace_seconds=None)
    world.run(standby, seconds=60, stride=0.25)
    assert standby.stage is Stage.STANDING_BY

    world.kill(leader)
    world.run(standby)
    assert standby.leads
    assert not standby.clock.leadership.is_acting


def test_who_acts_stays_when_the_group_agrees() -> None:
    world = World(every_second())
    leader, standby = led(world, "standby")
    world.run(standby, seconds=4, stride=0.25)
    world.kill(leader)
    world.run(standby, seconds=4, stride=0.25)

    assert standby.leads
    assert not standby.clock.leadership.is_acting
    assert terms(world) == ["leader", "standby"]


def test_a_leader_that_was_only_asleep_is_fenced_and_hands_its_seat_over() -> None:
    """It is assigned and would take office again and again, were it not to leave the group."""
    world = World(every_second())
    leader, standby = led(world, "standby")
    world.run(standby, seconds=4, stride=0.25)
    world.run(leader, standby, seconds=120, stride=0.25)

    assert (leader.stage, standby.stage) == (Stage.STANDING_BY, Stage.IN_OFFICE)
    assert not standby.clock.leadership.is_acting
    assert terms(world) == ["leader", "standby"]
    assert whole(world.ticks()) == []


def test_several_standbys_end_in_one_leader_and_few_terms() -> None:
    world = World(every_second())
    leader, *standbys = led(world, "one", "two", "three", "four")
    world.run(*standbys, seconds=5, stride=0.05)
    world.kill(leader)
    world.run(*standbys, seconds=60, stride=0.25)

    assert sum(standby.leads for standby in standbys) == 1
    assert len(terms(world)) <= 4
    assert whole(world.ticks()) == []


# What calls nobody.


def quiet(world: World) -> None: ...


def paused(world: World) -> None:
    request = StatusAsk("second.utc", "paused", by="kim", reason="stocktaking")
    appender = world.log.appender()
    appender.append(CONTROL, request.key, request.encode(), 1)
    appender.flush()


@pytest.mark.parametrize("happened", [quiet, paused])
def test_a_leader_that_does_its_work_is_left_alone(happened: Callable[[World], None]) -> None:
    world = World(every_second())
    leader, standby = led(world, "standby")
    happened(world)
    world.run(leader, standby, seconds=120, stride=0.25)

    assert leader.leads
    assert terms(world) == ["leader"]


def test_a_leader_that_is_silent_between_two_minutes_is_left_alone() -> None:
    world = World(every_minute())
    leader, standby = led(world, "standby")
    world.run(leader, standby, seconds=600, stride=0.5)

    assert leader.leads
    assert terms(world) == ["leader"]


def test_a_leader_that_catches_up_is_left_alone_however_late_its_ticks_are() -> None:
    world = World(every_second())
    for candidate in led(world, "standby"):
        world.kill(candidate)
    world.true.advance(3_000)
    leader = world.candidate("slow", grace_seconds=GRACE_SECONDS, batch_ticks=10)
    world.run(leader)
    standby = world.candidate("standby", grace_seconds=GRACE_SECONDS)
    for _ in range(200):
        world.run(leader, steps=1)
        world.run(standby, seconds=0.5, stride=0.5)

    assert leader.leads
    assert terms(world) == ["leader", "slow"]


def test_a_standby_whose_wall_is_ahead_calls_nothing_late() -> None:
    """It would not be allowed to publish."""
    world = World(every_minute())
    leader, standby = led(world, "standby")
    standby.wall.ahead_seconds = 600.0
    world.run(leader, standby, seconds=300, stride=0.5)

    assert leader.leads
    assert terms(world) == ["leader"]


def test_a_standby_that_is_cut_off_from_the_log_takes_its_own_deafness_for_nobodys_silence() -> None:
    world = World(every_second())
    leader, standby = led(world, "standby")
    standby.cut_off()
    world.run(leader, standby, seconds=20, stride=0.25)
    assert standby.stage is Stage.STANDING_BY
    standby.reconnect()
    world.run(leader, standby, seconds=60, stride=0.25)

    assert leader.leads
    assert terms(world) == ["leader"]


def test_nothing_to_come_is_not_late() -> None:
    """A schedule that left the configuration promises nothing."""
    world = World(every_second("left"), every_minute("stays"))
    first = world.candidate("first", grace_seconds=GRACE_SECONDS)
    world.run(first, seconds=10)
    world.kill(first)
    leader, standby = (
        world.candidate(name, every_minute("stays"), grace_seconds=GRACE_SECONDS) for name in ("leader", "standby")
    )
    world.run(leader, standby, seconds=300, stride=0.25)

    assert terms(world) == ["first", "leader"]


def test_one_that_can_do_no_better_deposes_a_leader_once_and_not_for_ever() -> None:
    """Both walls are far behind, the standby's a little less: it leads, and the other finds nothing late."""
    world = World(every_second())
    leader, standby = led(world, "standby")
    leader.wall.ahead_seconds, standby.wall.ahead_seconds = -600.0, -300.0
    world.run(leader, standby, seconds=900, stride=0.5)

    assert standby.leads
    assert len(terms(world)) <= 3


def test_a_leader_whose_wall_runs_ahead_is_replaced_by_one_whose_wall_is_right() -> None:
    world = World(every_second())
    leader, standby = led(world, "standby")
    leader.wall.ahead_seconds = 600.0
    world.run(leader, standby, seconds=60, stride=0.25)

    assert standby.leads
    assert terms(world) == ["leader", "standby"]


def test_leaders_that_fail_one_after_another_are_given_more_time_each() -> None:
    """Whoever leads publishes nothing: the log is slow, say. Each change doubles the patience."""
    world = World(every_second())
    candidates = led(world, "one", "two")
    for _ in range(600):
        for candidate in candidates:
            if not candidate.leads:
                candidate.clock.step()
        world.true.advance(0.25)

    assert len(terms(world)) <= 10


# Resignations.


def test_a_resignation_calls_a_standby_at_once_with_and_without_the_opt_in() -> None:
    for grace_seconds in (None, GRACE_SECONDS):
        world = World(every_second())
        leader, standby = led(world, "standby", grace_seconds=grace_seconds)
        office = leader.clock._office
        assert office is not None
        office.resign()  # and its seat in the group is still taken
        world.run(standby, seconds=1.0, stride=0.1)

        assert standby.leads
        assert standby.clock.leadership.is_acting
        assert whole(world.ticks()) == []


def test_a_resignation_calls_no_replica_that_would_refuse() -> None:
    world = World(every_second())
    leader = world.candidate("leader", edition=EDITION)
    older = world.candidate("older", edition=type(EDITION)(0, EDITION.tzdata, EDITION.holidays))
    world.run(leader, older, seconds=WHILE_PROBED, stride=0.25)
    office = leader.clock._office
    assert office is not None
    office.resign()
    world.run(older, seconds=5.0, stride=0.25)

    assert older.stage is Stage.STANDING_BY
    assert terms(world) == ["leader"]


def test_a_standby_that_came_a_moment_ago_follows_a_resignation_too() -> None:
    """The leader's last probe tells it the broker's time."""
    world = World(every_minute())
    leader = world.candidate("leader")
    world.run(leader, seconds=300)
    standby = world.candidate("standby")
    world.run(leader, standby, seconds=0.5, stride=0.1)
    office = leader.clock._office
    assert office is not None
    office.resign()
    world.run(standby, seconds=1.0, stride=0.1)

    assert standby.leads


def test_an_old_resignation_calls_nobody_who_was_not_there() -> None:
    world = World(every_minute())
    leader = world.candidate("leader")
    world.run(leader, seconds=300)
    leader.clock.stop()
    world.true.advance(3_600)
    late = world.candidate("late")
    elsewhere = world.log.member(late.clock._config.group, [TICKS.topic], "cooperative-sticky")
    elsewhere.poll(1, 0.0)  # so that the group gives the seat to somebody else
    world.run(late, seconds=30, stride=0.5)

    assert late.stage is Stage.STANDING_BY
    assert terms(world) == ["leader"]
