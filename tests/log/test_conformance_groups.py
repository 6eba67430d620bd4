"""What every log must do with groups: who owns what, and whose positions count."""

import pytest

from passage_log.errors import Fenced, Unreachable
from passage_log.port import Committed, Member
from passage_schemas.log_record import Partition
from tests.log.world import (
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

PATIENT_SECONDS = 20.0


def owned(member: Member) -> set[int]:
    return {partition.number for partition in member.assignment().partitions}


def settled(world: World, group: str, partition: Partition) -> Member:
    """A member that owns the partition."""
    member = member_of(world, group, [partition.topic])
    wait([member], lambda: partition in member.assignment().partitions)
    return member


def test_a_member_owns_nothing_before_it_has_polled(world: World, partition: Partition) -> None:
    member = member_of(world, world.name("group"), [partition.topic])
    assert member.assignment() == (0, frozenset())
    wait([member], lambda: member.assignment().partitions == {partition})
    assert member.assignment().round > 0
    member.close()


def test_a_group_tells_its_members_and_what_each_owns(world: World, partition: Partition) -> None:
    group = world.name("group")
    assert list(world.log.group_members(group)) == []
    first = settled(world, group, partition)
    (owner,) = world.log.group_members(group)
    assert owner.partitions == {partition}

    second = member_of(world, group, [partition.topic])
    wait([first, second], lambda: len(told(world, group)) == 2)
    assert owner.id in told(world, group)

    first.close()
    second.close()
    assert told(world, group) == {}


def told(world: World, group: str) -> dict[str, frozenset[Partition]]:
    return {member.id: member.partitions for member in world.log.group_members(group)}


def test_a_member_reads_nothing_until_it_has_assigned_positions(world: World, partition: Partition) -> None:
    append_all(open_writer(world), partition, [(b"k", b"1"), (b"k", b"2")])
    member = settled(world, world.name("group"), partition)
    assert member.poll(10, 0.5) == []

    member.assign({partition: 1})

    assert member.position(partition) == 1
    assert [record.value() for record in read(member, 1)] == [b"2"]
    member.close()


def test_positions_and_their_notes_are_committed_with_the_transaction(world: World, partition: Partition) -> None:
    member = settled(world, group := world.name("group"), partition)
    assert member.committed([partition], PATIENT_SECONDS) == {partition: None}
    writer = open_writer(world)

    writer.begin()
    writer.append(partition, b"k", b"v", T0)
    writer.commit({partition: Committed(1, "cut 7")}, member)

    assert member.committed([partition], PATIENT_SECONDS) == {partition: Committed(1, "cut 7")}
    assert read_to_end(reading(world, partition), partition) == [b"v"]
    member.close()
    later = settled(world, group, partition)
    assert later.committed([partition], PATIENT_SECONDS) == {partition: Committed(1, "cut 7")}
    later.close()


def test_a_transaction_of_positions_only_moves_them(world: World, partition: Partition) -> None:
    member = settled(world, world.name("group"), partition)
    writer = open_writer(world)
    for offset in (5, 5, 9):
        writer.begin()
        writer.commit({partition: Committed(offset, "")}, member)
    assert member.committed([partition], PATIENT_SECONDS) == {partition: Committed(9, "")}
    member.close()


def test_aborted_positions_are_not_committed(world: World, partition: Partition) -> None:
    member = settled(world, world.name("group"), partition)
    writer = open_writer(world)
    writer.begin()
    writer.commit({partition: Committed(1, "kept")}, member)

    writer.begin()
    writer.send_positions({partition: Committed(2, "given up")}, member)
    writer.abort()

    assert member.committed([partition], PATIENT_SECONDS) == {partition: Committed(1, "kept")}
    member.close()


def test_positions_the_broker_would_not_check_are_a_bug_of_the_caller(world: World, partition: Partition) -> None:
    member = settled(world, world.name("group"), partition)
    writer = open_writer(world)
    writer.begin()
    writer.append(partition, b"k", b"v", T0)
    with pytest.raises(ValueError, match="generation"):
        writer.commit({}, member)
    with pytest.raises(ValueError, match="both or none"):
        writer.commit(None, member)
    with pytest.raises(ValueError, match="both or none"):
        writer.commit({partition: Committed(1, "")})
    with pytest.raises(ValueError, match="concrete"):
        writer.commit({partition: Committed(-2, "")}, member)
    writer.commit({partition: Committed(1, "")}, member)
    assert read_to_end(reading(world, partition), partition) == [b"v"]
    member.close()


def test_a_deposed_members_commit_is_refused_and_nothing_of_it_is_readable(world: World, partition: Partition) -> None:
    deposed = settled(world, group := world.name("group"), partition)
    writer = open_writer(world)
    writer.begin()
    writer.append(partition, b"k", b"from a worker that overslept", T0)
    successor = member_of(world, group, [partition.topic])
    world.depose(deposed, successor)

    with pytest.raises(Fenced):
        writer.commit({partition: Committed(1, "")}, deposed)

    assert read_to_end(reading(world, partition), partition) == []
    assert successor.committed([partition], PATIENT_SECONDS) == {partition: None}
    before = deposed.assignment().round
    wait([successor, deposed], lambda: deposed.assignment().round > before)
    assert deposed.assignment().partitions != {partition} or successor.assignment().partitions == frozenset()
    successor.close()
    deposed.close()


def test_a_member_that_has_left_commits_nothing(world: World, partition: Partition) -> None:
    member = settled(world, world.name("group"), partition)
    member.close()
    writer = open_writer(world)
    writer.begin()
    writer.append(partition, b"k", b"v", T0)
    with pytest.raises(Fenced):
        writer.commit({partition: Committed(1, "")}, member)
    assert read_to_end(reading(world, partition), partition) == []


def test_a_member_that_never_polled_commits_nothing(world: World, partition: Partition) -> None:
    member = member_of(world, world.name("group"), [partition.topic])
    writer = open_writer(world)
    writer.begin()
    writer.append(partition, b"k", b"v", T0)
    with pytest.raises(Fenced):
        writer.commit({partition: Committed(1, "")}, member)
    assert read_to_end(reading(world, partition), partition) == []
    member.close()


def test_the_positions_of_no_partitions_are_none(world: World, partition: Partition) -> None:
    member = settled(world, world.name("group"), partition)
    assert member.committed([], PATIENT_SECONDS) == {}
    assert member.ends([]) == {}
    member.close()


def test_committed_waits_until_a_predecessors_transaction_is_decided(world: World, partition: Partition) -> None:
    predecessor = settled(world, group := world.name("group"), partition)
    writer = open_writer(world)
    writer.begin()
    writer.send_positions({partition: Committed(7, "undecided")}, predecessor)
    successor = member_of(world, group, [partition.topic])

    with pytest.raises(Unreachable, match="undecided"):
        successor.committed([partition], 1.0)

    writer.commit()
    assert successor.committed([partition], PATIENT_SECONDS) == {partition: Committed(7, "undecided")}
    predecessor.close()
    successor.close()


def test_committed_waits_for_each_transaction_that_holds_a_position(world: World, partition: Partition) -> None:
    member = settled(world, world.name("group"), partition)
    one, other = open_writer(world), open_writer(world)
    for writer, offset in ((one, 7), (other, 8)):
        writer.begin()
        writer.send_positions({partition: Committed(offset, "")}, member)

    other.abort()
    with pytest.raises(Unreachable, match="undecided"):
        member.committed([partition], 1.0)

    one.commit()
    assert member.committed([partition], PATIENT_SECONDS) == {partition: Committed(7, "")}
    member.close()


def test_committed_waits_until_a_predecessors_transaction_is_fenced_off(world: World, partition: Partition) -> None:
    predecessor = settled(world, group := world.name("group"), partition)
    writer = open_writer(world, name := world.name("worker"))
    writer.begin()
    writer.commit({partition: Committed(7, "kept")}, predecessor)
    writer.begin()
    writer.send_positions({partition: Committed(8, "never")}, predecessor)
    successor = member_of(world, group, [partition.topic])

    with pytest.raises(Unreachable, match="undecided"):
        successor.committed([partition], 1.0)

    open_writer(world, name)
    assert successor.committed([partition], PATIENT_SECONDS) == {partition: Committed(7, "kept")}
    predecessor.close()
    successor.close()


def test_range_keeps_the_same_numbers_of_several_topics_together(world: World) -> None:
    bills, payments = new_topic(world, partitions=4), new_topic(world, partitions=4)
    topics = [bills[0].topic, payments[0].topic]
    one = member_of(world, group := world.name("group"), topics)
    wait([one], lambda: len(one.assignment().partitions) == 8)
    first_round = one.assignment().round

    other = member_of(world, group, topics)
    wait([one, other], lambda: len(owned(one)) == len(owned(other)) == 2)

    assert one.assignment().round > first_round
    assert owned(one) | owned(other) == {0, 1, 2, 3}
    for member in (one, other):
        expected = {Partition(topic, number) for topic in topics for number in owned(member)}
        assert member.assignment().partitions == expected
    one.close()
    wait([other], lambda: len(other.assignment().partitions) == 8)
    other.close()


def test_a_rebalance_ends_the_reading_until_positions_are_assigned_anew(world: World) -> None:
    first, second = new_topic(world, partitions=2)
    writer = open_writer(world)
    one = member_of(world, group := world.name("group"), [first.topic])
    wait([one], lambda: owned(one) == {0, 1})
    one.assign({first: 0, second: 0})
    append_all(writer, first, [(b"k", b"1")])
    append_all(writer, second, [(b"k", b"1")])
    read(one, 2)
    other = member_of(world, group, [first.topic])
    wait([one, other], lambda: len(owned(one)) == len(owned(other)) == 1)

    append_all(writer, first, [(b"k", b"2")])
    append_all(writer, second, [(b"k", b"2")])

    assert one.poll(10, 0.5) == []
    (kept,) = one.assignment().partitions
    one.assign({kept: 1})
    assert [record.value() for record in read(one, 1)] == [b"2"]
    one.close()
    other.close()


def test_a_standby_that_joins_cooperatively_does_not_move_the_owner(world: World, partition: Partition) -> None:
    leader = member_of(world, group := world.name("clock"), [partition.topic], "cooperative-sticky")
    wait([leader], lambda: owned(leader) == {0})
    in_office = leader.assignment()

    standby = member_of(world, group, [partition.topic], "cooperative-sticky")
    third = member_of(world, group, [partition.topic], "cooperative-sticky")
    for _ in range(30):
        assert leader.poll(1, 0.05) == standby.poll(1, 0.05) == third.poll(1, 0.05) == []
        assert leader.assignment() == in_office
        assert standby.assignment().partitions == third.assignment().partitions == frozenset()

    leader.close()
    wait([standby, third], lambda: owned(standby) | owned(third) == {0})
    assert not owned(standby) & owned(third)
    standby.close()
    third.close()


def test_cooperative_members_share_without_one_partition_in_two_hands(world: World) -> None:
    partitions = new_topic(world, partitions=4)
    one = member_of(world, group := world.name("group"), [partitions[0].topic], "cooperative-sticky")
    wait([one], lambda: len(owned(one)) == 4)
    other = member_of(world, group, [partitions[0].topic], "cooperative-sticky")

    def shared() -> bool:
        assert not owned(one) & owned(other)
        return len(owned(one)) == len(owned(other)) == 2

    wait([one, other], shared)
    one.close()
    other.close()


def test_a_cooperative_member_goes_on_reading_what_it_keeps(world: World) -> None:
    partitions = new_topic(world, partitions=2)
    one = member_of(world, group := world.name("group"), [partitions[0].topic], "cooperative-sticky")
    wait([one], lambda: owned(one) == {0, 1})
    one.assign(dict.fromkeys(partitions, 0))
    writer = open_writer(world)
    for partition in partitions:
        append_all(writer, partition, [(b"k", b"1")])
    read(one, 2)

    other = member_of(world, group, [partitions[0].topic], "cooperative-sticky")
    wait([one, other], lambda: len(owned(one)) == len(owned(other)) == 1)
    for partition in partitions:
        append_all(writer, partition, [(b"k", b"2")])

    (kept,) = one.assignment().partitions
    (record,) = read(one, 1)
    assert (record.partition(), record.value()) == (kept.number, b"2")
    assert one.poll(10, 0.3) == []
    one.close()
    other.close()
