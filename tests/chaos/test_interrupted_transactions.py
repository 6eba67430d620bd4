"""One transaction of a real worker interrupted in every way, on a real Kafka: killed, stopped, its connection cut.

In the end each event is readable once, all is as if nothing had happened, and a replay gives every byte again. Workers
that leave out a fence are found out: those that can be told side by side here, one without the gate in
`tests/mutants/test_mutants_on_kafka.py`. A clock in a stopped
worker's place: `tests/clock/test_clock_on_kafka.py`.
"""

from collections.abc import Mapping
from concurrent.futures import Future

import pytest

from tests.chaos.interrupting import (
    Telling,
    blocked,
    cut_in_the_commit,
    killed,
    killed_in_the_commit,
    late_copy,
    never_answered,
    side_by_side,
    stopped,
)

pytestmark = pytest.mark.kafka

KILLED = {
    "before begin": killed("begin", "stopped"),
    "between its records and their positions": killed("produced", "heir"),
    "between its positions and the commit": killed("records", "stopped"),
    "in the commit, the request lost with it": killed_in_the_commit("lost", "heir"),
    "in the commit, the request arriving later": killed_in_the_commit("late", "heir"),
    "in the commit, carried out": killed_in_the_commit("done", "stopped"),
    "after the commit": killed("after", "heir"),
}
STOPPED = {
    "before begin": (stopped("begin"), {"Fenced"}),
    "between its records and their positions": (stopped("produced"), {"Fenced", "WriterLost"}),
    "between its positions and the commit": (stopped("records"), {"Fenced", "WriterLost"}),
}
CUT = {
    "the request for the end is lost": (cut_in_the_commit("request"), "commit_doubtful"),
    "the answer is lost": (cut_in_the_commit("answer"), "commit_doubtful"),
    "the request is held until nobody waits for it": (never_answered(carried_out=False), "transaction_failed"),
    "the answer never comes": (never_answered(carried_out=True), "transaction_failed"),
    "nothing passes any more": (blocked, "transaction_failed"),
    "a copy of the request comes late": (late_copy("honest"), "commit_doubtful"),
}
MUTANTS = {
    "whose transactions carry no positions commits when it is deposed": (stopped("begin", "no-positions"), "committed"),
    "that keeps its writer when its connection was lost has a transaction torn": (late_copy("no-doubt"), set()),
}


@pytest.fixture(scope="module")
def told(kafka_bootstrap: str) -> Mapping[str, Future[Telling]]:
    stories = {f"killed {name}": story for name, story in KILLED.items()}
    stories |= {f"stopped {name}": story for name, (story, _) in STOPPED.items()}
    stories |= {f"cut: {name}": story for name, (story, _) in CUT.items()}
    stories |= {f"mutant {name}": story for name, (story, _) in MUTANTS.items()}
    return side_by_side(stories, kafka_bootstrap)


@pytest.mark.parametrize("moment", KILLED)
def test_a_worker_killed_leaves_no_trace(moment: str, told: Mapping[str, Future[Telling]]) -> None:
    _, wrong = told[f"killed {moment}"].result()
    assert wrong == []


@pytest.mark.parametrize("moment", STOPPED)
def test_a_worker_stopped_past_its_session_is_refused_when_it_goes_on(
    moment: str, told: Mapping[str, Future[Telling]]
) -> None:
    outcome, wrong = told[f"stopped {moment}"].result()
    assert outcome in STOPPED[moment][1]
    assert wrong == []


@pytest.mark.parametrize("what", CUT)
def test_a_commit_whose_outcome_is_unknown_is_asked_of_the_log(what: str, told: Mapping[str, Future[Telling]]) -> None:
    said, wrong = told[f"cut: {what}"].result()
    assert wrong == []
    assert CUT[what][1] in said  # type: ignore[operator]  # these tell what the worker has said


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_worker_without_a_fence_is_found_out(mutant: str, told: Mapping[str, Future[Telling]]) -> None:
    said, wrong = told[f"mutant {mutant}"].result()
    assert said == MUTANTS[mutant][1]
    assert wrong != []
