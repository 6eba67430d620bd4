"""What an office wrote counts before what was read back: its follower may lag, and it must not forget its own word."""

from dataclasses import replace

from passage_clock.config import ClockConfig
from passage_clock.leading.office import Office
from passage_clock.leading.retention import SWEEP_EVERY_SECONDS
from passage_clock.leading.service import places
from passage_clock.planning.progress import LastTick
from passage_clock.records.clock_state import ClockState, Published
from passage_clock.records.control import trigger_asked
from passage_clock.records.entries import first_instants
from passage_clock.schedules import Schedule, periodic
from passage_schemas.instant import Instant
from passage_schemas.records import TRIGGERED
from tests.clock.world import DAY, EDITION, ENTRY, MIDNIGHT, MINUTE, TRIGGERS, World, every_minute

HOUR = 60 * MINUTE
NOTHING = ClockState({}, 0, {}, {})
SKIPPING: Schedule = replace(
    periodic("hour.utc", "hour", "UTC", starts_at=Instant(MIDNIGHT - 4 * DAY)),
    misfire="skip",
    misfire_grace_seconds=5 * 86_400.0,
    keep_days=1,
)


def in_office(world: World, *schedules: Schedule, rate: int | None = None) -> Office:
    """As its first settlement leaves it, on an empty log."""
    config = ClockConfig(schedules)
    office = Office(world.log, world.true, places(config), schedules, EDITION, "test", "a", rate)
    office.open("clock")
    office.mark(Instant(0))
    office.settle(NOTHING)
    return office


def test_a_promise_that_a_skip_moved_stands_when_ticks_are_let_go_after_it() -> None:
    world = World()
    office = in_office(world, SKIPPING)
    office.publish(world.true.now(), 1_000)
    world.true.advance(30 * 86_400 + 1_800)
    office.publish(world.true.now(), 0)
    moved = world.entries()[-1].next_at
    while (release := office.tidy(world.true.now())) is not None and not release.keys:
        pass

    assert moved == MIDNIGHT + 25 * DAY + HOUR, "what is within its grace"
    assert world.entries()[-1].floor_ordinal > 1
    assert world.entries()[-1].next_at == moved


def test_what_was_skipped_stays_so_when_an_ask_comes_before_our_own_word_is_read() -> None:
    world = World()
    office = in_office(world, replace(every_minute(), misfire="skip"), every_minute("other"))
    world.true.advance(60)
    office.publish(world.true.now(), 10)
    world.true.advance(600)
    office.publish(world.true.now(), 1)
    moved = world.entries()[-1]

    assert (moved.schedule, moved.next_at) == ("minute.utc", MIDNIGHT + 10 * MINUTE)
    assert office.settle(NOTHING) == [], "nothing has changed"
    assert world.entries()[-1] == moved


def test_an_ask_whose_answer_is_not_yet_read_is_not_answered_again() -> None:
    world = World()
    office = in_office(world, every_minute())
    asked = trigger_asked("minute.utc", "kim@desk", "month-end rerun", MIDNIGHT)
    for _ in range(3):
        office.answer({asked.key: asked}, world.true.now())

    assert len([TRIGGERED.decode(record.value() or b"") for record in world.records(TRIGGERS)]) == 1


def test_a_sweep_begins_where_the_schedule_that_keeps_the_most_was_left() -> None:
    hours = replace(periodic("hour.utc", "hour", "UTC", starts_at=Instant(MIDNIGHT - 10 * DAY)), keep_days=1)
    days = replace(periodic("day.utc", "day", "UTC", starts_at=Instant(MIDNIGHT - 10 * DAY)), keep_days=8)
    world = World(hours, days)
    world.run(world.candidate(), seconds=49 * SWEEP_EVERY_SECONDS, stride=1_200)
    floors = {entry.schedule: entry.floor_ordinal for entry in world.entries()}

    assert floors == {"hour.utc": 12 * 24 - 24 + 1 + 1, "day.utc": 12 - 8 + 1}


def test_with_other_data_a_promise_that_a_skip_moved_is_worth_nothing() -> None:
    schedule = replace(every_minute(), misfire="skip")
    entry = replace(ENTRY, definition=schedule.definition, next_at=Instant(MIDNIGHT + 9 * MINUTE), sequence=1)
    last = LastTick(1, "2026-09-01T00:00+00:00", Instant(MIDNIGHT + MINUTE), bytes(32))
    state = ClockState({schedule.name: Published(last, 1, None)}, 1, {schedule.name: entry}, {})

    for tzdata, first in (("2026b", {schedule.name: entry.next_at}), ("2026c", {})):
        assert first_instants([schedule], state, replace(EDITION, tzdata=tzdata), MIDNIGHT) == first


def test_a_backlog_within_the_grace_waits_for_its_rate_and_not_in_a_loop() -> None:
    world = World()
    late = replace(every_minute("late", Instant(MIDNIGHT - DAY)), misfire="skip", misfire_grace_seconds=3_600.0)
    office = in_office(world, every_minute(), late, rate=1)
    looks = 0
    while len(world.ticks()) < 10:
        office.publish(world.true.now(), 100)
        wake_at, looks = office.wake_at(), looks + 1
        assert wake_at is not None
        world.true.advance(max(0.0, (wake_at - world.true.now()) / 1_000_000))
        assert looks < 20

    assert world.true.now() - MIDNIGHT >= 9_000_000
