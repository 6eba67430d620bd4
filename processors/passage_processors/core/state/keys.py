"""The keys of a changelog: the cut's, the schemas', and `<unit>/<aggregate>` of each entry. A burst's place is told as
such a key.

A unit's name has no slash in it. An aggregate's key is text in UTF-8, for handlers are told it and events name it; the
empty one is an aggregate like any other. On a changelog any bytes may stand.
"""

CUT_KEY = b"cut"
SCHEMAS_KEY = b"schemas"


def is_text(key: bytes) -> bool:
    """Whether an aggregate can go by this key."""
    if key.isascii():
        return True
    try:
        key.decode()
    except UnicodeDecodeError:
        return False
    return True


def entry_key(unit: str, aggregate: bytes) -> bytes:
    """Of the empty aggregate it is also what all of the unit's keys begin with."""
    return unit.encode() + b"/" + aggregate


def unit_and_aggregate(key: bytes) -> tuple[bytes, bytes] | None:
    """None for what is no entry's key. The unit in bytes: a topic may hold what anybody wrote."""
    unit, slash, aggregate = key.partition(b"/")
    return (unit, aggregate) if slash else None
