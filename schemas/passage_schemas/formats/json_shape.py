"""A dataclass and its JSON: pydantic checks and builds, and what it would have to guess is refused.

Pydantic reads a dataclass leniently where JSON has no type of its own, so each is mirrored into a TypedDict whose
moments, days and exact numbers are read by the functions below. What comes out must then fit the class's Avro schema,
so that a fact can be kept whatever it came in: a moment without a zone is refused there, as it is everywhere else.

    datetime    text, ISO 8601 with an offset; finer than a microsecond is cut off
    date        text, 2026-11-20
    Decimal     text, or a whole number; never one with a fraction, which a JSON library may have rounded
    bytes       text, base64
    Enum        its value
"""

import base64
import dataclasses
import json
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from types import GenericAlias
from typing import Annotated, Any, NotRequired, get_args, get_origin
from uuid import UUID

from pydantic import AfterValidator, ConfigDict, PlainValidator, TypeAdapter, ValidationError, WithJsonSchema
from typing_extensions import TypedDict

from passage_schemas.codec import Codec
from passage_schemas.errors import SchemaError
from passage_schemas.shape import hints_of, without_none

# Unknown fields are passed over, as Avro's resolution does with those of a newer writer.
_STRICT = ConfigDict(strict=True, extra="ignore", val_json_bytes="base64", allow_inf_nan=False)

_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d([.,]\d+)?)?(Z|z|[+-]\d\d(:?\d\d)?)?")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
# No exponent: 1e999999999 would be a number of a billion digits.
_EXACT = re.compile(r"-?\d{1,80}(\.\d{1,80})?")


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
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case date():
            return value.isoformat()
        case Decimal():
            return format(value, "f")
        case UUID():
            return str(value)
        case bytes():
            return base64.b64encode(value).decode()
        case Enum():
            return value.value
        case _ if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return {one.name: getattr(value, one.name) for one in dataclasses.fields(value)}
    raise TypeError(f"{type(value).__qualname__} has no place in an event")


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
        kind, optional = without_none(annotation)
        told = self._one(kind)
        return told | None if optional else told

    def _one(self, kind: Any) -> Any:
        origin, args = get_origin(kind), get_args(kind)
        if kind in _READ:
            return Annotated[kind, PlainValidator(_READ[kind]), WithJsonSchema(_SAID[kind])]
        if kind is bytes:
            return Annotated[bytes, WithJsonSchema({"type": "string", "contentEncoding": "base64"})]
        if dataclasses.is_dataclass(kind) and isinstance(kind, type):
            return self.of(kind)
        if origin is list and args:
            return GenericAlias(list, (self._type(args[0]),))
        if origin is tuple and args[1:] == (Ellipsis,):
            return GenericAlias(tuple, (self._type(args[0]), Ellipsis))
        if isinstance(origin, type) and issubclass(dict, origin) and args:
            return GenericAlias(dict, (str, self._type(args[1])))
        return kind


def _moment(seen: Any) -> datetime:
    if not isinstance(seen, str) or not _MOMENT.fullmatch(seen):
        raise ValueError("a moment is text in ISO 8601 with an offset, as 2026-11-20T09:30:00Z")
    return datetime.fromisoformat(seen.upper())


def _day(seen: Any) -> date:
    if not isinstance(seen, str) or not _DAY.fullmatch(seen):
        raise ValueError("a day is text, as 2026-11-20")
    return date.fromisoformat(seen)


def _exact(seen: Any) -> Decimal:
    if isinstance(seen, float):
        raise ValueError("a number with a fraction may have been rounded on its way; write it as text")
    if isinstance(seen, int) and not isinstance(seen, bool):
        return Decimal(seen)
    if not isinstance(seen, str) or not _EXACT.fullmatch(seen):
        raise ValueError("an exact number is text without an exponent, as 12.50, or a whole number")
    return Decimal(seen)


_READ = {datetime: _moment, date: _day, Decimal: _exact}
_SAID: dict[Any, dict[str, Any]] = {
    datetime: {"type": "string", "format": "date-time"},
    date: {"type": "string", "format": "date"},
    Decimal: {
        "anyOf": [{"type": "string", "pattern": f"^{_EXACT.pattern}$".replace("\\d", "[0-9]")}, {"type": "integer"}]
    },
}
"""The same for whoever writes it: as JSON Schema."""


def _shortened(seen: Any) -> str:
    text = repr(seen)
    return text if len(text) <= 60 else text[:57] + "..."
