"""JSON: each value one object, whose type a header names, or a field of its own, or nobody where there is only one."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from pydantic import TypeAdapter

from passage_schemas.codec import Codec
from passage_schemas.errors import SchemaError
from passage_schemas.formats.contract import FactKind, HeadersOf, RegistryAt
from passage_schemas.formats.json_shape import JsonShape, json_of, strict_dict, validated
from passage_schemas.formats.naming import Names, Types
from passage_schemas.log_record import Headers


@dataclass(frozen=True, slots=True)
class Json:
    """Values in JSON.

    type_header   the header that names a value's type
    type_field    or the field of the value that does; without either, the topic must have one type
    types         names -> classes, where they differ
    """

    type_header: str | None = None
    type_field: str | None = None
    types: Types = field(default_factory=dict)

    def reading(self, codecs: Sequence[Codec[Any]], registry_at: RegistryAt) -> "JsonReading":  # noqa: ARG002
        self._check(codecs)
        return JsonReading(self, Names(codecs, self.types))

    def writing(self, topic: str, codecs: Sequence[Codec[Any]], registry_at: RegistryAt) -> "JsonWriting":  # noqa: ARG002
        self._check(codecs)
        for codec in codecs:
            if self.type_field in {one.name for one in fields(codec.cls)}:
                raise SchemaError(
                    f"type_field={self.type_field!r}: {codec.cls.__qualname__} has a field of that name; "
                    "use type_header"
                )
        return JsonWriting(self, Names(codecs, self.types))

    def _check(self, codecs: Sequence[Codec[Any]]) -> None:
        if self.type_header is not None and self.type_field is not None:
            raise SchemaError("type_header and type_field both say where the type is; keep one")
        if self.type_header == "" or self.type_field == "":
            raise SchemaError("the header or field that names the type needs a name")
        if self.type_header is None and self.type_field is None and len(codecs) > 1:
            raise SchemaError(
                f"{', '.join(one.cls.__qualname__ for one in codecs)} can't be told apart in JSON; say where a value's "
                "type is named: Json(type_header=...) or Json(type_field=...)"
            )


class JsonReading:
    width = 0

    def __init__(self, said: Json, names: Names) -> None:
        self._names = names
        self._header = said.type_header
        self._field = said.type_field
        self._typed = TypeAdapter[Any](strict_dict("typed", {said.type_field or "type": str}))
        self._kinds: dict[bytes, FactKind] = {}

    def token(self, value: bytes, headers: HeadersOf) -> bytes:
        if self._header is not None:
            return needed_header(headers(), self._header)
        if self._field is not None:
            named: str = validated(self._typed, value, "the value")[self._field]
            return named.encode()
        return b""

    def kind(self, token: bytes) -> FactKind:
        found = self._kinds.get(token)
        if found is None:
            codec = self._names.only if self._header is self._field is None else self._names.find(text_of(token))
            shape = JsonShape(codec)
            found = FactKind(codec, lambda value, _headers: shape.decode(value), is_canonical=False)
            self._kinds[token] = found
        return found


class JsonWriting:
    def __init__(self, said: Json, names: Names) -> None:
        self._said = said
        self._names = names

    def write(
        self,
        event: Any,
        canonical: bytes,  # noqa: ARG002
        headers: list[tuple[str, bytes]],
    ) -> tuple[bytes, list[tuple[str, bytes]]]:
        headers = with_content_type(headers, b"application/json")
        name = self._names.of(type(event))
        if self._said.type_header is not None:
            return json_of(event), [*headers, (self._said.type_header, name.encode())]
        if self._said.type_field is not None:
            return json_of(event, **{self._said.type_field: name}), headers
        return json_of(event), headers


def needed_header(headers: Headers, name: str) -> bytes:
    """A header's value. Raises SchemaError where there is none, or several that disagree."""
    found = {value for one, value in headers if one == name and value is not None}
    if len(found) != 1:
        seen = ", ".join(sorted({one for one, _value in headers})) or "none"
        wrong = f"has header {name!r} with {len(found)} values" if found else f"has no header {name!r}"
        raise SchemaError(f"the record {wrong}, so its type is not known; its headers: {seen}")
    return found.pop()


def text_of(token: bytes) -> str:
    return token.decode(errors="backslashreplace")


def with_content_type(headers: list[tuple[str, bytes]], content_type: bytes) -> list[tuple[str, bytes]]:
    """In the place where it stood."""
    return [(name, content_type if name == "content-type" else value) for name, value in headers]
