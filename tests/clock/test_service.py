"""The clock on a log in memory: what it publishes, and who may."""

from dataclasses import replace
from hashlib import sha256

import pytest

from passage_clock.leading.leadership import FENCED_WAIT_SECONDS, REFUSING_WAIT_SECONDS, Stage
from passage_clock.records.control import StatusAsk
from passage_clock.records.entries import Edition
from passage_clock.records.terms import RESIGNED_HEADER
from passage_clock.schedules import periodic
from passage_log.errors import Fenced
from passage_log.memory.writer import MemoryWriter
from passage_schemas.instant import Instant
from passage_schemas.records import TERM_KEY, TICK
from tests.clock.world import (
    CONTROL,
    DAY,
    EDITION,
    MIDNIGHT,
    MINUTE,
    SCHEDULES,
    SECOND,
    TICKS,
    World,
    every_minute,
    whole,
)

SINCE_AN_HOUR = Instant(MIDNIGHT - 60 * MINUTE)


def test_a_first_clock_catches_up_from_the_schedules_start() -> None:
    world = World(every_minute(starts_at=SINCE_AN_HOUR))
    world.run(world.candidate())

    ticks = world.ticks()
    assert [tick.ordinal for tick in ticks] == list(range(1, 61))
    assert ticks[-1].ends_at == MIDNIGHT
    assert whole(ticks) == []


def test_without_a_start_a_schedule_begins_at_the_first_period_that_ends_after_it_was_promised() -> None:
    world = World(every_minute(), now=Instant(MIDNIGHT + 20 * SECOND))
    world.run(world.candidate(), seconds=100)

    assert [tick.ends_at for tick in world.ticks()] == [MIDNIGHT + MINUTE, MIDNIGHT + 2 * MINUTE]


def test_a_promise_survives_a_leader_that_dies_before_the_first_tick() -> None:
    world = World(every_minute(), now=Instant(MIDNIGHT + 20 * SECOND))
    first = world.candidate("first")
    world.run(first)
    world.kill(first)
    world.true.advance(300)
    world.run(world.candidate("second"))

    assert world.ticks()[0].ends_at == MIDNIGHT + MINUTE
    assert len(world.entries()) == 1
    assert whole(world.ticks()) == []


def test_nothing_is_published_before_its_period_has_ended() -> None:
    world = World(every_minute())
    candidate = world.candidate()
    world.run(candidate, seconds=59.999)
    assert world.ticks() == []

    world.run(candidate, seconds=0.001)
    assert [tick.published_at - tick.ends_at for tick in world.ticks()] == [0]


def test_a_restart_goes_on_where_the_log_ends() -> None:
    world = World(every_minute(starts_at=SINCE_AN_HOUR), every_minute("minute.other", starts_at=SINCE_AN_HOUR))
    for name in "abc":
        candidate = world.candidate(name, batch_ticks=7)
        world.run(candidate, seconds=130)
        world.kill(candidate)
        world.true.advance(600)

    assert whole(world.ticks()) == []
    assert len(world.ticks()) > 2 * 60


def test_a_catch_up_is_published_in_bounded_transactions() -> None:
    world = World(every_minute(starts_at=SINCE_AN_HOUR))
    candidate = world.candidate(batch_ticks=25)
    world.run(candidate, steps=4)
    seen = []
    for _ in range(4):
        candidate.clock.step()
        seen.append(len(world.ticks()))

    assert seen == [25, 50, 60, 60]


def test_each_tick_names_the_digest_of_the_one_before_across_leaders() -> None:
    world = World(every_minute(starts_at=SINCE_AN_HOUR))
    for name in "ab":
        candidate = world.candidate(name)
        world.run(candidate, seconds=60)
        world.kill(candidate)
    values = [value for record in world.records(TICKS) if (value := record.value()) is not None]

    assert world.ticks()[0].previous is None
    assert [tick.previous for tick in world.ticks()[1:]] == [sha256(value).digest() for value in values[:-1]]


def test_a_standby_takes_over_when_the_leader_dies_and_publishes_what_was_missed() -> None:
    world = World(every_minute())
    leader, standby = world.candidate("leader"), world.candidate("standby")
    world.run(leader, standby, seconds=60)
    assert (leader.leads, standby.stage) == (True, Stage.STANDING_BY)

    world.kill(leader)
    world.run(standby, seconds=180)

    assert standby.leads
    assert world.ordinals("minute.utc") == [1, 2, 3, 4]
    assert whole(world.ticks()) == []


