"""Retention: a fine-grained schedule lets its old ticks go, floor first, and what is left still proves itself."""

from dataclasses import replace
from hashlib import sha256

from passage_clock.leading.retention import SWEEP_EVERY_SECONDS
from passage_clock.schedules import Schedule, periodic
from passage_schemas.instant import Instant
from passage_schemas.records import TICK
from tests.clock.world import DAY, MIDNIGHT, TICKS, World

KEPT: Schedule = replace(periodic("hour.utc", "hour", "UTC", starts_at=Instant(MIDNIGHT - 10 * DAY)), keep_days=2)
FOR_EVER = periodic("day.utc", "day", "UTC", starts_at=Instant(MIDNIGHT - 10 * DAY))


def swept(world: World) -> World:
    world.run(world.candidate(), seconds=10)
    return world


def ordinals(world: World, schedule: str) -> list[int]:
    """Of the ticks that are left once the broker has compacted."""
    world.log.compact(TICKS.topic, forget_deleted=True)
    return world.ordinals(schedule)


def test_ticks_older_than_is_kept_go_and_the_others_stay() -> None:
    world = swept(World(KEPT, FOR_EVER))

    assert ordinals(world, "hour.utc") == list(range(10 * 24 - 47, 10 * 24 + 1)), (
        "two days before the last, it included"
    )
    assert ordinals(world, "day.utc") == list(range(1, 11))


def test_the_floor_says_what_was_before_it() -> None:
    world = World(KEPT)
    world.run(world.candidate(), seconds=2)
    before = {tick.ordinal: TICK.encode(tick) for tick in world.ticks()}
    world.log.compact(TICKS.topic, forget_deleted=True)
    first, entry = world.ticks()[0], world.entries()[-1]

    assert entry.floor_ordinal == first.ordinal == 193
    assert entry.floor_digest == first.previous
    assert entry.floor_sequence == first.sequence - 1
    assert entry.floor_at == first.starts_at
    assert entry.next_at == Instant(MIDNIGHT + DAY // 24)
    assert sha256(before[193]).digest() == world.ticks()[1].previous


def test_it_goes_on_by_the_hour_and_the_next_leader_goes_on_too() -> None:
    world = World(KEPT)
    first = world.candidate("first")
    world.run(first, seconds=10)
    world.run(first, seconds=6 * SWEEP_EVERY_SECONDS, stride=600)
    assert ordinals(world, "hour.utc") == list(range(199, 247))

    world.kill(first)
    world.true.advance(DAY / 1_000_000)
    world.run(world.candidate("second"), seconds=10)
    assert ordinals(world, "hour.utc") == list(range(223, 271))
    assert [entry.floor_ordinal for entry in world.entries()][-1] == 223


def test_a_clock_that_was_down_for_a_year_keeps_the_ticks_before() -> None:
    world = swept(World(KEPT))
    last = ordinals(world, "hour.utc")
    world.true.advance(365 * DAY / 1_000_000)
    late = world.candidate("late", batch_ticks=1)
    world.run(late, steps=6)

    assert ordinals(world, "hour.utc")[: len(last)] == last, "what is old is judged by the schedule, not by the wall"


def test_without_keep_days_nothing_goes() -> None:
    world = swept(World(FOR_EVER))
    assert all(record.value() is not None or record.key() == b"passage/term" for record in world.records(TICKS))


def floors(world: World, schedule: str) -> list[int]:
    return [entry.floor_ordinal for entry in world.entries() if entry.schedule == schedule]


def test_a_floor_never_goes_back_though_the_broker_has_yet_to_forget_what_is_below() -> None:
    """Another schedule keeps more, so that each sweep begins far before this one's floor; and each leader's at zero."""
    world = World(KEPT, replace(FOR_EVER, keep_days=8))
    first = world.candidate("first")
    world.run(first, seconds=10)
    world.run(first, seconds=6 * SWEEP_EVERY_SECONDS, stride=600)
    world.kill(first)
    world.run(world.candidate("second"), seconds=10)

    found = floors(world, "hour.utc")
    assert found == sorted(set(found)), "each once, and ever higher"
    erased = [record.key() for record in world.records(TICKS) if record.value() is None]
    assert len(set(erased)) == len([key for key in erased if key != b"passage/term"]) + 1, "nothing goes twice"
