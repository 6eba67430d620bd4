"""How many facts a second go through a policy, exactly once, on Kafka, and how many through no logic at all?

Facts lie ready on a topic of four partitions. A worker of a fresh group folds them: it opens a case for each (in the
second variant every other fact is a payment that closes an earlier one, four in five of them finding it) and writes the
changelog, the cut and the positions in one transaction: with the pure parts, and with the native ones where they were
built (`make native`). Beside it, in turns and on the same broker, a bare loop: consume, produce each record as it
is, send the offsets, commit. The watch runs from the assignment to the last commit. CPU is that of the process, the
client's own threads included.

    .venv/bin/python bench/facts.py [--facts 1000000] [--rounds 3]
"""

import argparse
import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from statistics import median

import structlog
from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition

from bench._side_by_side import told, with_cpu
from passage.running.collector import collect_seldom
from passage_log.kafka import KafkaLog, settings
from passage_log.kafka.access import Access
from passage_log.port import Topic
from passage_processors.app import App
from passage_processors.model.policy import Policy
from passage_processors.runtime import native
from passage_processors.runtime.topics import create_topics
from passage_processors.runtime.worker import Worker
from passage_schemas.events import event_codec
from passage_schemas.instant import Instant, milliseconds_of
from passage_schemas.log_record import Partition
from passage_schemas.partitioner import partition_of
from passage_schemas.records import SCHEDULE_ENTRY, TICK
from passage_schemas.schedule_entry import ScheduleEntry
from passage_schemas.tick import Tick
from passage_trial import choose

PARTITIONS = 4
DAYS = 365
DAY = 86_400_000_000
BEGIN = Instant(1_600_000_000_000_000)
CANCELLED_AFTER = 100_000
"""So many invoices lie between a start and what cancels it: mostly another transaction."""
KEPT: Mapping[str, str] = {"retention.ms": "-1"}
"""The facts are dated years ago: by age, a topic would delete them while they are being read."""
PATIENCE_SECONDS = 300.0
BATCH = 20_000
PARTS = ("pure", "native") if find_spec(native.TWINS) else ("pure",)
GOALS = {"bare loop": "1", "policy, pure": "0.85", "policy, native": "above 1"}


@dataclass(frozen=True)
class InvoiceSent:
    invoice: str
    customer: str
    amount: int


@dataclass(frozen=True)
class InvoicePaid:
    invoice: str
    amount: int


@dataclass(frozen=True)
class InvoiceBecameOverdue:
    invoice: str


def app_of(name: str, facts: str) -> App:
    overdue = Policy(
        name="overdue",
        starts_on=InvoiceSent,
        after=31,
        of="day.utc",
        unless=InvoicePaid,
        emits=InvoiceBecameOverdue,
        event=lambda case: InvoiceBecameOverdue(case.key),
        keep_fact=False,
    )
    return App(
        name=name,
        inputs={facts: [InvoiceSent, InvoicePaid]},
        output=f"{name}.derived",
        policies=[overdue],
        ticks_topic="bench.facts.ticks",
        schedules_topic="bench.facts.schedules",
    )


# --- what lies ready -------------------------------------------------------------------------------------------------


def write_clock(log: KafkaLog) -> None:
    """A year of ticks, all before the facts, and the promise that none comes among them."""
    settings_of = {**KEPT, "cleanup.policy": "compact"}
    log.create([Topic(name, 1, settings_of) for name in ("bench.facts.ticks", "bench.facts.schedules")])
    if log.reader().end(Partition("bench.facts.ticks", 0)):
        return
    appender = log.appender()
    for number in range(1, DAYS + 1):
        ends_at = Instant(BEGIN - (DAYS - number) * DAY)
        tick = Tick(
            event="DayHasPassed", schedule="day.utc", ordinal=number, sequence=number, period=str(number),
            starts_at=Instant(ends_at - DAY), ends_at=ends_at, next_at=Instant(BEGIN + DAYS * DAY), zone="UTC",
            calendar=None, tzdata="2026c", published_at=ends_at, definition="", previous=None,
        )  # fmt: skip
        appender.append(Partition("bench.facts.ticks", 0), tick.key, TICK.encode(tick), milliseconds_of(ends_at))
    entry = ScheduleEntry(
        "day.utc", "DayHasPassed", "UTC", None, "", "", "active", "", "", Instant(BEGIN + DAYS * DAY), DAYS, 1, "", ""
    )
    appender.append(Partition("bench.facts.schedules", 0), b"day.utc", SCHEDULE_ENTRY.encode(entry), 1)
    appender.close()


def write_facts(log: KafkaLog, topic: str, count: int, cancelling: bool) -> None:
    log.create([Topic(topic, PARTITIONS, KEPT)])
    appender = log.appender()
    sent, paid = event_codec(InvoiceSent), event_codec(InvoicePaid)
    at = milliseconds_of(BEGIN) + 1
    for number in range(count):
        cancelled = number // 2 - CANCELLED_AFTER
        if cancelling and number % 2:
            # The first of them pay what nobody sent.
            invoice = f"inv-{2 * cancelled:08}" if cancelled >= 0 else f"lost-{number:08}"
            value = paid.encode(InvoicePaid(invoice, number))
        else:
            invoice = f"inv-{number:08}"
            value = sent.encode(InvoiceSent(invoice, "customer-1234", number))
        key = invoice.encode()
        appender.append(Partition(topic, partition_of(key, PARTITIONS)), key, value, at + number)
        if number % 100_000 == 0:
            appender.flush()
    appender.close()