def test_a_leader_that_slept_past_its_session_can_write_nothing_readable() -> None:
    world = World(every_minute())
    leader, standby = world.candidate("leader"), world.candidate("standby")
    world.run(leader, standby, seconds=60)
    zombies_office = leader.clock._office
    assert zombies_office is not None

    world.kill(leader)
    world.run(standby, seconds=120)
    readable = len(world.records(TICKS))
    with pytest.raises(Fenced):
        zombies_office.publish(world.true.now(), 100)

    assert len(world.records(TICKS)) == readable
    assert whole(world.ticks()) == []


def test_a_resumed_leader_stands_by_for_its_successor() -> None:
    world = World(every_minute())
    leader, standby = world.candidate("leader"), world.candidate("standby")
    world.run(leader, standby, seconds=60)
    world.kill(leader)
    world.run(standby, seconds=60)
    world.run(leader, standby, seconds=120)

    assert leader.stage is Stage.STANDING_BY
    assert standby.leads
    assert world.ordinals("minute.utc") == [1, 2, 3, 4]


def test_a_leader_fenced_by_nobody_takes_office_again_when_it_is_still_wanted() -> None:
    """A broker fences a writer whose transaction timed out; there is no successor then."""
    world = World(every_minute())
    leader = world.candidate()
    world.run(leader, seconds=30)
    world.log.writer(leader.clock.transactional_id).open()
    world.run(leader, seconds=12)
    assert leader.stage is Stage.FENCED

    world.run(leader, seconds=FENCED_WAIT_SECONDS + 20)
    assert leader.leads
    assert world.ordinals("minute.utc") == [1]


def test_an_office_that_lost_a_connection_in_a_transaction_is_taken_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its writer's new epoch fences what the broken connection may still carry."""
    world = World(every_minute())
    leader = world.candidate()
    world.run(leader, seconds=30)
    before = leader.clock.leadership.term
    with monkeypatch.context() as patched:
        patched.setattr(MemoryWriter, "is_doubtful", True)
        world.run(leader, seconds=60)
    world.run(leader, seconds=60)
    term = leader.clock.leadership.term
    assert leader.leads
    assert before is not None
    assert term is not None
    assert term > before
    assert world.ordinals("minute.utc") == [1, 2]


def test_a_clock_that_stops_resigns_and_its_standby_leads_at_once() -> None:
    world = World(every_minute())
    leader, standby = world.candidate("leader"), world.candidate("standby")
    world.run(leader, standby, seconds=60)

    leader.clock.stop()
    leader.clock.close()
    world.run(standby)

    headers = [dict(record.headers() or ()) for record in world.records(TICKS) if record.key() == TERM_KEY]
    assert [names.get(RESIGNED_HEADER) for names in headers] == [None, b"leader", None]
    assert standby.leads


def test_every_office_has_a_term_of_its_own_and_later_ones_are_higher() -> None:
    world = World(every_minute())
    terms: list[int] = []
    for name in "abc":
        candidate = world.candidate(name)
        world.run(candidate, seconds=60)
        term = candidate.clock.leadership.term
        assert term is not None
        terms.append(term)
        world.kill(candidate)
    barriers = [record.offset() for record in world.records(TICKS) if record.key() == TERM_KEY]

    assert terms == barriers
    assert terms == sorted(set(terms))


# Editions.


@pytest.mark.parametrize(
    "older",
    [
        replace(EDITION, generation=0),
        replace(EDITION, tzdata="2026a"),
        replace(EDITION, tzdata="2025c"),
        replace(EDITION, holidays="0.98"),
        replace(EDITION, holidays="0.9"),
    ],
)
def test_a_candidate_with_older_configuration_or_data_refuses_office_so_that_another_can_lead(older: Edition) -> None:
    world = World(every_minute())
    newest = world.candidate("newest")
    world.run(newest, seconds=30)
    world.kill(newest)

    old, current = world.candidate("old", edition=older), world.candidate("current")
    world.run(old)
    assert old.stage is Stage.REFUSING
    assert old.clock.member is None
    world.run(old, current, seconds=60, stride=5)

    assert current.leads
    assert world.ordinals("minute.utc") == [1]
    assert {tick.tzdata for tick in world.ticks()} == {EDITION.tzdata}


