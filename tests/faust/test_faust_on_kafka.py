"""A Faust worker is killed wherever it happens to be; what it derived is what the engine derives, by id."""

import time
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from passage_log.kafka import KafkaLog
from passage_log.port import EARLIEST, Topic
from passage_log.ranges import read_all
from passage_processors.faust.table_rows import CUT, split_key
from passage_schemas.log_record import Partition
from passage_schemas.records import CUT as CUT_RECORD
from tests.chaos.processes import Process
from tests.faust.billing import PARTITIONS, app_of, heard_topic
from tests.faust.years import TICKS, ids_on, run_the_engine, write_facts, write_ticks, write_topics

pytestmark = pytest.mark.kafka

STALLED_SECONDS = 300.0
"""Longer than Faust needs to start, to notice that its predecessor is dead, and to recover its table: six thousand
records a second, so more than a minute for the long version's."""
LATEST_STRIKE_SECONDS = 0.2
"""As long as a step takes."""


class TableWatch:
    """How far the cuts on the table's changelog say that each partition was folded."""

    def __init__(self, log: KafkaLog, topic: str) -> None:
        self._log = log
        self._topic = topic
        self._reader = log.reader()
        self._is_there = False
        self._facts = dict.fromkeys(range(PARTITIONS), 0)
        self._ticks = dict.fromkeys(range(PARTITIONS), 0)

    def look(self) -> None:
        """Faust makes the topic once it has started."""
        if not self._is_there and self._log.describe([self._topic])[self._topic] is not None:
            self._reader.assign({Partition(self._topic, number): EARLIEST for number in range(PARTITIONS)})
            self._is_there = True
        for record in self._reader.poll(10_000, 0.05):
            number, kind = split_key(record.key() or b"")
            if kind == CUT:
                cut = CUT_RECORD.decode(record.value() or b"")
                self._facts[number] = sum(one.count for one in cut.inputs)
                self._ticks[number] = cut.tick_sequence

    @property
    def facts(self) -> int:
        return sum(self._facts.values())

    @property
    def is_done(self) -> bool:
        return all(sequence == TICKS for sequence in self._ticks.values())

    def close(self) -> None:
        self._reader.close()


def run_and_kill(start: Callable[[], Process], watch: TableWatch, facts: int, kills: int, seed: int) -> None:
    """Kill the worker at random, each time after some progress since the last time, and see it finish."""
    random = Random(seed)
    thresholds = [round((number + random.random()) * facts / (kills + 1)) + 1 for number in range(kills)]
    worker, moved_at, seen, killed_at = start(), time.monotonic(), 0, -1
    try:
        while not watch.is_done:
            watch.look()
            if thresholds and watch.facts >= thresholds[0] and watch.facts > killed_at:
                time.sleep(random.uniform(0, LATEST_STRIKE_SECONDS))
                worker.kill()
                killed_at = watch.facts
                del thresholds[0]
                worker = start()
            if watch.facts != seen:
                seen, moved_at = watch.facts, time.monotonic()
            worker.listen()
            assert time.monotonic() - moved_at < STALLED_SECONDS, f"nothing moves: {worker.events[-20:]}"
        assert not thresholds, f"it was done before it could be killed at {thresholds}"
        assert worker.end(str(worker.events[0]["event"])) == 0
    finally:
        worker.kill()


@pytest.mark.parametrize(
    ("facts", "kills", "seed"),
    [(20_000, 2, 1), pytest.param(300_000, 3, 2, marks=[pytest.mark.chaos, pytest.mark.timeout(1_800)])],
)
def test_a_killed_faust_worker_derives_what_the_engine_derives_at_least_once(
    kafka_bootstrap: str, kafka_log: KafkaLog, tmp_path: Path, facts: int, kills: int, seed: int
) -> None:
    run = f"faust-{facts}-{time.monotonic_ns():x}"
    app, engine = app_of(run), app_of(run, output=f"{run}.engine")
    for one in (app, engine):
        write_topics(kafka_log, one, PARTITIONS)
    kafka_log.create([Topic(heard_topic(run), 1)])
    write_facts(kafka_log, app, PARTITIONS, facts, seed)
    write_ticks(kafka_log, app)
    run_the_engine(kafka_log, engine, PARTITIONS)
    expected = ids_on(kafka_log, engine.output, PARTITIONS)
    watch = TableWatch(kafka_log, f"{run}.faust-passage-{app.name}-changelog")

    run_and_kill(
        lambda: Process(["-m", "tests.faust.billing", kafka_bootstrap, run, tmp_path], run), watch, facts, kills, seed
    )

    watch.close()
    derived = ids_on(kafka_log, app.output, PARTITIONS)
    assert len(expected) == len(set(expected)) > facts // 10
    assert set(derived) == set(expected)


