"""Facts a stranger framed: Confluent's own serializer, a real registry, a real Kafka, a real worker."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from confluent_kafka import Producer
from confluent_kafka.schema_registry import SchemaRegistryClient, topic_record_subject_name_strategy
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.schema_registry.error import SchemaRegistryError
from confluent_kafka.serialization import MessageField, SerializationContext

from passage_log.kafka import KafkaLog
from passage_processors.app import App
from passage_processors.runtime.offline.replay import digest, digest_of_output, replay
from passage_processors.runtime.worker import Worker
from passage_schemas.formats import Confluent
from passage_schemas.instant import Instant, milliseconds_of
from passage_schemas.log_record import Record
from passage_schemas.partitioner import partition_of
from passage_trial.network import free_port
from tests.processors.world import World, day, invoices, overdue, suspended

pytestmark = pytest.mark.kafka

PARTITIONS = 2
TURNS = 600


def record(name: str, *fields: tuple[str, Any]) -> str:
    listed = [
        {"name": field, "type": kind[0], "default": kind[1]}
        if isinstance(kind, tuple)
        else {"name": field, "type": kind}
        for field, kind in fields
    ]
    return json.dumps({"type": "record", "name": name, "fields": listed})


SENT_1 = record("InvoiceSent", ("invoice", "string"), ("terms", "int"))
SENT_2 = record("InvoiceSent", ("currency", ("string", "EUR")), ("invoice", "string"), ("terms", "int"))
SENT_3 = record("InvoiceSent", ("currency", ("string", "EUR")), ("invoice", "string"))
SENT_WRONGLY = record("InvoiceSent", ("invoice", "string"), ("terms", "string"))
PAID = record("InvoicePaid", ("invoice", "string"), ("amount", "long"))


class Billing:
    """Somebody else's service, which knows nothing of Passage."""

    def __init__(self, bootstrap: str, registry: str, topic: str) -> None:
        self.topic = topic
        self.registry = SchemaRegistryClient({"url": registry})
        self.registry.set_compatibility(level="BACKWARD")
        self._producer = Producer({"bootstrap.servers": bootstrap})

    def value(self, schema: str, fact: dict[str, Any]) -> bytes:
        by_record = {"subject.name.strategy": topic_record_subject_name_strategy}
        serialize = AvroSerializer(self.registry, schema, conf=by_record)
        framed = serialize(fact, SerializationContext(self.topic, MessageField.VALUE))
        assert isinstance(framed, bytes)
        return framed

    def send(self, schema: str, at: Instant, **fact: Any) -> None:
        self.send_raw(fact["invoice"].encode(), self.value(schema, fact), at)

    def send_raw(self, key: bytes, value: bytes, at: Instant) -> None:
        number = partition_of(key, PARTITIONS)
        self._producer.produce(self.topic, value, key, number, timestamp=milliseconds_of(at))
        assert self._producer.flush(30) == 0


@pytest.fixture
def app(topic_name: Callable[..., str], registry_address: str) -> App:
    billing, output = topic_name("billing"), topic_name("derived")
    plain = invoices(overdue(), suspended())
    return replace(
        plain,
        name=topic_name("app"),
        inputs={billing: plain.inputs["billing"]},
        output=output,
        ticks_topic=topic_name("ticks"),
        schedules_topic=topic_name("schedules"),
        formats={billing: Confluent(registry_address), output: Confluent(registry_address)},
    )


def billing_of(app: App) -> str:
    (topic,) = app.inputs
    return topic


def worked_off(world: World, worker: Worker, events: int, letters: int) -> None:
    for _ in range(TURNS):
        worker.turn(0.1)
        last_tick = worker.feed.history.last
        if last_tick and worker.is_idle and all(task.cut.tick_sequence == last_tick for task in worker.tasks.values()):
            break
    worker.close()
    assert (len(world.output()), len(world.letters())) == (events, letters)


def read_by_a_stranger(registry: SchemaRegistryClient, found: Record) -> dict[str, Any]:
    value = AvroDeserializer(registry)(found.value(), SerializationContext(found.topic(), MessageField.VALUE))
    assert isinstance(value, dict)
    return value


