"""How late is a tick of seconds when the leading clock dies, and when it stops?

Two clocks in processes of their own stand on a real Kafka; one leads. It is killed (kill -9), or asked to stop
(SIGTERM), and the other takes over: how late is the first tick after that, by the tick's own instant? With and without
fast fail-over. Each round has topics and a group of its own, so that no round remembers another; rounds of one kind run
side by side, for most of a round is waiting.

    python -m bench.failover [--rounds 20] [--grace-seconds 1.0]
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from passage_clock.config import ClockConfig, load
from passage_clock.leading.service import places
from passage_clock.records.topics import check_topics
from passage_clock.wall import MachineWall
from passage_log.kafka import KafkaLog
from passage_log.port import EARLIEST, Reader
from passage_schemas.records import TICK
from passage_schemas.tick import Tick
from passage_trial import choose

AT_ONCE = 3
SETTLED_SECONDS = 26.0
"""In office: a standby knows the broker's time only from a leader's probe, and one is written every 20 s."""
LONG_SECONDS = 90.0


@dataclass(frozen=True, slots=True)
class Kind:
    """What happens to the leader."""

    name: str
    number: signal.Signals
    is_fast: bool


KINDS = (
    Kind("kill -9", signal.SIGKILL, is_fast=False),
    Kind("kill -9, fast fail-over", signal.SIGKILL, is_fast=True),
    Kind("SIGTERM", signal.SIGTERM, is_fast=False),
)


class Ticks:
    """The tick topic, read as it grows."""

    def __init__(self, reader: Reader, config: ClockConfig) -> None:
        self._reader = reader
        reader.assign({places(config).ticks: EARLIEST})

    def until(self, wanted: Callable[[Tick], bool]) -> Tick:
        deadline = time.monotonic() + LONG_SECONDS
        while time.monotonic() < deadline:
            for record in self._reader.poll(1_000, 0.5):
                value = record.value()
                if value is not None and wanted(tick := TICK.decode(value)):
                    return tick
        raise TimeoutError("the tick waited for has not come")


def gap_seconds(bootstrap: str, kind: Kind, grace_seconds: float, run: str, folder: Path) -> float:
    """How late the latest of the ticks was that fell between two leaders."""
    path = folder / f"{run}.yaml"
    path.write_text(
        f"bootstrap: {bootstrap}\ngroup: clock.{run}\n"
        f"topics: {{ticks: t.{run}, schedules: s.{run}, control: c.{run}, triggers: x.{run}}}\n"
        + (f"fast_failover_grace_seconds: {grace_seconds}\n" if kind.is_fast else "")
        + "schedules: [{name: second.utc, every: second, zone: UTC}]\n"
    )
    config = load(path, {})
    log = KafkaLog(bootstrap)
    check_topics(log, config, create=True)
    ticks = Ticks(log.reader(), config)
    leader = start(path, "leader")
    try:
        ticks.until(lambda tick: tick.ordinal > 0)
        standby = start(path, "standby")
        try:
            # So that the stroke falls anywhere between two ticks.
            time.sleep(SETTLED_SECONDS + (hash(run) % 1000) / 1000)
            struck_at = MachineWall().now()
            leader.send_signal(kind.number)
            first = ticks.until(lambda tick: tick.ends_at > struck_at and tick.published_at > struck_at)
            return (MachineWall().now() - first.ends_at) / 1_000_000
        finally:
            standby.kill()
            standby.wait()
    finally:
        leader.kill()
        leader.wait()


def start(path: Path, name: str) -> subprocess.Popen[bytes]:
    command = "from passage.cli import main; main()"
    return subprocess.Popen(
        [sys.executable, "-c", command, "clock", "run", "-c", str(path), "--name", name],
        stderr=subprocess.DEVNULL,
        env={"PATH": os.environ["PATH"]},
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="How late ticks are when a leader dies.")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--grace-seconds", type=float, default=1.0)
    options = parser.parse_args()
    with choose("kafka") as trial, tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(AT_ONCE) as pool:
        assert trial.bootstrap is not None
        print(trial.why)
        print(f"{'the leader':26} rounds  p50     p99     worst, seconds late")
        for kind in KINDS:
            futures = [
                pool.submit(
                    gap_seconds,
                    trial.bootstrap,
                    kind,
                    options.grace_seconds,
                    f"{time.time_ns():x}.{number}",
                    Path(folder),
                )
                for number in range(options.rounds)
            ]
            gaps = sorted(future.result() for future in futures)
            p50, p99 = gaps[len(gaps) // 2], gaps[min(len(gaps) - 1, int(len(gaps) * 0.99))]
            print(f"{kind.name:26} {len(gaps):6}  {p50:.2f}    {p99:.2f}    {gaps[-1]:.2f}", flush=True)


if __name__ == "__main__":
    main()
