"""The formats of facts: what is read, what is refused and how it is said, and that nothing is lost on the way."""

import base64
import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from typing import Any, ClassVar, Literal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passage_schemas.codec import Codec
from passage_schemas.errors import SchemaError
from passage_schemas.events import event_codec
from passage_schemas.fingerprint import Schema
from passage_schemas.formats import Avro, CloudEvents, Confluent, Format, Json, Reading


class Colour(Enum):
    RED = "dark red"
    BLUE = "blue"


@dataclass(frozen=True)
class Line:
    sku: str
    price: Decimal
    count: int = 1


@dataclass(frozen=True)
class OrderWasPlaced:
    namespace: ClassVar[str] = "acme.shop"

    order: str
    placed_at: datetime
    due_on: date
    total: Decimal
    customer: UUID
    colour: Colour
    seal: bytes
    lines: tuple[Line, ...] = ()
    gift: Line | None = None
    discounts: dict[str, Decimal] = field(default_factory=dict)
    channel: Literal["web", "shop"] = "web"
    weight: float = 0.0
    express: bool = False


@dataclass(frozen=True)
class OrderWasRevoked:
    order: str


ORDER = OrderWasPlaced(
    order="o-1", placed_at=datetime(2026, 1, 2, 3, 4, 5, 678, UTC), due_on=date(2026, 2, 1), total=Decimal("12.50"),
    customer=UUID(int=7), colour=Colour.RED, seal=b"\xfb\xff", lines=(Line("a", Decimal(3)),),
)  # fmt: skip
CODECS: list[Codec[Any]] = [event_codec(OrderWasPlaced), event_codec(OrderWasRevoked)]
ATTRIBUTES = [
    ("ce_specversion", b"1.0"), ("ce_id", b"one"), ("ce_type", b"-"), ("ce_source", b"passage/test"),
    ("ce_time", b"2026-01-01T00:00:00Z"), ("content-type", b"application/avro"), ("passage_tick", b"day#1"),
]  # fmt: skip


class Numbered:
    """Schemas by number, as a registry has them."""

    def __init__(self) -> None:
        self.schemas: dict[int, Any] = {}
        self.subjects: list[str] = []

    def schema(self, number: int) -> Schema:
        if number not in self.schemas:
            raise SchemaError(f"knows no schema {number}")
        return self.schemas[number]  # type: ignore[no-any-return]  # as JSON gives it

    def number(self, subject: str, schema: Schema, register: bool) -> int:
        self.subjects.append(subject)
        return self.add(schema)

    def add(self, schema: Any) -> int:
        plain = json.loads(json.dumps(schema))
        known = next((number for number, one in self.schemas.items() if one == plain), len(self.schemas) + 1)
        self.schemas[known] = plain
        return known


def nowhere(_address: str | None) -> None:
    return None


def reading(format_: Format, codecs: Sequence[Codec[Any]] = CODECS) -> Reading:
    return format_.reading(codecs, nowhere)


def read(by: Reading, value: bytes, headers: Sequence[tuple[str, bytes]] = ()) -> Any:
    """As the fold does."""
    token = by.token(value, lambda: headers)
    assert by.width == 0 or token == value[: by.width]
    return by.kind(token).decode(value, lambda: headers)


def written(format_: Format, event: Any) -> tuple[bytes, list[tuple[str, bytes]]]:
    named = [(name, type(event).__name__.encode() if name == "ce_type" else value) for name, value in ATTRIBUTES]
    writing = format_.writing("shop", CODECS, nowhere)
    return writing.write(event, event_codec(type(event)).encode(event), named)


REGISTRY = Numbered()
FORMATS: list[Format] = [
    Avro(),
    Confluent(REGISTRY),
    Json(type_field="kind"),
    Json(type_header="kind"),
    Json(type_header="kind", types={"placed": OrderWasPlaced, "com.acme.revoked": OrderWasRevoked}),
    CloudEvents(),
    CloudEvents(data="avro"),
    CloudEvents(mode="structured"),
    CloudEvents(mode="structured", data="avro", types={"com.acme.order.placed": OrderWasPlaced}),
]

