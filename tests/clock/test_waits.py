"""What a candidate waits for is said every few seconds, shown by health and a metric, and over when it is over."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
import structlog

from passage_clock.leading.leadership import Stage
from passage_clock.leading.lookout import NOBODY_SECONDS
from passage_clock.leading.observer import Several
from passage_clock.leading.service import Clock
from passage_clock.leading.waits import SAY_EVERY_SECONDS
from passage_clock.monitoring.metrics import ClockMetrics
from passage_clock.records.control import StatusAsk
from passage_log.errors import LogError, Refused, Truncated, Unfit, Unreachable, WriterLost
from passage_log.port import Log, Reader, Writer
from passage_schemas.log_record import Partition, Record
from tests.clock.faults import FaultyLog, FaultyReader
from tests.clock.world import (
    CONTROL,
    EDITION,
    SCHEDULES,
    TICKS,
    Candidate,
    World,
    every_minute,
    whole,
)


class Watched:
    """A world, one candidate in it, and all that tells of it."""

    def __init__(self, log: Callable[[World], Log] | None = None, **of_candidate: Any) -> None:
        self.world = World(every_minute())
        made = self.world.candidate("watched", **of_candidate)
        self.metrics = ClockMetrics(self.world.true)
        config, wall, edition = (
            made.clock._config,
            made.wall,
            replace(EDITION, generation=made.clock._config.generation),
        )
        log_ = FaultyLog(self.world.log, wire=made.wire) if log is None else log(self.world)
        clock = Clock(config, log_, wall, "watched", Several([self.metrics, made.stages]), edition)
        self.candidate = Candidate(clock, wall, made.stages, made.wire)
        self.told: list[Mapping[str, Any]] = []

    def run(self, *others: Candidate, seconds: float = 0.0) -> None:
        with structlog.testing.capture_logs() as told:
            self.world.run(*others, self.candidate, seconds=seconds)
        self.told += told

    def said(self, what: str) -> list[str]:
        return [str(one["hint"]) for one in self.told if one["event"] == "waiting" and one["what"] == what]

    def waited(self, what: str) -> float | None:
        return self.metrics.registry.get_sample_value("passage_clock_waiting_seconds", {"what": what})

    @property
    def why_not_ready(self) -> str:
        return self.metrics.health.why_not_ready() or ""


def undecided(world: World, place: Partition) -> Writer:
    """Somebody's transaction that stays open."""
    rogue = world.log.writer("rogue")
    rogue.open()
    rogue.begin()
    rogue.append(place, b"rogue", None, 1)
    return rogue


@pytest.mark.parametrize("place", [TICKS, SCHEDULES, CONTROL])
def test_an_undecided_transaction_in_the_way_to_office_is_said_until_it_is_over(place: Partition) -> None:
    watched = Watched()
    rogue = undecided(watched.world, place)
    watched.run(seconds=40)

    assert not watched.candidate.leads
    assert len(watched.said("log")) >= 2
    said = f"an undecided transaction at {place.topic}[0]@"
    assert said in watched.said("log")[-1]
    assert said in watched.why_not_ready
    assert (watched.waited("log") or 0.0) >= 3 * SAY_EVERY_SECONDS
    assert watched.metrics.health.why_not_alive() is None

    rogue.abort()
    watched.run(seconds=6)
    assert watched.candidate.leads
    assert "waited" in [one["event"] for one in watched.told]
    assert (watched.why_not_ready, watched.waited("log")) == ("", 0.0)


@pytest.mark.parametrize("place", [TICKS, SCHEDULES, CONTROL])
def test_one_that_comes_while_it_leads_is_said_too_though_it_publishes(place: Partition) -> None:
    watched = Watched()
    watched.run(seconds=30)
    assert watched.candidate.leads
    rogue = undecided(watched.world, place)
    watched.run(seconds=60)

    said = f"in office, but waiting for {watched.waited('log'):.0f} s (log): an undecided transaction at {place.topic}"
    assert said in watched.why_not_ready
    assert watched.said("log")
    rogue.abort()
    watched.run(seconds=10)
    assert watched.why_not_ready == ""
    assert whole(watched.world.ticks()) == []


