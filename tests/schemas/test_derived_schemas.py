"""What a class's schema comes to, byte for byte: values lie on topics under the fingerprints that stand here.

`derived_schemas.txt` has a line for each class: its fingerprint, and its schema as JSON. If this fails, undo the
change: a schema that moves makes what was written with it unreadable, or means something else by the same ten bytes.
"""

import json
from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field, is_dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum, StrEnum
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, NewType, Optional
from uuid import UUID

import pytest

from passage.apps import load_app_file
from passage_schemas import Instant, decimal_of, event_codec, fingerprint, schema_of
from passage_schemas.formats.json_shape import JsonShape, json_of

EXAMPLES = Path(__file__).parents[2] / "examples"
TEMPLATES = [f"templates.{name}" for name in ("interest", "maintenance", "rental", "salaries", "trial")]
EVENTS = [f"{name}.events" for name in ("billing_cycles", "debt_collection", "overdue_invoices", "telecom_ordering")]
STATES = ["billing_cycles", "debt_collection", "telecom_ordering"]
KEPT = dict(line.split(" ", 1) for line in (Path(__file__).parent / "derived_schemas.txt").read_text().splitlines())

Cents = Annotated[Decimal, decimal_of(12, 2)]
Rating = NewType("Rating", int)
Price = NewType("Price", Cents)


class Channel(Enum):
    POST = "post"
    MAIL = "mail"


class Urgency(Enum):
    LOW = 1
    HIGH = 2


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Alias(Enum):
    ONE = "one"
    FIRST = "one"  # noqa: PIE796  (the mistake under test)


@dataclass(frozen=True)
class Plain:
    """Its words stay here."""

    text: str
    whole: int
    share: float
    truth: bool
    raw: bytes
    at: datetime
    on: date
    exact: Decimal
    identity: UUID


@dataclass(frozen=True)
class Missing:
    text: str | None
    whole: Optional[int]  # noqa: UP045  (written as many do)
    share: None | float  # noqa: RUF036  (written as some do)
    truth: bool | None = None
    raw: bytes | None = None
    at: datetime | None = None
    on: date | None = None
    exact: Decimal | None = None
    cents: Cents | None = None
    identity: UUID | None = None
    channel: Channel | None = None
    kind: Literal["first", "last"] | None = None
    many: tuple[str, ...] | None = None
    named: dict[str, int] | None = None
    plain: Plain | None = None


@dataclass(frozen=True)
class Sized:
    cents: Cents
    whole: Annotated[Decimal, decimal_of(38, 0)]
    all_places: Annotated[Decimal, "a share", decimal_of(4, 4)]
    each: tuple[Cents, ...]
    some: list[Cents | None]
    by_name: dict[str, Cents]
    maybe: Cents | None
    maybe_inside: Annotated[Decimal | None, decimal_of(5, 2)]
    renamed: Price
    seen_at: Instant
    rating: Rating
    noted: Annotated[int, "of five"]


@dataclass(frozen=True)
class Symbols:
    channel: Channel
    urgency: Urgency
    colour: Colour
    alias: Alias
    kind: Literal["first", "reminder"]
    one_kind: Literal["only"]
    kinds_by_day: dict[str, tuple[Literal["open", "shut"], ...]]
    the_same: Literal["reminder", "first"]
    channels: list[Channel]


@dataclass(frozen=True)
class Item:
    namespace: ClassVar[str] = "of.another"
    article: str
    price: Cents
    kind: Literal["first", "reminder"]
    pieces: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    namespace: ClassVar[str] = "shop.orders"
    first: Item
    items: tuple[Item, ...]
    named: Mapping[str, Item | None]
    lists: list[list[dict[str, tuple[int | None, ...]]]]
    counts: MutableMapping[str, int]
    last: Item | None
    kind: Literal["first", "reminder"]


