"""An instant is a count of microseconds since 1970-01-01T00:00Z: exact, ordered, the same on every machine.

Users see aware `datetime`s; everything between the log and the fold is an `Instant`, because comparing and adding whole
numbers can't meet a zone, a fold or a rounding.
"""

from datetime import UTC, datetime, timedelta
from typing import NewType

from passage_schemas.errors import SchemaError

Instant = NewType("Instant", int)

MICROSECOND = timedelta(microseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

YEARS = range(1970, 9001)
"""In which Kafka's timestamps, the zones and `datetime` can all name an instant, whatever its offset."""


def instant_of(moment: datetime) -> Instant:
    """Microseconds since 1970. Raises SchemaError for a naive datetime: without a zone it names no instant."""
    if moment.utcoffset() is None:
        raise SchemaError(f"{moment.isoformat()} has no zone, so it names no instant; add one, e.g. tzinfo=UTC")
    return Instant((moment - EPOCH) // MICROSECOND)


def datetime_of(instant: Instant) -> datetime:
    """The same instant as an aware datetime in UTC."""
    return EPOCH + timedelta(microseconds=instant)


def rfc3339(instant: Instant) -> str:
    """The same instant in words, in UTC: 2026-11-20T09:30:00Z, with microseconds where there are some."""
    return datetime_of(instant).isoformat().replace("+00:00", "Z")


def instant_of_milliseconds(milliseconds: int) -> Instant:
    """The instant of a record's timestamp, which counts milliseconds."""
    return Instant(milliseconds * 1000)


def milliseconds_of(instant: Instant) -> int:
    """Milliseconds since 1970, rounded down, as the log stores them."""
    return instant // 1000
