"""A real Kafka in Docker: the official image, run by compose, taken down with its data."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog

from passage_trial.errors import TrialError
from passage_trial.network import free_port, wait_until_it_answers

_log = structlog.get_logger("passage.trial")

COMPOSE_FILE = Path(__file__).with_name("compose.yaml")
# An engine answers in a tenth of a second; where much else runs it may take a hundred times that.
PROBE_TIMEOUT_SECONDS = 30
# The image may have to be pulled first.
UP_TIMEOUT_SECONDS = 600
START_TIMEOUT_SECONDS = 90
# It is given five seconds to stop in; its network and its volume go after it.
DOWN_TIMEOUT_SECONDS = 60
CONTROLLER_PORTS = (9093, 9094)
"""Inside the container only. The second is for a broker that is itself to listen on the first."""


def why_not() -> str | None:
    """The reason why Docker can't be used here; None if it can."""
    if shutil.which("docker") is None:
        return "there is no Docker"
    if not _succeeds("docker", "info"):
        return "no Docker engine answers"
    if not _succeeds("docker", "compose", "version"):
        return "this Docker has no compose"
    return None


def variables(port: int) -> dict[str, str]:
    """What compose.yaml wants to know, to have the broker listen on this port."""
    controller = next(other for other in CONTROLLER_PORTS if other != port)
    return {"PASSAGE_TRIAL_PORT": str(port), "PASSAGE_TRIAL_CONTROLLER_PORT": str(controller)}


@contextmanager
def broker(port: int | None = None) -> Iterator[str]:
    """A running broker's address, until the block ends. Raises TrialError."""
    chosen = free_port(port)
    address = f"127.0.0.1:{chosen}"
    environment = {**os.environ, **variables(chosen)}
    compose = ["docker", "compose", "-p", f"passage-trial-{chosen}", "-f", str(COMPOSE_FILE)]
    try:
        if problem := _problem([*compose, "up", "-d"], environment, UP_TIMEOUT_SECONDS):
            raise TrialError(f"Docker could not start Kafka ({problem})")
        wait_until_it_answers(address, START_TIMEOUT_SECONDS, lambda: None)
        yield address
    finally:
        # Told beside, or it would hide what went wrong before.
        if problem := _problem([*compose, "down", "-v", "-t", "5"], environment, DOWN_TIMEOUT_SECONDS):
            _log.warning("broker_left_behind", project=f"passage-trial-{chosen}", error=problem)


def _succeeds(*command: str) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False, timeout=PROBE_TIMEOUT_SECONDS).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def _problem(command: list[str], environment: dict[str, str], timeout_seconds: float) -> str | None:
    """Why the command came to nothing; None when it did what it should."""
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=False, timeout=timeout_seconds
        )
    except subprocess.TimeoutExpired:
        return f"`{' '.join(command)}` did not end within {timeout_seconds:g} s"
    if done.returncode == 0:
        return None
    lines = done.stderr.strip().splitlines() or ["it said nothing"]
    return f"exit code {done.returncode}: {lines[-1]}"