def test_who_refused_comes_back_after_a_while() -> None:
    world = World(every_minute())
    newest = world.candidate("newest", edition=replace(EDITION, generation=2))
    world.run(newest)
    world.kill(newest)
    old = world.candidate("old")
    world.run(old)

    world.run(old, seconds=REFUSING_WAIT_SECONDS, stride=30)

    assert old.stages.seen.count(Stage.REFUSING) == 2


def test_a_newer_edition_is_recorded_for_every_schedule() -> None:
    world = World(every_minute(), every_minute("minute.other"))
    for edition in (EDITION, replace(EDITION, holidays="0.100")):
        candidate = world.candidate(edition=edition)
        world.run(candidate)
        world.kill(candidate)

    assert [entry.holidays for entry in world.entries()] == ["0.99", "0.99", "0.100", "0.100"]


# The broker's time.


def test_a_clock_ahead_of_the_broker_publishes_nothing_until_it_is_right() -> None:
    world = World(every_minute())
    candidate = world.candidate(ahead_seconds=5.0)
    world.run(candidate, seconds=120)
    assert candidate.stage is Stage.HELD
    assert world.ticks() == []
    assert world.entries() == []

    candidate.wall.ahead_seconds = 0.0
    world.run(candidate, seconds=60)
    assert candidate.leads
    assert len(world.ticks()) == 1


def test_a_clock_behind_the_broker_publishes_late_and_lives_on() -> None:
    world = World(every_minute())
    candidate = world.candidate(ahead_seconds=-30.0)
    world.run(candidate, seconds=95)

    assert candidate.leads
    assert [tick.ends_at for tick in world.ticks()] == [MIDNIGHT, MIDNIGHT + MINUTE]
    assert min(candidate.stages.skews) == -30.0


def test_a_wall_set_forward_in_office_is_probed_before_it_publishes() -> None:
    world = World(every_minute())
    candidate = world.candidate()
    world.run(candidate, seconds=5)
    candidate.wall.ahead_seconds = 3600.0
    world.run(candidate, seconds=1)

    assert candidate.stage is Stage.HELD
    assert world.ticks() == []


def test_a_wall_that_drifts_is_found_within_half_a_minute() -> None:
    world = World(every_minute())
    candidate = world.candidate()
    world.run(candidate)
    for _ in range(30):
        candidate.wall.ahead_seconds += 0.1
        world.run(candidate, seconds=1)

    assert candidate.stage is Stage.HELD


# The schedules topic.


def test_a_schedule_is_recorded_once_and_again_only_when_it_changes() -> None:
    world = World(every_minute())
    for event, generation in (("MinuteHasPassed", 1), ("MinuteHasPassed", 1), ("MinuteIsOver", 2)):
        minute, edition = periodic("minute.utc", "minute", "UTC", event=event), replace(EDITION, generation=generation)
        candidate = world.candidate("x", minute, edition=edition)
        world.run(candidate, seconds=60)
        world.kill(candidate)

    assert [(entry.event, entry.sequence) for entry in world.entries()] == [("MinuteHasPassed", 0), ("MinuteIsOver", 2)]


def test_a_changed_promise_is_recorded_and_kept() -> None:
    """A day in another zone ends at another time: the last tick's promise no longer holds."""
    world = World()
    for generation, zone in ((1, "UTC"), (2, "Europe/Amsterdam")):
        day, edition = periodic(name="day", every="day", zone=zone), replace(EDITION, generation=generation)
        candidate = world.candidate("x", replace(day, on_change="keep"), edition=edition)
        world.run(candidate, seconds=25 * 3600, stride=1800, steps=6)
        world.kill(candidate)

    utc, amsterdam = world.entries()
    ticks = world.ticks()
    assert utc.next_at == MIDNIGHT + DAY == ticks[0].ends_at
    assert amsterdam.next_at != ticks[0].next_at
    assert amsterdam.next_at == ticks[1].ends_at
    assert amsterdam.sequence == 1


