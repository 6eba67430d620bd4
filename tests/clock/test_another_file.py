"""Two files with one generation are a mistake: whoever comes second may not lead, and says what differs."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import structlog

from passage_clock.config import ClockConfig, load
from passage_clock.leading.leadership import Stage
from passage_clock.leading.service import Clock
from passage_clock.monitoring.metrics import ClockMetrics
from passage_clock.records.differing import differences
from passage_schemas.errors import ConfigError
from passage_schemas.records import SCHEDULE_ENTRY
from passage_schemas.schedule_entry import ScheduleEntry
from tests.clock.world import EDITION, SCHEDULES, Candidate, DriftingWall, Stages, World, whole

EVERYTHING = Path(__file__).parent / "everything.yaml"

FILE = """
calendars:
  acme:
    base: NL
    closed: [2026-12-24]
    closed_file: closures.csv
    hours: {monday-friday: 09:00-17:00}
schedules:
  - {name: minute.utc, every: minute, zone: UTC}
  - {name: day.nl, on: {weekday: monday}, at: "06:00", zone: Europe/Amsterdam}
  - {name: workday.acme, every: workday, calendar: acme, at: "17:30", zone: Europe/Amsterdam}
  - {name: shop.opens, opening: opens, calendar: acme, zone: Europe/Amsterdam}
  - {name: report, cron: "30 2 * * *", zone: Europe/Amsterdam}
  - {name: late, every: hour, zone: UTC, misfire: skip, misfire_grace_seconds: 5}
  - {name: pay, rrule: "FREQ=WEEKLY;BYDAY=FR;BYHOUR=17;BYMINUTE=0;BYSECOND=0", starts_at: 2026-09-01, zone: UTC}
  - {name: nasdaq.close, session: close, market: NASDAQ}
