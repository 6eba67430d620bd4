"""A transaction that Kafka's coordinator called ended, though a partition of it has no end: its namesake ends it.

So it is behind a broker that leads a partition alone and is away while the transaction ends (Kafka 4.3.1). Nobody reads
past its records, no time-out ends it, and a worker that waited for it would wait for ever.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from time import monotonic, sleep

import pytest

# The client exports these, but does not declare that it does.
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from passage_log.kafka import KafkaLog
from passage_log.port import Committed, Partition
from passage_log.trial import java
from passage_log.trial.cluster import Cluster, cluster
from passage_processors.app import App
from passage_processors.runtime.namesakes import transactional_id
from passage_processors.runtime.replay import read_all
from passage_processors.runtime.worker import Worker
from passage_schemas.events import event_codec
from passage_schemas.instant import milliseconds_of
from passage_schemas.records import TICK
from passage_schemas.tick import Tick
from tests.processors.world import InvoiceBecameOverdue, InvoiceSent, day, invoices, overdue

ALONE = 2
"""The broker that leads the app's partitions, without a copy anywhere."""
PATIENCE_SECONDS = 120.0


@pytest.fixture
def brokers() -> Iterator[Cluster]:
    os.environ.setdefault("PASSAGE_CACHE", str(Path(__file__).parents[2] / ".kafka"))
    problem = java.why_not()
    if problem is not None:
        pytest.fail(f"three brokers are needed, and {problem}", pytrace=False)
    with cluster(3) as running:
        yield running


def until(is_so: Callable[[], bool], what: str) -> None:
    deadline = monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert monotonic() < deadline, what
        sleep(0.1)


def make_topics(admin: AdminClient, app: App) -> None:
    """The app's own on one broker, the clock's on all three."""
    kept = {"retention.ms": "-1"}
    own = (*app.sources, app.output, app.changelog, app.timeline, app.dead_letters)
    topics = [NewTopic(name, 1, replica_assignment=[[ALONE]], config=kept) for name in own]
    topics += [NewTopic(name, 1, 3, config=kept) for name in (app.ticks, app.clock_schedules)]
    for made in admin.create_topics(topics).values():
        made.result(PATIENCE_SECONDS)


@pytest.mark.kafka
def test_what_hangs_of_a_worker_before_is_ended_by_the_one_of_its_name(brokers: Cluster) -> None:
    app = invoices(overdue(after=1))
    log = KafkaLog(brokers.bootstrap)
    admin = AdminClient({"bootstrap.servers": brokers.bootstrap})
    make_topics(admin, app)
    billing, changelog = Partition("billing", 0), Partition(app.changelog, 0)
    facts = log.appender()

    def leader_of_changelog() -> int:
        return int(admin.list_topics(app.changelog, timeout=30).topics[app.changelog].partitions[0].leader)

    def ends() -> tuple[int, int]:
        return log.reader().ends([changelog])[changelog], log._questions.ends([changelog], stable=True)[changelog]

    member = log.member(app.name, app.sources, "range")
    until(lambda: bool(member.poll(1, 0.1) or member.assignment().partitions), "a member owns the input")
    before = log.writer(transactional_id(app.name, "a"))
    before.open()
    before.begin()
    for topic in (app.output, app.changelog, app.timeline):
        before.append(Partition(topic, 0), b"never", b"to be read", milliseconds_of(day(1)))
    before.deliver(changelog, b"never", b"to be read", milliseconds_of(day(1)))
    before.send_positions({billing: Committed(0, "1")}, member)

    brokers.kill(ALONE)
    until(lambda: leader_of_changelog() == -1, "the controller has found out that the broker is gone")
    log.writer(transactional_id(app.name, "a")).open()  # ends the transaction, says its coordinator
    before.discard()
    member.close()
    brokers.restart(ALONE)
    brokers.wait_for(ALONE)
    until(lambda: leader_of_changelog() == ALONE, "the broker leads again")
    high, stable = ends()
    assert stable < high, "this Kafka ends what it says it has ended: there is nothing left to show"

    worker = Worker(app, log, "a")
    sent = event_codec(InvoiceSent).encode(InvoiceSent("inv-1"))
    facts.append(billing, b"inv-1", sent, milliseconds_of(day(0.5)))
    first = Tick(
        event="DayHasPassed", schedule="day.utc", ordinal=1, sequence=1, period="1", starts_at=day(0), ends_at=day(1),
        next_at=day(2), zone="UTC", calendar=None, tzdata="2026f", published_at=day(1), definition="", previous=None,
    )  # fmt: skip
    for tick in (first, replace(first, ordinal=2, sequence=2, period="2", starts_at=day(1), ends_at=day(2))):
        facts.append(Partition(app.ticks, 0), tick.key, TICK.encode(tick), milliseconds_of(tick.ends_at))
    facts.flush()

    def has_folded() -> bool:
        worker.turn(0.1)
        return bool(worker.tasks) and worker.tasks[0].sequence == 2

    until(has_folded, f"the worker folds; it waits for {worker.waits.line}")
    until(lambda: len(set(ends())) == 1, "nothing hangs any more")
    derived = [one.value() or b"" for one in read_all(log, Partition(app.output, 0))]
    assert [event_codec(InvoiceBecameOverdue).decode(one).invoice for one in derived] == ["inv-1"]
    worker.close()
    log.close()
