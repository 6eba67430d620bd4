"""A field that is new: what an older value is read with, by the specification's table and by the class's own default.

The table is ours, from the Avro 1.12 specification ("field default values" and the logical types), and from no library.
"""

import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field, fields, make_dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from functools import partial
from types import GenericAlias
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passage_schemas import Codec, SchemaError, decimal_of, event_codec, incompatibilities, schema_of
from passage_schemas.formats import Confluent
from passage_schemas.formats.confluent import frame_of

DECIMAL = {"logicalType": "decimal", "precision": 12, "scale": 2}
COLOUR = {"type": "enum", "name": "Colour", "symbols": ["RED", "BLUE"]}
LINE = {"type": "record", "name": "Line", "fields": [
    {"name": "sku", "type": "string"},
    {"name": "price", "type": {"type": "bytes", **DECIMAL}, "default": "\u0004\u00d2"},
    {"name": "seals", "type": {"type": "array", "items": "bytes"}, "default": ["\u00fe"]},
]}  # fmt: skip


class Colour(Enum):
    RED = "RED"
    BLUE = "BLUE"


@dataclass(frozen=True)
class Line:
    sku: str
    price: Decimal
    seals: list[bytes]


def array(items: Any) -> dict[str, Any]:
    return {"type": "array", "items": items}


def mapping(values: Any) -> dict[str, Any]:
    return {"type": "map", "values": values}


MONEY = Decimal("12.34")
TABLE: dict[str, tuple[Any, Any, Any, Any]] = {
    "null": (None, ["null", "string"], str | None, None),
    "boolean": (True, "boolean", bool, True),
    "int": (-3, "int", int, -3),
    "long": (1 << 40, "long", int, 1 << 40),
    "float said as a whole number": (1, "float", float, 1.0),
    "float, which has 24 bits": (0.1, "float", float, 0.10000000149011612),
    "double": (0.1, "double", float, 0.1),
    "double said as a whole number": (3, "double", float, 3.0),
    "string": ("é", "string", str, "é"),
    "bytes": ("\u0000\u00ff", "bytes", bytes, b"\x00\xff"),
    "no bytes": ("", "bytes", bytes, b""),
    "fixed": ("\u00ff\u0001", {"type": "fixed", "name": "Two", "size": 2}, bytes, b"\xff\x01"),
    "decimal over bytes": ("\u0004\u00d2", {"type": "bytes", **DECIMAL}, Decimal, MONEY),
    "a negative decimal": ("\u00fb.", {"type": "bytes", **DECIMAL}, Decimal, -MONEY),
    "decimal over fixed": (
        "\u0000\u0000\u0000\u0000\u0004\u00d2", {"type": "fixed", "name": "Six", "size": 6, **DECIMAL}, Decimal, MONEY,
    ),
    "date": (20454, {"type": "int", "logicalType": "date"}, date, date(2026, 1, 1)),
    "time": (86_399_999, {"type": "int", "logicalType": "time-millis"}, int, 86_399_999),
    "timestamp in millis": (
        -1, {"type": "long", "logicalType": "timestamp-millis"}, datetime,
        datetime(1969, 12, 31, 23, 59, 59, 999000, UTC),
    ),
    "timestamp in micros": (
        1, {"type": "long", "logicalType": "timestamp-micros"}, datetime, datetime(1970, 1, 1, 0, 0, 0, 1, UTC),
    ),
    "uuid": (str(UUID(int=7)), {"type": "string", "logicalType": "uuid"}, UUID, UUID(int=7)),
    "enum": ("BLUE", COLOUR, Colour, Colour.BLUE),
    "array": (["\u0004\u00d2"], array({"type": "bytes", **DECIMAL}), tuple[Decimal, ...], (MONEY,)),
    "array of what may be missing": (
        [None, "\u00fe"], {"type": "array", "items": ["null", "bytes"]}, list[bytes | None], [None, b"\xfe"],
    ),
    "map": ({"a": "\u00fe"}, {"type": "map", "values": "bytes"}, dict[str, bytes], {"a": b"\xfe"}),
    "map of doubles": ({"a": 1}, {"type": "map", "values": "double"}, dict[str, float], {"a": 1.0}),
    "record": ({"sku": "s", "price": "\u0001", "seals": []}, LINE, Line, Line("s", Decimal("0.01"), [])),
    "record whose own fields have defaults": ({"sku": "s"}, LINE, Line, Line("s", MONEY, [b"\xfe"])),
    "records in a list": ([{"sku": "s"}], {"type": "array", "items": LINE}, list[Line], [Line("s", MONEY, [b"\xfe"])]),
    "the first branch": ("\u00fe", ["bytes", "null"], bytes | None, b"\xfe"),
    "another branch": ("\u00fe", ["null", "bytes"], bytes | None, b"\xfe"),
    "a decimal in a union": ("\u0004\u00d2", [{"type": "bytes", **DECIMAL}, "null"], Decimal | None, MONEY),
}  # fmt: skip

