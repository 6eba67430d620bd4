"""The `passage clock` command as a user meets it: a process, its output and its exit code."""

import socket
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from passage_processors.runtime.native import described

CONFIG = """\
bootstrap: 127.0.0.1:1
schedules:
  - name: day.amsterdam
    every: day
    zone: Europe/Amsterdam
    starts_at: 2026-01-01
  - name: workday.nl
    every: workday
    zone: Europe/Amsterdam
    calendar: NL
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "clock.yaml"
    path.write_text(CONFIG)
    return path


def passage(*arguments: object, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from passage.cli import main; main()", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"PATH": "/usr/bin:/bin", **variables},
    )


def told(done: subprocess.CompletedProcess[str]) -> str:
    """The one line an error is."""
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    return lines[0]


def test_the_plan_lists_the_ticks_to_come_in_order(config: Path) -> None:
    done = passage("clock", "plan", "-c", config, "--from", "2026-12-24", "--count", "5")

    assert done.returncode == 0, done.stderr
    rows = [line.split() for line in done.stdout.splitlines()[1:]]
    assert [(row[0], row[4]) for row in rows] == [
        ("2026-12-24", "day.amsterdam"),
        ("2026-12-24", "workday.nl"),
        ("2026-12-25", "day.amsterdam"),
        ("2026-12-25", "workday.nl"),
        ("2026-12-26", "day.amsterdam"),
    ]
    assert rows[0][1:4] == ["00:00:00+01:00", "Europe/Amsterdam", "2026-12-23"]


def test_the_plan_of_one_schedule_skips_what_its_calendar_skips(config: Path) -> None:
    done = passage("clock", "plan", "-c", config, "--schedule", "workday.nl", "--from", "2026-12-24", "--count", "3")

    assert [line.split()[3] for line in done.stdout.splitlines()[1:]] == ["2026-12-23", "2026-12-24", "2026-12-28"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["plan", "--schedule", "day.asmterdam"], "there are: day.amsterdam, workday.nl"),
        (["plan", "--from", "tomorrow"], "write 2026-11-20"),
        (["pause", "day.asmterdam", "--reason", "x"], "there are: day.amsterdam, workday.nl"),
        (["run", "--connect-timeout-seconds", "0.5"], "127.0.0.1:1 within 0.5 s"),
        (["topics", "--connect-timeout-seconds", "0.5"], "127.0.0.1:1 within 0.5 s"),
        (["run", "--connect-timeout-seconds", "0.5", "--bootstrap", "127.0.0.1:2"], "127.0.0.1:2 within 0.5 s"),
    ],
)
def test_what_a_user_can_mend_is_one_line_and_exit_code_two(config: Path, arguments: list[str], message: str) -> None:
    done = passage("clock", arguments[0], "-c", config, *arguments[1:])

    assert message in told(done)
    assert done.returncode == 2


def test_the_variable_overrides_the_configuration_and_the_option_both(config: Path) -> None:
    wait = ("--connect-timeout-seconds", "0.5")
    by_variable = passage("clock", "topics", "-c", config, *wait, PASSAGE_BOOTSTRAP="127.0.0.1:3")
    by_option = passage(
        "clock", "topics", "-c", config, *wait, "--bootstrap", "127.0.0.1:4", PASSAGE_BOOTSTRAP="127.0.0.1:3"
    )

    assert "127.0.0.1:3" in told(by_variable)
    assert "127.0.0.1:4" in told(by_option)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    done = passage("clock", "run", "-c", tmp_path / "none.yaml")

    assert "none.yaml" in told(done)
    assert done.returncode == 2


def test_a_mistake_in_the_file_is_shown_with_its_line(config: Path) -> None:
    config.write_text(CONFIG.replace("Europe/Amsterdam\n    calendar", "Europe/Amstredam\n    calendar"))
    done = passage("clock", "plan", "-c", config)

    assert "clock.yaml:9: schedules[1].zone" in told(done)
    assert "did you mean 'Europe/Amsterdam'?" in told(done)


def test_a_metrics_port_in_use_is_told_before_anything_else(config: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("0.0.0.0", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = passage("clock", "run", "-c", config, "--metrics-port", port)

    assert f"metrics port {port}" in told(done)
    assert done.returncode == 2


def test_it_helps() -> None:
    assert "clock" in passage("--help").stdout


@pytest.mark.parametrize("wanted", ["0", ""])
def test_it_says_its_version_and_which_parts_count(wanted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSAGE_NATIVE", wanted)
    done = passage("--version", PASSAGE_NATIVE=wanted)

    assert done.stdout == f"passage {version('passage-of-time')}, {described()}\n"
    assert ("pure parts (PASSAGE_NATIVE=0)" in done.stdout) == (wanted == "0")
