"""A fence between workers left out, on a real Kafka: what must be found then, is.

Others, and the stories with honest workers, are in `tests/chaos/test_interrupted_transactions.py`.
"""

from collections.abc import Iterable, Iterator

import pytest

from passage_log.port import Member
from passage_processors import App
from passage_processors.runtime.restore import restore
from tests.chaos.stopped_world import StoppedWorld

pytestmark = pytest.mark.kafka


@pytest.fixture
def stopped(kafka_bootstrap: str) -> Iterator[StoppedWorld]:
    world = StoppedWorld(kafka_bootstrap)
    yield world
    world.close()


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
