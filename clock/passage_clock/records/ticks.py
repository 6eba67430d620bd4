"""From an occurrence that is due to the record on the log: key, value, headers, time, digest.

The value is byte for byte what `passage_schemas` would write for the same Tick (a test holds it to that); it is put
together by hand because a clock that catches up on a year of seconds spends most of its time here. What doesn't change
within a schedule is encoded once; neighbouring ticks share their instants.

It refuses to choose: which occurrence, its ordinal and its sequence are told.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

from passage_clock.planning.plan import Planned
from passage_clock.schedules import Schedule
from passage_schemas.instant import EPOCH, Instant
from passage_schemas.records import TICK

_SHORT = tuple(bytes((n,)) if n < 0x80 else bytes((n & 0x7F | 0x80, n >> 7)) for n in range(1 << 14))
_MORE = tuple(bytes((n & 0x7F | 0x80, n >> 7 | 0x80)) for n in range(1 << 14))
"""Fourteen bits of a varint at a time, as its last bytes or with more to follow: an instant takes four look-ups, not
eight turns of a loop."""

_MINUTES = tuple(f"T{minute // 60:02}:{minute % 60:02}:".encode() for minute in range(24 * 60))
_SECONDS = tuple(b"%02dZ" % second for second in range(60))


def avro_long(number: int) -> bytes:
    """A long as Avro writes it: zigzag, then seven bits a byte, the lowest first."""
    rest = number << 1 if number >= 0 else ~(number << 1)
    if rest < 1 << 14:
        return _SHORT[rest]
    if rest < 1 << 28:
        return _MORE[rest & 0x3FFF] + _SHORT[rest >> 14]
    written = _MORE[rest & 0x3FFF] + _MORE[rest >> 14 & 0x3FFF]
    rest >>= 28
    while rest >= 1 << 14:
        written += _MORE[rest & 0x3FFF]
        rest >>= 14
    return written + _SHORT[rest]


def avro_string(text: str) -> bytes:
    encoded = text.encode()
    return avro_long(len(encoded)) + encoded


_NULL = avro_long(0)
_PRESENT = avro_long(1)


class EncodedTick(NamedTuple):
    """A tick as the log takes it. `timestamp_ms` is its ends_at; `digest` the SHA-256 of the value."""

    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]
    timestamp_ms: int
    digest: bytes


class TickTemplate:
    """One schedule's ticks, under one release of the data and one CloudEvents source."""

    __slots__ = ("_begin", "_definition", "_end", "_end_bytes", "_headers", "_key", "_next", "_next_bytes", "_zone")

    def __init__(self, schedule: Schedule, source: str, tzdata: str) -> None:
        data = schedule.rule.data
        self._begin = TICK.prefix + avro_string(schedule.event) + avro_string(schedule.name)
        self._zone = (
            avro_string(schedule.zone)
            + (_PRESENT + avro_string(data) if data is not None else _NULL)
            + avro_string(tzdata)
        )
        self._definition = avro_string(schedule.definition)
        self._key = f"{schedule.name}/"
        self._headers = (
            ("ce_specversion", b"1.0"),
            ("ce_type", schedule.event.encode()),
            ("ce_source", source.encode()),
            ("content-type", b"application/avro"),
        )
        self._end = self._next = Instant(0)
        self._end_bytes = self._next_bytes = avro_long(0)

    def encode(self, planned: Planned, sequence: int, published_at: bytes, previous: bytes | None) -> EncodedTick:
        """`published_at` is an Avro long already: a batch has one. `previous`: the last tick's digest."""
        occurrence = planned.occurrence
        ends_at = occurrence.ends_at
        next_at = planned.next_at
        period = occurrence.period.encode()
        # Where periods touch, this one starts at the last one's end and ends at its next: both are at hand.
        starts = self._end_bytes if occurrence.starts_at == self._end else avro_long(occurrence.starts_at)
        ends = self._next_bytes if ends_at == self._next else avro_long(ends_at)
        self._end, self._end_bytes = ends_at, ends
        if next_at is None:
            promise = _NULL
        else:
            self._next, self._next_bytes = next_at, avro_long(next_at)
            promise = _PRESENT + self._next_bytes
        value = b"".join(
            (
                self._begin,
                avro_long(planned.ordinal),
                avro_long(sequence),
                avro_long(len(period)),
                period,
                starts,
                ends,
                promise,
                self._zone,
                published_at,
                self._definition,
                _NULL if previous is None else _PRESENT + previous,
                avro_long(planned.stands_for),
            )
        )
        key = (self._key + occurrence.period).encode()
        version, kind, source, content = self._headers
        headers = [version, ("ce_id", key), kind, source, ("ce_time", _rfc3339(ends_at)), content]
        return EncodedTick(key, value, headers, ends_at // 1000, sha256(value).digest())


class TickWriter:
    """Encodes the ticks of one term, in the order of publication. Made beside the plan, thrown away with it.

    `digests`: of each schedule's last readable tick; it goes on from there, so that every tick names the one before.
    """

    __slots__ = ("_digests", "_published", "_published_at", "_source", "_templates", "_tzdata")

    def __init__(self, source: str, tzdata: str, digests: Mapping[str, bytes]) -> None:
        self._source = source
        self._tzdata = tzdata
        self._digests = dict(digests)
        self._templates: dict[str, TickTemplate] = {}
        self._published_at = Instant(0)
        self._published = avro_long(0)

    def encode(self, planned: Planned, sequence: int, published_at: Instant) -> EncodedTick:
        """The next tick of its schedule; its digest becomes the `previous` of the one after."""
        name = planned.schedule.name
        template = self._templates.get(name)
        if template is None:
            template = self._templates[name] = TickTemplate(planned.schedule, self._source, self._tzdata)
        if published_at != self._published_at:
            self._published_at, self._published = published_at, avro_long(published_at)
        tick = template.encode(planned, sequence, self._published, self._digests.get(name))
        self._digests[name] = tick.digest
        return tick


def _rfc3339(instant: Instant) -> bytes:
    """Without an offset but Z, and with microseconds only where there are any."""
    day, clock = divmod(instant, 86_400_000_000)
    minute, rest = divmod(clock, 60_000_000)
    second, beyond = divmod(rest, 1_000_000)
    if beyond:
        return ((EPOCH + timedelta(microseconds=instant)).isoformat()[:-6] + "Z").encode()
    return _date(day) + _MINUTES[minute] + _SECONDS[second]


@lru_cache(maxsize=1024)
def _date(day: int) -> bytes:
    """So many days after 1970-01-01, as it is written."""
    return date.fromordinal(EPOCH.toordinal() + day).isoformat().encode()
