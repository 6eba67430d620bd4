"""What every log must do with records and transactions: both adapters are held to the same story."""

from typing import Any

import pytest

from passage_log.errors import Fenced, Refused, Unfit
from passage_log.port import EARLIEST, Log, Writer
from passage_schemas.log_record import Partition, Weighed
from tests.log.world import T0, World, append_all, new_topic, open_writer, read, read_to_end, reading, wait

HOUR_MS = 3_600_000


def test_records_are_read_as_they_were_appended(world: World, partition: Partition) -> None:
    writer = open_writer(world)
    writer.begin()
    writer.append(partition, b"inv-1", b"sent", T0, [("ce_id", b"1"), ("ce_id", b"2")])
    writer.append(partition, None, b"keyless", T0 + 1)
    writer.append(partition, b"inv-1", None, T0 - 5)
    writer.commit()

    first, second, third = read(reading(world, partition), 3)

    assert (first.topic(), first.partition(), first.offset()) == (partition.topic, 0, 0)
    assert (first.key(), first.value(), first.timestamp()) == (b"inv-1", b"sent", (1, T0))
    assert first.headers() == [("ce_id", b"1"), ("ce_id", b"2")]
    assert (second.key(), second.value(), second.headers()) == (None, b"keyless", None)
    assert (third.key(), third.value(), third.timestamp()) == (b"inv-1", None, (1, T0 - 5))


def test_a_header_may_have_no_value(world: World, partition: Partition) -> None:
    writer = open_writer(world)
    writer.begin()
    bare: Any = [("trace", None), ("ce_id", b"")]
    writer.append(partition, b"k", b"light", T0, bare)
    writer.append(partition, b"k", b"x" * 20_000, T0, bare)
    writer.commit()

    assert [one.headers() for one in read(reading(world, partition), 2)] == [bare, bare]


def test_many_are_appended_at_once_each_under_the_prefix_and_its_key(world: World, partition: Partition) -> None:
    heavy = b"x" * 100_000
    writer = open_writer(world)
    writer.begin()
    writer.append(partition, b"k", b"before", T0)
    writer.append_all(partition, b"overdue/", {b"inv-2": b"open", b"inv-1": None, b"": heavy, b"\0": b""}, T0 + 1)
    writer.append(partition, b"k", b"after", T0 + 2)
    writer.commit()

    records = read(reading(world, partition), 6)

    assert [(one.key(), one.value(), one.timestamp()) for one in records] == [
        (b"k", b"before", (1, T0)),
        (b"overdue/inv-2", b"open", (1, T0 + 1)),
        (b"overdue/inv-1", None, (1, T0 + 1)),
        (b"overdue/", heavy, (1, T0 + 1)),
        (b"overdue/\0", b"", (1, T0 + 1)),
        (b"k", b"after", (1, T0 + 2)),
    ]
    assert {one.headers() for one in records if not one.headers()} == {None}


def test_many_appended_at_once_are_refused_like_one(world: World) -> None:
    (partition,) = new_topic(world, max_message_bytes="50000")
    writer = open_writer(world)
    writer.begin()
    with pytest.raises(Refused, match="timestamp"):
        writer.append_all(partition, b"", {b"k": b"v"}, 0)
    with pytest.raises(Refused, match=r"max\.message\.bytes"):
        writer.append_all(partition, b"p/", {b"1": b"before", b"2": b"x" * 50_000, b"3": b"never"}, T0)
    writer.commit()
    (record,) = read(reading(world, partition), 1)
    assert (record.key(), record.value()) == (b"p/1", b"before")


def test_each_of_many_keeps_its_headers_light_or_not(world: World, partition: Partition) -> None:
    events = [
        (b"inv-1", b"light", [("ce_id", b"1"), ("ce_id", b"2")]),
        (b"", b"", [("ce_id", b"x" * 100_000)]),
        (b"inv-1", b"x" * 100_000, [("ce_id", b"3")]),
        (b"inv-2", b"last", [("ce_id", b"4")]),
    ]
    writer = open_writer(world)
    writer.begin()
    writer.append(partition, b"k", b"before", T0)
    writer.append_each(partition, (weighed(*event) for event in events), T0 + 1)
    writer.append(partition, b"k", b"after", T0 + 2)
    writer.commit()

    before, *records, after = read(reading(world, partition), 6)

    assert [(one.key(), one.value(), one.headers()) for one in records] == events
    assert {one.timestamp() for one in records} == {(1, T0 + 1)}
    assert (before.value(), after.value()) == (b"before", b"after")


