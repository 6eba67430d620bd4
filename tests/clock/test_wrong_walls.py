"""A machine whose clock is ten minutes fast, ten minutes slow, or jumps: nothing early, and somebody is told."""

from collections.abc import Iterator

import pytest
import structlog
from structlog.testing import LogCapture

from passage_clock.leading.leadership import Stage
from passage_clock.leading.observer import Several
from passage_clock.leading.service import Clock
from passage_clock.monitoring.metrics import ClockMetrics
from passage_schemas.instant import Instant
from tests.clock.world import EDITION, MIDNIGHT, SECOND, TICKS, Candidate, Stages, World, every_second, whole

TEN_MINUTES = 600.0
MAX_SKEW_SECONDS = 2.0


@pytest.fixture
def said() -> Iterator[LogCapture]:
    capture = LogCapture()
    structlog.configure(processors=[capture])
    yield capture
    structlog.reset_defaults()


def events(said: LogCapture) -> set[str]:
    return {entry["event"] for entry in said.entries}


def measured(world: World, candidate: Candidate) -> tuple[Candidate, ClockMetrics]:
    """The same candidate, and its metrics."""
    metrics, stages = ClockMetrics(world.true), Stages()
    watching = Several([metrics, stages])
    clock = Clock(candidate.clock._config, world.log, candidate.wall, "measured", watching, EDITION)
    return Candidate(clock, candidate.wall, stages), metrics


def earliness(world: World, run_seconds: int, candidate: Candidate) -> float:
    """The most any tick was readable before its instant, by the true time; looked at ten times a second."""
    worst, seen = 0.0, 0
    for _ in range(run_seconds * 10):
        world.run(candidate, seconds=0.1, stride=0.1, steps=3)
        records = world.records(TICKS)
        for record in records[seen:]:
            worst = max(worst, record.timestamp()[1] / 1000 - world.true.now() / SECOND)
        seen = len(records)
    return worst


def test_ten_minutes_fast_publishes_nothing_and_says_so(said: LogCapture) -> None:
    world = World(every_second(starts_at=MIDNIGHT))
    candidate, metrics = measured(world, world.candidate(ahead_seconds=TEN_MINUTES))
    world.run(candidate, seconds=60)

    assert (candidate.stage, world.ticks()) == (Stage.HELD, [])
    assert "wall_ahead" in events(said)
    assert metrics.registry.get_sample_value("passage_clock_skew_seconds") == TEN_MINUTES
    assert metrics.registry.get_sample_value("passage_clock_stage", {"stage": "held"}) == 1
    assert metrics.health.why_not_ready() is not None


def test_ten_minutes_slow_publishes_late_and_says_so(said: LogCapture) -> None:
    world = World(every_second(starts_at=MIDNIGHT))
    candidate, metrics = measured(world, world.candidate(ahead_seconds=-TEN_MINUTES))
    world.run(candidate, seconds=700)
    late = [world.true.now() - tick.ends_at for tick in world.ticks()[-1:]]

    assert candidate.leads
    assert late == [pytest.approx(TEN_MINUTES * SECOND, abs=2 * SECOND)]
    assert whole(world.ticks()) == []
    assert "wall_behind" in events(said)
    assert metrics.registry.get_sample_value("passage_clock_skew_seconds") == -TEN_MINUTES


def test_a_wall_that_jumps_ten_minutes_ahead_in_office_publishes_nothing_early(said: LogCapture) -> None:
    world = World(every_second())
    candidate = world.candidate()
    world.run(candidate, seconds=10)
    candidate.wall.ahead_seconds = TEN_MINUTES

    assert earliness(world, 20, candidate) <= 0.0
    assert candidate.stage is Stage.HELD
    assert "wall_ahead" in events(said)


def test_a_wall_that_creeps_ahead_is_found_before_anything_is_too_early() -> None:
    world = World(every_second())
    candidate = world.candidate()
    world.run(candidate, seconds=5)
    worst = 0.0
    for _ in range(60):
        candidate.wall.ahead_seconds += 0.05
        worst = max(worst, earliness(world, 1, candidate))

    assert 0.0 < worst <= MAX_SKEW_SECONDS
    assert candidate.stage is Stage.HELD


def test_a_wall_that_jumps_back_publishes_nothing_twice_and_goes_on_when_it_is_right() -> None:
    world = World(every_second())
    candidate = world.candidate()
    world.run(candidate, seconds=30)
    published = len(world.ticks())
    candidate.wall.ahead_seconds = -TEN_MINUTES
    world.run(candidate, seconds=30)
    assert len(world.ticks()) == published

    candidate.wall.ahead_seconds = 0.0
    world.run(candidate, seconds=5)
    assert whole(world.ticks()) == []
    assert world.ticks()[-1].ends_at == Instant(world.true.now() // SECOND * SECOND)
