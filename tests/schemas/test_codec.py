"""What goes in comes out, and nothing else comes out: ticks, schedule entries and cuts as bytes."""

import struct
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passage_schemas import (
    CUT,
    SCHEDULE_ENTRY,
    TICK,
    TRIGGERED,
    WAKE_UP_RESUMED,
    Codec,
    Cut,
    Instant,
    ScheduleEntry,
    SchemaError,
    Tick,
    avsc,
)

LONGS = st.integers(-(2**63), 2**63 - 1)
INSTANTS = LONGS.map(Instant)
RECORDS: dict[type, Codec[Any]] = {
    codec.cls: codec for codec in (TICK, SCHEDULE_ENTRY, TRIGGERED, WAKE_UP_RESUMED, CUT)
}

TICK_OF_THE_THIRD_OF_MAY = Tick(
    event="DayHasPassed",
    schedule="day.amsterdam",
    ordinal=324,
    sequence=1187,
    period="2026-05-03",
    starts_at=Instant(1777759200000000),
    ends_at=Instant(1777845600000000),
    next_at=Instant(1777932000000000),
    zone="Europe/Amsterdam",
    calendar="NL, holidays 0.108",
    tzdata="2026c",
    published_at=Instant(1777845600012345),
    definition="9f2c",
    previous=bytes(range(32)),
)
CUT_OF_NOTHING = Cut(number=1, cluster="a", inputs=(), tick_sequence=0, tick_offset=0)


def records() -> st.SearchStrategy[Any]:
    st.register_type_strategy(Instant, INSTANTS)
    own = {int: LONGS, str: st.text(), bytes: st.binary()}
    for kind, strategy in own.items():
        st.register_type_strategy(kind, strategy)
    digests = st.none() | st.binary(min_size=32, max_size=32)
    ticks, entries = st.builds(Tick, previous=digests), st.builds(ScheduleEntry, floor_digest=digests)
    return st.one_of(ticks, entries, *(st.from_type(cls) for cls in RECORDS if cls not in (Tick, ScheduleEntry)))


@given(records())
def test_every_record_comes_back_as_it_went(record: Any) -> None:
    codec = RECORDS[type(record)]
    data = codec.encode(record)

    assert codec.decode(data) == record
    assert data.startswith(codec.prefix)
    assert codec.encode(record) == data, "the same value has the same bytes, or no replay could be compared"


@given(st.data())
def test_no_value_cut_short_is_ever_believed(data: st.DataObject) -> None:
    whole = TICK.encode(TICK_OF_THE_THIRD_OF_MAY)
    length = data.draw(st.integers(0, len(whole) - 1))

    with pytest.raises(SchemaError):
        TICK.decode(whole[:length])


@given(st.binary(max_size=200))
def test_noise_behind_a_true_prefix_gives_a_tick_or_a_schema_error_and_nothing_else(noise: bytes) -> None:
    try:
        found = TICK.decode(TICK.prefix + noise)
    except SchemaError:
        return
    assert TICK.decode(TICK.encode(found)) == found


def test_instants_stay_whole_numbers() -> None:
    found = TICK.decode(TICK.encode(TICK_OF_THE_THIRD_OF_MAY))

    assert (type(found.ends_at), type(found.next_at)) == (int, int)
    assert found.ends_at == 1777845600000000


def test_the_bytes_are_avros() -> None:
    """Written out by hand once, so that a mistake made on both ways can't hide."""
    entry = Cut(
        number=3,
        cluster="kraft",
        inputs=(),
        tick_sequence=-1,
        tick_offset=64,
        burst=b"\x00\xff",
        released=("d",),
        open=5,
        entries=9,
    )

    body = (
        b"\x06"
        + b"\x0akraft"
        + b"\x00"
        + b"\x01"
        + b"\x80\x01"
        + b"\x02\x04\x00\xff"
        + b"\x00"
        + b"\x02\x02d\x00"
        + b"\x0a\x12"
    )
    assert CUT.encode(entry) == CUT.prefix + body


GOOD = TICK.encode(TICK_OF_THE_THIRD_OF_MAY)

