"""The value a schema's JSON default stands for, as Avro's binary would have given it, logical types left aside.

JSON has fewer kinds of value than Avro: bytes are written as text of the code points 0 to 255, 1 stands for 1.0 too,
a record may leave out what its fields have defaults for. Avro libraries differ in what they make of it, and one takes
the text for the bytes; so it is done here, by the specification ("Complex Types", the table of field default values).

Refused is a default that is none of its type: it would come to light with the first older value.
"""

import struct
from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

from passage_schemas.errors import SchemaError
from passage_schemas.fact_types.avro_values import INTEGER_BITS
from passage_schemas.fingerprint import named

_FLOAT = struct.Struct("<f")


def fresh_default(said: Any, avro: Any, names: Mapping[str, Any]) -> Callable[[], Any]:
    """What makes the value anew each time it is asked: a reader may change what it was given. Raises SchemaError."""
    value = default_value(said, avro, names)
    return (lambda: deepcopy(value)) if isinstance(value, list | dict) else lambda: value


def default_value(said: Any, avro: Any, names: Mapping[str, Any]) -> Any:
    """`said`: the default as JSON has it; `names`: every named type of the schema, parsed. Raises SchemaError."""
    avro = named(avro, names)
    if isinstance(avro, list):
        return _of_a_branch(said, avro, names)
    kind = avro["type"]
    if kind in ("bytes", "fixed") and isinstance(said, str):
        return _bytes(said, avro)
    if kind in ("float", "double") and isinstance(said, int | float) and not isinstance(said, bool):
        return as_float(said, kind)
    if (
        kind in INTEGER_BITS
        and type(said) is int
        and -1 << INTEGER_BITS[kind] - 1 <= said < 1 << INTEGER_BITS[kind] - 1
    ):
        return said
    if kind == "enum" and said in avro["symbols"]:
        return said
    if kind == "array" and isinstance(said, list):
        return [default_value(one, avro["items"], names) for one in said]
    if kind == "map" and isinstance(said, dict):
        return {key: default_value(one, avro["values"], names) for key, one in said.items()}
    if kind == "record" and isinstance(said, dict):
        return _record(said, avro, names)
    if kind in _JSON and type(said) is _JSON[kind]:
        return said
    raise _no_default(said, str(avro.get("name", kind)))


_JSON = {"null": type(None), "boolean": bool, "string": str}
"""What JSON has as it is."""


def as_float(number: float, kind: str) -> float:
    """The number as Avro's `float` or `double` has it."""
    return float(number) if kind == "double" else float(_FLOAT.unpack(_FLOAT.pack(number))[0])


def _of_a_branch(said: Any, branches: list[Any], names: Mapping[str, Any]) -> Any:
    """Of the first branch that takes it: the specification once wanted the first of all, now the first that fits."""
    for branch in branches:
        try:
            return default_value(said, branch, names)
        except SchemaError:
            continue
    raise _no_default(said, "branch of its union")


def _bytes(said: str, avro: Mapping[str, Any]) -> bytes:
    try:
        value = said.encode("latin-1")
    except UnicodeEncodeError:
        raise _no_default(said, "text of the code points 0 to 255, which stand for bytes") from None
    if avro["type"] == "fixed" and len(value) != avro["size"]:
        raise _no_default(said, f"{avro['name']} of {avro['size']} bytes")
    return value


def _record(said: Mapping[str, Any], avro: Mapping[str, Any], names: Mapping[str, Any]) -> dict[str, Any]:
    value = {}
    for field in avro["fields"]:
        if field["name"] not in said and "default" not in field:
            raise _no_default(said, f"{avro['name']}: {field['name']} is missing")
        value[field["name"]] = default_value(said.get(field["name"], field.get("default")), field["type"], names)
    return value


def _no_default(said: Any, wanted: str) -> SchemaError:
    text = repr(said)
    return SchemaError(f"the default {text if len(text) <= 60 else text[:57] + '...'} is no {wanted}")