def test_a_schedule_that_left_the_configuration_is_removed_and_goes_on_when_it_returns() -> None:
    both = (every_minute("left"), every_minute("stays"))
    world = World()
    for generation, schedules in ((1, both), (2, both[1:]), (3, both)):
        candidate = world.candidate("x", *schedules, edition=replace(EDITION, generation=generation))
        world.run(candidate, seconds=120)
        world.kill(candidate)

    of_left = [entry for entry in world.entries() if entry.schedule == "left"]
    assert [entry.status for entry in of_left] == ["active", "removed", "active"]
    assert of_left[1].next_at is None
    assert (of_left[1].status_by, of_left[1].status_reason) == ("x", "not in the configuration of generation 2")
    assert world.ordinals("left") == world.ordinals("stays") == [1, 2, 3, 4, 5, 6]


def ask(world: World, request: StatusAsk) -> None:
    appender = world.log.appender()
    appender.append(CONTROL, request.key, request.encode(), 1)
    appender.flush()


def test_a_paused_schedule_is_silent_until_it_is_resumed_and_then_nothing_is_missing() -> None:
    world = World(every_minute("paused"), every_minute("other"))
    candidate = world.candidate()
    world.run(candidate, seconds=60)
    ask(world, StatusAsk("paused", "paused", by="kim", reason="stocktaking"))
    world.run(candidate, seconds=120)
    assert (world.ordinals("paused"), world.ordinals("other")) == ([1], [1, 2, 3])

    ask(world, StatusAsk("paused", "active", by="kim", reason="counted"))
    world.run(candidate, seconds=60)

    assert world.ordinals("paused") == [1, 2, 3, 4]
    of_paused = [entry for entry in world.entries() if entry.schedule == "paused"]
    assert [(entry.status, entry.status_reason) for entry in of_paused] == [
        ("active", "in the configuration"),
        ("paused", "stocktaking"),
        ("active", "counted"),
    ]
    assert whole(sorted(world.ticks(), key=lambda tick: tick.sequence)) == []


def test_a_pause_outlives_the_leader_that_heard_it() -> None:
    world = World(every_minute())
    ask(world, StatusAsk("minute.utc", "paused", by="kim", reason="stocktaking"))
    for name in "ab":
        candidate = world.candidate(name)
        world.run(candidate, seconds=60)
        world.kill(candidate)

    assert world.ticks() == []
    assert len(world.entries()) == 1


def test_a_request_nobody_can_read_is_passed_over() -> None:
    world = World(every_minute())
    appender = world.log.appender()
    appender.append(CONTROL, b"minute.utc", b"please stop", 1)
    appender.append(CONTROL, b"\xff", b'{"status": "stopped"}', 1)
    appender.flush()
    world.run(world.candidate(), seconds=60)

    assert world.ordinals("minute.utc") == [1]


def test_a_compacted_tick_topic_tells_a_new_candidate_the_same() -> None:
    world = World(every_minute(starts_at=SINCE_AN_HOUR))
    for name in "ab":
        candidate = world.candidate(name)
        world.run(candidate, seconds=60)
        world.kill(candidate)
        world.log.compact(TICKS.topic, forget_deleted=True)

    assert whole(world.ticks()) == []
    assert len(world.ticks()) == 62


def test_what_somebody_else_wrote_on_the_clocks_topics_ends_no_clock() -> None:
    world = World(every_minute(starts_at=MIDNIGHT), now=Instant(MIDNIGHT + 3 * MINUTE))
    first = world.candidate("a")
    world.run(first)
    appender = world.log.appender()
    for key in (b"garbage", b"garbage/1", None):
        appender.append(TICKS, key, b"garbage", MIDNIGHT // 1000)
        appender.append(SCHEDULES, key, b"garbage", MIDNIGHT // 1000)
    appender.flush()
    world.kill(first)
    heir = world.candidate("b")
    world.run(heir, seconds=120)
    assert heir.leads
    reader = world.log.reader()
    reader.assign({TICKS: 0})
    values = [record.value() for record in reader.poll(10_000, 0.0)]
    ticks = [TICK.decode(value) for value in values if value not in (None, b"garbage")]
    assert [tick.ordinal for tick in ticks] == [1, 2, 3, 4, 5]