DELHI = timezone(timedelta(hours=5, minutes=30))
NAMES = st.sampled_from(["kind", "ce_type", "content-type"])
decimals = st.decimals(min_value=-(10**20), max_value=10**20, places=9, allow_nan=False)
texts = st.text(st.characters(codec="utf-8"), max_size=20)
lines = st.builds(Line, texts, decimals, st.integers(-(2**63), 2**63 - 1))
orders = st.builds(
    OrderWasPlaced,
    order=texts,
    placed_at=st.integers(1, 10**17).map(
        lambda us: datetime(1, 1, 1, tzinfo=DELHI) + timedelta(days=2, microseconds=us)
    ),
    due_on=st.dates(),
    total=decimals,
    customer=st.uuids(),
    colour=st.sampled_from(Colour),
    seal=st.binary(max_size=20),
    lines=st.lists(lines, max_size=3).map(tuple),
    gift=st.none() | lines,
    discounts=st.dictionaries(texts, decimals, max_size=3),
    channel=st.sampled_from(["web", "shop"]),
    weight=st.floats(allow_nan=False, allow_infinity=False),
    express=st.booleans(),
)


@pytest.mark.parametrize("format_", FORMATS, ids=repr)
@given(event=orders | st.builds(OrderWasRevoked, texts))
def test_what_is_written_is_read_again_in_every_format(format_: Format, event: Any) -> None:
    value, headers = written(format_, event)
    by = reading(format_)
    assert read(by, value, headers) == event
    kind = by.kind(by.token(value, lambda: headers))
    assert kind.codec.cls is type(event)
    assert not kind.is_canonical or kind.codec.encode(event) == value
    assert written(format_, event) == (value, headers), "the same event, the same bytes"


@pytest.mark.parametrize("format_", FORMATS, ids=repr)
@given(value=st.binary(max_size=60), headers=st.lists(st.tuples(NAMES, st.binary(max_size=20)), max_size=3))
def test_garbage_is_refused_and_nothing_else_happens(
    format_: Format, value: bytes, headers: list[tuple[str, bytes]]
) -> None:
    with pytest.raises(SchemaError):
        read(reading(format_), value, headers)


def json_order(**changes: object) -> bytes:
    plain = json.loads(written(Json(type_header="kind"), ORDER)[0])
    return json.dumps({**plain, **changes}).encode()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"total": 12.5}, "acme.shop.OrderWasPlaced.total: a number with a fraction may have been rounded"),
        (
            {"total": "1e9"},
            "total: an exact number is text without an exponent, as 12.50, or a whole number, not '1e9'",
        ),
        ({"total": True}, "total: an exact number is text"),
        ({"total": "0.0000000001"}, r"total: .* does not fit decimal\(38,9\)"),
        ({"placed_at": "2026-01-02T03:04:05"}, "placed_at: 2026-01-02T03:04:05 has no zone"),
        ({"placed_at": "1767322800"}, "placed_at: a moment is text in ISO 8601 with an offset"),
        ({"placed_at": 1767322800}, "placed_at: a moment is text in ISO 8601 with an offset"),
        ({"placed_at": "2026-13-02T03:04:05Z"}, "placed_at: month must be in 1..12"),
        ({"due_on": "2026-02-01T00:00:00Z"}, "due_on: a day is text, as 2026-11-20"),
        ({"customer": "seven"}, "customer: .*valid UUID"),
        ({"colour": "RED"}, "colour: Input should be 'dark red' or 'blue'"),
        ({"seal": "?"}, "seal: .*base64"),
        ({"order": 7}, "order: Input should be a valid string, not 7"),
        ({"order": None}, "order: Input should be a valid string, not None"),
        ({"express": 1}, "express: Input should be a valid boolean"),
        ({"weight": "1"}, "weight: Input should be a valid number"),
        ({"weight": float("nan")}, "weight: Input should be a finite number"),
        ({"channel": "mail"}, "channel: Input should be 'web' or 'shop'"),
        ({"lines": [{"sku": "a"}]}, r"lines\[0\].price: Field required"),
        ({"lines": [{"sku": "a", "price": 1, "count": 1 << 70}]}, r"lines\[0\].count: .* is outside Avro's long"),
        ({"lines": {}}, "lines: Input should be a valid array"),
        ({"discounts": {"early": 0.5}}, "discounts.early: a number with a fraction"),
    ],
)
def test_json_that_would_have_to_be_guessed_at_is_refused(changes: dict[str, object], said: str) -> None:
    by = reading(Json(), CODECS[:1])
    with pytest.raises(SchemaError, match=said):
        read(by, json_order(**changes))


