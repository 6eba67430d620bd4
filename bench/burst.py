"""Many wake-ups due on one tick: how many events a second, exactly once, until the last is readable? And how much
memory beyond the idle state?

The open wake-ups are restored from a changelog that lies ready, on a real Kafka with four partitions; then the tick is
published. The watch runs from there until the last event can be read by a reader of committed records. Beside it, in
turns, a bare producer: as many events with the same keys, values and headers, encoded before the watch runs, in
transactions as large. Each way runs in a process of its own; the policy with the pure parts and, where they are
installed, with the native ones. Memory is the worker's resident memory at its highest in the burst, less what it was
before the tick. CPU is that of the process while the watch runs, the client's own threads included: it says more than
the rate does where other work is done on the machine. No tick waits for facts here (`grace_seconds=0`).

    .venv/bin/python -m bench.burst [--due 200000] [--rounds 3]
"""

import argparse
import json
import logging
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from statistics import median

import structlog
from confluent_kafka import Producer

from bench._side_by_side import in_a_process, in_turns, told
from bench.facts import BEGIN, DAY, KEPT, PARTITIONS, PARTS, PATIENCE_SECONDS, InvoiceBecameOverdue, app_of
from bench.memory import resident_bytes
from passage.running.collector import collect_seldom
from passage_log.kafka import KafkaLog, settings
from passage_log.kafka.access import Access
from passage_log.port import Appender, Topic
from passage_log.ranges import readable_ends
from passage_processors.app import App
from passage_processors.core.state.case import OPEN, CaseState, encode_case
from passage_processors.core.state.keys import CUT_KEY
from passage_processors.runtime import native
from passage_processors.runtime.topics import create_topics
from passage_processors.runtime.worker import Worker
from passage_schemas.cut import Cut, InputCut
from passage_schemas.events import event_codec
from passage_schemas.instant import Instant, milliseconds_of
from passage_schemas.log_record import Partition
from passage_schemas.records import CUT, SCHEDULE_ENTRY, TICK
from passage_schemas.schedule_entry import ScheduleEntry
from passage_schemas.tick import Tick
from passage_trial import choose

MIB = 1 << 20
PER_TRANSACTION = 20_000
"""What a worker's transaction holds of a burst, by default."""


def quick_app(log: KafkaLog, topic_prefix: str) -> App:
    """An app and a clock of its own, all topics empty."""
    app = replace(
        app_of(topic_prefix, f"{topic_prefix}.facts"),
        ticks_topic=f"{topic_prefix}.ticks", schedules_topic=f"{topic_prefix}.schedules", grace_seconds=0.0,
    )  # fmt: skip
    log.create([Topic(f"{topic_prefix}.facts", PARTITIONS, KEPT)])
    log.create(
        [Topic(name, 1, {**KEPT, "cleanup.policy": "compact"}) for name in (app.ticks_topic, app.schedules_topic)]
    )
    create_topics(log, app, PARTITIONS)
    return app


def begin_clock(appender: Appender, app: App, next_at: Instant) -> None:
    entry = ScheduleEntry("day.utc", "DayHasPassed", "UTC", None, "", "", "active", "", "", next_at, 0, 1, "", "")
    appender.append(Partition(app.schedules_topic, 0), b"day.utc", SCHEDULE_ENTRY.encode(entry), 1)


def publish(appender: Appender, app: App, ordinal: int, ends_at: Instant, next_at: Instant) -> None:
    tick = Tick(
        event="DayHasPassed", schedule="day.utc", ordinal=ordinal, sequence=ordinal, period=str(ordinal),
        starts_at=Instant(ends_at - 1), ends_at=ends_at, next_at=next_at, zone="UTC",
        calendar=None, tzdata="2026c", published_at=ends_at, definition="", previous=None,
    )  # fmt: skip
    appender.append(Partition(app.ticks_topic, 0), tick.key, TICK.encode(tick), milliseconds_of(ends_at))
    appender.flush()


def write_open(log: KafkaLog, app: App, appender: Appender, first: int, count: int, due: int) -> None:
    """So many on the changelog, all waiting for the same tick, with the cut they belong to."""
    value = encode_case(CaseState(OPEN, Instant(BEGIN - 1), due, 31, "day.utc", b""))
    for partition in range(PARTITIONS):
        place = Partition(app.changelog, partition)
        own = range(first + partition, first + count, PARTITIONS)
        for number in own:
            appender.append(place, b"overdue/" + key_of(number), value, 1)
            if number % 100_000 < PARTITIONS:
                appender.flush()
        inputs = tuple(InputCut(topic, 0, 0) for topic in sorted({*app.inputs, app.requests}))
        cut = Cut(1, log.cluster_id(), inputs, 0, 0, open=len(own), entries=len(own))
        appender.append(place, CUT_KEY, CUT.encode(cut), 1)
    appender.flush()


def key_of(number: int) -> bytes:
    return b"inv-%032d" % number


def outputs(app: App) -> list[Partition]:
    return [Partition(app.output, number) for number in range(PARTITIONS)]


def wait_until_readable(log: KafkaLog, partitions: Sequence[Partition]) -> None:
    reader = log.reader()
    ends = reader.ends(partitions)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while any(at < ends[one] for one, at in readable_ends(reader, partitions).items()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"not readable within {PATIENCE_SECONDS:g} s")
    reader.close()


