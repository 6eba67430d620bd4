"""What `verify` says of schedules that give up late ticks, and of a floor that was made up."""

from dataclasses import replace

import pytest

from passage_clock.schedules import Misfire
from passage_schemas.instant import Instant
from tests.clock.test_verify import decoded, floored, saying, sha256_of, tick_records, walk
from tests.clock.world import MINUTE, TICKS, World, every_minute


def after_an_outage(misfire: Misfire) -> World:
    """Ticks, ten minutes of nothing, ticks."""
    world = World(replace(every_minute(), misfire=misfire))
    leader = world.candidate()
    world.run(leader, seconds=120)
    world.true.advance(600)
    world.run(leader, seconds=120)
    return world


@pytest.mark.parametrize("misfire", ["coalesce", "skip"])
def test_a_policy_breaks_no_promise(misfire: Misfire) -> None:
    world = after_an_outage(misfire)
    verifier, fault = walk(world.records(TICKS), world.entries())

    assert fault is None
    assert verifier.notes == []


def test_a_tick_before_its_promise_is_found_though_its_schedule_skips() -> None:
    world = World(replace(every_minute(), misfire="skip"))
    world.run(world.candidate(), seconds=300)
    one, two, *_ = tick_records(world)
    promising = saying(one, next_at=Instant(decoded(two).ends_at + MINUTE))
    _, fault = walk([promising, saying(two, previous=sha256_of(promising))], world.entries())

    assert fault is not None
    assert "had promised" in fault.seen


def test_a_floor_that_more_ticks_lie_below_than_are_gone_is_found() -> None:
    """Ticks were taken away, and those behind them numbered anew."""
    world = World(every_minute())
    world.run(world.candidate(), seconds=600)
    records = tick_records(world)
    kept = [saying(record, sequence=place) for place, record in enumerate(records[4:5], start=1)]
    _, fault = walk(kept, [floored(records, 5)])

    assert fault is not None
    assert fault.expected == "4 sequences missing, as many as ticks before the floors"
