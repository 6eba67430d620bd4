"""What an operator's dashboard sees of a clock's life, and what whoever restarts it or waits for it is told."""

from passage_clock.leading.observer import Several
from passage_clock.leading.service import Clock
from passage_clock.monitoring.health import STALLED_SECONDS
from passage_clock.monitoring.metrics import ClockMetrics
from passage_clock.records.entries import Edition
from passage_schemas.instant import Instant
from tests.clock.world import EDITION, MIDNIGHT, MINUTE, Stages, World, every_minute


def value(metrics: ClockMetrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


def clock_of(world: World, metrics: ClockMetrics, edition: Edition = EDITION) -> Clock:
    candidate = world.candidate("measured", edition=edition)
    return Clock(
        candidate.clock._config, world.log, candidate.wall, "measured", Several([metrics, Stages()]), edition=edition
    )


def steps(clock: Clock, count: int = 12) -> None:
    for _ in range(count):
        clock.step()


def test_a_leader_shows_its_term_its_ticks_and_its_skew() -> None:
    world, metrics = World(every_minute(starts_at=Instant(MIDNIGHT - 30 * MINUTE))), ClockMetrics()
    assert value(metrics, "passage_clock_leader") == 0
    assert value(metrics, "passage_clock_stage", stage="standing_by") == 1

    clock = clock_of(world, metrics)
    steps(clock)

    assert value(metrics, "passage_clock_leader") == 1
    assert value(metrics, "passage_clock_stage", stage="standing_by") == 0
    assert value(metrics, "passage_clock_stage", stage="in_office") == 1
    assert value(metrics, "passage_clock_term") == clock.leadership.term
    assert value(metrics, "passage_clock_ticks_published_total", schedule="minute.utc") == 30
    assert value(metrics, "passage_clock_sequence") == 30
    assert value(metrics, "passage_clock_skew_seconds") == 0
    assert value(metrics, "passage_clock_lateness_seconds_sum") == 29 * 60


def test_a_fenced_leader_shows_that_it_no_longer_leads() -> None:
    world, metrics = World(every_minute()), ClockMetrics()
    clock = clock_of(world, metrics)
    steps(clock)
    world.log.writer(clock.transactional_id).open()
    world.true.advance(60)
    steps(clock)

    assert value(metrics, "passage_clock_leader") == 0
    assert value(metrics, "passage_clock_fenced_total") == 1
    assert value(metrics, "passage_clock_offices_taken_total") == 1


def test_a_refusal_is_counted() -> None:
    world, metrics = World(every_minute()), ClockMetrics()
    newest = world.candidate("newest", edition=Edition(2, "2026b", "0.99"))
    world.run(newest)
    world.kill(newest)
    steps(clock_of(world, metrics))

    assert value(metrics, "passage_clock_offices_refused_total") == 1
    assert value(metrics, "passage_clock_stage", stage="refusing") == 1


def test_a_leader_shows_how_old_each_schedules_last_tick_is_and_a_deposed_one_does_not() -> None:
    world = World(every_minute())
    metrics = ClockMetrics(world.true)
    clock = clock_of(world, metrics)
    steps(clock)
    world.true.advance(60)
    steps(clock)
    world.true.advance(15)
    assert value(metrics, "passage_clock_last_tick_age_seconds", schedule="minute.utc") == 15

    world.log.writer(clock.transactional_id).open()
    world.true.advance(60)
    steps(clock)
    assert value(metrics, "passage_clock_last_tick_age_seconds", schedule="minute.utc") is None


def test_a_catch_up_shows_how_far_it_is_behind() -> None:
    world = World(every_minute(starts_at=Instant(MIDNIGHT - 30 * MINUTE)))
    metrics = ClockMetrics(world.true)
    clock = clock_of(world, metrics)
    steps(clock)
    assert value(metrics, "passage_clock_catch_up_seconds") == 0

    metrics.waits(Instant(world.true.now() - 90 * 1_000_000))
    assert value(metrics, "passage_clock_catch_up_seconds") == 90


def test_a_candidate_is_ready_once_it_is_in_office() -> None:
    world = World(every_minute())
    metrics = ClockMetrics(world.true)
    assert metrics.health.why_not_alive() is None
    assert metrics.health.why_not_ready() == "standing by, but the log has not been read to its end yet"

    steps(clock_of(world, metrics))

    assert value(metrics, "passage_clock_stage", stage="in_office") == 1
    assert metrics.health.why_not_ready() is None


def test_a_standby_is_ready_once_it_has_read_the_log() -> None:
    world = World(every_minute())
    world.run(world.candidate("leader"), seconds=60)
    metrics = ClockMetrics(world.true)
    steps(clock_of(world, metrics))

    assert value(metrics, "passage_clock_stage", stage="standing_by") == 1
    assert metrics.health.why_not_ready() is None


def test_a_loop_that_does_not_step_is_dead() -> None:
    world = World(every_minute())
    metrics = ClockMetrics(world.true)
    steps(clock_of(world, metrics))
    world.true.advance(STALLED_SECONDS + 1)

    assert metrics.health.why_not_alive() == "no step for 91 s"
