"""Workers on three brokers, replication 3, while the brokers that coordinate their group and their transactions are
killed and come back, while every broker is stopped and started in turn, and while two of three are gone: each derived
id once, a replay equal.

make chaos
.venv/bin/python -m pytest -m chaos tests/chaos/test_workers_on_three_brokers.py -s
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from time import monotonic

import pytest
from confluent_kafka.admin import AdminClient

from passage_clock import MachineWall, load
from passage_clock.records.topics import check_topics
from passage_log.kafka import KafkaLog
from passage_log.ranges import read_all
from passage_processors.runtime.own_writer import transactional_id
from passage_schemas.log_record import Partition
from passage_schemas.records import TICK
from passage_schemas.tick import Tick
from passage_trial.cluster import Cluster
from tests.chaos.crowd import Crowd
from tests.chaos.orders_world import Story
from tests.chaos.processes import Process
from tests.clock.world import SECOND, whole
from tests.own_cluster import own_cluster

pytestmark = pytest.mark.chaos

STRUCK = ("group", "transaction", "group", "transaction")
SECONDS, DAYS_PER_SECOND = 120, 2.0
STORY = Story(seed=13, orders=1_200, days=round(SECONDS * DAYS_PER_SECOND), partitions=4)
DOWN_SECONDS = 8.0
"""Longer than the six seconds after which the controller takes a broker for dead."""
WINDOW_SECONDS = 45.0
"""In each such window something is folded: a broker's session, a transaction's timeout, a worker's session, a restore.
"""
UPGRADED_SECONDS = 4.0
"""What an upgrade does between a broker's stop and its start."""
PATIENCE_SECONDS = 80.0
MOST_SECONDS = 600
"""There are facts to fold for so long, however slowly brokers come back on a busy machine."""
CANDIDATES = ("a", "b")
CLOCK = """\
bootstrap: {bootstrap}
group: {run}.clock
topics: {{ticks: {run}.seconds, schedules: {run}.named, control: {run}.control, triggers: {run}.triggers}}
schedules: [{{name: second.utc, every: second, zone: UTC}}]
"""
"""Nobody counts these ticks: the workers' come by the story's hand, so that there is one right outcome."""
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
        name = crowd.app.name if kind == "group" else transactional_id(crowd.app.name, min(crowd.working))
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
    with own_cluster(3) as running:
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


class Clocks:
    """Two candidates; each ticks a second is published once, whoever leads."""

    def __init__(self, bootstrap: str, run: str, directory: Path, log: KafkaLog) -> None:
        path = directory / "clock.yaml"
        path.write_text(CLOCK.format(bootstrap=bootstrap, run=run), encoding="utf-8")
        config = load(path, {})
        check_topics(log, config, create=True)
        self._log, self._ticks = log, Partition(config.topics.ticks, 0)
        command: list[str | Path] = ["-c", "from passage.cli import main; main()", "clock", "run", "-c", path]
        self.working = {name: Process([*command, "--name", name], run) for name in CANDIDATES}

    def ticks(self) -> list[Tick]:
        return [TICK.decode(value) for one in read_all(self._log, self._ticks) if (value := one.value()) is not None]

    def are_up_to_date(self) -> bool:
        for process in self.working.values():
            process.listen()
        ticks = self.ticks()
        return bool(ticks) and MachineWall().now() - ticks[-1].ends_at < 3 * SECOND

    def end(self) -> None:
        assert [process.end("standing_by") for process in self.working.values()] == [0] * len(CANDIDATES)

    def close(self) -> None:
        for process in self.working.values():
            process.kill()


def test_workers_and_clocks_run_through_a_rolling_restart_and_the_loss_of_the_quorum(
    brokers: Cluster, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    story = replace(STORY, seed=14, days=MOST_SECONDS)
    crowd = Crowd(brokers.bootstrap, story, 1.0, story.seed, PATIENCE_SECONDS)
    clocks = Clocks(brokers.bootstrap, crowd.run_name, tmp_path, crowd.log)
    at_large = Brokers(brokers, crowd)
    began = monotonic()
    returned: list[float] = []
    """Seconds from when brokers answered, or were started beside two that did."""

    def until_all_go_on() -> None:
        since, folded = monotonic(), crowd.folded_facts
        crowd.work_until(lambda: crowd.folded_facts > folded, "facts folded")
        crowd.work_until(clocks.are_up_to_date, "ticks of this moment")
        returned.append(monotonic() - since)

    try:
        crowd.start(workers=2)
        until_all_go_on()
        for number in brokers.numbers:
            crowd.work_until(at_large.is_whole, f"brokers in sync before broker {number} is stopped")
            brokers.stop(number)
            since = monotonic()
            crowd.work_until(lambda since=since: monotonic() - since > UPGRADED_SECONDS, "time")  # type: ignore[misc]
            brokers.restart(number)
            until_all_go_on()
        crowd.work_until(at_large.is_whole, "brokers in sync before two are lost")
        silences = [*crowd.toll.silences]
        for number in (0, 1):
            brokers.kill(number)
        crowd.stand(DOWN_SECONDS)
        for number in (0, 1):
            brokers.restart(number)
        for number in (0, 1):
            brokers.wait_for(number)
        until_all_go_on()
        crowd.finish()
        clocks.end()
        ticks = clocks.ticks()
        wrong = crowd.differences()
    finally:
        clocks.close()
        crowd.close()

    with capsys.disabled():
        print(f"\nback at work after {', '.join(f'{one:.1f}' for one in returned)} s; {crowd.toll}")
        late = max((tick.published_at - tick.ends_at) / SECOND for tick in ticks)
        print(f"  {len(ticks)} ticks, at most {late:.1f} s late; {monotonic() - began:.0f} s in all")
    assert wrong == []
    assert whole(ticks) == []
    assert max(*returned, *silences) < WINDOW_SECONDS
