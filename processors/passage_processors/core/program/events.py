"""An event that follows from a fact or a tick, as it is to be written.

Its id is made of what it names, so that a consumer can tell a second copy; its headers are CloudEvents' in binary mode.
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

from passage_processors.core.program.refusals import RefusedFact
from passage_processors.model.ticks import SeenTick
from passage_schemas.instant import Instant, datetime_of

MOST_BYTES = 900_000
"""Of a fact or an event with its key: what surely fits a record of the output and the changelog, beside its headers. A
constant and no setting of a topic, so that a replay decides alike."""


class Derived(NamedTuple):
    """An event that follows: to be written to the output, at the instant of its cause."""

    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]
    size: int
    """The bytes of key, value and headers, so that whoever writes it need not add them up."""
    instant: Instant
    partition: int | None = None
    """Where to; None: where its cause came from. Another only for an event with a key of its own."""


class Origin(NamedTuple):
    """Which of whose events this is."""

    app: str
    unit: str
    aggregate: str | None
    """None: a report's, which has none. The empty key is an aggregate like any other."""
    since: str
    """Tells the aggregate's lives apart: the instant it started, or a report's period."""
    number: int


def headers_of(origin: Origin, event: str, happened: Instant, tick: SeenTick | None) -> list[tuple[str, bytes]]:
    """CloudEvents, binary mode; the tick only where one is the cause."""
    app, unit, aggregate, since, number = origin
    whose = (app, unit) if aggregate is None else (app, unit, aggregate)
    identity = "/".join((*whose, since, event, str(number)))
    return [VERSION, ("ce_id", identity.encode()), *shared_headers(app, event, happened, tick)]


VERSION = ("ce_specversion", b"1.0")


@lru_cache(maxsize=256)
def shared_headers(app: str, event: str, happened: Instant, tick: SeenTick | None) -> list[tuple[str, bytes]]:
    """What all events of a type have in common that come of one tick: all behind the id."""
    headers = [
        ("ce_type", event.encode()),
        ("ce_source", f"passage/{app}".encode()),
        ("ce_time", iso(happened).encode()),
        ("content-type", b"application/avro"),
    ]
    if tick is not None:
        headers.append(("passage_tick", f"{tick.schedule}#{tick.ordinal}".encode()))
    return headers


def weigh(key: bytes, value: bytes, headers: Sequence[tuple[str, bytes]]) -> int:
    """The bytes of a record, but for what the log adds."""
    return len(key) + len(value) + sum(map(len, chain.from_iterable(headers)))


def check_size(size: int, what: str) -> None:
    """Raise RefusedFact for what no topic's record would surely hold."""
    if size > MOST_BYTES:
        raise RefusedFact(
            f"{what} is {size} bytes; more than {MOST_BYTES} can't be kept in a topic's record of 1,000,000"
        )


def iso(instant: Instant) -> str:
    """As an aware datetime says it, with Z for UTC."""
    minute, rest = divmod(instant, 60_000_000)
    second, fraction = divmod(rest, 1_000_000)
    return f"{_minute(minute)}{second:02d}.{fraction:06d}Z" if fraction else f"{_minute(minute)}{second:02d}Z"


@lru_cache(maxsize=4096)
def _minute(minute: int) -> str:
    """The instants of a burst lie within some days: most of what is said of them was said before."""
    return datetime_of(Instant(minute * 60_000_000)).isoformat()[: len("2026-11-20T09:30:")]