class StuckReader(FaultyReader):
    """Hands out no more, once it is told so; it is not told that there is more."""

    is_stuck = False

    def poll(self, max_records: int, timeout_seconds: float) -> list[Record]:
        return [] if self.is_stuck else super().poll(max_records, timeout_seconds)


class StuckLog(FaultyLog):
    def __init__(self, world: World) -> None:
        super().__init__(world.log)
        self.readers: list[StuckReader] = []

    def reader(self) -> Reader:
        self.readers.append(StuckReader(super().reader(), self._wire))
        return self.readers[-1]


@pytest.mark.parametrize("leads", [True, False])
def test_a_reader_that_is_stuck_is_opened_anew(leads: bool) -> None:
    logs: list[StuckLog] = []

    def made(world: World) -> StuckLog:
        logs.append(StuckLog(world))
        return logs[-1]

    watched = Watched(made)
    if leads:
        watched.run(seconds=30)
    logs[0].readers[-1].is_stuck = True
    ask = StatusAsk("minute.utc", "paused", "kim", "stocktaking")
    appender = watched.world.log.appender()
    appender.append(CONTROL, ask.key, ask.encode(), 1)
    appender.flush()
    watched.run(seconds=30)

    assert len(logs[0].readers) == 2
    assert "reader_opened_anew" in [one["event"] for one in watched.told]
    assert watched.candidate.leads
    assert watched.world.entries()[-1].status == "paused"
    assert watched.why_not_ready == ""


def test_a_wall_that_is_ahead_is_said_with_how_far_and_since_when() -> None:
    watched = Watched(ahead_seconds=5.0)
    watched.candidate.wall.ahead_seconds = 5.0
    watched.run(seconds=40)

    assert watched.candidate.stage is Stage.HELD
    assert len(watched.said("wall")) >= 2
    assert "5.000 s ahead of the broker's" in watched.said("wall")[-1]
    assert "5.000 s ahead of the broker's" in watched.why_not_ready
    assert (watched.waited("wall") or 0.0) >= 3 * SAY_EVERY_SECONDS
    watched.candidate.wall.ahead_seconds = 0.0
    watched.run(seconds=20)
    assert (watched.candidate.leads, watched.why_not_ready, watched.waited("wall")) == (True, "", 0.0)


def test_a_candidate_that_may_not_lead_says_so_while_it_stands_by_and_while_it_refuses() -> None:
    watched = Watched()
    newer = watched.world.candidate("newer", edition=replace(EDITION, generation=2))
    watched.world.run(newer, seconds=1)
    watched.run(newer, seconds=30)
    assert watched.candidate.stage is Stage.STANDING_BY
    assert len(watched.said("fitness")) >= 2

    newer.clock.stop()
    watched.run(seconds=30)
    assert watched.candidate.stages.seen[-1] is Stage.REFUSING
    assert "configuration generation 2 leads, ours is 1" in watched.why_not_ready
    assert (watched.waited("fitness") or 0.0) >= 60
    assert len(watched.said("fitness")) >= 5


def test_a_standby_that_the_group_never_names_says_that_nobody_leads() -> None:
    watched = Watched()
    # Somebody who is no clock holds the one partition, and never lets go.
    holder = watched.world.log.member(watched.candidate.clock._config.group, [TICKS.topic], "cooperative-sticky")
    holder.poll(1, 0.0)
    watched.run(seconds=NOBODY_SECONDS - 5)
    assert watched.why_not_ready == ""
    watched.run(seconds=3 * SAY_EVERY_SECONDS)

    assert watched.candidate.stage is Stage.STANDING_BY
    assert "nobody leads: no leader was heard of for" in watched.said("group")[-1]
    assert "nobody leads" in watched.why_not_ready
    holder.close()
    watched.run(seconds=5)
    assert (watched.candidate.leads, watched.why_not_ready) == (True, "")


def test_a_standby_of_a_leader_that_has_nothing_to_do_is_ready() -> None:
    watched = Watched()
    leader = watched.world.candidate("leader")
    watched.world.run(leader, seconds=1)
    watched.run(leader, seconds=300)

    assert watched.why_not_ready == ""
    assert [one for one in watched.told if one["event"] == "waiting"] == []


