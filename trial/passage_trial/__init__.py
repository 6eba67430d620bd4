"""A Kafka to try things on: one that is there, or one started for the purpose and stopped after it.

For demos, examples, benchmarks and tests. It refuses to be a way to run Kafka in production: one broker, no
replication, data that goes with the process.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Literal

if sys.argv[0] == "-m" and __name__ in sys.orig_argv:
    # We are the command itself, still on its way in (`python -m passage_trial`): a Ctrl-C among the imports below
    # ends it silently. What has to be left in order sets its own handler.
    signal.signal(signal.SIGINT, signal.SIG_DFL)

from passage_log.kafka import KafkaLog
from passage_log.memory import MemoryLog
from passage_log.port import Log
from passage_trial import docker, java
from passage_trial.choice import Choice, Found, Kind, decide
from passage_trial.errors import TrialError

__all__ = ["Choice", "Found", "Kind", "Trial", "TrialError", "choose", "decide", "look"]


@dataclass(frozen=True, slots=True)
class Trial:
    """A log to try things on. `why` is one sentence: which log this is, and why not a better one."""

    log_kind: Literal["kafka", "memory"]
    bootstrap: str | None
    why: str

    def open_log(self) -> Log:
        """A new way in; a log in memory begins empty, so open it once and share it."""
        return MemoryLog() if self.bootstrap is None else KafkaLog(self.bootstrap)


@contextmanager
def choose(
    prefer: str | None = None,
    port: int | None = None,
    environment: Mapping[str, str] | None = None,
    told: Callable[[str], None] = lambda why: None,  # noqa: ARG005 - named for who passes one
) -> Iterator[Trial]:
    """The best log that can be had, running until the block ends. `prefer` is memory or kafka; without it the LOG
    variable says. `port` is where a broker of our own listens; without it, any free one. `told` hears which log it is
    and why before anything is started, which takes seconds. Raises TrialError."""
    variables = os.environ if environment is None else environment
    wanted = prefer or variables.get("LOG")
    choice = decide(wanted, Found(None, "", "") if wanted == "memory" else look(variables))
    told(choice.why)
    if choice.kind == "memory":
        yield Trial("memory", None, choice.why)
    elif choice.kind == "given":
        yield Trial("kafka", variables["PASSAGE_BOOTSTRAP"], choice.why)
    else:
        start = docker.broker if choice.kind == "docker" else java.broker
        with stopped_by_sigterm(), start(port) as bootstrap:
            yield Trial("kafka", bootstrap, choice.why)


def look(environment: Mapping[str, str]) -> Found:
    """What there is to choose from. A broker that was named is not second-guessed."""
    bootstrap = environment.get("PASSAGE_BOOTSTRAP") or None
    if bootstrap:
        return Found(bootstrap, "not looked for", "not looked for")
    no_docker = docker.why_not()
    return Found(None, no_docker, java.why_not() if no_docker else "not looked for")


@contextmanager
def stopped_by_sigterm() -> Iterator[None]:
    """Turns SIGTERM into SystemExit, so that what was started is stopped on the way out. Leaves a handler that is
    already there alone: its owner knows what to do."""
    ours = threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    if ours:
        signal.signal(signal.SIGTERM, _leave)
    try:
        yield
    finally:
        if ours:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _leave(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)
