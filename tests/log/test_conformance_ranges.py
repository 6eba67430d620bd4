"""What reading a range once must do on every log: all of it, no more, and never for ever."""

from collections.abc import Sequence

import pytest

from passage_log.errors import Unreachable
from passage_log.port import EARLIEST, Writer
from passage_log.ranges import (
    FIRST_LOOK_BACK,
    await_decided,
    last_of_each,
    last_records,
    read_all,
    read_decided,
    read_range,
    readable_ends,
    undecided,
)
from passage_schemas.log_record import Partition, Record
from tests.log.world import T0, World, append_all, new_topic, open_writer

SOON = 0.5


def write(world: World, partition: Partition, committed: Sequence[bytes], aborts: int = 0) -> None:
    """Each in a transaction of its own. Comes back when all of it is decided: on Kafka a marker takes its time."""
    writer = open_writer(world)
    for value in committed:
        append_all(writer, partition, [(b"k", value)])
    for _ in range(aborts):
        writer.begin()
        writer.append(partition, b"k", b"aborted", T0)
        writer.abort()
    writer.discard()
    await_everything(world, partition)


def await_everything(world: World, partition: Partition) -> None:
    reader = world.log.reader()
    await_decided(reader, reader.ends([partition]))
    reader.close()


def left_open(world: World, partition: Partition) -> Writer:
    """A transaction that nobody has ended."""
    writer = open_writer(world)
    writer.begin()
    writer.deliver(partition, b"k", b"open", T0)
    return writer


def values(records: Sequence[Record]) -> list[bytes | None]:
    return [record.value() for record in records]


def test_a_range_is_read_once_up_to_the_end_it_has_now(world: World, partition: Partition) -> None:
    write(world, partition, [b"0", b"1", b"2"], aborts=2)
    reader = world.log.reader()
    ends = readable_ends(reader, [partition])
    write(world, partition, [b"later"])

    assert values(list(read_range(reader, {partition: EARLIEST}, ends))) == [b"0", b"1", b"2"]
    assert list(read_range(reader, {partition: ends[partition]}, ends)) == []
    assert values(list(read_all(world.log, partition))) == [b"0", b"1", b"2", b"later"]
    assert values(list(read_all(world.log, partition, ends[partition]))) == [b"0", b"1", b"2"]


def test_several_partitions_are_read_each_to_its_own_end(world: World) -> None:
    one, other, empty = new_topic(world, 3)
    write(world, one, [b"1", b"2"])
    write(world, other, [b"3"])
    heard: list[tuple[int, int]] = []
    reader = world.log.reader()
    ends = readable_ends(reader, [one, other, empty])

    records = list(read_decided(reader, [one, other, empty], lambda done, total: heard.append((done, total))))

    assert values([record for record in records if record.partition() == one.number]) == [b"1", b"2"]
    assert values([record for record in records if record.partition() == other.number]) == [b"3"]
    assert heard[0] == (0, sum(ends.values()))


def test_nothing_but_aborted_records_is_no_silence(world: World, partition: Partition) -> None:
    write(world, partition, [], aborts=3)
    reader = world.log.reader()
    ends = reader.ends([partition])
    # Without patience for a single poll that gives nothing and doesn't move on.
    assert list(read_range(reader, {partition: EARLIEST}, ends, patience_seconds=SOON)) == []


def test_what_is_undecided_is_stopped_at_or_waited_for_with_a_bound(world: World, partition: Partition) -> None:
    write(world, partition, [b"before"])
    writer = left_open(world, partition)
    append_all(open_writer(world), partition, [(b"k", b"behind")])
    reader = world.log.reader()

    assert values(list(read_decided(reader, [partition]))) == [b"before"]
    assert undecided(reader, [partition]) == readable_ends(reader, [partition])
    with pytest.raises(Unreachable, match=f"{partition.topic}: .* transaction there stays open"):
        list(read_range(reader, {partition: EARLIEST}, reader.ends([partition]), patience_seconds=SOON))

    writer.commit()
    assert values(list(read_all(world.log, partition))) == [b"before", b"open", b"behind"]
    assert undecided(reader, [partition]) == {}


def test_the_last_record_is_found_behind_what_was_aborted(world: World) -> None:
    one, empty = new_topic(world, 2)
    write(world, one, [b"0", b"1", b"2"], aborts=FIRST_LOOK_BACK * 2)
    found = last_records(world.log.reader(), [one, empty])
    assert {partition: record.value() for partition, record in found.items()} == {one: b"2"}


def test_the_last_record_is_found_where_older_ones_are_gone(world: World, partition: Partition) -> None:
    write(world, partition, [b"%d" % number for number in range(FIRST_LOOK_BACK)])
    reader = world.log.reader()
    end = reader.end(partition)
    world.forget_before(partition, end - 4)
    assert values([*last_records(reader, [partition]).values()]) == [b"%d" % (FIRST_LOOK_BACK - 1)]


def looked_up(
    world: World, partition: Partition, wanted: Sequence[bytes], most: int = 1_000_000
) -> dict[bytes, bytes | None]:
    """By key; a record that says `unreadable` is none."""
    return last_of_each(
        world.log.reader(),
        {partition: wanted},
        lambda record: record.key(),
        lambda record: None if record.value() == b"unreadable" else record.value(),
        first_look_back=8,
        most_look_back=most,
    )


def test_the_last_of_each_name_is_found_by_looking_back(world: World, partition: Partition) -> None:
    writer = open_writer(world)
    append_all(writer, partition, [(b"rare", b"old"), (b"rare", b"last"), (b"rare", b"unreadable")])
    append_all(writer, partition, [(b"often", b"%d" % number) for number in range(60)])
    await_everything(world, partition)

    assert looked_up(world, partition, [b"often"]) == {b"often": b"59"}
    assert looked_up(world, partition, [b"often", b"rare"]) == {b"often": b"59", b"rare": b"last"}
    assert looked_up(world, partition, [b"often", b"rare"], most=16) == {b"often": b"59"}
    assert looked_up(world, partition, []) == {b"often": b"59"}
    assert looked_up(world, partition, [b"never"]) == {b"often": b"59", b"rare": b"last"}