def weighed(key: bytes, value: bytes, headers: list[tuple[str, bytes]]) -> Weighed:
    return key, value, headers, len(key) + len(value) + sum(len(name) + len(said) for name, said in headers)


def test_each_of_many_is_refused_like_one(world: World) -> None:
    (partition,) = new_topic(world, max_message_bytes="50000")
    writer = open_writer(world)
    writer.begin()
    before, heavy, never = (weighed(b"k", value, [("h", b"")]) for value in (b"before", b"x" * 50_000, b"never"))
    with pytest.raises(Refused, match="timestamp"):
        writer.append_each(partition, [before], 0)
    with pytest.raises(Refused, match=r"max\.message\.bytes"):
        writer.append_each(partition, [before, heavy, never], T0)
    writer.commit()
    (record,) = read(reading(world, partition), 1)
    assert record.value() == b"before"


def test_a_fenced_writer_can_append_no_more_at_once(world: World, partition: Partition) -> None:
    name = world.name("writer")
    older = open_writer(world, name)
    older.begin()
    older.append_all(partition, b"", {b"k": b"zombie"}, T0)
    open_writer(world, name)
    with pytest.raises(Fenced):
        append_all_and_commit(older, partition)
    older = open_writer(world, name)
    older.begin()
    open_writer(world, name)
    with pytest.raises(Fenced):
        append_each_and_commit(older, partition)
    assert read_to_end(reading(world, partition), partition) == []


def append_all_and_commit(writer: Writer, partition: Partition) -> None:
    writer.append_all(partition, b"", {b"%d" % number: b"zombie" for number in range(1000)}, T0)
    writer.commit()


def append_each_and_commit(writer: Writer, partition: Partition) -> None:
    writer.append_each(partition, [weighed(b"k", b"zombie", [("h", b"")])] * 1000, T0)
    writer.commit()


def test_order_holds_over_many_records_and_transactions(world: World, partition: Partition) -> None:
    writer = open_writer(world)
    for start in range(0, 3000, 1000):
        append_all(writer, partition, [(b"k", b"%d" % number) for number in range(start, start + 1000)])

    records = read(reading(world, partition), 3000)

    assert [record.value() for record in records] == [b"%d" % number for number in range(3000)]
    offsets = [record.offset() for record in records]
    assert offsets == sorted(set(offsets))
    assert offsets[-1] > 2999, "each marker takes an offset"


def test_a_poll_gives_no_more_than_it_was_asked_for_and_the_position_follows(
    world: World, partition: Partition
) -> None:
    append_all(open_writer(world), partition, [(b"k", b"%d" % number) for number in range(10)])
    reader = reading(world, partition)

    for expected in range(1, 8):
        (record,) = read(reader, 1)
        assert record.value() == b"%d" % (expected - 1)
        assert reader.position(partition) == expected


def test_an_open_transaction_hides_its_records_and_all_that_follow(world: World, partition: Partition) -> None:
    before, slow, quick = open_writer(world), open_writer(world), open_writer(world)
    append_all(before, partition, [(b"k", b"before")])
    slow.begin()
    slow.deliver(partition, b"k", b"slow", T0)
    append_all(quick, partition, [(b"k", b"quick")])
    reader = reading(world, partition)

    seen = wait([reader], lambda: reader.position(partition) == 2)  # the record and its marker

    assert [record.value() for record in seen] == [b"before"]
    assert reader.poll(10, 0.3) == []
    assert reader.position(partition) == 2, "the first undecided record"
    assert reader.end(partition) >= 4, "the high watermark: undecided records and what follows are on the log"
    slow.commit()
    assert [record.value() for record in read(reader, 2)] == [b"slow", b"quick"]


def test_an_aborted_transaction_is_never_read_and_the_position_passes_it(world: World, partition: Partition) -> None:
    writer = open_writer(world)
    append_all(writer, partition, [(b"k", b"kept")])
    writer.begin()
    writer.deliver(partition, b"k", b"given up", T0)
    writer.abort()
    reader = reading(world, partition)

    assert read_to_end(reader, partition) == [b"kept"]
    wait([reader], lambda: reader.position(partition) == reader.end(partition) == 4)
    append_all(writer, partition, [(b"k", b"next")])
    assert read_to_end(reader, partition) == [b"next"]


def test_a_transaction_can_be_aborted_while_the_one_before_is_still_being_settled(world: World) -> None:
    """However far it has come itself: a commit is decided before all its partitions know."""
    partitions, writer = new_topic(world, 8), open_writer(world)
    for number in range(60):
        writer.begin()
        for partition in partitions:
            writer.append(partition, b"k", b"kept", T0)
        writer.commit()
        writer.begin()
        for _ in range(1 + number * 50):
            writer.append(partitions[0], b"k", b"given up", T0)
        writer.abort()
    assert read_to_end(reading(world, partitions[0]), partitions[0]) == [b"kept"] * 60


