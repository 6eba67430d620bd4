"""Whether a reader with one schema understands what was written with another: Avro's resolution, asked beforehand.

Source: the Avro 1.12 specification, "Schema Resolution". Stricter in two places, because a tick misread is worse than
a tick refused: names are compared in full, and a logical type may not change (resolution itself would read milliseconds
as microseconds without a word).
"""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from fastavro import parse_schema
from fastavro.schema import SchemaParseException, UnknownType

from passage_schemas.defaults import default_value
from passage_schemas.errors import SchemaError
from passage_schemas.fingerprint import Schema, logical_types, named

Compatibility = Literal["BACKWARD", "FORWARD", "FULL"]
"""BACKWARD: the new schema reads old values. FORWARD: the old one reads new values. FULL: both."""

_PROMOTIONS = {
    "int": {"long", "float", "double"},
    "long": {"float", "double"},
    "float": {"double"},
    "string": {"bytes"},
    "bytes": {"string"},
}


def incompatibilities(old: Schema, new: Schema, level: Compatibility = "BACKWARD") -> list[str]:
    """One line per reason why values can't be read across the two versions; empty when they can.

    Raises SchemaError for what is no Avro schema.
    """
    found: list[str] = []
    if level in ("BACKWARD", "FULL"):
        found += _Resolution(written=old, read=new).complaints()
    if level in ("FORWARD", "FULL"):
        forward = _Resolution(written=new, read=old).complaints()
        found += [f"{line} (seen by a reader of the older version)" for line in forward]
    return found


class _Resolution:
    def __init__(self, written: Schema, read: Schema) -> None:
        self._written, self._written_names = _parsed(written)
        self._read, self._read_names = _parsed(read)
        self._seen: set[tuple[str, str]] = set()

    def complaints(self) -> list[str]:
        where = self._read.get("name", "value") if isinstance(self._read, dict) else "value"
        return list(self._compare(self._written, self._read, where))

    def _compare(self, written: Any, read: Any, where: str) -> Iterator[str]:
        written, read = named(written, self._written_names), named(read, self._read_names)
        if isinstance(written, list):
            for branch in written:
                yield from self._compare(branch, read, where)
        elif isinstance(read, list):
            if not any(self._fits(written, branch) for branch in read):
                choice = ", ".join(_said(branch) for branch in read)
                yield f"{where}: {_said(written)} is none of {choice}; add it to the union"
        else:
            yield from self._compare_one(written, read, where)

    def _fits(self, written: Any, read: Any) -> bool:
        trial = _Resolution.__new__(_Resolution)
        trial._written_names, trial._read_names, trial._seen = self._written_names, self._read_names, set(self._seen)
        return not list(trial._compare(written, read, ""))

    def _compare_one(self, written: Mapping[str, Any], read: Mapping[str, Any], where: str) -> Iterator[str]:
        before, after = written["type"], read["type"]
        if before != after and after not in _PROMOTIONS.get(before, ()):
            yield f"{where}: {_said(written)} became {_said(read)}; keep the type, and add a new field for the new one"
        elif (was := logical_types(written).get("")) != (now := logical_types(read).get("")):
            yield f"{where}: logical type {was or 'none'} became {now or 'none'}; keep it, and add a new field"
        elif before in ("record", "enum", "fixed"):
            yield from self._compare_named(written, read, where)
        elif before in ("array", "map"):
            part, sign = ("items", "[]") if before == "array" else ("values", "{}")
            yield from self._compare(written[part], read[part], where + sign)

    def _compare_named(self, written: Mapping[str, Any], read: Mapping[str, Any], where: str) -> Iterator[str]:
        if written["name"] != read["name"] and written["name"] not in _aliases(read):
            yield f"{where}: {written['name']} became {read['name']}; give the new name the alias {written['name']!r}"
        elif read["type"] == "fixed" and written["size"] != read["size"]:
            yield f"{where}: {written['size']} bytes became {read['size']}; keep the size, and add a new field"
        elif read["type"] == "enum":
            gone = [symbol for symbol in written["symbols"] if symbol not in read["symbols"]]
            if gone and "default" not in read:
                yield f"{where}: no symbol for {', '.join(gone)}; keep it, or give the enum a default"
        elif read["type"] == "record" and (pair := (written["name"], read["name"])) not in self._seen:
            self._seen.add(pair)
            yield from self._compare_fields(written, read, where)

    def _compare_fields(self, written: Mapping[str, Any], read: Mapping[str, Any], where: str) -> Iterator[str]:
        before = {field["name"]: field for field in written["fields"]}
        for field in read["fields"]:
            found = written_field(field, before)
            if found is not None:
                yield from self._compare(found["type"], field["type"], f"{where}.{field['name']}")
            elif "default" not in field:
                yield f"{where}.{field['name']}: new, without a default; give it one, so that older values can be read"
            elif wrong := self._wrong_default(field):
                yield f"{where}.{field['name']}: {wrong}; give it one of its type, so that older values can be read"

    def _wrong_default(self, field: Mapping[str, Any]) -> str:
        try:
            default_value(field["default"], field["type"], self._read_names)
        except SchemaError as error:
            return str(error)
        return ""


def _parsed(schema: Schema) -> tuple[Any, dict[str, Any]]:
    names: dict[str, Any] = {}
    try:
        return parse_schema(schema, names), names
    except (SchemaParseException, UnknownType, KeyError, TypeError, ValueError) as error:
        raise SchemaError(f"not an Avro schema: {error}") from error


def written_field(field: Mapping[str, Any], written: Mapping[str, Any]) -> Any:
    """The writer's field, of those by name, that a reader's is read from; None: it gets its default."""
    return next((written[name] for name in (field["name"], *field.get("aliases", ())) if name in written), None)


def _aliases(read: Mapping[str, Any]) -> set[str]:
    """An alias without a namespace is in that of the name it stands by."""
    namespace = read["name"].rpartition(".")[0]
    return {alias if "." in alias or not namespace else f"{namespace}.{alias}" for alias in read.get("aliases", ())}


def _said(schema: Any) -> str:
    if isinstance(schema, str):
        return schema
    name = schema.get("name")
    return f"{schema['type']} {name}" if name else str(schema["type"])
