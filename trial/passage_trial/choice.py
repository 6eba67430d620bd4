"""Which log a trial runs on, and why: a pure decision, made once, said aloud.

The order is by how much it proves: a broker somebody gave us, one in Docker, one from Maven's jars, and last the log
in memory, which proves nothing about Kafka. Whoever forces Kafka gets Kafka or an error, never memory in its place.
"""

from dataclasses import dataclass
from typing import Literal

from passage_trial.errors import TrialError

Kind = Literal["given", "docker", "java", "memory"]


@dataclass(frozen=True, slots=True)
class Found:
    """What this machine has. Each of the last two is the reason why it can't be used; None means that it can."""

    bootstrap: str | None
    no_docker: str | None
    no_java: str | None


@dataclass(frozen=True, slots=True)
class Choice:
    """The log it comes to, and the sentence that says why not a better one."""

    kind: Kind
    why: str


def decide(prefer: str | None, found: Found) -> Choice:
    """`prefer` is the LOG setting: memory, kafka, or nothing. Raises TrialError."""
    if prefer not in (None, "", "memory", "kafka"):
        raise TrialError(f"LOG={prefer} is not a log; use LOG=memory or LOG=kafka, or leave it out")
    if prefer == "memory":
        return Choice("memory", "the log in memory, because LOG=memory asks for it")
    if found.bootstrap:
        return Choice("given", f"the Kafka at {found.bootstrap}, because PASSAGE_BOOTSTRAP names it")
    if found.no_docker is None:
        return Choice("docker", "a Kafka of its own in Docker, because a Docker engine answers")
    if found.no_java is None:
        return Choice("java", f"a Kafka of its own as a Java process, because {found.no_docker}")
    missing = f"{found.no_docker} and {found.no_java}"
    if prefer == "kafka":
        raise TrialError(
            f"LOG=kafka, but {missing}; install Docker, or Java 17 and Maven, or name a broker in PASSAGE_BOOTSTRAP"
        )
    return Choice("memory", f"the log in memory, because {missing}; with one of them it would be a real Kafka")
