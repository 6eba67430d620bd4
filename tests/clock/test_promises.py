"""Invariant 10, a promise is kept: who would publish otherwise, by the same definition and data, may not lead."""

from dataclasses import replace
from typing import Any

import pytest
import structlog

from passage_clock.config import ClockConfig
from passage_clock.leading.fitness import OfficeRefusal
from passage_clock.leading.leadership import Stage
from passage_clock.leading.promises import MEND, SHOWN, Moved, compared, compared_by_the_rules, told, unkept
from passage_clock.leading.service import Clock
from passage_clock.monitoring.metrics import ClockMetrics
from passage_clock.monitoring.status import status
from passage_clock.planning.progress import LastTick
from passage_clock.records.clock_state import ClockState, Published
from passage_clock.records.control import StatusAsk
from passage_clock.records.entries import Edition
from passage_clock.rules.periods import Every
from passage_clock.schedules import Schedule
from passage_schemas.instant import Instant
from tests.clock.moved_rules import Earlier, EveryThird, Later, Never, by
from tests.clock.test_verify import walk
from tests.clock.world import (
    CONTROL,
    EDITION,
    ENTRY,
    MIDNIGHT,
    MINUTE,
    SCHEDULES,
    SECOND,
    TICKS,
    Candidate,
    Stages,
    World,
    every_minute,
    whole,
)


def measured(world: World, name: str, schedule: Schedule, edition: Edition = EDITION) -> tuple[Candidate, ClockMetrics]:
    """A candidate and its metrics."""
    metrics, config = ClockMetrics(world.true), ClockConfig((schedule,), generation=edition.generation)
    clock = Clock(config, world.log, world.true, name, metrics, edition)
    return Candidate(clock, world.candidate().wall, Stages()), metrics


def led_by(schedule: Schedule, seconds: float = 600) -> World:
    """A world in which this one led, and nobody does."""
    world = World(schedule)
    leader = world.candidate("before")
    world.run(leader, seconds=seconds, stride=30)
    assert world.ticks()
    world.kill(leader)
    return world


FAULTS = {"where one looks from": (EveryThird, EveryThird), "later": (Every, Later), "earlier": (Every, Earlier)}


@pytest.mark.parametrize(("leads", "follows"), FAULTS.values(), ids=FAULTS)
def test_whoever_would_break_a_promise_refuses_office_aloud_and_writes_nothing(
    leads: type[Every], follows: type[Every]
) -> None:
    world = led_by(by(leads))
    before = (world.records(TICKS), world.records(SCHEDULES))
    candidate, metrics = measured(world, "after", by(follows))
    with structlog.testing.capture_logs() as heard:
        world.run(candidate, seconds=300, stride=5)

    assert (world.ticks(), world.records(SCHEDULES)) == (before[0] and world.ticks(), before[1])
    assert [record for record in world.records(TICKS)[len(before[0]) :] if record.value() is not None] == []
    assert candidate.clock.leadership.stage in (Stage.REFUSING, Stage.STANDING_BY)
    why_not = metrics.health.why_not_ready() or ""
    assert "minute.utc: the next tick is promised at 2026-09-01T00:1" in why_not
    assert MEND in why_not
    assert (metrics.registry.get_sample_value("passage_clock_offices_refused_total") or 0) >= 1
    assert (metrics.registry.get_sample_value("passage_clock_waiting_seconds", {"what": "fitness"}) or 0) > 0
    refused = [line for line in heard if line["event"] == "office_refused"]
    assert len(refused) >= 2, "it comes back, for there may be nobody else, and says so again"
    assert refused[0]["mend"] == MEND


@pytest.mark.parametrize("follows", [Later, Earlier])
def test_another_candidate_that_keeps_the_promise_leads(follows: type[Every]) -> None:
    world = led_by(every_minute())
    wrong, metrics = measured(world, "wrong", by(follows))
    right = world.candidate("right")
    world.run(wrong, right, seconds=300, stride=5)

    assert right.leads
    assert metrics.health.why_not_ready() is not None
    assert whole(world.ticks()) == []
    assert world.ticks()[-1].ends_at == MIDNIGHT + 15 * MINUTE
    assert walk(world.records(TICKS), world.entries())[1] is None


