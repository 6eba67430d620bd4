"""What every log must do with topics and the reading of them."""

import pytest

from passage_log.errors import LogError, Truncated, Unfit
from passage_log.port import EARLIEST, Log, Topic
from passage_schemas.log_record import Partition
from tests.log.world import (
    KEEP,
    T0,
    World,
    append_all,
    member_of,
    new_topic,
    open_writer,
    read,
    read_to_end,
    reading,
    wait,
)

DAY_MS = 86_400_000


def test_a_created_topic_is_described_with_all_its_settings(world: World) -> None:
    name = world.name()
    world.log.create([Topic(name, 3, {"cleanup.policy": "compact", "retention.ms": "-1"})])
    topic = world.log.describe([name])[name]
    assert topic is not None
    assert (topic.name, topic.partitions) == (name, 3)
    assert topic.settings["cleanup.policy"] == "compact"
    assert topic.settings["retention.ms"] == "-1"
    assert topic.settings["message.timestamp.type"] == "CreateTime"
    assert int(topic.settings["max.message.bytes"]) > 0


def test_creating_a_topic_again_leaves_it_as_it_is(world: World) -> None:
    (partition,) = new_topic(world)
    append_all(open_writer(world), partition, [(b"k", b"kept")])
    world.log.create([Topic(partition.topic, 5, KEEP), Topic(other := world.name(), 2, KEEP)])
    described = world.log.describe([partition.topic, other])
    assert [topic and topic.partitions for topic in described.values()] == [1, 2]
    assert read_to_end(reading(world, partition), partition) == [b"kept"]


def test_a_topic_has_an_identity_that_stays_and_is_its_own(world: World) -> None:
    first, second = world.name(), world.name()
    world.log.create([Topic(first, 1), Topic(second, 1)])
    identities = [topic and topic.identity for topic in world.log.describe([first, second]).values()]
    assert all(identities)
    assert len(set(identities)) == 2
    world.log.create([Topic(first, 1)])
    assert identities == [topic and topic.identity for topic in world.log.describe([first, second]).values()]


def test_a_topic_that_is_not_there_is_described_as_none(world: World) -> None:
    (partition,) = new_topic(world)
    absent = world.name("absent")
    described = world.log.describe([absent, partition.topic])
    assert described[absent] is None
    assert described[partition.topic] is not None
    assert world.log.describe([]) == {}


def test_a_topic_needs_a_partition(world: World) -> None:
    with pytest.raises(Unfit):
        world.log.create([Topic(world.name(), 0)])


def test_reading_a_topic_that_is_not_there_is_an_error(world: World) -> None:
    reader = reading(world, Partition(world.name("absent"), 0))
    with pytest.raises(Unfit):
        wait([reader], lambda: False)


def test_asking_for_the_end_of_a_topic_that_is_not_there_is_an_error(world: World) -> None:
    with pytest.raises(Unfit):
        world.log.reader().end(Partition(world.name("absent"), 0))


def test_a_member_of_a_topic_that_is_not_there_is_told(world: World) -> None:
    member = member_of(world, world.name("group"), [world.name("absent")])
    with pytest.raises(LogError):
        wait([member], lambda: False)
    member.close()


def test_assign_replaces_what_was_read(world: World) -> None:
    first, second = new_topic(world, partitions=2)
    writer = open_writer(world)
    append_all(writer, first, [(b"k", b"a1"), (b"k", b"a2")])
    append_all(writer, second, [(b"k", b"b1")])
    reader = reading(world, first)
    assert [record.value() for record in read(reader, 1)] == [b"a1"]

    reader.assign({second: 0})

    assert read_to_end(reader, second) == [b"b1"]
    assert reader.poll(10, 0.2) == []


def test_a_paused_partition_gives_nothing_until_it_is_resumed(world: World) -> None:
    first, second = new_topic(world, partitions=2)
    writer = open_writer(world)
    append_all(writer, first, [(b"k", b"a1"), (b"k", b"a2")])
    append_all(writer, second, [(b"k", b"b1")])
    reader = reading(world, first)
    assert [record.value() for record in read(reader, 1)] == [b"a1"]
    reader.assign({first: 1, second: 0})

    reader.pause([first])
    assert [record.value() for record in read(reader, 1)] == [b"b1"]
    assert reader.poll(10, 0.3) == []
    assert reader.position(first) == 1

    reader.resume([first])
    assert [record.value() for record in read(reader, 1)] == [b"a2"]


def test_a_partition_paused_in_the_middle_goes_on_where_it_was(world: World, partition: Partition) -> None:
    append_all(open_writer(world), partition, [(b"k", b"%d" % number) for number in range(100)])
    reader = reading(world, partition)
    first = read(reader, 10)
    reader.pause([partition])
    assert reader.poll(10, 0.2) == []
    assert reader.position(partition) == 10
    reader.resume([partition])
    values = [record.value() for record in first + read(reader, 90)]
    assert values == [b"%d" % number for number in range(100)]


