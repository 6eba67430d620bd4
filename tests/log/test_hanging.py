"""A transaction that Kafka's coordinator called ended, though a partition of it has no end: its namesake ends it.

So it is behind a broker that leads a partition alone and is away while the transaction ends (Kafka 4.3.1). Nobody reads
past its records, no time-out ends it, and a worker or a clock that waited for it would wait for ever.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from time import monotonic, sleep

import pytest

# The client exports these, but does not declare that it does.
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from passage_clock.config import ClockConfig
from passage_clock.config.settings import Topics
from passage_clock.leading.service import Clock
from passage_clock.schedules import periodic
from passage_clock.wall import MachineWall
from passage_log.kafka import KafkaLog
from passage_log.port import Committed, Member
from passage_log.ranges import read_all
from passage_processors.runtime.own_writer import transactional_id
from passage_processors.runtime.worker import Worker
from passage_schemas.events import event_codec
from passage_schemas.instant import Instant, milliseconds_of
from passage_schemas.log_record import Partition
from passage_schemas.records import TICK
from passage_schemas.tick import Tick
from passage_trial.cluster import Cluster
from tests.clock.world import SECOND, Stages
from tests.own_cluster import own_cluster
from tests.processors.world import InvoiceBecameOverdue, InvoiceSent, day, invoices, overdue

pytestmark = pytest.mark.kafka

ALONE = 2
"""The broker that leads what is to hang, without a copy anywhere."""
PATIENCE_SECONDS = 120.0


@pytest.fixture(scope="module")
def brokers() -> Iterator[Cluster]:
    with own_cluster(3) as running:
        yield running


@pytest.fixture
def log(brokers: Cluster) -> Iterator[KafkaLog]:
    log = KafkaLog(brokers.bootstrap)
    yield log
    log.close()


def until(is_so: Callable[[], bool], what: str) -> None:
    deadline = monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert monotonic() < deadline, what
        sleep(0.1)


class Hanging:
    """Topics on one broker, in which something is made to hang; `others` are copied."""

    def __init__(self, brokers: Cluster, log: KafkaLog, alone: Sequence[str], others: Sequence[str] = ()) -> None:
        self._brokers = brokers
        self._log = log
        self._admin = AdminClient({"bootstrap.servers": brokers.bootstrap})
        self._alone = [Partition(name, 0) for name in alone]
        settings = {"retention.ms": "-1"}
        topics = [NewTopic(name, 1, replica_assignment=[[ALONE]], config=settings) for name in alone]
        topics += [NewTopic(name, 1, 3, config=settings) for name in others]
        for made in self._admin.create_topics(topics).values():
            made.result(PATIENCE_SECONDS)

    def _leader(self) -> int:
        topic = self._alone[0].topic
        return int(self._admin.list_topics(topic, timeout=30).topics[topic].partitions[0].leader)

    def put_in(self, name: str, positions: Sequence[Partition] = (), member: Member | None = None) -> None:
        """A writer of this name begins a transaction, and the next of its name ends it while the broker is away."""
        before = self._log.writer(name)
        before.open()
        before.begin()
        for partition in self._alone:
            before.deliver(partition, b"never", b"to be read", milliseconds_of(day(1)))
        if member is not None:
            before.send_positions(dict.fromkeys(positions, Committed(0, "1")), member)
        self._brokers.kill(ALONE)
        until(lambda: self._leader() == -1, "the controller has found out that the broker is gone")
        self._log.writer(name).open()
        before.discard()
        self._brokers.restart(ALONE)
        self._brokers.wait_for(ALONE)
        until(lambda: self._leader() == ALONE, "the broker leads again")
        assert self.hangs(), "this Kafka ends what it says it has ended: there is nothing left to show"

    def hangs(self) -> bool:
        questions = self._log._questions
        return questions.ends(self._alone) != questions.ends(self._alone, stable=True)


def test_what_hangs_of_a_worker_is_ended_by_the_next_of_its_name(brokers: Cluster, log: KafkaLog) -> None:
    app = invoices(overdue(after=1))
    billing = Partition("billing", 0)
    others = (*app.sources, app.dead_letters, app.ticks_topic, app.schedules_topic)
    hanging = Hanging(brokers, log, (app.changelog, app.output, app.timeline), others)
    member = log.member(app.name, app.sources, "range")
    until(lambda: bool(member.poll(1, 0.1) or member.assignment().partitions), "a member owns the input")
    hanging.put_in(transactional_id(app.name, "a"), [billing], member)
    member.close()

    worker = Worker(app, log, "a")
    facts = log.appender()
    sent = event_codec(InvoiceSent).encode(InvoiceSent("inv-1"))
    facts.append(billing, b"inv-1", sent, milliseconds_of(day(0.5)))
    first = Tick(
        event="DayHasPassed", schedule="day.utc", ordinal=1, sequence=1, period="1", starts_at=day(0), ends_at=day(1),
        next_at=day(2), zone="UTC", calendar=None, tzdata="2026f", published_at=day(1), definition="", previous=None,
    )  # fmt: skip
    for tick in (first, replace(first, ordinal=2, sequence=2, period="2", starts_at=day(1), ends_at=day(2))):
        facts.append(Partition(app.ticks_topic, 0), tick.key, TICK.encode(tick), milliseconds_of(tick.ends_at))
    facts.flush()

    def has_folded() -> bool:
        worker.turn(0.1)
        return bool(worker.tasks) and worker.tasks[0].sequence == 2

    until(has_folded, "the worker folds")
    until(lambda: not hanging.hangs(), "nothing hangs any more")
    (derived,) = [one.value() or b"" for one in read_all(log, Partition(app.output, 0))]
    assert event_codec(InvoiceBecameOverdue).decode(derived).invoice == "inv-1"
    worker.close()


def test_what_hangs_of_a_leader_is_ended_by_the_next(brokers: Cluster, log: KafkaLog) -> None:
    since = Instant(MachineWall().now() // SECOND * SECOND - 5 * SECOND)
    schedule = periodic("second.utc", "second", "UTC", starts_at=since)
    topics = Topics(ticks="its.ticks", schedules="its.schedules", control="its.control", triggers="its.triggers")
    config = ClockConfig(schedules=(schedule,), bootstrap=brokers.bootstrap, topics=topics)
    hanging = Hanging(brokers, log, (topics.ticks, topics.schedules, topics.control, topics.triggers))
    stages = Stages()
    clock = Clock(config, log, MachineWall(), "only", stages)
    hanging.put_in(clock.transactional_id)

    def has_published() -> bool:
        wait = clock.step()
        if clock.member is not None and wait > 0:
            clock.member.poll(1, min(wait, 0.05))
        return stages.last_sequence > 0

    until(has_published, "the clock publishes")
    until(lambda: not hanging.hangs(), "nothing hangs any more")
    clock.stop()
    clock.close()
