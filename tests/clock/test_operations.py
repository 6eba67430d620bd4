"""What operators do to a running clock, and what it does with what is late: on a log in memory."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
import structlog

from passage_clock.calendars import national
from passage_clock.errors import ClockError
from passage_clock.leading.leadership import Stage
from passage_clock.leading.service import Clock, places
from passage_clock.leading.throttle import Throttle
from passage_clock.records.control import StatusAsk, Trigger, decode_trigger, trigger_asked
from passage_clock.records.entries import newer_than
from passage_clock.records.follower import Follower
from passage_clock.rules.periods import Every
from passage_clock.rules.rule import Occurrence, Rule
from passage_clock.schedules import Misfire, Schedule, periodic
from passage_log.errors import WriterLost
from passage_schemas.instant import Instant
from passage_schemas.records import TRIGGERED
from passage_schemas.triggered import Triggered
from tests.clock.faults import FaultyLog
from tests.clock.world import (
    CONTROL,
    DAY,
    EDITION,
    MIDNIGHT,
    MINUTE,
    SCHEDULES,
    TRIGGERS,
    Candidate,
    Stages,
    World,
    every_minute,
    whole,
)


def lenient(misfire: Misfire, name: str = "minute.utc", starts_at: Instant | None = None) -> Schedule:
    return replace(every_minute(name, starts_at), misfire=misfire)


def ask(world: World, request: StatusAsk | Trigger) -> None:
    appender = world.log.appender()
    appender.append(CONTROL, request.key, request.encode(), 1)
    appender.flush()


def pushed(name: str = "minute.utc", reason: str = "month-end rerun") -> Trigger:
    return trigger_asked(name, "kim@desk", reason, MIDNIGHT)


def triggered(world: World) -> list[Triggered]:
    return [TRIGGERED.decode(value) for record in world.records(TRIGGERS) if (value := record.value()) is not None]


def answers(world: World) -> list[dict[str, Any]]:
    values = [
        json.loads(record.value() or b"{}") for record in world.records(CONTROL) if record.key() != b"passage/probe"
    ]
    return [value for value in values if value.get("status") == "done"]


# Late ones.


def outage(world: World, minutes: int) -> Candidate:
    """A leader dies after its first tick; the next one comes minutes later."""
    first = world.candidate("first")
    world.run(first, seconds=60)
    world.kill(first)
    world.true.advance(minutes * 60)
    second = world.candidate("second")
    world.run(second)
    return second


def test_after_an_outage_one_tick_stands_for_all_that_were_missed() -> None:
    world = World(lenient("coalesce"))
    outage(world, 10)

    ticks = world.ticks()
    assert [(tick.ordinal, tick.ends_at, tick.stands_for) for tick in ticks] == [
        (1, MIDNIGHT + MINUTE, 1),
        (2, MIDNIGHT + 11 * MINUTE, 10),
    ]
    assert ticks[0].next_at == MIDNIGHT + 2 * MINUTE
    assert len(world.entries()) == 1


def test_after_an_outage_what_is_too_late_is_skipped_and_the_log_says_so_before_anybody_waits_for_it() -> None:
    world = World(lenient("skip"))
    leader = outage(world, 10)
    world.run(leader, seconds=60)

    ticks = world.ticks()
    assert [(tick.ordinal, (tick.ends_at - MIDNIGHT) // MINUTE) for tick in ticks] == [
        (1, 1),
        (2, 10),
        (3, 11),
        (4, 12),
    ]
    first, moved = world.entries()
    assert (first.next_at, first.sequence) == (ticks[0].ends_at, 0)
    assert (moved.next_at, moved.sequence) == (ticks[1].ends_at, 1)


def test_a_leader_whose_machine_slept_skips_in_the_transaction_of_the_ticks_it_goes_on_with() -> None:
    world = World(lenient("skip"))
    leader = world.candidate()
    world.run(leader, seconds=60)
    world.true.advance(600)
    with structlog.testing.capture_logs() as told:
        world.run(leader)

    assert [line["schedule"] for line in told if line["event"] == "occurrences_skipped"] == ["minute.utc"]
    assert [(entry.sequence, entry.next_at) for entry in world.entries()][1:] == [(1, MIDNIGHT + 10 * MINUTE)]
    assert world.ordinals("minute.utc") == [1, 2, 3]


def test_what_was_skipped_stays_skipped_for_a_successor_whose_wall_is_behind() -> None:
    world = World(replace(lenient("skip"), misfire_grace_seconds=10.0))
    leader = world.candidate("first")
    world.run(leader, seconds=60)
    world.true.advance(130.5)
    world.run(leader)
    world.kill(leader)
    skipped_to = world.entries()[-1].next_at
    world.run(world.candidate("second", ahead_seconds=-1.0), seconds=60)

    assert skipped_to == MIDNIGHT + 4 * MINUTE
    assert [(tick.ends_at - MIDNIGHT) // MINUTE for tick in world.ticks()] == [1, 4]


def test_an_ask_that_comes_while_the_wall_is_a_day_ahead_skips_no_day() -> None:
    world = World(lenient("skip"), every_minute("other"))
    leader = world.candidate()
    world.run(leader, seconds=60)
    leader.wall.ahead_seconds = 86_400.0
    ask(world, StatusAsk("other", "paused", by="kim", reason="stocktaking"))
    world.run(leader)
    assert leader.stage is Stage.HELD
    leader.wall.ahead_seconds = 0.0
    world.run(leader, seconds=60)

    assert world.ordinals("minute.utc") == [1, 2]
    assert world.entries()[-1].status == "paused"


@pytest.mark.parametrize(
    ("misfire", "ordinals", "stands_for"),
    [("publish_all", [1, 2, 3, 4, 5, 6], [1] * 6), ("coalesce", [1, 2, 3], [1, 4, 1]), ("skip", [1, 2, 3, 4], [1] * 4)],
)
def test_a_resumed_schedule_catches_up_by_its_policy(
    misfire: Misfire, ordinals: list[int], stands_for: list[int]
) -> None:
    world = World(lenient(misfire), every_minute("other"))
    leader = world.candidate()
    world.run(leader, seconds=60)
    ask(world, StatusAsk("minute.utc", "paused", by="kim", reason="stocktaking"))
    world.run(leader, seconds=240)
    ask(world, StatusAsk("minute.utc", "active", by="kim", reason="counted"))
    world.run(leader, seconds=60)

    own = [tick for tick in world.ticks() if tick.schedule == "minute.utc"]
    assert [tick.ordinal for tick in own] == ordinals
    assert [tick.stands_for for tick in own] == stands_for
    assert own[-1].ends_at == MIDNIGHT + 6 * MINUTE


# The past of a new schedule.


@dataclass(slots=True)
class Watcher(Stages):
    """What the observer is told of what lies ahead."""

    remaining: list[int | None] = field(default_factory=list)
    days: list[tuple[str, int]] = field(default_factory=list)

    def __init__(self) -> None:
        Stages.__init__(self)
        self.remaining, self.days = [], []

    def catching_up(self, remaining: int | None) -> None:
        self.remaining.append(remaining)

    def horizon(self, schedule: str, days: int) -> None:
        self.days.append((schedule, days))


def watched(world: World, candidate: Candidate, **changes: Any) -> tuple[Candidate, Watcher]:
    """The candidate again, with other settings, and somebody who watches."""
    watcher = Watcher()
    config = replace(candidate.clock._config, **changes)
    clock = Clock(config, world.log, candidate.wall, "watched", watcher, edition=EDITION, batch_ticks=1_000)
    return Candidate(clock, candidate.wall, watcher), watcher


def test_a_backfill_keeps_to_its_rate_and_the_present_goes_first() -> None:
    world = World(every_minute("present"), every_minute("past", starts_at=Instant(MIDNIGHT - 1_000 * MINUTE)))
    leader, watcher = watched(world, world.candidate(), catch_up_ticks_per_second=5)
    world.run(leader, seconds=60)
    after_a_minute = world.ordinals("past")
    world.run(leader, seconds=180)

    assert 300 <= len(after_a_minute) <= 305
    assert [tick.published_at for tick in world.ticks() if tick.schedule == "present"] == [
        MIDNIGHT + minute * MINUTE for minute in (1, 2, 3, 4)
    ]
    assert len(world.ordinals("past")) == 1_004
    assert whole(world.ticks()) == []
    counts = [remaining for remaining in watcher.remaining if remaining is not None]
    assert 990 <= counts[0] <= 1_000
    assert counts == sorted(counts, reverse=True)
    assert watcher.remaining[-1] is None


def test_without_a_rate_a_backfill_goes_as_fast_as_it_can() -> None:
    world = World(every_minute("past", starts_at=Instant(MIDNIGHT - 1_000 * MINUTE)))
    leader, watcher = watched(world, world.candidate())
    world.run(leader)

    assert len(world.ordinals("past")) == 1_000
    assert watcher.remaining == []


def test_a_leader_that_goes_leaves_nothing_behind_in_what_is_left_to_do() -> None:
    world = World(every_minute("past", starts_at=Instant(MIDNIGHT - 1_000 * MINUTE)))
    leader, watcher = watched(world, world.candidate(), catch_up_ticks_per_second=5)
    world.run(leader, seconds=10)
    assert watcher.remaining[-1] is not None
    leader.clock.stop()

    assert watcher.remaining[-1] is None


def test_a_throttle_gives_a_seconds_worth_a_second_in_portions() -> None:
    throttle = Throttle(100)
    assert throttle.room(0.0) == 10
    throttle.took(10)
    assert throttle.room(0.05) == 0
    assert throttle.wait_seconds == pytest.approx(0.05)
    assert throttle.room(0.1) == 10
    assert throttle.room(500.0) == 100


# How far the data reaches.


def test_the_days_left_are_told_once_a_day_and_aloud_when_they_are_few() -> None:
    calendar = national("NL")
    workdays = periodic("workday.nl", "workday", "UTC", calendar=calendar)
    known_until = workdays.rule.known_until
    assert known_until is not None
    world = World(workdays, every_minute(), now=Instant(known_until - 92 * DAY))
    leader, watcher = watched(world, world.candidate())
    with structlog.testing.capture_logs() as told:
        world.run(leader, seconds=4 * 86_400, stride=3_600)

    assert watcher.days == [("workday.nl", days) for days in (92, 91, 90, 89, 88)]
    warned = [line for line in told if line["event"] == "calendar_ends_soon"]
    assert [line["days"] for line in warned] == [90, 89, 88]
    assert warned[0]["calendar"] == calendar.label


# Triggers.


def test_a_trigger_is_an_event_out_of_turn_and_never_a_tick() -> None:
    world = World(every_minute())
    leader = world.candidate("leader")
    world.run(leader, seconds=30)
    asked_at = world.true.now()
    ask(world, pushed())
    world.run(leader, seconds=35)

    (event,) = triggered(world)
    assert (event.event, event.schedule, event.id) == (
        "MinuteHasPassed",
        "minute.utc",
        "kim@desk@2026-09-01T00:00:00+00:00",
    )
    assert (event.requested_by, event.reason, event.requested_at) == ("kim@desk", "month-end rerun", asked_at)
    assert answers(world) == [
        {
            "status": "done",
            "by": "leader",
            "reason": "published",
            "asked_by": "kim@desk",
            "asked_because": "month-end rerun",
        }
    ]
    assert world.ordinals("minute.utc") == [1]
    (record,) = world.records(TRIGGERS)
    assert record.key() == f"minute.utc/{event.id}".encode()
    headers = dict(record.headers() or ())
    assert (headers["ce_type"], headers["ce_id"]) == (b"MinuteHasPassed", record.key())
    assert headers["ce_time"] == b"2026-09-01T00:00:30Z"


def test_an_ask_made_while_nobody_leads_is_answered_by_the_next_leader_and_by_no_other() -> None:
    world = World(every_minute())
    ask(world, pushed())
    for name in "abc":
        candidate = world.candidate(name)
        world.run(candidate, seconds=5)
        assert candidate.clock._follower.triggers == {}
        world.kill(candidate)

    assert [event.requested_by for event in triggered(world)] == ["kim@desk"]
    assert [answer["by"] for answer in answers(world)] == ["a"]


@pytest.mark.parametrize("struck", range(12))
def test_an_ask_is_answered_once_wherever_its_leader_loses_the_log(struck: int) -> None:
    """Between any two of its calls, and with a commit of which nobody knows the outcome."""
    world = World(every_minute())
    moments: Iterator[int] = iter(range(1_000_000))
    armed: list[int] = []

    def strike(moment: str) -> None:
        if armed and next(moments) == struck:
            raise WriterLost(f"connection lost {moment}")

    leader = world.candidate("a", log=FaultyLog(world.log, strike))
    world.run(leader, seconds=5)
    ask(world, pushed())
    armed.append(1)
    world.run(leader, seconds=30)

    assert len(triggered(world)) == 1
    assert len(answers(world)) == 1


def test_an_ask_for_what_is_not_there_is_refused_and_the_answer_says_so() -> None:
    world = World(every_minute())
    ask(world, pushed("minute.ut"))
    with structlog.testing.capture_logs() as told:
        world.run(world.candidate())

    assert triggered(world) == []
    (answer,) = answers(world)
    assert answer["reason"] == "refused: there is no schedule 'minute.ut'; did you mean 'minute.utc'?"
    assert [line["outcome"] for line in told if line["event"] == "trigger_answered"] == [answer["reason"]]


def test_a_paused_schedule_can_be_triggered_and_stays_paused() -> None:
    world = World(every_minute())
    ask(world, StatusAsk("minute.utc", "paused", "kim", "stocktaking"))
    ask(world, pushed())
    world.run(world.candidate(), seconds=120)

    assert len(triggered(world)) == 1
    assert world.ticks() == []
    assert (world.entries()[-1].status_by, world.entries()[-1].status_reason) == ("kim", "stocktaking")


def test_nobody_answers_while_the_wall_is_ahead() -> None:
    world = World(every_minute())
    leader = world.candidate(ahead_seconds=30.0)
    ask(world, pushed())
    world.run(leader, seconds=30)
    assert (leader.stage, triggered(world)) == (Stage.HELD, [])


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (b"trigger/minute.utc", b'{"status": "trigger"}'),
        (b"trigger//x", b'{"status": "trigger"}'),
        (b"trigger/minute.utc/x", b'{"status": "paused"}'),
        (b"trigger/minute.utc/x", b"now!"),
        (b"trigger/minute.utc/x", b"[]"),
        (b"trigger/\xff/x", b'{"status": "trigger"}'),
    ],
)
def test_what_is_no_trigger_is_passed_over(key: bytes, value: bytes) -> None:
    with pytest.raises(ClockError, match="control record"):
        decode_trigger(key, value, MIDNIGHT)
    world = World(every_minute())
    appender = world.log.appender()
    appender.append(CONTROL, key, value, 1)
    appender.flush()
    world.run(world.candidate(), seconds=60)

    assert world.ordinals("minute.utc") == [1]


@pytest.mark.parametrize(
    ("key", "value", "status"),
    [
        (b"minute.utc", b'{"status": "paused", "by": "\\ud800"}', "paused"),
        (b"minute.utc", b'{"status": "paused", "by": "' + b"x" * 900_000 + b'"}', "paused"),
        (b"minute.utc", b"[" * 200_000, "active"),
        (b"minute.utc", b'{"status": ' + b"[" * 500 + b"]" * 500 + b"}", "active"),
        (b"trigger/minute.utc/x", b'{"status": "trigger", "reason": "\\ud800"}', "active"),
        (b"trigger/minute.utc/x", b'{"status": "trigger", "reason": "' + "\u20ac".encode() * 300_000 + b'"}', "active"),
        (b"trigger/minute.utc/" + b"x" * 400_000, b'{"status": "trigger"}', "active"),
    ],
)
def test_whatever_stands_on_the_control_topic_the_ticks_go_on(key: bytes, value: bytes, status: str) -> None:
    """An ask that ended its leader would end every leader after it: it stays on the topic."""
    world = World(every_minute(), every_minute("other"))
    leader = world.candidate()
    world.run(leader)
    appender = world.log.appender()
    appender.append(CONTROL, key, value, 1)
    appender.flush()
    world.run(leader, seconds=60)

    assert world.ordinals("other") == [1]
    assert {entry.schedule: entry.status for entry in world.entries()}["minute.utc"] == status
    longest = max(len(record.value() or b"") for place in (SCHEDULES, TRIGGERS) for record in world.records(place))
    assert longest < 10_000


def test_a_follower_forgets_what_is_done() -> None:
    world = World(every_minute())
    follower = Follower(world.log, places(world.candidate().clock._config))
    asked = [trigger_asked("minute.utc", "kim", "", Instant(MIDNIGHT + place)) for place in range(50)]
    for one in asked:
        ask(world, one)
    follower.follow(1_000)
    assert len(follower.triggers) == 50

    world.run(world.candidate())
    while follower.follow(1_000):
        pass
    assert follower.triggers == {}
    assert sorted(event.id for event in triggered(world)) == sorted(one.id for one in asked)


# Data of other releases.


@dataclass(frozen=True, slots=True)
class OfRelease:
    """Minutes, as if a market's sessions had decided them."""

    data: str
    zone: str = "UTC"
    event: str = "MarketHasClosed"
    known_from: Instant | None = None
    known_until: Instant | None = None

    @property
    def definition(self) -> dict[str, str]:
        return {"session": "close", "market": "XNAS"}

    def occurrences(self, since: Instant) -> Iterator[Occurrence]:
        return Every("minute", "UTC").occurrences(since)

    def as_of(self, instant: Instant) -> "OfRelease":
        del instant
        return self