# --- the two ways ----------------------------------------------------------------------------------------------------


Figures = tuple[float, float, float]
"""Events a second, MiB of memory beyond the idle state, microseconds of CPU for each event"""


def policy(parts: str, bootstrap: str, count: int) -> Figures:
    os.environ[native.VARIABLE] = "0" if parts == "pure" else "1"
    log = KafkaLog(bootstrap)
    app = quick_app(log, f"bench-burst-{time.time_ns():x}")
    appender = log.appender()
    begin_clock(appender, app, BEGIN)
    write_open(log, app, appender, 0, count, due=1)
    worker = Worker(app, log, "a")
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(worker.tasks) < PARTITIONS:
        worker.turn(0.05)
        _check(deadline)
    for _ in range(20):
        worker.turn(0.05)
    idle = highest = resident_bytes()
    publish(appender, app, 1, BEGIN, Instant(BEGIN + DAY))
    begun_at, cpu = time.perf_counter(), time.process_time()
    while worker.totals.events < count:
        worker.turn(0.05)
        highest = max(highest, resident_bytes())
        _check(deadline)
    wait_until_readable(log, outputs(app))
    seconds, cpu = time.perf_counter() - begun_at, time.process_time() - cpu
    worker.close()
    return count / seconds, (highest - idle) / MIB, cpu / count * 1e6


def bare(bootstrap: str, count: int) -> Figures:
    """Events a second that are written and no more."""
    log = KafkaLog(bootstrap)
    name = f"bench-burst-bare-{time.time_ns():x}"
    log.create([Topic(name, PARTITIONS, KEPT)])
    codec = event_codec(InvoiceBecameOverdue)
    keys = [key_of(number) for number in range(count)]
    events = [(key, codec.encode(InvoiceBecameOverdue(key.decode())), _headers(key)) for key in keys]
    at = milliseconds_of(BEGIN)
    producer = Producer(settings.transactional(Access(bootstrap, {}), name, 15.0))
    producer.init_transactions(30.0)
    idle = highest = resident_bytes()
    begun_at, cpu = time.perf_counter(), time.process_time()
    for first in range(0, count, PER_TRANSACTION):
        producer.begin_transaction()
        for number, (key, value, headers) in enumerate(events[first : first + PER_TRANSACTION]):
            producer.produce(name, value, key, number % PARTITIONS, timestamp=at, headers=headers)
        producer.commit_transaction(15.0)
        highest = max(highest, resident_bytes())
    wait_until_readable(log, [Partition(name, number) for number in range(PARTITIONS)])
    seconds, cpu = time.perf_counter() - begun_at, time.process_time() - cpu
    return count / seconds, (highest - idle) / MIB, cpu / count * 1e6


def _headers(key: bytes) -> list[tuple[str, str | bytes | None]]:
    """As long as those of an app's events."""
    started = b"2020-09-13T12:26:39.999999Z"
    return [
        ("ce_specversion", b"1.0"),
        ("ce_id", b"bench-burst-1234567890abcdef/overdue/" + key + b"/" + started + b"/InvoiceBecameOverdue/1"),
        ("ce_type", b"InvoiceBecameOverdue"),
        ("ce_source", b"passage/bench-burst-1234567890abcdef"),
        ("ce_time", b"2020-09-13T12:26:40Z"),
        ("content-type", b"application/avro"),
        ("passage_tick", b"day.utc#1"),
    ]


def _check(deadline: float) -> None:
    if time.monotonic() > deadline:
        raise TimeoutError(f"not done within {PATIENCE_SECONDS:g} s")


WAYS: Mapping[str, Callable[[str, int], Figures]] = {
    "bare producer": bare,
    **{f"policy, {parts}": partial(policy, parts) for parts in PARTS},
}


def main() -> None:
    parser = argparse.ArgumentParser(description="Events a second of a burst, and the memory it takes.")
    parser.add_argument("--due", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--way", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    if options.way:
        collect_seldom()  # as `passage processors run` does
        name, bootstrap = options.way
        print(json.dumps(WAYS[name](bootstrap, options.due)))
        return
    with choose("kafka") as trial:
        bootstrap = trial.bootstrap
        assert bootstrap is not None
        print(trial.why)
        memory: dict[str, list[float]] = {name: [] for name in WAYS}
        cpu: dict[str, list[float]] = {name: [] for name in WAYS}

        def run(name: str) -> float:
            found = in_a_process(sys.argv[0], "--way", name, bootstrap, "--due", str(options.due))
            memory[name].append(found[1])
            cpu[name].append(found[2])
            return float(found[0])

        figures = in_turns(options.rounds, {name: lambda name=name: run(name) for name in WAYS})  # type: ignore[misc]
    print(f"{options.due:,} due on one tick, {PARTITIONS} partitions")
    for name, found in figures.items():
        ratio = median(found) / median(figures["bare producer"])
        print(f"  {name:14} {told(found, 'events/s')}   ratio {ratio:.2f}")
        print(f"  {'':14} {told(memory[name], 'MiB above idle')}")
        print(f"  {'':14} {told(cpu[name], 'us of CPU an event', 1)}")


if __name__ == "__main__":
    main()
