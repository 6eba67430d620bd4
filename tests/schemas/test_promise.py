"""Which promise is in force, of a schedule's last tick and its last entry."""

import pytest

from passage_schemas.instant import Instant
from passage_schemas.promise import Promise, in_force

OF_TICK = Promise(7, Instant(10))


@pytest.mark.parametrize(
    ("tick", "entry", "holds"),
    [
        (None, None, None),
        (OF_TICK, None, OF_TICK),
        (None, Promise(0, Instant(10)), Promise(0, Instant(10))),
        (OF_TICK, Promise(6, Instant(20)), OF_TICK),
        (OF_TICK, Promise(8, Instant(5)), Promise(8, Instant(5))),
        (OF_TICK, Promise(8, None), Promise(8, None)),
    ],
)
def test_the_later_of_tick_and_entry_promises(tick: Promise | None, entry: Promise | None, holds: object) -> None:
    assert in_force(tick, entry) == holds


def test_an_entry_of_a_ticks_own_sequence_was_written_behind_it() -> None:
    assert in_force(OF_TICK, Promise(7, None)) == Promise(7, None)