def test_what_two_faust_workers_share_and_one_takes_over_is_derived_at_least_once(
    kafka_bootstrap: str, kafka_log: KafkaLog, tmp_path: Path
) -> None:
    """One works, another joins it with facts still waiting for their ticks, and the first is killed at work."""
    run, facts = f"faust-two-{time.monotonic_ns():x}", 8_000
    app, engine = app_of(run), app_of(run, output=f"{run}.engine")
    for one in (app, engine):
        write_topics(kafka_log, one, PARTITIONS)
    kafka_log.create([Topic(heard_topic(run), 1)])
    write_facts(kafka_log, app, PARTITIONS, facts, 5)
    write_ticks(kafka_log, app, 1, TICKS // 4)
    watch = TableWatch(kafka_log, f"{run}.faust-passage-{app.name}-changelog")
    workers = [Process(["-m", "tests.faust.billing", kafka_bootstrap, run, tmp_path / "first"], run)]
    deadline, shared = time.monotonic() + STALLED_SECONDS, -1
    try:
        while not watch.is_done:
            assert time.monotonic() < deadline, f"nothing moves: {workers[-1].events[-20:]}"
            watch.look()
            for worker in workers:
                worker.listen()
            if watch.facts and len(workers) == 1 and shared < 0:
                workers.append(Process(["-m", "tests.faust.billing", kafka_bootstrap, run, tmp_path / "second"], run))
            has_joined = len(workers) == 2 and any(
                "Recovery complete" in str(one["event"]) for one in workers[1].events
            )
            if has_joined and shared < 0:
                shared = watch.facts
                write_ticks(kafka_log, app, TICKS // 4 + 1)
            if len(workers) == 2 and 0 <= shared < watch.facts:
                workers.pop(0).kill()
        assert len(workers) == 1, "the first was never killed"
    finally:
        for worker in workers:
            worker.kill()
        watch.close()
    run_the_engine(kafka_log, engine, PARTITIONS)
    expected = ids_on(kafka_log, engine.output, PARTITIONS)
    assert len(expected) == len(set(expected)) > facts // 10
    assert set(ids_on(kafka_log, app.output, PARTITIONS)) == set(expected)


def test_an_agent_hears_every_tick_in_each_partition_in_order(
    kafka_bootstrap: str, kafka_log: KafkaLog, tmp_path: Path
) -> None:
    run = f"faust-ticks-{time.monotonic_ns():x}"
    app = app_of(run)
    write_topics(kafka_log, app, PARTITIONS)
    kafka_log.create([Topic(heard_topic(run), 1)])
    write_ticks(kafka_log, app)
    worker, deadline = (
        Process(["-m", "tests.faust.billing", kafka_bootstrap, run, tmp_path], run),
        time.monotonic() + STALLED_SECONDS,
    )
    try:
        heard: dict[bytes | None, dict[bytes | None, None]] = {}
        while sum(map(len, heard.values())) < TICKS * PARTITIONS:
            assert time.monotonic() < deadline, f"only {sum(map(len, heard.values()))} heard: {worker.events[-20:]}"
            worker.listen()
            heard = {b"%d" % number: {} for number in range(PARTITIONS)}
            for record in read_all(kafka_log, Partition(heard_topic(run), 0)):
                heard[record.key()][record.value()] = None
    finally:
        worker.kill()
    in_order = [f'"day.utc#{ordinal}"'.encode() for ordinal in range(1, TICKS + 1)]
    assert [list(ticks) for ticks in heard.values()] == [in_order] * PARTITIONS
