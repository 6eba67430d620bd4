"""A rule's occurrences chosen, or moved, by the days they fall on.

`Filtered` keeps those on the days of `only` and drops those on the days of `without`; `Shifted` moves a moment that
falls on no workday to the next or the previous one, at the same civil time, and two that meet are one. A day is that of
the rule's own zone: the one on which a moment comes, or a period ends.

What was announced counts for an occurrence if that was before its own instant: a moment is put off by what is known
when it is due, and brought forward by what is known at the earlier instant. So nothing announced later takes back a
tick that went out, or asks for one that should have.

It refuses to move periods, to guess behind a calendar's end, and to search for ever: where 50 years keep none, there is
none to come.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import reduce
from heapq import heappop, heappush
from itertools import chain
from typing import Any

from passage_clock import civil
from passage_clock.calendars import Calendar
from passage_clock.errors import ScheduleError
from passage_clock.rules.composed import GIVES_UP_AFTER, earliest, joined, latest
from passage_clock.rules.dayset import LONGEST_CLOSURE, DaySet, KnownDays, Shift
from passage_clock.rules.rule import Occurrence, Rule
from passage_schemas.instant import Instant

WALKED = 1_000
"""Occurrences in a row that are dropped one by one, before the next day that is kept is looked for: a filter of seconds
would else walk through a year of them."""


@dataclass(frozen=True, slots=True)
class Filtered:
    """The rule's occurrences on a day of one of `only` (empty: on any day) and of none of `without`."""

    rule: Rule
    only: tuple[DaySet, ...] = ()
    without: tuple[DaySet, ...] = ()

    @property
    def zone(self) -> str:
        return self.rule.zone

    @property
    def event(self) -> str:
        return self.rule.event

    @property
    def data(self) -> str | None:
        return joined((self.rule.data, *(label for days in self._sets for label in days.data)))

    @property
    def known_from(self) -> Instant | None:
        first = self._known.first
        return latest((self.rule.known_from, None if first is None else civil.zone(self.zone).midnight(first)))

    @property
    def known_until(self) -> Instant | None:
        end = self._known.end
        known = None if end is None else Instant(civil.zone(self.zone).midnight(end) + 1)  # where a period may end
        return earliest((self.rule.known_until, known))

    @property
    def definition(self) -> Mapping[str, Any]:
        decided = dict(self.rule.definition)
        for word, sets in (("only", self.only), ("except", self.without)):
            if sets:
                decided[word] = [days.definition for days in sets]
        return decided

    def as_of(self, instant: Instant) -> "Filtered":
        only, without = (tuple(days.as_of(instant) for days in sets) for sets in (self.only, self.without))
        return Filtered(self.rule.as_of(instant), only, without)

    def occurrences(self, since: Instant) -> Iterator[Occurrence]:
        known, keeps, reached = self._known, self._judge(), Instant(since - 1)
        coming, dropped = self.rule.occurrences(since), 0
        last_kept: int | None = None
        while (occurrence := next(coming, None)) is not None:
            if dropped and occurrence.ends_at <= reached:
                continue
            day, reached = self._day_of(occurrence), occurrence.ends_at
            if known.end is not None and day >= known.end:
                return
            if known.holds(day) and keeps(day, occurrence.ends_at):
                dropped, last_kept = 0, None
                yield occurrence
                continue
            dropped, last_kept = dropped + 1, last_kept or occurrence.ends_at
            if occurrence.ends_at > last_kept + GIVES_UP_AFTER:
                return
            if dropped % WALKED == 0:
                coming = self._from_the_next(day)

    def _from_the_next(self, day: int) -> Iterator[Occurrence]:
        """The rule's occurrences from the next day on that is kept, or may be; none if there is none."""
        here, known, settled_at = civil.zone(self.zone), self._known, self._settled_at
        for ahead in range(max(day + 1, known.first or 0), min(day + GIVES_UP_AFTER // civil.DAY, civil.LAST_DAY)):
            if known.end is not None and ahead >= known.end:
                break
            begin = here.midnight(ahead)
            if (settled_at is not None and begin <= settled_at) or self._holds(date.fromordinal(ahead), None):
                return self.rule.occurrences(Instant(begin - 1))
        return iter(())

    @property
    def _sets(self) -> tuple[DaySet, ...]:
        return self.only + self.without

    @property
    def _known(self) -> KnownDays:
        """The days of which all sets know."""
        return reduce(KnownDays.both, (days.known for days in self._sets), KnownDays())

    @property
    def _settled_at(self) -> Instant | None:
        """After it nothing depends on what was announced when."""
        return latest(days.settled_at for days in self._sets)

    def _day_of(self, occurrence: Occurrence) -> int:
        is_period = occurrence.starts_at < occurrence.ends_at
        return civil.zone(self.zone).day_of(occurrence.ends_at - 1 if is_period else occurrence.ends_at)

    def _judge(self) -> Callable[[int, Instant], bool]:
        """Says of a day whether it is kept at this instant. The answer is remembered, unless news may yet change it."""
        settled_at = self._settled_at
        asked: tuple[int, Instant | None] | None = None
        answer = False

        def keeps(day: int, instant: Instant) -> bool:
            nonlocal asked, answer
            known_at = instant if settled_at is not None and instant <= settled_at else None
            if asked != (day, known_at):
                asked, answer = (day, known_at), self._holds(date.fromordinal(day), known_at)
            return answer

        return keeps

    def _holds(self, day: date, known_at: Instant | None) -> bool:
        if self.only and not any(days.holds(day, self.zone, known_at) for days in self.only):
            return False
        return not any(days.holds(day, self.zone, known_at) for days in self.without)


@dataclass(frozen=True, slots=True)
class Shifted:
    """The rule's moments, each on a workday of the calendar. Raises ScheduleError for periods."""

    rule: Rule
    shift: Shift
    calendar: Calendar

    def __post_init__(self) -> None:
        if self.shift not in ("next", "previous"):
            raise ScheduleError(f"shift: {self.shift!r} is none; write next or previous")
        if self.rule.definition.get("calendar", self.calendar.definition) != self.calendar.definition:
            raise ScheduleError("calendar: the rule has another already; shift it inside any_of: to use this one")
        here = civil.zone(self.zone)
        first = next(self.rule.occurrences(self.rule.known_from or Instant(0)), None)
        if first is not None and here.day_of(first.starts_at) != here.day_of(first.ends_at):
            raise ScheduleError(f"shift: moves moments, and {first.period} is a period; give the rule a time by at:")

    @property
    def zone(self) -> str:
        return self.rule.zone

    @property
    def event(self) -> str:
        return self.rule.event

    @property
    def data(self) -> str | None:
        return joined((self.rule.data, self.calendar.label))

    @property
    def known_from(self) -> Instant | None:
        here = civil.zone(self.zone)
        first = self._first_day
        if self.shift == "next":  # what comes before could still be moved to the first workday
            first = self._sure_workday(first, 1) + 1
        return latest((self.rule.known_from, here.midnight(first)))

    @property
    def known_until(self) -> Instant | None:
        here = civil.zone(self.zone)
        end, rule_ends_at = self._end_day, self.rule.known_until
        if self.shift == "next":
            return earliest((rule_ends_at, here.midnight(end)))
        if rule_ends_at is not None:
            end = min(end, here.day_of(rule_ends_at))
        return here.midnight(self._sure_workday(end - 1, -1))  # what comes behind could still be moved to that one

    @property
    def definition(self) -> Mapping[str, Any]:
        return {**self.rule.definition, "shift": self.shift, "calendar": self.calendar.definition}

    def as_of(self, instant: Instant) -> "Shifted":
        return Shifted(self.rule.as_of(instant), self.shift, self.calendar.as_of(instant))

    def occurrences(self, since: Instant) -> Iterator[Occurrence]:
        """What was moved waits until nothing can come before it any more."""
        here = civil.zone(self.zone)
        known_from, known_until = self.known_from, self.known_until
        assert known_from is not None
        assert known_until is not None
        waiting: list[tuple[Instant, str]] = []
        last = Occurrence("", Instant(-1), Instant(-1))
        for one in chain(self.rule.occurrences(self._begin(since)), (Occurrence("", known_until, known_until),)):
            if one.ends_at >= known_until:
                settled = known_until
            elif self.shift == "next":
                settled = one.ends_at
            else:
                settled = here.midnight(self._sure_workday(here.day_of(one.ends_at), -1))
            while waiting and waiting[0][0] < settled:
                instant, label = heappop(waiting)
                if instant > last.ends_at and label != last.period:
                    last = Occurrence(label, instant, instant)
                    yield last
            if one.ends_at >= known_until:
                return
            instant_or_none = self._lands_at(one)
            if instant_or_none is not None and instant_or_none >= known_from:
                heappush(waiting, (instant_or_none, self._label(one, instant_or_none)))

    @property
    def _first_day(self) -> int:
        return date(self.calendar.first_year, 1, 1).toordinal()

    @property
    def _end_day(self) -> int:
        return date(self.calendar.last_year, 12, 31).toordinal() + 1

    def _begin(self, since: Instant) -> Instant:
        """From where the rule must be asked: what comes before a workday lands on it at the latest."""
        here = civil.zone(self.zone)
        if self.shift == "previous":  # the whole day, since of two that meet the first is named
            return Instant(here.midnight(here.day_of(since)) - 1)
        return Instant(here.midnight(self._sure_workday(here.day_of(since) - 1, -1)) - 1)

    def _lands_at(self, one: Occurrence) -> Instant | None:
        """When this moment is due; None: where the calendar knows nothing, or in a gap that is skipped."""
        here = civil.zone(self.zone)
        day = here.day_of(one.ends_at)
        if not self._first_day <= day < self._end_day:
            return None
        time_us = here.local(one.ends_at) % civil.DAY
        if self.shift == "next":
            if self.calendar.counts(date.fromordinal(day), one.ends_at):
                return one.ends_at
            return self._on_workday(range(day + 1, self._end_day), time_us)
        ahead = self._on_workday(range(day - 1, self._first_day - 1, -1), time_us)
        known_at = one.ends_at if ahead is None else ahead
        return one.ends_at if self.calendar.counts(date.fromordinal(day), known_at) else ahead

    def _on_workday(self, days: range, time_us: int) -> Instant | None:
        said = self.rule.definition
        for day in days[:LONGEST_CLOSURE]:
            for instant in civil.civil_instants(
                self.zone, day, time_us, said.get("gap", "next"), "second" if said.get("fold") == "second" else "first"
            ):
                if self.calendar.counts(date.fromordinal(day), instant):
                    return instant
        return None

    def _sure_workday(self, day: int, step: int) -> int:
        """The first day from here on or back that is a workday at each hour of it; the calendar's edge, if none is."""
        here = civil.zone(self.zone)
        day = min(max(day, self._first_day), self._end_day - 1)
        while self._first_day <= day < self._end_day:
            edges = here.midnight(day), here.midnight(day + 1)
            if all(self.calendar.counts(date.fromordinal(day), known_at) for known_at in edges):
                return day
            day += step
        return min(max(day, self._first_day), self._end_day - 1)

    def _label(self, one: Occurrence, instant: Instant) -> str:
        if "T" in one.period:
            return civil.moment_label(self.zone, instant)
        return date.fromordinal(civil.zone(self.zone).day_of(instant)).isoformat()
