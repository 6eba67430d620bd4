"""A user's event: a frozen dataclass that is its own schema, told apart from its neighbours by ten bytes."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, make_dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, NewType
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passage_schemas import Codec, EventSet, Instant, SchemaError, decimal_of, event_codec, instant_of, schema_of
from passage_schemas.evolution import incompatibilities

NOON_IN_DELHI = datetime(2026, 11, 20, 12, 0, 0, 123456, tzinfo=timezone(timedelta(hours=5, minutes=30)))


NOBODY = UUID(int=0)


class Channel(Enum):
    POST = "post"
    MAIL = "mail"


class Urgency(Enum):
    LOW = 1
    HIGH = 2


Price = NewType("Price", Annotated[Decimal, decimal_of(12, 2)])


@dataclass(frozen=True, slots=True)
class Line:
    article: str
    price: Annotated[Decimal, decimal_of(10, 2)]
    pieces: int = 1


@dataclass(frozen=True, slots=True)
class InvoiceSent:
    namespace: ClassVar[str] = "billing"

    invoice: str
    sent_at: datetime
    due_on: date
    amount: Decimal
    rate: float
    final: bool
    seal: bytes
    customer: UUID
    seen_at: Instant
    channel: Channel
    urgency: Urgency
    kind: Literal["first", "reminder"]
    lines: tuple[Line, ...]
    tags: list[str]
    shares: dict[str, Decimal]
    history: Mapping[str, tuple[datetime, ...]]
    paid_at: datetime | None
    discount: Annotated[Decimal, decimal_of(4, 1)] | None
    extra: Line | None = None
    terms_days: int = 14
    sender: Channel = Channel.MAIL
    colours: tuple[str, ...] = ("blue",)
    notes: dict[str, str] = field(default_factory=dict)
    salt: bytes = b"\xff"
    since: datetime = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class PaymentWasMade:
    invoice: str
    paid_at: datetime


def moments() -> st.SearchStrategy[datetime]:
    # UTC, because Python calls two datetimes of one instant unequal where one of them is in a fold.
    return st.datetimes(timezones=st.just(UTC))


def decimals(places: int, digits: int) -> st.SearchStrategy[Decimal]:
    return st.integers(1 - 10**digits, 10**digits - 1).map(lambda whole: Decimal(f"{whole}E-{places}"))


LINES = st.builds(Line, st.text(), decimals(2, 10), st.integers(-(2**63), 2**63 - 1))
INVOICES = st.builds(
    InvoiceSent,
    invoice=st.text(),
    sent_at=moments(),
    amount=decimals(9, 38),
    rate=st.floats(allow_nan=False),
    seen_at=st.integers(-(2**63), 2**63 - 1).map(Instant),
    lines=st.lists(LINES, max_size=3).map(tuple),
    tags=st.lists(st.text(), max_size=3),
    shares=st.dictionaries(st.text(), decimals(9, 38), max_size=3),
    history=st.dictionaries(st.text(), st.lists(moments(), max_size=2).map(tuple), max_size=2),
    paid_at=st.none() | moments(),
    discount=st.none() | decimals(1, 4),
    extra=st.none() | LINES,
    terms_days=st.integers(-(2**63), 2**63 - 1),
    since=moments(),
)


@given(INVOICES)
def test_every_event_comes_back_as_it_went(invoice: InvoiceSent) -> None:
    codec = event_codec(InvoiceSent)

    assert codec.decode(codec.encode(invoice)) == invoice


@given(st.datetimes(timezones=st.timezones(), min_value=datetime(2, 1, 1), max_value=datetime(9998, 1, 1)))  # noqa: DTZ001
def test_a_moment_is_the_same_instant_from_whatever_zone_it_came(moment: datetime) -> None:
    codec = event_codec(PaymentWasMade)

    assert instant_of(codec.decode(codec.encode(PaymentWasMade("inv-1", moment))).paid_at) == instant_of(moment)


def test_moments_come_back_in_utc_to_the_microsecond() -> None:
    codec = event_codec(PaymentWasMade)
    found = codec.decode(codec.encode(PaymentWasMade("inv-1", NOON_IN_DELHI)))

    assert found.paid_at.isoformat() == "2026-11-20T06:30:00.123456+00:00"


def test_money_comes_back_with_the_places_it_has() -> None:
    @dataclass(frozen=True)
    class Priced:
        price: Annotated[Decimal, decimal_of(38, 2)]

    codec = event_codec(Priced)
    most = Decimal("999999999999999999999999999999999999.99")

    assert codec.decode(codec.encode(Priced(most))).price == most, "no context may round it"
    assert str(codec.decode(codec.encode(Priced(Decimal("1.5")))).price) == "1.50"


def test_the_size_of_a_decimal_is_what_stands_nearest_to_its_field() -> None:
    @dataclass(frozen=True)
    class Priced:
        renamed: Price
        smaller: Annotated[Price | None, decimal_of(5, 1)]

    renamed, smaller = (field["type"] for field in schema_of(Priced)["fields"])

    assert (renamed["precision"], renamed["scale"]) == (12, 2)
    assert (smaller[0]["precision"], smaller[0]["scale"]) == (5, 1)


def test_decimals_take_the_fewest_bytes_as_javas_do() -> None:
    @dataclass(frozen=True)
    class Priced:
        price: Annotated[Decimal, decimal_of(9, 0)]

    codec = event_codec(Priced)
    for value, written in ((0, "00"), (127, "7f"), (128, "0080"), (-1, "ff"), (-128, "80"), (-129, "ff7f")):
        assert codec.encode(Priced(Decimal(value)))[11:].hex() == written


def test_the_derived_schema_says_what_the_class_says() -> None:
    schema = schema_of(InvoiceSent)
    fields = {one["name"]: one for one in schema["fields"]}

    assert (schema["namespace"], schema["name"]) == ("billing", "InvoiceSent")
    assert fields["sent_at"]["type"] == {"type": "long", "logicalType": "timestamp-micros"}
    assert fields["seen_at"]["type"] == "long"
    assert fields["amount"]["type"] == {"type": "bytes", "logicalType": "decimal", "precision": 38, "scale": 9}
    assert fields["channel"]["type"] == {"type": "enum", "name": "Channel", "symbols": ["post", "mail"]}
    assert fields["urgency"]["type"]["symbols"] == ["LOW", "HIGH"], "values that are no names give way to the names"
    assert fields["lines"]["type"]["items"]["fields"][1]["type"]["scale"] == 2
    assert fields["extra"]["type"] == ["null", "Line"]
    assert {name: one["default"] for name, one in fields.items() if "default" in one} == {
        "extra": None,
        "terms_days": 14,
        "sender": "mail",
        "colours": ["blue"],
        "notes": {},
        "salt": "\u00ff",
        "since": 1577836800000000,
    }
    assert json.loads(json.dumps(schema)) == schema
    assert event_codec(InvoiceSent).name == "billing.InvoiceSent"


def test_deriving_twice_gives_the_same_codec() -> None:
    assert event_codec(PaymentWasMade) is event_codec(PaymentWasMade)


def test_a_default_makes_a_new_field_readable_in_older_events() -> None:
    def version(with_channel: bool) -> type[Any]:
        if not with_channel:

            @dataclass(frozen=True)
            class Sent:
                invoice: str

            return Sent

        @dataclass(frozen=True)
        class Sent:  # type: ignore[no-redef]  # the same event, later
            invoice: str
            channel: Channel = Channel.MAIL
            urgency: Urgency | None = Urgency.HIGH

        return Sent

    old, new = version(False), version(True)
    codec = event_codec(new, older=[schema_of(old)])
    assert incompatibilities(schema_of(old), schema_of(new)) == []

    assert codec.decode(event_codec(old).encode(old("inv-1"))) == new("inv-1", Channel.MAIL, Urgency.HIGH)


def test_a_class_may_name_the_schemas_its_values_may_still_have(tmp_path: Path) -> None:
    first: dict[str, Any] = {"type": "record", "name": "Moved", "fields": [{"name": "customer", "type": "string"}]}
    path = tmp_path / "moved.avsc"
    path.write_text(json.dumps(first))

    @dataclass(frozen=True)
    class Moved:
        customer: str
        city: str = "?"
        avro_older: ClassVar = [path]

    old: Codec[Any] = Codec(make_dataclass("Moved", [("customer", str)], frozen=True), first)
    assert event_codec(Moved).decode(old.encode(old.cls("c-1"))) == Moved("c-1")
    assert EventSet([Moved]).by_prefix.keys() == {old.prefix, event_codec(Moved).prefix}

    @dataclass(frozen=True)
    class Misspelt:
        customer: str
        avro_older: ClassVar = path

    with pytest.raises(SchemaError, match="avro_older is a list of schemas"):
        event_codec(Misspelt)


def test_a_schema_may_come_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "payment.avsc"
    words: dict[str, Any] = {
        "type": "record",
        "name": "com.bank.Payment",
        "fields": [
            {"name": "paid_at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
            {"name": "invoice", "type": "string", "doc": "Ours, not the bank's"},
        ],
    }
    path.write_text(json.dumps(words))
    codec = event_codec(PaymentWasMade, schema=path)
    payment = PaymentWasMade("inv-1", datetime(2026, 1, 1, 0, 0, 0, 5000, tzinfo=UTC))

    assert codec.name == "com.bank.Payment"
    assert codec.decode(codec.encode(payment)) == payment
    with pytest.raises(SchemaError, match=r"Payment\.paid_at: .* is finer than timestamp-millis"):
        codec.encode(PaymentWasMade("inv-1", NOON_IN_DELHI))
    with pytest.raises(SchemaError, match=r"nowhere\.avsc: not a readable schema file"):
        event_codec(PaymentWasMade, schema=tmp_path / "nowhere.avsc")


# --- what has no place in an event


@dataclass
class Thawed:
    invoice: str


@dataclass(frozen=True)
class Frozen:
    inner: Thawed


@dataclass(frozen=True)
class Either:
    value: int | str


@dataclass(frozen=True)
class Vague:
    value: Any


@dataclass(frozen=True)
class Keyed:
    value: dict[int, str]


@dataclass(frozen=True)
class Paired:
    value: tuple[int, str]


@dataclass(frozen=True)
class Elapsed:
    value: timedelta


@dataclass(frozen=True)
class Computed:
    value: int = field(init=False, default=1)


@dataclass(frozen=True)
class NaiveDefault:
    value: datetime = datetime(2020, 1, 1)  # noqa: DTZ001  (the mistake under test)


@dataclass(frozen=True)
class Node:
    parent: "Node | None"


@dataclass(frozen=True)
class Spoken:
    value: Literal["two words"]


@dataclass(frozen=True)
class Endless:
    value: Iterable[str]


@dataclass(frozen=True)
class Unsized:
    value: Annotated[Decimal, decimal_of(2, 3)]


@dataclass(frozen=True)
class Sorted:
    urgency: Literal["low", "high"]


@dataclass(frozen=True)
class Resorted:
    urgency: Literal["soon", "late"]
    other: Sorted


@dataclass(frozen=True)
class Unwritten:
    value: "Nowhere"  # type: ignore[name-defined]  # noqa: F821  (the mistake under test)


class Plain:
    invoice: str


@pytest.mark.parametrize(
    ("cls", "message"),
    [
        (Plain, "Plain is not a dataclass; write @dataclass"),
        (Thawed, "Thawed is not frozen; a fact does not change"),
        (Frozen, "Thawed is not frozen"),
        (Either, r"Either\.value: int \| str has no place in an event; use str, int, .* or X \| None"),
        (Vague, r"Vague\.value: .* has no place in an event"),
        (Keyed, r"Keyed\.value: .* has no place in an event"),
        (Paired, r"Paired\.value: .* has no place in an event"),
        (Elapsed, r"Elapsed\.value: timedelta has no place in an event"),
        (Endless, r"Endless\.value: .*Iterable\[str\] has no place in an event"),
        (Spoken, r"Spoken\.value: 'two words' is no symbol to Avro; write letters, digits and _"),
        (Unsized, r"Unsized\.value: no Decimal is decimal_of\(2, 3\); digits are 1 or more"),
        (Resorted, r"Sorted\.urgency: two types named Urgency in one event; rename one"),
        (Computed, r"Computed\.value: init=False can't be read back"),
        (NaiveDefault, r"NaiveDefault\.value: its default won't do: 2020-01-01T00:00:00 has no zone"),
        (Node, "Node holds itself"),
        (Unwritten, "Unwritten: name 'Nowhere' is not defined"),
    ],
)
def test_what_is_no_event_is_refused(cls: type, message: str) -> None:
    with pytest.raises(SchemaError, match=message):
        event_codec(cls)


@dataclass(frozen=True)
class Everything:
    at: datetime = NOON_IN_DELHI
    on: date = date(2026, 1, 1)
    amount: Annotated[Decimal, decimal_of(4, 2)] = Decimal(1)
    rate: float = 1.0
    channel: Channel = Channel.POST
    kind: Literal["first", "last"] = "first"
    tags: tuple[str, ...] = ()
    shares: dict[str, int] = field(default_factory=dict)
    customer: UUID = NOBODY


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("at", datetime(2026, 1, 1), "2026-01-01T00:00:00 has no zone, so it names no instant"),  # noqa: DTZ001
        ("at", date(2026, 1, 1), "where datetime belongs"),
        ("at", datetime.min.replace(tzinfo=NOON_IN_DELHI.tzinfo), "outside the years 1 to 9999 in UTC"),
        ("on", NOON_IN_DELHI, "where date belongs"),
        ("amount", Decimal("1.001"), r"1.001 does not fit decimal\(4,2\)"),
        ("amount", Decimal("100"), r"100 does not fit decimal\(4,2\)"),
        ("amount", Decimal("NaN"), "where a finite Decimal belongs"),
        ("amount", 1.5, "float 1.5 where a finite Decimal belongs"),
        ("rate", "1", "str '1' where float belongs"),
        ("rate", True, "bool True where float belongs"),
        ("channel", "post", "str 'post' is none of 'mail', 'post'"),
        ("channel", Urgency.LOW, "is none of"),
        ("kind", "middle", "str 'middle' is none of 'first', 'last'"),
        ("kind", ["first"], "is none of"),
        ("tags", ["a"], "where a tuple belongs"),
        ("tags", ("a", 1), r"Everything\.tags\[1\]: int 1 where str belongs"),
        ("shares", {"a": "b"}, r"Everything\.shares\['a'\]: str 'b' where int belongs"),
        ("shares", {1: 1}, "int 1 as a key; keys are str"),
        ("shares", [], "where a dict belongs"),
        ("customer", "x", "where UUID belongs"),
    ],
)
def test_a_wrong_value_is_refused_by_field(name: str, value: Any, message: str) -> None:
    with pytest.raises(SchemaError, match=message) as refused:
        event_codec(Everything).encode(Everything(**{name: value}))
    assert str(refused.value).startswith(f"Everything.{name}")


def test_a_moment_no_datetime_can_hold_is_refused() -> None:
    codec = event_codec(PaymentWasMade)
    far = codec.prefix + b"\x02a" + b"\xfe" + b"\xff" * 8 + b"\x01"

    with pytest.raises(SchemaError, match="PaymentWasMade refuses the value"):
        codec.decode(far)


# --- many events on one topic


def events() -> EventSet:
    return EventSet([InvoiceSent, PaymentWasMade])


def test_a_value_is_told_by_its_first_ten_bytes_and_decoded_by_its_own_codec() -> None:
    payment = PaymentWasMade("inv-1", NOON_IN_DELHI)
    value = events().encode(payment)

    assert events().type_of(value) is PaymentWasMade
    assert events().type_of(value[:10]) is PaymentWasMade, "the rest is not looked at"
    assert events().decode(value) == payment
    assert events().by_prefix[value[:10]] is event_codec(PaymentWasMade) is events().codec(PaymentWasMade)
    assert events().types == (InvoiceSent, PaymentWasMade)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (b"", "begins with nothing"),
        (b"{}", "begins with 7b7d, not c301"),
        (event_codec(Everything).encode(Everything()), r"not known here; known: PaymentWasMade \(\w{16}\), billing"),
    ],
)
def test_a_value_of_no_known_event_names_what_is_known(value: bytes, message: str) -> None:
    with pytest.raises(SchemaError, match=message):
        events().type_of(value)
    with pytest.raises(SchemaError, match=message):
        events().decode(value)


def test_an_event_outside_the_set_can_not_be_encoded() -> None:
    with pytest.raises(
        SchemaError, match="Everything is not among the events here; known: InvoiceSent, PaymentWasMade"
    ):
        events().encode(Everything())


def test_older_versions_are_told_by_their_own_prefix() -> None:
    older = {"type": "record", "name": "PaymentWasMade", "fields": list(reversed(schema_of(PaymentWasMade)["fields"]))}
    codec = event_codec(PaymentWasMade, older=[older])
    written = Codec(PaymentWasMade, older).encode(PaymentWasMade("inv-1", NOON_IN_DELHI))

    assert EventSet([codec]).type_of(written) is PaymentWasMade
    assert EventSet([codec]).decode(written) == PaymentWasMade("inv-1", NOON_IN_DELHI)


def test_two_classes_for_one_schema_are_refused() -> None:
    @dataclass(frozen=True)
    class Payment:
        invoice: str
        paid_at: datetime

    twin = Codec(Payment, schema_of(PaymentWasMade))
    with pytest.raises(SchemaError, match=r"PaymentWasMade and .*Payment both read PaymentWasMade"):
        EventSet([PaymentWasMade, twin])


def test_two_meanings_of_one_schema_are_refused() -> None:
    @dataclass(frozen=True)
    class Payment:
        invoice: str
        paid_at: int

    bare = schema_of(PaymentWasMade)
    bare["fields"][1]["type"] = "long"
    with pytest.raises(SchemaError, match=r"PaymentWasMade\.paid_at: .*can't be told apart"):
        EventSet([PaymentWasMade, Codec(Payment, bare)])


def test_one_class_with_two_schemas_is_refused() -> None:
    turned = schema_of(PaymentWasMade)
    turned["fields"].reverse()

    with pytest.raises(SchemaError, match="PaymentWasMade is given twice"):
        EventSet([PaymentWasMade, event_codec(PaymentWasMade, schema=turned)])


@dataclass(frozen=True)
class OrderWasChecked:
    validate: bool
    fake: int
    serialize: str = "no"


def test_a_field_may_have_a_name_that_a_library_of_events_would_use_itself() -> None:
    codec = event_codec(OrderWasChecked)
    checked = OrderWasChecked(validate=True, fake=3)
    assert codec.decode(codec.encode(checked)) == checked
    assert [one.get("default") for one in codec.schema["fields"]] == [None, None, "no"]
