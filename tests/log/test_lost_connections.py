"""A writer whose connection was lost in a transaction says so: what it asked of the broker may be asked twice."""

import os
import socket
from collections.abc import Callable

import pytest

from passage_log.kafka import KafkaLog
from passage_log.memory import MemoryLog
from passage_log.port import Partition, Topic


def _sockets() -> set[tuple[int, str]]:
    """This process's, by descriptor and identity."""
    found = set()
    for name in os.listdir("/proc/self/fd"):
        try:
            target = os.readlink(f"/proc/self/fd/{name}")
        except FileNotFoundError:
            continue  # that of the listing itself
        if target.startswith("socket:"):
            found.add((int(name), target))
    return found


def _cut(chosen: set[tuple[int, str]]) -> int:
    """As if the network had: both ends hear that the connection is over."""
    cut = 0
    for descriptor, _ in chosen & _sockets():
        with socket.socket(fileno=os.dup(descriptor)) as connection:
            if connection.family in (socket.AF_INET, socket.AF_INET6):
                connection.shutdown(socket.SHUT_RDWR)
                cut += 1
    return cut


@pytest.mark.kafka
def test_a_connection_lost_in_a_transaction_makes_the_writer_doubtful_once_it_has_committed(
    kafka_log: KafkaLog, topic_name: Callable[..., str]
) -> None:
    topic, name = topic_name("lost"), topic_name("writer")
    kafka_log.create([Topic(topic, 1)])
    before = _sockets()
    writer = kafka_log.writer(name)
    writer.open()
    for value in (b"1", b"2"):
        writer.begin()
        writer.append(Partition(topic, 0), b"k", value, 1)
        writer.commit()
        assert not writer.is_doubtful

    writer.begin()
    writer.append(Partition(topic, 0), b"k", b"3", 1)
    assert _cut(_sockets() - before) > 0
    writer.commit()
    assert writer.is_doubtful

    writer.begin()
    writer.append(Partition(topic, 0), b"k", b"4", 1)
    writer.commit()
    assert not writer.is_doubtful, "what was lost before this transaction is no doubt of this one"
    writer.discard()
    reader = kafka_log.reader()
    reader.assign({Partition(topic, 0): 0})
    values: list[bytes | None] = []
    while len(values) < 4:
        values += [record.value() for record in reader.poll(10, 1.0)]
    reader.close()
    assert values == [b"1", b"2", b"3", b"4"]


def test_in_memory_there_is_nothing_to_lose() -> None:
    log = MemoryLog()
    log.create([Topic("t", 1)])
    writer = log.writer("w")
    writer.open()
    writer.begin()
    writer.append(Partition("t", 0), b"k", b"v", 1)
    writer.commit()
    assert not writer.is_doubtful