def test_json_with_fields_nobody_asked_for_is_read_and_defaults_fill_in() -> None:
    by = reading(Json(), CODECS[:1])
    plain = json.loads(json_order(invented_later=[1]))
    for name in ("lines", "discounts", "channel", "weight", "express", "gift"):
        del plain[name]
    plain |= {"total": 12, "placed_at": "2026-01-02T05:04:05.000678999+02:00"}
    found = read(by, json.dumps(plain).encode())
    assert found == OrderWasPlaced(
        ORDER.order, ORDER.placed_at, ORDER.due_on, Decimal(12), ORDER.customer, ORDER.colour, ORDER.seal
    )


@pytest.mark.parametrize(
    ("format_", "value", "headers", "said"),
    [
        (Json(type_field="kind"), b"{}", [], "the value.kind: Field required"),
        (Json(type_field="kind"), b'{"kind": 7}', [], "the value.kind: Input should be a valid string"),
        (Json(type_field="kind"), b"[]", [], "the value: Input should be an object"),
        (Json(type_field="kind"), b'{"kind": "OrderWasPlcaed"}', [], "the nearest is 'OrderWasPlaced'"),
        (Json(type_field="kind"), b'{"kind": "other.OrderWasRevoked"}', [], "for OrderWasRevoked, say types="),
        (Json(type_header="kind"), b"{}", [("sort", b"x")], "no header 'kind', .*; its headers: sort"),
        (Json(type_header="kind"), b"{}", [("kind", b"a"), ("kind", b"b")], "header 'kind' with 2 values"),
        (Json(type_header="kind"), b"{}", [("kind", b"\xff")], r"'\\\\xff' is no type this topic carries"),
        (Avro(), b'{"order": "o-1"}', [], "begins with 7b22, not c301"),
        (Confluent(REGISTRY), b'{"order": "o-1"}', [], "begins with 7b226f7264; Confluent's framing is 00"),
        (Confluent(REGISTRY), b"\xc3\x01 and more", [], "is in Avro's single-object"),
        (Confluent(REGISTRY), b"\0\0\0\x01", [], "begins with 00000001"),
        (Confluent(REGISTRY), b"\0\0\xff\xff\xff", [], "knows no schema 16777215"),
        (CloudEvents(), b"{}", [], "has no header 'ce_specversion'"),
        (CloudEvents(), b"{}", [("ce_specversion", b"0.3")], "CloudEvents '0.3'; known: 1.0"),
        (CloudEvents(), b"{}", [("ce_specversion", b"1.0")], "has no header 'ce_type'"),
        (CloudEvents(), b"[]", [("content-type", b"application/cloudevents-batch+json")], "is not understood"),
        (CloudEvents(), b"{}", [("content-type", b"application/cloudevents+json")], "specversion: Field required"),
    ],
)  # fmt: skip
def test_a_value_that_does_not_say_what_it_is_is_refused(
    format_: Format, value: bytes, headers: list[tuple[str, bytes]], said: str
) -> None:
    with pytest.raises(SchemaError, match=said):
        read(reading(format_), value, headers)