BEFORE = {"type": "record", "name": "Sent", "fields": [{"name": "key", "type": "string"}]}


def widened(said: Any, avro: Any) -> dict[str, Any]:
    new = {"name": "new", "type": avro, "default": said}
    return {"type": "record", "name": "Sent", "fields": [{"name": "key", "type": "string"}, new]}


def codec_of(kind: Any, avro: Any, said: Any, older: bool = True) -> Codec[Any]:
    cls = make_dataclass("Sent", [("key", str), ("new", kind)], frozen=True)
    return Codec(cls, widened(said, avro), older=[BEFORE] if older else [])


OLD: Codec[Any] = Codec(make_dataclass("Sent", [("key", str)], frozen=True), BEFORE)
Reads = Callable[[Codec[Any], Codec[Any], bytes], Any]


class OneSchema:
    """A registry that knows the writer's schema, as JSON gives it."""

    def __init__(self, schema: Any) -> None:
        self._schema = json.loads(json.dumps(schema))

    def schema(self, _number: int) -> Any:
        return self._schema

    def number(self, _subject: str, _schema: Any, _register: bool) -> int:
        return 1


def in_avro(reader: Codec[Any], _writer: Codec[Any], value: bytes) -> Any:
    return reader.decode(value)


def by_registry(reader: Codec[Any], writer: Codec[Any], value: bytes) -> Any:
    reading = Confluent(OneSchema(writer.schema)).reading([reader], lambda _address: None)
    framed = frame_of(1) + value[10:]
    return reading.kind(reading.token(framed, list)).decode(framed, list)


WAYS = pytest.mark.parametrize("reads", [in_avro, by_registry])


def same(found: Any, right: Any) -> bool:
    """Equal, and of the same types: 1 is 1.0 to Python, and other bytes on the wire."""
    return bool(found == right) and repr(found) == repr(right)


@WAYS
@pytest.mark.parametrize(("said", "avro", "kind", "right"), TABLE.values(), ids=TABLE.keys())
def test_an_older_value_is_read_with_the_default_of_its_type(
    reads: Reads, said: Any, avro: Any, kind: Any, right: Any
) -> None:
    new = codec_of(kind, avro, said)
    value = OLD.encode(OLD.cls("k"))

    for _ in range(2):
        found = reads(new, OLD, value)
        assert same(found.new, right)
    assert same(new.decode(new.encode(found)).new, right), "what is kept of it reads alike"


@WAYS
@pytest.mark.parametrize(("said", "avro", "kind", "right"), TABLE.values(), ids=TABLE.keys())
def test_a_newer_value_is_read_by_who_knows_less(reads: Reads, said: Any, avro: Any, kind: Any, right: Any) -> None:
    new = codec_of(kind, avro, said, older=False)
    old = Codec(OLD.cls, BEFORE, older=[new.schema])

    assert reads(old, new, new.encode(new.cls("k", right))) == OLD.cls("k")


def test_a_default_is_made_anew_for_each_fact() -> None:
    codec = codec_of(list[bytes], {"type": "array", "items": "bytes"}, ["\u00fe"])
    value = OLD.encode(OLD.cls("k"))
    codec.decode(value).new.append(b"a handler's")

    assert codec.decode(value).new == [b"\xfe"]


WRONG: dict[str, tuple[Any, Any, Any, str]] = {
    "text that is no bytes": ("\u20ac", "bytes", bytes, "is no text of the code points 0 to 255"),
    "too many for a fixed": ("abc", {"type": "fixed", "name": "Two", "size": 2}, bytes, "'abc' is no Two of 2 bytes"),
    "a symbol there is none of": ("GREEN", COLOUR, Colour, "the default 'GREEN' is no Colour"),
    "an array's item": (["\u20ac"], {"type": "array", "items": "bytes"}, list[bytes], "is no text of"),
    "a record's field": ({}, LINE, Line, "is no Line: sku is missing"),
    "more than an int holds": (1 << 31, "int", int, "is no int"),
}  # fmt: skip


