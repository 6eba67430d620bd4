"""How many facts a second, exactly once, and for how much CPU, beside Quix Streams and a bare loop?

The facts, the policy and the bare loop are those of `facts.py`. Quix Streams does the same start and cancel, with its
state per key and `processing_guarantee="exactly-once"`. It pins an older Kafka client, so it gets a virtual environment
of its own, `.venv-quix`, made at the first run. All on one broker, in turns. The watch runs from the assignment (Quix:
from the first fact) to the last commit; CPU is that of the whole process, the client's threads included.

With --faust-facts N also a Faust worker with the policy attached, at least once; N of the same facts, for it is slow.

    .venv/bin/python -m bench.quix [--facts 1000000] [--rounds 3] [--commit-seconds 5] [--faust-facts 50000]
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import NamedTuple

from bench._side_by_side import told
from bench.facts import PARTITIONS, PATIENCE_SECONDS, InvoiceSent, a_kafka, app_of, bare, policy, write_facts
from passage_log.kafka import KafkaLog
from passage_log.port import EARLIEST
from passage_processors.faust.table_rows import CUT, split_key
from passage_processors.runtime.topics import create_topics
from passage_schemas.events import event_codec
from passage_schemas.log_record import Partition
from passage_schemas.records import CUT as CUT_RECORD

QUIX = "quixstreams==3.28.*"
ROOT = Path(__file__).parents[1]
ENVIRONMENT = ROOT / ".venv-quix"


class Figures(NamedTuple):
    rate: float
    """Facts a second."""
    cpu: float
    """Seconds for a million."""


def environment() -> str:
    """The Python that has Quix Streams."""
    python = ENVIRONMENT / "bin" / "python"
    if not (ENVIRONMENT / ".installed").exists():
        subprocess.run([sys.executable, "-m", "venv", ENVIRONMENT], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", QUIX], check=True)
        (ENVIRONMENT / ".installed").touch()
    return str(python)


def quix(python: str, bootstrap: str, facts: str, count: int, commit_seconds: float) -> Figures:
    prefix = event_codec(InvoiceSent).prefix.hex()
    script = str(ROOT / "bench" / "_quix_worker.py")
    with tempfile.TemporaryDirectory(prefix="quix-") as directory:
        arguments = [bootstrap, facts, str(count), str(commit_seconds), directory, prefix]
        done = subprocess.run([python, script, *arguments], capture_output=True, text=True, timeout=PATIENCE_SECONDS)
    if done.returncode:
        raise RuntimeError(f"Quix ended with {done.returncode}: {done.stderr}")
    return Figures(**json.loads(done.stdout.splitlines()[-1]))


def ours(way: Callable[[str, str, int], float], bootstrap: str, facts: str, count: int) -> Figures:
    before = _cpu_seconds()
    rate = way(bootstrap, facts, count)
    return Figures(rate, (_cpu_seconds() - before) / count * 1e6)


def _cpu_seconds() -> float:
    """Of this process and of those it has waited for."""
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in spent)


def faust(bootstrap: str, facts: str, count: int) -> Figures:
    """The same app attached to a Faust app, told by the cuts its table holds."""
    log, name = KafkaLog(bootstrap), f"bench-{time.time_ns():x}"
    create_topics(log, app_of(name, facts), PARTITIONS)
    reader = log.reader()
    before, begun_at, deadline = _cpu_seconds(), 0.0, time.monotonic() + PATIENCE_SECONDS
    folded = dict.fromkeys(range(PARTITIONS), 0)
    changelog = f"{name}.faust-passage-{name}-changelog"
    with tempfile.TemporaryDirectory(prefix="faust-") as directory:
        worker = subprocess.Popen(
            [sys.executable, "-m", "bench._faust_worker", bootstrap, name, facts, directory],
            cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            while log.describe([changelog])[changelog] is None:
                time.sleep(0.1)
                _check(worker, deadline)
            reader.assign({Partition(changelog, number): EARLIEST for number in range(PARTITIONS)})
            while sum(folded.values()) < count:
                for record in reader.poll(10_000, 0.1):
                    begun_at = begun_at or time.perf_counter()
                    number, kind = split_key(record.key() or b"")
                    if kind == CUT:
                        folded[number] = sum(one.count for one in CUT_RECORD.decode(record.value() or b"").inputs)
                _check(worker, deadline)
            took = time.perf_counter() - begun_at
        finally:
            worker.kill()
            worker.wait()
            reader.close()
    return Figures(count / took, (_cpu_seconds() - before) / count * 1e6)


def _check(worker: "subprocess.Popen[bytes]", deadline: float) -> None:
    if worker.poll() is not None:
        raise RuntimeError(f"the Faust worker ended with {worker.returncode}")
    if time.monotonic() > deadline:
        raise TimeoutError(f"not done within {PATIENCE_SECONDS:g} s")


def main() -> None:
    parser = argparse.ArgumentParser(description="Facts a second and CPU, beside Quix Streams and a bare loop.")
    parser.add_argument("--facts", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--commit-seconds", type=float, default=5.0, help="Quix's commit_interval; 5 is its default")
    parser.add_argument("--faust-facts", type=int, default=0)
    options = parser.parse_args()
    python = environment()
    with a_kafka() as bootstrap:
        compare(python, bootstrap, options)


def compare(python: str, bootstrap: str, options: argparse.Namespace) -> None:
    count, facts = options.facts, f"bench-quix-{time.time_ns():x}"
    write_facts(KafkaLog(bootstrap), facts, count, cancelling=True)
    ways: dict[str, Callable[[], Figures]] = {
        "bare loop": lambda: ours(bare, bootstrap, facts, count),
        "policy": lambda: ours(policy, bootstrap, facts, count),
        "Quix": lambda: quix(python, bootstrap, facts, count, options.commit_seconds),
    }
    if options.faust_facts:
        few = f"{facts}-few"
        write_facts(KafkaLog(bootstrap), few, options.faust_facts, cancelling=True)
        ways["Faust"] = lambda: faust(bootstrap, few, options.faust_facts)
    seen: dict[str, list[Figures]] = {name: [] for name in ways}
    for _ in range(options.rounds):
        for name, measure in ways.items():
            seen[name].append(measure())
    print(f"half of {count:,} facts cancel, {PARTITIONS} partitions; Quix commits every {options.commit_seconds:g} s")
    for name, figures in seen.items():
        print(f"  {name:10} {told([one.rate for one in figures], 'facts/s')}")
        print(f"  {'':10} {told([one.cpu for one in figures], 's of CPU per million', 1)}")
    rates = {name: median(one.rate for one in figures) for name, figures in seen.items()}
    for other in ("Quix", "bare loop"):
        print(f"  policy beside {other}: {rates['policy'] / rates[other]:.2f}")


if __name__ == "__main__":
    main()
