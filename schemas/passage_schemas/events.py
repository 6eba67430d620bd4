"""Domain events: a frozen dataclass is its own schema.

The Avro schema is derived from the annotations, or read from an `.avsc` file where the words
were agreed elsewhere. Events carry exact things: aware datetimes in microseconds, Decimals with a stated scale. Refused
with a SchemaError that says which field: a class that is not frozen (a fact does not change), a naive moment, a type
Avro has no one name for.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from passage_schemas.codec import Codec, unknown
from passage_schemas.derive import require_frozen, schema_of
from passage_schemas.errors import SchemaError
from passage_schemas.fingerprint import PREFIX_BYTES, Schema, check_agreement
from passage_schemas.given.file import Unreadable, text_given

T = TypeVar("T")

Source = Schema | str | Path
"""A schema as a dict, or the path of its `.avsc` file."""


def event_codec(cls: type[T], schema: Source | None = None, older: Sequence[Source] = ()) -> Codec[T]:
    """The codec of an event class; without an explicit schema, the same codec each time it is asked for.

    `schema` replaces the derived one; `older` are schemas its values may still be written with. The record's namespace
    is the class attribute `namespace`, if there is one (annotate it as a ClassVar); a class attribute `avro_schema` is
    the schema itself, for words that were agreed elsewhere, and `avro_older` a sequence of older ones. Raises
    SchemaError.
    """
    if schema is None and not older:
        derived: Codec[T] = _derived_codec(cls)  # type: ignore[arg-type]  # a class is hashable
        return derived
    require_frozen(cls)
    wanted = schema_of(cls) if schema is None else _loaded(schema)
    return Codec(cls, wanted, older=[_loaded(one) for one in older])


@cache
def _derived_codec(cls: type[Any]) -> Codec[Any]:
    agreed: Source | None = vars(cls).get("avro_schema")
    older = [_loaded(one) for one in _listed(cls, vars(cls).get("avro_older", ()))]
    if agreed is None:
        return Codec(cls, schema_of(cls), older)
    require_frozen(cls)
    return Codec(cls, _loaded(agreed), older)


def _listed(cls: type[Any], older: object) -> Sequence[Source]:
    if not isinstance(older, list | tuple):
        raise SchemaError(f"{cls.__qualname__}: avro_older is a list of schemas, or of paths of .avsc files")
    return older


class EventSet:
    """The events one topic carries, told apart by their first ten bytes.

    Takes classes, or codecs where a schema is not the derived one. Raises SchemaError where two can't be told apart.
    """

    def __init__(self, events: Iterable[type[Any] | Codec[Any]]) -> None:
        self.by_prefix: dict[bytes, Codec[Any]] = {}
        """Every prefix a readable value may begin with: for loops that can't afford a call per record."""
        self._types: dict[bytes, type[Any]] = {}
        self._codecs: dict[type[Any], Codec[Any]] = {}
        for event in events:
            self._add(event if isinstance(event, Codec) else event_codec(event))

    def _add(self, codec: Codec[Any]) -> None:
        if self._codecs.get(codec.cls, codec) is not codec:
            raise SchemaError(
                f"{codec.cls.__qualname__} is given twice, with two schemas; keep one, the other as older"
            )
        for prefix in codec.prefixes:
            other = self.by_prefix.get(prefix, codec)
            check_agreement(other.schema, codec.schema)
            if other is not codec:
                raise SchemaError(
                    f"{other.cls.__qualname__} and {codec.cls.__qualname__} both read {codec.name} "
                    f"({prefix[2:].hex()}); values can't be told apart: rename one"
                )
            self.by_prefix[prefix] = codec
            self._types[prefix] = codec.cls
        self._codecs[codec.cls] = codec

    @property
    def types(self) -> tuple[type[Any], ...]:
        """The event classes, in the order they were given."""
        return tuple(self._codecs)

    def type_of(self, value: bytes) -> type[Any]:
        """Which event this is, without decoding it: one slice and one look-up. Raises SchemaError."""
        try:
            return self._types[value[:PREFIX_BYTES]]
        except KeyError:
            raise self._unknown(value) from None

    def decode(self, value: bytes) -> Any:
        """The event. Raises SchemaError."""
        codec = self.by_prefix.get(value[:PREFIX_BYTES])
        if codec is None:
            raise self._unknown(value)
        return codec.decode(value)

    def encode(self, event: object) -> bytes:
        """The event's bytes. Raises SchemaError for a class that is not in the set."""
        return self.codec(type(event)).encode(event)

    def codec(self, cls: type[T]) -> Codec[T]:
        """The codec of one of the set's classes. Raises SchemaError for another."""
        found = self._codecs.get(cls)
        if found is None:
            known = ", ".join(one.__qualname__ for one in self._codecs) or "none"
            raise SchemaError(f"{cls.__qualname__} is not among the events here; known: {known}")
        return found

    def _unknown(self, value: bytes) -> SchemaError:
        return unknown(value[:PREFIX_BYTES], {prefix: codec.name for prefix, codec in self.by_prefix.items()})


def _loaded(source: Source) -> Schema:
    if isinstance(source, Mapping):
        return dict(source)
    try:
        schema: Schema = json.loads(text_given(Path(source)))
    except (Unreadable, ValueError, RecursionError) as error:
        raise SchemaError(f"{source}: not a readable schema file: {error}") from error
    return schema
