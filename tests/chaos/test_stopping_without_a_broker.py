"""Workers and clocks whose broker is gone, or silent, are told to stop, and do.

make chaos
"""

import signal
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from passage_trial.cluster import Cluster
from tests.chaos.crowd import Crowd
from tests.chaos.orders_world import Story
from tests.chaos.test_workers_on_three_brokers import Clocks
from tests.own_cluster import own_cluster

pytestmark = pytest.mark.chaos

STORY = Story(seed=5, orders=100, days=60)
LATEST_SECONDS = 8.0
"""After the loss: by then clients wait for a broker, for an answer, or have given up once."""


@pytest.fixture
def broker() -> Iterator[Cluster]:
    with own_cluster(1) as running:
        yield running


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("loss", [Cluster.kill, Cluster.pause])
def test_who_lost_the_broker_stops_as_asked(loss: object, seed: int, broker: Cluster, tmp_path: Path) -> None:
    random = Random(seed)
    crowd = Crowd(broker.bootstrap, STORY, 1.0, seed)
    clocks = Clocks(broker.bootstrap, crowd.run_name, tmp_path, crowd.log)
    try:
        crowd.start(workers=2)
        crowd.work_until(clocks.are_up_to_date, "ticks of this moment")
        assert callable(loss)
        loss(broker, 0)
        crowd.stand(random.uniform(0, LATEST_SECONDS))
        everybody = [*crowd.working.values(), *clocks.working.values()]
        for process in everybody:
            process.send(signal.SIGTERM)
        assert [process.wait() for process in everybody] == [0] * len(everybody)
    finally:
        clocks.close()
        crowd.close()
