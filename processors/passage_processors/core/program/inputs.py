"""An input topic as the fold reads it: by a record's token, what its type does, whatever format it came in."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from passage_processors.core.program.handlers import Handler
from passage_schemas.formats.contract import HeadersOf, Reading
from passage_schemas.headers import read_headers
from passage_schemas.log_record import Headers, Record


class KnownType(NamedTuple):
    """What a token has been found to stand for."""

    handler: Handler
    decode: Callable[[bytes, HeadersOf], Any]
    kept_anew: bool
    """Somebody keeps it, and as it came it is not in canonical form."""


class Input:
    """Made once, when the app is, and shared by all tasks: what a token stands for never changes.

    `handlers` are those of the types the format may find.
    """

    __slots__ = ("_handlers", "_known", "_reading", "width")

    def __init__(self, reading: Reading, handlers: Mapping[type[Any], Handler]) -> None:
        self.width = reading.width
        """The token is the value's first so many bytes; 0: the format must be asked."""
        self._reading = reading
        self._handlers = handlers
        self._known: dict[bytes, KnownType] = {}

    def headers(self, record: Record) -> HeadersOf:
        """For `token`, and for decoding: asks the record once at most, and never where the value says it all."""
        return tuple if self.width else headers_of(record)

    def token(self, value: bytes, headers: HeadersOf) -> bytes:
        """Raises SchemaError."""
        return value[: self.width] if self.width else self._reading.token(value, headers)

    def known(self, token: bytes) -> KnownType:
        """Raises SchemaError for what this input does not carry; Interrupted where nobody could be asked."""
        known = self._known.get(token)
        if known is None:
            kind = self._reading.kind(token)
            handler = self._handlers[kind.codec.cls]
            kept = any(start.keeps_fact for start in handler.starts)
            known = self._known[token] = KnownType(handler, kind.decode, kept and not kind.is_canonical)
        return known

    def met(self, record: Record) -> Any:
        """The fact, where its type has been met before; else None, and nobody is asked. Raises what decoding does."""
        value, headers = record.value(), self.headers(record)
        known = None if value is None else self._known.get(self.token(value, headers))
        return None if known is None or value is None else known.decode(value, headers)


def headers_of(record: Record) -> HeadersOf:
    """Asks the record when it is first called."""
    headers: Headers | None = None

    def ask() -> Headers:
        nonlocal headers
        if headers is None:
            headers = read_headers(record)
        return headers

    return ask