@pytest.mark.parametrize(("said", "avro", "kind", "told"), WRONG.values(), ids=WRONG.keys())
def test_a_default_that_is_none_of_its_type_is_refused_when_the_codec_is_made(
    said: Any, avro: Any, kind: Any, told: str
) -> None:
    with pytest.raises(SchemaError, match=f"Sent.new: .*{told}"):
        codec_of(kind, avro, said)
    assert told in incompatibilities(BEFORE, widened(said, avro))[0]


# --- what changes its type on the way


PROMOTED: dict[str, tuple[Any, Any, Any, Any, Any, Any]] = {
    "int to double": (int, "int", 3, float, "double", 3.0),
    "long to float": (int, "long", 16_777_217, float, "float", 16_777_216.0),
    "float to double": (float, "float", 0.5, float, "double", 0.5),
    "text to bytes": (str, "string", "é", bytes, "bytes", b"\xc3\xa9"),
    "bytes to text": (bytes, "bytes", b"\xc3\xa9", str, "string", "é"),
    "one to one or none": (int, "int", 3, float | None, ["null", "double"], 3.0),
    "ints in a list": (list[int], array("int"), [3], list[float], array("double"), [3.0]),
    "texts in a map": (dict[str, str], mapping("string"), {"a": "b"}, dict[str, bytes], mapping("bytes"), {"a": b"b"}),
    "a branch that was first": (int | None, ["int", "null"], 3, float | None, ["null", "double"], 3.0),
    "none": (int | None, ["int", "null"], None, float | None, ["null", "double"], None),
}  # fmt: skip


@WAYS
@pytest.mark.parametrize(("kind", "avro", "said", "later", "later_avro", "right"), PROMOTED.values(), ids=PROMOTED)
def test_a_promoted_value_is_of_the_readers_type(
    reads: Reads, kind: Any, avro: Any, said: Any, later: Any, later_avro: Any, right: Any
) -> None:
    def version(python: Any, written: Any, older: list[Any]) -> Codec[Any]:
        schema = {"type": "record", "name": "Sent", "fields": [{"name": "it", "type": written}]}
        return Codec(make_dataclass("Sent", [("it", python)], frozen=True), schema, older)

    old = version(kind, avro, [])
    new = version(later, later_avro, [old.schema])

    assert same(reads(new, old, old.encode(old.cls(said))).it, right)


@WAYS
def test_a_union_of_several_records_is_read_by_the_one_it_has(reads: Reads) -> None:
    """Two records that a reader knows as one, each with fields of its own."""
    cash = {"type": "record", "name": "Cash", "fields": [{"name": "cents", "type": "int"}]}
    card = {
        "type": "record",
        "name": "Card",
        "fields": [{"name": "pan", "type": "string"}, {"name": "cents", "type": "long"}],
    }
    written = {"type": "record", "name": "Paid", "fields": [{"name": "by", "type": ["null", cash, card]}]}
    read = {"type": "record", "name": "Paid", "fields": [{"name": "by", "type": ["null", {
        "type": "record", "name": "Means", "aliases": ["Cash", "Card"], "fields": [
            {"name": "cents", "type": "double"}, {"name": "pan", "type": "bytes", "default": "\u00ff"},
        ],
    }]}]}  # fmt: skip
    means = make_dataclass("Means", [("cents", float), ("pan", bytes)], frozen=True)
    paid: Codec[Any] = Codec(make_dataclass("Paid", [("by", means | None)], frozen=True), read, older=[written])
    prefix = next(one for one in paid.prefixes if one != paid.prefix)

    class Wrote:
        schema = written

    for body, right in (("00", None), ("0206", means(3.0, b"\xff")), ("0402390a", means(5.0, b"9"))):
        found = reads(paid, Wrote(), prefix + bytes.fromhex(body))  # type: ignore[arg-type]  # its schema is all
        assert same(found.by, right)


# --- any class at all


class Mood(Enum):
    GOOD = "good"
    BAD = "bad"


