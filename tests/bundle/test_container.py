"""The files are Avro object containers by the specification, read here by hand: no library's word is taken for it."""

import json
import zlib
from io import BytesIO
from pathlib import Path

import pytest

from passage_log.memory.store import MemoryRecord
from passage_processors.runtime.offline.bundle.container import Summed, read_records, write_records
from passage_schemas.log_record import Partition

MARKER_BYTES = 16


def long_of(data: BytesIO) -> int:
    found = shift = 0
    while True:
        (byte,) = data.read(1)
        found |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return (found >> 1) ^ -(found & 1)


def bytes_of(data: BytesIO) -> bytes:
    length = long_of(data)
    found = data.read(length)
    assert len(found) == length
    return found


def optional(data: BytesIO) -> bytes | None:
    return bytes_of(data) if long_of(data) else None


def headers_of(data: BytesIO) -> list[tuple[str, bytes | None]]:
    found = []
    while count := long_of(data):
        if count < 0:
            count = -count
            long_of(data)
        found += [(bytes_of(data).decode(), optional(data)) for _ in range(count)]
    return found


def record_of(data: BytesIO) -> tuple[object, ...]:
    numbers = [long_of(data) for _ in range(4)]
    return (*numbers, optional(data), optional(data), headers_of(data))


def by_hand(file: bytes) -> tuple[dict[str, bytes], list[tuple[object, ...]], int]:
    """The metadata, the records and how many blocks they lie in; each block ends with the file's marker."""
    data = BytesIO(file)
    assert data.read(4) == b"Obj\x01"
    metadata: dict[str, bytes] = {}
    while count := long_of(data):
        assert count > 0
        metadata |= {bytes_of(data).decode(): bytes_of(data) for _ in range(count)}
    marker = data.read(MARKER_BYTES)
    assert len(marker) == MARKER_BYTES
    records, blocks = list[tuple[object, ...]](), 0
    while data.tell() < len(file):
        count = long_of(data)
        block = BytesIO(zlib.decompress(bytes_of(data), wbits=-15))
        records += [record_of(block) for _ in range(count)]
        assert block.read() == b""
        assert data.read(MARKER_BYTES) == marker
        blocks += 1
    return metadata, records, blocks


NUMBERS = [0, -1, 1, 63, 64, -64, -65, 8191, 8192, (1 << 20) - 1, 1 << 20, 1 << 31, 1 << 52, (1 << 63) - 1, -(1 << 63)]


@pytest.mark.parametrize("at_ms", NUMBERS)
def test_a_number_of_any_size_is_read_as_it_was(tmp_path: Path, at_ms: int) -> None:
    path, record = tmp_path / "part.avro", MemoryRecord(("facts", 0, abs(at_ms) // 2, b"k", b"v", 1, at_ms, (), 0))
    with path.open("wb") as file:
        write_records(Summed(file), Partition("facts", 0), iter([record]), 1)
    _metadata, (by_this_hand,), _blocks = by_hand(path.read_bytes())
    assert by_this_hand[:3] == (0, abs(at_ms) // 2, at_ms)
    assert list(read_records(path, "facts")) == [record]


@pytest.mark.parametrize("size", [0, 1, 70_000])
def test_a_file_is_what_the_specification_says(tmp_path: Path, size: int) -> None:
    headers = [(), (("name", b"value"), ("name", None), ("empty", b""), ("a name beyond ASCII: \u00e9", b"\xff"))]
    records = [
        MemoryRecord(
            ("facts", 3, 5 + 2 * number, *[(None, b""), (b"key", b"v" * size), (b"", None)][number % 3], 1 + number % 2,
             [-1, 0, 1 << 52][number % 3], headers[number % 2], 0)
        )
        for number in range(12)
    ]  # fmt: skip
    path = tmp_path / "part.avro"
    with path.open("wb") as file:
        summed = Summed(file)
        written = write_records(summed, Partition("facts", 3), iter(records), 1 << 30)
    assert written == (12, 28)
    assert summed.bytes == path.stat().st_size
    metadata, found, blocks = by_hand(path.read_bytes())

    assert metadata["avro.codec"] == b"deflate"
    assert metadata["passage.topic"] == b"facts"
    assert [field["name"] for field in json.loads(metadata["avro.schema"])["fields"]] == [
        "partition", "offset", "timestamp", "timestamp_kind", "key", "value", "headers"
    ]  # fmt: skip
    assert found == [
        (one.partition(), one.offset(), one.timestamp()[1], one.timestamp()[0], one.key(), one.value(),
         list(one[7])) for one in records
    ]  # fmt: skip
    assert (blocks > 1) == (size > 1)
    assert [tuple(one)[:8] for one in read_records(path, "facts")] == [tuple(one)[:8] for one in records]


def test_the_hand_sees_a_marker_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "part.avro"
    with path.open("wb") as file:
        record = MemoryRecord(("facts", 0, 0, b"k", b"v", 1, 1, (), 0))
        write_records(Summed(file), Partition("facts", 0), iter([record]), 1)
    data = path.read_bytes()
    by_hand(data)
    with pytest.raises(AssertionError):
        by_hand(data[:-1] + bytes([data[-1] ^ 1]))
