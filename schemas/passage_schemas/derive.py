"""The Avro schema of a plain frozen dataclass, derived from its annotations: the class is its own schema.

Types and names are the table's (`fact_types`); here they are put together, each named type where it is met first and by
its name from then on, with the defaults as Avro wants them: JSON, of the type's first branch. The schema follows the
class: two processes with the same class derive the same schema, byte for byte.
"""

import dataclasses
from typing import Any

from passage_schemas.errors import SchemaError
from passage_schemas.fact_types.avro_values import Misfit
from passage_schemas.fact_types.forms import (
    PLACES,
    SYMBOL,
    ListOf,
    MapOf,
    RecordOf,
    Scalar,
    Symbols,
    form_of,
    hints_of,
    said,
)
from passage_schemas.fingerprint import Schema
from passage_schemas.shape import field_shape


def schema_of(cls: type) -> Schema:
    """The Avro schema of a frozen dataclass, in the namespace its class attribute `namespace` names, if any.

    Raises SchemaError for a class that is not frozen, and naming the field for what Avro has no one name for.
    """
    schema = _Tree().record(cls)
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


class _Tree:
    """One event and all that it is made of: a name stands for one type in it."""

    def __init__(self) -> None:
        self._names: dict[str, Any] = {}
        """Each named type's schema; None while it is being made."""
        self._name_of: dict[Any, str] = {}

    def record(self, cls: type) -> Any:
        if cls in self._name_of:
            name = self._name_of[cls]
            if self._names[name] is None:
                raise SchemaError(f"{cls.__qualname__} holds itself; keep the other's key instead")
            return name
        require_frozen(cls)
        self._name(cls, cls.__name__, cls.__qualname__)
        hints = hints_of(cls)
        fields = [self._field(field, hints[field.name], cls.__qualname__) for field in dataclasses.fields(cls)]
        return self._made(cls, {"type": "record", "name": cls.__name__, "fields": fields})

    def _field(self, field: "dataclasses.Field[Any]", annotation: Any, record: str) -> dict[str, Any]:
        where = f"{record}.{field.name}"
        if not field.init:
            raise SchemaError(f"{where}: init=False can't be read back; let init take it")
        stored = self._type(annotation, where)
        default = field.default if field.default_factory is dataclasses.MISSING else field.default_factory()
        if default is dataclasses.MISSING:
            return {"name": field.name, "type": stored}
        try:
            written = _json(field_shape(annotation, stored, self._names, where).lower(default))
        except Misfit as misfit:
            raise SchemaError(f"{where}: its default won't do: {misfit.seen}") from None
        if default is None:
            stored = stored[::-1]  # a default is of the first branch
        return {"name": field.name, "type": stored, "default": written}

    def _type(self, annotation: Any, where: str) -> Any:
        form, is_optional = form_of(annotation)
        match form:
            case Scalar():
                stored = _scalar(form, where)
            case Symbols():
                stored = self._symbols(form, where)
            case RecordOf(cls):
                stored = self.record(cls)
            case ListOf(_, item):
                stored = {"type": "array", "items": self._type(item, where + "[]")}
            case MapOf(values):
                stored = {"type": "map", "values": self._type(values, where + "{}")}
            case None:
                raise SchemaError(f"{where}: {said(annotation)} has no place in an event; use {PLACES}")
        return [stored, "null"] if is_optional else stored

    def _symbols(self, form: Symbols, where: str) -> Any:
        if form.kind in self._name_of:
            return self._name_of[form.kind]
        for symbol in form.members:
            if not SYMBOL.fullmatch(symbol):
                raise SchemaError(f"{where}: {symbol!r} is no symbol to Avro; write letters, digits and _")
        name = self._name(form.kind, _enums_name(form.kind, where), where)
        return self._made(form.kind, {"type": "enum", "name": name, "symbols": list(form.members)})

    def _name(self, kind: Any, name: str, where: str) -> str:
        if name in self._names:
            raise SchemaError(f"{where}: two types named {name} in one event; rename one")
        self._names[name] = None
        self._name_of[kind] = name
        return name

    def _made(self, kind: Any, schema: Schema) -> Schema:
        self._names[self._name_of[kind]] = schema
        return schema


def _scalar(form: Scalar, where: str) -> Any:
    schema, digits = form.row.schema, form.digits
    if isinstance(schema, str):
        return schema
    if digits is None:
        return dict(schema)
    if not digits.is_possible:
        raise SchemaError(
            f"{where}: no Decimal is decimal_of{tuple(digits)}; digits are 1 or more, and no fewer than places"
        )
    return {**schema, "precision": digits.digits, "scale": digits.places}


def _enums_name(kind: Any, where: str) -> str:
    """An Enum's own; a Literal has none, so it gets its field's."""
    if isinstance(kind, type):
        return kind.__name__
    return where.rpartition(".")[2].strip("[]{}").title().replace("_", "")


def _json(lowered: Any) -> Any:
    """Avro's JSON for a default: bytes are text of the code points 0 to 255."""
    if isinstance(lowered, bytes):
        return lowered.decode("latin-1")
    if isinstance(lowered, list):
        return [_json(one) for one in lowered]
    if isinstance(lowered, dict):
        return {name: _json(one) for name, one in lowered.items()}
    return lowered
