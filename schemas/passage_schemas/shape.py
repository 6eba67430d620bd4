"""How a dataclass and an Avro record fit: compiled once, so that a value costs one small function per field.

Python's annotation and Avro's type must say the same, null for None; where they don't, the codec is refused when it is
made and not when the first odd value comes by. Logical types are applied here and not by the Avro library, which takes
a naive datetime for local time: an `int` (or Instant) field gets the bare number, a `datetime` field an aware datetime.

Refused: unions of more than one type besides null, maps with other keys than strings, and records that hold themselves.
"""

import dataclasses
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NamedTuple, NoReturn, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from passage_schemas.errors import SchemaError
from passage_schemas.straight import Plan

Convert = Callable[[Any], Any]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_FIRST = (datetime.min.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND
_LAST = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_SYMBOL = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_INTEGER_BITS = {"int": 32, "long": 64}
_MICROSECONDS_PER_UNIT = {"timestamp-millis": 1000, "timestamp-micros": 1}


class Misfit(Exception):
    """One value is not what its schema wants; `where` grows from the leaf up as it is raised."""

    def __init__(self, seen: str) -> None:
        super().__init__(seen)
        self.seen = seen
        self.where = ""

    def within(self, outer: str) -> "Misfit":
        self.where = outer + ("" if self.where.startswith("[") or not self.where else ".") + self.where
        return self


class Shape(NamedTuple):
    """The two ways through: `lower` checks a Python value and makes Avro's of it, `lift` goes back (None: as it is).
    `plan` is the same for `straight`."""

    lower: Convert
    lift: Convert | None
    plan: Plan


def bare(annotation: Any) -> Any:
    """The annotation without Annotated and NewType, which mean nothing on the wire."""
    while True:
        if get_origin(annotation) is Annotated:
            annotation = get_args(annotation)[0]
        elif hasattr(annotation, "__supertype__"):
            annotation = annotation.__supertype__
        else:
            return annotation


def without_none(annotation: Any) -> tuple[Any, bool]:
    """(X, True) for `X | None`, (X, False) for X. A wider union is returned whole."""
    annotation = bare(annotation)
    if get_origin(annotation) not in (Union, UnionType):
        return annotation, False
    others = tuple(one for one in get_args(annotation) if one is not NoneType)
    inner = bare(others[0]) if len(others) == 1 else Union[others]  # noqa: UP007  (built, not written)
    return inner, NoneType in get_args(annotation)


def hints_of(cls: type) -> dict[str, Any]:
    """Each field's annotation, resolved. Raises SchemaError where a name in one means nothing."""
    try:
        hints = get_type_hints(cls, include_extras=True)
    except NameError as error:
        raise SchemaError(f"{cls.__qualname__}: {error}; define or import it at module level") from error
    return {field.name: hints[field.name] for field in dataclasses.fields(cls)}


def record_shape(cls: type, schema: Mapping[str, Any], names: Mapping[str, Any]) -> Shape:
    """The shape of a whole dataclass. `schema` is parsed (full names); `names` holds every named type in it.

    Raises SchemaError, naming the field, where the two don't say the same.
    """
    return _Compiler(names).record(cls, schema, cls.__qualname__)


def field_shape(annotation: Any, avro: Any, names: Mapping[str, Any], where: str) -> Shape:
    """The shape of one field, or of anything in one; the same rules as `record_shape`."""
    return _Compiler(names).of(annotation, avro, where)


class _Compiler:
    def __init__(self, names: Mapping[str, Any]) -> None:
        self._names = names
        self._open: set[type] = set()

    def record(self, cls: type, schema: Mapping[str, Any], where: str) -> Shape:
        if cls in self._open:
            raise SchemaError(f"{where}: {cls.__name__} holds itself; keep the other's key instead")
        self._open.add(cls)
        hints = hints_of(cls)
        wire = {field["name"]: field["type"] for field in schema["fields"]}
        if missing := hints.keys() - wire.keys():
            _refuse(where, f"{schema['name']} has no field {_listed(missing)}; add it to the schema or drop it here")
        if extra := wire.keys() - hints.keys():
            _refuse(where, f"no field for {_listed(extra)} of {schema['name']}; add it to the dataclass")
        fields = [(name, self.of(hints[name], wire[name], f"{where}.{name}")) for name in wire]
        self._open.discard(cls)
        lower, lift = _lower_record(cls, fields), _lift_record(cls, fields)
        parts = tuple((name, shape.plan) for name, shape in fields)
        return Shape(lower, lift, Plan("record", cls, lower, lift, parts))

    def of(self, annotation: Any, avro: Any, where: str) -> Shape:
        wanted, optional = without_none(annotation)
        branches = avro if isinstance(avro, list) else [avro]
        types = [branch for branch in branches if branch != "null"]
        if optional != ("null" in branches):
            _refuse(where, f"{_said(annotation)}, but Avro's {_said(avro)}; let both or neither allow null")
        if len(types) != 1 or get_origin(wanted) is Union:
            _refuse(where, f"{_said(annotation)} as {_said(avro)}: a union of several types; use one, or one and None")
        shape = self._one(wanted, self._named(types[0]), where)
        return _or_none(shape, branches.index("null")) if optional else shape

    def _named(self, avro: Any) -> Mapping[str, Any]:
        if isinstance(avro, str):
            found: Mapping[str, Any] = self._names.get(avro, {"type": avro})
            return found
        inner: Mapping[str, Any] = avro
        while isinstance(inner["type"], dict):
            inner = inner["type"]
        return inner

    def _one(self, wanted: Any, avro: Mapping[str, Any], where: str) -> Shape:
        kind, logical = avro["type"], avro.get("logicalType")
        origin = get_origin(wanted) or wanted
        if kind == "record" and dataclasses.is_dataclass(wanted) and isinstance(wanted, type):
            return self.record(wanted, avro, where)
        if kind == "enum":
            return _enum(wanted, avro["symbols"], where)
        if kind == "array" and origin is list:
            return _sequence(list, self.of(get_args(wanted)[0], avro["items"], where + "[]"))
        if kind == "array" and origin is tuple and get_args(wanted)[1:] == (Ellipsis,):
            return _sequence(tuple, self.of(get_args(wanted)[0], avro["items"], where + "[]"))
        if kind == "map" and isinstance(origin, type) and issubclass(dict, origin) and get_args(wanted)[:1] == (str,):
            return _mapping(self.of(get_args(wanted)[1], avro["values"], where + "{}"))
        leaf = _leaf(wanted, kind, logical, avro)
        if leaf is None:
            _refuse(where, f"{_said(wanted)} does not fit Avro's {_said(dict(avro) if logical else kind)}")
        return Shape(*leaf, Plan(kind, wanted, *leaf, size=avro.get("size", 0)))


Leaf = tuple[Convert, Convert | None]


def _leaf(wanted: Any, kind: str, logical: str | None, avro: Mapping[str, Any]) -> Leaf | None:
    if wanted is int and kind in _INTEGER_BITS:
        return _whole(_INTEGER_BITS[kind], kind)
    if wanted is datetime and kind == "long" and logical in _MICROSECONDS_PER_UNIT:
        return _moment(_MICROSECONDS_PER_UNIT[logical], logical)
    if wanted is date and kind == "int" and logical == "date":
        return _lower_date, lambda days: date.fromordinal(days + _EPOCH_DAY)
    if wanted is Decimal and kind in ("bytes", "fixed") and logical == "decimal":
        return _decimal(avro["precision"], avro.get("scale", 0), avro.get("size"))
    if wanted is UUID and kind == "string" and logical == "uuid":
        return _checked(UUID, str), UUID
    if wanted is float and kind in ("float", "double"):
        return _lower_float, None
    if wanted is bytes and kind == "fixed":
        return _sized(avro["size"]), None
    if (wanted, kind) in ((str, "string"), (bytes, "bytes"), (bool, "boolean")):
        return _checked(wanted), None
    return None


def _lower_record(cls: type, fields: list[tuple[str, Shape]]) -> Convert:
    plan = [(name, shape.lower) for name, shape in fields]

    def lower(value: Any) -> dict[str, Any]:
        if type(value) is not cls:
            raise Misfit(f"{_seen(value)} where {cls.__qualname__} belongs")
        try:
            return {name: convert(getattr(value, name)) for name, convert in plan}
        except Misfit as misfit:
            # A comprehension keeps its names to itself, so the culprit is found again: only the unlucky pay.
            raise misfit.within(_culprit(value, plan)) from None

    return lower


def _culprit(value: Any, plan: list[tuple[str, Convert]]) -> str:
    for name, convert in plan:
        try:
            convert(getattr(value, name))
        except Misfit:
            return name
    raise AssertionError("a field misfitted once and then did not")


def _lift_record(cls: type, fields: list[tuple[str, Shape]]) -> Convert:
    plan = [(name, shape.lift) for name, shape in fields if shape.lift is not None]
    if not plan:
        return lambda record: cls(**record)

    def lift(record: dict[str, Any]) -> Any:
        for name, convert in plan:
            record[name] = convert(record[name])
        return cls(**record)

    return lift


def _or_none(shape: Shape, null: int) -> Shape:
    lower, lift, plan = shape
    return Shape(
        lambda value: None if value is None else lower(value),
        None if lift is None else lambda value: None if value is None else lift(value),
        plan._replace(null=null),
    )


def _sequence(kind: type[list[Any]] | type[tuple[Any, ...]], item: Shape) -> Shape:
    def lower(value: Any) -> list[Any]:
        if not isinstance(value, kind):
            raise Misfit(f"{_seen(value)} where a {kind.__name__} belongs")
        return [_at(f"[{at}]", item.lower, one) for at, one in enumerate(value)]

    plan, lift = Plan("array", kind, lower, None, (("", item.plan),)), item.lift
    if lift is not None:
        return Shape(lower, lambda values: kind([lift(one) for one in values]), plan)
    return Shape(lower, None if kind is list else kind, plan)


def _mapping(values: Shape) -> Shape:
    def lower(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise Misfit(f"{_seen(value)} where a dict belongs")
        for key in value:
            if not isinstance(key, str):
                raise Misfit(f"{_seen(key)} as a key; keys are str")
        return {key: _at(f"[{key!r}]", values.lower, one) for key, one in value.items()}

    plan, lift = Plan("map", dict, lower, None, (("", values.plan),)), values.lift
    return Shape(lower, None if lift is None else lambda found: {key: lift(one) for key, one in found.items()}, plan)


def _at(where: str, lower: Convert, value: Any) -> Any:
    try:
        return lower(value)
    except Misfit as misfit:
        raise misfit.within(where) from None


def symbols_of(wanted: Any) -> dict[str, Any] | None:
    """Avro's symbol for each member: an Enum's value where all make Avro names, else its name; a Literal's string."""
    if isinstance(wanted, type) and issubclass(wanted, Enum):
        by_value = all(isinstance(member.value, str) and _SYMBOL.fullmatch(member.value) for member in wanted)
        return {str(member.value) if by_value else member.name: member for member in wanted}
    if get_origin(wanted) is Literal and all(isinstance(one, str) for one in get_args(wanted)):
        return {one: one for one in get_args(wanted)}
    return None


def _enum(wanted: Any, symbols: list[str], where: str) -> Shape:
    members = symbols_of(wanted)
    if members is None or set(members) != set(symbols):
        _refuse(where, f"{_said(wanted)} does not fit Avro's enum of {_listed(symbols)}; name the same symbols in both")
    literal = get_origin(wanted) is Literal
    kind = str if literal else wanted
    back = {member: symbol for symbol, member in members.items()}

    def lower(value: Any) -> str:
        if not isinstance(value, kind) or value not in back:
            raise Misfit(f"{_seen(value)} is none of {_listed(symbols)}")
        return back[value]

    lift = None if literal else members.__getitem__
    return Shape(lower, lift, Plan("enum", wanted, lower, lift, symbols=tuple(symbols)))


def _checked(kind: type, lower: Convert | None = None) -> Convert:
    def check(value: Any) -> Any:
        if not isinstance(value, kind):
            raise Misfit(f"{_seen(value)} where {kind.__name__} belongs")
        return value if lower is None else lower(value)

    return check


def _whole(bits: int, kind: str) -> Leaf:
    lowest, highest = -(1 << bits - 1), (1 << bits - 1) - 1

    def lower(value: Any) -> int:
        # A bool is an int to Python and to the Avro library; to a reader of the event it is a mistake.
        if not isinstance(value, int) or isinstance(value, bool):
            raise Misfit(f"{_seen(value)} where int belongs")
        if not lowest <= value <= highest:
            raise Misfit(f"{value} is outside Avro's {kind} ({bits} bits)")
        return value

    return lower, None


def _lower_float(value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise Misfit(f"{_seen(value)} where float belongs")
    return float(value)


def _sized(size: int) -> Convert:
    def lower(value: Any) -> bytes:
        if not isinstance(value, bytes) or len(value) != size:
            raise Misfit(f"{_seen(value)} where {size} bytes belong")
        return value

    return lower


def _moment(unit: int, logical: str) -> Leaf:
    def lower(value: Any) -> int:
        if not isinstance(value, datetime):
            raise Misfit(f"{_seen(value)} where datetime belongs")
        if value.utcoffset() is None:
            raise Misfit(f"{value.isoformat()} has no zone, so it names no instant; add one, e.g. tzinfo=UTC")
        microseconds = (value - _EPOCH) // _MICROSECOND
        if not _FIRST <= microseconds <= _LAST:
            # Early in year 1 east of Greenwich, late in year 9999 west of it: UTC has no such datetime to give back.
            raise Misfit(f"{value.isoformat()} is outside the years 1 to 9999 in UTC")
        units, rest = divmod(microseconds, unit)
        if rest:
            raise Misfit(f"{value.isoformat()} is finer than {logical}; round it, or use timestamp-micros")
        return units

    return lower, lambda units: _EPOCH + timedelta(0, 0, units * unit)


def _lower_date(value: Any) -> int:
    if not isinstance(value, date) or isinstance(value, datetime):
        raise Misfit(f"{_seen(value)} where date belongs")
    return value.toordinal() - _EPOCH_DAY


def _decimal(precision: int, scale: int, size: int | None) -> Leaf:
    def lower(value: Any) -> bytes:
        if not isinstance(value, Decimal) or not value.is_finite():
            raise Misfit(f"{_seen(value)} where a finite Decimal belongs")
        numerator, denominator = value.as_integer_ratio()
        unscaled, rest = divmod(numerator * 10**scale, denominator)
        if rest or abs(unscaled) >= 10**precision:
            raise Misfit(f"{value} does not fit decimal({precision},{scale}); round it, or widen the schema")
        needed = (unscaled if unscaled >= 0 else ~unscaled).bit_length() // 8 + 1
        stored: bytes = unscaled.to_bytes(size or needed, "big", signed=True)
        return stored

    def lift(value: bytes) -> Decimal:
        # From text, because arithmetic on Decimals rounds to the caller's context.
        return Decimal(f"{int.from_bytes(value, 'big', signed=True)}E-{scale}")

    return lower, lift


def _refuse(where: str, seen: str) -> NoReturn:
    raise SchemaError(f"{where}: {seen}")


def _seen(value: Any) -> str:
    text = repr(value)
    return f"{type(value).__name__} {text if len(text) <= 60 else text[:57] + '...'}"


def _said(kind: Any) -> str:
    return getattr(kind, "__name__", None) or str(kind) if isinstance(kind, type) and not get_args(kind) else str(kind)


def _listed(names: Any) -> str:
    return ", ".join(repr(name) for name in sorted(names))
