"""Every n-th occurrence of another rule, counted from an anchor: bi-weekly is every second week.

The count begins with the first occurrence that starts at the anchor or later, so it is the same from wherever one
looks. Periods are joined: two weeks from the first's begin to the last's end, under the last one's label. Of moments
the n-th is named, alone.

Only the count says which is the n-th, so the rule is walked from its anchor each time a plan is made. Seconds, minutes
and hours are counted by arithmetic instead; another rule as fine as those is refused, at once: after years it would
take minutes to count.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import dropwhile, islice, takewhile
from typing import Any

from passage_clock import civil
from passage_clock.errors import ScheduleError
from passage_clock.rules.periods import Every, clock_unit
from passage_clock.rules.rule import Occurrence, Rule
from passage_schemas.instant import Instant

MOST_COUNTED = 100_000
"""One after so many is counted in a second or two; of days it comes after 273 years."""

FINEST, FINEST_WITHIN = 1_000, 30 * civil.DAY
"""A rule that names so many within that time is too fine to be walked: of the hours, 25 years take a second or two."""


@dataclass(frozen=True, slots=True)
class Nth:
    """Every n-th occurrence of `of`. `starts_at`: the anchor, on the clock of the rule's zone. Raises ScheduleError."""

    n: int
    of: Rule
    starts_at: datetime

    def __post_init__(self) -> None:
        if not 2 <= self.n <= MOST_COUNTED:
            raise ScheduleError(f"every_nth: {self.n} won't do; write 2 to {MOST_COUNTED}, e.g. 2 for every second")
        if self.starts_at.tzinfo is not None:
            raise ScheduleError(f"starts_at: {self.starts_at} has an offset; leave it out, it is read in {self.zone}")
        if _is_too_fine(self.of, civil.instant_of_civil(self.starts_at, self.zone)):
            raise ScheduleError(
                f"every_nth: {self.n}: {FINEST} occurrences within {FINEST_WITHIN // civil.DAY} days are too many to "
                "count for years; count a coarser rule, or every: 5 minutes and the like"
            )

    @property
    def zone(self) -> str:
        return self.of.zone

    @property
    def event(self) -> str:
        """Every2ndWeekHasPassed: not what a single one is called, or who takes all of those would take these."""
        return f"Every{_ordinal(self.n)}{self.of.event}"

    @property
    def data(self) -> str | None:
        return self.of.data

    @property
    def known_from(self) -> Instant | None:
        return self.of.known_from

    @property
    def known_until(self) -> Instant | None:
        return self.of.known_until

    @property
    def definition(self) -> Mapping[str, Any]:
        return {"every_nth": self.n, "of": self.of.definition, "starts_at": self.starts_at.isoformat()}

    def as_of(self, instant: Instant) -> "Nth":
        return Nth(self.n, self.of.as_of(instant), self.starts_at)

    def occurrences(self, since: Instant) -> Iterator[Occurrence]:
        anchor = civil.instant_of_civil(self.starts_at, self.zone)
        begin = _begin_of_a_group(self.of, self.n, anchor, since)
        coming = dropwhile(lambda one: one.starts_at < begin, self.of.occurrences(Instant(begin - 1)))
        while len(group := tuple(islice(coming, self.n))) == self.n:
            if group[-1].ends_at > since:
                yield _joined(group)


def _is_too_fine(rule: Rule, anchor: Instant) -> bool:
    if isinstance(rule, Every):
        return False
    first = list(islice(takewhile(lambda one: one.ends_at < anchor + FINEST_WITHIN, rule.occurrences(anchor)), FINEST))
    return len(first) == FINEST


def _joined(group: tuple[Occurrence, ...]) -> Occurrence:
    first, last = group[0], group[-1]
    is_moment = last.starts_at == last.ends_at
    return last if is_moment else Occurrence(last.period, first.starts_at, last.ends_at)


def _begin_of_a_group(rule: Rule, n: int, anchor: Instant, since: Instant) -> Instant:
    """From where to walk: the anchor, or for a clock's periods the begin of a group that holds `since`."""
    unit = clock_unit(rule.period) if isinstance(rule, Every) else None
    if unit is None or since <= anchor:
        return anchor
    first = civil.zone(rule.zone).boundary_after(anchor - 1, unit)
    return _back(rule.zone, unit, since, _boundaries(rule.zone, unit, first, since) % n) if first < since else anchor


def _boundaries(name: str, unit: int, after: Instant, until: Instant) -> int:
    """How many clock periods of `unit` end in (after, until]."""
    here = civil.zone(name)
    count, low = 0, after
    while low < until:
        span = here.span_at(low)
        if span.ends_at > until:
            return count + (until + span.offset) // unit - (low + span.offset) // unit
        count += (span.ends_at - 1 + span.offset) // unit - (low + span.offset) // unit
        low = span.ends_at
        count += here.boundary_before(low, unit) == low
    return count


def _back(name: str, unit: int, instant: Instant, steps: int) -> Instant:
    """The end of the clock period that is so many before the last one to end at or before `instant`."""
    here = civil.zone(name)
    found = here.boundary_before(instant, unit)
    for _ in range(steps):
        found = here.boundary_before(Instant(found - 1), unit)
    return found


def _ordinal(number: int) -> str:
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
