"""A real Kafka without Docker: one KRaft process from jars that Maven fetches once.

The jars stay in a cache (`.kafka/` here, or $PASSAGE_CACHE); the data lives in a temporary directory and goes with the
process. The process can't outlive us: it is stopped on the way out, on SIGTERM, and by the kernel if we are killed.
"""

import base64
import ctypes
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from passage_log.trial.choice import TrialError
from passage_log.trial.network import free_port, wait_until_it_answers

KAFKA = "kafka-4.3.1"
POM = Path(__file__).with_name("pom.xml")
MAVEN = ("mvn", "-q", "-B", "dependency:copy-dependencies")
OLDEST_JAVA = 17
FETCH_TIMEOUT_SECONDS = 600
START_TIMEOUT_SECONDS = 60
STOP_TIMEOUT_SECONDS = 10
PR_SET_PDEATHSIG = 1

SETTINGS: Mapping[str, str] = {
    "node.id": "1",
    "process.roles": "broker,controller",
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    # A mistyped topic must be an error, not a new topic.
    "auto.create.topics.enable": "false",
    # The first member of a group need not wait three seconds for others.
    "group.initial.rebalance.delay.ms": "0",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "4",
    # A transaction whose writer died is aborted within a second of its timeout, not within ten.
    "transaction.abort.timed.out.transaction.cleanup.interval.ms": "1000",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
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


def why_not() -> str | None:
    """The reason why a Java broker can't be started here; None if it can."""
    java = _java()
    if java is None:
        return "there is no Java"
    major = _major(java)
    if major < OLDEST_JAVA:
        return f"Java is version {major}, older than {OLDEST_JAVA}"
    if shutil.which("mvn") is None and not _jars().is_dir():
        return "there is no Maven (mvn) to fetch Kafka with"
    return None


@contextmanager
def broker(port: int | None = None) -> Iterator[str]:
    """A running broker's address, until the block ends. Raises TrialError."""
    jars = fetch_jars()
    with tempfile.TemporaryDirectory(prefix="passage-kafka-", ignore_cleanup_errors=True) as directory:
        home = Path(directory)
        address = f"127.0.0.1:{free_port(port)}"
        _configure(home, address, controller=f"127.0.0.1:{free_port()}")
        _format(home, jars)
        process = _start(home, jars)
        try:
            wait_until_it_answers(address, START_TIMEOUT_SECONDS, lambda: _why_it_stopped(process, home))
            yield address
        finally:
            _stop(process)


def fetch_jars() -> Path:
    """The directory of Kafka's jars, fetched by Maven when it isn't there yet. Raises TrialError."""
    jars = _jars()
    if jars.is_dir():
        return jars
    jars.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=jars.parent, prefix="fetching-", ignore_cleanup_errors=True) as directory:
        project = Path(directory)
        shutil.copy(POM, project / "pom.xml")
        _run(
            [*MAVEN, "-f", str(project / "pom.xml"), f"-DoutputDirectory={project / 'jars'}"],
            f"Maven could not fetch {KAFKA}; is there a network, or a mirror in ~/.m2/settings.xml?",
        )
        # Renamed when whole: a fetch that was interrupted leaves nothing that looks like the jars.
        if not jars.is_dir():
            (project / "jars").rename(jars)
    return jars


def _jars() -> Path:
    return Path(os.environ.get("PASSAGE_CACHE") or ".kafka").resolve() / KAFKA


def _java() -> str | None:
    home = os.environ.get("JAVA_HOME")
    of_home = shutil.which("java", path=str(Path(home) / "bin")) if home else None
    return of_home or shutil.which("java")


def _major(java: str) -> int:
    """17 of `openjdk version "17.0.15"`, 8 of `java version "1.8.0_292"`."""
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    numbers = re.search(r'version "(?:1\.)?(\d+)', said)
    return int(numbers.group(1)) if numbers else 0


def _configure(home: Path, address: str, controller: str) -> None:
    settings = {
        **SETTINGS,
        "listeners": f"PLAINTEXT://{address},CONTROLLER://{controller}",
        "advertised.listeners": f"PLAINTEXT://{address}",
        "controller.quorum.voters": f"1@{controller}",
        "log.dirs": str(home / "data"),
    }
    lines = "".join(f"{name}={value}\n" for name, value in settings.items())
    (home / "server.properties").write_text(lines, encoding="utf-8")
    (home / "log4j2.properties").write_text(LOG4J.format(file=home / "server.log"), encoding="utf-8")


def _command(home: Path, jars: Path, *options: str) -> list[str]:
    java = _java()
    if java is None:
        raise TrialError(f"there is no Java; install version {OLDEST_JAVA} or newer, or set JAVA_HOME")
    return [java, *options, f"-Dlog4j.configurationFile={home / 'log4j2.properties'}", "-cp", f"{jars}/*"]


def _format(home: Path, jars: Path) -> None:
    # Every trial is a cluster of its own, so its offsets are never mistaken for another's. An id is 16 bytes in base64;
    # the first one is fixed because an id that begins with "-" would be taken for an option.
    cluster = base64.urlsafe_b64encode(b"<" + os.urandom(15)).decode().rstrip("=")
    arguments = ["kafka.tools.StorageTool", "format", "-t", cluster, "-c", f"{home}/server.properties"]
    # -XX:TieredStopAtLevel=1: it lives for a second, nothing is worth optimising.
    command = _command(home, jars, "-XX:TieredStopAtLevel=1", "-Xmx128m")
    _run(command + arguments, "Kafka could not format its data directory")


def _start(home: Path, jars: Path) -> subprocess.Popen[bytes]:
    command = [*_command(home, jars, "-Xms256m", "-Xmx512m"), "kafka.Kafka", f"{home}/server.properties"]
    with (home / "output.log").open("wb") as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            # Its own group: a Ctrl-C at the terminal is for us, and we stop it in order.
            start_new_session=True,
            preexec_fn=_die_with_parent(),
        )


def _die_with_parent() -> Callable[[], None] | None:
    """Asks the kernel to kill the child when we die, however we die. Linux only; elsewhere SIGKILL leaves it behind."""
    if not sys.platform.startswith("linux"):
        return None
    # Loaded before the fork: between fork and exec nothing may take a lock.
    prctl = ctypes.CDLL(None).prctl
    return lambda: prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(STOP_TIMEOUT_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _why_it_stopped(process: subprocess.Popen[bytes], home: Path) -> str | None:
    if process.poll() is None:
        return None
    said = [line for name in ("server.log", "output.log") for line in _lines(home / name)]
    telling = [line for line in said if "ERROR" in line or "Exception" in line] or said[-1:]
    return f"Kafka stopped while starting, exit code {process.returncode}: {' / '.join(telling[:2])}"


def _lines(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8", errors="replace").splitlines() if file.exists() else []


def _run(command: list[str], complaint: str) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=FETCH_TIMEOUT_SECONDS)
    except FileNotFoundError as error:
        raise TrialError(f"{complaint} ({command[0]} is not installed)") from error
    except subprocess.TimeoutExpired as error:
        raise TrialError(f"{complaint} (no end after {FETCH_TIMEOUT_SECONDS} s)") from error
    if done.returncode != 0:
        said = (done.stdout + done.stderr).strip().splitlines() or ["it said nothing"]
        raise TrialError(f"{complaint} (exit code {done.returncode}: {said[0]})")
