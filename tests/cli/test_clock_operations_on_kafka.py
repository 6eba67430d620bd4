"""The clock's commands over a real clock's life: it catches up, is asked for things, and its topic is proven whole."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from passage_log.kafka import KafkaLog
from passage_schemas.log_record import Partition
from tests.cli.command import Command

pytestmark = pytest.mark.kafka

COMMAND = [sys.executable, "-c", "from passage.cli import main; main()", "clock"]


@pytest.fixture
def names(topic_name: Callable[..., str]) -> dict[str, str]:
    return {kind: topic_name(kind) for kind in ("ticks", "schedules", "control", "triggers")}


@pytest.fixture
def config(tmp_path: Path, kafka_bootstrap: str, names: dict[str, str]) -> Path:
    path = tmp_path / "clock.yaml"
    topics = ", ".join(f"{kind}: {name}" for kind, name in names.items())
    path.write_text(
        f"bootstrap: {kafka_bootstrap}\ntopics: {{{topics}}}\ngroup: {names['ticks']}\n"
        "schedules: [{name: month.utc, every: month, zone: UTC, starts_at: 2000-01-01}]\n"
    )
    return path


def lead_until(config: Path, *events: str) -> None:
    """A clock in office until it has logged these, in this order; then it is stopped."""
    clock = subprocess.Popen(
        [*COMMAND, "run", "-c", str(config), "--name", "a"],
        stderr=subprocess.PIPE,
        text=True,
        env={"PATH": os.environ["PATH"]},
    )
    assert clock.stderr is not None
    wanted = list(events)
    try:
        for line in clock.stderr:
            if wanted and f'"event": "{wanted[0]}"' in line:
                wanted.pop(0)
            if not wanted:
                break
        clock.send_signal(signal.SIGTERM)
        clock.stderr.read()
        assert clock.wait(60) == 0
        assert not wanted, f"never told: {wanted}"
    finally:
        clock.kill()
        clock.wait(60)
        clock.stderr.close()


def test_a_topic_is_whole_until_a_rogue_writes_to_it(
    config: Path, names: dict[str, str], kafka_log: KafkaLog, passage: Command
) -> None:
    assert passage("clock", "topics", "-c", config, "--create").code == 0
    lead_until(config, "ticks_published")

    whole = passage("clock", "verify", "-c", config, "--json").document
    assert (whole["whole"], whole["fault"], whole["schedules"]) == (True, None, 1)
    assert whole["ticks"] == whole["last_sequence"] >= 300
    told = passage("clock", "verify", "-c", config)
    assert (told.code, told.out) == (0, f"1 schedule, {whole['ticks']} ticks: dense, in order, unaltered\n")

    appender = kafka_log.appender()
    appender.append(Partition(names["ticks"], 0), b"month.utc/2000-02", None, 1)
    appender.flush()
    appender.close()
    broken = passage("clock", "verify", "-c", config)
    assert broken.code == 1
    assert broken.out.startswith(f"{names['ticks']}[0]@")
    assert "month.utc/2000-02" in broken.out.splitlines()[0]


def test_asks_are_answered_by_the_next_leader_and_shown_by_status(config: Path, passage: Command) -> None:
    assert passage("clock", "topics", "-c", config, "--create").code == 0
    nobody = passage("clock", "status", "-c", config, "--json").document
    assert (nobody["leader"], nobody["schedules"]) == (None, [])

    asked = passage(
        "clock", "trigger", "month.utc", "-c", config, "--reason", "a drill", "--by", "kim", "--json"
    ).document
    assert (asked["schedule"], asked["by"]) == ("month.utc", "kim")
    assert passage("clock", "pause", "month.utc", "-c", config, "--reason", "stocktaking").code == 0
    lead_until(config, "office_taken", "trigger_answered")

    found = passage("clock", "status", "-c", config, "--json").document
    assert found["leader"]["name"] == "a"
    assert found["leader"]["has_resigned"] is True
    (schedule,) = found["schedules"]
    assert (schedule["status"], schedule["reason"], schedule["last"]) == ("paused", "stocktaking", None)
    shown = passage("clock", "status", "-c", config).out
    assert "nobody; the last was a" in shown
    assert "stocktaking" in shown


def test_a_file_that_differs_under_its_generation_is_told_by_every_command(config: Path, passage: Command) -> None:
    assert passage("clock", "topics", "-c", config, "--create").code == 0
    lead_until(config, "ticks_published")
    assert passage("clock", "status", "-c", config).code == 0
    assert passage("clock", "diff", config, "--against", "topic").code == 0

    led = config.read_text()
    config.write_text(led.replace("month.utc, every: month", "week.utc, every: week"))
    said = "generation 1: it lacks month.utc; it adds week.utc; where the change is meant, raise generation above 1"
    status = passage("clock", "status", "-c", config)
    assert (status.code, said in status.out) == (1, True)
    assert passage("clock", "status", "-c", config, "--json").document["differs"] == [
        "it lacks month.utc",
        "it adds week.utc",
    ]
    verify = passage("clock", "verify", "-c", config)
    assert (verify.code, said in verify.out) == (0, True)
    diff = passage("clock", "diff", config, "--against", "topic")
    assert (diff.code, said in diff.out) == (1, True)

    config.write_text(f"generation: 2\n{config.read_text()}")
    assert passage("clock", "status", "-c", config).code == 0
    assert passage("clock", "diff", config, "--against", "topic").code == 0


def test_a_second_clock_with_another_file_refuses_and_the_schedules_stay(config: Path, passage: Command) -> None:
    assert passage("clock", "topics", "-c", config, "--create").code == 0
    lead_until(config, "ticks_published")
    led = config.read_text()
    config.write_text(led.replace("month.utc, every: month", "week.utc, every: week"))
    lead_until(config, "office_refused")
    config.write_text(led)

    (schedule,) = passage("clock", "status", "-c", config, "--json").document["schedules"]
    assert (schedule["name"], schedule["status"]) == ("month.utc", "active")
