"""Avro's single-object encoding: the format of Passage itself, and of a topic nothing else is said of."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from passage_schemas.codec import Codec, unknown
from passage_schemas.events import EventSet
from passage_schemas.fingerprint import PREFIX_BYTES
from passage_schemas.formats.contract import FactKind, HeadersOf, RegistryAt


@dataclass(frozen=True, slots=True)
class Avro:
    """C3 01, the schema's fingerprint, the value: ten bytes tell the type, and no registry is asked."""

    def reading(self, codecs: Sequence[Codec[Any]], registry_at: RegistryAt) -> "AvroReading":  # noqa: ARG002
        return AvroReading(codecs)

    def writing(self, topic: str, codecs: Sequence[Codec[Any]], registry_at: RegistryAt) -> "AvroWriting":  # noqa: ARG002
        return AvroWriting()


class AvroReading:
    """All its kinds are known beforehand: one for each readable prefix, older versions' too."""

    width = PREFIX_BYTES

    def __init__(self, codecs: Sequence[Codec[Any]]) -> None:
        self.kinds = {prefix: kind_of(codec) for prefix, codec in EventSet(codecs).by_prefix.items()}

    def token(self, value: bytes, headers: HeadersOf) -> bytes:  # noqa: ARG002
        return value[:PREFIX_BYTES]

    def kind(self, token: bytes) -> FactKind:
        found = self.kinds.get(token)
        if found is None:
            raise unknown(token, {prefix: kind.codec.name for prefix, kind in self.kinds.items()})
        return found


def kind_of(codec: Codec[Any]) -> FactKind:
    """A class whose values are in canonical form."""
    decode = codec.decode
    return FactKind(codec, lambda value, _headers: decode(value), is_canonical=True)


class AvroWriting:
    def write(
        self,
        event: Any,  # noqa: ARG002
        canonical: bytes,
        headers: list[tuple[str, bytes]],
    ) -> tuple[bytes, list[tuple[str, bytes]]]:
        return canonical, headers
