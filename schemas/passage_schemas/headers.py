"""A record's headers, asked for in a way that no header can do harm.

On the wire a header's name may be any bytes, and Kafka's client makes a text of it. Of a name that is not UTF-8 it
can't: it answers a list with holes in it, which end the process by a segmentation fault where they are touched, and
leaves the error lying about, for the interpreter to find. So headers are read here and nowhere else, and what can be
had of such ones is put in the place of that list before anybody sees it.

Nothing here is for the hot path: who can tell a record by its first bytes never asks for headers at all.
"""

from gc import get_referents
from operator import methodcaller
from typing import Any, cast

from passage_schemas.log_record import Header, Record

UNREADABLE = "passage_unreadable_name"
"""In place of a name that is not UTF-8, which the client loses. The header's value is kept."""

_ask = methodcaller("headers")
"""`record.headers()`, but never by the interpreter's short cut for what is called often: that one does not look for an
error beside an answer, and the next line to be run would raise it, or the one after the holes were touched."""

_UNTELLABLE = (SystemError, UnicodeError)


def read_headers(record: Record) -> list[Header]:
    """In their order; [] where there are none. Never raises for what stands in them, however often it is asked."""
    try:
        return cast(list[Header], _ask(record) or [])
    except _UNTELLABLE:
        found = _what_is_left(record)
    # Only the client's own message comes here, and it has a place for them.
    cast(Any, record).set_headers(found)
    return found


def _what_is_left(record: Record) -> list[Header]:
    try:
        return list(map(_without_holes, _ask(record) or ()))
    except _UNTELLABLE:
        return [(UNREADABLE, None)]


def _without_holes(pair: Header) -> Header:
    """The collector goes through a tuple without touching what isn't there."""
    name = next((part for part in get_referents(pair) if type(part) is str), UNREADABLE)
    return name, pair[1]
