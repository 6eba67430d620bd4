"""A dataclass and its JSON: pydantic checks and builds, and what it would have to guess is refused.

Pydantic reads a dataclass leniently where JSON has no type of its own, so each is told to it as a TypedDict whose
moments, days and exact numbers are read as `fact_types.json_values` says; an Enum is its value. What comes out must
then fit the class's Avro schema, so that a fact can be kept whatever it came in: a moment without a zone is refused
there, as it is everywhere else.
"""

import dataclasses
import json
from enum import Enum
from types import GenericAlias
from typing import Annotated, Any, NotRequired

from pydantic import AfterValidator, ConfigDict, PlainValidator, TypeAdapter, ValidationError, WithJsonSchema
from typing_extensions import TypedDict

from passage_schemas.codec import Codec
from passage_schemas.errors import SchemaError
from passage_schemas.fact_types.forms import ListOf, MapOf, RecordOf, Scalar, form_of, hints_of, without_none
from passage_schemas.fact_types.scalars import SCALARS, ScalarType

# Unknown fields are passed over, as Avro's resolution does with those of a newer writer.
_STRICT = ConfigDict(strict=True, extra="ignore", val_json_bytes="base64", allow_inf_nan=False)


class JsonShape:
    """Reads a class's JSON. `within`: the field of an envelope the fact stands in; None: it is all of the value."""

    def __init__(self, codec: Codec[Any], within: str | None = None) -> None:
        self._codec = codec
        mirror: Any = _Mirror().of(codec.cls)
        self._within = within
        self._adapter = TypeAdapter[Any](mirror if within is None else strict_dict("envelope", {within: mirror}))

    def decode(self, value: bytes) -> Any:
        """Raises SchemaError, naming the field."""
        found = validated(self._adapter, value, self._codec.name)
        fact = found if self._within is None else found[self._within]
        self._codec.check(fact)
        return fact

    def json_schema(self) -> dict[str, Any]:
        """What it reads, as a JSON Schema (draft 2020-12). What that can't say, as the range of a long or the digits
        of a decimal, is said when a fact is read."""
        return self._adapter.json_schema()


def validated(adapter: TypeAdapter[Any], value: bytes, what: str) -> Any:
    """Raises SchemaError, which begins with what it is, and the field."""
    try:
        return adapter.validate_json(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        where = what + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in first["loc"])
        seen = "" if first["type"] in ("missing", "json_invalid") else f", not {_shortened(first['input'])}"
        more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
        raise SchemaError(f"{where}: {first['msg'].removeprefix('Value error, ')}{seen}{more}") from None


def strict_dict(name: str, fields: dict[str, Any]) -> Any:
    """A TypedDict of these fields, read strictly."""
    build: Any = TypedDict
    made = build(name, fields)
    made.__pydantic_config__ = _STRICT
    return made


def json_of(event: Any, **first: str) -> bytes:
    """An event's JSON, after the fields given first: the same event, the same bytes. Raises SchemaError."""
    fields = {one.name: getattr(event, one.name) for one in dataclasses.fields(event)}
    return dumped({**first, **fields}, type(event).__qualname__)


def dumped(value: Any, what: str) -> bytes:
    """Raises SchemaError where JSON has no word for something in it."""
    try:
        return json.dumps(value, default=_plain, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except (ValueError, TypeError) as error:
        raise SchemaError(f"{what}: can't be written as JSON: {error}") from error


def _plain(value: Any) -> Any:
    for kind, write in _WRITTEN:
        if isinstance(value, kind):
            return write(value)
    if isinstance(value, Enum):
        return value.value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {one.name: getattr(value, one.name) for one in dataclasses.fields(value)}
    raise TypeError(f"{type(value).__qualname__} has no place in an event")


_WRITTEN = [(kind, row.json.write) for kind, row in SCALARS.items() if row.json.write is not None]
"""What JSON has no type for, and how it is written."""


class _Mirror:
    """One tree of dataclasses, as pydantic is to read it."""

    def __init__(self) -> None:
        self._made: dict[type[Any], Any] = {}

    def of(self, cls: type[Any]) -> Any:
        if cls not in self._made:
            hints = hints_of(cls)
            fields = {one.name: self._field(one, hints[one.name]) for one in dataclasses.fields(cls)}
            made = strict_dict(cls.__name__, fields)
            self._made[cls] = Annotated[made, AfterValidator(lambda found: cls(**found))]
        return self._made[cls]

    def _field(self, declared: "dataclasses.Field[Any]", hint: Any) -> Any:
        kind = self._type(hint)
        has_default = not (declared.default is declared.default_factory is dataclasses.MISSING)
        return NotRequired[kind] if has_default else kind

    def _type(self, annotation: Any) -> Any:
        form, is_optional = form_of(annotation)
        told: Any
        match form:
            case Scalar(row):
                told = _scalar(row)
            case RecordOf(cls):
                told = self.of(cls)
            case ListOf(kind, item):
                told = GenericAlias(kind, (self._type(item),) if kind is list else (self._type(item), Ellipsis))
            case MapOf(values):
                told = GenericAlias(dict, (str, self._type(values)))
            case _:
                told = without_none(annotation)[0]
        return told | None if is_optional else told


def _scalar(row: ScalarType) -> Any:
    reader = () if row.json.read is None else (PlainValidator(row.json.read),)
    schema = () if row.json.schema is None else (WithJsonSchema(dict(row.json.schema)),)
    return Annotated[row.python, *reader, *schema] if reader or schema else row.python


def _shortened(seen: Any) -> str:
    text = repr(seen)
    return text if len(text) <= 60 else text[:57] + "..."
