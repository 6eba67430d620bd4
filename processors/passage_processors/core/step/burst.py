"""The loop over a policy's cases that are due on one tick: ask the policy, write down what follows, close the case.

Apart from the rest because a million may be due at once; it has a native twin (`parts`). What is the same for all of
them is worked out beforehand, once for each policy and tick: of an event that leaves the instant in its id, the key,
and what the policy says.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple, cast

from passage_processors.core.program.events import MOST_BYTES, VERSION, Derived, check_size, iso, weigh
from passage_processors.core.program.refusals import RAISED
from passage_processors.core.state.case import NAME_AT, OPEN, START
from passage_processors.core.state.cases import CaseBook, Closer
from passage_processors.model.policy import Case
from passage_schemas.instant import Instant

Follow = Callable[[bytes, Any, bytes], Callable[[], None]]
"""(key, the event, its canonical form) to what is to be done in the app when the event stands. Raises what a user's
own code raises; then nothing has happened."""
Failed = Callable[[bytes, BaseException], None]
"""Hears of a case whose policy failed, and either parks or closes it; may raise."""


class Burst(NamedTuple):
    """What all events of one policy at one tick have in common."""

    emit: Callable[[Case], Any]
    encode: Callable[[Any], bytes]
    """To an event's canonical form."""
    fact_of: Callable[[bytes], Any]
    """The fact of what a case keeps."""
    write: Callable[[Any, bytes, list[tuple[str, bytes]]], tuple[bytes, list[tuple[str, bytes]]]] | None
    """See `Writing.write`; None where the canonical form is written, with the headers as they are."""
    due: Instant
    begins: bytes
    """Of each id, what comes before the aggregate."""
    ends: bytes
    """And what comes after the instant."""
    rest: list[tuple[str, bytes]]
    """The headers behind the id."""
    weight: int
    """The bytes of all headers, but for the aggregate and the instant in the id."""
    follow: Follow | None
    """None where no unit of the app hears the event."""
    failed: Failed


def weight_of(begins: bytes, ends: bytes, rest: list[tuple[str, bytes]]) -> int:
    """What `Burst.weight` is: the slash between aggregate and instant counts as well."""
    return weigh(b"", b"", [VERSION, ("ce_id", begins + b"/" + ends), *rest])


def fire_burst(
    book: CaseBook, keys: list[bytes], at: int, until: int, burst: Burst, close: Closer, events: list[Derived]
) -> None:
    """Fire the cases at keys[at:until], in this order; who is no longer open is passed over.

    `close` is the book's own closer.
    """
    emit, encode, write, due, follow = burst.emit, burst.encode, burst.write, burst.due, burst.follow
    begins, ends, rest, weight = burst.begins.decode(), burst.ends.decode(), burst.rest, burst.weight
    get, unpack = book.get, START.unpack_from
    for key in keys[at:until]:
        stored = get(key)
        if stored is None or stored[0] != OPEN:
            continue  # ended by another policy's event, earlier on this very tick
        then = None
        try:
            aggregate = key.decode()
            started = Instant(unpack(stored)[1])
            kept = stored[NAME_AT + 1 + stored[NAME_AT] :]
            event = emit(_case((aggregate, started, due, burst.fact_of(kept) if kept else None, 1, 1)))
            value = canonical = encode(event)
            since = iso(started)
            headers = [VERSION, ("ce_id", f"{begins}{aggregate}/{since}{ends}".encode()), *rest]
            if write is None:
                most = 2 * len(key) + len(value)
                size = most + len(since) + weight
            else:
                value, headers = write(event, canonical, headers)
                most = 2 * len(key) + max(len(canonical), len(value))
                size = weigh(key, value, headers)
            if most > MOST_BYTES:
                check_size(most, "the event, with its key and id,")
            if follow is not None:
                then = follow(key, event, canonical)
        except RAISED as error:
            burst.failed(key, error)
            continue
        close(key, due, b"")
        events.append(_derived((key, value, headers, size, due, None)))
        if then is not None:
            then()


# Without the detour through their own `__new__`, which is made in Python.
_case = cast(Callable[[tuple[Any, ...]], Case], partial(tuple.__new__, Case))
_derived = cast(Callable[[tuple[Any, ...]], Derived], partial(tuple.__new__, Derived))
