"""Whether a value can be as large and as deep as it says, asked before a library made in C believes it.

Avro tells how many items follow by a number, and an item may take no bytes: thirteen bytes can ask for eight billion
nulls. The library does as it is told, for minutes; it passes over numbers that aren't there, one by one, and a value
nested ten thousand times ends the process by way of its stack. So where a schema has lists, maps or records inside
themselves, the value is walked here first, by bytes alone: nothing is made of it, and nothing else is judged.
"""

from collections.abc import Callable, Mapping
from typing import Any

MOST_DEEP = 100
"""Values inside values: schemas have ten at most, and a stack has room for some thousands."""
MOST_EMPTY = 1_000
"""Items of a value that take no bytes, beside as many as it has bytes."""

_SIZES = {"null": 0, "boolean": 1, "float": 4, "double": 8}
_NUMBERS = ("int", "long", "enum")
_LENGTHS = ("bytes", "string")
_LAST_SHIFT = 63

Walk = Callable[[bytes, int], int]
"""(data, where the value begins) to where it ends. Raises Unbounded, or IndexError where it breaks off."""


class Unbounded(ValueError):
    """The value says of itself what its bytes can't hold."""


def walk_of(schema: Any, names: Mapping[str, Any]) -> Walk | None:
    """For values of a parsed schema; None where it names nothing whose size a value could choose."""
    if not _chooses(schema, names, frozenset()):
        return None
    return lambda data, at: _Walking(data, names).value(schema, at, 0)


def _chooses(schema: Any, names: Mapping[str, Any], inside: frozenset[str]) -> bool:
    schema = names.get(schema, schema) if isinstance(schema, str) else schema
    if isinstance(schema, str):
        return False
    if isinstance(schema, list):
        return any(_chooses(branch, names, inside) for branch in schema)
    kind = schema["type"]
    if kind in ("array", "map"):
        return True
    if not isinstance(kind, str):
        return _chooses(kind, names, inside)
    if "fields" not in schema:
        return False
    name = schema["name"]
    return name in inside or any(_chooses(field["type"], names, inside | {name}) for field in schema["fields"])


class _Walking:
    def __init__(self, data: bytes, names: Mapping[str, Any]) -> None:
        self._data = data
        self._names = names
        self._items_left = len(data) + MOST_EMPTY

    def value(self, schema: Any, at: int, depth: int) -> int:
        if depth > MOST_DEEP:
            raise Unbounded(f"values inside values, more than {MOST_DEEP} deep near byte {at}")
        schema = self._names.get(schema, schema) if isinstance(schema, str) else schema
        if isinstance(schema, list):
            branch, at = self._long(at)
            if not 0 <= branch < len(schema):
                raise Unbounded(f"branch {branch} of a union of {len(schema)} at byte {at}")
            return self.value(schema[branch], at, depth + 1)
        kind = schema if isinstance(schema, str) else schema["type"]
        if not isinstance(kind, str):
            return self.value(kind, at, depth)
        if kind in ("array", "map"):
            return self._many(schema, at, depth + 1)
        if isinstance(schema, dict) and "fields" in schema:
            for field in schema["fields"]:
                at = self.value(field["type"], at, depth + 1)
            return at
        return self._one(kind, schema, at)

    def _one(self, kind: str, schema: Any, at: int) -> int:
        if kind in _NUMBERS:
            return self._long(at)[1]
        if kind in _LENGTHS:
            length, at = self._long(at)
        else:
            length = schema["size"] if kind == "fixed" else _SIZES[kind]
        if not 0 <= length <= len(self._data) - at:
            raise IndexError(at)
        return at + length

    def _many(self, schema: Any, at: int, depth: int) -> int:
        """Blocks of items, each with their number before it, or with the negative number and the bytes of all."""
        is_map = schema["type"] == "map"
        item = schema["values" if is_map else "items"]
        while True:
            count, at = self._long(at)
            if count == 0:
                return at
            size = None
            if count < 0:
                count = -count
                size, at = self._long(at)
            self._items_left -= count
            if self._items_left < 0:
                raise Unbounded(f"{count} items at byte {at} of {len(self._data)}, more than there can be")
            begun = at
            for _ in range(count):
                at = self.value(item, self._one("string", None, at) if is_map else at, depth)
            if size is not None and at - begun != size:
                raise Unbounded(f"a block of {size} bytes at byte {begun} has {at - begun}")

    def _long(self, at: int) -> tuple[int, int]:
        found = shift = 0
        while True:
            byte = self._data[at]
            at += 1
            found |= (byte & 127) << shift
            if byte < 128:
                return found >> 1 ^ -(found & 1), at
            shift += 7
            if shift > _LAST_SHIFT:
                raise Unbounded(f"a number of more than ten bytes at byte {at}")
