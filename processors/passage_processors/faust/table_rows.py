"""What stands in the Faust table: one record per aggregate, and one cut per partition.

A table's records are written one by one, and a worker may be killed between any two. So what must change together
stands in one record: everything the app's units hold of an aggregate, and how far each input had been read when it
was written. A fact before that mark is in the record already, so when it is delivered again it is not heard again.
Pure.

A key is the partition's number, a kind and the aggregate: `3/a/inv-1`, `3/cut`, `3/ticks`, `3/schemas`. A value: the
number of inputs (u8) and each: offset (i64), topic; then each unit that holds something: length (u32), name, bytes. A
name is its length (u8) and UTF-8.
"""

import struct
from collections.abc import Mapping
from typing import NamedTuple

_OFFSET, _LENGTH = struct.Struct("<q"), struct.Struct("<I")
CUT, TICKS, SCHEMAS = b"cut", b"ticks", b"schemas"
_AGGREGATE = b"a/"


class TableRow(NamedTuple):
    """What there is of one aggregate. Of one that was forgotten, nothing but the marks."""

    marks: Mapping[str, int]
    """Topic -> the offset before which its facts are in here."""
    units: Mapping[str, bytes]
    """Unit -> the very bytes it would have on the engine's changelog."""


def encode_row(row: TableRow) -> bytes:
    parts = [bytes([len(row.marks)])]
    parts += [_OFFSET.pack(offset) + _named(topic) for topic, offset in row.marks.items()]
    parts += [_LENGTH.pack(len(value)) + _named(unit) + value for unit, value in row.units.items()]
    return b"".join(parts)


def decode_row(value: bytes) -> TableRow:
    marks, units, at = {}, {}, 1
    for _ in range(value[0]):
        (offset,) = _OFFSET.unpack_from(value, at)
        topic, at = _name_at(value, at + _OFFSET.size)
        marks[topic] = offset
    while at < len(value):
        (length,) = _LENGTH.unpack_from(value, at)
        unit, at = _name_at(value, at + _LENGTH.size)
        units[unit] = value[at : at + length]
        at += length
    return TableRow(marks, units)


def _named(name: str) -> bytes:
    text = name.encode()
    return bytes([len(text)]) + text


def _name_at(value: bytes, at: int) -> tuple[str, int]:
    end = at + 1 + value[at]
    return value[at + 1 : end].decode(), end


def table_key(number: int, kind: bytes) -> bytes:
    return b"%d/%s" % (number, kind)


def aggregate_key(number: int, aggregate: bytes) -> bytes:
    return table_key(number, _AGGREGATE + aggregate)


def split_key(key: bytes) -> tuple[int, bytes]:
    """The partition, and CUT, TICKS, SCHEMAS or an aggregate's kind."""
    number, _, kind = key.partition(b"/")
    return int(number), kind


def aggregate_of(kind: bytes) -> bytes | None:
    return kind[len(_AGGREGATE) :] if kind.startswith(_AGGREGATE) else None