def test_who_acts_without_the_group_says_so_and_is_ready() -> None:
    watched = Watched()
    watched.world.run(leader := watched.world.candidate("leader"), seconds=1)
    holder = watched.world.log.member(watched.candidate.clock._config.group, [TICKS.topic], "cooperative-sticky")
    holder.poll(1, 0.0)
    watched.run(leader, seconds=30)
    leader.clock.stop()
    leader.clock.close()
    for _ in range(40):
        holder.poll(1, 0.0)
        watched.run(seconds=1)

    assert watched.candidate.leads
    assert watched.candidate.clock.leadership.is_acting
    assert "acting: in office without the group" in watched.said("assignment")[-1]
    assert watched.why_not_ready == ""


@pytest.mark.parametrize("leads", [True, False])
def test_a_log_that_does_not_answer_is_waited_for_and_said(leads: bool) -> None:
    watched = Watched()
    leader = watched.world.candidate("leader")
    if not leads:
        watched.world.run(leader, seconds=1)
    watched.run(*(() if leads else (leader,)), seconds=10)
    watched.candidate.cut_off()
    watched.run(seconds=60)

    assert "no broker answered" in watched.said("log")[-1]
    assert "no broker answered" in watched.why_not_ready
    assert watched.metrics.health.why_not_alive() is None
    watched.candidate.reconnect()
    watched.run(*(() if leads else (leader,)), seconds=20)
    assert watched.why_not_ready == ""


ERRORS = {
    "plain": (LogError("the broker said UNKNOWN_SERVER_ERROR"), True),
    "unreachable": (Unreachable("no broker answered"), True),
    "lost": (WriterLost("connection lost"), True),
    "unfit": (Unfit("the topic is gone"), False),
    "refused": (Refused("too large"), False),
    "truncated": (Truncated("no longer there"), False),
}


@pytest.mark.parametrize("moment", ["before open", "before deliver", "before append", "before commit"])
@pytest.mark.parametrize(("error", "passes"), ERRORS.values(), ids=ERRORS)
def test_an_error_out_of_the_log_is_handled_by_what_its_class_says(error: LogError, passes: bool, moment: str) -> None:
    failing = [True]

    def strike(seen: str) -> None:
        if failing[0] and seen == moment:
            raise error

    watched = Watched(lambda world: FaultyLog(world.log, strike))
    if not passes:
        with pytest.raises(type(error)):
            watched.run(seconds=120)
        return
    watched.run(seconds=120)
    assert not watched.world.ticks()
    assert str(error) in watched.said("log")[-1]
    assert str(error) in watched.why_not_ready

    failing[0] = False
    watched.run(seconds=120)
    assert watched.candidate.leads
    assert whole(watched.world.ticks()) == []


class BrokenReader(FaultyReader):
    error: LogError | None = None

    def poll(self, max_records: int, timeout_seconds: float) -> list[Record]:
        if self.error is not None:
            raise self.error
        return super().poll(max_records, timeout_seconds)


class BrokenLog(FaultyLog):
    """Whose readers fail by a plain error, or can't even be made."""

    def __init__(self, world: World) -> None:
        super().__init__(world.log)
        self.error: LogError | None = None

    def reader(self) -> Reader:
        if self.error is not None:
            raise self.error
        made = BrokenReader(super().reader(), self._wire)
        self.made = made
        return made


def test_a_reader_that_fails_plainly_and_cannot_be_made_anew_ends_no_standby() -> None:
    logs: list[BrokenLog] = []

    def made(world: World) -> BrokenLog:
        logs.append(BrokenLog(world))
        return logs[-1]

    watched = Watched(made)
    leader = watched.world.candidate("leader")
    watched.world.run(leader, seconds=1)
    watched.run(leader, seconds=10)
    (log,) = logs
    log.error = log.made.error = LogError("the broker said THROTTLING_QUOTA_EXCEEDED")
    watched.run(leader, seconds=30)
    assert "THROTTLING_QUOTA_EXCEEDED" in watched.why_not_ready
    assert "THROTTLING_QUOTA_EXCEEDED" in watched.said("log")[-1]

    log.error = log.made.error = None
    watched.run(leader, seconds=10)
    assert watched.why_not_ready == ""
