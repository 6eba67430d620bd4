"""Confluent's framing: 00, the number of the writer's schema in a registry (four bytes, big-endian), the Avro value.

The number tells the type by the name of the writer's record. What was written with an older or a newer version of it is
read by Avro's rules of resolution, exactly as an older version in single-object encoding is. Refuses what a registry
can hold and a dataclass can't be read from: Protobuf, JSON Schema, unions of records.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from passage_schemas.codec import Codec
from passage_schemas.errors import SchemaError
from passage_schemas.fingerprint import MARKER, PREFIX_BYTES, Schema, prefix_of
from passage_schemas.formats.contract import FactKind, HeadersOf, Registry, RegistryAt
from passage_schemas.formats.naming import Names, Types, full_name

FRAME_BYTES = 5
_MAGIC = b"\x00"
_LAST_NUMBER = (1 << 31) - 1
"""A registry counts in signed numbers. Asked for more, it answers as if it were none."""

Subjects = Literal["topic-record", "record", "topic"]
"""Under which subject a written schema stands: `<topic>-<record>`, `<record>` or `<topic>-value` (one type only)."""


@dataclass(frozen=True, slots=True)
class Confluent:
    """Values framed for a schema registry.

    registry    its address, or one that is open already; None: the one PASSAGE_REGISTRY names
    types       record names -> classes, where they differ
    subjects    under which subject schemas are registered when events are written
    register    register what is not registered yet; without, an operator must have done it
    """

    registry: str | Registry | None = field(default=None, repr=False)
    types: Types = field(default_factory=dict)
    subjects: Subjects = "topic-record"
    register: bool = True

    def reading(self, codecs: Sequence[Codec[Any]], registry_at: RegistryAt) -> "ConfluentReading":
        return ConfluentReading(Names(codecs, self.types), _needed(self.registry, registry_at))

    def writing(self, topic: str, codecs: Sequence[Codec[Any]], registry_at: RegistryAt) -> "ConfluentWriting":
        if self.subjects not in get_args(Subjects):
            raise SchemaError(f"subjects={self.subjects!r}; it must be one of {', '.join(get_args(Subjects))}")
        if self.subjects == "topic" and len(codecs) > 1:
            raise SchemaError(
                f"subjects='topic' has room for one type, but {', '.join(one.name for one in codecs)} are written; use "
                "'topic-record'"
            )
        subjects = {codec.cls: (self._subject(topic, codec), codec.schema) for codec in codecs}
        return ConfluentWriting(subjects, _needed(self.registry, registry_at), self.register)

    def _subject(self, topic: str, codec: Codec[Any]) -> str:
        return {"topic-record": f"{topic}-{codec.name}", "record": codec.name, "topic": f"{topic}-value"}[self.subjects]


class ConfluentReading:
    """Its kinds are found when the first value with their number comes by."""

    width = FRAME_BYTES

    def __init__(self, names: Names, registry: Registry) -> None:
        self._names = names
        self._registry = registry
        self._kinds: dict[bytes, FactKind] = {}

    def token(self, value: bytes, headers: HeadersOf) -> bytes:  # noqa: ARG002
        return value[:FRAME_BYTES]

    def kind(self, token: bytes) -> FactKind:
        found = self._kinds.get(token)
        if found is None:
            found = self._kinds[token] = self._found(number_of(token))
        return found

    def _found(self, number: int) -> FactKind:
        written = self._registry.schema(number)
        try:
            name = _record_name(written)
            codec = self._names.find(name)
            reader = resolving(codec, written)
        except SchemaError as error:
            raise SchemaError(f"schema {number} in the registry: {error}") from error
        prefix, decode = prefix_of(reader.written), reader.codec.decode
        return FactKind(codec, lambda value, _headers: decode(prefix + value[FRAME_BYTES:]), is_canonical=False)


class ConfluentWriting:
    """A schema's number is asked for when the first event of its type is written."""

    def __init__(self, subjects: Mapping[type[Any], tuple[str, Schema]], registry: Registry, register: bool) -> None:
        self._subjects = subjects
        self._registry = registry
        self._register = register
        self._frames: dict[type[Any], bytes] = {}

    def write(
        self, event: Any, canonical: bytes, headers: list[tuple[str, bytes]]
    ) -> tuple[bytes, list[tuple[str, bytes]]]:
        frame = self._frames.get(type(event))
        if frame is None:
            number = self._registry.number(*self._subjects[type(event)], self._register)
            frame = self._frames[type(event)] = frame_of(number)
        return frame + canonical[PREFIX_BYTES:], headers


@dataclass(frozen=True, slots=True)
class Resolving:
    """A codec that reads what was written with one other schema, `written`, as well as with its own."""

    codec: Codec[Any]
    written: Schema


def resolving(codec: Codec[Any], written: Schema) -> Resolving:
    """Whoever found the class by the record's name says that they are the same record, whatever the names are. Raises
    SchemaError where Avro's rules don't lead from the one schema to the other."""
    if _record_name(written) != codec.name:
        namespace, _, name = codec.name.rpartition(".")
        written = {**written, "name": name, "namespace": namespace}
    return Resolving(Codec(codec.cls, codec.schema, older=[written]), written)


def frame_of(number: int) -> bytes:
    return _MAGIC + number.to_bytes(4, "big")


def number_of(token: bytes) -> int:
    """Raises SchemaError for a value that is not framed."""
    if token[:1] != _MAGIC or len(token) < FRAME_BYTES:
        seen = (
            "is in Avro's single-object encoding" if token[:2] == MARKER else f"begins with {token.hex() or 'nothing'}"
        )
        raise SchemaError(f"the value {seen}; Confluent's framing is 00 and four bytes of a schema's number")
    number = int.from_bytes(token[1:FRAME_BYTES], "big")
    if number > _LAST_NUMBER:
        raise SchemaError(f"the value names schema {number}, and no registry has one above {_LAST_NUMBER}")
    return number


def _needed(registry: str | Registry | None, registry_at: RegistryAt) -> Registry:
    found = registry_at(registry) if registry is None or isinstance(registry, str) else registry
    if found is None:
        raise SchemaError("no registry is named; say Confluent(registry='http://...') or set PASSAGE_REGISTRY")
    return found


def _record_name(schema: Any) -> str:
    if isinstance(schema, list):
        raise SchemaError("it is a union; register each record by itself")
    if not isinstance(schema, dict) or schema.get("type") != "record" or not isinstance(schema.get("name"), str):
        raise SchemaError(f"it is no Avro record but {str(schema)[:60]!r}; a fact is a record")
    return full_name(schema)
