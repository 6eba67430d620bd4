"""Civil time: what the clock on the wall of a town says, and when its days, weeks and hours begin.

The only module that knows zoneinfo and pendulum. Zones come from the `tzdata` package and never from the system, so
that every replica sees the same ones; their rules are turned once into *spans* of constant offset, and everything else
is whole-number arithmetic inside a span: pendulum's own `start_of("day")` is wrong in a fold, and slow.

It refuses to know a holiday, a schedule or the present.

Two rules decide every doubt:

- a civil time that a zone skips (a gap) is the END of the gap; one it has twice (a fold) is the FIRST pass; unless a
  rule was told otherwise (`gap`, `fold`), which `civil_instants` obeys;
- a clock period (hour, minute, second) ends whenever the zone's clock reaches, or jumps over, a multiple of it.
  Going back ends one only if it lands on a multiple. So every civil midnight is also the end of an hour.
"""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache
from importlib import import_module, resources
from itertools import pairwise
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

import pendulum

from passage_clock.errors import ZoneError
from passage_schemas.given.did_you_mean import nearest
from passage_schemas.instant import EPOCH, MICROSECOND, Instant

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

EPOCH_DAY = date(1970, 1, 1).toordinal()
LAST_DAY = date(9990, 1, 1).toordinal()
"""Where civil time ends for us: `datetime` can't go much further."""

FIRST_INSTANT = Instant(-30 * DAY)
"""Spans begin here. Kafka's timestamps begin with 1970, and 1970-01-01 begins before that in the east."""

PROBE = 6 * DAY
"""How far apart a zone's offset is asked for. Two changes of a zone were never less than 6.9 days apart since 1970
(tests/clock/test_civil.py reads that from the zone files themselves), so no pair of them hides between two probes."""

ERA = 66 * PROBE
"""A zone's rules are looked into an era at a time, some thirteen months, when one is asked for. Where it ends a span is
cut even if the offset goes on; a cut between equal offsets changes no answer."""

WIDEST_SHIFT = 2 * DAY
"""More than any zone ever moved its clocks (a day, over the date line): this far from a change nothing is in doubt."""

PeriodOf = Callable[[int], tuple[str, int, int]]
"""Which period of whole days holds the day with this ordinal: its label, its first day and the next one's."""

Gap = Literal["next", "skip", "previous", "shift"]
"""What a civil time that the zone skips becomes: the first instant after the gap, none, the last second before it; or,
as RFC 5545 has it (3.3.5), what it is by the offset before the gap: 02:30 becomes 03:30."""

FoldPass = Literal["first", "second", "both"]
"""Which is meant of a civil time that the zone has twice."""


def tzdata_version() -> str:
    """The IANA release of the zone rules at hand: 2026c."""
    return str(import_module("tzdata").IANA_VERSION)  # by name: the package has no types


@cache
def zone_names() -> frozenset[str]:
    """Every zone there is, links such as Asia/Katmandu included."""
    return frozenset(resources.files("tzdata").joinpath("zones").read_text("utf-8").split())


def zone_hint(name: str) -> str:
    """What would mend a name that is no zone's, in words."""
    if offset := re.fullmatch(r"(?:GMT|UTC)?([+-])0?(\d{1,2})(?::?00)?", name.strip(), re.IGNORECASE):
        fixed = f"Etc/GMT{'-' if offset[1] == '+' else '+'}{offset[2]}"
        if fixed in zone_names():
            return f"name a place, e.g. Europe/Athens; or {fixed}, which is meant so: its sign is the other way round"
    if re.fullmatch(r"Z|ZULU", name, re.IGNORECASE):
        return "did you mean 'UTC'?"
    if said_in := _said_in(name):
        return f"it is said in {', '.join(said_in)}: write the place"
    meant = nearest_zone(name)
    return f"did you mean {meant!r}?" if meant else "see https://data.iana.org/time-zones/tzdb/zone1970.tab"


