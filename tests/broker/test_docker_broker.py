"""Kafka in Docker: it can talk to itself on whatever port it is given, and is told what the Java broker is told.

What only an engine can show is marked `docker`, and run by `make test-docker`.
"""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from passage_log.kafka import KafkaLog
from passage_log.port import EARLIEST, Log, Topic
from passage_schemas.log_record import Partition
from passage_trial import docker
from passage_trial.java import ALONE
from passage_trial.network import free_port
from passage_trial.server import SETTINGS

ROOT = Path(__file__).parents[2]
DEMO_SECONDS = 300.0
TURNS = 600

PORTS = (9092, *docker.CONTROLLER_PORTS, 19092, 40_123)


def service(port: int) -> dict[str, Any]:
    """The one service of compose.yaml, as compose reads it for this port."""
    given = docker.variables(port)
    text = docker.COMPOSE_FILE.read_text("utf-8")
    found: dict[str, Any] = YAML(typ="safe").load(re.sub(r"\$\{(\w+):-\d+\}", lambda match: given[match[1]], text))
    return dict(found["services"]["kafka"])


def listeners(text: str) -> dict[str, str]:
    return dict(listener.split("://") for listener in text.split(","))


@pytest.mark.parametrize("port", PORTS)
def test_the_broker_finds_itself_where_it_says_it_is(port: int) -> None:
    kafka = service(port)
    settings = kafka["environment"]
    inside, told = listeners(settings["KAFKA_LISTENERS"]), listeners(settings["KAFKA_ADVERTISED_LISTENERS"])
    assert told == {"PLAINTEXT": f"127.0.0.1:{port}"}
    assert inside["PLAINTEXT"] == f"0.0.0.0:{port}"
    assert kafka["ports"] == [f"127.0.0.1:{port}:{port}"]
    assert settings["KAFKA_CONTROLLER_QUORUM_VOTERS"] == f"1@{inside['CONTROLLER']}"
    assert not inside["CONTROLLER"].endswith(f":{port}")


def test_a_broker_in_docker_is_told_what_the_java_broker_is_told() -> None:
    told = {
        name.removeprefix("KAFKA_").lower().replace("_", "."): value
        for name, value in service(9092)["environment"].items()
    }
    assert {name: told.get(name) for name in {**SETTINGS, **ALONE}} == {**SETTINGS, **ALONE}


def assert_a_transaction_ends(log: Log, topic: str) -> None:
    log.create([Topic(topic, 1)])
    writer = log.writer(f"{topic}.writer")
    writer.open()
    writer.begin()
    writer.append(Partition(topic, 0), b"key", b"value", 1)
    writer.commit()
    writer.discard()
    reader = log.reader()
    reader.assign({Partition(topic, 0): EARLIEST})
    found = next(records for _ in range(TURNS) if (records := reader.poll(10, 0.1)))
    reader.close()
    assert [record.value() for record in found] == [b"value"]


@pytest.mark.docker
def test_a_transaction_ends_and_nothing_is_left_when_the_block_ends() -> None:
    port = free_port()
    with docker.broker(port) as bootstrap:
        assert bootstrap == f"127.0.0.1:{port}"
        log = KafkaLog(bootstrap)
        assert_a_transaction_ends(log, "ends")
        log.close()
    left = subprocess.run(
        ["docker", "ps", "-aq", "--filter", f"name=passage-trial-{port}"], capture_output=True, check=True, timeout=60
    )
    assert left.stdout == b""
    assert free_port(port) == port


@pytest.mark.docker
def test_a_transaction_ends_on_the_broker_that_the_tests_start(
    kafka_log: KafkaLog, topic_name: Callable[..., str]
) -> None:
    assert_a_transaction_ends(kafka_log, topic_name())


@pytest.mark.docker
def test_the_demo_comes_to_the_answer_key_on_a_kafka_in_docker() -> None:
    environment = {name: value for name, value in os.environ.items() if name not in ("PASSAGE_BOOTSTRAP", "LOG")}
    done = subprocess.run(
        [sys.executable, "-m", "examples.overdue_invoices.demo"],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=DEMO_SECONDS,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "log     a Kafka of its own in Docker" in done.stdout
    assert "877 overdue, 174 suspended" in done.stdout
