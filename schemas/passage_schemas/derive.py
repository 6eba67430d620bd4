"""The Avro schema of a plain frozen dataclass, derived from its annotations by dataclasses-avroschema.

That library wants its own base class and its own types for microseconds and exact decimals. An event should be free of
both, so a tree of events is mirrored into such classes, the schema is rendered from the mirror, and the defaults are
written in afterwards (the library can't express a default enum, bytes that are not UTF-8, or a nested record's).

The schema follows the class: two processes with the same class derive the same schema, byte for byte.
"""

import dataclasses
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from types import GenericAlias, NoneType
from typing import Annotated, Any, get_args, get_origin
from uuid import UUID

from dataclasses_avroschema import AvroModel
from dataclasses_avroschema.types import DateTimeMicro, DecimalFieldInfo
from fastavro import parse_schema

from passage_schemas.errors import SchemaError
from passage_schemas.fingerprint import Schema
from passage_schemas.shape import Misfit, bare, field_shape, hints_of, symbols_of, without_none

DECIMAL_DIGITS = 38
DECIMAL_PLACES = 9
"""What a plain `Decimal` holds: 38 digits is what Avro's readers in other languages and most databases take, 9 places
carry any currency and a unit price. For other sizes, annotate the field with `decimal_of(digits, places)`."""

_NESTING = ("type", "items", "values", "fields")


def decimal_of(digits: int, places: int) -> Any:
    """Metadata for an exact Decimal: `price: Annotated[Decimal, decimal_of(12, 2)]`."""
    return DecimalFieldInfo(max_digits=digits, decimal_places=places)


def schema_of(cls: type) -> Schema:
    """The Avro schema of a frozen dataclass, in the namespace its class attribute `namespace` names, if any.

    Raises SchemaError for a class that is not frozen, and naming the field for what Avro has no one name for.
    """
    mirror = _Mirror()
    mirrored = mirror.of(cls)
    try:
        rendered = _tidied(mirrored.avro_schema_to_python())
        names: dict[str, Any] = {}
        parse_schema(rendered, names)
    except (ValueError, TypeError, AttributeError, AssertionError, KeyError) as error:
        raise SchemaError(f"{cls.__qualname__}: no Avro schema can be derived: {error}") from error
    schema: Schema = _with_defaults(rendered, mirror.records, names)
    namespace = getattr(cls, "namespace", None)
    return {**schema, "namespace": namespace} if isinstance(namespace, str) else schema


def require_frozen(cls: Any) -> None:
    """Raise SchemaError unless `cls` is a frozen dataclass."""
    if not (isinstance(cls, type) and dataclasses.is_dataclass(cls)):
        raise SchemaError(
            f"{getattr(cls, '__qualname__', cls)} is not a dataclass; write @dataclass(frozen=True) over it"
        )
    params: Any = vars(cls).get("__dataclass_params__")
    if params is None or not params.frozen:
        raise SchemaError(f"{cls.__qualname__} is not frozen; a fact does not change: write @dataclass(frozen=True)")


