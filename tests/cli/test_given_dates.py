"""Every date that an option of any command gives, to the ends of what can be written: an answer, or one line.

The table is made by looking at the commands, so an option that is new is in it.
"""

import re
from pathlib import Path

import pytest

from tests.cli.command import Command
from tests.cli.options import ARGUMENTS, Option, lay_files, options
from tests.cli.test_given_words import CLOCK

SAYS_WHEN = re.compile(r"\b(date|instant|from here on|up to here|from then on|as --from)\b", re.IGNORECASE)
DATES = [one for one in options() if one.type is str and SAYS_WHEN.search(one.help)]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PASSAGE_BOOTSTRAP", "127.0.0.1:1")
    lay_files()


def test_the_table_has_what_it_is_for() -> None:
    assert {str(one) for one in DATES} == {
        "clock plan --from", "clock plan --until", "clock plan --as-of", "clock diff --until",
        "clock import --since", "clock import --until", "processors inspect --since",
    }  # fmt: skip


NO_DATES = [
    "", "soon", "2026-02-30", "2026-13-01", "2026-11-20T25:00", "2026-11-20T23:59:60", "2026-11-20T09:00+25:00",
    "0001-01-01", "0001-01-01T00:00+14:00", "1969-12-31", "9001-01-01", "9999-12-31", "9999-12-31T23:59:59-14:00",
    "10000-01-01", "-1", "1e400", str(10**30), "1970-01-01T00:00+14:00",
]  # fmt: skip


@pytest.mark.parametrize("text", NO_DATES)
@pytest.mark.parametrize("option", DATES, ids=str)
def test_what_is_no_date_of_any_use_is_one_line(option: Option, text: str, passage: Command) -> None:
    done = passage(*ARGUMENTS[option.group, option.command], option.name, text)
    assert done.code == 2
    assert re.match(f"passage: {option.name}: {re.escape(repr(text))} ", done.told)
    assert "timedelta" not in done.told


ENDS = [
    "1970-01-01",
    "1970-01-01T00:00+00:00",
    "9000-12-31T23:59:59.999999",
    "9000-12-31T23:59-14:00",
    "2026-11-20T09:00+23:59",
]


@pytest.mark.parametrize("text", ENDS)
@pytest.mark.parametrize("option", [one for one in DATES if one.command != "inspect"], ids=str)
def test_at_the_ends_of_what_is_named_there_is_an_answer(
    option: Option, text: str, passage: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("passage.cli.clock.plan.MOST_ROWS", 1_000)
    monkeypatch.setattr("passage_clock.importing.shadow.MOST_TICKS", 1_000)
    more = ["--connect-timeout-seconds", "0.1"] if option.command == "diff" else []
    done = passage(*ARGUMENTS[option.group, option.command], option.name, text, *more)
    assert done.code in (0, 1, 2)
    if done.code == 2:
        assert done.told
        assert done.out == ""


@pytest.mark.parametrize("format_", ["table", "json", "ics", "html"])
@pytest.mark.parametrize("text", ["1970-01-01", "9000-12-31"])
def test_a_plan_begins_at_either_end_in_every_format(format_: str, text: str, passage: Command) -> None:
    done = passage("clock", "plan", "-c", "clock.yaml", "--from", text, "--format", format_)
    assert (done.code, done.err) == (0, "")
    assert text[:4] in done.out


def test_the_last_years_of_a_schedule_of_minutes_are_no_table(
    passage: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("passage.cli.clock.plan.MOST_ROWS", 1_000)
    Path("clock.yaml").write_text(CLOCK.replace("every: day", "every: minute"), "utf-8")
    done = passage("clock", "plan", "-c", "clock.yaml", "--until", "9000-01-01")
    assert (done.code, done.out) == (2, "")
    assert "more than 1,000 ticks" in done.told


def test_a_log_is_not_held_against_ages_of_ticks(passage: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("passage_clock.importing.shadow.MOST_TICKS", 1_000)
    done = passage(*ARGUMENTS["clock", "import"], "--until", "9000-01-01")
    assert done.code == 2
    assert re.match(r"passage: x has more than 1,000 ticks from 2026-11-19T23:59:01\+00:00 to 9000-", done.told)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--until", "2026-11-19"], "--until: 2026-11-19 is before the log's first run"),
        (["--since", "2026-12-01"], "--until: 2026-11-20T00:00:01Z is before --since 2026-12-01"),
        (["--follow", "--since", "2026-12-01"], "--follow looks from now on"),
    ],
)
def test_what_would_compare_nothing_is_said(more: list[str], said: str, passage: Command) -> None:
    done = passage(*ARGUMENTS["clock", "import"], *more)
    assert done.code == 2
    assert done.told.startswith(f"passage: {said}")


def test_a_plan_that_changes_no_more_is_said(passage: Command) -> None:
    done = passage(*ARGUMENTS["clock", "diff"], "--until", "2020-01-01")
    assert done.code == 2
    assert done.told.startswith("passage: --until: '2020-01-01' is past")
