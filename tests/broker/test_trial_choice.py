"""Which log a trial runs on is a pure decision, said in one sentence."""

import pytest

from passage_trial import Choice, Found, TrialError, choose, decide

NO_DOCKER, NO_JAVA = "no Docker engine answers", "there is no Java"


def found(bootstrap: str | None = None, docker: bool = False, java: bool = False) -> Found:
    return Found(bootstrap, None if docker else NO_DOCKER, None if java else NO_JAVA)


@pytest.mark.parametrize(
    ("prefer", "there_is", "kind"),
    [
        (None, found("broker:9092", docker=True, java=True), "given"),
        (None, found(docker=True, java=True), "docker"),
        (None, found(java=True), "java"),
        (None, found(), "memory"),
        ("", found(), "memory"),
        ("memory", found("broker:9092", docker=True, java=True), "memory"),
        ("kafka", found("broker:9092"), "given"),
        ("kafka", found(docker=True), "docker"),
        ("kafka", found(java=True), "java"),
    ],
)
def test_the_best_there_is_unless_something_is_asked_for(prefer: str | None, there_is: Found, kind: str) -> None:
    assert decide(prefer, there_is).kind == kind


def test_falling_back_is_said_with_its_reasons() -> None:
    assert decide(None, found()) == Choice(
        "memory",
        f"the log in memory, because {NO_DOCKER} and {NO_JAVA}; with one of them it would be a real Kafka",
    )
    assert NO_DOCKER in decide(None, found(java=True)).why


def test_kafka_that_cannot_be_had_is_an_error_never_memory() -> None:
    with pytest.raises(TrialError, match=f"{NO_DOCKER} and {NO_JAVA}; install Docker, or Java 17 and Maven"):
        decide("kafka", found())


def test_an_unknown_wish_is_refused() -> None:
    with pytest.raises(TrialError, match="LOG=redis is not a log"):
        decide("redis", found(java=True))


def test_memory_needs_nothing_and_gives_a_log() -> None:
    with choose(environment={"LOG": "memory"}) as trial:
        assert (trial.log_kind, trial.bootstrap) == ("memory", None)
        assert trial.open_log().cluster_id() == "memory"


def test_a_named_broker_is_taken_at_its_word() -> None:
    with choose(environment={"PASSAGE_BOOTSTRAP": "broker.example:9092"}) as trial:
        assert (trial.log_kind, trial.bootstrap) == ("kafka", "broker.example:9092")
