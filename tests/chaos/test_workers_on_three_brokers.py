"""Workers on three brokers, replication 3, while the brokers that coordinate their group and their transactions are
killed and come back: each derived id once, a replay equal.

make chaos
.venv/bin/python -m pytest -m chaos tests/chaos/test_workers_on_three_brokers.py -s
"""

import os
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pytest
from confluent_kafka.admin import AdminClient

from passage_log.trial import java
from passage_log.trial.cluster import Cluster, cluster
from tests.chaos.crowd import Crowd
from tests.chaos.orders_world import Story

pytestmark = pytest.mark.chaos

STRUCK = ("group", "transaction", "group", "transaction")
SECONDS, DAYS_PER_SECOND = 120, 2.0
STORY = Story(seed=13, orders=1_200, days=round(SECONDS * DAYS_PER_SECOND), partitions=4)
DOWN_SECONDS = 8.0
"""Longer than the six seconds after which the controller takes a broker for dead."""
WINDOW_SECONDS = 45.0
"""In each such window something is folded: a broker's session, a transaction's timeout, a worker's session, a restore.
"""
COORDINATORS = {"group": "__consumer_offsets", "transaction": "__transaction_state"}


def coordinator_of(bootstrap: str, kind: str, name: str) -> int:
    """The number of the broker: it leads the partition of the coordinators' topic that the name's Java hash tells."""
    topic = COORDINATORS[kind]
    partitions = AdminClient({"bootstrap.servers": bootstrap}).list_topics(topic, timeout=30).topics[topic].partitions
    number = 0
    for character in name:
        number = (31 * number + ord(character)) % (1 << 32)
    return int(partitions[(number & 0x7FFFFFFF) % len(partitions)].leader)


class Brokers:
    """Strikes at one broker at a time, and only when every partition is on all three: replication promises no more."""

    def __init__(self, brokers: Cluster, crowd: Crowd) -> None:
        self._brokers = brokers
        self._crowd = crowd
        self.moved: list[tuple[str, int, int]] = []
        """Whose coordinator, from which broker to which."""

    def strike(self, kind: str) -> None:
        """Kill the coordinator; start it again when another has taken its place, and not before it was missed."""
        crowd, bootstrap = self._crowd, self._brokers.bootstrap
        crowd.work_until(self.is_whole, f"brokers in sync before the loss of the {kind} coordinator")
        name = crowd.app.name if kind == "group" else f"{crowd.app.name}-{min(crowd.working)}"
        before = coordinator_of(bootstrap, kind, name)
        self._brokers.kill(before)
        since = monotonic()
        crowd.work_until(
            lambda: monotonic() - since > DOWN_SECONDS and coordinator_of(bootstrap, kind, name) not in (before, -1),
            f"another {kind} coordinator",
        )
        self.moved.append((kind, before, coordinator_of(bootstrap, kind, name)))
        self._brokers.restart(before)

    def is_whole(self) -> bool:
        topics = AdminClient({"bootstrap.servers": self._brokers.bootstrap}).list_topics(timeout=30).topics.values()
        return all(len(one.isrs) == len(one.replicas) for topic in topics for one in topic.partitions.values())


@pytest.fixture(scope="module")
def brokers() -> Iterator[Cluster]:
    os.environ.setdefault("PASSAGE_CACHE", str(Path(__file__).parents[2] / ".kafka"))
    problem = java.why_not()
    if problem is not None:
        pytest.fail(f"three brokers are needed, and {problem}", pytrace=False)
    with cluster(3) as running:
        yield running


def test_workers_run_through_the_loss_of_each_coordinator(brokers: Cluster, capsys: pytest.CaptureFixture[str]) -> None:
    crowd = Crowd(brokers.bootstrap, STORY, DAYS_PER_SECOND, STORY.seed)
    struck = Brokers(brokers, crowd)
    began = monotonic()
    try:
        crowd.start(workers=3)
        for kind in STRUCK:
            struck.strike(kind)
        crowd.finish()
        wrong = crowd.differences()
    finally:
        crowd.close()

    with capsys.disabled():
        print(f"\ncoordinators moved: {struck.moved}; {crowd.toll}")
        print(f"  {STORY.facts_by(STORY.days)} facts, {monotonic() - began:.0f} s in all")
    assert [kind for kind, before, after in struck.moved if before != after] == list(STRUCK)
    assert wrong == []
    assert max(crowd.toll.silences) < WINDOW_SECONDS