@dataclass(frozen=True)
class Inner:
    money: Annotated[Decimal, decimal_of(9, 3)] = Decimal("1.250")
    mood: Mood = Mood.BAD
    seal: bytes | None = b"\x80"


MOMENTS = st.datetimes(timezones=st.just(UTC)).map(lambda at: at.replace(fold=0))
"""An instant has no fold: it does not come back."""


def leaves() -> st.SearchStrategy[tuple[Any, st.SearchStrategy[Any]]]:
    """An annotation, and its values."""
    cents = st.integers(-(10**6), 10**6).map(lambda whole: Decimal(f"{whole}E-2"))
    choices: list[tuple[Any, st.SearchStrategy[Any]]] = [
        (bool, st.booleans()), (int, st.integers(-(2**63), 2**63 - 1)), (float, st.floats(allow_nan=False)),
        (str, st.text()), (bytes, st.binary(max_size=4)), (UUID, st.uuids()), (date, st.dates()),
        (datetime, MOMENTS), (Annotated[Decimal, decimal_of(8, 2)], cents),
        (Mood, st.sampled_from(Mood)), (Literal["a", "b"], st.sampled_from(["a", "b"])),
        (Inner, st.builds(Inner, seal=st.none() | st.binary(max_size=3))),
    ]  # fmt: skip
    return st.sampled_from(choices)


def nested(one: tuple[Any, st.SearchStrategy[Any]]) -> st.SearchStrategy[tuple[Any, st.SearchStrategy[Any]]]:
    kind: Any
    kind, values = one
    return st.sampled_from([
        (kind, values), (kind | None, st.none() | values), (GenericAlias(list, (kind,)), st.lists(values, max_size=2)),
        (GenericAlias(tuple, (kind | None, ...)), st.lists(st.none() | values, max_size=2).map(tuple)),
        (GenericAlias(dict, (str, kind)), st.dictionaries(st.text(max_size=2), values, max_size=2)),
    ])  # fmt: skip


@st.composite
def versions(draw: st.DrawFn) -> tuple[Any, Any]:
    """A fact by an older class, and the same by a newer one, which has more fields, each with a default."""
    old: list[Any] = []
    more: list[Any] = []
    said, later = {}, {}
    for number in range(draw(st.integers(1, 5))):
        kind, values = draw(leaves().flatmap(nested))
        name, value = f"f{number}", draw(values)
        if draw(st.booleans()):
            old.append((name, kind))
            said[name] = later[name] = value
        else:
            more.append((name, kind, field(default_factory=partial(deepcopy, value))))
            later[name] = value
    return (
        make_dataclass("Fact", old, frozen=True)(**said),
        make_dataclass("Fact", [*old, *more], frozen=True)(**later),
    )


@settings(deadline=None)
@given(versions())
def test_any_fact_is_read_by_a_newer_class_and_by_an_older_one(pair: tuple[Any, Any]) -> None:
    before, after = pair
    old, new = event_codec(type(before)), event_codec(type(after))
    newer = event_codec(type(after), older=[old.schema])
    older = event_codec(type(before), older=[new.schema])

    for reads in (in_avro, by_registry):
        assert same(reads(newer, old, old.encode(before)), after), "the class's own default is the second source"
        assert same(reads(older, new, new.encode(after)), before)
    assert {one.name for one in fields(type(before))} <= {one["name"] for one in schema_of(type(after))["fields"]}


@pytest.mark.parametrize(
    ("written", "read"), [(Decimal, Annotated[Decimal, decimal_of(12, 2)]), (int, datetime), (str, UUID)]
)
def test_a_registry_tells_apart_what_ten_bytes_do_not(written: Any, read: Any) -> None:
    """The fact becomes a dead letter, with the field; in single-object encoding nobody could see it."""
    before: Codec[Any] = event_codec(make_dataclass("Sent", [("it", written)], frozen=True))
    after: Codec[Any] = event_codec(make_dataclass("Sent", [("it", read)], frozen=True))
    assert before.prefix == after.prefix

    with pytest.raises(SchemaError, match=r"schema 1 in the registry: Sent\.it: two schemas with the same fingerprint"):
        by_registry(after, before, before.prefix + b"\x02\x01")
    with pytest.raises(SchemaError, match="two schemas with the same fingerprint"):
        event_codec(after.cls, older=[before.schema])
