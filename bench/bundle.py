"""How fast is an app's history exported, and replayed from its bundle, and in how much memory?

Facts lie ready on a topic of four partitions and were folded by a worker; every other one is a payment. The export is
beside a bare loop that consumes the same records of the same topics and looks at each key and value; the replay from
the bundle, sums included, stands alone. Each is a process of its own, in turns, from its first question to its end; the
memory is the most it ever held, less what it held before it began.
    .venv/bin/python -m bench.bundle [--facts 1000000] [--rounds 3]
"""

import argparse
import json
import logging
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import structlog

from bench._side_by_side import in_a_process, in_turns, told
from bench.facts import PARTITIONS, a_kafka, app_of, folded, write_facts
from passage.running.collector import collect_seldom
from passage_log.kafka import KafkaLog
from passage_log.port import EARLIEST
from passage_processors.app import App
from passage_processors.runtime.offline.bundle.bundle_log import open_bundle
from passage_processors.runtime.offline.bundle.export import export
from passage_processors.runtime.offline.bundle.manifest import read_manifest
from passage_processors.runtime.offline.comparison import compare

GOALS = "goal: an export of at least half of the bare loop's, in 300 MiB"


def most_mib() -> float:
    """Not `getrusage`'s: that one counts what held the process's place before it began."""
    (line,) = (line for line in Path("/proc/self/status").read_text("utf-8").splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def measured(way: Callable[[], object]) -> tuple[float, float]:
    """Seconds, and MiB beyond what was held before."""
    before, begun_at = most_mib(), time.perf_counter()
    way()
    return time.perf_counter() - begun_at, most_mib() - before


def bare(bootstrap: str, directory: Path) -> None:
    """What the bundle there has, read again from the log."""
    reader = KafkaLog(bootstrap).reader()
    for span in read_manifest(directory).spans:
        reader.assign({span.place: EARLIEST})
        while reader.position(span.place) < span.to_offset:
            for record in reader.poll(10_000, 0.5):
                record.key(), record.value()
    reader.close()


def replayed(app: App, directory: Path) -> None:
    assert not any(one.difference for one in compare(app, open_bundle(directory)))


def run_one(way: str, name: str, facts: str, bootstrap: str, directory: Path) -> None:
    app = app_of(name, facts)
    ways: dict[str, Callable[[], object]] = {
        "bare": lambda: bare(bootstrap, directory),
        "export": lambda: export(app, KafkaLog(bootstrap), directory),
        "replay": lambda: replayed(app, directory),
    }
    print(json.dumps(measured(ways[way])))


def side_by_side(bootstrap: str, count: int, rounds: int) -> None:
    name = f"bench-bundle-{time.time_ns():x}"
    facts = f"{name}.facts"
    write_facts(KafkaLog(bootstrap), facts, count, cancelling=True)
    folded(bootstrap, app_of(name, facts), count)
    there = Path(tempfile.mkdtemp(prefix="passage-bench-"))
    memory: dict[str, list[float]] = {"bare": [], "export": [], "replay": []}

    def way(which: str, directory: Path) -> Callable[[], float]:
        def run() -> float:
            if which == "export":
                shutil.rmtree(directory, ignore_errors=True)
            seconds, mib = in_a_process(sys.argv[0], "--one", which, name, facts, bootstrap, str(directory))
            memory[which].append(mib)
            return count / float(seconds)

        return run

    try:
        export(app_of(name, facts), KafkaLog(bootstrap), there / "first")
        size = sum(path.stat().st_size for path in (there / "first").rglob("*.avro"))
        figures = in_turns(
            rounds,
            {which: way(which, there / ("again" if which == "export" else "first")) for which in memory},
        )
    finally:
        shutil.rmtree(there)
    print(f"{count:,} facts on {PARTITIONS} partitions, a bundle of {size / 1e6:,.0f} MB; {GOALS}")
    for which, found in figures.items():
        ratio = median(found) / median(figures["bare"])
        print(f"  {which:8} {told(found, 'facts/s')}   ratio {ratio:.2f}   +{max(memory[which]):.0f} MiB at the most")


def main() -> None:
    parser = argparse.ArgumentParser(description="How fast a history is exported, and replayed from its bundle.")
    parser.add_argument("--facts", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--one", nargs=5, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
        collect_seldom()  # as the commands of a worker do
        way, name, facts, bootstrap, directory = options.one
        run_one(way, name, facts, bootstrap, Path(directory))
        return
    with a_kafka() as bootstrap:
        side_by_side(bootstrap, options.facts, options.rounds)


if __name__ == "__main__":
    main()