def test_before_the_first_poll_a_position_is_what_was_assigned(world: World, partition: Partition) -> None:
    append_all(open_writer(world), partition, [(b"k", b"1"), (b"k", b"2"), (b"k", b"3")])
    reader = world.log.reader()

    reader.assign({partition: 1})
    assert reader.position(partition) == 1
    assert [record.value() for record in read(reader, 2)] == [b"2", b"3"]

    reader.assign({partition: EARLIEST})
    assert reader.position(partition) == EARLIEST
    assert read_to_end(reader, partition) == [b"1", b"2", b"3"]


def test_an_empty_partition_is_read_to_its_end(world: World, partition: Partition) -> None:
    reader = reading(world, partition)
    assert read_to_end(reader, partition) == []
    assert reader.end(partition) == 0


def test_the_ends_of_several_partitions_come_in_one_answer(world: World) -> None:
    first, second, third = new_topic(world, partitions=3)
    writer = open_writer(world)
    append_all(writer, first, [(b"k", b"v")])
    append_all(writer, third, [(b"k", b"v"), (b"k", b"w")])
    reader = world.log.reader()

    def ends() -> dict[Partition, int]:
        return reader.ends([first, second, third])

    # The records are there when `commit` returns; their markers may follow a moment later.
    assert ends()[third] >= 2
    wait([reader], lambda: ends() == {first: 2, second: 0, third: 3})


def test_a_transaction_over_several_partitions_becomes_readable_whole(world: World) -> None:
    partitions = new_topic(world, partitions=3)
    writer = open_writer(world)
    writer.begin()
    for partition in partitions:
        writer.append(partition, b"k", b"all", T0)
    reader = world.log.reader()
    reader.assign(dict.fromkeys(partitions, EARLIEST))
    assert reader.poll(10, 0.3) == []
    writer.commit()
    assert sorted(record.partition() for record in read(reader, 3)) == [0, 1, 2]


def test_a_newer_writer_fences_the_older_and_aborts_what_it_left_open(world: World, partition: Partition) -> None:
    older = open_writer(world, name := world.name("clock"))
    older.begin()
    older.deliver(partition, b"k", b"from the grave", T0)

    newer = open_writer(world, name)
    append_all(newer, partition, [(b"k", b"alive")])
    with pytest.raises(Fenced):
        older.commit()

    reader = reading(world, partition)
    assert read_to_end(reader, partition) == [b"alive"]
    with pytest.raises(Fenced):
        append_all(older, partition, [(b"k", b"again")])
    append_all(newer, partition, [(b"k", b"still alive")])
    assert read_to_end(reader, partition) == [b"still alive"]


def test_a_fenced_writer_that_was_idle_writes_nothing_readable(world: World, partition: Partition) -> None:
    older = open_writer(world, name := world.name("clock"))
    append_all(older, partition, [(b"k", b"in office")])
    append_all(open_writer(world, name), partition, [(b"k", b"successor")])

    with pytest.raises(Fenced):
        append_all(older, partition, [(b"k", b"zombie")])

    assert read_to_end(reading(world, partition), partition) == [b"in office", b"successor"]


def test_a_fenced_writer_that_goes_on_appending_is_told_that_it_is_fenced(world: World, partition: Partition) -> None:
    older = open_writer(world, name := world.name("clock"))
    append_all(open_writer(world, name), partition, [(b"k", b"successor")])

    def go_on() -> None:
        older.begin()
        for _ in range(1_000_000):  # the broker's refusal comes in the midst of it
            older.append(partition, b"k", b"zombie", T0)
        older.commit()

    with pytest.raises(Fenced):
        go_on()
    assert read_to_end(reading(world, partition), partition) == [b"successor"]


def begin_and_deliver(writer: Writer, partition: Partition) -> None:
    writer.begin()
    writer.deliver(partition, b"k", b"zombie", T0)


def test_a_fenced_writer_that_waits_for_a_delivery_is_told_so_too(world: World, partition: Partition) -> None:
    for _ in range(8):  # the broker's refusal reaches the client by one way or another
        older = open_writer(world, name := world.name("clock"))
        append_all(older, partition, [(b"k", b"in office")])
        append_all(open_writer(world, name), partition, [(b"k", b"successor")])
        with pytest.raises(Fenced):
            begin_and_deliver(older, partition)
    assert b"zombie" not in read_to_end(reading(world, partition), partition)