def _said_in(abbreviation: str) -> list[str]:
    """A place for each of the zones whose clocks are called so, in winter or in summer."""
    if not re.fullmatch(r"[A-Za-z]{2,5}", abbreviation):
        return []
    seasons = [datetime(2026, month, 15) for month in (1, 7)]  # noqa: DTZ001 - civil, of each zone
    table = resources.files("tzdata.zoneinfo").joinpath("zonenow.tab").read_text("utf-8").splitlines()
    places = [line.split("\t")[2] for line in table if not line.startswith("#")]
    found: dict[tuple[object, ...], str] = {}
    for place, info in ((one, _info(one)) for one in places):
        if abbreviation.upper() in {info.tzname(season) for season in seasons}:
            found.setdefault(tuple(info.utcoffset(season) for season in seasons), place)
    return list(found.values())


def _info(name: str) -> ZoneInfo:
    """The zone's rules, of our tzdata and never of the machine's."""
    with resources.files("tzdata.zoneinfo").joinpath(name).open("rb") as rules:
        return ZoneInfo.from_file(rules, key=name)


def nearest_zone(name: str) -> str | None:
    """The zone the writer most likely meant, `Amsterdam` and `europe/amstredam` included."""
    by_spelling = {known.lower(): known for known in sorted(zone_names())}
    by_spelling |= {known.rsplit("/", 1)[-1].lower(): known for known in sorted(zone_names()) if "/" in known}
    wanted = name.lower().replace(" ", "_")
    near = nearest(wanted, by_spelling)
    return None if near is None else by_spelling[near]


class OffsetSpan(NamedTuple):
    """A stretch of time over which a zone keeps one offset (microseconds to add to UTC)."""

    begins_at: Instant
    ends_at: Instant
    offset: int


