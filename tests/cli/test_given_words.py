"""What stands in the environment, in an option or in a file, and can't be what it is taken for: one line, at once."""

import re
from pathlib import Path

import pytest

from tests.cli.command import Command
from tests.cli.groups import GROUPS

CLOCK = "schedules: [{name: day.utc, every: day, zone: UTC}]\n"
APP = """\
app: a
inputs: {in: [Sent]}
output: out
events: {Sent: {invoice: string}, Late: {invoice: string}}
policies: [{name: late, starts_on: Sent, after: 1, of: day.utc, emits: {Late: {invoice: $key}}}]
"""
ASKS_KAFKA = [
    ["clock", "run", "-c", "clock.yaml"],
    ["clock", "verify", "-c", "clock.yaml"],
    ["clock", "status", "-c", "clock.yaml"],
    ["clock", "topics", "-c", "clock.yaml"],
    ["clock", "pause", "day.utc", "-c", "clock.yaml", "--reason", "x"],
    ["clock", "resume", "day.utc", "-c", "clock.yaml"],
    ["clock", "trigger", "day.utc", "-c", "clock.yaml", "--reason", "x"],
    ["clock", "diff", "clock.yaml", "--against", "topic"],
    ["processors", "run", "app.yaml"],
    ["processors", "topics", "app.yaml"],
    ["processors", "status", "app.yaml"],
    ["processors", "due", "app.yaml"],
    ["processors", "inspect", "app.yaml", "inv-1"],
    ["processors dead-letters", "list", "app.yaml"],
    ["processors dead-letters", "show", "app.yaml", "0@1"],
    ["processors dead-letters", "requeue", "app.yaml", "--all"],
    ["processors", "replay", "app.yaml"],
    ["", "export", "app.yaml", "--out", "bundle"],
    ["", "explain", "app.yaml", "inv-1"],
]
ASKS_NOBODY = {
    ("", "replay"), ("clock", "plan"), ("clock", "schema"), ("clock", "import"),
    ("processors", "schema"), ("processors", "check"),
}  # fmt: skip


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PASSAGE_BOOTSTRAP", raising=False)
    Path("clock.yaml").write_text(CLOCK, "utf-8")
    Path("app.yaml").write_text(APP, "utf-8")


def test_every_command_that_asks_kafka_is_looked_at_here() -> None:
    there = {(group, name) for group, names in GROUPS.items() for name in names}
    assert {(group, name) for group, name, *_ in ASKS_KAFKA} == there - ASKS_NOBODY


@pytest.mark.parametrize("arguments", [one for one in ASKS_KAFKA if one[1] != "run"], ids=lambda one: " ".join(one[:2]))
@pytest.mark.parametrize("how", ["option", "variable"])
def test_what_is_no_address_is_refused_before_anybody_is_looked_for(
    arguments: list[str], how: str, passage: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = [*arguments[0].split(), *arguments[1:]]
    if how == "option":
        arguments += ["--bootstrap", "foo"]
    else:
        monkeypatch.setenv("PASSAGE_BOOTSTRAP", "foo")
    done = passage(*arguments)
    assert done.code == 2
    assert re.search(r"'foo' is not HOST:PORT: the port is missing; write e\.g\. kafka-1:9092", done.told)


def test_in_the_clocks_file_it_has_its_line(passage: Command) -> None:
    Path("clock.yaml").write_text(f"bootstrap: kafka://foo:9092\n{CLOCK}", "utf-8")
    done = passage("clock", "plan", "-c", "clock.yaml")
    assert done.code == 2
    assert done.told.startswith("passage: clock.yaml:1: bootstrap: 'kafka://foo:9092' is not HOST:PORT: kafka:// is no")


WRONG = {
    "PASSAGE_LOG_LEVEL": {
        "loud": "PASSAGE_LOG_LEVEL=loud: there is no such level; write one of DEBUG, INFO, WARNING, ERROR, CRITICAL",
        "warnin": "PASSAGE_LOG_LEVEL=warnin: there is no such level; did you mean 'WARNING'?",
        "20": "there is no such level",
    },
    "PASSAGE_NATIVE": {"off": "PASSAGE_NATIVE=off: write 0 for the pure parts", "2": "PASSAGE_NATIVE=2: write 0"},
    "PASSAGE_CLIENT_FILE": {"/dev/zero": "/dev/zero: can't be read: is a device", "nowhere": "nowhere: can't be read"},
    "PASSAGE_SNAPSHOTS": {"/dev/null": "--snapshots /dev/null: file exists; name a directory"},
    "PASSAGE_WORKER": {" ": "it needs a name", "a\tb": "it needs a name", "n" * 201: "it needs a name"},
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_a_variable_that_says_nothing_of_sense_is_refused(
    name: str, value: str, passage: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    monkeypatch.setenv("PASSAGE_BOOTSTRAP", "127.0.0.1:1")
    monkeypatch.setattr("passage.cli.processors.run.stopped_by_signals", _nobody_stops)
    done = passage("processors", "run", "app.yaml", "--connect-timeout-seconds", 0.2)
    assert done.code == 2
    assert WRONG[name][value] in done.told


@pytest.mark.parametrize("level", ["debug", "INFO", " Warning ", "error", "critical", ""])
def test_a_level_that_is_one_is_taken_however_it_is_written(
    level: str, passage: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PASSAGE_LOG_LEVEL", level)
    done = passage(
        "clock", "status", "-c", "clock.yaml", "--bootstrap", "127.0.0.1:1", "--connect-timeout-seconds", 0.2
    )
    assert "no broker answered" in done.err


@pytest.mark.parametrize("seconds", ["nan", "inf", "0", "-1", "1e9"])
def test_a_wait_without_an_end_is_none(seconds: str, passage: Command) -> None:
    done = passage("clock", "status", "-c", "clock.yaml", "--connect-timeout-seconds", seconds)
    assert done.code == 2
    assert "--connect-timeout-seconds" in done.told


def _nobody_stops() -> object:
    """The signals are heard once in a process, and here are others."""
    return type("Stop", (), {"is_set": lambda _self: True})()
