"""What a leader signs: its barriers and resignations on the tick topic, its probes on the control topic.

They carry no value, so that nobody takes them for ticks or asks; who, where, when and in which term stands in headers.
A standby reads them as signs of life, `passage clock status` reads who leads. A record without these headers, or with
headers that can't be read, is told as far as it goes: an older leader wrote fewer.
"""

from dataclasses import dataclass
from socket import gethostname

from passage_schemas.headers import read_headers
from passage_schemas.instant import Instant
from passage_schemas.log_record import Headers, Record

LEADER_HEADER = "passage_leader"
RESIGNED_HEADER = "passage_resigned_by"
HOST_HEADER = "passage_host"
WALL_HEADER = "passage_wall"
"""The leader's wall time when it signed, in microseconds."""
TERM_HEADER = "passage_term"
SINCE_HEADER = "passage_since"
"""When the term began, by the leader's wall, in microseconds: the barrier itself is compacted away one day."""


@dataclass(frozen=True, slots=True)
class Term:
    """A barrier, or with `has_resigned` a resignation, as it stands at `offset` on the tick topic. `number`: the term
    that begins or ends with it."""

    offset: int
    number: int | None
    leader: str
    host: str | None
    since_at: Instant | None
    signed_at: Instant | None
    has_resigned: bool


@dataclass(frozen=True, slots=True)
class Probe:
    """A leader's question for the time, with the broker's answer: `stored_at`, in whole milliseconds."""

    leader: str
    host: str | None
    term: int | None
    since_at: Instant | None
    signed_at: Instant | None
    stored_at: Instant


def signature(
    by: str, wall_at: Instant, term: int | None = None, since_at: Instant | None = None, header: str = LEADER_HEADER
) -> Headers:
    numbers = {WALL_HEADER: wall_at, TERM_HEADER: term, SINCE_HEADER: since_at}
    return [
        (header, by.encode()),
        (HOST_HEADER, gethostname().encode()),
        *((name, str(number).encode()) for name, number in numbers.items() if number is not None),
    ]


def term_of(record: Record) -> Term:
    headers = dict(read_headers(record))
    resigned_by = headers.get(RESIGNED_HEADER)
    leader = resigned_by if resigned_by is not None else headers.get(LEADER_HEADER)
    return Term(
        record.offset(),
        record.offset() if resigned_by is None else _number(headers.get(TERM_HEADER)),
        _text(leader) or "unknown",
        _text(headers.get(HOST_HEADER)),
        _instant(headers.get(SINCE_HEADER)),
        _instant(headers.get(WALL_HEADER)),
        resigned_by is not None,
    )


def probe_of(record: Record) -> Probe:
    headers = dict(read_headers(record))
    return Probe(
        _text(headers.get(LEADER_HEADER)) or "unknown",
        _text(headers.get(HOST_HEADER)),
        _number(headers.get(TERM_HEADER)),
        _instant(headers.get(SINCE_HEADER)),
        _instant(headers.get(WALL_HEADER)),
        Instant(record.timestamp()[1] * 1000),
    )


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode(errors="replace")


def _number(value: bytes | None) -> int | None:
    try:
        return None if value is None else int(value)
    except ValueError:
        return None


def _instant(value: bytes | None) -> Instant | None:
    number = _number(value)
    return None if number is None else Instant(number)
