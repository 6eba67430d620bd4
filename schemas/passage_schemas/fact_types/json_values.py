"""Each scalar as JSON has it, where JSON has no type of its own for it: what is read, what is written, how it is told.

    datetime    text, ISO 8601 with an offset; finer than a microsecond is cut off
    date        text, 2026-11-20
    Decimal     text, or a whole number; never one with a fraction, which a JSON library may have rounded
    bytes       text, base64

What would have to be guessed is refused, with a ValueError.
"""

import base64
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from operator import methodcaller
from typing import Any, NamedTuple

_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d([.,]\d+)?)?(Z|z|[+-]\d\d(:?\d\d)?)?")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
# No exponent: 1e999999999 would be a number of a billion digits.
_EXACT = re.compile(r"-?\d{1,80}(\.\d{1,80})?")


class JsonValue(NamedTuple):
    """A scalar's place in JSON. None of each: as pydantic, or Python's own JSON, has it."""

    read: Callable[[Any], Any] | None = None
    schema: Mapping[str, Any] | None = None
    """The same for whoever writes it: as JSON Schema."""
    write: Callable[[Any], Any] | None = None


def _moment(seen: Any) -> datetime:
    if not isinstance(seen, str) or not _MOMENT.fullmatch(seen):
        raise ValueError("a moment is text in ISO 8601 with an offset, as 2026-11-20T09:30:00Z")
    return datetime.fromisoformat(seen.upper())


def _moment_written(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


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


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()


_EXACT_TEXT = {"type": "string", "pattern": f"^{_EXACT.pattern}$".replace("\\d", "[0-9]")}

AS_IT_IS = JsonValue()
AS_TEXT = JsonValue(write=str)
MOMENT = JsonValue(_moment, {"type": "string", "format": "date-time"}, _moment_written)
DAY = JsonValue(_day, {"type": "string", "format": "date"}, methodcaller("isoformat"))
EXACT = JsonValue(_exact, {"anyOf": [_EXACT_TEXT, {"type": "integer"}]}, "{:f}".format)
BASE64 = JsonValue(None, {"type": "string", "contentEncoding": "base64"}, _base64)
