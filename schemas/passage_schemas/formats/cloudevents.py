"""CloudEvents 1.0, both ways the Kafka binding has: attributes in headers around a bare value (binary), or all of it in
one JSON object (structured). A record's content type says which, so one topic may carry both.

The type is the event's `type`. What stands inside is JSON or Avro, by content type; where none is given, by its first
bytes. Refuses batches, and attributes the specification wants and that are not there.

Source: CloudEvents 1.0.2, "Kafka Protocol Binding" and "JSON Event Format".
"""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NotRequired, get_args

from pydantic import JsonValue, TypeAdapter

from passage_schemas.codec import Codec
from passage_schemas.errors import SchemaError
from passage_schemas.fingerprint import PREFIX_BYTES
from passage_schemas.formats.avro import AvroReading
from passage_schemas.formats.confluent import FRAME_BYTES, Confluent, ConfluentReading
from passage_schemas.formats.contract import FactKind, HeadersOf, Registry, RegistryAt
from passage_schemas.formats.json_format import needed_header, text_of, with_content_type
from passage_schemas.formats.json_shape import JsonShape, dumped, json_of, strict_dict, validated
from passage_schemas.formats.naming import Names, Types
from passage_schemas.log_record import Headers

Mode = Literal["binary", "structured"]
Data = Literal["json", "avro"]

_STRUCTURED = "application/cloudevents+json"
_ANY_CLOUD_EVENT = "application/cloudevents"
_AVRO = frozenset({"application/avro", "avro/binary", "application/x-avro", "application/vnd.apache.avro"})

_ENVELOPE = TypeAdapter[Any](
    strict_dict(
        "envelope",
        {
            "specversion": str,
            "type": str,
            "datacontenttype": NotRequired[str | None],
            "data": NotRequired[JsonValue],
            "data_base64": NotRequired[str | None],
        },
    )
)


@dataclass(frozen=True, slots=True)
class CloudEvents:
    """Values as CloudEvents. Read in either mode; `mode` and `data` are how events are written.

    types       the events' `type`s -> classes, where they differ from the schemas' names
    registry    where Avro inside is framed for a schema registry; None: the one PASSAGE_REGISTRY names, if it does
    """

    types: Types = field(default_factory=dict)
    mode: Mode = "binary"
    data: Data = "json"
    registry: str | Registry | None = field(default=None, repr=False)

    def reading(self, codecs: Sequence[Codec[Any]], registry_at: RegistryAt) -> "CloudEventsReading":
        at = registry_at(self.registry) if self.registry is None or isinstance(self.registry, str) else self.registry
        # Inside, a schema's name need not be the event's type: its own, or the one that was said.
        framed = None if at is None else Confluent(at).reading(codecs, registry_at)
        return CloudEventsReading(Names(codecs, self.types), AvroReading(codecs), framed)

    def writing(self, topic: str, codecs: Sequence[Codec[Any]], registry_at: RegistryAt) -> "CloudEventsWriting":  # noqa: ARG002
        for name, chosen, choices in (("mode", self.mode, Mode), ("data", self.data, Data)):
            if chosen not in get_args(choices):
                raise SchemaError(f"{name}={chosen!r}; it must be one of {', '.join(get_args(choices))}")
        return CloudEventsWriting(self, Names(codecs, self.types))


