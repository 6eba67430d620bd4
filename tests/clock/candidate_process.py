"""A clock in a process of its own, as users run it, and what it tells in its log."""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

LONG_SECONDS = 60.0
"""The bound on every wait; the longest of them is a session of six seconds."""


class Process:
    """`passage clock run` in a process of its own, and the events it logs."""

    def __init__(
        self, config: Path, name: str, environ: Mapping[str, str] | None = None, options: Sequence[str] = ()
    ) -> None:
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-c",
                "from passage.cli import main; main()",
                "clock",
                "run",
                "-c",
                config,
                "--name",
                name,
                *options,
            ],
            stderr=subprocess.PIPE,
            text=True,
            env={"PATH": os.environ["PATH"], **(environ or {})},
        )
        self._events: queue.Queue[dict[str, object]] = queue.Queue()
        threading.Thread(target=self._hear, daemon=True).start()

    def _hear(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self._events.put(json.loads(line) if line.startswith("{") else {"event": line.strip()})

    def wait_for(self, *events: str) -> dict[str, object]:
        seen: list[object] = []
        deadline = time.monotonic() + LONG_SECONDS
        while True:
            try:
                told = self._events.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"none of {events} came, but {seen[-10:]}") from None
            if told["event"] in events:
                return told
            seen.append(told)

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def end(self) -> int:
        """Its exit code, after SIGTERM."""
        self.send(signal.SIGTERM)
        return self._process.wait(LONG_SECONDS)

    def kill(self) -> None:
        if self._process.poll() is None:
            self.send(signal.SIGCONT)
            self._process.kill()
            self._process.wait(LONG_SECONDS)
