"""Between a dataclass and its bytes: Avro single-object encoding, strict both ways.

    C3 01 | CRC-64-AVRO of the schema, little-endian | the value, Avro binary

A value that does not say which schema it was written with, says one not registered, stops early or goes on after its
end is refused with one SchemaError: a fact half understood would be counted wrong for ever. An older version of the
same record is read by Avro's schema resolution, if its schema was given; nothing is guessed.
"""

import dataclasses
import struct
from collections.abc import Callable, Sequence
from io import BytesIO
from typing import Any, Generic, NamedTuple, TypeVar

from fastavro import parse_schema, schemaless_reader, schemaless_writer
from fastavro.schema import SchemaParseException, UnknownType

from passage_schemas.bounds import Walk, walk_of
from passage_schemas.errors import SchemaError
from passage_schemas.fact_types.avro_values import Conversion, Misfit
from passage_schemas.fingerprint import MARKER, PREFIX_BYTES, Schema, check_agreement, prefix_of
from passage_schemas.resolution import incompatibilities
from passage_schemas.resolver import converter
from passage_schemas.shape import record_shape
from passage_schemas.straight import Odd, reader, writer

T = TypeVar("T")

_ODD = (Odd, Misfit, LookupError, ValueError, TypeError, ArithmeticError, AttributeError, struct.error)
"""What says that a value is not to be had straight: that it is wrong, or only unusual, shows on the long way."""


class _Older(NamedTuple):
    """An earlier version: the schema its values are read with, and the way from there; None: there is nothing to do."""

    written: dict[str, Any]
    convert: Conversion | None
    walk: Walk | None
    """To see whether a value can be as large as it says."""


class Codec(Generic[T]):
    """Encodes and decodes one dataclass by one schema. Made once, at start; safe to share between threads.

    `older` are earlier versions of the schema whose values must still be readable. Raises SchemaError when dataclass
    and schema don't fit, or when an older version can't be resolved to this one.
    """

    def __init__(self, cls: type[T], schema: Schema, older: Sequence[Schema] = ()) -> None:
        if not dataclasses.is_dataclass(cls):
            raise SchemaError(f"{cls!r} is not a dataclass; a value on the wire needs named, typed fields")
        self.cls = cls
        self.schema = schema
        self._plain, names = _parsed(schema)
        if self._plain["type"] != "record":
            raise SchemaError(
                f"{cls.__qualname__}: the schema is an Avro {self._plain['type']}; a dataclass needs a record"
            )
        self.name: str = self._plain["name"]
        self.prefix = prefix_of(schema)
        self._lower, lift, plan = record_shape(cls, *_parsed(schema, logical=True))
        self._write, self._read = writer(plan), reader(plan)
        self._lift: Callable[[Any], T] = lift or (lambda record: record)
        self._walk = walk_of(self._plain, names)
        self._older = {prefix_of(one): self._way_from(one) for one in older}
        self._older.pop(self.prefix, None)
        self.schemas = {
            self.prefix: schema,
            **{prefix: one for one in older if (prefix := prefix_of(one)) in self._older},
        }
        """By what a readable value may begin with: this schema, then the older ones."""

    @property
    def prefixes(self) -> tuple[bytes, ...]:
        """What a readable value may begin with: this schema's prefix, then the older ones'."""
        return tuple(self.schemas)

    def encode(self, value: T) -> bytes:
        """The value's bytes; the same value always gives the same. Raises SchemaError, naming the field."""
        try:
            return self.prefix + self._write(value)
        except _ODD:
            return self._encode_at_length(value)

    def _encode_at_length(self, value: T) -> bytes:
        stream = BytesIO()
        stream.write(self.prefix)
        lowered = self.check(value)
        try:
            schemaless_writer(stream, self._plain, lowered)
        except (ValueError, TypeError, OverflowError) as error:
            raise SchemaError(f"{self.name}: can't be written: {error}") from error
        return stream.getvalue()

    def check(self, value: T) -> Any:
        """What Avro would be given of the value. Raises SchemaError, naming the field it can't be encoded for."""
        try:
            return self._lower(value)
        except Misfit as misfit:
            where = f"{self.name}.{misfit.where}" if misfit.where else self.name
            raise SchemaError(f"{where}: {misfit.seen}") from None
        except (ValueError, TypeError, OverflowError) as error:
            raise SchemaError(f"{self.name}: can't be written: {error}") from error

    def decode(self, data: bytes) -> T:
        """The value of these bytes, all of them. Raises SchemaError."""
        if data[:PREFIX_BYTES] == self.prefix:
            try:
                value, end = self._read(data, PREFIX_BYTES)
            except _ODD:
                end = -1
            if end == len(data):
                return value  # type: ignore[no-any-return]  # a plan's reader makes what the plan wants
        return self._decode_at_length(data)

    def _decode_at_length(self, data: bytes) -> T:
        stream = BytesIO(data)
        prefix = stream.read(PREFIX_BYTES)
        older = None if prefix == self.prefix else self._writer_of(prefix)
        walk = self._walk if older is None else older.walk
        try:
            if walk is not None:
                walk(data, PREFIX_BYTES)
            if older is None:
                record = schemaless_reader(stream, self._plain, None)
            else:
                record = schemaless_reader(stream, older.written, None, return_named_type=True)
        except (EOFError, IndexError) as error:
            raise SchemaError(
                f"{self.name}: the value breaks off or is damaged after {stream.tell()} of {len(data)} bytes; "
                "it was cut short, or not written with the schema it names"
            ) from error
        except (ValueError, TypeError, OverflowError) as error:
            raise SchemaError(f"{self.name}: the value is damaged near byte {stream.tell()}: {error}") from error
        if stream.tell() != len(data):
            raise SchemaError(
                f"{self.name}: {len(data) - stream.tell()} bytes after the value's end at {stream.tell()}; "
                "a record holds one value"
            )
        try:
            if older is not None and older.convert is not None:
                record = older.convert(record)
            return self._lift(record)
        except (ValueError, TypeError, OverflowError) as error:
            # The dataclass's own __post_init__, or a number no date can hold: the bytes were whole, the value is not.
            raise SchemaError(f"{self.name}: {self.cls.__qualname__} refuses the value: {error}") from error

    def _way_from(self, older: Schema) -> "_Older":
        check_agreement(older, self.schema)
        if found := incompatibilities(older, self.schema):
            raise SchemaError(f"the older version can't be read by this one: {'; '.join(found)}")
        written, names = _parsed(older)
        return _Older(written, converter(written, names, *_parsed(self.schema)), walk_of(written, names))

    def _writer_of(self, prefix: bytes) -> "_Older":
        found = self._older.get(prefix)
        if found is None:
            raise unknown(prefix, {self.prefix: self.name})
        return found

    def __repr__(self) -> str:
        return f"Codec({self.name}, {self.prefix[2:].hex()})"


