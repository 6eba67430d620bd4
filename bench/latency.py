"""How long after a tick is readable are its derived events?

On a real Kafka, four partitions: ticks are published one after another, and each makes some wake-ups due. A reader of
committed records, in a thread of its own, tells when a tick is in hand and when the last of its events is; the latency
is the time between. The worker commits every 100 ms. Beside it, on the same broker and to the same reader, a
transaction of one record: from its `begin` to being in hand. No tick waits for facts here (`grace_seconds=0`); with
facts that flow it does not wait either, and without any it waits for the grace.

    .venv/bin/python -m bench.latency [--ticks 100] [--due 100]
"""

import argparse
import logging
import threading
import time
from collections import Counter

import structlog

from bench.burst import begin_clock, key_of, outputs, publish, quick_app
from bench.facts import BEGIN, DAY, PARTITIONS
from passage.running.collector import collect_seldom
from passage_log.kafka import KafkaLog
from passage_log.port import EARLIEST, Topic
from passage_processors.app import App
from passage_processors.core.state.case import OPEN, CaseState, encode_case
from passage_processors.core.state.keys import CUT_KEY
from passage_processors.runtime.worker import Worker
from passage_schemas.cut import Cut, InputCut
from passage_schemas.instant import Instant, milliseconds_of
from passage_schemas.log_record import Partition
from passage_schemas.records import CUT
from passage_trial import choose

PATIENCE_SECONDS = 60.0
BETWEEN_SECONDS = 0.25
"""Between two ticks, and a bit that grows, so that they fall at every place of the commit interval."""


class Reading(threading.Thread):
    """Reads to the last record and tells when each was in hand: by topic and timestamp, the last of them."""

    def __init__(self, log: KafkaLog, partitions: list[Partition]) -> None:
        super().__init__(daemon=True)
        self._reader = log.reader()
        self._reader.assign(dict.fromkeys(partitions, EARLIEST))
        self.seen: Counter[tuple[str, int]] = Counter()
        self.last_at: dict[tuple[str, int], float] = {}
        self.is_over = False

    def run(self) -> None:
        while not self.is_over:
            for record in self._reader.poll(10_000, 0.2):
                place = record.topic(), record.timestamp()[1]
                self.last_at[place] = time.perf_counter()
                self.seen[place] += 1
        self._reader.close()

    def wait_for(self, topic: str, timestamp_ms: int, count: int) -> float:
        """When the last of so many records was in hand."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.seen[topic, timestamp_ms] < count:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{topic}: {self.seen[topic, timestamp_ms]} of {count}")
            time.sleep(0.001)
        return self.last_at[topic, timestamp_ms]


def write_open(log: KafkaLog, app: App, ticks: int, due: int) -> None:
    appender = log.appender()
    begin_clock(appender, app, BEGIN)
    for partition in range(PARTITIONS):
        place, entries = Partition(app.changelog, partition), 0
        for tick in range(1, ticks + 1):
            value = encode_case(CaseState(OPEN, Instant(BEGIN - 1), tick, tick, "day.utc", b""))
            for number in range(tick * due + partition, (tick + 1) * due, PARTITIONS):
                appender.append(place, b"overdue/" + key_of(number), value, 1)
                entries += 1
        inputs = tuple(InputCut(topic, 0, 0) for topic in sorted({*app.inputs, app.requests}))
        appender.append(
            place, CUT_KEY, CUT.encode(Cut(1, log.cluster_id(), inputs, 0, 0, None, (), (), entries, entries)), 1
        )
    appender.close()


def measure(bootstrap: str, ticks: int, due: int) -> dict[str, list[float]]:
    log = KafkaLog(bootstrap)
    app = quick_app(log, f"bench-latency-{time.time_ns():x}")
    bare = Partition(f"{app.name}.bare", 0)
    log.create([Topic(bare.topic, 1, {"retention.ms": "-1"})])
    write_open(log, app, ticks, due)
    stop = threading.Event()
    worker = Worker(app, log, "a")
    running = threading.Thread(target=worker.run, args=(stop.is_set,), daemon=True)
    running.start()
    reading = Reading(log, [Partition(app.ticks_topic, 0), bare, *outputs(app)])
    reading.start()
    writer, appender = log.writer(f"{app.name}-bare"), log.appender()
    writer.open()
    while len(worker.tasks) < PARTITIONS:
        time.sleep(0.01)
    found: dict[str, list[float]] = {"events of a tick": [], "transaction of one": []}
    for number in range(1, ticks + 1):
        ends_at = Instant(BEGIN + (number - 1) * DAY)
        publish(appender, app, number, ends_at, Instant(ends_at + DAY))
        at = milliseconds_of(ends_at)
        done_at = reading.wait_for(app.output, at, due)
        found["events of a tick"].append(done_at - reading.wait_for(app.ticks_topic, at, 1))
        begun_at = time.perf_counter()
        writer.begin()
        writer.append(bare, None, b"", number)
        writer.commit()
        found["transaction of one"].append(reading.wait_for(bare.topic, number, 1) - begun_at)
        time.sleep(BETWEEN_SECONDS + number % 10 / 100)
    stop.set()
    running.join(10.0)
    reading.is_over = True
    reading.join(10.0)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="From a tick being readable to its derived events being so.")
    parser.add_argument("--ticks", type=int, default=100)
    parser.add_argument("--due", type=int, default=100, help="on each tick")
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    collect_seldom()  # as `passage processors run` does
    with choose("kafka") as trial:
        assert trial.bootstrap is not None
        print(trial.why)
        found = measure(trial.bootstrap, options.ticks, options.due)
    print(f"milliseconds, {options.due} due on each tick   count     p50     p90     p99   worst")
    for name, seconds in found.items():
        ms = sorted(1000 * one for one in seconds)
        at = [ms[min(len(ms) - 1, int(len(ms) * part))] for part in (0.5, 0.9, 0.99, 1.0)]
        print(f"{name:36} {len(ms):7}" + "".join(f"{value:8.1f}" for value in at))


if __name__ == "__main__":
    main()
