"""The instants of a log's lines, whose stamps may leave out the year, the offset, or both: found by their order.

A log is written in the order of time. So a stamp without a year is of the last year in which it comes before the line
behind it, and the last line's is the last that had come when the log was read; and where the zone has a time twice, it
is the first pass until the clock goes back. Refuses a date that no year has.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from passage_clock import civil
from passage_clock.errors import ClockError
from passage_schemas.instant import EPOCH, MICROSECOND, Instant, instant_of

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_YEARLESS = re.compile(r"([A-Z][a-z]{2})\s+(\d{1,2}) (\d\d):(\d\d):(\d\d)(\.\d+)?")

AHEAD = timedelta(days=1)
"""How far a line may be ahead of when the log was read: the machine that wrote it has a clock and a zone of its own."""

BACK = timedelta(hours=3)
"""How far a line may go back behind the one before, and no year lie between: more than any zone's clocks do."""

JITTER = 60 * civil.SECOND
"""How far lines overtake each other while the clock does not go back."""

YEARS_BACK = 9
"""Within so many years each date has been, also a 29 February around 2100."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line's stamp as it stands, and what it says was run: two runs of one thing in one minute of the clock are of
    two passes, for a scheduler starts a job once a minute."""

    stamp: str
    ran: str | None = None


def instants(lines: Sequence[Line], zone: str, read_at: Instant) -> list[Instant]:
    """Of each line, when it was written. Raises ClockError for what is no stamp."""
    return list(_passes(lines, _dated([line.stamp for line in lines], zone, read_at), zone))


def _dated(stamps: Sequence[str], zone: str, read_at: Instant) -> list[datetime]:
    """Backwards from the end: each with its year, aware where it says its offset."""
    found: list[datetime] = []
    behind = civil.civil_of_instant(read_at, zone) + AHEAD
    for stamp in reversed(stamps):
        seen = _YEARLESS.fullmatch(stamp)
        moment = _full(stamp) if seen is None else _with_year(seen, behind)
        found.append(moment)
        at = moment.replace(tzinfo=None) if moment.tzinfo is None else civil.civil_of_instant(instant_of(moment), zone)
        behind = at + BACK
    return found[::-1]


def _with_year(seen: re.Match[str], latest: datetime) -> datetime:
    month, day, hour, minute, second, fraction = seen.groups()
    if month in _MONTHS:
        micros = round(float(fraction or 0) * 1_000_000)
        for year in range(latest.year, latest.year - YEARS_BACK, -1):
            try:
                moment = datetime(year, _MONTHS.index(month) + 1, int(day), int(hour), int(minute), int(second), micros)  # noqa: DTZ001
            except ValueError:
                continue
            if moment <= latest:
                return moment
    raise ClockError(f"{seen[0]!r} in the log is no time that any year has")


def _full(stamp: str) -> datetime:
    try:
        return datetime.fromisoformat(stamp)
    except ValueError as error:
        raise ClockError(f"{stamp!r} in the log is no time; write 2026-11-20T09:00:00+01:00") from error


def _passes(lines: Iterable[Line], dated: Iterable[datetime], zone: str) -> Iterator[Instant]:
    """Forwards: which pass of a time that comes twice."""
    latest = Instant(0)
    last_minute: dict[str, int] = {}
    for line, moment in zip(lines, dated, strict=True):
        if moment.tzinfo is not None:
            at = instant_of(moment)
        else:
            local = (moment.replace(tzinfo=UTC) - EPOCH) // MICROSECOND
            passes = civil.zone(zone).passes(local) or [civil.zone(zone).resolve(local)]
            again = line.ran is not None and last_minute.get(line.ran) == local // civil.MINUTE
            went_back = passes[0] + JITTER < latest <= passes[0] + BACK // MICROSECOND
            is_second = len(passes) > 1 and (went_back or again)
            at = passes[-1 if is_second else 0]
            if line.ran is not None:
                last_minute[line.ran] = local // civil.MINUTE
        latest = max(latest, at)
        yield at
