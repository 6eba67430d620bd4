"""A value that says it is larger, or deeper, than its bytes is refused at once, whoever wrote its schema."""

from dataclasses import dataclass
from io import BytesIO
from typing import Any

import pytest
from fastavro import parse_schema, schemaless_writer
from fastavro.utils import generate_many

from passage_schemas.bounds import MOST_DEEP, walk_of
from passage_schemas.codec import Codec
from passage_schemas.errors import SchemaError
from passage_schemas.events import event_codec
from passage_schemas.fingerprint import PREFIX_BYTES, prefix_of

NOTHING = {"type": "record", "name": "Nothing", "fields": []}
ITEMS: dict[str, Any] = {
    "null": "null", "boolean": "boolean", "int": "int", "float": "float", "double": "double", "bytes": "bytes",
    "string": "string", "fixed": {"type": "fixed", "name": "F", "size": 16},
    "no bytes": {"type": "fixed", "name": "F", "size": 0}, "enum": {"type": "enum", "name": "E", "symbols": ["A"]},
    "no fields": NOTHING,
    "nothing in nothing": {"type": "record", "name": "R", "fields": [{"name": "n", "type": NOTHING}]},
    "nulls": {"type": "array", "items": "null"}, "map of nulls": {"type": "map", "values": "null"},
    "union": ["null", "int"],
}  # fmt: skip
LIES = {
    "most there can be": b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01",
    "least there can be": b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00",
    "eight billion": b"\x80\xc0\xa1\xb9\x3b",
    "a number without an end": b"\xff" * 900_000,
    "a block of too few bytes": b"\x03\x02\x00\x00\x00\x00",
    "a block of fewer than none": b"\x03\x01\x00\x00\x00\x00",
    "many blocks of many": b"\xfe\xff\x03" * 100_000,
}


@dataclass(frozen=True)
class Fact:
    name: str = ""


def written_by_another(item: Any, kind: str) -> tuple[Codec[Fact], bytes]:
    """A codec that reads facts of a writer who adds many of these, and how such values begin."""
    part = "items" if kind == "array" else "values"
    older = {"type": "record", "name": "Fact", "fields": [{"name": "more", "type": {"type": kind, part: item}}]}
    return Codec(Fact, event_codec(Fact).schema, [older]), prefix_of(older)


@pytest.mark.parametrize("lie", LIES)
@pytest.mark.parametrize("kind", ["array", "map"])
@pytest.mark.parametrize("item", ITEMS)
def test_a_number_of_items_is_not_believed(item: str, kind: str, lie: str) -> None:
    codec, prefix = written_by_another(ITEMS[item], kind)
    with pytest.raises(SchemaError):
        codec.decode(prefix + LIES[lie])


@pytest.mark.parametrize("item", ITEMS)
def test_what_is_there_is_read(item: str) -> None:
    codec, prefix = written_by_another(ITEMS[item], "array")
    assert codec.decode(prefix + b"\x00") == Fact()
    if item in ("null", "no bytes", "no fields"):
        assert codec.decode(prefix + b"\x06\x00") == Fact()


@pytest.mark.parametrize("depth", [MOST_DEEP, 10_000, 900_000])
def test_a_value_inside_itself_is_read_only_so_deep(depth: int) -> None:
    inner = {"type": "record", "name": "Fact", "fields": [{"name": "more", "type": ["null", "Fact"]}]}
    codec = Codec(Fact, event_codec(Fact).schema, [inner])
    assert codec.decode(prefix_of(inner) + b"\x02" * (MOST_DEEP // 4) + b"\x00") == Fact()
    with pytest.raises(SchemaError, match=f"more than {MOST_DEEP} deep"):
        codec.decode(prefix_of(inner) + b"\x02" * depth + b"\x00")


@dataclass(frozen=True)
class Bare:
    pass


@dataclass(frozen=True)
class Bares:
    many: tuple[Bare, ...] = ()
    lists: tuple[tuple[Bare, ...], ...] = ()


def test_a_fact_of_ours_with_many_of_nothing_is_bounded_too() -> None:
    codec = event_codec(Bares)
    few = Bares((Bare(),) * 5, ((Bare(),) * 3, ()))
    assert codec.decode(codec.encode(few)) == few
    for body in (LIES["eight billion"], LIES["many blocks of many"], b"\x00" + b"\x02\xd0\x0f" * 100_000):
        with pytest.raises(SchemaError):
            codec.decode(codec.prefix + body)


EVERYTHING = {
    "type": "record", "name": "Everything", "fields": [
        *({"name": f"f{place}", "type": one} for place, one in enumerate(["null", "boolean", "int", "long", "float"])),
        {"name": "fixed", "type": {"type": "fixed", "name": "Six", "size": 6}},
        {"name": "enum", "type": {"type": "enum", "name": "Letter", "symbols": ["A", "B"]}},
        {"name": "lists", "type": {"type": "array", "items": {"type": "array", "items": ["null", "string", "Six"]}}},
        {"name": "maps", "type": {"type": "map", "values": {"type": "map", "values": "Letter"}}},
        {"name": "again", "type": {"type": "array", "items": {
            "type": "record", "name": "Part",
            "fields": [{"name": "double", "type": "double"}, {"name": "none", "type": NOTHING}]}}},
        {"name": "part", "type": ["null", "Part"]}, {"name": "bytes", "type": "bytes"},
    ],
}  # fmt: skip


def test_an_honest_value_ends_where_its_bytes_do() -> None:
    names: dict[str, Any] = {}
    parsed = parse_schema(EVERYTHING, names)
    walk = walk_of(parsed, names)
    assert walk is not None
    for value in generate_many(parsed, 50):
        stream = BytesIO(b"\0" * PREFIX_BYTES)
        stream.seek(PREFIX_BYTES)
        schemaless_writer(stream, parsed, value)
        assert walk(stream.getvalue(), PREFIX_BYTES) == len(stream.getvalue())


def test_what_has_no_lists_and_is_not_inside_itself_is_not_walked() -> None:
    names: dict[str, Any] = {}
    flat = {
        "type": "record",
        "name": "Flat",
        "fields": [{"name": "a", "type": ["null", NOTHING]}, {"name": "b", "type": "Nothing"}],
    }
    assert walk_of(parse_schema(flat, names), names) is None
