"""A process that can be killed, stopped and resumed, and what it has said so far."""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from passage_trial.server import die_with_parent
from tests.chaos.invoices import RUN_VARIABLE

ROOT = Path(__file__).parents[2]

LONG_SECONDS = 60.0
"""The bound on every wait. The longest of them is a session of six seconds and a transaction's fifteen."""


class Process:
    """`python ARGUMENTS` from the project's root. `events` are the structured lines it has logged, oldest first."""

    def __init__(self, arguments: Sequence[str | Path], run: str) -> None:
        environment = {
            RUN_VARIABLE: run,
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join(map(str, sys.path)),
            # One that crashes says where.
            "PYTHONFAULTHANDLER": "1",
        }
        self._process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
            # A run that is killed leaves nobody behind, who would look for its broker for ever.
            preexec_fn=die_with_parent(),
        )
        self.events: list[dict[str, object]] = []
        self._told: queue.Queue[dict[str, object]] = queue.Queue()
        self._ear = threading.Thread(target=self._hear, daemon=True)
        self._ear.start()

    def _hear(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self._told.put(json.loads(line) if line.startswith("{") else {"event": line.strip()})

    def listen(self) -> None:
        """Take in what it has said by now. Raises AssertionError when it ended by itself."""
        self.take_told()
        ended = self._process.poll()
        if ended is not None:
            self._ear.join(LONG_SECONDS)
            self.take_told()
            raise AssertionError(f"ended with {ended}: {self.events[-120:]}")

    def take_told(self) -> None:
        """Take in what it has said by now, whether it still runs or not."""
        while not self._told.empty():
            self.events.append(self._told.get())

    def has_said(self, event: str) -> bool:
        self.listen()
        return any(one["event"] == event for one in self.events)

    def wait_for(self, *events: str) -> dict[str, object]:
        """The next of these events that has not been waited for."""
        deadline = time.monotonic() + LONG_SECONDS
        seen: list[object] = []
        while True:
            try:
                told = self._told.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"none of {events} came, but {self.last(120)}{self.stacks()}") from None
            self.events.append(told)
            seen.append(told)
            if told["event"] in events:
                return told

    def wait_until_stopped(self) -> None:
        """Until it has stopped itself (SIGSTOP)."""
        deadline = time.monotonic() + LONG_SECONDS
        self.listen()
        while os.waitid(os.P_PID, self._process.pid, os.WSTOPPED | os.WNOHANG | os.WNOWAIT) is None:
            assert time.monotonic() < deadline, f"it never stopped itself: {self.events[-10:]}"
            time.sleep(0.02)
            self.listen()

    def last(self, most: int) -> list[str]:
        """What it said last, by the names of the events; one that crashed says where."""
        return [str(one["event"]) for one in self.events[-most:]]

    def stacks(self) -> str:
        """Where each of its threads is, for whoever says why a test failed; nothing where it does not tell."""
        status = Path(f"/proc/{self._process.pid}/status")
        if self._process.poll() is not None or not status.exists():
            return ""
        (caught,) = [line.split()[1] for line in status.read_text().splitlines() if line.startswith("SigCgt:")]
        if not int(caught, 16) & 1 << signal.SIGUSR1 - 1:
            return ""
        self.send(signal.SIGUSR1)
        lines: list[object] = []
        with suppress(queue.Empty):
            while True:
                lines.append(self._told.get(timeout=1.0)["event"])
        return "\n".join(["", *map(str, lines)])

    def wait_until_killed(self) -> None:
        """Until it has killed itself (SIGKILL)."""
        assert self.wait() == -signal.SIGKILL

    def wait(self) -> int:
        """Its exit code, once it has ended."""
        try:
            code = self._process.wait(LONG_SECONDS)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it never ended, but {self.events[-10:]}{self.stacks()}") from None
        self._ear.join(LONG_SECONDS)
        return code

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def kill(self) -> None:
        """kill -9, whatever it is doing."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait(LONG_SECONDS)
        self._ear.join(LONG_SECONDS)

    def end(self, when_it_has_said: str) -> int:
        """SIGTERM, and its exit code. One that still imports its modules doesn't hear it yet, and dies of it."""
        deadline = time.monotonic() + LONG_SECONDS
        while not self.has_said(when_it_has_said):
            assert time.monotonic() < deadline, f"it never said {when_it_has_said}, but {self.events[-10:]}"
            time.sleep(0.02)
        self.send(signal.SIGTERM)
        return self._process.wait(LONG_SECONDS)
