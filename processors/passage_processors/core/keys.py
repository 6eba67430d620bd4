"""The keys of a changelog: the cut's, the schemas', and `<unit>/<aggregate>` of each entry. A burst's place is told as
such a key.

A unit's name has no slash in it; an aggregate's key may be any bytes.
"""

CUT_KEY = b"cut"
SCHEMAS_KEY = b"schemas"


def entry_key(unit: str, aggregate: bytes) -> bytes:
    """Of the empty aggregate it is also what all of the unit's keys begin with."""
    return unit.encode() + b"/" + aggregate


def unit_and_aggregate(key: bytes) -> tuple[bytes, bytes] | None:
    """None for what is no entry's key. The unit in bytes: a topic may hold what anybody wrote."""
    unit, slash, aggregate = key.partition(b"/")
    return (unit, aggregate) if slash else None