# --- the two ways ----------------------------------------------------------------------------------------------------


def policy(bootstrap: str, facts: str, count: int, parts: str | None = None) -> float:
    """Facts a second through a policy; with the `native` or the `pure` parts, or with those there are."""
    if parts is not None:
        os.environ[native.VARIABLE] = "1" if parts == "native" else "0"
    return folded(bootstrap, app_of(f"bench-{time.time_ns():x}", facts), count)


def folded(bootstrap: str, app: App, count: int) -> float:
    """Facts a second through an app's worker, until it has committed so many."""
    log = KafkaLog(bootstrap)
    create_topics(log, app, PARTITIONS)
    worker = Worker(app, log, "a")
    deadline = time.monotonic() + PATIENCE_SECONDS
    try:
        while len(worker.tasks) < PARTITIONS:
            worker.turn(0.05)
            _check(deadline)
        begun_at = time.perf_counter()
        while sum(one.count for task in worker.tasks.values() for one in task.inputs) < count:
            worker.turn(0.05)
            _check(deadline)
        return count / (time.perf_counter() - begun_at)
    finally:
        worker.close()


def bare(bootstrap: str, facts: str, count: int) -> float:
    """Facts a second through consume, produce, send offsets, commit."""
    name = f"bench-bare-{time.time_ns():x}"
    KafkaLog(bootstrap).create([Topic(name, PARTITIONS, KEPT)])
    consumer = Consumer({**settings.member(Access(bootstrap, {}), name, "range"), "enable.partition.eof": False})
    producer = Producer(settings.transactional(Access(bootstrap, {}), name, 15.0))
    producer.init_transactions(30.0)
    deadline = time.monotonic() + PATIENCE_SECONDS
    owned: list[TopicPartition] = []
    try:
        consumer.subscribe([facts], on_assign=lambda _, given: owned.extend(given))
        while len(owned) < PARTITIONS:
            consumer.poll(0.05)
            _check(deadline)
        consumer.assign([TopicPartition(one.topic, one.partition, OFFSET_BEGINNING) for one in owned])
        begun_at = time.perf_counter()
        done = 0
        while done < count:
            done += _hand_on(consumer, producer, owned, name)
            _check(deadline)
        return count / (time.perf_counter() - begun_at)
    finally:
        consumer.close()


def _hand_on(consumer: Consumer, producer: Producer, owned: list[TopicPartition], to: str) -> int:
    """One transaction: what came in a tenth of a second, `BATCH` at most."""
    messages = consumer.consume(BATCH, 0.1)
    if not messages:
        return 0
    producer.begin_transaction()
    produce = producer.produce
    for message in messages:
        if message.error() is None:
            produce(to, message.value(), message.key(), message.partition() or 0, timestamp=message.timestamp()[1])
    producer.send_offsets_to_transaction(consumer.position(owned), consumer.consumer_group_metadata(), 15.0)
    producer.commit_transaction(15.0)
    return len(messages)


def _check(deadline: float) -> None:
    if time.monotonic() > deadline:
        raise TimeoutError(f"not done within {PATIENCE_SECONDS:g} s")


def main() -> None:
    parser = argparse.ArgumentParser(description="Facts a second through a policy, beside a bare loop.")
    parser.add_argument("--facts", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with a_kafka() as bootstrap:
        for variant, cancelling in (("starts only", False), ("every other one cancels an earlier one", True)):
            compare(bootstrap, variant, cancelling, options.facts, options.rounds)


@contextmanager
def a_kafka() -> Iterator[str]:
    """Its address, with the clock's topics written, in a process that logs errors only."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    collect_seldom()  # for all ways, as `passage processors run` does
    with choose("kafka") as trial:
        assert trial.bootstrap is not None
        print(trial.why)
        write_clock(KafkaLog(trial.bootstrap))
        yield trial.bootstrap


def compare(bootstrap: str, variant: str, cancelling: bool, count: int, rounds: int) -> None:
    facts = f"bench-facts-{time.time_ns():x}"
    write_facts(KafkaLog(bootstrap), facts, count, cancelling)
    ways: dict[str, Callable[[], float]] = {"bare loop": lambda: bare(bootstrap, facts, count)}
    for parts in PARTS:
        ways[f"policy, {parts}"] = lambda parts=parts: policy(bootstrap, facts, count, parts)  # type: ignore[misc]
    figures, cpus = with_cpu(rounds, count, ways)
    print(f"{variant}, {count:,} facts on {PARTITIONS} partitions")
    for name, found in figures.items():
        ratio = median(found) / median(figures["bare loop"])
        cpu = f"{cpus[name]:.1f} s of CPU per million"
        print(f"  {name:16} {told(found, 'facts/s')}   ratio {ratio:.2f} (goal {GOALS.get(name, '')})   {cpu} (goal 6)")


if __name__ == "__main__":
    main()