"""

CLOSURES = "2026-12-28\n"


def file(folder: Path, text: str = FILE, closures: str = CLOSURES) -> ClockConfig:
    folder.mkdir(exist_ok=True)
    (folder / "closures.csv").write_text(closures)
    (folder / "clock.yaml").write_text(text)
    return load(folder / "clock.yaml", {})


def of(world: World, config: ClockConfig, name: str) -> tuple[Candidate, ClockMetrics]:
    """A candidate with this file, and its metrics."""
    metrics, wall = ClockMetrics(world.true), DriftingWall(world.true)
    edition = replace(EDITION, generation=config.generation)
    return Candidate(Clock(config, world.log, wall, name, metrics, edition), wall, Stages()), metrics


def swap(before: str, after: str) -> Callable[[str], str]:
    def change(text: str) -> str:
        assert before in text
        return text.replace(before, after)

    return change


def line(name: str) -> str:
    return next(one for one in FILE.splitlines(keepends=True) if f"name: {name}," in one)


OTHERS: dict[str, tuple[Callable[[str], str], str]] = {
    "a schedule less": (swap(line("day.nl"), ""), "it lacks day.nl"),
    "two less": (lambda text: text.replace(line("day.nl"), "").replace(line("late"), ""), "it lacks day.nl, late"),
    "one more": (lambda text: text + "  - {name: new, every: day, zone: UTC}\n", "it adds new"),
    "another name": (swap("name: day.nl", "name: day.be"), "it lacks day.nl; it adds day.be"),
    "another zone": (
        swap('at: "06:00", zone: Europe/Amsterdam', 'at: "06:00", zone: Europe/Lisbon'),
        "it defines otherwise day.nl (zone: Europe/Amsterdam -> Europe/Lisbon)",
    ),
    "another time": (swap('"06:00"', '"07:00"'), "it defines otherwise day.nl (at: 06:00 -> 07:00)"),
    "another event": (swap("every: minute,", "every: minute, event: Tock,"), "minute.utc (event: MinuteHasPassed -> T"),
    "another rule": (swap('"30 2 * * *"', '"30 3 * * *"'), "report (cron: 30 2 * * * -> 30 3 * * *)"),
    "another gap": (swap('"30 2 * * *",', '"30 2 * * *", gap: skip,'), "report (gap: nothing -> skip)"),
    "another fold": (swap('"30 2 * * *",', '"30 2 * * *", fold: both,'), "report (fold: nothing -> both)"),
    "another misfire": (swap("misfire: skip", "misfire: coalesce"), "late (misfire: skip -> coalesce)"),
    "another grace": (swap("seconds: 5", "seconds: 6"), "late (misfire_grace_seconds: 5.0 -> 6.0)"),
    "a start": (swap("every: minute,", "every: minute, starts_at: 2026-09-01,"), "minute.utc (starts_at: nothing -> "),
    "another start": (swap("2026-09-01", "2026-09-02"), "pay (starts_at: 2026-09-01"),
    "another closure": (swap("2026-12-24", "2026-12-23"), "it defines otherwise workday.acme (calendar: "),
    "other hours": (swap("09:00-17:00", "08:00-17:00"), "shop.opens (calendar: "),
    "another market": (swap("NASDAQ", "XNYS"), "nasdaq.close (market: NASDAQ -> XNYS"),
}

ALIKE: dict[str, Callable[[str], str]] = {
    "as it is": lambda text: text,
    "comments and blank lines": lambda text: f"# a comment\n\n{text}\n\n# another\n",
    "another order": lambda text: text.replace(line("day.nl"), "") + line("day.nl"),
    "other words for the same": swap("every: minute, zone: UTC", "zone: UTC, every: minute"),
    "a default that is written out": swap(
        "every: minute,", "every: minute, misfire: publish_all, event: MinuteHasPassed,"
    ),
    "what a change may do": swap("every: minute,", "every: minute, on_change: keep,"),
    "a calendar nobody uses": swap("calendars:", "calendars:\n  other: {base: DE}"),
    "settings of the replica": lambda text: f"max_skew_seconds: 1\ncatch_up_ticks_per_second: 9\nsource: x{text}",
    "what never was is retired": lambda text: f"retired: [never.was]{text}",
}


@pytest.fixture
def led(tmp_path: Path) -> World:
    """A world in which FILE leads."""
    world = World()
    leader, _ = of(world, file(tmp_path / "led"), "leader")
    world.run(leader, seconds=120, stride=60)
    assert leader.leads
    return world


@pytest.mark.parametrize(("change", "said"), OTHERS.values(), ids=OTHERS)
def test_a_standby_with_another_file_says_at_once_what_differs(
    led: World, tmp_path: Path, change: Callable[[str], str], said: str
) -> None:
    standby, metrics = of(led, file(tmp_path / "other", change(FILE)), "second")
    with structlog.testing.capture_logs() as told:
        led.run(standby)

    (error,) = [one for one in told if one["event"] == "may_not_lead"]
    assert said in error["reason"]
    assert "generation 1" in error["reason"]
    assert "raise generation above 1" in error["mend"]
    assert said in (metrics.health.why_not_ready() or "")


@pytest.mark.parametrize("change", ALIKE.values(), ids=ALIKE)
def test_what_chooses_no_ticks_makes_no_difference(led: World, tmp_path: Path, change: Callable[[str], str]) -> None:
    standby, metrics = of(led, file(tmp_path / "alike", change(FILE)), "second")
    led.run(standby)

    assert metrics.health.why_not_ready() is None


def test_a_closures_file_is_part_of_the_file(led: World, tmp_path: Path) -> None:
    standby, metrics = of(led, file(tmp_path / "other", closures="2026-12-29\n"), "second")
    led.run(standby)

    assert "workday.acme" in (metrics.health.why_not_ready() or "")


@pytest.mark.parametrize(("change", "said"), OTHERS.values(), ids=OTHERS)
def test_at_a_fail_over_it_refuses_and_takes_nothing_away(
    tmp_path: Path, change: Callable[[str], str], said: str
) -> None:
    world = World()
    first, _ = of(world, file(tmp_path / "led"), "first")
    world.run(first, seconds=120, stride=60)
    other, metrics = of(world, file(tmp_path / "other", change(FILE)), "other")
    world.run(first, other)
    first.clock.stop()
    before = world.records(SCHEDULES)
    with structlog.testing.capture_logs() as told:
        world.run(other)

    assert other.stage is Stage.REFUSING
    assert world.records(SCHEDULES) == before
    refused = [one for one in told if one["event"] == "office_refused"]
    assert [said in one["reason"] for one in refused] == [True]
    assert said in (metrics.health.why_not_ready() or "")

    heir, _ = of(world, file(tmp_path / "led"), "heir")
    world.run(other, heir, seconds=120, stride=60)
    assert heir.leads
    assert whole(world.ticks()) == []


def test_who_comes_second_without_having_stood_by_refuses_before_it_writes(tmp_path: Path) -> None:
    world = World()
    first, _ = of(world, file(tmp_path / "led"), "first")
    world.run(first, seconds=60, stride=60)
    world.kill(first)
    before = world.records(SCHEDULES)
    other, _ = of(world, file(tmp_path / "other", FILE.replace(line("day.nl"), "")), "other")
    world.run(other, seconds=200, stride=10)

    assert not other.leads
    assert world.records(SCHEDULES) == before


@pytest.mark.parametrize(("change", "said"), OTHERS.values(), ids=OTHERS)
def test_a_raised_generation_makes_every_change_but_one_of_the_past(
    tmp_path: Path, change: Callable[[str], str], said: str
) -> None:
    del said
    world = World()
    first, _ = of(world, file(tmp_path / "led"), "first")
    world.run(first)
    changed = file(tmp_path / "other", "generation: 2" + change(FILE))
    other, metrics = of(world, changed, "other")
    world.run(first, other)
    assert metrics.health.why_not_ready() is None
    first.clock.stop()
    world.run(other)

    assert other.leads
    in_force = {entry.schedule: entry.status for entry in world.entries()}
    assert {name for name, status in in_force.items() if status == "active"} == {one.name for one in changed.schedules}
    returned, its_metrics = of(world, file(tmp_path / "led"), "returned")
    world.run(other, returned)
    assert "configuration generation 2 leads, ours is 1" in (its_metrics.health.why_not_ready() or "")


def test_what_is_retired_may_go_and_does_not_come_back_under_the_same_generation(tmp_path: Path) -> None:
    world = World()
    first, _ = of(world, file(tmp_path / "led"), "first")
    world.run(first, seconds=60, stride=60)
    without = f"retired: [day.nl]{FILE.replace(line('day.nl'), '')}"
    other, metrics = of(world, file(tmp_path / "other", without), "other")
    world.run(first, other)
    assert metrics.health.why_not_ready() is None
    first.clock.stop()
    world.run(other, seconds=60, stride=60)
    assert other.leads
    assert {entry.schedule: entry.status for entry in world.entries()}["day.nl"] == "removed"

    returned, its_metrics = of(world, file(tmp_path / "led"), "returned")
    world.run(other, returned)
    assert "it adds day.nl" in (its_metrics.health.why_not_ready() or "")
    # The word may leave the file when the schedule has.
    after = differences(file(tmp_path / "after", FILE.replace(line("day.nl"), "")), _last(world))
    assert after == []


def _last(world: World) -> list[ScheduleEntry]:
    return list({entry.schedule: entry for entry in world.entries()}.values())


def test_a_definition_in_older_words_is_read_and_not_compared_by_its_hash(led: World, tmp_path: Path) -> None:
    (entry,) = [one for one in led.entries() if one.schedule == "minute.utc"]
    text = '{"zone":"UTC","every":"minute","event":"MinuteHasPassed","misfire":"publish_all"}'
    older = replace(entry, definition="another hash", definition_text=text)
    appender = led.log.appender()
    appender.append(SCHEDULES, b"minute.utc", SCHEDULE_ENTRY.encode(older), 1)
    appender.flush()
    standby, metrics = of(led, file(tmp_path / "alike"), "second")
    led.run(standby)

    assert metrics.health.why_not_ready() is None


def test_a_file_that_differs_in_everything_is_told_in_a_line_that_ends(tmp_path: Path) -> None:
    world = World()
    leader, _ = of(world, replace(load(EVERYTHING, {}), generation=1), "leader")
    world.run(leader, steps=8)
    other, metrics = of(world, file(tmp_path / "other"), "other")
    world.run(leader, other, steps=8)

    why = metrics.health.why_not_ready() or ""
    assert "more; it adds" in why
    assert len(why) < 2_000


def test_nothing_differs_where_nobody_has_led(tmp_path: Path) -> None:
    assert differences(file(tmp_path / "first"), []) == []


@pytest.mark.parametrize(
    ("retired", "said"),
    [
        ("[day.nl]", "'day.nl' is a schedule of this file; take it out of retired:, or out of schedules:"),
        ("[old, old]", "'old' is named twice"),
        ("[]", "this list is empty; write a list of names"),
        ("old", "'old' is text; write a list of names"),
        ("[Old!]", "'Old!' won't do; write the name of a schedule"),
        ("[7]", "7 won't do; write the name of a schedule"),
    ],
)
def test_what_is_retired_is_a_list_of_names_that_left(tmp_path: Path, retired: str, said: str) -> None:
    with pytest.raises(ConfigError, match=r"^.*clock\.yaml:1: retired") as refused:
        file(tmp_path / "wrong", f"retired: {retired}{FILE}")

    assert said in str(refused.value)