def unknown(prefix: bytes, known: dict[bytes, str]) -> SchemaError:
    """What to say of a value that begins like this, when only `known` ones can be read."""
    if prefix[: len(MARKER)] != MARKER:
        return SchemaError(
            f"the value begins with {prefix[:2].hex() or 'nothing'}, not c301: it is not in Avro's single-object "
            "encoding; write it with a Passage codec, or name the topic's registry"
        )
    if len(prefix) < PREFIX_BYTES:
        return SchemaError(f"the value is {len(prefix)} bytes, less than the {PREFIX_BYTES} that name its schema")
    listed = ", ".join(sorted(f"{name} ({one[2:].hex()})" for one, name in known.items()))
    return SchemaError(
        f"written with schema {prefix[2:].hex()}, which is not known here; known: {listed or 'none'}; "
        "give the writer's schema as an older version, or read the right topic"
    )


def _parsed(schema: Schema, logical: bool = False) -> tuple[dict[str, Any], dict[str, Any]]:
    names: dict[str, Any] = {}
    try:
        parsed: Any = parse_schema(schema if logical else _without_logical_types(schema), names)
    except (SchemaParseException, UnknownType, KeyError, TypeError, ValueError) as error:
        raise SchemaError(f"not an Avro schema: {error}") from error
    return parsed, names


def _without_logical_types(schema: Any) -> Any:
    """A copy whose values are bare numbers and bytes: `shape` gives them their meaning."""
    if isinstance(schema, list):
        return [_without_logical_types(branch) for branch in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {name: value for name, value in schema.items() if name != "logicalType"}
    for part in ("type", "items", "values"):
        if part in plain:
            plain[part] = _without_logical_types(plain[part])
    if "fields" in plain:
        plain["fields"] = [_without_logical_types(field) for field in plain["fields"]]
    return plain
