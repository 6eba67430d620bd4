"""What is asked wrongly, or no longer heard: no code that means something else, no waiting for what isn't there."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from passage.cli.clock import requests
from passage_clock.config import load
from passage_clock.records.control import StatusAsk
from passage_log.errors import Unfit
from passage_log.memory import MemoryLog
from tests.cli.command import Command

PLAN = [sys.executable, "-c", "from passage.cli import main; main()", "clock", "plan"]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "clock.yaml"
    path.write_text("schedules: [{name: hour.utc, every: hour, zone: UTC}]\n")
    return path


@pytest.mark.parametrize("options", [["--count", "5000"], ["--count", "5000", "--json"], ["--count", "2", "--json"]])
def test_a_plan_that_nobody_reads_to_its_end_is_no_difference(config: Path, options: list[str]) -> None:
    nobody_reads, end = os.pipe()
    os.close(nobody_reads)
    done = subprocess.run(
        [*PLAN, "-c", config, *options],
        stdout=end,
        stderr=subprocess.PIPE,
        timeout=60,
        check=False,
        env={"PATH": os.environ["PATH"]},
    )
    os.close(end)

    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.parametrize("format_", ["ics", "html"])
def test_two_formats_at_once_are_refused(config: Path, format_: str, passage: Command) -> None:
    done = passage("clock", "plan", "-c", config, "--format", format_, "--json")

    assert (done.code, done.out) == (2, "")
    assert f"--json and --format {format_} are two formats" in done.told


def test_an_ask_finds_missing_topics_before_it_is_written(config: Path) -> None:
    with pytest.raises(Unfit, match="`passage clock topics --config FILE --create` creates what is missing"):
        requests.write(MemoryLog(), load(config), StatusAsk("hour.utc", "paused", "kim", "stocktaking"))


def test_a_diff_compares_until_a_whole_second(config: Path, tmp_path: Path, passage: Command) -> None:
    new = tmp_path / "new.yaml"
    new.write_text("schedules: [{name: hour.utc, every: hour, zone: Europe/Amsterdam}]\n")
    (line,) = [line for line in passage("clock", "diff", config, new).out.splitlines() if "compared until" in line]

    assert "." not in line
