"""How late is a tick of seconds, as a subscriber sees it, beside the broker's own round trip?

A clock in a process of its own publishes a tick every second on a real Kafka; this process reads them, and a tick's
lateness is the time at which it is in hand minus its instant. In the same run and to the same kind of reader go the
round trips: a bare record, from `produce` to being in hand, and one in a transaction of its own, which is what a tick
is. Round trips fall between ticks, so that they don't wait for each other.

    python -m bench.lateness [--seconds 120]
"""

import argparse
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from bench.failover import start
from passage_clock.config import load
from passage_clock.leading.service import places
from passage_clock.records.topics import check_topics
from passage_clock.wall import MachineWall
from passage_log.kafka import KafkaLog
from passage_log.port import EARLIEST, Topic
from passage_schemas.log_record import Partition, Record
from passage_schemas.records import TICK
from passage_trial import choose

WARM_UP_SECONDS = 10
SECOND = 1_000_000


class Reading(threading.Thread):
    """Reads one partition and tells each record's lateness as soon as it is in hand."""

    def __init__(self, log: KafkaLog, partition: Partition, due_at: Callable[[Record], int | None]) -> None:
        super().__init__(daemon=True)
        self._reader = log.reader()
        self._reader.assign({partition: EARLIEST})
        self._due_at = due_at
        self.late_ms: list[float] = []
        self.is_over = False

    def run(self) -> None:
        wall = MachineWall()
        while not self.is_over:
            for record in self._reader.poll(100, 0.5):
                now = wall.now()
                due_at = self._due_at(record)
                if due_at is not None:
                    self.late_ms.append((now - due_at) / 1_000)
        self._reader.close()


def tick_due_at(record: Record) -> int | None:
    value = record.value()
    return None if value is None else TICK.decode(value).ends_at


def sent_at(record: Record) -> int | None:
    return int(record.value() or 0)


def measure(bootstrap: str, seconds: int, folder: Path) -> dict[str, list[float]]:
    run = f"{time.time_ns():x}"
    path = folder / "clock.yaml"
    path.write_text(
        f"bootstrap: {bootstrap}\ngroup: clock.{run}\n"
        f"topics: {{ticks: t.{run}, schedules: s.{run}, control: c.{run}, triggers: x.{run}}}\n"
        "schedules: [{name: second.utc, every: second, zone: UTC}]\n"
    )
    config = load(path, {})
    log = KafkaLog(bootstrap)
    check_topics(log, config, create=True)
    bare, transactional = Partition(f"bare.{run}", 0), Partition(f"transactional.{run}", 0)
    log.create([Topic(bare.topic, 1), Topic(transactional.topic, 1)])
    readings = {
        "tick": Reading(log, places(config).ticks, tick_due_at),
        "bare record": Reading(log, bare, sent_at),
        "transaction": Reading(log, transactional, sent_at),
    }
    for reading in readings.values():
        reading.start()
    clock = start(path, "only")
    try:
        round_trips(log, bare, transactional, seconds + WARM_UP_SECONDS)
    finally:
        clock.kill()
        clock.wait()
    for reading in readings.values():
        reading.is_over = True
        reading.join(10.0)
    return {name: reading.late_ms[WARM_UP_SECONDS:] for name, reading in readings.items()}


def round_trips(log: KafkaLog, bare: Partition, transactional: Partition, seconds: int) -> None:
    """One of each per second, a third and two thirds after it."""
    wall, appender, writer = MachineWall(), log.appender(), log.writer(f"bench.{bare.topic}")
    writer.open()
    for _ in range(seconds):
        wait_for(wall, SECOND // 3)
        appender.append(bare, None, str(now := wall.now()).encode(), now // 1000)
        appender.flush()
        wait_for(wall, 2 * SECOND // 3)
        writer.begin()
        writer.append(transactional, None, str(now := wall.now()).encode(), now // 1000)
        writer.commit()
    appender.close()
    writer.discard()


def wait_for(wall: MachineWall, part: int) -> None:
    """Until this part of a second."""
    time.sleep(((part - wall.now()) % SECOND) / SECOND)


def main() -> None:
    parser = argparse.ArgumentParser(description="How late ticks of seconds are.")
    parser.add_argument("--seconds", type=int, default=120)
    seconds = parser.parse_args().seconds
    with choose("kafka") as trial, tempfile.TemporaryDirectory() as folder:
        assert trial.bootstrap is not None
        print(trial.why)
        found = measure(trial.bootstrap, seconds, Path(folder))
    print("milliseconds     count     p50     p90     p99   worst")
    for name, late_ms in found.items():
        late_ms.sort()
        at = [late_ms[min(len(late_ms) - 1, int(len(late_ms) * part))] for part in (0.5, 0.9, 0.99, 1.0)]
        print(f"{name:14} {len(late_ms):7}" + "".join(f"{value:8.1f}" for value in at))


if __name__ == "__main__":
    main()
