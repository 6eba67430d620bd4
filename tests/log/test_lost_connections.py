"""A writer whose connection was lost in a transaction says so: what it asked of the broker may be asked twice."""

import os
import socket
import stat
from collections.abc import Callable, Iterator

import pytest

from passage_log.kafka import KafkaLog
from passage_log.memory import MemoryLog
from passage_log.port import Topic
from passage_schemas.log_record import Partition


def _cut_connections_to(port: int) -> int:
    """As if the network had, and of this process alone: both ends hear that the connection is over; how many were."""
    cut = 0
    for connection in _sockets():
        with connection:
            if connection.family in (socket.AF_INET, socket.AF_INET6) and _port_beyond(connection) == port:
                connection.shutdown(socket.SHUT_RDWR)
                cut += 1
    return cut


def _sockets() -> Iterator[socket.socket]:
    """Copies of this process's, which nobody else closes: clients of other tests may still come and go in it."""
    for name in os.listdir("/proc/self/fd"):
        try:
            copy = os.dup(int(name))
        except OSError:
            continue  # closed since
        if stat.S_ISSOCK(os.fstat(copy).st_mode):
            yield socket.socket(fileno=copy)
        else:
            os.close(copy)


def _port_beyond(connection: socket.socket) -> int | None:
    try:
        return int(connection.getpeername()[1])
    except OSError:
        return None  # not connected


@pytest.mark.kafka
def test_a_connection_lost_in_a_transaction_makes_the_writer_doubtful_once_it_has_committed(
    kafka_log: KafkaLog, kafka_bootstrap: str, topic_name: Callable[..., str]
) -> None:
    topic, name = topic_name("lost"), topic_name("writer")
    kafka_log.create([Topic(topic, 1)])
    writer = kafka_log.writer(name)
    writer.open()
    for value in (b"1", b"2"):
        writer.begin()
        writer.append(Partition(topic, 0), b"k", value, 1)
        writer.commit()
        assert not writer.is_doubtful

    writer.begin()
    writer.append(Partition(topic, 0), b"k", b"3", 1)
    assert _cut_connections_to(int(kafka_bootstrap.rpartition(":")[2])) > 0
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
