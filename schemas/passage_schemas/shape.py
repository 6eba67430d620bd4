"""How a dataclass and an Avro record fit: compiled once, so that a value costs one small function per field.

Python's annotation and Avro's type must say the same, null for None; where they don't, the codec is refused when it is
made and not when the first odd value comes by. Logical types are applied here and not by the Avro library, which takes
a naive datetime for local time: an `int` (or Instant) field gets the bare number, a `datetime` field an aware datetime.

Refused: unions of more than one type besides null, maps with other keys than strings, and records that hold themselves.
"""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, NoReturn, Union, get_origin

from passage_schemas.errors import SchemaError
from passage_schemas.fact_types.avro_values import Conversion, Misfit, seen
from passage_schemas.fact_types.forms import (
    Form,
    ListOf,
    MapOf,
    RecordOf,
    Scalar,
    form_of,
    hints_of,
    said,
    symbols_of,
    without_none,
)
from passage_schemas.straight import Layout


class Shape(NamedTuple):
    """The two ways through: `lower` checks a Python value and makes Avro's of it, `lift` goes back (None: as it is).
    `layout` is the same for `straight`."""

    lower: Conversion
    lift: Conversion | None
    layout: Layout


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
        parts = tuple((name, shape.layout) for name, shape in fields)
        return Shape(lower, lift, Layout("record", cls, lower, lift, parts))

    def of(self, annotation: Any, avro: Any, where: str) -> Shape:
        wanted, _ = without_none(annotation)
        form, optional = form_of(annotation)
        branches = avro if isinstance(avro, list) else [avro]
        types = [branch for branch in branches if branch != "null"]
        if optional != ("null" in branches):
            _refuse(where, f"{said(annotation)}, but Avro's {said(avro)}; let both or neither allow null")
        if len(types) != 1 or get_origin(wanted) is Union:
            _refuse(where, f"{said(annotation)} as {said(avro)}: a union of several types; use one, or one and None")
        shape = self._one(wanted, form, self._named(types[0]), where)
        return _or_none(shape, branches.index("null")) if optional else shape

    def _named(self, avro: Any) -> Mapping[str, Any]:
        if isinstance(avro, str):
            found: Mapping[str, Any] = self._names.get(avro, {"type": avro})
            return found
        inner: Mapping[str, Any] = avro
        while isinstance(inner["type"], dict):
            inner = inner["type"]
        return inner

    def _one(self, wanted: Any, form: Form | None, avro: Mapping[str, Any], where: str) -> Shape:
        if avro["type"] == "enum":
            return _enum(wanted, avro["symbols"], where)
        match avro["type"], form:
            case "record", RecordOf(cls):
                return self.record(cls, avro, where)
            case "array", ListOf(kind, item):
                return _sequence(kind, self.of(item, avro["items"], where + "[]"))
            case "map", MapOf(values):
                return _mapping(self.of(values, avro["values"], where + "{}"))
            case kind, Scalar(row) if (ways := row.ways(avro)) is not None:
                return Shape(*ways, Layout(kind, row.python, *ways, size=avro.get("size", 0)))
        stored = dict(avro) if avro.get("logicalType") else avro["type"]
        raise SchemaError(f"{where}: {said(wanted)} does not fit Avro's {said(stored)}")


def _lower_record(cls: type, fields: list[tuple[str, Shape]]) -> Conversion:
    plan = [(name, shape.lower) for name, shape in fields]

    def lower(value: Any) -> dict[str, Any]:
        if type(value) is not cls:
            raise Misfit(f"{seen(value)} where {cls.__qualname__} belongs")
        try:
            return {name: convert(getattr(value, name)) for name, convert in plan}
        except Misfit as misfit:
            # A comprehension keeps its names to itself, so the culprit is found again: only the unlucky pay.
            raise misfit.within(_culprit(value, plan)) from None

    return lower


def _culprit(value: Any, plan: list[tuple[str, Conversion]]) -> str:
    for name, convert in plan:
        try:
            convert(getattr(value, name))
        except Misfit:
            return name
    raise AssertionError("a field misfitted once and then did not")


def _lift_record(cls: type, fields: list[tuple[str, Shape]]) -> Conversion:
    plan = [(name, shape.lift) for name, shape in fields if shape.lift is not None]
    if not plan:
        return lambda record: cls(**record)

    def lift(record: dict[str, Any]) -> Any:
        for name, convert in plan:
            record[name] = convert(record[name])
        return cls(**record)

    return lift


def _or_none(shape: Shape, null: int) -> Shape:
    lower, lift, layout = shape
    return Shape(
        lambda value: None if value is None else lower(value),
        None if lift is None else lambda value: None if value is None else lift(value),
        layout._replace(null=null),
    )


def _sequence(kind: type[list[Any]] | type[tuple[Any, ...]], item: Shape) -> Shape:
    def lower(value: Any) -> list[Any]:
        if not isinstance(value, kind):
            raise Misfit(f"{seen(value)} where a {kind.__name__} belongs")
        return [_at(f"[{at}]", item.lower, one) for at, one in enumerate(value)]

    layout, lift = Layout("array", kind, lower, None, (("", item.layout),)), item.lift
    if lift is not None:
        return Shape(lower, lambda values: kind([lift(one) for one in values]), layout)
    return Shape(lower, None if kind is list else kind, layout)


def _mapping(values: Shape) -> Shape:
    def lower(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise Misfit(f"{seen(value)} where a dict belongs")
        for key in value:
            if not isinstance(key, str):
                raise Misfit(f"{seen(key)} as a key; keys are str")
        return {key: _at(f"[{key!r}]", values.lower, one) for key, one in value.items()}

    layout, lift = Layout("map", dict, lower, None, (("", values.layout),)), values.lift
    return Shape(lower, None if lift is None else lambda found: {key: lift(one) for key, one in found.items()}, layout)


def _at(where: str, lower: Conversion, value: Any) -> Any:
    try:
        return lower(value)
    except Misfit as misfit:
        raise misfit.within(where) from None


def _enum(wanted: Any, symbols: list[str], where: str) -> Shape:
    members = symbols_of(wanted)
    if members is None or set(members) != set(symbols):
        _refuse(where, f"{said(wanted)} does not fit Avro's enum of {_listed(symbols)}; name the same symbols in both")
    literal = get_origin(wanted) is Literal
    kind = str if literal else wanted
    back = {member: symbol for symbol, member in members.items()}

    def lower(value: Any) -> str:
        if not isinstance(value, kind) or value not in back:
            raise Misfit(f"{seen(value)} is none of {_listed(symbols)}")
        return back[value]

    lift = None if literal else members.__getitem__
    return Shape(lower, lift, Layout("enum", wanted, lower, lift, symbols=tuple(symbols)))


def _refuse(where: str, seen: str) -> NoReturn:
    raise SchemaError(f"{where}: {seen}")


def _listed(names: Any) -> str:
    return ", ".join(repr(name) for name in sorted(names))