def test_facts_of_a_strangers_serializer_are_folded_through_schemas_that_change(
    app: App, kafka_bootstrap: str, kafka_log: KafkaLog, registry_address: str
) -> None:
    world = World(app, kafka_log, PARTITIONS)  # type: ignore[arg-type]  # only what any log has is asked of it
    billing = Billing(kafka_bootstrap, registry_address, billing_of(app))
    world.name(next_at=day(1))
    billing.send(SENT_1, day(0.1), invoice="inv-1", terms=2)
    billing.send(SENT_2, day(0.2), invoice="inv-2", terms=3, currency="CHF")
    billing.send(SENT_3, day(0.3), invoice="inv-3", currency="CHF")  # the class's own default: 30 days
    billing.send(SENT_1, day(0.4), invoice="inv-4", terms=2)
    billing.send(PAID, day(0.5), invoice="inv-4", amount=7)
    with pytest.raises(SchemaRegistryError):
        billing.value(SENT_WRONGLY, {"invoice": "inv-5", "terms": "a month"})
    world.days(1, 31)
    worked_off(world, Worker(app, kafka_log, "a"), events=5, letters=0)

    events = [read_by_a_stranger(billing.registry, found) for found in world.output()]
    assert sorted(event["invoice"] for event in events) == ["inv-1", "inv-1", "inv-2", "inv-2", "inv-3"]
    assert f"{app.output}-InvoiceBecameOverdue" in billing.registry.get_subjects()
    for number in range(PARTITIONS):
        assert digest(replay(app, kafka_log, number)) == digest_of_output(app, kafka_log, number)


def test_what_cannot_be_read_is_a_dead_letter_with_the_reason(
    app: App, kafka_bootstrap: str, kafka_log: KafkaLog, registry_address: str
) -> None:
    world = World(app, kafka_log, PARTITIONS)  # type: ignore[arg-type]  # only what any log has is asked of it
    billing = Billing(kafka_bootstrap, registry_address, billing_of(app))
    world.name(next_at=day(1))
    # Another subject's: the registry has no reason to compare it.
    stray = Billing(kafka_bootstrap, registry_address, f"{billing.topic}.stray").value(SENT_WRONGLY, WRONG)
    unheard_of = billing.value(record("CustomerMoved", ("customer", "string")), {"customer": "c"})
    for key, value in ((b"a", stray), (b"b", unheard_of), (b"c", b"\0\0\x0f\x42\x40rest"), (b"d", b'{"invoice": 1}')):
        billing.send_raw(key, value, day(0.1))
    billing.send(SENT_1, day(0.1), invoice="inv-1", terms=1)
    world.days(1, 3)
    worked_off(world, Worker(app, kafka_log, "a"), events=1, letters=4)

    reasons = {found.key(): dict(found.headers() or [])["passage_reason"].decode() for found in world.letters()}
    assert "InvoiceSent.terms: string became long" in reasons[b"a"]
    assert "'CustomerMoved' is no type this topic carries" in reasons[b"b"]
    assert "knows no schema 1000000; the value was framed for another registry" in reasons[b"c"]
    assert "begins with 7b22696e76; Confluent's framing is 00" in reasons[b"d"]


WRONG = {"invoice": "inv-5", "terms": "a month"}


def test_a_registry_that_is_down_holds_the_facts_until_it_is_back(
    app: App, kafka_bootstrap: str, kafka_log: KafkaLog, registry_address: str
) -> None:
    world = World(app, kafka_log, PARTITIONS)  # type: ignore[arg-type]  # only what any log has is asked of it
    billing = Billing(kafka_bootstrap, registry_address, billing_of(app))
    world.name(next_at=day(1))
    # One in each partition: a task that has none needs no registry, and may fold the ticks.
    assert {partition_of(key, PARTITIONS) for key in (b"inv-1", b"inv-3")} == set(range(PARTITIONS))
    billing.send(SENT_1, day(0.1), invoice="inv-1", terms=2)
    billing.send(SENT_1, day(0.2), invoice="inv-3", terms=2)
    world.days(1, 4)
    down = Confluent(f"http://127.0.0.1:{free_port()}")
    worker = Worker(replace(app, formats={billing.topic: down}), kafka_log, "a")
    for _ in range(TURNS):
        worker.turn(0.1)
        if worker.totals.restarts >= 2:
            break
    worker.close()
    assert worker.totals.restarts >= 2
    assert not world.letters()
    assert not world.records(app.timeline)
    worked_off(world, Worker(app, kafka_log, "a"), events=2, letters=0)
