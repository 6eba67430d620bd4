"""The wall: the one place that asks the time, and the one a simulation sets."""

import pytest

from passage_clock.wall import MachineWall, SettableWall
from passage_schemas.instant import Instant


def test_time_that_passes_moves_both_clocks() -> None:
    wall = SettableWall(Instant(5))
    wall.advance(1.5)

    assert (wall.now(), wall.monotonic()) == (1_500_005, 1.5)


def test_a_correction_moves_the_wall_time_only() -> None:
    wall = SettableWall(Instant(5_000_000))
    wall.set(Instant(1))

    assert (wall.now(), wall.monotonic()) == (1, 0.0)


def test_time_does_not_pass_backwards() -> None:
    with pytest.raises(ValueError, match="time passes forward"):
        SettableWall(Instant(0)).advance(-1)


def test_a_machine_counts_microseconds_since_1970() -> None:
    wall = MachineWall()

    assert 1_700_000_000_000_000 < wall.now() < 4_000_000_000_000_000
    assert wall.monotonic() <= wall.monotonic()
