"""An instant is a whole number of microseconds: no zone, no fold and no rounding can reach it."""

from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passage_schemas import Instant, SchemaError, datetime_of, instant_of, instant_of_milliseconds, milliseconds_of


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_moment_and_its_instant_are_the_same(moment: datetime) -> None:
    assert datetime_of(instant_of(moment)) == moment


@given(st.integers(-(10**16), 10**16).map(Instant))
def test_an_instant_is_never_before_its_own_millisecond(instant: Instant) -> None:
    kept = instant_of_milliseconds(milliseconds_of(instant))

    assert 0 <= instant - kept < 1000, "rounded down, before 1970 too"


def test_both_passes_of_a_repeated_hour_are_told_apart() -> None:
    first = datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Amsterdam"))

    assert instant_of(first.replace(fold=1)) - instant_of(first) == 3_600_000_000


class Nowhere(tzinfo):
    """A zone that does not know its offset, which Python allows."""

    def utcoffset(self, moment: datetime | None) -> timedelta | None:
        return None

    def dst(self, moment: datetime | None) -> timedelta | None:
        return None

    def tzname(self, moment: datetime | None) -> str | None:
        return None


@pytest.mark.parametrize("zone", [None, Nowhere()])
def test_a_moment_without_an_offset_is_no_instant(zone: tzinfo | None) -> None:
    with pytest.raises(SchemaError, match="2026-01-01T00:00:00 has no zone, so it names no instant"):
        instant_of(datetime(2026, 1, 1, tzinfo=zone))