def binary(content_type: bytes | None, value: bytes, kind: bytes = b"OrderWasRevoked") -> Any:
    headers = [("ce_specversion", b"1.0"), ("ce_type", kind)]
    if content_type is not None:
        headers.append(("content-type", content_type))
    return read(reading(CloudEvents(registry=REGISTRY)), value, headers)


def structured(**attributes: object) -> Any:
    event = {"specversion": "1.0", "id": "1", "source": "s", "type": "OrderWasRevoked", **attributes}
    headers = [("content-type", b"Application/CloudEvents+JSON; charset=utf-8")]
    return read(reading(CloudEvents(registry=REGISTRY)), json.dumps(event).encode(), headers)


def test_a_content_type_without_a_value_is_none_at_all() -> None:
    headers: Any = [("ce_specversion", b"1.0"), ("ce_type", b"OrderWasRevoked"), ("content-type", None)]
    assert read(reading(CloudEvents()), b'{"order": "o-1"}', headers) == OrderWasRevoked("o-1")


def test_a_cloud_event_is_read_by_its_content_type_and_without_one_by_its_first_bytes() -> None:
    revoked = OrderWasRevoked("o-1")
    plain, avro = b'{"order": "o-1"}', event_codec(OrderWasRevoked).encode(revoked)
    framed, _ = written(Confluent(REGISTRY), revoked)
    for content_type in (b"application/json", b"application/vnd.acme.order+json; v=1", None):
        assert binary(content_type, plain) == revoked
    for content_type in (b"application/avro", b"avro/binary", None):
        assert binary(content_type, avro) == binary(content_type, framed) == revoked
    assert structured(data={"order": "o-1"}) == revoked
    assert structured(data={"order": "o-1"}, datacontenttype="application/json", extension=7) == revoked
    assert structured(data_base64=base64.b64encode(plain).decode()) == revoked
    assert structured(data_base64=base64.b64encode(avro).decode(), datacontenttype="application/avro") == revoked


def test_a_cloud_event_whose_parts_contradict_one_another_is_refused() -> None:
    avro = event_codec(OrderWasRevoked).encode(OrderWasRevoked("o-1"))
    with pytest.raises(SchemaError, match=r"stands for acme.shop.OrderWasPlaced, but the value is a "):
        binary(b"application/avro", avro, kind=b"acme.shop.OrderWasPlaced")
    with pytest.raises(SchemaError, match=r"its content type is 'application/xml'; known: application/json"):
        binary(b"application/xml", b"<order/>")
    with pytest.raises(SchemaError, match="has no data and data_base64"):
        structured()
    with pytest.raises(SchemaError, match="has both data and data_base64"):
        structured(data={}, data_base64="")
    with pytest.raises(SchemaError, match=r"data of 'application/avro' can't stand in JSON"):
        structured(data={"order": "o-1"}, datacontenttype="application/avro")
    with pytest.raises(SchemaError, match="data_base64 is not base64"):
        structured(data_base64="?")
    with pytest.raises(SchemaError, match=r"OrderWasRevoked.data.order: Field required"):
        structured(data={})


def framed(schema: Any, body: bytes, format_: Confluent | None = None) -> Any:
    number = REGISTRY.add(schema)
    return read(reading(format_ or Confluent(REGISTRY)), struct.pack(">bI", 0, number) + body)


def record(name: str, *fields: tuple[str, Any], **more: Any) -> dict[str, Any]:
    listed = [{"name": one, "type": kind} for one, kind in fields]
    return {"type": "record", "name": name, "fields": listed, **more}


