"""A dataclass straight to Avro's binary encoding and back, as Python made for its schema: the common way, fast.

Four times as fast as a general library, which asks of every value what its schema says. Made once, when the codec is,
as `dataclasses` makes an `__init__`: from source. It knows only what is as it should be. At anything else it raises one
of ODD, and the codec goes the long way (`shape` and the Avro library), which decides and finds the words; so nothing is
judged here, and a value that both ways take has the same bytes by both.
"""

import struct
from collections.abc import Callable, Iterable
from textwrap import indent
from typing import Any, NamedTuple

from passage_schemas.fact_types.avro_values import INTEGER_BITS
from passage_schemas.fact_types.scalars import SCALARS

Write = Callable[[Any], bytes]
Read = Callable[[bytes, int], tuple[Any, int]]
"""(data, where the value begins) to the value and where it ends"""


class Odd(Exception):
    """Not what nearly every value is."""


class Layout(NamedTuple):
    """A value's way: what it is to Python, what to Avro, and what lies between."""

    avro: str
    """Avro's primitive, or fixed, enum, array, map, record."""
    wanted: Any
    """A record's class, an array's tuple or list; else the annotation, bare."""
    lower: Callable[[Any], Any]
    lift: Callable[[Any], Any] | None
    parts: tuple[tuple[str, "Layout"], ...] = ()
    """A record's fields, in the schema's order; the one kind of value an array or a map holds."""
    symbols: tuple[str, ...] = ()
    size: int = 0
    null: int | None = None
    """Which branch of a union is null; None where it is no union."""


def writer(layout: Layout) -> Write:
    """Raises one of ODD for whatever it was not made for."""
    source = _Writing()
    lines = source.value(layout, "value")
    made: Write = source.function("value", [*lines, f"return {_joined(source.pieces)}"])
    return made


def reader(layout: Layout) -> Read:
    """Raises one of ODD. Whether the data goes on behind the value is its caller's to look at."""
    source = _Reading()
    made: Read = source.function("data, at", [*source.value(layout, "value"), "return value, at"])
    return made


# --- the numbers and lengths Avro writes ------------------------------------------------------------------------------


def _long_written(number: int) -> bytes:
    rest = number << 1 ^ number >> 63
    if rest < 1 << 21:  # cents, minutes, numbers of orders
        if rest < 1 << 14:
            return bytes((rest & 127 | 128, rest >> 7)) if rest > 127 else bytes((rest,))
        return bytes((rest & 127 | 128, rest >> 7 & 127 | 128, rest >> 14))
    out = bytearray()
    while rest > 127:
        out.append(rest & 127 | 128)
        rest >>= 7
    out.append(rest)
    return bytes(out)


_SMALL = tuple(_long_written(number) for number in range(4096))
"""What most lengths and many numbers come to."""
_LAST_SHIFT = 63
"""Of the tenth byte, the last that a long can have."""


def _whole_writer(avro: str) -> Write:
    highest = 1 << INTEGER_BITS[avro] - 1

    def write(number: Any) -> bytes:
        if type(number) is not int or not -highest <= number < highest:
            raise Odd
        return _long_written(number)

    return write


def _long_read(data: bytes, at: int) -> tuple[int, int]:
    byte = data[at]
    found, shift = byte & 127, 7
    while byte > 127:
        if shift > _LAST_SHIFT:
            raise Odd  # else a fact of nothing but such bytes takes minutes
        at += 1
        byte = data[at]
        found |= (byte & 127) << shift
        shift += 7
    if found >> 64:
        raise Odd
    return found >> 1 ^ -(found & 1), at + 1


def _length_read(data: bytes, at: int) -> tuple[int, int]:
    length, at = _long_read(data, at)
    if length < 0:
        raise Odd
    return length, at


# --- source -----------------------------------------------------------------------------------------------------------


class _Source:
    """Lines of Python, and the things they name."""

    def __init__(self) -> None:
        self._named: dict[str, Any] = {
            "Odd": Odd,
            "SMALL": _SMALL,
            "long_read": _long_read,
            "length_read": _length_read,
        }
        self._count = 0

    def name(self, thing: Any = None) -> str:
        """A new variable's name; of this thing, if one is given."""
        self._count += 1
        name = f"v{self._count}" if thing is None else f"k{self._count}"
        if thing is not None:
            self._named[name] = thing
        return name

    def function(self, parameters: str, lines: Iterable[str]) -> Any:
        body = indent("\n".join(lines), "    ")
        # Nothing of it is a user's but the fields' names, which a dataclass has made source of already.
        exec(f"def made({parameters}):\n{body}\n", self._named)
        return self._named["made"]


