"""How many ticks a second does a clock publish when it catches up?

A schedule of seconds lies `--ticks` in the past; a clock takes office on a real Kafka and publishes them all. Beside
it, in the same run and on the same broker, a bare transactional producer sends records of the same bytes in
transactions of the same size: what the client and the broker allow. What lies between the two is the clock's own work.

    python -m bench.ticks [--ticks 1000000]
"""

import argparse
import logging
import time
from dataclasses import dataclass

import structlog
from confluent_kafka import Producer

from passage_clock.config import ClockConfig, Topics
from passage_clock.leading.observer import Quiet
from passage_clock.leading.office import Batch
from passage_clock.leading.service import BATCH_TICKS, Clock
from passage_clock.planning.plan import Plan
from passage_clock.records.ticks import EncodedTick, TickWriter
from passage_clock.records.topics import check_topics
from passage_clock.schedules import periodic
from passage_clock.wall import MachineWall
from passage_log.kafka import KafkaLog, settings
from passage_log.kafka.access import Access
from passage_schemas.instant import Instant
from passage_trial import choose

SECOND = 1_000_000


class Count(Quiet):
    """Counts the ticks that are readable, and stops the watch at the last one."""

    def __init__(self, wanted: int) -> None:
        self.wanted = wanted
        self.begun_at = self.ended_at = 0.0
        self.ticks = 0

    def published(self, batch: Batch) -> None:
        now = time.perf_counter()
        if not self.ticks:
            # The first batch also pays for the producer's first connection: the watch starts behind it.
            self.begun_at, self.wanted = now, self.wanted - len(batch.ticks)
            self.ticks = 1
            return
        self.ticks += len(batch.ticks)
        if self.ticks >= self.wanted:
            self.ended_at = now

    def is_set(self) -> bool:
        return self.ended_at > 0

    def wait(self, timeout: float | None = None) -> bool:
        time.sleep(timeout or 0)
        return self.is_set()


@dataclass(frozen=True, slots=True)
class Result:
    ticks: int
    seconds: float
    bytes_each: int

    @property
    def rate(self) -> float:
        return self.ticks / self.seconds


def clock(bootstrap: str, ticks: int, run: str) -> Result:
    config = _config(ticks, run)
    log = KafkaLog(bootstrap)
    check_topics(log, config, create=True)
    count = Count(ticks)
    Clock(config, log, MachineWall(), "bench", count).run(count)
    log.close()
    return Result(count.ticks, count.ended_at - count.begun_at, len(_encoded(config)[0].value))


def bare(bootstrap: str, ticks: int, run: str) -> Result:
    config = _config(ticks, f"bare.{run}")
    check_topics(KafkaLog(bootstrap), config, create=True)
    batch = _encoded(config)
    producer = Producer(settings.transactional(Access(bootstrap, {}), config.group, 15.0))
    producer.init_transactions(30.0)
    begun_at = time.perf_counter()
    sent = 0
    while sent < ticks:
        producer.begin_transaction()
        for tick in batch:
            producer.produce(
                config.topics.ticks, tick.value, tick.key, 0, timestamp=tick.timestamp_ms, headers=[*tick.headers]
            )
        producer.commit_transaction(15.0)
        sent += len(batch)
    return Result(sent, time.perf_counter() - begun_at, len(batch[0].value))


def _config(ticks: int, run: str) -> ClockConfig:
    now = MachineWall().now() // SECOND * SECOND
    schedule = periodic("second.utc", "second", "UTC", starts_at=Instant(now - ticks * SECOND))
    names = (f"bench.{kind}.{run}" for kind in ("ticks", "schedules", "control"))
    return ClockConfig(schedules=(schedule,), topics=Topics(*names), group=f"bench.{run}")


def _encoded(config: ClockConfig) -> list[EncodedTick]:
    plan, now = Plan(config.schedules, {}, {}), MachineWall().now()
    writer = TickWriter(config.source, "2026c", {"second.utc": bytes(32)})
    return [
        writer.encode(planned, sequence, now)
        for sequence, planned in enumerate(plan.due(now, BATCH_TICKS), start=500_000)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description="Ticks a second of a clock that catches up.")
    parser.add_argument("--ticks", type=int, default=1_000_000)
    ticks = parser.parse_args().ticks
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with choose("kafka") as trial:
        assert trial.bootstrap is not None
        run = f"{time.time_ns():x}"
        print(trial.why)
        for name, measure in (("bare producer", bare), ("clock", clock)):
            result = measure(trial.bootstrap, ticks, run)
            print(
                f"{name:14} {result.rate:>9,.0f} ticks/s   {result.ticks:,} of {result.bytes_each} bytes "
                f"in {result.seconds:.1f} s"
            )


if __name__ == "__main__":
    main()
