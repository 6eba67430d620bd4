"""A value names its schema as the Avro specification says, so that any language's reader finds it."""

from typing import Any

import pytest

from passage_schemas import SchemaError, avsc
from passage_schemas.fingerprint import canonical_form, check_agreement, fingerprint, logical_types, prefix_of

# The Avro project's own vectors: share/test/data/schema-tests.txt, as signed 64-bit numbers.
AVRO_VECTORS: list[tuple[Any, int]] = [
    ("null", 7195948357588979594),
    ("boolean", -6970731678124411036),
    ("int", 8247732601305521295),
    ("long", -3434872931120570953),
    ("float", 5583340709985441680),
    ("double", -8181574048448539266),
    ("bytes", 5746618253357095269),
    ("string", -8142146995180207161),
]


@pytest.mark.parametrize(("schema", "expected"), AVRO_VECTORS, ids=[str(schema) for schema, _ in AVRO_VECTORS])
def test_fingerprints_are_the_avro_projects_own(schema: Any, expected: int) -> None:
    assert int.from_bytes(fingerprint(schema), "little", signed=True) == expected


def test_a_value_begins_with_the_marker_and_the_fingerprint_little_endian() -> None:
    assert prefix_of("null") == bytes.fromhex("c301") + (7195948357588979594).to_bytes(8, "little", signed=True)


def record(*fields: dict[str, Any]) -> dict[str, Any]:
    return {"type": "record", "name": "Meter", "namespace": "plant", "fields": list(fields)}


def test_docs_and_defaults_do_not_change_the_fingerprint_but_names_and_order_do() -> None:
    plain = record({"name": "read", "type": "long"}, {"name": "unit", "type": "string"})
    told = record(
        {"name": "read", "type": "long", "doc": "kWh", "default": 0}, {"name": "unit", "type": {"type": "string"}}
    )
    turned = record(*reversed(plain["fields"]))

    assert fingerprint(plain) == fingerprint(told)
    assert fingerprint(plain) != fingerprint(turned)
    assert fingerprint(plain) != fingerprint({**plain, "name": "Gauge"})


def test_two_meanings_of_one_fingerprint_are_refused() -> None:
    millis = record({"name": "read_at", "type": {"type": "long", "logicalType": "timestamp-millis"}})
    micros = record({"name": "read_at", "type": {"type": "long", "logicalType": "timestamp-micros"}})
    assert fingerprint(millis) == fingerprint(micros), "else there would be nothing to check"

    with pytest.raises(SchemaError, match=r"Meter\.read_at: .* timestamp-millis and one with timestamp-micros"):
        check_agreement(millis, micros)
    check_agreement(millis, millis)


def test_schemas_with_different_fingerprints_have_nothing_to_agree_on() -> None:
    check_agreement(record({"name": "a", "type": "long"}), record({"name": "b", "type": "long"}))


def test_logical_types_are_found_wherever_they_hide() -> None:
    money = {"type": "bytes", "logicalType": "decimal", "precision": 10, "scale": 2}
    line = {"type": "record", "name": "Line", "fields": [{"name": "price", "type": money}]}
    schema = record(
        {"name": "lines", "type": {"type": "array", "items": line}},
        {"name": "totals", "type": {"type": "map", "values": money}},
        {"name": "due_on", "type": ["null", {"type": "int", "logicalType": "date"}]},
    )

    assert logical_types(schema) == {
        "lines[].price": "decimal(10,2)",
        "totals{}": "decimal(10,2)",
        "due_on": "date",
    }


@pytest.mark.parametrize("schema", [{"type": "record"}, "no.such.Type", 7, {"type": "enum", "name": "E"}])
def test_what_is_no_schema_is_refused(schema: Any) -> None:
    with pytest.raises(SchemaError, match="not an Avro schema"):
        canonical_form(schema)


_MICROS = "timestamp-micros"
LOGICAL_TYPES = {
    "tick.1": dict.fromkeys(("starts_at", "ends_at", "next_at", "published_at"), _MICROS),
    "schedule_entry.1": dict.fromkeys(("next_at", "floor_at"), _MICROS),
    "triggered.1": dict.fromkeys(("requested_at", "published_at"), _MICROS),
    "cut.1": {},
    "wake_up_resumed.1": {},
    "state_schemas.1": {},
}


def test_the_published_records_keep_their_fingerprints() -> None:
    """A published file never changes. If this fails, undo the change and publish a new version beside it."""
    kept = {
        f"{name}.{number}": fingerprint(one) for name in avsc.RECORDS for number, one in avsc.published(name).items()
    }

    assert {version: digest.hex() for version, digest in kept.items()} == {
        "tick.1": "08d328d7f4a4e1d1",
        "schedule_entry.1": "12b2bc76512c3cf3",
        "triggered.1": "43b4ed249d6da0ac",
        "cut.1": "2c83e17e167c434a",
        "wake_up_resumed.1": "1471e7abad2da9d2",
        "state_schemas.1": "3c0ffa2d0e537ecd",
    }
    told = {
        f"{name}.{number}": logical_types(one) for name in avsc.RECORDS for number, one in avsc.published(name).items()
    }
    assert told == LOGICAL_TYPES, "what a fingerprint doesn't tell"