BAD_BYTES: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "begins with nothing, not c301"),
    "json": (b'{"event": "DayHasPassed"}', "begins with 7b22, not c301.*name the topic's registry"),
    "a registry's framing": (b"\x00" + struct.pack(">I", 7) + GOOD[10:], "begins with 0000, not c301"),
    "half a prefix": (GOOD[:7], "7 bytes, less than the 10"),
    "another schema": (
        CUT.encode(CUT_OF_NOTHING),
        "schema 2c83e17e167c434a, which is not known here; known: passage.Tick",
    ),
    "only a prefix": (TICK.prefix, "passage.Tick: the value breaks off"),
    "one byte short": (GOOD[:-1], f"breaks off .* of {len(GOOD) - 1} bytes"),
    "one byte more": (GOOD + b"\x00", f"1 bytes after the value's end at {len(GOOD)}"),
    "two values": (GOOD + GOOD, "a record holds one value"),
    "text that is not UTF-8": (TICK.prefix + b"\x04\xff\xff" + GOOD[23:], "damaged near byte .*utf-8"),
    "a length below zero": (TICK.prefix + b"\x03" + GOOD[11:], "breaks off or is damaged"),
    "a branch no union has": (GOOD.replace(b"\x02" + bytes(range(32)), b"\x08" + bytes(range(32))), "damaged"),
}


@pytest.mark.parametrize(("data", "message"), BAD_BYTES.values(), ids=BAD_BYTES.keys())
def test_bad_bytes_are_refused_in_one_clear_line(data: bytes, message: str) -> None:
    with pytest.raises(SchemaError, match=message) as refused:
        TICK.decode(data)
    assert "\n" not in str(refused.value)


BAD_VALUES: dict[str, tuple[dict[str, Any], str]] = {
    "a number for a name": ({"event": 7}, r"passage\.Tick\.event: int 7 where str belongs"),
    "nothing for a name": ({"zone": None}, r"passage\.Tick\.zone: NoneType None where str belongs"),
    "a truth for a number": ({"ordinal": True}, r"passage\.Tick\.ordinal: bool True where int belongs"),
    "a fraction for an instant": ({"ends_at": 1.5}, r"passage\.Tick\.ends_at: float 1\.5 where int belongs"),
    "more than 64 bits": ({"next_at": 2**63}, r"passage\.Tick\.next_at: 9223372036854775808 is outside Avro's long"),
    "a digest of the wrong size": ({"previous": b"short"}, r"passage\.Tick\.previous: .* where 32 bytes belong"),
    "half a surrogate pair": ({"period": "\ud800"}, r"passage\.Tick: can't be written: .*surrogates"),
}


