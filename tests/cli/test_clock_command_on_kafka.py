"""`passage clock` against a real Kafka: topics made and checked, a schedule paused and resumed."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from passage_clock.records.control import decode_ask
from passage_log.kafka import KafkaLog
from passage_log.port import EARLIEST, Topic
from passage_schemas.log_record import Partition

pytestmark = pytest.mark.kafka


def passage(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from passage.cli import main; main()", "clock", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={"PATH": os.environ["PATH"]},
    )


@pytest.fixture
def names(topic_name: Callable[..., str]) -> dict[str, str]:
    return {kind: topic_name(kind) for kind in ("ticks", "schedules", "control")}


@pytest.fixture
def config(tmp_path: Path, kafka_bootstrap: str, names: dict[str, str]) -> Path:
    path = tmp_path / "clock.yaml"
    topics = ", ".join(f"{kind}: {name}" for kind, name in names.items())
    path.write_text(
        f"bootstrap: {kafka_bootstrap}\ntopics: {{{topics}}}\nschedules: [{{name: day.utc, every: day, zone: UTC}}]\n"
    )
    return path


def test_topics_are_created_once_and_found_fit_afterwards(config: Path, names: dict[str, str]) -> None:
    missing = passage("topics", "-c", config)
    assert missing.returncode == 2
    assert all(name in missing.stderr for name in names.values())
    assert "--create" in missing.stderr
    for asked in (["diff", config, "--against", "topic"], ["pause", "day.utc", "-c", config, "--reason", "test"]):
        refused = passage(*asked)
        assert refused.returncode == 2
        assert "`passage clock topics --config FILE --create` creates what is missing" in refused.stderr

    assert passage("topics", "-c", config, "--create").returncode == 0
    found = passage("topics", "-c", config)
    assert found.returncode == 0, found.stderr
    assert all(name in found.stdout for name in names.values())


def test_a_clock_does_not_start_on_topics_that_would_lose_ticks(
    config: Path, names: dict[str, str], kafka_log: KafkaLog
) -> None:
    kafka_log.create([Topic(names["ticks"], 2), Topic(names["control"], 1), Topic(names["schedules"], 1)])

    refused = passage("run", "-c", config)

    assert refused.returncode == 2
    assert "Traceback" not in refused.stderr
    for complaint in ("2 partitions", "cleanup.policy", "LogAppendTime"):
        assert complaint in refused.stderr


def test_a_pause_is_asked_of_the_leader_by_name_and_with_a_reason(
    config: Path, names: dict[str, str], kafka_log: KafkaLog
) -> None:
    passage("topics", "-c", config, "--create")
    asked = passage("pause", "day.utc", "-c", config, "--reason", "stocktaking")
    assert asked.returncode == 0, asked.stderr

    reader = kafka_log.reader()
    reader.assign({Partition(names["control"], 0): EARLIEST})
    (record,) = reader.poll(10, 30.0)
    reader.close()
    ask = decode_ask(record.key() or b"", record.value() or b"")
    assert (ask.schedule, ask.status, ask.reason) == ("day.utc", "paused", "stocktaking")
    assert "@" in ask.by
