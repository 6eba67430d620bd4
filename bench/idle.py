"""How much memory does a clock hold that has nothing to do?

A clock with a few schedules of days is started as users start it, takes office on a real Kafka, and is left alone for a
while; then another that stands by. Resident memory as the kernel tells it.

    python -m bench.idle [--seconds 30]
"""

import argparse
import tempfile
import time
from pathlib import Path

from bench.failover import start
from passage_clock.config import load
from passage_clock.records.topics import check_topics
from passage_log.kafka import KafkaLog
from passage_trial import choose

SCHEDULES = """schedules:
  - {name: day.amsterdam, every: day, zone: Europe/Amsterdam}
  - {name: workday.nl, every: workday, calendar: NL, zone: Europe/Amsterdam}
  - {name: quarter.utc, every: quarter, zone: UTC}
"""


def resident_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description="Memory of an idle clock.")
    parser.add_argument("--seconds", type=int, default=30)
    seconds = parser.parse_args().seconds
    with choose("kafka") as trial, tempfile.TemporaryDirectory() as folder:
        assert trial.bootstrap is not None
        print(trial.why)
        run, path = f"{time.time_ns():x}", Path(folder) / "clock.yaml"
        path.write_text(
            f"bootstrap: {trial.bootstrap}\ngroup: clock.{run}\n"
            f"topics: {{ticks: t.{run}, schedules: s.{run}, control: c.{run}, triggers: x.{run}}}\n{SCHEDULES}"
        )
        check_topics(KafkaLog(trial.bootstrap), load(path, {}), create=True)
        clocks = {name: start(path, name) for name in ("leader", "standby")}
        try:
            time.sleep(seconds)
            for name, process in clocks.items():
                print(f"{name:8} {resident_mib(process.pid):6.1f} MiB")
        finally:
            for process in clocks.values():
                process.kill()
                process.wait()


if __name__ == "__main__":
    main()
