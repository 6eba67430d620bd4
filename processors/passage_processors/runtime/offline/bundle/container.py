"""A partition's records as Avro object container files: what any Avro library reads, in blocks of their own.

Key, value and header values are bytes as they lay on the log, never decoded, so no schema, registry or version stands
between the history and its copy. A header's name that is not UTF-8 is lost: Kafka's client loses it before
(`passage_schemas.headers`).
"""

import hashlib
import json
import zlib
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import IO, Any, NamedTuple, cast

from fastavro import reader

from passage_log.memory.store import NOBODY, MemoryRecord
from passage_schemas.headers import read_headers
from passage_schemas.log_record import Header, Partition, Record

SCHEMA = {
    "type": "record",
    "name": "LogRecord",
    "namespace": "passage",
    "doc": "A record as it lay on the log; of which topic says the file's metadata, passage.topic",
    "fields": [
        {"name": "partition", "type": "int"},
        {"name": "offset", "type": "long"},
        {"name": "timestamp", "type": "long", "doc": "Milliseconds since 1970 UTC"},
        {"name": "timestamp_kind", "type": "int", "doc": "1: the writer's time, 2: the broker's (LogAppendTime)"},
        {"name": "key", "type": ["null", "bytes"]},
        {"name": "value", "type": ["null", "bytes"]},
        {
            "name": "headers",
            "type": {
                "type": "array",
                "items": {
                    "type": "record",
                    "name": "LogHeader",
                    "fields": [
                        {"name": "name", "type": "string"},
                        {"name": "value", "type": ["null", "bytes"]},
                    ],
                },
            },
        },
    ],
}
TOPIC = "passage.topic"
_BLOCK_BYTES = 1 << 18
"""Before compression: far beyond what a block costs by itself, and little to have in memory."""
_LEVEL = 1
"""Of deflate: a third of the time of its default, for a tenth more bytes."""
_RAW = -15
"""Deflate without a wrapping of zlib's, as Avro has it."""
_MARKER_BYTES = 16


class Summed:
    """A file that is written from its beginning: its size and SHA-256 so far."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._sha = hashlib.sha256()
        self.bytes = 0

    def write(self, data: bytes) -> int:
        self._sha.update(data)
        self.bytes += len(data)
        return self._file.write(data)

    @property
    def sha256(self) -> str:
        return self._sha.hexdigest()


class PartExtent(NamedTuple):
    """What went into a file: so many records, and the offset behind the last."""

    records: int
    next_offset: int


def write_records(file: Summed, place: Partition, records: Iterator[Record], most_bytes: int) -> PartExtent:
    """Of these, of one partition, so many as make a file; one at least, which must be there.

    By hand, and not by the Avro library: of what a record takes it has twice the rest for looking at the schema. It
    reads them again."""
    first = next(records)
    marker = hashlib.sha256(f"{place.topic}/{place.number}/{first.offset()}".encode()).digest()[:_MARKER_BYTES]
    file.write(_header(place.topic, marker))
    block, in_block, written, count = list[bytes](), 0, 0, 0
    for record in chain([first], records):
        encoded = _encoded(record)
        block.append(encoded)
        in_block += len(encoded)
        written += len(encoded)
        count += 1
        if in_block >= _BLOCK_BYTES:
            _write_block(file, block, marker)
            block, in_block = [], 0
        if written >= most_bytes:
            break
    if block:
        _write_block(file, block, marker)
    return PartExtent(count, record.offset() + 1)


def _header(topic: str, marker: bytes) -> bytes:
    """`marker` is made of the file's place, so that the same records give the same bytes."""
    metadata = {"avro.codec": "deflate", "avro.schema": json.dumps(SCHEMA), TOPIC: topic}
    pairs = b"".join(_text(name) + _text(value) for name, value in metadata.items())
    return b"".join((b"Obj\x01", _long(len(metadata)), pairs, b"\x00", marker))


def _write_block(file: Summed, records: list[bytes], marker: bytes) -> None:
    data = zlib.compress(b"".join(records), _LEVEL, wbits=_RAW)
    file.write(b"".join((_long(len(records)), _long(len(data)), data, marker)))


def _encoded(record: Record) -> bytes:
    kind, at_ms = record.timestamp()
    headers = read_headers(record)
    return b"".join(
        (
            _long(record.partition()), _long(record.offset()), _long(at_ms), _long(kind), _optional(record.key()),
            _optional(record.value()), _headers(headers) if headers else b"\x00",
        )
    )  # fmt: skip


def _headers(headers: Sequence[Header]) -> bytes:
    pairs = (piece for name, value in headers for piece in (_text(name), _optional(value)))
    return b"".join((_long(len(headers)), *pairs, b"\x00"))


def _text(text: str) -> bytes:
    data = text.encode()
    return _long(len(data)) + data


def _optional(data: bytes | None) -> bytes:
    return b"\x00" if data is None else b"".join((b"\x02", _long(len(data)), data))


def _long(number: int) -> bytes:
    """Zigzag, seven bits a byte, the lowest first. What comes again and again, lengths and the upper bits of offsets
    and dates, is looked up."""
    rest = number << 1 ^ number >> 63
    if rest < 128:
        return _LOW[rest]
    if rest < 1 << 14:
        return bytes((rest & 127 | 128, rest >> 7))
    return bytes((rest & 127 | 128, rest >> 7 & 127 | 128)) + _upper(rest >> 14)


_LOW = tuple(bytes((number,)) for number in range(128))


@lru_cache(maxsize=4096)
def _upper(rest: int) -> bytes:
    out = bytearray()
    while rest > 127:
        out.append(rest & 127 | 128)
        rest >>= 7
    out.append(rest)
    return bytes(out)


def read_records(path: Path, topic: str) -> Iterator[MemoryRecord]:
    """Those of one file, in order. Raises OSError; what else can be wrong with it shows in its sum, looked at first."""
    with path.open("rb") as file:
        for read in reader(file):
            one = cast(dict[str, Any], read)
            headers = tuple((header["name"], header["value"]) for header in one["headers"])
            yield MemoryRecord(
                (
                    topic, one["partition"], one["offset"], one["key"], one["value"], one["timestamp_kind"],
                    one["timestamp"], headers, NOBODY,
                )
            )  # fmt: skip


def sum_of(path: Path) -> tuple[int, str]:
    """Size and SHA-256 of a file. Raises OSError."""
    sha, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            sha.update(chunk)
            size += len(chunk)
    return size, sha.hexdigest()
