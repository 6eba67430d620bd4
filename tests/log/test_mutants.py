"""The checks can fail: a log with one protection taken out is caught by the very story that guards it."""

from typing import Any

import pytest

from passage_log.kafka.member import KafkaMember
from passage_log.memory.store import Store
from passage_log.port import Committed
from tests.log.world import T0, InMemory, OnKafka, append_all, new_topic, open_writer, read_to_end, reading


@pytest.mark.kafka
def test_without_the_kept_credentials_a_member_that_has_left_would_commit(
    kafka_bootstrap: str, topic_name: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = OnKafka(kafka_bootstrap, topic_name)
    (partition,) = new_topic(world)
    # Of a topic that isn't there, so that it stays out of its group however long the rest takes.
    member = world.log.member(world.name("group"), [world.name("absent")], "range")
    writer = open_writer(world)
    monkeypatch.setattr(KafkaMember, "credentials", lambda self: self._consumer.consumer_group_metadata())

    writer.begin()
    writer.append(partition, b"k", b"nobody's", T0)
    writer.commit({partition: Committed(1, "")}, member)

    assert read_to_end(reading(world, partition), partition) == [b"nobody's"]
    member.close()


def test_without_the_stable_end_an_undecided_record_would_be_read(
    topic_name: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = InMemory(topic_name)
    (partition,) = new_topic(world)
    monkeypatch.setattr(Store, "stable_end", property(lambda store: store.end))
    writer = open_writer(world)
    writer.begin()
    writer.append(partition, b"k", b"undecided", T0)

    assert read_to_end(reading(world, partition), partition) == [b"undecided"]


def test_without_fencing_a_zombie_would_write(topic_name: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    world = InMemory(topic_name)
    (partition,) = new_topic(world)
    older = open_writer(world, name := world.name("clock"))
    monkeypatch.setattr(type(older), "fence", lambda _: None)
    open_writer(world, name)

    append_all(older, partition, [(b"k", b"zombie")])

    assert read_to_end(reading(world, partition), partition) == [b"zombie"]