def test_a_writers_schema_is_resolved_to_the_class() -> None:
    newer = record("OrderWasRevoked", ("why", "string"), ("order", "string"), ("by", ["null", "string"]))
    assert framed(newer, b"\x04no\x06o-1\x00") == OrderWasRevoked("o-1")
    same = {"type": "string", "avro.java.string": "String"}
    assert framed(record("OrderWasRevoked", ("order", same), doc="from Java"), b"\x06o-1") == OrderWasRevoked("o-1")
    renamed = Confluent(REGISTRY, types={"com.acme.Revocation": OrderWasRevoked})
    theirs = record("Revocation", ("order", "string"), namespace="com.acme")
    assert framed(theirs, b"\x06o-1", renamed) == OrderWasRevoked("o-1")


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        (record("OrderWasRevoked", ("order", "long")), r"schema \d+ in the registry: .*order: long became string"),
        (record("OrderWasRevoked", ("number", "string")), "order: new, without a default"),
        (record("SomethingElse", ("order", "string")), "'SomethingElse' is no type this topic carries"),
        ([record("OrderWasRevoked", ("order", "string"))], "it is a union; register each record by itself"),
        ("string", "it is no Avro record but 'string'"),
        (record("OrderWasRevoked", ("order", "nothing")), "not an Avro schema"),
    ],
)
def test_a_writers_schema_that_does_not_lead_to_the_class_is_refused(schema: Any, said: str) -> None:
    with pytest.raises(SchemaError, match=said):
        framed(schema, b"\x06o-1")


def test_a_framed_value_that_breaks_off_or_goes_on_is_refused() -> None:
    schema = event_codec(OrderWasRevoked).schema
    with pytest.raises(SchemaError, match="breaks off or is damaged"):
        framed(schema, b"\x06o-")
    with pytest.raises(SchemaError, match="1 bytes after the value's end"):
        framed(schema, b"\x06o-1!")


@pytest.mark.parametrize(
    ("subjects", "subject"), [("topic-record", "shop-OrderWasRevoked"), ("record", "OrderWasRevoked")]
)
def test_a_written_schema_is_registered_once_under_its_subject(subjects: Any, subject: str) -> None:
    registry = Numbered()
    writing = Confluent(registry, subjects=subjects).writing("shop", CODECS, nowhere)
    revoked = OrderWasRevoked("o-1")
    values = {writing.write(revoked, event_codec(OrderWasRevoked).encode(revoked), [])[0] for _ in range(2)}
    assert values == {b"\0\0\0\0\x01\x06o-1"}
    assert registry.subjects == [subject]


@dataclass(frozen=True)
class WithAKind:
    kind: str


@pytest.mark.parametrize(
    ("format_", "codecs", "said"),
    [
        (Json(), CODECS, "OrderWasPlaced, OrderWasRevoked can't be told apart in JSON; say where"),
        (Json(type_header="a", type_field="b"), CODECS, "keep one"),
        (Json(type_field=""), CODECS, "needs a name"),
        (Json(type_field="kind"), [event_codec(WithAKind)], "WithAKind has a field of that name; use type_header"),
        (Json(type_field="k", types={"x": WithAKind}), CODECS, "'x' stands for WithAKind, which is not carried here"),
        (Json(type_field="k", types={"OrderWasRevoked": OrderWasPlaced}), CODECS, "both go by 'OrderWasRevoked'"),
        (Confluent(), CODECS, "no registry is named"),
        (Confluent(REGISTRY, subjects="topic"), CODECS, "subjects='topic' has room for one type"),
        (Confluent(REGISTRY, subjects="all"), CODECS, "subjects='all'; it must be one of"),  # type: ignore[arg-type]  # what a user may write
        (CloudEvents(mode="batch"), CODECS, "mode='batch'; it must be one of binary, structured"),  # type: ignore[arg-type]  # what a user may write
        (CloudEvents(data="xml"), CODECS, "data='xml'; it must be one of json, avro"),  # type: ignore[arg-type]  # what a user may write
    ],
)  # fmt: skip
def test_a_format_that_could_not_work_is_refused_when_it_is_made(
    format_: Format, codecs: list[Codec[Any]], said: str
) -> None:
    with pytest.raises(SchemaError, match=said):
        format_.writing("shop", codecs, nowhere)


def test_no_secret_of_a_registry_is_told() -> None:
    assert "hush" not in repr(Confluent("http://clerk:hush@registry"))
    assert "hush" not in repr(CloudEvents(registry="http://clerk:hush@registry"))