def test_who_knows_while_it_stands_by_fences_nobody() -> None:
    world = World(every_minute())
    leader = world.candidate("leader")
    world.run(leader, seconds=120, stride=30)
    wrong, metrics = measured(world, "wrong", by(Later))
    world.run(leader, wrong, seconds=120, stride=30)
    assert "standing by, but it may not lead" in (metrics.health.why_not_ready() or "")
    terms = len([record for record in world.records(TICKS) if record.value() is None])
    world.kill(leader)
    world.run(wrong, seconds=30)

    assert wrong.clock.leadership.stage is Stage.REFUSING
    assert len([record for record in world.records(TICKS) if record.value() is None]) == terms


def test_a_leader_whose_plan_is_made_anew_by_an_ask_refuses_to_go_on() -> None:
    world = World(by(EveryThird))
    leader, metrics = measured(world, "leader", by(EveryThird))
    world.run(leader, seconds=600, stride=30)
    ticks = world.ticks()
    asked = StatusAsk("minute.utc", "paused", "kim", "stocktaking")
    appender = world.log.appender()
    appender.append(CONTROL, asked.key, asked.encode(), 1)
    appender.flush()
    world.run(leader, seconds=20)

    assert leader.clock.leadership.stage is Stage.REFUSING
    assert "the next tick is promised at" in (metrics.health.why_not_ready() or "")
    assert world.ticks() == ticks
    assert world.entries()[-1].status == "active"


@pytest.mark.parametrize("edition", [replace(EDITION, tzdata="2026c"), EDITION], ids=["other data", "another rule"])
def test_what_the_log_explains_may_move_a_promise(edition: Edition) -> None:
    world = led_by(every_minute())
    schedule = by(Later, on_change="keep", event="MinuteIsOver" if edition is EDITION else "MinuteHasPassed")
    leader = world.candidate("after", schedule, edition=replace(edition, generation=2))
    world.run(leader, seconds=90, stride=5)

    assert leader.leads
    assert (world.ticks()[-1].ends_at - MIDNIGHT) % MINUTE == 20 * SECOND
    assert walk(world.records(TICKS), world.entries())[1] is None


LAST = LastTick(5, "2026-09-01T00:04+00:00", Instant(MIDNIGHT + 5 * MINUTE), bytes(32))
PROMISED = Instant(MIDNIGHT + 6 * MINUTE)
RECORDED = replace(
    ENTRY, definition=every_minute().definition, definition_text=every_minute().definition_text, next_at=PROMISED
)
SKIPPING = replace(every_minute(), misfire="skip")


def knowing(entry: Any = RECORDED, next_at: Instant | None = PROMISED, sequence: int = 5) -> ClockState:
    return ClockState(
        {"minute.utc": Published(LAST, 5, next_at)}, sequence, {} if entry is None else {entry.schedule: entry}, {}
    )


HELD: dict[str, tuple[Schedule, ClockState, Edition, tuple[Instant | None, bool] | None]] = {
    # What comes next and whether that breaks the promise; None: as promised, or nothing was.
    "as promised": (every_minute(), knowing(), EDITION, None),
    "before it": (by(Earlier), knowing(), EDITION, (Instant(PROMISED - 20 * SECOND), True)),
    "after it": (by(Later), knowing(), EDITION, (Instant(LAST.ends_at + 20 * SECOND), True)),
    "none any more": (by(Never), knowing(), EDITION, (None, True)),
    "other tzdata": (
        by(Later),
        knowing(),
        replace(EDITION, tzdata="2026c"),
        (Instant(LAST.ends_at + 20 * SECOND), False),
    ),
    "other holidays": (
        by(Later),
        knowing(replace(RECORDED, calendar="NL, holidays 0.98")),
        EDITION,
        (Instant(LAST.ends_at + 20 * SECOND), False),
    ),
    "a newer generation alone": (
        by(Later),
        knowing(),
        replace(EDITION, generation=2),
        (Instant(LAST.ends_at + 20 * SECOND), True),
    ),
    "nothing was promised": (every_minute(), knowing(next_at=None), EDITION, None),
    "it was removed": (
        every_minute(),
        knowing(replace(RECORDED, status="removed", next_at=None, sequence=5)),
        EDITION,
        None,
    ),
    "it was paused": (every_minute(), knowing(replace(RECORDED, status="paused", sequence=5)), EDITION, None),
    "an entry moved it, as a skip does": (
        SKIPPING,
        knowing(
            replace(
                RECORDED,
                definition=SKIPPING.definition,
                definition_text=SKIPPING.definition_text,
                next_at=Instant(MIDNIGHT + 9 * MINUTE),
                sequence=5,
            )
        ),
        EDITION,
        None,
    ),
    "an entry moved it, and nothing skips": (
        every_minute(),
        knowing(replace(RECORDED, next_at=Instant(MIDNIGHT + 9 * MINUTE), sequence=5)),
        EDITION,
        (PROMISED, True),
    ),
    "its past is kept": (replace(every_minute(), on_change="keep"), knowing(), EDITION, None),
    "one tick stands for the late ones": (
        replace(every_minute(), misfire="coalesce"),
        knowing(replace(RECORDED, definition=replace(every_minute(), misfire="coalesce").definition)),
        EDITION,
        None,
    ),
    "no entry tells by what it was promised": (by(Later), knowing(None), EDITION, None),
    "an entry tells of ticks not read yet": (
        every_minute(),
        knowing(replace(RECORDED, next_at=Instant(MIDNIGHT + 9 * MINUTE), sequence=8)),
        EDITION,
        None,
    ),
}


