"""What a newer schema may change, rule by rule of Avro's schema resolution."""

from io import BytesIO
from typing import Any

import pytest
from fastavro import parse_schema, schemaless_reader, schemaless_writer
from hypothesis import given
from hypothesis import strategies as st

from passage_schemas import SchemaError, incompatibilities


def record(*fields: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "record", "name": "plant.Meter", "fields": list(fields), **more}


def field(name: str, kind: Any, **more: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, **more}


def enum(*symbols: str, **more: Any) -> dict[str, Any]:
    return {"type": "enum", "name": "Colour", "symbols": list(symbols), **more}


def fixed(size: int, name: str = "Seal") -> dict[str, Any]:
    return {"type": "fixed", "name": name, "size": size}


MICROS = {"type": "long", "logicalType": "timestamp-micros"}
MILLIS = {"type": "long", "logicalType": "timestamp-millis"}
LINE = {"type": "record", "name": "Line", "fields": [field("pieces", "int")]}
WIDE_LINE = {"type": "record", "name": "Line", "fields": [field("pieces", "long")]}
TEXT_LINE = {"type": "record", "name": "Line", "fields": [field("pieces", "string")]}

ALLOWED = {
    "the same": (record(field("a", "int")), record(field("a", "int"))),
    "a field with a default": (record(), record(field("a", "int", default=1))),
    "a field less": (record(field("a", "int")), record()),
    "fields in another order": (
        record(field("a", "int"), field("b", "string")),
        record(field("b", "string"), field("a", "int")),
    ),
    "a wider number": (record(field("a", "int")), record(field("a", "double"))),
    "text for bytes": (record(field("a", "bytes")), record(field("a", "string"))),
    "null allowed": (record(field("a", "int")), record(field("a", ["null", "int"]))),
    "a wider branch": (record(field("a", ["null", "int"])), record(field("a", ["null", "long"]))),
    "a renamed field": (record(field("a", "int")), record(field("b", "int", aliases=["a"]))),
    "a renamed record": (record(), record(name="plant.Gauge", aliases=["Meter"])),
    "a new symbol": (record(field("a", enum("RED"))), record(field("a", enum("RED", "BLUE")))),
    "a symbol gone, with a default": (
        record(field("a", enum("RED", "BLUE"))),
        record(field("a", enum("RED", default="RED"))),
    ),
    "wider things inside": (
        record(field("a", {"type": "array", "items": LINE}), field("b", {"type": "map", "values": "Line"})),
        record(field("a", {"type": "array", "items": WIDE_LINE}), field("b", {"type": "map", "values": "Line"})),
    ),
}


@pytest.mark.parametrize(("old", "new"), ALLOWED.values(), ids=ALLOWED.keys())
def test_what_may_change(old: dict[str, Any], new: dict[str, Any]) -> None:
    assert incompatibilities(old, new) == []


REFUSED = {
    "a field without a default": (record(), record(field("a", "int")), "plant.Meter.a: new, without a default"),
    "a narrower number": (record(field("a", "long")), record(field("a", "int")), "plant.Meter.a: long became int"),
    "null no longer allowed": (
        record(field("a", ["null", "int"])),
        record(field("a", "int")),
        "plant.Meter.a: null became int",
    ),
    "a branch gone": (
        record(field("a", ["null", "int", "string"])),
        record(field("a", ["null", "int"])),
        "plant.Meter.a: string is none of null, int",
    ),
    "a renamed record": (record(), record(name="plant.Gauge"), "plant.Meter became plant.Gauge; give the new name"),
    "a symbol gone": (record(field("a", enum("RED", "BLUE"))), record(field("a", enum("RED"))), "no symbol for BLUE"),
    "another size": (record(field("a", fixed(4))), record(field("a", fixed(8))), "plant.Meter.a: 4 bytes became 8"),
    "another unit of time": (
        record(field("a", MILLIS)),
        record(field("a", MICROS)),
        "plant.Meter.a: logical type timestamp-millis became timestamp-micros",
    ),
    "a meaning gone": (record(field("a", MICROS)), record(field("a", "long")), "timestamp-micros became none"),
    "deep inside": (
        record(field("a", {"type": "array", "items": ["null", LINE]})),
        record(field("a", {"type": "array", "items": TEXT_LINE})),
        "plant.Meter.a[].pieces: int became string",
    ),
    "deep inside a union": (
        record(field("a", ["null", LINE])),
        record(field("a", ["null", TEXT_LINE])),
        "plant.Meter.a: record plant.Line is none of null, record plant.Line",
    ),
    "inside a map": (
        record(field("a", {"type": "map", "values": "string"})),
        record(field("a", {"type": "map", "values": "int"})),
        "plant.Meter.a{}: string became int",
    ),
}


@pytest.mark.parametrize(("old", "new", "complaint"), REFUSED.values(), ids=REFUSED.keys())
def test_what_may_not(old: dict[str, Any], new: dict[str, Any], complaint: str) -> None:
    found = incompatibilities(old, new)

    assert any(complaint in line for line in found), found
    assert all("\n" not in line for line in found)


def test_full_compatibility_asks_the_older_readers_too() -> None:
    old, new = record(field("a", "int")), record()

    assert incompatibilities(old, new) == []
    assert incompatibilities(old, new, "FORWARD") == incompatibilities(old, new, "FULL")
    assert incompatibilities(old, new, "FULL") == [
        "plant.Meter.a: new, without a default; give it one, so that older values can be read "
        "(seen by a reader of the older version)"
    ]


def test_a_record_that_holds_itself_is_compared_once() -> None:
    node = {"type": "record", "name": "Node", "fields": [field("next", ["null", "Node"])]}

    assert incompatibilities(node, node, "FULL") == []


def test_what_is_no_schema_is_refused() -> None:
    with pytest.raises(SchemaError, match="not an Avro schema"):
        incompatibilities(record(), {"type": "recrod"})


PRIMITIVES = ["null", "boolean", "int", "long", "float", "double", "string", "bytes"]
KINDS = st.recursive(
    st.sampled_from(PRIMITIVES),
    lambda inner: st.one_of(
        inner.map(lambda items: {"type": "array", "items": items}),
        st.lists(st.sampled_from(PRIMITIVES), min_size=1, max_size=3, unique=True),
    ),
    max_leaves=3,
)
VALUES: dict[str, Any] = {
    "null": None,
    "boolean": True,
    "int": 7,
    "long": 2**40,
    "float": 1.5,
    "double": 2.5,
    "string": "x",
    "bytes": b"x",
}


def values_of(kind: Any) -> list[Any]:
    """At least one value per branch: incompatible means that one of them can't be read."""
    if isinstance(kind, list):
        return [(branch, VALUES[branch]) for branch in kind]
    if isinstance(kind, dict):
        return [[one] for one in values_of(kind["items"])]
    return [VALUES[kind]]


@given(old=KINDS, new=KINDS)
def test_the_answer_is_the_avro_librarys_own(old: Any, new: Any) -> None:
    """What is called compatible is read; what is not, the library can't read either."""
    written, read = parse_schema(record(field("a", old))), parse_schema(record(field("a", new)))
    refused = 0
    for value in values_of(old):
        stream = BytesIO()
        schemaless_writer(stream, written, {"a": value})
        stream.seek(0)
        try:
            schemaless_reader(stream, written, read)
        except Exception:  # noqa: BLE001  (the library raises what it likes; that it raises is what is asked)
            refused += 1
    assert bool(incompatibilities(record(field("a", old)), record(field("a", new)))) == bool(refused)
