"""What a format of values promises, so that the fold can read a topic without knowing how its facts are written.

A record's *token*, a few bytes, tells its type: the first bytes of the value where the format has a prefix, else what
the format is asked for (headers are slow to read on Kafka, so they come as something to call). A token stands for a
`Kind`: the class, and how its values are decoded. Kinds are asked for once and may be kept; tokens are read per record.

What an app keeps of a fact is always its canonical form, Avro's single-object encoding of its dataclass, whatever it
came in: state outlives a topic's format.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

from passage_schemas.codec import Codec
from passage_schemas.fingerprint import Schema
from passage_schemas.log_record import Headers

HeadersOf = Callable[[], Headers]
"""Asks a record for its headers."""


class FactKind(NamedTuple):
    """What a token stands for."""

    codec: Codec[Any]
    """Of the class; `codec.encode(fact)` is a fact's canonical form."""
    decode: Callable[[bytes, HeadersOf], Any]
    """The fact of a value. Raises SchemaError, Interrupted."""
    is_canonical: bool
    """A value is its own canonical form: none need be made."""


class Reading(Protocol):
    """One topic's format, made for the types the topic carries."""

    @property
    def width(self) -> int:
        """The token is the value's first so many bytes; 0: only `token` can tell."""

    def token(self, value: bytes, headers: HeadersOf) -> bytes:
        """Raises SchemaError for a value that does not say what it is."""

    def kind(self, token: bytes) -> FactKind:
        """Raises SchemaError for a token of no type the topic carries; Interrupted where nobody could be asked."""


class Writing(Protocol):
    """One topic's format, made for the types that are written to it."""

    def write(
        self, event: Any, canonical: bytes, headers: list[tuple[str, bytes]]
    ) -> tuple[bytes, list[tuple[str, bytes]]]:
        """The value and headers of an event whose canonical form is given. `headers` are those of a CloudEvent in
        binary mode with Avro inside. The same event always gives the same bytes. Raises SchemaError, Interrupted."""


class Registry(Protocol):
    """Knows schemas by number. Asked at most once for each; what it says of a number never changes."""

    def schema(self, number: int) -> Schema:
        """Raises SchemaError for a number it does not know; Interrupted when it does not answer."""

    def number(self, subject: str, schema: Schema, register: bool) -> int:
        """The schema's number under the subject; where it has none yet, it is registered, if that is wanted. Raises
        Interrupted, also where the registry will not have the schema: an event is not at fault for it."""


RegistryAt = Callable[[str | None], Registry | None]
"""Opens the registry at an address; at None, the one the environment names, None where it names none. Asks it nothing
yet. Raises SchemaError for an address that can't be one."""


class Format(Protocol):
    """What a user says of a topic: `App(formats={"billing": Json(type_field="kind")})`."""

    def reading(self, codecs: Sequence[Codec[Any]], registry_at: RegistryAt) -> Reading:
        """For a topic that carries these. Raises SchemaError where its types could not be told apart."""

    def writing(self, topic: str, codecs: Sequence[Codec[Any]], registry_at: RegistryAt) -> Writing:
        """For a topic these are written to. Raises SchemaError."""
