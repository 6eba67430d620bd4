"""How fast is a task's state back: from its changelog, and from a snapshot?

Both on a real Kafka, four partitions, wake-ups of 36-byte keys without their facts, due over two months. The changelog
is read by a worker, from its assignment to the last task restored, in turns with a bare read of the same topic. The
snapshots are loaded by a worker in a process of its own (a fresh memory), beside reading the bytes of the files; those
were written just before, so they come from the page cache and not from a disk.
    .venv/bin/python -m bench.restore [--changelog 1000000] [--snapshot 1000000] [--rounds 3]
"""

import argparse
import json
import logging
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from uuid import UUID

import structlog

from bench._side_by_side import in_a_process, in_turns, told
from bench.facts import BEGIN, DAY, DAYS, KEPT, PARTITIONS, PATIENCE_SECONDS, app_of, write_clock
from passage.running.collector import collect_seldom
from passage_log.kafka import KafkaLog
from passage_log.port import EARLIEST, Topic
from passage_processors.app import App
from passage_processors.core.order.ticks import TickHistory
from passage_processors.core.state.case import OPEN, CaseState, encode_case
from passage_processors.core.state.cases import CaseBook
from passage_processors.core.state.keys import CUT_KEY
from passage_processors.runtime.restore.snapshot_file import COLUMN, Ending, Head, Scribe, encode_column
from passage_processors.runtime.restore.snapshots import Snapshots, identity_of
from passage_processors.runtime.topics import create_topics
from passage_processors.runtime.worker import Worker
from passage_schemas.cut import Cut, InputCut
from passage_schemas.instant import Instant
from passage_schemas.log_record import Partition
from passage_schemas.records import CUT
from passage_trial import choose

PER_CUT = 20_000


def cases(count: int, partition: int) -> Iterator[tuple[bytes, bytes]]:
    """Open wake-ups, each with its own key and start, in the order of their starts."""
    for number in range(partition, count, PARTITIONS):
        day = number * 60 // count
        key = str(UUID(int=number * 0x9E3779B97F4A7C15 % (1 << 128))).encode()
        started = Instant(BEGIN - (60 - day) * DAY + number)
        yield key, encode_case(CaseState(OPEN, started, DAYS - 60 + day + 90, 90, "day.utc", b""))


def cut_of(log: KafkaLog, app: App, number: int, entries: int) -> bytes:
    inputs = tuple(InputCut(topic, 0, 0) for topic in sorted({*app.inputs, *getattr(app, "sources", ())}))
    return CUT.encode(Cut(number, log.cluster_id(), inputs, DAYS, DAYS, open=entries, entries=entries))


def an_app(log: KafkaLog) -> App:
    name = f"bench-restore-{time.time_ns():x}"
    app = app_of(name, f"{name}.facts")
    log.create([Topic(f"{name}.facts", PARTITIONS, KEPT)])
    create_topics(log, app, PARTITIONS)
    return app


# --- from the changelog ----------------------------------------------------------------------------------------------


def write_changelog(log: KafkaLog, app: App, count: int) -> None:
    appender = log.appender()
    for partition in range(PARTITIONS):
        place, cut, written = Partition(app.changelog, partition), 0, 0
        for written, (key, value) in enumerate(cases(count, partition), 1):
            appender.append(place, b"overdue/" + key, value, 1)
            if written % PER_CUT == 0:
                cut += 1
                appender.append(place, CUT_KEY, cut_of(log, app, cut, written), 1)
                appender.flush()
        appender.append(place, CUT_KEY, cut_of(log, app, cut + 1, written), 1)
    appender.close()


def restored(bootstrap: str, app: App, snapshots: Path | None = None) -> tuple[float, int]:
    """Seconds from the assignment to the last task, and how many wake-ups are open then."""
    worker = Worker(app, KafkaLog(bootstrap), "a", snapshots=snapshots, snapshot_every_seconds=1e9)
    try:
        turn_until(worker, lambda: worker._restore is not None)
        begun_at = time.perf_counter()
        turn_until(worker, lambda: len(worker.tasks) == PARTITIONS)
        seconds = time.perf_counter() - begun_at
        return seconds, sum(book.open for task in worker.tasks.values() for book in task.fold.books)
    finally:
        worker.close()


