"""What an operator's dashboard sees of a clock's life."""

from passage_clock.entries import Edition
from passage_clock.metrics import Metrics
from passage_clock.observer import Several
from passage_clock.service import Clock
from passage_schemas.instant import Instant
from tests.clock.world import EDITION, MIDNIGHT, MINUTE, Stages, World, every_minute


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


def clock_of(world: World, metrics: Metrics, edition: Edition = EDITION) -> Clock:
    candidate = world.candidate("measured", edition=edition)
    return Clock(
        candidate.clock._config, world.log, candidate.wall, "measured", Several([metrics, Stages()]), edition=edition
    )


def steps(clock: Clock, count: int = 12) -> None:
    for _ in range(count):
        clock.step()


def test_a_leader_shows_its_term_its_ticks_and_its_skew() -> None:
    world, metrics = World(every_minute(starts_at=Instant(MIDNIGHT - 30 * MINUTE))), Metrics()
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
    world, metrics = World(every_minute()), Metrics()
    clock = clock_of(world, metrics)
    steps(clock)
    world.log.writer(clock.transactional_id).open()
    world.true.advance(60)
    steps(clock)

    assert value(metrics, "passage_clock_leader") == 0
    assert value(metrics, "passage_clock_fenced_total") == 1
    assert value(metrics, "passage_clock_offices_taken_total") == 1


def test_a_refusal_is_counted() -> None:
    world, metrics = World(every_minute()), Metrics()
    newest = world.candidate("newest", edition=Edition(2, "2026b", "0.99"))
    world.run(newest)
    world.kill(newest)
    steps(clock_of(world, metrics))

    assert value(metrics, "passage_clock_offices_refused_total") == 1
    assert value(metrics, "passage_clock_stage", stage="refusing") == 1