def close(label: str) -> Schedule:
    rule: Rule = OfRelease(label)
    return Schedule("close.nasdaq", rule)


@pytest.mark.parametrize(
    ("newer", "older", "named"),
    [
        (
            "XNAS, exchange_calendars 4.13.2",
            "XNAS, exchange_calendars 4.9",
            "exchange_calendars 4.13.2 leads, ours is 4.9",
        ),
        ("full moon, ephem 4.10", "full moon, ephem 4.2.1", "ephem 4.10 leads, ours is 4.2.1"),
        ("acme (XNYS, exchange_calendars 4.13.2)", "XNYS, exchange_calendars 4.13.1", "ours is 4.13.1"),
        ("NL, holidays 0.99; XNAS, exchange_calendars 4.2", "XNAS, exchange_calendars 4.1", "ours is 4.1"),
    ],
)
def test_who_has_older_data_of_any_source_refuses_office(newer: str, older: str, named: str) -> None:
    world = World()
    first = world.candidate("first", close(newer))
    world.run(first, seconds=60)
    world.kill(first)
    second = world.candidate("second", close(older))
    with structlog.testing.capture_logs() as told:
        world.run(second, seconds=10)
    third = world.candidate("third", close(newer))
    world.run(third, seconds=10)

    assert second.stage is Stage.REFUSING
    assert [named in line["reason"] for line in told if line["event"] == "office_refused"] == [True]
    assert third.leads


def test_data_that_is_not_ours_to_compare_refuses_nobody() -> None:
    world = World()
    first = world.candidate("first", close("XNAS, exchange_calendars 4.13.2"))
    world.run(first)

    assert newer_than(EDITION, world.entries(), [every_minute(), close("acme"), close("2027, ephem 9.9")]) == []
