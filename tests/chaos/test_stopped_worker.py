"""A worker stopped past its session, another in its place, and then it goes on as if nothing had happened.

A clock in that place is told of in `tests/clock/test_clock_on_kafka.py`; what a worker would write that left out one of
the two fences, in `tests/mutants/test_mutants_on_kafka.py`.
"""

from collections.abc import Iterator

import pytest

from tests.chaos.stopped_world import StoppedWorld

pytestmark = pytest.mark.kafka


@pytest.fixture
def stopped(kafka_bootstrap: str) -> Iterator[StoppedWorld]:
    world = StoppedWorld(kafka_bootstrap)
    yield world
    world.close()


def test_one_stopped_before_its_transaction_is_refused_for_its_generation(stopped: StoppedWorld) -> None:
    zombie = stopped.stop_a_worker("begin")
    stopped.take_over()
    assert stopped.resume(zombie) == "Fenced"
    stopped.finish()
    assert stopped.differences() == []


def test_one_stopped_with_its_positions_sent_keeps_its_heir_waiting_until_that_is_decided(
    stopped: StoppedWorld,
) -> None:
    zombie = stopped.stop_a_worker("records")
    stopped.take_over()
    assert stopped.resume(zombie) in ("Fenced", "WriterLost")
    stopped.finish()
    assert stopped.differences() == []
