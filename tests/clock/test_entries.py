"""What the schedules topic should say, who may say it, and what operators ask."""

from dataclasses import replace

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from passage_clock.calendars import national
from passage_clock.errors import ClockError
from passage_clock.leading.skew import WallReading, must_probe, skew_seconds
from passage_clock.records.control import StatusAsk, decode_ask
from passage_clock.records.entries import Edition, newer_than, version_key
from passage_clock.schedules import periodic
from passage_schemas.instant import Instant
from passage_schemas.schedule_entry import ScheduleEntry
from tests.clock.world import DAY, EDITION, ENTRY, MIDNIGHT, SECOND, World, every_minute


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("0.99", "0.108"),
        ("0.9", "0.10"),
        ("1.0", "1.0.1"),
        ("2026b", "2026c"),
        ("2025z", "2026a"),
        ("2026z", "2026aa"),
        ("", "0.1"),
        ("1.0rc1", "1.0.1"),
    ],
)
def test_versions_are_compared_as_their_makers_count(older: str, newer: str) -> None:
    assert version_key(older) < version_key(newer)


@pytest.mark.parametrize(
    ("recorded", "named"),
    [
        (replace(ENTRY, generation=3), "configuration generation 3 leads, ours is 1"),
        (replace(ENTRY, tzdata="2026c"), "tzdata 2026c leads, ours is 2026b"),
        (replace(ENTRY, holidays="0.108"), "holidays 0.108 leads, ours is 0.99"),
    ],
)
def test_a_refusal_names_both_versions(recorded: ScheduleEntry, named: str) -> None:
    assert newer_than(EDITION, [ENTRY, recorded, ENTRY]) == [named]


def test_a_removed_schedules_entry_counts_too() -> None:
    assert newer_than(EDITION, [replace(ENTRY, status="removed", generation=2)]) != []


def test_who_is_as_new_or_newer_may_lead() -> None:
    assert newer_than(EDITION, []) == []
    assert newer_than(EDITION, [ENTRY]) == []
    assert newer_than(Edition(2, "2026c", "0.108"), [ENTRY]) == []


@given(st.text(), st.sampled_from(["active", "paused"]), st.text(), st.text())
def test_an_ask_is_read_as_it_was_written(schedule: str, status: str, by: str, reason: str) -> None:
    ask = StatusAsk(schedule, "paused" if status == "paused" else "active", by, reason)

    assert decode_ask(ask.key, ask.encode()) == ask


@pytest.mark.parametrize("value", [b"", b"{", b"[]", b"null", b'{"status": "removed"}', b'{"by": "kim"}', b"\xff"])
def test_what_is_no_ask_is_refused(value: bytes) -> None:
    with pytest.raises(ClockError, match="control record"):
        decode_ask(b"day.amsterdam", value)


def test_skew_is_positive_when_the_wall_is_ahead() -> None:
    assert skew_seconds(Instant(5_000_000), 3_000) == 2.0
    assert skew_seconds(Instant(3_000_000), 5_000) == -2.0


@pytest.mark.parametrize(
    ("wall_seconds", "monotonic_seconds", "probe"),
    [(10.0, 10.0, False), (30.0, 30.0, True), (10.5, 10.0, True), (9.5, 10.0, True), (10.1, 10.0, False)],
)
def test_the_broker_is_asked_again_in_time_and_when_the_wall_jumps(
    wall_seconds: float, monotonic_seconds: float, probe: bool
) -> None:
    probed = WallReading(MIDNIGHT, 100.0)
    now = WallReading(Instant(MIDNIGHT + round(wall_seconds * SECOND)), 100.0 + monotonic_seconds)

    assert must_probe(probed, 0.0, now, max_skew_seconds=2.0) is probe


def test_a_tight_limit_makes_smaller_jumps_count() -> None:
    now = WallReading(Instant(MIDNIGHT + 10_100_000), 10.0)

    assert must_probe(WallReading(MIDNIGHT, 0.0), 0.0, now, max_skew_seconds=0.1)


def test_a_calendar_that_comes_to_its_end_is_told_of_before_the_schedule_stops() -> None:
    calendar = national("NL")
    last_days = Instant(round((calendar.last_year + 1 - 1970) * 365.2425) * DAY)
    workdays = periodic("workday.nl", "workday", "UTC", calendar=calendar, starts_at=Instant(last_days - 10 * DAY))
    world = World(workdays, now=Instant(last_days - 7 * DAY))
    with structlog.testing.capture_logs() as told:
        world.run(world.candidate(), seconds=20 * 86_400, stride=3_600)

    events = [line["event"] for line in told if line["event"] in ("calendar_ends_soon", "schedule_stopped")]
    assert events[0] == "calendar_ends_soon"
    assert "schedule_stopped" in events
    assert world.ticks()[-1].next_at is None


def test_a_catch_up_is_one_line_and_a_live_tick_is_one() -> None:
    world = World(every_minute(starts_at=Instant(MIDNIGHT - DAY)))
    with structlog.testing.capture_logs() as told:
        world.run(world.candidate(), seconds=60)

    assert [line["event"] for line in told if line["event"].startswith("tick")] == ["ticks_published", "tick_published"]


def test_a_small_gain_is_asked_about_when_the_wall_was_almost_too_far_ahead_already() -> None:
    now = WallReading(Instant(MIDNIGHT + 1_100_000), 1.0)

    assert not must_probe(WallReading(MIDNIGHT, 0.0), 1.85, now, max_skew_seconds=2.0)
    assert must_probe(WallReading(MIDNIGHT, 0.0), 1.95, now, max_skew_seconds=2.0)