class _Mirror:
    """One tree of plain dataclasses, copied into classes dataclasses-avroschema can render."""

    def __init__(self) -> None:
        self.records: dict[str, type] = {}
        self._made: dict[Any, Any] = {}
        self._open: list[type] = []

    def of(self, cls: type) -> type[AvroModel]:
        if cls in self._open:
            raise SchemaError(f"{cls.__qualname__} holds itself; keep the other's key instead")
        if cls not in self._made:
            self._open.append(cls)
            self._made[cls] = self._mirrored(cls)
            self._open.pop()
        made: type[AvroModel] = self._made[cls]
        return made

    def _mirrored(self, cls: type) -> type[AvroModel]:
        require_frozen(cls)
        if self.records.setdefault(cls.__name__, cls) is not cls:
            raise SchemaError(f"{cls.__qualname__}: two classes named {cls.__name__} in one event; rename one")
        hints = hints_of(cls)
        fields: list[Any] = []
        for field in dataclasses.fields(cls):
            where = f"{cls.__qualname__}.{field.name}"
            if not field.init:
                raise SchemaError(f"{where}: init=False can't be read back; let init take it")
            # Said to have no default, or it has what the mirror's base has under this name, as `validate`.
            fields.append((field.name, self._type(hints[field.name], where), dataclasses.field()))
        try:
            return dataclasses.make_dataclass(cls.__name__, fields, bases=(AvroModel,))
        except TypeError as error:
            raise SchemaError(f"{cls.__qualname__}: no Avro schema can be derived: {error}") from error

    def _type(self, annotation: Any, where: str) -> Any:
        kind, optional = without_none(annotation)
        told = self._one(_present(annotation), kind, where)
        return told | None if optional else told

    def _one(self, annotation: Any, kind: Any, where: str) -> Any:
        origin, args = get_origin(kind), get_args(kind)
        if kind is datetime:
            return DateTimeMicro
        if kind is Decimal:
            return Annotated[Decimal, _size_of(annotation)]
        if kind in (str, int, float, bool, bytes, date, UUID):
            return kind
        if dataclasses.is_dataclass(kind) and isinstance(kind, type):
            return self.of(kind)
        if (symbols := symbols_of(kind)) is not None:
            return self._enum(kind, symbols, where)
        if (origin is list and args) or (origin is tuple and args[1:] == (Ellipsis,)):
            return GenericAlias(list, (self._type(args[0], where + "[]"),))
        if isinstance(origin, type) and issubclass(dict, origin) and args[:1] == (str,):
            return GenericAlias(dict, (str, self._type(args[1], where + "{}")))
        raise SchemaError(
            f"{where}: {annotation} has no place in an event; use str, int, float, bool, bytes, datetime, date, "
            "Decimal, UUID, an Enum, a frozen dataclass, list[X], tuple[X, ...] or dict[str, X] of these, or X | None"
        )

    def _enum(self, kind: Any, symbols: Mapping[str, Any], where: str) -> Any:
        name = (
            kind.__name__ if isinstance(kind, type) else where.rpartition(".")[2].strip("[]{}").title().replace("_", "")
        )
        if kind not in self._made:
            self._made[kind] = Enum(name, {symbol: symbol for symbol in symbols})
        return self._made[kind]


def _present(annotation: Any) -> Any:
    """The annotation's part that is not None, with its metadata."""
    kind = annotation if get_origin(annotation) is Annotated else bare(annotation)
    parts = [one for one in get_args(kind) if one is not NoneType]
    return parts[0] if without_none(annotation)[1] and parts else kind


def _size_of(annotation: Any) -> DecimalFieldInfo:
    notes = get_args(annotation)[1:] if get_origin(annotation) is Annotated else ()
    plain = DecimalFieldInfo(max_digits=DECIMAL_DIGITS, decimal_places=DECIMAL_PLACES)
    return next((note for note in notes if isinstance(note, DecimalFieldInfo)), plain)


def _tidied(rendered: Any) -> Any:
    """Without what only dataclasses-avroschema reads: names on arrays and maps, `pytype`."""
    if isinstance(rendered, list):
        return [_tidied(one) for one in rendered]
    if not isinstance(rendered, dict):
        return rendered
    drop = {"pytype", "doc"} | ({"name"} if rendered.get("type") in ("array", "map") else set())
    return {name: _tidied(value) for name, value in rendered.items() if name not in drop}


def _with_defaults(schema: Any, records: Mapping[str, type], names: Mapping[str, Any]) -> Any:
    """Writes each dataclass default into the schema as Avro wants it: as JSON, and of a union's first branch."""
    if isinstance(schema, list):
        return [_with_defaults(branch, records, names) for branch in schema]
    if not isinstance(schema, dict):
        return schema
    whole = {part: _with_defaults(it, records, names) if part in _NESTING else it for part, it in schema.items()}
    if schema.get("type") == "record":
        cls = records[schema["name"]]
        hints = hints_of(cls)
        for declared, field in zip(dataclasses.fields(cls), whole["fields"], strict=True):
            _set_default(field, _default(declared), hints[declared.name], names, f"{cls.__qualname__}.{declared.name}")
    return whole


def _set_default(field: dict[str, Any], default: Any, hint: Any, names: Mapping[str, Any], where: str) -> None:
    if default is dataclasses.MISSING:
        return
    try:
        field["default"] = _json(field_shape(hint, field["type"], names, where).lower(default))
    except Misfit as misfit:
        raise SchemaError(f"{where}: its default won't do: {misfit.seen}") from None
    if isinstance(field["type"], list):
        field["type"] = sorted(field["type"], key=lambda branch: (branch == "null") != (default is None))


def _default(field: "dataclasses.Field[Any]") -> Any:
    return field.default if field.default_factory is dataclasses.MISSING else field.default_factory()


def _json(lowered: Any) -> Any:
    """Avro's JSON for a default: bytes are text of the code points 0 to 255."""
    if isinstance(lowered, bytes):
        return lowered.decode("latin-1")
    if isinstance(lowered, list):
        return [_json(one) for one in lowered]
    if isinstance(lowered, dict):
        return {name: _json(one) for name, one in lowered.items()}
    return lowered
