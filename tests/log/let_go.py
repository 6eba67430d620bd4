"""Uses a log in every way there is, closes what it opened, and looks at what is left.

    python -m tests.log.let_go BOOTSTRAP TOPIC

A process of its own, in which nobody else has a client, and in which cycles are never collected: so seldom does
`passage processors run` that it must not be counted on. Ends with an error when a thread of the client's stays.
"""

import gc
import sys
import threading
from contextlib import suppress
from pathlib import Path
from time import monotonic

from passage_log.errors import LogError, Unreachable
from passage_log.kafka import KafkaLog
from passage_log.port import EARLIEST, Topic, Writer
from passage_schemas.log_record import Partition
from tests.log.world import BOUND_SECONDS, T0, wait

MOMENTS = 20


def main(bootstrap: str, topic: str) -> None:
    gc.disable()
    kept = [*use(bootstrap, topic), *ask_in_vain("127.0.0.1:1")]
    wait_for_silence()
    del kept


def use(bootstrap: str, topic: str) -> list[object]:
    """All objects are kept: it is their end that counts, not that they are forgotten."""
    log, partition = KafkaLog(bootstrap), Partition(topic, 0)
    log.create([Topic(topic, 1)])
    with suppress(LogError):
        log.create([Topic(topic, 0)])  # a question that fails
    appender = log.appender()
    appender.append(partition, b"k", b"v", T0)
    appender.close()
    writers = [discarded(log, partition, moment / 5_000) for moment in range(MOMENTS)]
    reader = log.reader()
    reader.assign({partition: EARLIEST})
    reader.poll(1, 1.0)
    reader.close()
    member = log.member(f"{topic}.group", [topic], "range")
    wait([member], lambda: bool(member.assignment().partitions))
    member.committed([partition], 5.0)
    member.close()
    log.close()
    return [log, appender, *writers, reader, member]


def discarded(log: KafkaLog, partition: Partition, seconds: float) -> Writer:
    """In the midst of a transaction, of which its client tells the broker within the first few milliseconds."""
    writer = log.writer(f"{partition.topic}.writer")
    writer.open()
    writer.begin()
    writer.append(partition, b"k", b"v", T0)
    threading.Event().wait(seconds)
    writer.discard()
    return writer


def ask_in_vain(nobody: str) -> list[object]:
    log = KafkaLog(nobody, connect_timeout_seconds=0.5)
    writer, appender = log.writer("nobody"), log.appender()
    for attempt in (writer.open, log.cluster_id):
        with suppress(Unreachable):
            attempt()
    appender.append(Partition("nowhere", 0), b"k", b"v", T0)
    appender.close()
    log.close()
    return [log, writer, appender]


def wait_for_silence() -> None:
    deadline = monotonic() + BOUND_SECONDS
    while left := [name for name in names_of_threads() if name.startswith("rdk:")]:
        assert monotonic() < deadline, f"still there: {left}"
        threading.Event().wait(0.05)


def names_of_threads() -> list[str]:
    """As the kernel knows them: the client's are none of Python's."""
    found = []
    for thread in Path("/proc/self/task").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):
            found.append((thread / "comm").read_text(encoding="ascii").strip())
    return found


if __name__ == "__main__":
    main(*sys.argv[1:])
