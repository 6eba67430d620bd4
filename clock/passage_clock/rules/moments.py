"""From civil times to moments: what a zone's gaps and folds make of them, in order and each once.

Shared by the rules that say when on the clock of a town: cron, RRULE. It refuses to choose the civil times.

A civil time is an instant by the zone, the `gap` and the `fold`; two that come to one instant are one (every five
minutes of a skipped hour are all the end of the gap). With `fold: both` the second pass of 02:00 comes after the first
of 02:55, and with `gap: shift` a skipped 02:30 after 03:00, so moments wait until nothing earlier can follow.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from heapq import heappop, heappush
from typing import get_args

from passage_clock import civil
from passage_clock.civil import FoldPass, Gap
from passage_clock.rules.rule import Occurrence
from passage_schemas.instant import Instant

EVENT = "TimeHasCome"
"""What a moment's tick is called unless the user says otherwise."""

SKIPPED_DAYS = 50 * 366
"""Where all times of so long are in gaps that are skipped, there is none to come: `30 2 * 3 0L` in Amsterdam."""

_Pending = list[tuple[Instant, bool, int]]


def local_from(zone: str, since: Instant) -> int:
    """From which civil time on (microseconds since the clock's own 1970) none is missed whose moment is after `since`:
    what the clock says then; two days less where the zone moves its clocks near by."""
    here = civil.zone(zone)
    span = here.span_at(since)
    steady = span.begins_at + civil.WIDEST_SHIFT <= since < span.ends_at - civil.WIDEST_SHIFT
    return since + span.offset - (0 if steady else civil.WIDEST_SHIFT + civil.DAY)


def moments(
    zone: str, times: Iterable[tuple[int, int]], gap: Gap, fold: FoldPass, by_date: bool = False
) -> Iterator[Occurrence]:
    """The occurrences of these civil times, which come in order: (the date's ordinal, microseconds since midnight).

    A label is the civil time with its offset, or with `by_date` the date alone (for at most one time a day); that of a
    day which the zone left out is `2011-12-30/skipped`, unless a day that was had a time at the same instant.
    """
    here = civil.zone(zone)
    pending: _Pending = []
    day_seen, skipped = 0, False
    steady_from = steady_to = offset = 0
    silent_since = 0
    by_date = by_date and fold != "both"
    for day, time_us in times:
        local = (day - civil.EPOCH_DAY) * civil.DAY + time_us
        if not steady_from <= local < steady_to:
            span = here.span_at(local - civil.WIDEST_SHIFT)
            offset = span.offset
            steady_from = span.begins_at + offset + civil.WIDEST_SHIFT
            steady_to = span.ends_at + offset - civil.WIDEST_SHIFT
        if steady_from <= local < steady_to:  # no doubt is near, which is nearly always
            while pending:
                yield _next(pending, zone, by_date)
            yield _occurrence(zone, Instant(local - offset), day, by_date, skipped=False)
            silent_since = 0
            continue
        instants = civil.civil_instants(zone, day, time_us, gap, fold)
        if not instants:
            silent_since = silent_since or day
            if day > silent_since + SKIPPED_DAYS:
                break
            continue
        silent_since = 0
        if day != day_seen:
            # Shifted, the times of such a day stay apart, so only a date needs to be told from its neighbour's.
            day_seen, skipped = day, (by_date or gap != "shift") and civil.is_skipped(zone, day)
        settled = min(instants[0], here.resolve(local))  # later civil times come to no earlier instant
        while pending and pending[0][0] < settled:
            yield _next(pending, zone, by_date)
        for instant in instants:
            heappush(pending, (instant, skipped, day))
    while pending:
        yield _next(pending, zone, by_date)


def _next(pending: _Pending, zone: str, by_date: bool) -> Occurrence:
    instant, skipped, day = heappop(pending)
    while pending and pending[0][0] == instant:
        heappop(pending)
    return _occurrence(zone, instant, day, by_date, skipped)


def _occurrence(zone: str, instant: Instant, day: int, by_date: bool, skipped: bool) -> Occurrence:
    if skipped:
        return Occurrence(f"{date.fromordinal(day).isoformat()}/skipped", instant, instant)
    label = date.fromordinal(day).isoformat() if by_date else civil.moment_label(zone, instant)
    return Occurrence(label, instant, instant)


def wrong_policy(gap: str, fold: str) -> str | None:
    """What is wrong with these two, in a line; None: nothing."""
    if gap not in get_args(Gap):
        return f"gap: {gap!r} is none; write next, skip, previous or shift"
    return None if fold in ("first", "second", "both") else f"fold: {fold!r} is none; write first, second or both"


def said(gap: Gap, fold: FoldPass) -> dict[str, str]:
    """The two as a definition holds them: only what isn't the default."""
    return {name: word for name, word, default in (("gap", gap, "next"), ("fold", fold, "first")) if word != default}