def turn_until(worker: Worker, done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not done():
        worker.turn(0.05)
        if time.monotonic() > deadline:
            raise TimeoutError(f"not done within {PATIENCE_SECONDS:g} s")


def bare_read(bootstrap: str, app: App) -> float:
    """Seconds to read the changelog and look at each key and value."""
    reader = KafkaLog(bootstrap).reader()
    partitions = [Partition(app.changelog, number) for number in range(PARTITIONS)]
    ends = reader.ends(partitions)
    begun_at = time.perf_counter()
    reader.assign(dict.fromkeys(partitions, EARLIEST))
    while any(reader.position(one) < end for one, end in ends.items()):
        for record in reader.poll(50_000, 0.5):
            record.key(), record.value()
    seconds = time.perf_counter() - begun_at
    reader.close()
    return seconds


def from_changelog(bootstrap: str, count: int, rounds: int) -> None:
    log = KafkaLog(bootstrap)
    app = an_app(log)
    write_changelog(log, app, count)

    def worker() -> float:
        seconds, opened = restored(bootstrap, app)
        assert opened == count, opened
        return count / seconds

    figures = in_turns(rounds, {"bare read": lambda: count / bare_read(bootstrap, app), "restore": worker})
    print(f"from the changelog, {count:,} open on {PARTITIONS} partitions")
    for name, found in figures.items():
        print(f"  {name:10} {told(found, 'records/s')}")
    print(f"  ratio      {median(figures['restore']) / median(figures['bare read']):>10.2f}")


# --- from a snapshot -------------------------------------------------------------------------------------------------


def write_snapshots(log: KafkaLog, app: App, count: int, directory: Path) -> None:
    """What a worker with so many open would have written, its cut on the changelog and nothing behind it."""
    appender = log.appender()
    paths = Snapshots(directory, app, log, time.monotonic)
    identity = identity_of(log, app.changelog)
    for partition in range(PARTITIONS):
        book = CaseBook(TickHistory(), lambda _key, _value: None)
        book.load(dict(cases(count, partition)), {"day.utc": DAYS})
        cut = cut_of(log, app, 1, len(book))
        appender.append(Partition(app.changelog, partition), CUT_KEY, cut, 1)
        head = Head(
            app.name, log.cluster_id(), partition, app.changelog, identity, app.units, 0, cut.hex()
        )  # fmt: skip
        scribe = Scribe(paths.path(partition), head)
        scribe.start()
        for columns in book.dump():
            wait_for(scribe)
            scribe.write([(COLUMN, encode_column(0, column)) for column in columns])
        wait_for(scribe)
        scribe.write_end(Ending(len(book), 1))
        scribe.join()
        assert not scribe.error, scribe.error
    appender.close()


def wait_for(scribe: Scribe) -> None:
    while scribe.is_behind:
        scribe.join(0.001)


def from_snapshot(bootstrap: str, count: int, rounds: int) -> None:
    log = KafkaLog(bootstrap)
    app = an_app(log)
    directory = Path(tempfile.mkdtemp(prefix="passage-bench-"))
    try:
        in_a_process(sys.argv[0], "--write", app.name, bootstrap, str(directory), "--snapshot", str(count))

        def load() -> float:
            seconds, opened = in_a_process(sys.argv[0], "--load", app.name, bootstrap, str(directory))
            assert opened == count, opened
            return float(seconds)

        figures = in_turns(rounds, {"reading the bytes": lambda: read_bytes(directory), "restore": load})
        size = sum(path.stat().st_size for path in directory.iterdir())
    finally:
        shutil.rmtree(directory)
    print(f"from snapshots, {count:,} open on {PARTITIONS} partitions, {size / 1e6:,.0f} MB")
    for name, found in figures.items():
        print(f"  {name:18} {told(found, 's', 2)}")


def read_bytes(directory: Path) -> float:
    begun_at = time.perf_counter()
    for path in directory.iterdir():
        with path.open("rb", buffering=0) as file:
            while file.read(1 << 20):
                pass
    return time.perf_counter() - begun_at


def main() -> None:
    parser = argparse.ArgumentParser(description="How fast a task's state is back.")
    parser.add_argument("--changelog", type=int, default=1_000_000, metavar="OPEN", help="0: not from the changelog")
    parser.add_argument("--snapshot", type=int, default=1_000_000, metavar="OPEN", help="0: not from a snapshot")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--write", nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("--load", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    collect_seldom()  # as `passage processors run` does
    if given := options.write or options.load:
        name, bootstrap, directory = given
        app = app_of(name, f"{name}.facts")
        if options.write:
            write_snapshots(KafkaLog(bootstrap), app, options.snapshot, Path(directory))
            print("null")
        else:
            print(json.dumps(restored(bootstrap, app, Path(directory))))
        return
    with choose("kafka") as trial:
        assert trial.bootstrap is not None
        print(trial.why)
        write_clock(KafkaLog(trial.bootstrap))
        if options.changelog:
            from_changelog(trial.bootstrap, options.changelog, options.rounds)
        if options.snapshot:
            from_snapshot(trial.bootstrap, options.snapshot, options.rounds)


if __name__ == "__main__":
    main()