@dataclass(frozen=True)
class Defaults:
    text: str = "é"
    whole: int = -1
    share: float = 1
    truth: bool = False
    raw: bytes = b"\x00\xff"
    at: datetime = datetime(2020, 1, 1, tzinfo=UTC)
    on: date = date(2026, 1, 1)
    exact: Decimal = Decimal("-1.5")
    cents: Cents = Decimal("12.34")
    identity: UUID = UUID(int=7)  # noqa: RUF009  (a value that does not change)
    channel: Channel = Channel.MAIL
    urgency: Urgency | None = Urgency.HIGH
    sort: Literal["first", "last"] = "last"
    many: tuple[Cents, ...] = (Decimal(1),)
    named: dict[str, bytes] = field(default_factory=lambda: {"salt": b"\xfe"})
    item: Item = Item("nut", Decimal(2), "first")
    items: list[Item] = field(default_factory=lambda: [Item("bolt", Decimal(3), "reminder", 2)])
    maybe: int | None = 3
    none: int | None = None


@dataclass(frozen=True)
class Child(Defaults):
    more: str = ""


@dataclass(frozen=True)
class Nothing:
    pass


@dataclass(frozen=True)
class Awkward:
    validate: bool
    fake: int
    aliases: list[str]
    _hidden: str
    type: str
    schema_name: str = "no"


OURS = [Plain, Missing, Sized, Symbols, Item, Order, Defaults, Child, Nothing, Awkward]


def of_module(name: str) -> Iterator[type[Any]]:
    module = import_module(f"examples.{name}")
    for found in vars(module).values():
        if isinstance(found, type) and is_dataclass(found) and found.__module__ == module.__name__:
            yield found


def of_file(path: Path) -> Iterator[type[Any]]:
    app = load_app_file(path)
    yield from (fact for facts in app.inputs.values() for fact in facts)
    yield from (policy.emits for policy in app.policies)


def classes() -> Iterator[tuple[str, type[Any]]]:
    yield from ((cls.__name__, cls) for cls in OURS)
    for name in (*EVENTS, *TEMPLATES, *STATES):
        yield from ((f"{name}.{cls.__name__}", cls) for cls in of_module(name))
    for path in sorted(EXAMPLES.rglob("app.yaml")):
        yield from ((f"{path.parent.name}/app.yaml.{cls.__name__}", cls) for cls in of_file(path))


CLASSES = dict(classes())


@pytest.mark.parametrize("name", CLASSES)
def test_a_classes_schema_never_moves(name: str) -> None:
    schema = schema_of(CLASSES[name])

    assert f"{fingerprint(schema).hex()} {json.dumps(schema)}" == KEPT[name]


def test_every_line_is_of_a_class() -> None:
    assert CLASSES.keys() == KEPT.keys(), "an example that came or went: its line comes or goes with it"


WRITTEN = bytes.fromhex(
    "04c3a901000000000000f03f000400ff8080d29f98c2cd05ccbf0208a697d1000404d24830303030303030302d303030302d"
    "303030302d303030302d3030303030303030303030370200020202026400020873616c7402fe00066e75740400c800020208"
    "626f6c7404012c020400000600"
)
IN_JSON = (
    '{"text":"é","whole":-1,"share":1,"truth":false,"raw":"AP8=","at":"2020-01-01T00:00:00Z","on":"2026-0'
    '1-01","exact":"-1.5","cents":"12.34","identity":"00000000-0000-0000-0000-000000000007","channel":"ma'
    'il","urgency":2,"sort":"last","many":["1"],"named":{"salt":"/g=="},"item":{"article":"nut","price":"'
    '2","kind":"first","pieces":1},"items":[{"article":"bolt","price":"3","kind":"reminder","pieces":2}],'
    '"maybe":3,"none":null}'
)


def test_neither_do_the_bytes_and_the_json_of_every_type() -> None:
    codec = event_codec(Defaults)

    assert codec.encode(Defaults()) == codec.prefix + WRITTEN
    assert codec.decode(codec.prefix + WRITTEN) == Defaults()
    assert json_of(Defaults()).decode() == IN_JSON
    assert JsonShape(codec).decode(IN_JSON.encode()) == Defaults()
