"""What a record of the topics of ticks and schedules is, told by its key and first bytes, or by its value."""

import pytest

from passage_schemas.instant import Instant
from passage_schemas.records import CUT, TICK, entry_of, is_of_term, tick_of, ticks_schedule
from passage_schemas.tick import Tick

NEVER, BEGUN, ENDED = None, Instant(0), Instant(1)
A_TICK = Tick(
    "DayHasPassed", "day.utc", 1, 1, "2026-01-01", BEGUN, ENDED, NEVER, "UTC", None, "2025b", ENDED, "definition", None
)
VALUE = TICK.encode(A_TICK)


def test_a_tick_is_its_schedules_whatever_slashes_its_period_has() -> None:
    assert ticks_schedule(A_TICK.key, VALUE) == b"day.utc"
    assert ticks_schedule(b"week/2026-01-01/2026-01-08", VALUE) == b"week"
    assert tick_of(VALUE) == A_TICK


@pytest.mark.parametrize(
    ("key", "value"),
    [(b"passage/term", None), (b"day.utc/gone", None), (None, VALUE), (b"keyless", VALUE), (b"a/b", CUT.prefixes[0])],
)
def test_what_is_no_tick_is_nobodys(key: bytes | None, value: bytes | None) -> None:
    assert ticks_schedule(key, value) is None


def test_a_barrier_is_told_from_a_tick_let_go_by_its_key_and_from_what_others_write_by_its_missing_value() -> None:
    assert is_of_term(b"passage/term", None)
    assert not is_of_term(A_TICK.key, None)
    assert not is_of_term(b"passage/term", b"")
    assert not is_of_term(None, None)


@pytest.mark.parametrize("value", [None, b"", VALUE[:20], VALUE + b"x"])
def test_what_cannot_be_read_is_no_tick(value: bytes | None) -> None:
    assert tick_of(value) is None


@pytest.mark.parametrize("value", [None, b"", VALUE])
def test_what_is_no_entry_of_a_schedule_is_passed_over(value: bytes | None) -> None:
    assert entry_of(value) is None
