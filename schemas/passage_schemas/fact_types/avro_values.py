"""Each scalar to what Avro stores and back: checked on its way there, as a wrong value is refused where it is made.

Logical types are applied here and not by the Avro library, which takes a naive datetime for local time. Each function
takes the Avro type it is for, as a mapping, and gives the two ways.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

Conversion = Callable[[Any], Any]
"""A value, made another's: of Python to Avro, of one schema to the next."""
Ways = tuple[Conversion, Conversion | None]
"""(to what Avro stores, or Misfit; back from there, None: as it is)"""
WaysOf = Callable[[Mapping[str, Any]], Ways]

INTEGER_BITS = {"int": 32, "long": 64}

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_FIRST = (datetime.min.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND
_LAST = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_MICROSECONDS_PER_UNIT = {"timestamp-millis": 1000, "timestamp-micros": 1}


class Misfit(Exception):
    """One value is not what its schema wants; `where` grows from the leaf up as it is raised."""

    def __init__(self, seen: str) -> None:
        super().__init__(seen)
        self.seen = seen
        self.where = ""

    def within(self, outer: str) -> "Misfit":
        self.where = outer + ("" if self.where.startswith("[") or not self.where else ".") + self.where
        return self


def seen(value: Any) -> str:
    """A value, as a message shows it."""
    text = repr(value)
    return f"{type(value).__name__} {text if len(text) <= 60 else text[:57] + '...'}"


def as_it_is(kind: type) -> WaysOf:
    """Avro has the same."""

    def lower(value: Any) -> Any:
        if not isinstance(value, kind):
            raise Misfit(f"{seen(value)} where {kind.__name__} belongs")
        return value

    return lambda _: (lower, None)


def whole(avro: Mapping[str, Any]) -> Ways:
    kind = avro["type"]
    bits = INTEGER_BITS[kind]
    lowest, highest = -(1 << bits - 1), (1 << bits - 1) - 1

    def lower(value: Any) -> int:
        # A bool is an int to Python and to the Avro library; to a reader of the event it is a mistake.
        if not isinstance(value, int) or isinstance(value, bool):
            raise Misfit(f"{seen(value)} where int belongs")
        if not lowest <= value <= highest:
            raise Misfit(f"{value} is outside Avro's {kind} ({bits} bits)")
        return value

    return lower, None


def number(_: Mapping[str, Any]) -> Ways:
    def lower(value: Any) -> float:
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise Misfit(f"{seen(value)} where float belongs")
        return float(value)

    return lower, None


def sized(avro: Mapping[str, Any]) -> Ways:
    size = avro["size"]

    def lower(value: Any) -> bytes:
        if not isinstance(value, bytes) or len(value) != size:
            raise Misfit(f"{seen(value)} where {size} bytes belong")
        return value

    return lower, None


def moment(avro: Mapping[str, Any]) -> Ways:
    logical = avro["logicalType"]
    unit = _MICROSECONDS_PER_UNIT[logical]

    def lower(value: Any) -> int:
        if not isinstance(value, datetime):
            raise Misfit(f"{seen(value)} where datetime belongs")
        if value.utcoffset() is None:
            raise Misfit(f"{value.isoformat()} has no zone, so it names no instant; add one, e.g. tzinfo=UTC")
        microseconds = (value - _EPOCH) // _MICROSECOND
        if not _FIRST <= microseconds <= _LAST:
            # Early in year 1 east of Greenwich, late in year 9999 west of it: UTC has no such datetime to give back.
            raise Misfit(f"{value.isoformat()} is outside the years 1 to 9999 in UTC")
        units, rest = divmod(microseconds, unit)
        if rest:
            raise Misfit(f"{value.isoformat()} is finer than {logical}; round it, or use timestamp-micros")
        return units

    return lower, lambda units: _EPOCH + timedelta(0, 0, units * unit)


def day(_: Mapping[str, Any]) -> Ways:
    def lower(value: Any) -> int:
        if not isinstance(value, date) or isinstance(value, datetime):
            raise Misfit(f"{seen(value)} where date belongs")
        return value.toordinal() - _EPOCH_DAY

    return lower, lambda days: date.fromordinal(days + _EPOCH_DAY)


def exact(avro: Mapping[str, Any]) -> Ways:
    precision, scale, size = avro["precision"], avro.get("scale", 0), avro.get("size")

    def lower(value: Any) -> bytes:
        if not isinstance(value, Decimal) or not value.is_finite():
            raise Misfit(f"{seen(value)} where a finite Decimal belongs")
        numerator, denominator = value.as_integer_ratio()
        unscaled, rest = divmod(numerator * 10**scale, denominator)
        if rest or abs(unscaled) >= 10**precision:
            raise Misfit(f"{value} does not fit decimal({precision},{scale}); round it, or widen the schema")
        needed = (unscaled if unscaled >= 0 else ~unscaled).bit_length() // 8 + 1
        stored: bytes = unscaled.to_bytes(size or needed, "big", signed=True)
        return stored

    def lift(value: bytes) -> Decimal:
        # From text, because arithmetic on Decimals rounds to the caller's context.
        return Decimal(f"{int.from_bytes(value, 'big', signed=True)}E-{scale}")

    return lower, lift


def identity(_: Mapping[str, Any]) -> Ways:
    def lower(value: Any) -> str:
        if not isinstance(value, UUID):
            raise Misfit(f"{seen(value)} where UUID belongs")
        return str(value)

    return lower, UUID
