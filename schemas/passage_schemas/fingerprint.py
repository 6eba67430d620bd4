"""How a value says which schema it was written with: the Avro specification's single-object encoding.

Two marker bytes, then the CRC-64-AVRO fingerprint of the schema's Parsing Canonical Form, little-endian. The canonical
form drops documentation, defaults and logical types, so a date in days and a plain int look alike to it: where two
schemas meet, their logical types must be compared too, and `check_agreement` does. No registry is asked.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from fastavro.schema import SchemaParseException, UnknownType
from fastavro.schema import fingerprint as digest
from fastavro.schema import to_parsing_canonical_form as canonical

from passage_schemas.errors import SchemaError

Schema = dict[str, Any]
"""An Avro schema as `json.load` gives it. Ours are always records."""

MARKER = b"\xc3\x01"
PREFIX_BYTES = len(MARKER) + 8

_LOGICAL_ATTRIBUTES = ("precision", "scale")


def canonical_form(schema: Any) -> str:
    """The Parsing Canonical Form: the same text for every schema that reads and writes the same bytes.

    Raises SchemaError for what is no Avro schema.
    """
    try:
        return canonical(schema)
    except (SchemaParseException, UnknownType, KeyError, TypeError, ValueError) as error:
        raise SchemaError(f"not an Avro schema: {error}") from error


def fingerprint(schema: Any) -> bytes:
    """CRC-64-AVRO of the canonical form: 8 bytes, little-endian."""
    return _crc(canonical_form(schema))


@lru_cache(maxsize=4_096)
def _crc(form: str) -> bytes:
    """Worked out once for each schema: in pure Python it takes half a millisecond, and every app that is built asks for
    those of all its types several times."""
    return bytes.fromhex(digest(form, "CRC-64-AVRO"))


def prefix_of(schema: Any) -> bytes:
    """The ten bytes every value of this schema begins with."""
    return MARKER + fingerprint(schema)


def logical_types(schema: Any) -> dict[str, str]:
    """Where the schema says more than the canonical form keeps: `{"lines[].price": "decimal(10,2)"}`."""
    return dict(_logical(schema, ""))


def check_agreement(one: Schema, other: Schema) -> None:
    """Raise SchemaError where two schemas share a fingerprint and mean different things by it."""
    if fingerprint(one) != fingerprint(other):
        return
    left, right = logical_types(one), logical_types(other)
    for where in sorted(left.keys() | right.keys()):
        if left.get(where) != right.get(where):
            raise SchemaError(
                f"{one.get('name')}.{where}: two schemas with the same fingerprint, one with logical type "
                f"{left.get(where, 'none')} and one with {right.get(where, 'none')}; their values can't be told apart: "
                "rename the record or the field in one of them"
            )


def named(schema: Any, names: Mapping[str, Any]) -> Any:
    """A type of a parsed schema as a mapping with its `type`, be it a name or wrapped; a union as it is."""
    while isinstance(schema, Mapping) and (not isinstance(schema["type"], str) or schema["type"] in names):
        schema = schema["type"]
    return names.get(schema, {"type": schema}) if isinstance(schema, str) else schema


def _logical(schema: Any, where: str) -> Iterator[tuple[str, str]]:
    if isinstance(schema, list):
        for branch in schema:
            yield from _logical(branch, where)
    elif isinstance(schema, Mapping):
        if "logicalType" in schema:
            extra = ",".join(str(schema.get(name, 0)) for name in _LOGICAL_ATTRIBUTES if "precision" in schema)
            yield where, str(schema["logicalType"]) + (f"({extra})" if extra else "")
        for field in schema.get("fields", ()):
            yield from _logical(field["type"], f"{where}.{field['name']}".lstrip("."))
        for part, sign in (("items", "[]"), ("values", "{}")):
            if part in schema:
                yield from _logical(schema[part], where + sign)
        if isinstance(schema.get("type"), dict | list):
            yield from _logical(schema["type"], where)