def _inside(lines: Iterable[str]) -> list[str]:
    return ["    " + line for line in lines]


def _joined(pieces: list[str]) -> str:
    if not pieces:
        return 'b""'  # of a record without fields
    return pieces[0] if len(pieces) == 1 else f'b"".join(({", ".join(pieces)},))'


class _Writing(_Source):
    """Leaves in `pieces` the expressions whose bytes follow one another."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []

    def value(self, layout: Layout, here: str) -> list[str]:
        if layout.null is None:
            return self._plain(layout, here)
        found, before = self.name(), self.pieces
        self.pieces = [repr(b"\x00" if layout.null else b"\x02")]
        lines = self._plain(layout, here)
        some, self.pieces = _joined(self.pieces), [*before, found]
        null = b"\x02" if layout.null else b"\x00"
        return [f"if {here} is None:", f"    {found} = {null!r}", "else:", *_inside([*lines, f"{found} = {some}"])]

    def _plain(self, layout: Layout, here: str) -> list[str]:
        if layout.avro == "record":
            return self._record(layout, here)
        if layout.avro in ("array", "map"):
            self.pieces.append(f"{self.name(_many_writer(layout))}({here})")
            return []
        if layout.avro == "enum":
            places = {symbol: _SMALL[place] for place, symbol in enumerate(layout.symbols)}
            self.pieces.append(f"{self.name(places)}[{self.name(layout.lower)}({here})]")
            return []
        if SCALARS[layout.wanted].is_plain:
            return self._primitive(layout, here, f"if type({here}) is not {layout.wanted.__name__}: raise Odd")
        lowered = self.name()
        return self._primitive(layout, lowered, f"{lowered} = {self.name(layout.lower)}({here})")

    def _record(self, layout: Layout, here: str) -> list[str]:
        lines = [f"if type({here}) is not {self.name(layout.wanted)}: raise Odd"]
        for field, part in layout.parts:
            found = self.name()
            lines += [f"{found} = {here}.{field}", *self.value(part, found)]
        return lines

    def _primitive(self, layout: Layout, here: str, first: str) -> list[str]:
        kind, pieces = layout.avro, self.pieces
        if kind in INTEGER_BITS:
            pieces.append(f"SMALL[{here}] if 0 <= {here} < {len(_SMALL)} else {self.name(_whole_writer(kind))}({here})")
        elif kind == "boolean":
            pieces.append(f'b"\\x01" if {here} else b"\\x00"')
        elif kind in ("double", "float"):
            pieces.append(f"{self.name(struct.Struct(_FLOATS[kind]).pack)}({here})")
        elif kind == "fixed":
            pieces.append(here)
            return [first, f"if len({here}) != {layout.size}: raise Odd"]
        else:
            length, text = self.name(), self.name()
            pieces += [f"SMALL[{length}] if {length} < {len(_SMALL)} else {self.name(_long_written)}({length})", text]
            return [first, f"{text} = {here}{'.encode()' if kind == 'string' else ''}", f"{length} = len({text})"]
        return [first]


_FLOATS = {"double": "<d", "float": "<f"}


def _many_writer(layout: Layout) -> Write:
    """Of an array or a map: one block, then the empty one that ends it."""
    ((_, part),) = layout.parts
    item, key = writer(part), writer(Layout("string", str, str, None))

    def write_array(values: Any) -> bytes:
        if type(values) is not layout.wanted:
            raise Odd
        return _block(len(values), [item(value) for value in values])

    def write_map(values: Any) -> bytes:
        if type(values) is not dict:
            raise Odd
        return _block(len(values), [key(name) + item(value) for name, value in values.items()])

    return write_array if layout.avro == "array" else write_map


def _block(length: int, items: list[bytes]) -> bytes:
    return b"".join((_long_written(length), *items, b"\x00")) if items else b"\x00"


class _Reading(_Source):
    """Lines that take a value from `data` at `at`, and leave `at` behind it."""

    def value(self, layout: Layout, to: str) -> list[str]:
        if layout.null is None:
            return self._plain(layout, to)
        null, some = (2, 0) if layout.null else (0, 2)
        branch = self.name()
        return [
            f"{branch} = data[at]",
            "at += 1",
            f"if {branch} == {null}:",
            f"    {to} = None",
            f"elif {branch} == {some}:",
            *_inside(self._plain(layout, to)),
            "else: raise Odd",
        ]

    def _plain(self, layout: Layout, to: str) -> list[str]:
        if layout.avro == "record":
            return self._record(layout, to)
        if layout.avro in ("array", "map"):
            return [f"{to}, at = {self.name(_many_reader(layout))}(data, at)"]
        if layout.avro == "enum":
            members = tuple(layout.lift(symbol) if layout.lift else symbol for symbol in layout.symbols)
            return [f"{to}, at = long_read(data, at)", f"if {to} < 0: raise Odd", f"{to} = {self.name(members)}[{to}]"]
        lines = self._primitive(layout, to)
        return lines if layout.lift is None else [*lines, f"{to} = {self.name(layout.lift)}({to})"]

    def _record(self, layout: Layout, to: str) -> list[str]:
        lines, arguments = [], []
        for field, part in layout.parts:
            found = self.name()
            lines += self.value(part, found)
            arguments.append(f"{field}={found}")
        return [*lines, f"{to} = {self.name(layout.wanted)}({', '.join(arguments)})"]

    def _primitive(self, layout: Layout, to: str) -> list[str]:
        kind, end = layout.avro, self.name()
        if kind in INTEGER_BITS:
            return [
                f"{to} = data[at]",
                f"if {to} < 128:",
                f"    {to} = {to} >> 1 ^ -({to} & 1)",
                "    at += 1",
                f"else: {to}, at = long_read(data, at)",
            ]
        if kind == "boolean":
            return [f"{to} = data[at]", "at += 1", f"if {to} > 1: raise Odd", f"{to} = {to} == 1"]
        if kind in ("double", "float"):
            packed = struct.Struct(_FLOATS[kind])
            return [f"({to},) = {self.name(packed.unpack_from)}(data, at)", f"at += {packed.size}"]
        taken = f"data[at:{end}]{'.decode()' if kind == 'string' else ''}"
        behind = [f"if {end} > len(data): raise Odd", f"{to} = {taken}", f"at = {end}"]
        if kind == "fixed":
            return [f"{end} = at + {layout.size}", *behind]
        # A length in one byte that isn't odd is not negative, and needs no call.
        return [
            f"{end} = data[at]",
            f"if {end} & 129:",
            f"    {end}, at = length_read(data, at)",
            f"    {end} += at",
            "else:",
            "    at += 1",
            f"    {end} = at + ({end} >> 1)",
            *behind,
        ]


def _many_reader(layout: Layout) -> Read:
    ((_, part),) = layout.parts
    item, key = reader(part), reader(Layout("string", str, str, None))
    # Of what takes no bytes any number might follow: see `bounds`.
    most = 0 if layout.avro == "array" and _is_nothing(part) else 1

    def count(data: bytes, at: int) -> tuple[int, int]:
        length, at = _length_read(data, at)  # one below zero is a block that tells its size: rare
        if length > most * len(data):
            raise Odd
        return length, at

    def read_array(data: bytes, at: int) -> tuple[Any, int]:
        values: list[Any] = []
        left, at = count(data, at)
        while left:
            for _ in range(left):
                value, at = item(data, at)
                values.append(value)
            left, at = count(data, at)
        return layout.wanted(values), at

    def read_map(data: bytes, at: int) -> tuple[Any, int]:
        values: dict[str, Any] = {}
        left, at = count(data, at)
        while left:
            for _ in range(left):
                name, at = key(data, at)
                values[name], at = item(data, at)
            left, at = count(data, at)
        return values, at

    return read_array if layout.avro == "array" else read_map


def _is_nothing(layout: Layout) -> bool:
    """Its values take no bytes."""
    if layout.null is not None:
        return False
    return (layout.avro == "record" and all(_is_nothing(part) for _, part in layout.parts)) or (
        layout.avro == "fixed" and not layout.size
    )