def test_assigning_anew_ends_a_pause(world: World, partition: Partition) -> None:
    append_all(open_writer(world), partition, [(b"k", b"v")])
    reader = reading(world, partition)
    reader.pause([partition])
    reader.assign({partition: EARLIEST})
    assert read_to_end(reader, partition) == [b"v"]


def test_assigning_anew_ends_a_pause_of_a_partition_that_was_being_read(world: World, partition: Partition) -> None:
    append_all(open_writer(world), partition, [(b"k", b"v")])
    reader = reading(world, partition)
    assert read_to_end(reader, partition) == [b"v"]
    reader.pause([partition])
    reader.assign({})
    reader.assign({partition: EARLIEST})
    assert read_to_end(reader, partition) == [b"v"]


def test_records_that_are_gone_are_an_error_never_a_silent_jump(world: World, partition: Partition) -> None:
    append_all(open_writer(world), partition, [(b"k", b"%d" % number) for number in range(10)])
    world.forget_before(partition, 6)
    reader = reading(world, partition, offset=2)
    with pytest.raises(Truncated, match="retention"):
        wait([reader], lambda: False)
    assert read_to_end(reading(world, partition, EARLIEST), partition) == [b"6", b"7", b"8", b"9"]
    assert read_to_end(reading(world, partition, 7), partition) == [b"7", b"8", b"9"]


def test_an_offset_the_log_has_never_reached_is_an_error(world: World, partition: Partition) -> None:
    append_all(open_writer(world), partition, [(b"k", b"v")])
    with pytest.raises(Truncated):
        wait([reading(world, partition, offset=500)], lambda: False)


def test_reading_may_begin_at_the_end(world: World, partition: Partition) -> None:
    writer = open_writer(world)
    append_all(writer, partition, [(b"k", b"old")])
    reader = reading(world, partition, world.log.reader().end(partition))
    append_all(writer, partition, [(b"k", b"new")])
    assert read_to_end(reader, partition) == [b"new"]


def test_no_record_dated_at_or_after_an_instant_lies_before_its_offset(world: World, partition: Partition) -> None:
    writer = open_writer(world)
    writer.begin()
    for day in range(10):
        writer.append(partition, b"k", b"day %d" % day, T0 + day * DAY_MS)
    writer.commit()
    reader = reading(world, partition, 0)
    read_to_end(reader, partition)  # it is decided only once its marker is there

    assert reader.offset_at(partition, T0) == 0
    assert reader.offset_at(partition, T0 + 4 * DAY_MS) == 4
    assert reader.offset_at(partition, T0 + 4 * DAY_MS + 1) == 5


def test_an_instant_later_than_all_records_gives_the_stable_end(world: World, partition: Partition) -> None:
    far = T0 + 100_000 * DAY_MS
    writer, slow = open_writer(world), open_writer(world)
    append_all(writer, partition, [(b"k", b"v")])
    reader = world.log.reader()
    wait([reader], lambda: reader.offset_at(partition, far) == 2)

    slow.begin()
    slow.deliver(partition, b"k", b"undecided", T0)
    assert reader.end(partition) == 3
    assert reader.offset_at(partition, far) == 2
    slow.abort()


def test_compaction_keeps_the_last_record_of_each_key_at_its_offset(world: World) -> None:
    (partition,) = new_topic(
        world,
        cleanup_policy="compact",
        segment_ms="100",
        min_cleanable_dirty_ratio="0.01",
        message_timestamp_after_max_ms=str(2**63 - 1),
    )
    writer = open_writer(world)
    append_all(writer, partition, [(b"a", b"1"), (b"b", b"1"), (b"a", b"2"), (b"c", b"1"), (b"b", None), (b"a", b"3")])

    def kept() -> list[tuple[bytes | None, bytes | None, int]]:
        reader = reading(world, partition)
        end = reader.end(partition)
        records = wait([reader], lambda: reader.position(partition) >= end)
        reader.close()
        return [(r.key(), r.value(), r.offset()) for r in records if r.key() != b"later"]

    last = [(b"c", b"1", 3), (b"b", None, 4), (b"a", b"3", 5)]
    world.await_compaction(partition.topic, writer, done=lambda: kept() == last)

    assert [record.value() for record in read(reading(world, partition, offset=1), 1)] == [b"1"], "offset 3 comes next"


def test_a_reader_waits_for_a_record_that_is_still_to_come(log: Log, world: World, partition: Partition) -> None:
    reader = reading(world, partition)
    assert reader.poll(10, 0.0) == []
    append_all(open_writer(world), partition, [(b"k", b"at last")])
    assert [record.value() for record in read(reader, 1)] == [b"at last"]
