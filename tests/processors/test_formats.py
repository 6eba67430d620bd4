"""The same story in every format gives the same derived events; what can't be read is refused for its reason."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from passage_log.errors import Unfit
from passage_log.kafka.registry import RegistryRefuses, RegistryUnreachable
from passage_processors.core.program.inputs import headers_of
from passage_processors.errors import AppError
from passage_processors.monitoring.inspection import inspect
from passage_processors.runtime.offline.replay import digest, digest_of_output, replay
from passage_processors.runtime.worker import Worker
from passage_schemas.codec import Codec
from passage_schemas.events import event_codec
from passage_schemas.formats import Avro, CloudEvents, Confluent, Format, Json
from passage_schemas.instant import Instant, milliseconds_of
from passage_schemas.log_record import Partition
from passage_schemas.partitioner import partition_of
from tests.processors.world import (
    AccountWasSuspended,
    InvoiceBecameOverdue,
    InvoicePaid,
    InvoiceSent,
    World,
    day,
    invoices,
    overdue,
    suspended,
)
from tests.schemas.test_formats import Numbered

REGISTRY = Numbered()
FORMATS = [
    Avro(),
    Confluent(REGISTRY),
    Json(type_field="kind"),
    Json(type_header="kind", types={"sent": InvoiceSent, "com.acme.paid": InvoicePaid}),
    CloudEvents(),
    CloudEvents(data="avro"),
    CloudEvents(mode="structured"),
    CloudEvents(mode="structured", data="avro"),
]


def write(world: World, fact: Any, at: Instant, format_: Format, topic: str = "billing") -> None:
    """As a producer with this format does."""
    codecs: list[Codec[Any]] = [event_codec(one) for one in world.app.inputs[topic]]
    canonical = event_codec(type(fact)).encode(fact)
    named = [
        ("ce_specversion", b"1.0"), ("ce_id", b"1"), ("ce_type", type(fact).__name__.encode()), ("ce_source", b"here"),
        ("content-type", b"application/avro"),
    ]  # fmt: skip
    value, headers = format_.writing(topic, codecs, lambda _at: None).write(fact, canonical, named)
    raw(world, fact.invoice.encode(), value, at, headers, topic)


def raw(
    world: World, key: bytes, value: bytes, at: Instant, headers: list[tuple[str, bytes]], topic: str = "billing"
) -> None:
    partition = Partition(topic, partition_of(key, world.partitions))
    appender = world.log.appender()
    appender.append(partition, key, value, milliseconds_of(at), headers)
    appender.flush()


def story(world: World, formats: Mapping[str, Format]) -> None:
    """Six invoices with their own terms, two paid in time, one after it was overdue."""
    world.name(next_at=day(1))
    paid_topic = "payments" if "payments" in world.app.inputs else "billing"
    for number in range(6):
        sent = InvoiceSent(f"inv-{number}", terms=2 + number % 3)
        write(world, sent, day(number / 10), formats.get("billing", Avro()))
    for number, at in ((1, 1.5), (2, 3.5), (3, 4.5)):
        write(world, InvoicePaid(f"inv-{number}"), day(at), formats.get(paid_topic, Avro()), paid_topic)
    world.days(1, 30)


def told(world: World) -> list[tuple[bytes | None, bytes | None, Any]]:
    return [(record.key(), record.value(), record.headers()) for record in world.output()]


def plain_story() -> World:
    world = World(invoices(overdue(), suspended()))
    story(world, {})
    world.settle(world.worker())
    assert len(world.derived()) == 7
    assert not world.letters()
    return world


@pytest.mark.parametrize("format_", FORMATS, ids=repr)
@pytest.mark.parametrize("keep_fact", [True, False])
def test_the_same_story_in_every_format_gives_the_same_derived_events(format_: Format, keep_fact: bool) -> None:
    after = (lambda fact: fact.terms) if keep_fact else 3
    policies = overdue(keep_fact=keep_fact, after=after), suspended(keep_fact=keep_fact)
    worlds = []
    for formats in ({}, {"billing": format_}):
        world = World(invoices(*policies, formats=formats))
        story(world, formats)
        world.settle(world.worker(max_facts=4))
        worlds.append(world)
    plain, other = worlds
    assert told(other) == told(plain)
    assert told(plain)
    assert not other.letters()
    assert digest(replay(other.app, other.log, 0)) == digest_of_output(other.app, other.log, 0)


@pytest.mark.parametrize("format_", FORMATS, ids=repr)
def test_what_is_kept_of_a_fact_is_the_same_whatever_it_came_in(format_: Format) -> None:
    def changelog(formats: Mapping[str, Format]) -> list[tuple[bytes | None, bytes | None]]:
        world = World(invoices(formats=formats))
        world.name(next_at=day(1))
        write(world, InvoiceSent("inv-1", terms=5), day(0), formats.get("billing", Avro()))
        world.settle(world.worker())
        found = [(one.key(), one.value()) for one in world.records(world.app.changelog) if one.key() != b"cut"]
        assert found
        return found

    assert changelog({"billing": format_}) == changelog({})


def test_topics_of_different_formats_are_one_story() -> None:
    formats: dict[str, Format] = {"billing": Json(type_header="kind"), "payments": CloudEvents(mode="structured")}
    inputs = {"billing": [InvoiceSent], "payments": [InvoicePaid]}
    world = World(invoices(overdue(), suspended(), inputs=inputs, formats=formats))
    story(world, formats)
    world.settle(world.worker())
    assert told(world) == told(plain_story())
    assert digest(replay(world.app, world.log, 0)) == digest_of_output(world.app, world.log, 0)


@pytest.mark.parametrize("format_", FORMATS[1:3] + FORMATS[4:], ids=repr)
def test_derived_events_are_written_in_the_outputs_format_and_still_heard_inside(format_: Format) -> None:
    app = invoices(overdue(), suspended(), formats={"billing.derived": format_})
    world = World(app)
    story(world, {})
    world.settle(world.worker(max_fires=2))
    reading = format_.reading([event_codec(InvoiceBecameOverdue), event_codec(AccountWasSuspended)], lambda _at: None)
    events = []
    for record in world.output():
        value, headers = record.value() or b"", record.headers() or []
        kind = reading.kind(reading.token(value, headers_of(record)))
        events.append(kind.decode(value, headers_of(record)))
        assert {"ce_id", "ce_type", "passage_tick"} <= {name for name, _ in headers}
    assert events == plain_story().derived()
    assert digest(replay(app, world.log, 0)) == digest_of_output(app, world.log, 0)


@pytest.mark.parametrize(
    ("format_", "value", "headers", "reason"),
    [
        (Json(type_field="kind"), b"garbage", [], "the value: Invalid JSON"),
        (Json(type_field="kind"), b'{"kind": "Invoice"}', [], "'Invoice' is no type this topic carries"),
        (Json(type_field="kind"), b'{"kind": "InvoiceSent", "invoice": 7}', [], "InvoiceSent.invoice: Input should be"),
        (Json(type_header="kind"), b"{}", [], "the record has no header 'kind'"),
        (Confluent(REGISTRY), b"garbage", [], "begins with 6761726261; Confluent's framing is 00"),
        (Confluent(REGISTRY), b"\0\x7f\0\0\0\0", [], "knows no schema 2130706432"),
        (CloudEvents(), b"{}", [("ce_specversion", b"1.0"), ("ce_type", b"InvoiceSent")], "InvoiceSent.invoice: Field"),
    ],
)
def test_what_a_format_refuses_is_a_dead_letter_as_it_was_and_the_stream_goes_on(
    format_: Format, value: bytes, headers: list[tuple[str, bytes]], reason: str
) -> None:
    world = World(invoices(formats={"billing": format_}))
    raw(world, b"inv-0", value, day(0), headers)
    story(world, {"billing": format_})
    world.settle(world.worker())
    (letter,) = world.letters()
    said = dict(letter.headers() or [])["passage_reason"].decode()
    assert said.startswith("billing[0]@0: ")
    assert reason in said
    assert letter.value() == value
    assert told(world) == told(plain_story())
    assert digest(replay(world.app, world.log, 0)) == digest_of_output(world.app, world.log, 0)


class Silent(Numbered):
    """A registry that answers, and then does not."""

    answers = True

    def schema(self, number: int) -> Any:
        self._check()
        return super().schema(number)

    def number(self, subject: str, schema: Any, register: bool) -> int:
        self._check()
        return super().number(subject, schema, register)

    def _check(self) -> None:
        if not self.answers:
            raise RegistryUnreachable("no registry answered")


class Refusing(Numbered):
    """A registry that will have none of us."""

    def schema(self, number: int) -> Any:
        raise RegistryRefuses("the registry does not let us in")

    def number(self, subject: str, schema: Any, register: bool) -> int:
        raise RegistryRefuses("the registry refuses the schema")


@pytest.mark.parametrize("topic", ["billing", "billing.derived"])
def test_a_registry_that_refuses_stops_the_worker_and_makes_no_dead_letters(topic: str) -> None:
    formats = {topic: Confluent(Refusing())}
    world = World(invoices(overdue(), suspended(), formats=formats))
    story(world, {"billing": Confluent(REGISTRY)} if topic == "billing" else {})
    with pytest.raises(Unfit, match="the registry"):
        world.settle(world.worker())
    assert not world.letters()
    assert not world.output()


@pytest.mark.parametrize("topic", ["billing", "billing.derived"])
def test_a_registry_that_does_not_answer_makes_no_dead_letters(topic: str) -> None:
    registry = Silent()
    formats = {topic: Confluent(registry)}
    world = World(invoices(overdue(), suspended(), formats=formats))
    story(world, formats if topic == "billing" else {})
    registry.answers = False
    clock = [0.0]
    worker = Worker(world.app, world.log, "a", monotonic=lambda: clock[0])
    for _ in range(50):
        clock[0] += 2.0
        worker.turn(0.0)
    assert worker.totals.restarts > 5
    assert not world.letters()
    assert not world.output()
    registry.answers = True
    for _ in range(50):
        clock[0] += 2.0
        worker.turn(0.0)
    told_apart_from_values = [(key, headers) for key, _value, headers in told(world)]
    assert told_apart_from_values == [(key, headers) for key, _value, headers in told(plain_story())]
    assert not world.letters()


@dataclass(frozen=True)
class InvoiceWasSent:
    invoice: str


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"formats": {"biling": Json()}},
            "formats: 'biling' is neither an input nor the output; did you mean 'billing'",
        ),
        ({"formats": {"billing": "json"}}, r"formats: 'billing' is 'json', which is no format; use Avro\(\)"),
        ({"formats": {"billing": Json()}}, "format of 'billing': InvoiceSent, InvoicePaid can't be told apart in JSON"),
        ({"formats": {"billing": Json(type_field="t", types={"x": InvoiceWasSent})}}, "'x' stands for InvoiceWasSent"),
        ({"formats": {"billing.derived": Json(type_field="invoice")}}, "has a field of that name; use type_header"),
        ({"formats": {"billing": Confluent()}}, "format of 'billing': no registry is named"),
        ({"formats": {"billing": Confluent("registry:8081")}}, "it looks like http://registry:8081"),
    ],
)
def test_a_format_that_could_not_work_is_an_error_when_the_app_is_built(
    changes: dict[str, Any], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PASSAGE_REGISTRY", raising=False)
    with pytest.raises(AppError, match=f"app 'invoices'.*{said}"):
        invoices(overdue(), **changes)


def test_what_is_seen_of_an_aggregate_is_read_in_its_topics_format() -> None:
    formats: dict[str, Format] = {"billing": Json(type_header="kind"), "billing.derived": CloudEvents()}
    world = World(invoices(overdue(), formats=formats))
    story(world, formats)
    raw(world, b"inv-0", b"{}", day(40), [("kind", b"Unheard")])
    world.settle(world.worker())
    seen = inspect(world.app, world.log, 1, "inv-0", None, None, 50).history
    assert [(one.kind, one.name, one.body) for one in seen if one.kind == "fact"] == [
        ("fact", "InvoiceSent", InvoiceSent("inv-0", terms=2)),
        ("fact", "(not one of the app's)", None),
    ]
    assert [type(one.body) for one in seen if one.kind == "derived"] == [InvoiceBecameOverdue]


def test_a_topic_of_one_type_needs_no_name_for_it() -> None:
    inputs = {"billing": [InvoiceSent], "payments": [InvoicePaid]}
    world = World(invoices(overdue(), inputs=inputs, formats={"billing": Json(), "payments": Json()}))
    world.name(next_at=day(1))
    raw(world, b"inv-1", json.dumps({"invoice": "inv-1", "terms": 2, "new": None}).encode(), day(0), [])
    world.days(1, 4)
    world.settle(world.worker())
    (event,) = world.derived()
    assert isinstance(event, InvoiceBecameOverdue)