class CloudEventsReading:
    width = 0

    def __init__(self, names: Names, avro: AvroReading, framed: ConfluentReading | None) -> None:
        self._names = names
        self._avro = avro
        self._framed = framed
        self._kinds: dict[bytes, FactKind] = {}

    def token(self, value: bytes, headers: HeadersOf) -> bytes:
        told = headers()
        if not _is_structured(told):
            _check_version(text_of(needed_header(told, "ce_specversion")))
            return needed_header(told, "ce_type")
        envelope = validated(_ENVELOPE, value, "the event")
        _check_version(envelope["specversion"])
        named: str = envelope["type"]
        return named.encode()

    def kind(self, token: bytes) -> FactKind:
        found = self._kinds.get(token)
        if found is None:
            codec = self._names.find(text_of(token))
            found = self._kinds[token] = FactKind(codec, self._decoder(codec), is_canonical=False)
        return found

    def _decoder(self, codec: Codec[Any]) -> Callable[[bytes, HeadersOf], Any]:
        bare, inside = JsonShape(codec), JsonShape(codec, within="data")

        def decode(value: bytes, headers: HeadersOf) -> Any:
            told = headers()
            if not _is_structured(told):
                said = (one for name, one in told if name == "content-type" and one is not None)
                content_type = next(map(text_of, said), None)
                return self._inner(codec, bare, value, content_type)
            envelope = validated(_ENVELOPE, value, "the event")
            data, encoded = envelope.get("data"), envelope.get("data_base64")
            if (data is None) == (encoded is None):
                raise SchemaError(
                    f"{codec.name}: the event has {'no' if data is None else 'both'} data and data_base64"
                )
            content_type = envelope.get("datacontenttype")
            if encoded is not None:
                return self._inner(codec, bare, _from_base64(encoded, codec.name), content_type)
            if not _is_json(_media(content_type or "application/json")):
                raise SchemaError(f"{codec.name}: data of {content_type!r} can't stand in JSON; put it in data_base64")
            return inside.decode(value)

        return decode

    def _inner(self, codec: Codec[Any], shape: JsonShape, value: bytes, content_type: str | None) -> Any:
        media = _media(content_type) if content_type else None
        if _is_json(media) or (media is None and value[:1] == b"{"):
            return shape.decode(value)
        if media is not None and media not in _AVRO:
            raise SchemaError(
                f"{codec.name}: its content type is {content_type!r}; known: application/json, application/avro"
            )
        return self._of_avro(codec, value)

    def _of_avro(self, codec: Codec[Any], value: bytes) -> Any:
        if value[:1] == b"\x00":
            if self._framed is None:
                raise SchemaError(
                    f"{codec.name}: the value is framed for a schema registry, and none is named; say "
                    "CloudEvents(registry='http://...') or set PASSAGE_REGISTRY"
                )
            kind = self._framed.kind(value[:FRAME_BYTES])
        else:
            kind = self._avro.kind(value[:PREFIX_BYTES])
        if kind.codec.cls is not codec.cls:
            raise SchemaError(f"the event's type stands for {codec.name}, but the value is a {kind.codec.name}")
        return kind.decode(value, tuple)


class CloudEventsWriting:
    def __init__(self, said: CloudEvents, names: Names) -> None:
        self._said = said
        self._names = names

    def write(
        self, event: Any, canonical: bytes, headers: list[tuple[str, bytes]]
    ) -> tuple[bytes, list[tuple[str, bytes]]]:
        name = self._names.of(type(event))
        headers = [(one, name.encode() if one == "ce_type" else value) for one, value in headers]
        if self._said.mode == "binary":
            if self._said.data == "avro":
                return canonical, headers
            return json_of(event), with_content_type(headers, b"application/json")
        # The binding lets structured records carry the attributes as headers too: who filters need not parse.
        return self._structured(event, canonical, headers), with_content_type(headers, _STRUCTURED.encode())

    def _structured(self, event: Any, canonical: bytes, headers: list[tuple[str, bytes]]) -> bytes:
        envelope: dict[str, Any] = {
            name.removeprefix("ce_"): value.decode() for name, value in headers if name.startswith("ce_")
        }
        if self._said.data == "avro":
            envelope |= {"datacontenttype": "application/avro", "data_base64": base64.b64encode(canonical).decode()}
        else:
            envelope |= {"datacontenttype": "application/json", "data": json.loads(json_of(event))}
        return dumped(envelope, type(event).__qualname__)


def _is_structured(headers: Headers) -> bool:
    """Raises SchemaError for a CloudEvent that is neither."""
    for name, value in headers:
        if name == "content-type" and value is not None:
            media = _media(text_of(value))
            if media == _STRUCTURED:
                return True
            if media.startswith(_ANY_CLOUD_EVENT):
                raise SchemaError(f"content type {media!r} is not understood; known: {_STRUCTURED}, one event a record")
    return False


def _check_version(version: str) -> None:
    if version != "1.0":
        raise SchemaError(f"CloudEvents {version[:20]!r}; known: 1.0")


def _media(content_type: str) -> str:
    """Without parameters, as `; charset=utf-8`."""
    return content_type.partition(";")[0].strip().lower()


def _is_json(media: str | None) -> bool:
    return media is not None and (media in ("application/json", "text/json") or media.endswith("+json"))


def _from_base64(encoded: str, name: str) -> bytes:
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise SchemaError(f"{name}: data_base64 is not base64: {error}") from None
