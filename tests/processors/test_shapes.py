"""Topics that become others while workers run: partitions are added, or one is deleted and made again."""

import time
from collections.abc import Callable

import pytest
from confluent_kafka.admin import AdminClient, NewPartitions  # type: ignore[attr-defined]  # not declared

from passage_log.errors import Truncated, Unfit
from passage_log.kafka import KafkaLog
from passage_log.memory import MemoryLog
from passage_log.port import Topic
from passage_processors.app import App
from passage_processors.runtime.topics import LOOK_SECONDS, app_topics, complaints, create_topics
from passage_processors.runtime.worker import Worker
from tests.processors.world import InvoicePaid, InvoiceSent, World, day, invoices, overdue

SOON_SECONDS = 60.0
"""A bound, on machines that do much else."""


def fit(app: App, partitions: int = 2) -> dict[str, Topic | None]:
    return {
        one.topic: Topic(one.topic, one.partitions or partitions, {}, f"id of {one.topic}") for one in app_topics(app)
    }


APP = invoices(overdue())
OWN = [APP.output, APP.changelog, APP.timeline, APP.dead_letters, APP.requests]


@pytest.mark.parametrize("topic", ["billing", *OWN])
def test_a_topic_with_more_partitions_than_the_others_is_named_in_one_line(topic: str) -> None:
    now = fit(APP)
    now[topic] = Topic(topic, 4, {}, f"id of {topic}")

    (line,) = complaints(APP, fit(APP), now)

    assert "their numbers of partitions differ" in line
    assert f"{topic} has 4" in line


def test_partitions_added_to_all_of_them_are_told_of_too() -> None:
    said = complaints(APP, fit(APP, 2), fit(APP, 4))

    assert len(said) == 1 + len(OWN)
    assert all("it had 2 partitions when this worker began and has 4 now" in line for line in said)


@pytest.mark.parametrize("topic", ["billing", APP.requests, APP.changelog, APP.ticks_topic, APP.schedules_topic])
def test_a_topic_that_is_another_one_of_its_name_is_told_of(topic: str) -> None:
    now = fit(APP)
    before = now[topic]
    assert before is not None
    now[topic] = Topic(topic, before.partitions, {}, "another")
    (line,) = complaints(APP, fit(APP), now)
    assert line.startswith(f"topic {topic}: it was deleted and created again while this worker ran")

    now[topic] = None
    (line,) = complaints(APP, fit(APP), now)
    assert line.startswith(f"topic {topic}: it was there when this worker began, and is no more")


def test_what_makes_no_difference_is_not_told_of() -> None:
    now = {
        name: Topic(name, one.partitions, {"retention.ms": "1"}, one.identity) for name, one in fit(APP).items() if one
    }

    assert complaints(APP, fit(APP), now) == []
    assert complaints(APP, {**fit(APP), APP.timeline: None}, fit(APP)) == []
    emptied = {**fit(APP), APP.output: Topic(APP.output, 2, {}, "another")}
    assert complaints(APP, fit(APP), emptied) == [], "nothing is read of it"


class Watch:
    """Monotonic seconds that a test can move on."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.ahead


def stops(*workers: Worker) -> list[str]:
    """Let them turn until each has stopped; what each said."""
    said: list[str] = []
    for worker in workers:
        with pytest.raises((Unfit, Truncated)) as stopped:
            until(lambda worker=worker: worker.turn(0.05) and False)  # type: ignore[misc]  # it is bound
        said.append(str(stopped.value))
        worker.close()
    return said


def until(done: Callable[[], bool], *workers: Worker) -> None:
    deadline = time.monotonic() + SOON_SECONDS
    while not done():
        assert time.monotonic() < deadline, "nothing came of it"
        for worker in workers:
            worker.turn(0.05)


def working(world: World, log: MemoryLog | KafkaLog, *names: str) -> list[Worker]:
    workers = [Worker(world.app, log, name, Watch()) for name in names]
    until(lambda: all(one.tasks and one.stage == "folding" and one._shapes._first for one in workers), *workers)
    return workers


def test_partitions_added_to_an_input_stop_every_worker_with_one_line() -> None:
    world = World(invoices(overdue()), partitions=2)
    workers = working(world, world.log, "a", "b")
    world.log.add_partitions("billing", 4)

    for line in stops(*workers):
        assert "billing has 4" in line
        assert len(line.splitlines()) == 1


@pytest.mark.parametrize("topic", ["billing", APP.requests, APP.changelog, APP.ticks_topic])
def test_a_topic_made_again_under_a_running_worker_stops_it(topic: str) -> None:
    world = World(invoices(overdue()))
    world.name(next_at=day(1))
    world.fact(InvoiceSent("inv-1"), day(0.5))
    (worker,) = working(world, world.log, "a")
    world.settle(worker)
    world.log.recreate(topic)
    assert isinstance(worker.monotonic, Watch)
    worker.monotonic.ahead += LOOK_SECONDS

    (line,) = stops(worker)

    # Where it is read on, the reader may see first that the log ends before.
    assert line.startswith((f"topic {topic}: it was deleted and created again", f"{topic}[0]: offset"))


@pytest.mark.kafka
@pytest.mark.parametrize("kind", ["input", "changelog"])
def test_on_kafka_partitions_that_are_added_stop_every_worker(
    kafka_log: KafkaLog, kafka_bootstrap: str, topic_name: Callable[..., str], kind: str
) -> None:
    name = topic_name("grown")
    app = invoices(
        overdue(), name=name, inputs={f"{name}.in": [InvoiceSent, InvoicePaid]}, output=f"{name}.out",
        ticks_topic=f"{name}.ticks", schedules_topic=f"{name}.schedules",
    )  # fmt: skip
    compacted = {"cleanup.policy": "compact"}
    kafka_log.create([Topic(app.ticks_topic, 1, compacted), Topic(app.schedules_topic, 1, compacted)])
    create_topics(kafka_log, app, 2)
    workers = [Worker(app, kafka_log, one, Watch()) for one in ("a", "b")]
    until(lambda: all(one.tasks and one.stage == "folding" and one._shapes._first for one in workers), *workers)

    topic = f"{name}.in" if kind == "input" else app.changelog
    operator = AdminClient({"bootstrap.servers": kafka_bootstrap})
    operator.create_partitions([NewPartitions(topic, 4)])[topic].result(SOON_SECONDS)
    until(lambda: (found := kafka_log.describe([topic])[topic]) is not None and found.partitions == 4)
    for worker in workers:
        assert isinstance(worker.monotonic, Watch)
        worker.monotonic.ahead += LOOK_SECONDS

    for line in stops(*workers):
        assert f"{topic} has 4" in line
