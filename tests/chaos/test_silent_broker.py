"""A broker that hangs, or is gone and comes back: every worker, leader and standby says so, and says that it is back.

make chaos
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from passage_trial.cluster import Cluster
from tests.chaos.crowd import Crowd
from tests.chaos.orders_world import Story
from tests.chaos.test_workers_on_three_brokers import Clocks
from tests.own_cluster import own_cluster

pytestmark = pytest.mark.chaos

STORY = Story(seed=6, orders=100, days=120)


@pytest.fixture
def broker() -> Iterator[Cluster]:
    with own_cluster(1) as running:
        yield running


@pytest.mark.parametrize(
    ("lose", "bring_back"), [(Cluster.pause, Cluster.resume), (Cluster.kill, Cluster.restart)], ids=["hangs", "is gone"]
)
def test_everybody_says_that_no_broker_answers_and_that_one_is_back(
    lose: Callable[[Cluster, int], None], bring_back: Callable[[Cluster, int], None], broker: Cluster, tmp_path: Path
) -> None:
    crowd = Crowd(broker.bootstrap, STORY, 1.0, STORY.seed)
    clocks = Clocks(broker.bootstrap, crowd.run_name, tmp_path, crowd.log)
    try:
        crowd.start(workers=2)
        crowd.work_until(clocks.are_up_to_date, "ticks of this moment")
        everybody = [*crowd.working.values(), *clocks.working.values()]
        lose(broker, 0)
        silences = [process.wait_for("no_broker_answers") for process in everybody]
        assert all(line["bootstrap"] == broker.bootstrap and line["since"] for line in silences)
        bring_back(broker, 0)
        ends = [process.wait_for("a_broker_answers_again") for process in everybody]
        assert all(isinstance(line["after_seconds"], float) and line["after_seconds"] >= 4 for line in ends)
        crowd.finish()
        assert crowd.differences() == []
        crowd.work_until(clocks.are_up_to_date, "ticks of this moment")
    finally:
        clocks.close()
        crowd.close()
