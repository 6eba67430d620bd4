"""A real Kafka in Docker: the official image, run by compose, taken down with its data."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from passage_log.trial.choice import TrialError
from passage_log.trial.network import free_port, wait_until_it_answers

COMPOSE_FILE = Path(__file__).with_name("compose.yaml")
PROBE_TIMEOUT_SECONDS = 10
# The image may have to be pulled first.
UP_TIMEOUT_SECONDS = 600
START_TIMEOUT_SECONDS = 90


def why_not() -> str | None:
    """The reason why Docker can't be used here; None if it can."""
    if shutil.which("docker") is None:
        return "there is no Docker"
    if not _succeeds("docker", "info"):
        return "no Docker engine answers"
    if not _succeeds("docker", "compose", "version"):
        return "this Docker has no compose"
    return None


@contextmanager
def broker(port: int | None = None) -> Iterator[str]:
    """A running broker's address, until the block ends. Raises TrialError."""
    chosen = free_port(port)
    address = f"127.0.0.1:{chosen}"
    environment = {**os.environ, "PASSAGE_TRIAL_PORT": str(chosen)}
    compose = ["docker", "compose", "-p", f"passage-trial-{chosen}", "-f", str(COMPOSE_FILE)]
    try:
        _run([*compose, "up", "-d"], environment)
        wait_until_it_answers(address, START_TIMEOUT_SECONDS, lambda: None)
        yield address
    finally:
        subprocess.run([*compose, "down", "-v", "-t", "5"], env=environment, capture_output=True, check=False)


def _succeeds(*command: str) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False, timeout=PROBE_TIMEOUT_SECONDS).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def _run(command: list[str], environment: dict[str, str]) -> None:
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=UP_TIMEOUT_SECONDS
    )
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or ["it said nothing"]
        raise TrialError(f"Docker could not start Kafka (exit code {done.returncode}: {said[-1]})")