@pytest.mark.parametrize(("schedule", "state", "edition", "expected"), HELD.values(), ids=HELD)
def test_what_comes_next_is_held_against_what_was_promised(
    schedule: Schedule, state: ClockState, edition: Edition, expected: tuple[Instant | None, bool] | None
) -> None:
    found = compared_by_the_rules([schedule], state, edition)

    assert [(one.next_at, not one.changed) for one in found] == ([] if expected is None else [expected])
    assert unkept(found) == [one for one in found if expected is not None and expected[1]]


def test_another_definition_is_said_and_breaks_no_promise() -> None:
    (found,) = compared([replace(every_minute(), event="Tock")], {"minute.utc": None}, knowing(), EDITION)

    assert found.changed == ("another definition",)
    assert str(found) == (
        "minute.utc: the next tick is promised at 2026-09-01T00:06:00+00:00, and now, by another definition names none "
        "any more"
    )


def test_a_release_that_reads_every_rule_otherwise_is_told_in_a_line_that_ends() -> None:
    found = [Moved(f"schedule.{number}", PROMISED, None, ()) for number in range(1_000)]

    assert told(found).endswith(f"; and {1_000 - SHOWN} more")
    assert len(str(OfficeRefusal(told(found), MEND))) < 2_000


def test_status_tells_what_this_file_would_break_here_and_what_to_do() -> None:
    world = World(every_minute())
    edition = Edition.at_hand(1)
    world.run(world.candidate(edition=edition), seconds=300, stride=30)
    now = world.true.now()

    assert status(world.log, ClockConfig((every_minute(),)), now).moved == ()
    assert status(world.log, ClockConfig((replace(every_minute(), event="Tock"),)), now).unkept == []
    (broken,) = status(world.log, ClockConfig((by(Later),)), now).unkept
    assert "the next tick is promised at 2026-09-01T00:06:00+00:00, and by the same definition and data" in str(broken)


def test_a_batch_that_would_come_before_what_was_promised_is_never_written() -> None:
    world = World(every_minute())
    leader = world.candidate()
    world.run(leader, seconds=120, stride=30)
    office, ticks = leader.clock._in_office(), world.ticks()
    office._promised["minute.utc"] = Instant(MIDNIGHT + 9 * MINUTE)
    world.true.advance(120)
    with pytest.raises(AssertionError, match="before its promise"):
        office.publish(world.true.now(), 10)
    leader.clock.close()

    assert world.ticks() == ticks


def test_who_takes_keep_out_of_the_file_too_early_is_told_to_put_it_back() -> None:
    world = led_by(every_minute())
    schedule = by(Later, event="MinuteIsOver")
    kept = world.candidate("kept", replace(schedule, on_change="keep"), edition=replace(EDITION, generation=2))
    world.run(kept, steps=8)
    assert kept.leads
    world.kill(kept)
    candidate, metrics = measured(world, "early", schedule, replace(EDITION, generation=2))
    world.run(candidate, seconds=10)

    assert not candidate.leads
    assert "leave on_change: keep until the next has come" in (metrics.health.why_not_ready() or "")
