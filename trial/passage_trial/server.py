"""One Kafka process on a data directory of its own: configured, formatted, started, killed, started again.

The process can't outlive us: it is stopped on the way out, and by the kernel if we are killed. (The kernel watches the
thread that started it: start servers from a thread that stays.) It refuses to know how many of its kind there are: what
differs between a broker alone and one of three is told as settings.
"""

import base64
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from passage_trial.jars import command, fetch_jars, run

STOP_TIMEOUT_SECONDS = 10
PR_SET_PDEATHSIG = 1

SETTINGS: Mapping[str, str] = {
    "process.roles": "broker,controller",
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    # A mistyped topic must be an error, not a new topic.
    "auto.create.topics.enable": "false",
    # The first member of a group need not wait three seconds for others.
    "group.initial.rebalance.delay.ms": "0",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.num.partitions": "4",
    # A transaction whose writer died is aborted within a second of its timeout, not within ten.
    "transaction.abort.timed.out.transaction.cleanup.interval.ms": "1000",
    "share.coordinator.state.topic.num.partitions": "1",
    # So that compaction can be seen while one watches.
    "log.cleaner.backoff.ms": "1000",
}

LOG4J = """\
appender.file.type = File
appender.file.name = file
appender.file.fileName = {file}
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = %d %p %c{{1}}: %m%n
rootLogger.level = WARN
rootLogger.appenderRef.file.ref = file
"""


def new_cluster_id() -> str:
    """Every trial is a cluster of its own, so its offsets are never mistaken for another's. An id is 16 bytes in
    base64; the first one is fixed because an id that begins with "-" would be taken for an option."""
    return base64.urlsafe_b64encode(b"<" + os.urandom(15)).decode().rstrip("=")


class Server:
    """The process of one node. Not started by being made. `settings` add to SETTINGS and win. Raises TrialError."""

    def __init__(self, home: Path, settings: Mapping[str, str]) -> None:
        self._home = home
        self._jars = fetch_jars()
        self._process: subprocess.Popen[bytes] | None = None
        home.mkdir(exist_ok=True)
        lines = {**SETTINGS, "log.dirs": str(home / "data"), **settings}.items()
        self._properties.write_text("".join(f"{name}={value}\n" for name, value in lines), encoding="utf-8")
        (home / "log4j2.properties").write_text(LOG4J.format(file=home / "server.log"), encoding="utf-8")

    @property
    def _properties(self) -> Path:
        return self._home / "server.properties"

    def _command(self, *options: str) -> list[str]:
        return command(self._jars, *options, f"-Dlog4j.configurationFile={self._home / 'log4j2.properties'}")

    def format(self, cluster_id: str, *more: str) -> None:
        """Prepare the data directory, once. `more` are StorageTool's own options, as `--add-scram`."""
        # -XX:TieredStopAtLevel=1: it lives for a second, nothing is worth optimising.
        tool = [*self._command("-XX:TieredStopAtLevel=1", "-Xmx128m"), "kafka.tools.StorageTool", "format"]
        run([*tool, "-t", cluster_id, "-c", str(self._properties), *more], "Kafka could not format its data directory")

    def start(self) -> None:
        """Start it, on the data it has; does not wait for it."""
        assert not self.is_running, "it runs already"
        arguments = [*self._command("-Xms256m", "-Xmx512m"), "kafka.Kafka", str(self._properties)]
        with (self._home / "output.log").open("wb") as output:
            self._process = subprocess.Popen(
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                # Its own group: a Ctrl-C at the terminal is for us, and we stop it in order.
                start_new_session=True,
                preexec_fn=die_with_parent(),
            )

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """kill -9: what it had not yet written to its disk's cache is gone, its data directory stays."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def pause(self) -> None:
        """SIGSTOP."""
        assert self._process is not None, "it does not run"
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Go on, after a pause."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """SIGTERM, and SIGKILL for one that does not end in time."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    def why_it_stopped(self) -> str | None:
        """None while it runs."""
        if self._process is None or self._process.poll() is None:
            return None
        lines = [line for name in ("server.log", "output.log") for line in _lines(self._home / name)]
        telling = [line for line in lines if "ERROR" in line or "Exception" in line] or lines[-1:]
        return f"Kafka stopped while starting, exit code {self._process.returncode}: {' / '.join(telling[:2])}"


def stop_all(servers: Sequence[Server]) -> None:
    """End them without waiting for one another: what they hold is thrown away. A controller that loses its quorum
    while it is asked to stop in order would wait for it to come back."""
    for server in servers:
        server.kill()


def die_with_parent(of: signal.Signals = signal.SIGKILL) -> Callable[[], None] | None:
    """Asks the kernel to send this signal to the child when we die, however we die. Linux only; elsewhere SIGKILL
    leaves it behind."""
    if not sys.platform.startswith("linux"):
        return None
    # Loaded before the fork: between fork and exec nothing may take a lock.
    prctl = ctypes.CDLL(None).prctl
    return lambda: prctl(PR_SET_PDEATHSIG, of)


def _lines(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8", errors="replace").splitlines() if file.exists() else []
