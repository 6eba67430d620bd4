"""The fences between workers, each left out once, on a real Kafka: what must be found then, is.

The stories, with honest workers, are those of `tests/chaos/test_interrupted_transactions.py`.
"""

from collections.abc import Iterable, Iterator

import pytest

from passage_log.port import Member
from passage_processors import App
from passage_processors.runtime import restore
from tests.chaos.interrupting import late_copy
from tests.chaos.stopped_world import StoppedWorld

pytestmark = pytest.mark.kafka


@pytest.fixture
def stopped(kafka_bootstrap: str) -> Iterator[StoppedWorld]:
    world = StoppedWorld(kafka_bootstrap)
    yield world
    world.close()


def test_a_deposed_worker_whose_transaction_carries_no_positions_commits(stopped: StoppedWorld) -> None:
    zombie = stopped.stop_a_worker("begin", mutant="no-positions")
    stopped.take_over()
    assert stopped.resume(zombie) == "committed"
    stopped.finish()
    assert any("2 times" in what for what in stopped.differences())


def test_a_restore_without_the_gate_misses_its_predecessors_last_transaction(
    stopped: StoppedWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_gate(app: App, member: Member, numbers: Iterable[int], timeout_seconds: float) -> dict[int, int]:
        return dict.fromkeys(numbers, 0)

    zombie = stopped.stop_a_worker("records")
    monkeypatch.setattr(restore, "gate", no_gate)
    stopped.take_over()
    assert stopped.resume(zombie) == "committed"
    stopped.finish()
    assert any("2 times" in what for what in stopped.differences())


def test_a_writer_that_is_kept_whatever_became_of_its_connection_lets_an_end_come_late(kafka_bootstrap: str) -> None:
    said, wrong = late_copy("no-doubt")(kafka_bootstrap)
    assert said == set()
    assert wrong != []