class Zone:
    """A zone's rules as spans, found as they are needed and kept. Safe to share between threads: they find the same."""

    __slots__ = ("_eras", "_info", "_steady", "name")

    def __init__(self, name: str) -> None:
        if name not in zone_names():
            raise ZoneError(f"{name!r} is not in tzdata {tzdata_version()}; {zone_hint(name)}")
        self.name = name
        self._info = _info(name)
        self._eras: dict[int, list[OffsetSpan]] = {}
        # From which civil time to which nothing is in doubt, and the offset there: of the span asked for last.
        self._steady = (0, 0, 0)

    def span_at(self, instant: int) -> OffsetSpan:
        """The span that holds this instant; before 1970 the first one."""
        number = (instant - FIRST_INSTANT) // ERA
        for span in self._eras.get(number) or self._look_into(number):
            if instant < span.ends_at:
                return span
        raise AssertionError(f"{self.name}: {instant} is not in its era")

    def resolve(self, local: int) -> Instant:
        """When the zone's clock says `local` (microseconds since its own 1970-01-01T00:00)."""
        begins, ends, offset = self._steady
        if begins <= local < ends:
            return Instant(local - offset)
        span = self.span_at(local - WIDEST_SHIFT)
        while local - span.offset >= span.ends_at:
            span = self.span_at(span.ends_at)
        self._remember(span)
        instant = Instant(local - span.offset)
        return instant if instant >= span.begins_at else span.begins_at

    def passes(self, local: int) -> list[Instant]:
        """Every instant at which the zone's clock says `local`: one; none in a gap, two in a fold."""
        begins, ends, offset = self._steady
        if begins <= local < ends:
            return [Instant(local - offset)]
        span = self.span_at(local - WIDEST_SHIFT)
        found = []
        while span.begins_at < local + WIDEST_SHIFT:
            if span.begins_at <= local - span.offset < span.ends_at:
                found.append(Instant(local - span.offset))
                self._remember(span)
            span = self.span_at(span.ends_at)
        return found

    def _remember(self, span: OffsetSpan) -> None:
        """So far from its ends, no other span has the same civil time."""
        begins, ends = span.begins_at + span.offset + WIDEST_SHIFT, span.ends_at + span.offset - WIDEST_SHIFT
        self._steady = (begins, ends, span.offset)

    def midnight(self, day: int) -> Instant:
        """When the civil day with this ordinal (`date.toordinal`) begins."""
        return self.resolve((day - EPOCH_DAY) * DAY)

    def local(self, instant: int) -> int:
        """What the zone's clock says, in microseconds since its own 1970-01-01T00:00."""
        return instant + self.span_at(instant).offset

    def day_of(self, instant: int) -> int:
        """The ordinal of the civil day on the zone's clock."""
        return self.local(instant) // DAY + EPOCH_DAY

    def boundary_before(self, instant: int, unit: int) -> Instant:
        """The last end of a clock period of `unit` microseconds at or before the instant."""
        span = self.span_at(instant)
        boundary = (instant + span.offset) // unit * unit - span.offset
        if boundary >= span.begins_at or span.begins_at <= FIRST_INSTANT:
            return Instant(boundary)
        if self._opens_with_boundary(span, unit):
            return span.begins_at
        return self.boundary_before(span.begins_at - 1, unit)

    def boundary_after(self, instant: int, unit: int) -> Instant:
        """The first end of a clock period of `unit` microseconds after the instant."""
        span = self.span_at(instant)
        boundary = ((instant + span.offset) // unit + 1) * unit - span.offset
        while boundary >= span.ends_at:
            span = self.span_at(span.ends_at)
            if self._opens_with_boundary(span, unit):
                return span.begins_at
            boundary = ((span.begins_at + span.offset) // unit + 1) * unit - span.offset
        return Instant(boundary)

    def _opens_with_boundary(self, span: OffsetSpan, unit: int) -> bool:
        came_from = span.begins_at + self.span_at(span.begins_at - 1).offset
        lands_on = span.begins_at + span.offset
        if lands_on < came_from:
            return lands_on % unit == 0
        return lands_on // unit * unit >= came_from

    def _look_into(self, number: int) -> list[OffsetSpan]:
        """The spans of the era of this number. Twice at once does no harm."""
        begins_at = Instant(FIRST_INSTANT + max(number, 0) * ERA)
        until = begins_at + ERA
        spans = []
        while begins_at < until:
            spans.append(self._span_from(begins_at, until))
            begins_at = spans[-1].ends_at
        self._eras[number] = spans
        return spans

    def _span_from(self, begins_at: Instant, until: int) -> OffsetSpan:
        offset = self._offset(begins_at)
        low = begins_at
        while low < until:
            high = Instant(min(low + PROBE, until))
            if self._offset(high) != offset:
                return OffsetSpan(begins_at, self._change_between(low, high, offset), offset)
            low = high
        return OffsetSpan(begins_at, low, offset)

    def _change_between(self, low: Instant, high: Instant, offset: int) -> Instant:
        """Halve until the second at which the offset is no longer `offset`."""
        before, after = low // SECOND, high // SECOND
        while after - before > 1:
            middle = (before + after) // 2
            if self._offset(Instant(middle * SECOND)) == offset:
                before = middle
            else:
                after = middle
        return Instant(after * SECOND)

    def _offset(self, instant: Instant) -> int:
        offset = datetime.fromtimestamp(instant // SECOND, self._info).utcoffset()
        return (offset or timedelta()) // MICROSECOND


@cache
def zone(name: str) -> Zone:
    """The zone of this name. Raises ZoneError with the nearest name."""
    return Zone(name)


def instant_of_civil(moment: datetime | date, name: str) -> Instant:
    """When the zone's clock says this naive date (its midnight) or datetime."""
    naive = moment if isinstance(moment, datetime) else datetime(moment.year, moment.month, moment.day)  # noqa: DTZ001
    return zone(name).resolve((naive.replace(tzinfo=UTC) - EPOCH) // MICROSECOND)


def civil_of_instant(instant: Instant, name: str) -> datetime:
    """What the zone's clock says then: `instant_of_civil` the other way round, naive."""
    return EPOCH.replace(tzinfo=None) + timedelta(microseconds=zone(name).local(instant))


def civil_instants(name: str, day: int, time_us: int, gap: Gap, fold: FoldPass) -> tuple[Instant, ...]:
    """When the zone's clock says this time of this day: one instant; in a gap none or one, in a fold one or two.

    `day` is the date's ordinal, `time_us` what its clock says, in microseconds since midnight (of a day of 24 hours).
    """
    here = zone(name)
    local = (day - EPOCH_DAY) * DAY + time_us
    passes = here.passes(local)
    if not passes:
        return _beside_the_gap(here, local, gap)
    if fold == "both":
        return tuple(passes)
    return (passes[0 if fold == "first" else -1],)


def _beside_the_gap(here: Zone, local: int, gap: Gap) -> tuple[Instant, ...]:
    ends_at = here.resolve(local)
    match gap:
        case "skip":
            return ()
        case "next":
            return (ends_at,)
        case "previous":
            return (Instant(ends_at - SECOND),)
        case "shift":
            return (Instant(local - here.span_at(ends_at - 1).offset),)


def is_skipped(name: str, day: int) -> bool:
    """Whether the zone left out this whole civil day: Apia 2011-12-30."""
    here = zone(name)
    return here.midnight(day) == here.midnight(day + 1)


def moment_label(name: str, instant: Instant) -> str:
    """What the zone's clock says, and its offset, so that a fold has two: 2026-10-25T02:30+01:00. Seconds if any."""
    offset = zone(name).span_at(instant).offset
    shown = (EPOCH + timedelta(microseconds=instant + offset)).replace(tzinfo=None).isoformat()
    return shown.removesuffix(":00") + offset_text(offset)


@lru_cache(maxsize=4096)
def months_of(day: int, months: int, first_month: int = 1) -> tuple[int, int]:
    """The first day of the stretch of so many months that holds this day, and the first day of the next; ordinals.

    Stretches are counted from `first_month`, so they are whole in a year that begins there; `months` divides 12.
    """
    here = pendulum.Date.fromordinal(day)
    first = here.first_of("month").subtract(months=(here.month - first_month) % months)
    return first.toordinal(), first.add(months=months).toordinal()


def offset_text(offset: int) -> str:
    """An offset as ISO 8601 writes it, with seconds for the few zones that once had them: +01:00, -00:44:30."""
    minutes, seconds = divmod(abs(offset) // SECOND, 60)
    tail = f":{seconds:02}" if seconds else ""
    return f"{'-' if offset < 0 else '+'}{minutes // 60:02}:{minutes % 60:02}{tail}"


_SIXTY = tuple(f":{number:02}" for number in range(60))


def clock_periods(name: str, unit: int, since: Instant) -> Iterator[tuple[str, Instant, Instant]]:
    """(label, begin, end) of the clock periods of `unit` microseconds, from the one that holds `since`, without end.

    Plain additions within a span; the zone is asked only where one ends. The hottest loop of the clock.
    """
    here = zone(name)
    begin = here.boundary_before(since, unit)
    with_seconds = unit < MINUTE
    while here.day_of(begin) < LAST_DAY:
        span = here.span_at(begin)
        suffix = offset_text(span.offset)
        minute, prefix = -1, ""
        while begin < span.ends_at:
            end = Instant(begin + unit)
            if end >= span.ends_at or (begin + span.offset) % unit:
                end = here.boundary_after(begin, unit)
            now_minute, second = divmod((begin + span.offset) // SECOND, 60)
            if now_minute != minute:
                minute = now_minute
                prefix = (EPOCH + timedelta(minutes=minute)).isoformat()[:16]
            shown = _SIXTY[second] if with_seconds or second else ""
            yield f"{prefix}{shown}{suffix}", begin, end
            begin = end


def day_periods(name: str, since: Instant, period_of: PeriodOf) -> Iterator[tuple[str, Instant, Instant]]:
    """(label, begin, end) of periods of whole civil days, from one at or before the one that holds `since`.

    One whose days the zone skipped is left out.
    """
    here = zone(name)
    label, first, following = period_of(here.day_of(since) - 1)
    begin = here.midnight(first)
    while following < LAST_DAY:
        end = here.midnight(following)
        if begin < end:
            yield label, begin, end
        begin = end
        label, _, following = period_of(following)


def days(name: str, since: Instant) -> Iterator[tuple[date, Instant, Instant]]:
    """(date, begin, end) of the civil days, from the one before that holds `since`; a skipped day is none."""
    here = zone(name)
    first = here.day_of(since) - 1
    midnights = ((day, here.midnight(day)) for day in range(first, LAST_DAY))
    for (day, begin), (_, end) in pairwise(midnights):
        if begin < end:
            yield date.fromordinal(day), begin, end
