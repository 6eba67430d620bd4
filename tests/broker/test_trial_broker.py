"""A broker of our own: it starts on a free port, and nothing of it is left when it is stopped."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from time import monotonic

import pytest

from passage_log.errors import Unreachable
from passage_log.kafka import KafkaLog
from passage_log.port import EARLIEST
from passage_schemas.log_record import Partition
from passage_trial import TrialError, java
from passage_trial.network import free_port, wait_until_it_answers

CACHE = Path(__file__).parents[2] / ".kafka"
BOUND_SECONDS = 90.0


@pytest.fixture
def jars(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSAGE_CACHE", os.environ.get("PASSAGE_CACHE", str(CACHE)))
    problem = java.why_not()
    if problem is not None:
        pytest.fail(f"this is about a Java broker, and {problem}", pytrace=False)


def accepts(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def test_a_port_in_use_is_told_before_anything_is_started() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(TrialError, match=f"port {port} on 127.0.0.1 is in use"):
            free_port(port)


def test_a_broker_that_stopped_while_starting_says_why() -> None:
    with pytest.raises(TrialError, match="Kafka stopped while starting, exit code 1"):
        wait_until_it_answers(
            f"127.0.0.1:{free_port()}", BOUND_SECONDS, lambda: "Kafka stopped while starting, exit code 1: no disk"
        )


def test_no_broker_is_told_with_the_address_and_the_time() -> None:
    address = f"127.0.0.1:{free_port()}"
    with pytest.raises(Unreachable, match=f"no broker answered at {address} within 1 s; check PASSAGE_BOOTSTRAP"):
        KafkaLog(address, connect_timeout_seconds=1).cluster_id()


def test_a_writer_without_a_broker_is_told_the_same() -> None:
    address = f"127.0.0.1:{free_port()}"
    with pytest.raises(Unreachable, match=f"no broker answered at {address} within 1 s"):
        KafkaLog(address, connect_timeout_seconds=1).writer("clock").open()


def test_a_reader_waits_for_a_broker_that_does_not_answer() -> None:
    partition = Partition("ticks", 0)
    reader = KafkaLog(f"127.0.0.1:{free_port()}", connect_timeout_seconds=1).reader()
    reader.assign({partition: EARLIEST})
    for _ in range(5):
        assert reader.poll(10, 0.1) == []
    assert reader.position(partition) == EARLIEST
    with pytest.raises(Unreachable):
        reader.end(partition)
    reader.close()


@pytest.mark.kafka
@pytest.mark.usefixtures("jars")
def test_the_broker_and_its_data_go_when_the_block_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with java.broker() as bootstrap:
        port = int(bootstrap.rsplit(":", 1)[1])
        assert KafkaLog(bootstrap).cluster_id()
        assert list(tmp_path.iterdir())
    assert not accepts(port)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.kafka
@pytest.mark.usefixtures("jars")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_the_broker_dies_with_the_process_that_started_it(how: signal.Signals, tmp_path: Path) -> None:
    port = free_port()
    environment = {name: value for name, value in os.environ.items() if name not in ("PASSAGE_BOOTSTRAP", "LOG")}
    keeper = subprocess.Popen(
        [sys.executable, "-c", KEEPER, str(port)], stdout=subprocess.PIPE, env={**environment, "TMPDIR": str(tmp_path)}
    )
    try:
        assert keeper.stdout is not None
        assert keeper.stdout.readline() == b"running\n"
        assert accepts(port)
        keeper.send_signal(how)
        keeper.wait(BOUND_SECONDS)
        deadline = monotonic() + BOUND_SECONDS
        while accepts(port):
            assert monotonic() < deadline, "the broker outlived the process that started it"
    finally:
        keeper.kill()
        keeper.wait()
    if how != signal.SIGKILL:
        assert list(tmp_path.glob("passage-kafka-*")) == []


KEEPER = """
import signal, sys, threading
from passage_trial import java, stopped_by_sigterm
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job, as CI may be, ignores it
with stopped_by_sigterm(), java.broker(int(sys.argv[1])):
    print("running", flush=True)
    threading.Event().wait()
"""