@pytest.mark.parametrize(("changes", "message"), BAD_VALUES.values(), ids=BAD_VALUES.keys())
def test_bad_values_are_refused_by_field(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(SchemaError, match=message):
        TICK.encode(replace(TICK_OF_THE_THIRD_OF_MAY, **changes))


def test_a_misfit_deep_inside_is_named_by_its_path() -> None:
    refused: Any = ("not a refusal",)

    with pytest.raises(SchemaError, match=r"passage\.Cut\.refused\[0\]: str 'not a refusal' where Refusal belongs"):
        CUT.encode(replace(CUT_OF_NOTHING, refused=refused))


def test_a_value_of_another_class_is_refused() -> None:
    other: Any = CUT_OF_NOTHING

    with pytest.raises(SchemaError, match=r"passage\.Tick: Cut .* where Tick belongs"):
        TICK.encode(other)


# --- a codec is refused when it is made, not when the first odd value comes by


@dataclass(frozen=True)
class Reading:
    meter: str
    value: int | None = None


def reading_schema(**types: Any) -> dict[str, Any]:
    return {
        "type": "record",
        "name": "Reading",
        "fields": [{"name": name, "type": kind} for name, kind in types.items()],
    }


MISMATCHES: dict[str, tuple[dict[str, Any], str]] = {
    "a field the schema lacks": (reading_schema(meter="string"), "Reading: Reading has no field 'value'"),
    "a field the class lacks": (
        reading_schema(meter="string", value=["null", "long"], at="long"),
        "no field for 'at' of Reading; add it to the dataclass",
    ),
    "null in the class only": (reading_schema(meter="string", value="long"), r"Reading\.value: .*both or neither"),
    "null in the schema only": (
        reading_schema(meter=["null", "string"], value=["null", "long"]),
        r"Reading\.meter: .*both or neither",
    ),
    "another type": (reading_schema(meter="bytes", value=["null", "long"]), r"Reading\.meter: str does not fit Avro's"),
    "two types at once": (
        reading_schema(meter="string", value=["null", "long", "string"]),
        r"Reading\.value: .*a union of several types",
    ),
    "no record": (
        {"type": "enum", "name": "Reading", "symbols": ["A"]},
        "the schema is an Avro enum; a dataclass needs a record",
    ),
    "no schema": (reading_schema(meter="text"), "not an Avro schema"),
}


@pytest.mark.parametrize(("schema", "message"), MISMATCHES.values(), ids=MISMATCHES.keys())
def test_class_and_schema_must_say_the_same(schema: dict[str, Any], message: str) -> None:
    with pytest.raises(SchemaError, match=message):
        Codec(Reading, schema)


def test_only_dataclasses_have_codecs() -> None:
    with pytest.raises(SchemaError, match="is not a dataclass"):
        Codec(dict, reading_schema())


def test_a_class_that_refuses_its_values_is_heard() -> None:
    @dataclass(frozen=True)
    class Positive:
        value: int

        def __post_init__(self) -> None:
            if self.value < 0:
                raise ValueError("a meter does not run backwards")

    schema = {"type": "record", "name": "Positive", "fields": [{"name": "value", "type": "long"}]}
    codec = Codec(Positive, schema)

    with pytest.raises(SchemaError, match=r"Positive: .* refuses the value: a meter does not run backwards"):
        codec.decode(codec.prefix + b"\x01")


# --- versions


def without(schema: dict[str, Any], name: str) -> dict[str, Any]:
    return {**schema, "fields": [field for field in schema["fields"] if field["name"] != name]}


def test_a_value_of_an_older_version_is_read_by_resolution() -> None:
    first = reading_schema(meter="string", colour="string")
    second = reading_schema(meter="string", value=["null", "long"])
    second["fields"][1]["default"] = None

    @dataclass(frozen=True)
    class OldReading:
        meter: str
        colour: str

    written = Codec(OldReading, first).encode(OldReading("kitchen", "grey"))
    codec = Codec(Reading, second, older=(first,))

    assert codec.decode(written) == Reading("kitchen", None)
    assert codec.decode(codec.encode(Reading("kitchen", 7))) == Reading("kitchen", 7)
    with pytest.raises(SchemaError, match="which is not known here"):
        Codec(Reading, second).decode(written)


def test_an_older_version_cut_short_is_refused_too() -> None:
    first = reading_schema(meter="string", value="int")
    second = reading_schema(meter="string", value="long")

    @dataclass(frozen=True)
    class Plain:
        meter: str
        value: int

    written = Codec(Plain, first).encode(Plain("kitchen", 7))
    codec = Codec(Plain, second, older=(first,))

    assert codec.decode(written) == Plain("kitchen", 7)
    with pytest.raises(SchemaError, match="breaks off"):
        codec.decode(written[:-1])
    with pytest.raises(SchemaError, match="1 bytes after"):
        codec.decode(written + b"\x00")


def test_an_older_version_that_can_not_be_resolved_is_refused_at_the_start() -> None:
    current = avsc.current("tick")

    with pytest.raises(SchemaError, match=r"passage\.Tick\.zone: new, without a default"):
        Codec(Tick, current, older=(without(current, "zone"),))


def test_an_older_version_with_another_meaning_of_the_same_bytes_is_refused() -> None:
    schema = reading_schema(meter="string", value=["null", "long"])
    dated = reading_schema(meter="string", value=["null", {"type": "long", "logicalType": "timestamp-micros"}])

    with pytest.raises(SchemaError, match="can't be told apart"):
        Codec(Reading, schema, older=(dated,))


@pytest.mark.parametrize("decode", [codec.decode for codec in RECORDS.values()], ids=[c.name for c in RECORDS.values()])
def test_one_codec_does_not_read_anothers_records(decode: Callable[[bytes], Any]) -> None:
    foreign = Codec(Reading, reading_schema(meter="string", value=["null", "long"])).encode(Reading("kitchen"))

    with pytest.raises(SchemaError, match="which is not known here"):
        decode(foreign)
