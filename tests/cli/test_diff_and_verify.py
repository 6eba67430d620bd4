"""`passage clock diff`, `verify` and `status`, held against a log in memory."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from passage.cli.clock import diff, status, verify
from passage_clock.calendars import Company, Notice
from passage_clock.config import ClockConfig
from passage_clock.leading.promises import MEND, unkept
from passage_clock.monitoring.status import status as status_of
from passage_clock.records.entries import Edition
from passage_clock.schedules import Schedule, periodic
from passage_schemas.instant import Instant
from passage_schemas.records import SCHEDULE_ENTRY
from tests.cli.command import Command
from tests.clock.moved_rules import Later, by
from tests.clock.world import DAY, MIDNIGHT, MINUTE, SCHEDULES, SECOND, TICKS, World, every_minute

NL = "schedules:\n  - {name: workday, every: workday, calendar: NL, zone: Europe/Amsterdam}\n"


def written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return written(tmp_path / "old.yaml", NL)


def published(schedule: Schedule) -> World:
    """A week of its ticks."""
    world = World(schedule)
    world.run(world.candidate(), seconds=7 * 86_400, stride=21_600)
    return world


def test_a_diff_lists_the_ticks_that_come_and_go(old: Path, tmp_path: Path, passage: Command) -> None:
    new = written(tmp_path / "new.yaml", NL.replace("NL", "DE").replace("zone", "event: DayIsOver, zone"))

    (change,) = passage("clock", "diff", old, new, "--json", "--until", "2200-01-01").document["changes"]

    assert (change["schedule"], change["kind"]) == ("workday", "redefined")
    assert change["fields"]["calendar"] == {"old": "NL", "new": "DE"}
    kinds = {tick["period"][5:]: tick["kind"] for tick in change["ticks"]}
    assert (kinds["04-27"], kinds["10-03"]) == ("comes", "goes")  # King's Day, and the day of German unity


def test_a_diff_of_the_same_says_so(old: Path, passage: Command) -> None:
    assert passage("clock", "diff", old, old) == (0, "no schedule changes\n", "")


def test_a_diff_names_what_was_added_and_removed(old: Path, tmp_path: Path, passage: Command) -> None:
    new = written(tmp_path / "new.yaml", NL.replace("name: workday", "name: another"))
    said = passage("clock", "diff", old, new).out.splitlines()

    assert {"another: added", "workday: removed"} <= set(said)
    assert any(line.startswith("  and ") and line.endswith(" more") for line in said)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["{old}"], "1 files were given; write OLD NEW, or NEW --against topic"),
        (["{old}", "{old}", "{old}"], "3 files were given"),
        (["{old}", "none.yaml"], "none.yaml"),
        (["{old}", "{old}", "--against", "memory"], "--against"),
        (["{old}", "{old}", "--until", "soon"], "--until: 'soon' is no date"),
        (["{old}", "--against", "topic"], "where is Kafka?"),
    ],
)
def test_what_is_asked_wrongly_is_one_line(old: Path, passage: Command, arguments: list[str], message: str) -> None:
    done = passage("clock", "diff", *(one.format(old=old) for one in arguments))

    assert message in done.told
    assert done.code == 2


def test_a_new_definition_is_held_against_the_published_ticks() -> None:
    world = published(periodic("day", "day", "UTC"))
    moved = ClockConfig((periodic("day", "day", "Europe/Amsterdam"),))

    recorded, contradicted, _ = diff.held_against(world.log, moved, world.true.now())

    assert recorded == [periodic("day", "day", "UTC")]
    assert [tick.kind for tick in contradicted["day"]][:2] == ["moves", "moves"]
    assert any("contradicts published ticks" in line for line in diff.lines([], contradicted, [], []))
    same = ClockConfig((periodic("day", "day", "UTC"),))
    assert diff.held_against(world.log, same, world.true.now())[1:] == ({}, [])


def test_what_the_log_does_not_record_is_no_change() -> None:
    """How long ticks are kept, and what a change may do, stand in no definition."""
    world = published(periodic("day", "day", "UTC"))
    same = replace(periodic("day", "day", "UTC"), keep_days=7, on_change="keep")

    assert diff.held_against(world.log, ClockConfig((same,)), world.true.now()) == ([same], {}, [])


def test_a_promise_that_this_file_would_break_here_is_told_by_a_diff() -> None:
    world = World(every_minute())
    world.run(world.candidate(edition=Edition.at_hand(1)), seconds=300, stride=30)
    config, now = ClockConfig((by(Later),)), world.true.now()

    recorded, contradicted, promised = diff.held_against(world.log, config, now)
    (broken,) = unkept(promised)

    assert (recorded, contradicted) == ([every_minute()], {})
    assert (broken.promised_at, broken.next_at) == (MIDNIGHT + 6 * MINUTE, MIDNIGHT + 5 * MINUTE + 20 * SECOND)
    first, second, *_ = diff.lines([], contradicted, [broken], [])
    assert first.startswith("minute.utc: the next tick is promised at 2026-09-01T00:06:00+00:00")
    assert MEND in second
    assert diff.document([], contradicted, [broken], [])["broken_promises"] == [
        {"schedule": "minute.utc", "promised_at": "2026-09-01T00:06:00Z", "next_at": "2026-09-01T00:05:20Z"}
    ]
    (world_before,) = world.entries()
    older = replace(world_before, tzdata="2020a", sequence=5, next_at=Instant(MIDNIGHT + 6 * MINUTE))
    appender = world.log.appender()
    appender.append(SCHEDULES, b"minute.utc", SCHEDULE_ENTRY.encode(older), 1)
    appender.flush()
    (moved,) = diff.held_against(world.log, config, now)[2]
    assert unkept([moved]) == [], "newer zones may move it, and the difference is a note"
    assert "and now, by tzdata 2020a -> " in str(moved)


def test_a_promise_that_this_file_would_break_here_is_told_by_status_in_a_line() -> None:
    world = World(every_minute())
    world.run(world.candidate(edition=Edition.at_hand(1)), seconds=300, stride=30)
    kept = status_of(world.log, ClockConfig((every_minute(),)), world.true.now())
    would_break = status_of(world.log, ClockConfig((by(Later),)), world.true.now())

    assert status.document(kept)["unkept"] is None
    line = f"{would_break.unkept[0]}; {MEND}"
    assert status.document(would_break)["unkept"] == line
    assert f"promise   {line}" in status.page(would_break)
    assert not any(str(part).startswith("promise") for part in status.page(kept))


def test_a_closure_that_came_too_late_is_told_by_a_diff(old: Path, tmp_path: Path, passage: Command) -> None:
    closed = '{on: 2026-09-03, announced_at: "2026-09-10T12:00+00:00", reason: storm}'
    acme = NL.replace("NL", "acme")
    was = written(tmp_path / "was.yaml", f"calendars: {{acme: {{base: NL}}}}\n{acme}")
    now = written(tmp_path / "now.yaml", f"calendars: {{acme: {{base: NL, closed: [{closed}]}}}}\n{acme}")

    (note,) = passage("clock", "diff", was, now, "--json").document["notes"]

    assert note.startswith("workday/2026-09-03 went out before this closure was announced: acme closed 2026-09-03")
    assert passage("clock", "diff", now, now, "--json").document["notes"] == []


def test_verify_reads_the_log_to_its_end_and_tells_how_far_it_is() -> None:
    world = published(periodic("day", "day", "UTC"))
    heard: list[tuple[int, int]] = []

    verifier, fault = verify.walk(world.log, ClockConfig(world.schedules), lambda done, of: heard.append((done, of)))

    assert (fault, verifier.ticks) == (None, 7)
    assert list(verify.lines(verifier, fault)) == ["1 schedule, 7 ticks: dense, in order, unaltered"]
    assert heard
    assert all(done < of for done, of in heard)


def test_verify_says_json_of_what_it_found() -> None:
    world = published(periodic("day", "day", "UTC"))
    rogue = world.log.appender()
    rogue.append(TICKS, b"elsewhere", b"{}", 1)
    rogue.append(TICKS, b"day/2026-09-01", b"{}", 1)
    rogue.flush()

    verifier, fault = verify.walk(world.log, ClockConfig(world.schedules), lambda *_: None)
    found = verify.document(verifier, fault)

    assert json.loads(json.dumps(found)) == found
    assert (found["whole"], found["ticks"], len(found["notes"])) == (False, 7, 1)
    assert found["fault"]["key"] == "day/2026-09-01"
    assert next(verify.lines(verifier, fault)).startswith(f"{found['fault']['where']}: day/2026-09-01: expected")


def test_verify_of_a_topic_nobody_wrote_to_is_whole() -> None:
    verifier, fault = verify.walk(World().log, ClockConfig(()), lambda *_: None)

    assert (fault, verifier.ticks) == (None, 0)


def test_verify_knows_the_calendars_of_the_configuration() -> None:
    storm = Notice(date(2026, 9, 3), date(2026, 9, 3), Instant(MIDNIGHT + 20 * DAY), "storm")
    workdays = periodic("workday", "workday", "UTC", calendar=Company("acme", closed=(storm,)))
    world = published(workdays)

    verifier, _ = verify.walk(world.log, ClockConfig((workdays,)), lambda *_: None)

    assert ["storm" in note.said for note in verifier.notes] == [True]
