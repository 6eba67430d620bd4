"""What was written with one schema, made what a reader with another wants: Avro's resolution, value by value.

The Avro library reads a value as its writer wrote it. What lies between the two schemas is applied here, because the
library gives a default as the JSON it is said in, the same one each time, and a promoted number or text as it was.
Compiled once from two schemas of which `resolution` has nothing to complain; it judges nothing.
"""

from collections.abc import Callable, Mapping
from typing import Any

from passage_schemas.defaults import as_float, fresh_default
from passage_schemas.errors import SchemaError
from passage_schemas.fact_types.avro_values import Conversion
from passage_schemas.fingerprint import named
from passage_schemas.resolution import written_field

_PYTHON: Mapping[str, type] = {
    "boolean": bool, "int": int, "long": int, "float": float, "double": float,
    "string": str, "bytes": bytes, "array": list, "map": dict,
}  # fmt: skip
"""What the library makes of the branches of a union that have no name."""


def converter(
    written: Any, written_names: Mapping[str, Any], read: Any, read_names: Mapping[str, Any]
) -> Conversion | None:
    """From a value as the library reads it, the names of unions' branches beside theirs; None: it is right as it is.

    Raises SchemaError for a default that won't do, naming the field.
    """
    return _Compiler(written_names, read_names).of(written, read)


class _Compiler:
    def __init__(self, written_names: Mapping[str, Any], read_names: Mapping[str, Any]) -> None:
        self._written_names = written_names
        self._read_names = read_names

    def of(self, written: Any, read: Any) -> Conversion | None:
        written, read = named(written, self._written_names), named(read, self._read_names)
        if isinstance(written, list):
            return self._union(written, read)
        if isinstance(read, list):
            if written["type"] == "null":
                return None
            read = named(_present(read), self._read_names)
        return self._one(written, read)

    def _union(self, written: list[Any], read: Any) -> Conversion | None:
        ways: dict[Any, Conversion | None] = {}
        has_names = False
        for branch in written:
            whole = named(branch, self._written_names)
            if whole["type"] != "null":
                has_names |= "name" in whole
                ways[whole["name"] if "name" in whole else _PYTHON[whole["type"]]] = self.of(branch, read)
        if not has_names and not any(ways.values()):
            return None

        def convert(value: Any) -> Any:
            if value is None:
                return None
            place: Any = type(value)
            if place is tuple:
                place, value = value
            way = ways[place]
            return value if way is None else way(value)

        return convert

    def _one(self, written: Mapping[str, Any], read: Mapping[str, Any]) -> Conversion | None:
        before, after = written["type"], read["type"]
        if after == "record":
            return self._record(written, read)
        if after == "array":
            return _many(self.of(written["items"], read["items"]))
        if after == "map":
            return _each(self.of(written["values"], read["values"]))
        if after == "enum":
            return _symbol(written["symbols"], read)
        if after in ("float", "double") and before not in (after, "float"):
            return lambda number: as_float(number, after)
        if (before, after) == ("string", "bytes"):
            return str.encode
        if (before, after) == ("bytes", "string"):
            return bytes.decode
        return None

    def _record(self, written: Mapping[str, Any], read: Mapping[str, Any]) -> Conversion | None:
        before = {field["name"]: field for field in written["fields"]}
        moves: list[tuple[str, str, Conversion | None]] = []
        new: list[tuple[str, Callable[[], Any]]] = []
        for field in read["fields"]:
            found = written_field(field, before)
            if found is not None:
                moves.append((found["name"], field["name"], self.of(found["type"], field["type"])))
            else:
                new.append((field["name"], self._default(read["name"], field)))
        is_alike = len(moves) == len(before) and all(old == name for old, name, _ in moves)
        if is_alike and not new and not any(way for _, _, way in moves):
            return None

        def convert(value: dict[str, Any]) -> dict[str, Any]:
            found = {name: value[old] if way is None else way(value[old]) for old, name, way in moves}
            for name, make in new:
                found[name] = make()
            return found

        return convert

    def _default(self, record: str, field: Mapping[str, Any]) -> Callable[[], Any]:
        try:
            return fresh_default(field["default"], field["type"], self._read_names)
        except SchemaError as error:
            raise SchemaError(f"{record}.{field['name']}: {error}") from None


def _present(branches: list[Any]) -> Any:
    """The one that is not null: no dataclass is read from a union of several."""
    return next(branch for branch in branches if branch != "null")


def _many(item: Conversion | None) -> Conversion | None:
    return None if item is None else lambda values: [item(one) for one in values]


def _each(value: Conversion | None) -> Conversion | None:
    return None if value is None else lambda found: {key: value(one) for key, one in found.items()}


def _symbol(written: list[str], read: Mapping[str, Any]) -> Conversion | None:
    """A symbol the reader no longer has becomes its default."""
    gone = set(written) - set(read["symbols"])
    return (lambda symbol: read["default"] if symbol in gone else symbol) if gone else None
