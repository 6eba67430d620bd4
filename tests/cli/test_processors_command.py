"""The `passage processors` command as a user meets it: a process, its output and its exit code."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from passage_log.kafka import KafkaLog
from passage_log.port import Topic

ROOT = Path(__file__).parents[2]

APP = """\
from dataclasses import dataclass
from passage import App, Policy

@dataclass(frozen=True)
class Sent:
    invoice: str

@dataclass(frozen=True)
class Overdue:
    invoice: str

overdue = Policy(
    name="overdue", starts_on=Sent, after=1, of="day.utc", emits=Overdue, event=lambda case: Overdue(case.key)
)
app = App(
    "{name}", inputs={{"{name}.in": [Sent]}}, output="{name}.out", policies=[overdue],
    ticks_topic="{name}.ticks", schedules_topic="{name}.schedules",
)
unrelated = 1
"""


def processors(folder: Path, *arguments: object, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from passage.cli import main; main()", "processors", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": os.environ.get("PYTHONPATH", ""), **variables},
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "mine.py").write_text(APP.format(name="mine"))
    (tmp_path / "broken.py").write_text("1 / 0\n")
    return tmp_path


WRONG = {
    "no colon": ("mine", "'mine' names no app; write MODULE:APP"),
    "no such module": ("yours:app", "yours:app: No module named 'yours'; run where the module is"),
    "no such name": ("mine:apq", "mine:apq: module mine has no 'apq'; its apps: app"),
    "not an app": ("mine:unrelated", "mine:unrelated is a int, not an App"),
    "a module that raises": ("broken:app", "can't be imported: ZeroDivisionError: division by zero ("),
    "no Kafka named": ("mine:app", "where is Kafka?"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_said_in_one_line_with_exit_code_2(case: str, folder: Path) -> None:
    where, said = WRONG[case]
    found = processors(folder, "run", where)
    assert found.returncode == 2
    assert said in found.stderr
    assert found.stderr.count("\n") == 1


def test_a_broker_that_does_not_answer_is_named_with_the_time_that_was_given(folder: Path) -> None:
    found = processors(folder, "run", "mine:app", "--connect-timeout-seconds", "1", PASSAGE_BOOTSTRAP="127.0.0.1:1")
    assert found.returncode == 2
    assert found.stderr.startswith("passage: no broker answered at 127.0.0.1:1 within 1 s")
    assert found.stderr.count("\n") == 1


@pytest.fixture
def named(tmp_path: Path, topic_name: Callable[..., str]) -> str:
    name = topic_name("app")
    (tmp_path / "mine.py").write_text(APP.format(name=name))
    return name


@pytest.mark.kafka
def test_topics_are_refused_when_missing_and_created_on_request(
    folder: Path, named: str, kafka_bootstrap: str, kafka_log: KafkaLog
) -> None:
    missing = processors(folder, "run", "mine:app", PASSAGE_BOOTSTRAP=kafka_bootstrap)
    assert missing.returncode == 2
    assert f"topic {named}.changelog: there is none" in missing.stderr
    assert "processors topics MODULE:APP --create" in missing.stderr

    kafka_log.create([Topic(f"{named}.ticks", 1, {"cleanup.policy": "compact"})])
    kafka_log.create([Topic(f"{named}.schedules", 1, {"cleanup.policy": "compact"})])
    kafka_log.create([Topic(f"{named}.in", 2)])
    odd = processors(folder, "topics", "mine:app", "--create", "--partitions", 3, PASSAGE_BOOTSTRAP=kafka_bootstrap)
    assert odd.returncode == 2
    assert f"nothing was created: {named}.in has 2 partitions, not 3; say --partitions accordingly" in odd.stderr
    assert kafka_log.describe([f"{named}.changelog"])[f"{named}.changelog"] is None
    made = processors(folder, "topics", "mine:app", "--create", "--partitions", 2, PASSAGE_BOOTSTRAP=kafka_bootstrap)
    assert made.returncode == 0, made.stderr
    assert f"{named}.timeline" in made.stdout
    said = {line.split()[0]: line.rstrip().endswith(" created") for line in made.stdout.splitlines()[1:]}
    assert {name.removeprefix(f"{named}."): is_new for name, is_new in said.items()} == {
        "in": False, "ticks": False, "schedules": False,
        "out": True, "changelog": True, "timeline": True, "dead-letters": True, "requests": True,
    }  # fmt: skip
    twice = processors(folder, "topics", "mine:app", "--create", "--partitions", 2, PASSAGE_BOOTSTRAP=kafka_bootstrap)
    assert twice.stdout.count("was there") == 8
    again = processors(folder, "replay", "mine:app", PASSAGE_BOOTSTRAP=kafka_bootstrap)
    assert again.returncode == 0, again.stderr
    assert again.stdout.count("identical") == 2


@pytest.mark.kafka
def test_topics_that_would_lose_or_scatter_records_are_refused_each_in_a_line(
    folder: Path, named: str, kafka_bootstrap: str, kafka_log: KafkaLog
) -> None:
    compacted = {"cleanup.policy": "compact"}
    stamped = {"message.timestamp.type": "LogAppendTime"}
    kafka_log.create(
        [
            Topic(f"{named}.in", 3),
            Topic(f"{named}.out", 2, {"retention.ms": "604800000"}),
            Topic(f"{named}.changelog", 2, {"cleanup.policy": "delete"}),
            Topic(f"{named}.timeline", 2, stamped),
            Topic(f"{named}.dead-letters", 2, stamped),
            Topic(f"{named}.ticks", 1, compacted),
            Topic(f"{named}.schedules", 1, compacted),
        ]
    )
    found = processors(folder, "run", "mine:app", PASSAGE_BOOTSTRAP=kafka_bootstrap)
    assert found.returncode == 2
    lines = found.stderr.splitlines()
    assert any(f"{named}.out: retention.ms=604800000" in line and "set retention.ms=-1" in line for line in lines)
    assert any(f"{named}.changelog: cleanup.policy=delete" in line for line in lines)
    assert any("their numbers of partitions differ" in line for line in lines)
    assert all(line.startswith("passage: ") for line in lines)


def test_a_directory_no_snapshot_can_be_kept_in_is_told_at_the_start(folder: Path) -> None:
    (folder / "taken").write_text("a file", "utf-8")

    found = processors(folder, "run", "mine:app", "--snapshots", "taken")

    assert found.returncode == 2
    assert "--snapshots taken: file exists; name a directory this process may write to" in found.stderr
