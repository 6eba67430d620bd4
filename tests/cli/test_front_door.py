"""The door of the command: quick to say its help, silent when it is interrupted, honest about what there is."""

import gc
import inspect
import json
import os
import re
import signal
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from passage.cli.lazily import place_of
from tests.cli.command import Command
from tests.cli.groups import GROUPS

COMMANDS_PAGE = (Path(__file__).parents[2] / "docs/reference/commands.md").read_text("utf-8")

HEAVY = ("confluent_kafka", "rich", "pendulum", "holidays", "fastavro", "passage_clock", "passage_processors")


def python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"PATH": os.environ["PATH"]},
    )


@pytest.mark.parametrize(("group", "name"), [(group, name) for group, names in GROUPS.items() for name in names])
def test_every_command_listed_is_there_and_says_of_itself_what_the_list_says(group: str, name: str) -> None:
    module, function = place_of(group, name)
    documented = inspect.getdoc(getattr(import_module(module), function)) or ""

    assert documented.startswith(GROUPS[group][name].removesuffix("."))


@pytest.mark.parametrize(("group", "name"), [(group, name) for group, names in GROUPS.items() for name in names])
def test_every_command_is_documented_with_each_of_its_options(group: str, name: str, passage: Command) -> None:
    title = " ".join(("passage", *group.split(), name))
    (section,) = re.findall(rf"^## {title}\n(.*?)(?=^## |\Z)", COMMANDS_PAGE, re.DOTALL | re.MULTILINE)
    options = set(re.findall(r"^  (?:-\w, )?(--[a-z-]+)", passage(*group.split(), name, "--help").out, re.MULTILINE))

    assert "--help" in options
    assert sorted(option for option in options - {"--help"} if f"`{option}" not in section) == []


@pytest.mark.parametrize("arguments", [["--help"], ["clock", "--help"], ["processors", "--help"]])
def test_help_imports_nothing_that_takes_its_time(arguments: list[str]) -> None:
    code = (
        "import sys, json\nfrom passage.cli import main\n"
        "try: main()\nfinally: print(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    )
    done = python(code, *arguments)

    assert done.returncode == 0
    imported = json.loads(done.stderr)
    assert "passage.cli.entry" in imported
    assert [name for name in HEAVY if name in imported] == []


@pytest.mark.parametrize("imported", ["passage.cli.entry", "typer", "passage.cli.clock.plan", "passage_clock.config"])
def test_an_interrupt_during_imports_ends_it_without_a_word(imported: str) -> None:
    code = f"""
import os, signal, sys
class Interrupting:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == {imported!r}:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupting)
from passage.cli import main
main()
"""
    done = python(code, "clock", "plan", "-c", "clock.yaml")

    assert done.returncode == -signal.SIGINT
    assert (done.stdout, done.stderr) == ("", "")


def test_a_reason_that_says_nothing_is_none(passage: Command) -> None:
    done = passage("clock", "pause", "day.utc", "-c", "clock.yaml", "--reason", " ")

    assert (done.code, done.out) == (2, "")
    assert "'--reason': it says nothing; write why" in done.told


def test_the_command_alone_says_its_help_and_that_something_is_missing(passage: Command) -> None:
    for arguments in ([], ["clock"], ["processors"]):
        done = passage(*arguments)
        assert done.code == 2
        assert done.err.startswith("Usage: passage")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["clokc"], "No such command 'clokc'"),
        (["clock", "paln"], "Did you mean 'plan'?"),
        (["clock", "plan"], "Missing option '--config'"),
        (["clock", "pause", "-c", "x"], "Missing argument"),
    ],
)
def test_a_command_that_was_misspelt_is_one_line(passage: Command, arguments: list[str], message: str) -> None:
    done = passage(*arguments)

    assert message in done.told
    assert done.code == 2


INTERRUPTED_AFTER_A_BAR = """
import os, signal
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.environ["FORCE_COLOR"] = "1"  # as at a terminal
from passage.cli.terminal import progress
with progress("reading") as told:
    told(1, 2)
os.kill(os.getpid(), signal.SIGINT)
"""


def test_a_command_interrupted_after_its_progress_bar_is_as_silent_as_before_it() -> None:
    done = python(INTERRUPTED_AFTER_A_BAR)
    assert (done.returncode, "Traceback" in done.stderr) == (-signal.SIGINT, False)


def test_a_command_run_in_the_tests_leaves_the_collector_as_it_was(tmp_path: Path, passage: Command) -> None:
    config = tmp_path / "clock.yaml"
    config.write_text("schedules: [{name: hour.utc, every: hour, zone: UTC}]\n")
    before = gc.get_threshold(), gc.get_freeze_count()
    assert passage("clock", "plan", "-c", config).code == 0
    assert (gc.get_threshold(), gc.get_freeze_count()) == before
