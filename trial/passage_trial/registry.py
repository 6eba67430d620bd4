"""A real schema registry without Docker: Apicurio, which Maven fetches once, speaking Confluent's API.

One Java process that keeps its schemas in memory, beside the trial broker and not in it. It stays in the cache the
broker's jars are in. Refuses what its default lets in: it is told to accept only schemas that can read older values.
"""

import json
import subprocess
import tarfile
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

from passage_trial.errors import TrialError
from passage_trial.jars import cache, copy, java_command
from passage_trial.network import LOOK_AGAIN_SECONDS, free_port
from passage_trial.server import STOP_TIMEOUT_SECONDS, die_with_parent

VERSION = "2.6.13.Final"
"""The last of its line, which runs on the Java that Kafka needs; version 3 wants Java 21."""
ARTIFACT = f"io.apicurio:apicurio-registry-app:{VERSION}:tar.gz:all"
START_TIMEOUT_SECONDS = 120


@contextmanager
def registry(port: int | None = None) -> Iterator[str]:
    """A running registry's address, until the block ends. Raises TrialError."""
    home = fetch_registry()
    base = f"http://127.0.0.1:{free_port(port)}"
    with tempfile.TemporaryDirectory(prefix="passage-registry-", ignore_cleanup_errors=True) as directory:
        output_log = Path(directory, "output.log")
        process = _start(home, base.rpartition(":")[2], output_log)
        try:
            address = f"{base}/apis/ccompat/v7"
            _wait_until_it_answers(address, process, output_log)
            _ask(f"{address}/config", {"compatibility": "BACKWARD"})
            yield address
        finally:
            process.terminate()
            try:
                process.wait(STOP_TIMEOUT_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def fetch_registry() -> Path:
    """The directory of Apicurio, fetched by Maven when it isn't there yet (142 MB). Raises TrialError."""
    home = cache() / f"apicurio-{VERSION}"
    if home.is_dir():
        return home
    home.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home.parent, prefix="fetching-", ignore_cleanup_errors=True) as directory:
        with tarfile.open(copy(ARTIFACT, Path(directory), f"Apicurio {VERSION}")) as packed:
            packed.extractall(Path(directory, "whole"), filter="data")
        # Renamed when whole, as the broker's jars are.
        if not home.is_dir():
            Path(directory, "whole").rename(home)
    return home


def _start(home: Path, port: str, output_log: Path) -> "subprocess.Popen[bytes]":
    (jar,) = home.glob("*-runner.jar")
    options = ("-Xmx256m", "-Dquarkus.http.host=127.0.0.1", f"-Dquarkus.http.port={port}")
    with output_log.open("wb") as output:
        return subprocess.Popen(
            [*java_command(*options), "-jar", str(jar)],
            cwd=output_log.parent,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=die_with_parent(),
        )


def _wait_until_it_answers(address: str, process: "subprocess.Popen[bytes]", output_log: Path) -> None:
    deadline = monotonic() + START_TIMEOUT_SECONDS
    while True:
        try:
            _ask(f"{address}/subjects")
        except OSError:
            if process.poll() is not None:
                lines = output_log.read_text(encoding="utf-8", errors="replace").splitlines() or ["it said nothing"]
                telling = [line for line in lines if "ERROR" in line or "Exception" in line] or lines[-1:]
                raise TrialError(f"the registry stopped while starting: {' / '.join(telling[:2])}") from None
            if monotonic() > deadline:
                raise TrialError(f"the registry at {address} did not answer within {START_TIMEOUT_SECONDS} s") from None
            sleep(LOOK_AGAIN_SECONDS)
        else:
            return


def _ask(address: str, settings: dict[str, str] | None = None) -> None:
    request = urllib.request.Request(
        address,
        data=None if settings is None else json.dumps(settings).encode(),
        headers={"content-type": "application/json"},
        method="GET" if settings is None else "PUT",
    )
    urllib.request.urlopen(request, timeout=5).close()
