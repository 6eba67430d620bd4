"""A command in the foreground that is told to stop is gone soon, whatever it waits for."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

BOUND_SECONDS = 40.0

AT_WORK = """
import ctypes, threading, time
from passage.running.signals import stopped_by_signals
stop = stopped_by_signals()
"""

WAITS_FOR_EVER = "nobody = threading.Lock(); nobody.acquire(); nobody.acquire()"

COMMAND = "from passage.cli import main; main()"


@contextmanager
def running(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A process of Python's, from when it would hear a signal."""
    process = subprocess.Popen(
        [sys.executable, "-c", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    try:
        deadline = time.monotonic() + BOUND_SECONDS
        while not hears(process.pid, signal.SIGTERM):
            assert time.monotonic() < deadline
            assert process.poll() is None, process.communicate()
        yield process
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdout, process.stderr):
            assert stream is not None
            stream.close()


def hears(pid: int, number: signal.Signals) -> bool:
    """Whether the process has a handler of its own for it."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    (caught,) = [line.split()[1] for line in status.splitlines() if line.startswith("SigCgt:")]
    return bool(int(caught, 16) & 1 << number - 1)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_who_waits_where_no_signal_is_heard_is_left_there(number: signal.Signals) -> None:
    """As Kafka's client waits for a broker: for a minute, and Python is told of the signal only after that."""
    with running(AT_WORK + WAITS_FOR_EVER) as process:
        process.send_signal(number)
        assert process.wait(BOUND_SECONDS) == 0
        assert process.stdout is not None
        assert "left_where_it_stood" in process.stdout.read()


def test_who_is_read_by_nobody_is_left_there_as_well() -> None:
    with running(AT_WORK + WAITS_FOR_EVER) as process:
        assert process.stdout is not None
        process.stdout.close()
        process.send_signal(signal.SIGTERM)
        assert process.wait(BOUND_SECONDS) == 0


def test_who_holds_the_interpreter_itself_is_ended_by_the_kernel() -> None:
    holding = "stop.wait(); ctypes.PyDLL(None).sleep(600)"
    with running(AT_WORK + holding) as process:
        process.send_signal(signal.SIGTERM)
        assert process.wait(BOUND_SECONDS) == -signal.SIGALRM


def test_a_second_signal_ends_it_at_once_wherever_it_is() -> None:
    with running(AT_WORK + "stop.is_busy = lambda: True; " + WAITS_FOR_EVER) as process:
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGINT)
        assert process.wait(BOUND_SECONDS) in (128 + signal.SIGINT, 128 + signal.SIGTERM)  # whichever came second


def test_a_users_own_code_is_waited_for() -> None:
    """It says when it has had longer than anybody else would have been given."""
    busy = """
from passage.running.signals import LOOK_EVERY_SECONDS, STOP_WITHIN_SECONDS
looks = []
stop.is_busy = lambda: bool(looks.append(1) or True)
while len(looks) * LOOK_EVERY_SECONDS < 2 * STOP_WITHIN_SECONDS:
    time.sleep(0.01)
print("done")
"""
    with running(AT_WORK + busy) as process:
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=BOUND_SECONDS)
        assert (process.returncode, out) == (0, "done\n")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "clock.yaml"
    path.write_text("schedules: [{name: hour.utc, every: hour, zone: UTC}]\n")
    return path


@pytest.mark.parametrize("who", ["clock", "worker"])
def test_who_never_found_a_broker_stops_as_asked(who: str, config: Path) -> None:
    nobody = ["--bootstrap", "127.0.0.1:1", "--connect-timeout-seconds", "600"]
    commands: dict[str, Sequence[str]] = {
        "clock": ["clock", "run", "-c", str(config)],
        "worker": ["processors", "run", "examples.overdue_invoices:app"],
    }
    with running(COMMAND, *commands[who], *nobody) as process:
        process.send_signal(signal.SIGTERM)
        assert process.wait(BOUND_SECONDS) == 0
