"""Schedules: a rule under a stable name, with what the user decided about its ticks.

Pure. Whatever a zone does to its clocks, the ends strictly increase and labels are unique.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from passage_clock.calendars import Calendar
from passage_clock.errors import ScheduleError
from passage_clock.rules.days import workdays
from passage_clock.rules.periods import PERIODS, Every, Period
from passage_clock.rules.rule import Occurrence, Rule
from passage_schemas.instant import Instant, datetime_of

Misfire = Literal["publish_all", "coalesce", "skip"]
OnChange = Literal["refuse", "keep"]

GRACE_SECONDS = 60.0
"""How late an occurrence may be before a misfire policy takes it for missed: longer than any fail-over takes."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """A rule under a stable name: ticks are counted under it.

    `event` defaults by the rule. With `starts_at` the first occurrence is the first whole period from there; without,
    the schedule starts where it was first promised.

    `misfire` says what becomes of occurrences that are late when the clock comes to them: each gets its tick; one tick
    stands for all; or those later than `misfire_grace_seconds` get none. `keep_days`: how long its ticks are kept, for
    ever if None. `on_change`: whether a definition that contradicts its published ticks is refused, or they are kept
    and only the future changes.
    """

    name: str
    rule: Rule
    event: str = ""
    starts_at: Instant | None = None
    misfire: Misfire = "publish_all"
    misfire_grace_seconds: float = GRACE_SECONDS
    keep_days: int | None = None
    on_change: OnChange = "refuse"

    def __post_init__(self) -> None:
        if self.keep_days is not None and self.keep_days < 1:
            raise ScheduleError(f"{self.name}: keep_days: {self.keep_days} would let the last tick go; write 1 or more")
        if not self.event:
            object.__setattr__(self, "event", self.rule.event)

    @property
    def zone(self) -> str:
        return self.rule.zone

    @property
    def definition(self) -> str:
        """SHA-256, in hex, of `definition_text`."""
        return hashlib.sha256(self.definition_text.encode()).hexdigest()

    @property
    def definition_text(self) -> str:
        """What the user decided about which ticks come, as canonical JSON in the configuration's own words: sorted
        keys, no spaces. Not which data it was worked out with."""
        decided = {**self.rule.definition, "event": self.event}
        if self.misfire != "publish_all":
            decided["misfire"] = self.misfire
            if self.misfire_grace_seconds != GRACE_SECONDS:
                decided["misfire_grace_seconds"] = self.misfire_grace_seconds
        if self.starts_at is not None and "starts_at" not in decided:  # a rule that counts from it says it itself
            decided["starts_at"] = datetime_of(self.starts_at).isoformat()
        return json.dumps(decided, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    def occurrences(self, after: Instant | None) -> Iterator[Occurrence]:
        """All occurrences with ends_at > after, lazily; None: from `starts_at`. Never one that begins before it.

        Ends only where the rule's data ends. Raises ValueError with neither `after` nor `starts_at`.
        """
        floor = after if self.starts_at is None else Instant(self.starts_at - 1)  # a moment may come right then
        if floor is None:
            raise ValueError(f"{self.name} has no starts_at, so where it starts must be told")
        bound = floor if after is None else max(after, floor)
        found = self.rule.occurrences(bound)
        for occurrence in found:
            if occurrence.ends_at > bound and (self.starts_at is None or occurrence.starts_at >= self.starts_at):
                yield occurrence
                break
        yield from found

    def first_promise(self, now: Instant) -> Instant | None:
        """The `next_at` to record for a schedule the log has never heard of: its first occurrence from `starts_at`, or
        without one the first that ends after now. None: nothing is known to come."""
        first = next(self.occurrences(None if self.starts_at is not None else now), None)
        return first.ends_at if first else None


def periodic(
    name: str,
    every: Period | Literal["workday"],
    zone: str,
    event: str = "",
    calendar: Calendar | None = None,
    starts_at: Instant | None = None,
) -> Schedule:
    """A schedule of plain periods, or of a calendar's workdays. Raises ZoneError, ScheduleError for a contradiction."""
    if every != "workday":
        if calendar is not None:
            raise ScheduleError(f"{name}: a calendar chooses workdays; every: {every} has no use for it")
        return Schedule(name, Every(every, zone), event, starts_at)
    if calendar is None:
        raise ScheduleError(f"{name}: a workday needs a calendar; add calendar: with a country, e.g. NL")
    return Schedule(name, workdays(calendar, zone), event, starts_at)


__all__ = ["PERIODS", "Misfire", "Occurrence", "OnChange", "Period", "Rule", "Schedule", "periodic"]
