"""The fast way through a codec takes what is as it should be, and gives what the Avro library would."""

import dataclasses
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from io import BytesIO
from typing import Any, Literal
from uuid import UUID

import pytest
from fastavro import parse_schema, schemaless_reader, schemaless_writer
from hypothesis import given
from hypothesis import strategies as st

from passage_schemas import SchemaError
from passage_schemas.codec import Codec
from passage_schemas.events import event_codec
from passage_schemas.shape import record_shape
from passage_schemas.straight import Odd, reader, writer

LONGS = st.integers(-(2**63), 2**63 - 1)
MOMENTS = st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - bounds


class Size(Enum):
    SMALL = "small"
    LARGE = "large"


@dataclass(frozen=True)
class Line:
    article: str
    pieces: int


@dataclass(frozen=True, slots=True)
class Everything:
    text: str
    number: int
    truth: bool
    share: float
    raw: bytes
    at: datetime
    on: date
    price: Decimal
    identity: UUID
    size: Size
    colour: Literal["red", "blue"]
    line: Line
    lines: tuple[Line, ...]
    names: list[str]
    counts: dict[str, int]
    maybe: int | None = None
    maybe_at: datetime | None = None
    maybe_line: Line | None = None


LINES = st.builds(Line, st.text(), LONGS)
EVERYTHING = st.builds(
    Everything,
    text=st.text(),
    number=LONGS,
    share=st.floats(allow_nan=False),
    raw=st.binary(),
    at=MOMENTS,
    price=st.decimals(-(10**15), 10**15, places=4, allow_nan=False),
    line=LINES,
    lines=st.lists(LINES, max_size=4).map(tuple),
    names=st.lists(st.text(), max_size=200),
    counts=st.dictionaries(st.text(), LONGS, max_size=4),
    maybe=st.none() | LONGS,
    maybe_at=st.none() | MOMENTS,
    maybe_line=st.none() | LINES,
)


def plan_of(codec: Codec[Any]) -> Any:
    names: dict[str, Any] = {}
    parsed: Any = parse_schema(codec.schema, names)
    return record_shape(codec.cls, parsed, names).layout


@given(EVERYTHING)
def test_what_is_as_it_should_be_goes_straight_both_ways(value: Everything) -> None:
    plan = plan_of(event_codec(Everything))

    data = writer(plan)(value)
    assert reader(plan)(b"before" + data + b"behind", 6) == (value, 6 + len(data))
    assert event_codec(Everything).encode(value) == event_codec(Everything).prefix + data


@given(EVERYTHING)
def test_the_bytes_are_those_of_the_avro_library(value: Everything) -> None:
    codec = event_codec(Everything)
    fields = dataclasses.asdict(value) | {"size": value.size.value, "lines": [vars(one) for one in value.lines]}
    stream = BytesIO()
    schemaless_writer(stream, parse_schema(codec.schema), fields)

    assert codec.encode(value) == codec.prefix + stream.getvalue()


@dataclass(frozen=True)
class Plain:
    text: str
    number: int
    truth: bool
    maybe: int | None
    size: Literal["a", "b"]
    names: list[str]


def as_the_library_reads(codec: Codec[Plain], data: bytes) -> Plain | None:
    stream = BytesIO(data)
    try:
        fields: Any = schemaless_reader(stream, parse_schema(codec.schema), None)
    except (EOFError, IndexError, ValueError, TypeError, OverflowError):
        return None
    return Plain(**fields) if stream.tell() == len(data) else None


@given(st.data())
def test_of_noise_it_believes_what_the_avro_library_believes(data: st.DataObject) -> None:
    codec = event_codec(Plain)
    whole = codec.encode(Plain("text", 300, True, 7, "b", ["x", "y"]))[10:]
    at = data.draw(st.integers(0, len(whole)))
    noise = whole[:at] + data.draw(st.binary(max_size=3)) + whole[at + data.draw(st.integers(0, 3)) :]
    expected = as_the_library_reads(codec, noise)

    if expected is None:
        with pytest.raises(SchemaError):
            codec.decode(codec.prefix + noise)
    else:
        assert codec.decode(codec.prefix + noise) == expected


@dataclass(frozen=True)
class Nothing:
    """An event whose name says it all."""


def test_a_record_without_fields_has_no_bytes() -> None:
    codec = event_codec(Nothing)

    assert codec.encode(Nothing()) == codec.prefix
    assert codec.decode(codec.prefix) == Nothing()


class Name(str):
    __slots__ = ()


def test_what_is_only_unusual_is_written_the_long_way() -> None:
    codec = event_codec(Line)

    with pytest.raises(Odd):
        writer(plan_of(codec))(Line(Name("screw"), 7))
    assert codec.encode(Line(Name("screw"), 7)) == codec.encode(Line("screw", 7))


def test_an_array_in_blocks_that_tell_their_size_is_read_the_long_way() -> None:
    codec = event_codec(Plain)
    whole = codec.encode(Plain("text", 300, True, 7, "b", ["x", "y"]))
    sized = whole[:-6] + b"\x03\x08" + whole[-5:]

    assert whole[-6:] == b"\x04\x02x\x02y\x00"
    assert codec.decode(sized) == codec.decode(whole)


def test_a_number_without_an_end_is_given_up_at_once() -> None:
    """Read to its end it would take minutes: what it comes to grows with each byte."""
    for avro in ("long", "string"):
        schema = {"type": "record", "name": "One", "fields": [{"name": "it", "type": avro}]}
        one = dataclasses.make_dataclass("One", [("it", int if avro == "long" else str)], frozen=True)
        read = reader(record_shape(one, schema, {}).layout)

        with pytest.raises(Odd):
            read(b"\xff" * 11, 0)
        with pytest.raises(SchemaError, match="breaks off or is damaged"):
            Codec(one, schema).decode(Codec(one, schema).prefix + b"\xff" * 900_000)
