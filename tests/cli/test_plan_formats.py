"""`passage clock plan`, however it is asked to say it."""

import json
from pathlib import Path

import pytest
from icalendar import Calendar

from tests.cli.command import Command

CONFIG = """\
calendars:
  acme:
    closed:
      - {on: 2026-09-03, announced_at: "2026-09-02T12:00+00:00", reason: storm}
schedules:
  - {name: day.amsterdam, every: day, zone: Europe/Amsterdam}
  - {name: workday.acme, every: workday, calendar: acme, zone: UTC}
  - {name: day.apia, every: day, zone: Pacific/Apia, starts_at: 2011-12-01}
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "clock.yaml"
    path.write_text(CONFIG)
    return path


def test_json_is_a_line_for_each_tick_with_instants_in_utc(config: Path, passage: Command) -> None:
    done = passage(
        "clock", "plan", "-c", config, "--schedule", "day.amsterdam", "--from", "2026-10-25", "--count", 2, "--json"
    )

    assert [json.loads(line) for line in done.out.splitlines()] == [
        {
            "schedule": "day.amsterdam",
            "event": "DayHasPassed",
            "period": "2026-10-24",
            "starts_at": "2026-10-23T22:00:00Z",
            "ends_at": "2026-10-24T22:00:00Z",
            "zone": "Europe/Amsterdam",
            "calendar": None,
        },
        {
            "schedule": "day.amsterdam",
            "event": "DayHasPassed",
            "period": "2026-10-25",
            "starts_at": "2026-10-24T22:00:00Z",
            "ends_at": "2026-10-25T23:00:00Z",
            "zone": "Europe/Amsterdam",
            "calendar": None,
        },
    ]


def test_a_day_that_a_zone_skipped_is_said_to_be_skipped(config: Path, passage: Command) -> None:
    asked = ("clock", "plan", "-c", config, "--schedule", "day.apia", "--from", "2011-12-29", "--until", "2012-01-01")

    rows = [line.split() for line in passage(*asked).out.splitlines()[1:]]
    lines = [json.loads(line) for line in passage(*asked, "--json").out.splitlines()]

    assert sorted((row[3], row[5]) for row in rows) == [
        ("2011-12-28", "DayHasPassed"),
        ("2011-12-29", "DayHasPassed"),
        ("2011-12-30", "skipped"),
        ("2011-12-31", "DayHasPassed"),
    ]
    assert {"skipped": "2011-12-30", "zone": "Pacific/Apia", "at": "2011-12-30T10:00:00Z"} in lines


def test_what_was_known_before_a_closure_was_announced_has_the_day_as_a_workday(config: Path, passage: Command) -> None:
    asked = ("clock", "plan", "-c", config, "--schedule", "workday.acme", "--until", "2026-09-05", "--json")

    def periods(*more: object) -> list[str]:
        return [json.loads(line)["period"] for line in passage(*asked, *more).out.splitlines()]

    assert periods("--from", "2026-09-03") == ["2026-09-02", "2026-09-04"]
    assert periods("--as-of", "2026-09-02T12:00Z") == ["2026-09-02", "2026-09-03", "2026-09-04"]
    assert periods("--as-of", "2026-09-02T14:01+02:00") == ["2026-09-02", "2026-09-04"]


def test_a_calendar_application_gets_each_tick_once_at_its_instant(config: Path, passage: Command) -> None:
    done = passage(
        "clock", "plan", "-c", config, "--format", "ics", "--from", "2011-12-29", "--until", "2012-01-02",
        "--schedule", "day.apia", "--schedule", "day.apia",
    )  # fmt: skip

    listed = [str(event["uid"]) for event in Calendar.from_ical(done.out).walk("VEVENT")]
    events = {str(event["uid"]): event for event in Calendar.from_ical(done.out).walk("VEVENT")}
    assert len(listed) == len(events)
    assert events["day.apia/2011-12-31@passage"].decoded("dtstart").isoformat() == "2011-12-31T10:00:00+00:00"
    assert str(events["day.apia/2011-12-31@passage"]["summary"]) == "day.apia: DayHasPassed 2011-12-31"
    assert str(events["Pacific/Apia/2011-12-30/skipped@passage"]["summary"]) == "Pacific/Apia: 2011-12-30 is skipped"


NAME = "the.name.of.a.schedule.that.somebody.found.no.shorter.words.for-".ljust(150, "x")


def test_a_calendar_file_is_written_as_the_standard_wants_it(config: Path, passage: Command) -> None:
    config.write_text(f"generation: {2**40}\nschedules:\n  - {{name: {NAME}, cron: '30 2 * * *', zone: Europe/Oslo}}\n")
    asked = ("clock", "plan", "-c", config, "--format", "ics", "--from", "2026-10-24", "--until", "2026-10-26")

    text = passage(*asked).out

    assert text == passage(*asked).out  # and whenever it is asked
    lines = text.split("\r\n")
    assert lines.pop() == ""
    assert not any("\n" in line or len(line.encode()) > 75 for line in lines)
    events = Calendar.from_ical(text).walk("VEVENT")
    assert [str(event["summary"]) for event in events] == [
        f"{NAME}: TimeHasCome 2026-10-24", f"{NAME}: TimeHasCome 2026-10-25",
    ]  # fmt: skip
    assert [event.decoded("dtstamp") for event in events] == [event.decoded("dtstart") for event in events]
    assert [event["sequence"] for event in events] == [2**31 - 1] * 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--schedule", "day.asmterdam"], "there are: day.amsterdam, workday.acme, day.apia"),
        (["--from", "tomorrow"], "--from: 'tomorrow' is no date; write 2026-11-20"),
        (["--until", "2026-02-30"], "--until: '2026-02-30' is no date"),
        (["--from", "9999-01-01"], "write a year from 1970 to 9000"),
        (["--from", "2026-02-01", "--until", "2026-01-01"], "--until: '2026-01-01' is not after --from 2026-02-01"),
        (["--as-of", "2026-02-01"], "--as-of: '2026-02-01' names no instant; write it with an offset"),
        (["--as-of", "once"], "--as-of: 'once' is no date; write it with an offset"),
        (["--format", "pdf"], "'--format': 'pdf' is not one of 'table', 'json', 'ics', 'html'"),
        (["--count", "0"], "--count"),
        (["--cuont", "3"], "No such option"),
        (["extra"], "extra"),
    ],
)
def test_what_is_asked_wrongly_is_one_line_and_exit_code_two(
    config: Path, passage: Command, arguments: list[str], message: str
) -> None:
    done = passage("clock", "plan", "-c", config, *arguments)

    assert message in done.told
    assert done.told.startswith("passage: ")
    assert (done.code, done.out) == (2, "")


def test_a_calendar_file_has_no_more_than_a_calendar_takes_in(config: Path, passage: Command) -> None:
    config.write_text("schedules:\n  - {name: minute, every: minute, zone: UTC}\n")

    done = passage("clock", "plan", "-c", config, "--format", "ics")

    assert (done.code, done.out) == (2, "")
    assert "more than 20000 ticks; choose the schedules" in done.told
    assert passage("clock", "plan", "-c", config, "--format", "ics", "--count", 3).out.count("BEGIN:VEVENT") == 3


def test_a_plan_beyond_what_is_known_says_where_that_ends(config: Path, passage: Command) -> None:
    config.write_text("schedules:\n  - {name: open, session: open, market: NASDAQ}\n")

    done = passage("clock", "plan", "-c", config, "--from", "2200-01-01", "--json")

    assert (done.code, done.out) == (0, "")
    assert done.told.startswith("passage: open: nothing is known after 20")
