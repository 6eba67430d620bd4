"""The types a field may have that hold no other: all there is to say of one stands in its row.

A type that has no row here has no place in a fact, unless it is made of some that have one (`forms`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from passage_schemas.fact_types import avro_values as in_avro
from passage_schemas.fact_types import json_values as in_json

DECIMAL_DIGITS = 38
DECIMAL_PLACES = 9
"""What a plain `Decimal` holds: 38 digits is what Avro's readers in other languages and most databases take, 9 places
carry any currency and a unit price. For other sizes, annotate the field with `decimal_of(digits, places)`."""


class Digits(NamedTuple):
    """How large a Decimal may be, beside it in an annotation."""

    digits: int
    places: int

    @property
    def is_possible(self) -> bool:
        """Whether any number has so many."""
        return type(self.digits) is type(self.places) is int and 0 < self.digits >= self.places >= 0


def decimal_of(digits: int, places: int) -> Any:
    """Metadata for an exact Decimal: `price: Annotated[Decimal, decimal_of(12, 2)]`."""
    return Digits(digits, places)


@dataclass(frozen=True, slots=True)
class ScalarType:
    """One type: what it is called, and what becomes of its values."""

    python: type
    said: str
    """What messages call it."""
    word: str | None
    """What an app.yaml calls it; None: it goes by its size there, as decimal(12,2)."""
    schema: str | Mapping[str, Any]
    """The Avro schema that is derived for it."""
    stored: Mapping[str, in_avro.WaysOf]
    """What else it fits: by Avro's type, or by that and a logical type where another would be another meaning."""
    json: in_json.JsonValue = in_json.AS_IT_IS
    is_plain: bool = False
    """Its class is all that need be asked of a value: the rest its encoding finds."""

    def ways(self, stored: Mapping[str, Any]) -> in_avro.Ways | None:
        """To this Avro type and back; None where the two don't fit."""
        kind = stored["type"]
        found = self.stored.get(f"{kind} {stored.get('logicalType')}", self.stored.get(kind))
        return None if found is None else found(stored)


_ROWS = (
    ScalarType(str, "text", "string", "string", {"string": in_avro.as_it_is(str)}, is_plain=True),
    ScalarType(int, "a whole number", "int", "long", {"int": in_avro.whole, "long": in_avro.whole}, is_plain=True),
    ScalarType(float, "a number", "float", "double", {"float": in_avro.number, "double": in_avro.number}),
    ScalarType(bool, "true or false", "bool", "boolean", {"boolean": in_avro.as_it_is(bool)}, is_plain=True),
    ScalarType(
        bytes, "bytes", "bytes", "bytes", {"bytes": in_avro.as_it_is(bytes), "fixed": in_avro.sized},
        in_json.BASE64, is_plain=True,
    ),
    ScalarType(
        datetime, "a moment", "datetime", {"type": "long", "logicalType": "timestamp-micros"},
        {"long timestamp-micros": in_avro.moment, "long timestamp-millis": in_avro.moment}, in_json.MOMENT,
    ),
    ScalarType(
        date, "a day", "date", {"type": "int", "logicalType": "date"}, {"int date": in_avro.day}, in_json.DAY,
    ),
    ScalarType(
        Decimal, "a decimal", None,
        {"type": "bytes", "logicalType": "decimal", "precision": DECIMAL_DIGITS, "scale": DECIMAL_PLACES},
        {"bytes decimal": in_avro.exact, "fixed decimal": in_avro.exact}, in_json.EXACT,
    ),
    ScalarType(
        UUID, "a UUID", "uuid", {"type": "string", "logicalType": "uuid"}, {"string uuid": in_avro.identity},
        in_json.AS_TEXT,
    ),
)  # fmt: skip

SCALARS: Mapping[type, ScalarType] = {row.python: row for row in _ROWS}
"""A subclass before what it is a subclass of: a moment is a day to Python."""
