"""What a look at the log alone finds, whatever holes its offsets have."""

from collections.abc import Callable

import pytest

from passage_log.memory import MemoryLog
from passage_log.port import Log, Partition, Topic
from passage_processors.runtime.cuts import last_cuts
from passage_processors.runtime.looking import FIRST_LOOK_BACK, between, last_records, readable_ends
from passage_processors.runtime.replay import read_all
from tests.processors.world import InvoiceSent, World, day, invoices, overdue


@pytest.fixture(params=["memory", pytest.param("kafka", marks=pytest.mark.kafka)])
def log(request: pytest.FixtureRequest) -> Log:
    if request.param == "memory":
        return MemoryLog()
    found: Log = request.getfixturevalue("kafka_log")
    return found


@pytest.fixture
def topic(log: Log, topic_name: Callable[..., str]) -> str:
    name = topic_name("looked-at")
    log.create([Topic(name, 2)])
    return name


def write(log: Log, topic: str, commits: int, aborts: int) -> None:
    writer = log.writer(f"{topic}-writer")
    writer.open()
    for number in range(commits + aborts):
        writer.begin()
        writer.append(Partition(topic, 0), b"k", str(number).encode(), 1)
        if number < commits:
            writer.commit()
        else:
            writer.abort()
    writer.discard()
    for _ in read_all(log, Partition(topic, 0)):
        pass  # to the end: what was written is decided only once its marker is there


def test_the_last_record_is_found_behind_what_was_aborted(log: Log, topic: str) -> None:
    write(log, topic, commits=3, aborts=FIRST_LOOK_BACK * 2)
    reader = log.reader()
    found = last_records(reader, [Partition(topic, 0), Partition(topic, 1)])
    assert {partition.number: record.value() for partition, record in found.items()} == {0: b"2"}
    reader.close()


def test_what_is_readable_is_read_once_up_to_the_end_it_has_now(log: Log, topic: str) -> None:
    write(log, topic, commits=5, aborts=2)
    reader, partition = log.reader(), Partition(topic, 0)
    ends = readable_ends(reader, [partition])
    write(log, topic, commits=1, aborts=0)
    assert [record.value() for record in between(reader, {partition: 0}, ends)] == [b"0", b"1", b"2", b"3", b"4"]
    assert list(between(reader, {partition: ends[partition]}, ends)) == []
    reader.close()


def test_the_last_cut_of_each_task_tells_how_far_it_has_come() -> None:
    world = World(invoices(overdue()), partitions=2)
    world.name(next_at=day(1))
    world.fact(InvoiceSent("inv-1", terms=5), day(0.5))
    worker = world.worker()
    world.days(1, 3)
    world.settle(worker)
    found = last_cuts(world.log, world.app.timeline, range(2))
    assert {number: stored.cut for number, stored in found.items()} == {
        number: task.cut for number, task in worker.tasks.items()
    }
    assert [stored.cut.tick_sequence for stored in found.values()] == [3, 3]


def test_a_task_that_never_took_a_step_has_no_last_cut() -> None:
    world = World(invoices(overdue()))
    assert last_cuts(world.log, world.app.timeline, [0]) == {}