def test_a_discarded_writers_transaction_is_aborted_by_the_next_of_its_name(world: World, partition: Partition) -> None:
    lost = open_writer(world, name := world.name("worker"))
    lost.begin()
    lost.deliver(partition, b"k", b"half", T0)
    lost.discard()
    append_all(open_writer(world, name), partition, [(b"k", b"whole")])
    assert read_to_end(reading(world, partition), partition) == [b"whole"]


def test_writers_of_other_names_do_not_fence_each_other(world: World, partition: Partition) -> None:
    one, other = open_writer(world), open_writer(world)
    append_all(one, partition, [(b"k", b"1")])
    append_all(other, partition, [(b"k", b"2")])
    append_all(one, partition, [(b"k", b"3")])
    assert read_to_end(reading(world, partition), partition) == [b"1", b"2", b"3"]


def test_a_delivery_tells_where_and_when(world: World, partition: Partition) -> None:
    writer = open_writer(world)
    writer.begin()
    writer.append(partition, b"k", b"0", T0)
    delivery = writer.deliver(partition, b"k", b"1", T0 + 7)
    writer.commit()
    assert delivery == (partition, 1, T0 + 7)


def test_with_log_append_time_a_delivery_tells_the_brokers_clock(world: World) -> None:
    (partition,) = new_topic(world, message_timestamp_type="LogAppendTime")
    writer = open_writer(world)
    writer.begin()
    delivery = writer.deliver(partition, b"k", b"v", T0)
    writer.commit()
    assert delivery.timestamp_ms >= T0 + HOUR_MS
    (record,) = read(reading(world, partition), 1)
    assert record.timestamp() == (2, delivery.timestamp_ms)


@pytest.mark.parametrize("limit", [1_048_588, 50_000])
def test_a_record_too_large_is_refused_and_the_transaction_lives_on(world: World, limit: int) -> None:
    (partition,) = new_topic(world, max_message_bytes=str(limit))
    writer = open_writer(world)
    writer.begin()
    writer.append(partition, b"k", b"before", T0)
    with pytest.raises(Refused, match=r"max\.message\.bytes"):
        writer.append(partition, b"k", b"x" * limit, T0)
    writer.append(partition, b"k", b"y" * (limit - 200), T0)
    writer.commit()
    assert [len(record.value() or b"") for record in read(reading(world, partition), 2)] == [6, limit - 200]


def test_a_timestamp_the_log_cannot_hold_is_refused(world: World, partition: Partition) -> None:
    writer = open_writer(world)
    writer.begin()
    for impossible in (0, -1):
        with pytest.raises(Refused, match="timestamp"):
            writer.append(partition, b"k", b"v", impossible)
    writer.append(partition, b"k", b"earliest", 1)
    writer.commit()
    (record,) = read(reading(world, partition), 1)
    assert record.timestamp() == (1, 1)


def test_a_timestamp_the_topic_forbids_loses_the_transaction_and_says_which_setting(world: World) -> None:
    (partition,) = new_topic(world, message_timestamp_before_max_ms=str(HOUR_MS))
    writer = open_writer(world)
    with pytest.raises(Unfit, match=r"message\.timestamp\.before\.max\.ms"):
        append_all(writer, partition, [(b"k", b"dated long ago")])
    assert read_to_end(reading(world, partition), partition) == []


def test_an_unknown_topic_cannot_be_written(world: World) -> None:
    with pytest.raises(Unfit, match="create"):
        append_all(open_writer(world), Partition(world.name("nowhere"), 0), [(b"k", b"v")])


def test_an_appender_writes_outside_transactions(world: World, partition: Partition) -> None:
    appender = world.log.appender()
    for number in range(100):
        appender.append(partition, b"k", b"%d" % number, T0 + number)
    appender.flush()
    records = read(reading(world, partition), 100)
    assert [record.offset() for record in records] == list(range(100))
    assert records[-1].timestamp() == (1, T0 + 99)
    appender.close()


def test_an_appender_tells_of_a_refused_record(world: World) -> None:
    (choosy,) = new_topic(world, message_timestamp_before_max_ms=str(HOUR_MS))
    appender = world.log.appender()
    with pytest.raises(Refused, match=r"max\.message\.bytes"):
        appender.append(choosy, b"k", b"x" * 2_000_000, T0)
    appender.append(choosy, b"k", b"dated long ago", T0)
    with pytest.raises(Refused, match="timestamp"):
        appender.flush()
    appender.close()


def test_a_log_has_a_name_that_stays(log: Log) -> None:
    assert log.cluster_id()
    assert log.cluster_id() == log.cluster_id()
