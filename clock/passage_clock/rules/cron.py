"""Cron expressions: five fields, or six with seconds first; L, LW, 15W, 5L, 5#2; ? is * in a field of days.

cronsim reads the fields and says which days match; the rule names those days' civil times, and the zone, `gap` and
`fold` make instants of them. So a cron is never moved by cronsim's own notion of daylight saving.

What differs from Debian's cron, which runs a job with `*` in its minute or hour by real time and any other by civil
time: here the policy decides for both alike. By default a skipped time is due at the end of the gap and a repeated one
once, at the first pass: `*/5 * * * *` rests in the second pass, unless `fold: both` names each pass.

Where the hour is a wildcard, an expression says how often rather than when, and no cron makes up for a time that was
skipped: a day of 23 hours has 23. So `gap: next` passes it over there.

As in Debian's, a day must match both day fields if one of them begins with `*`, else either. 15W is the weekday nearest
to the 15th, in the same month. 1/2 among the weekdays goes up to Saturday: Sunday is 0, and not 7 once more. It refuses
an expression that never fires, a step that leaves its field, and a ? that is no day.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import product
from typing import Any

from cronsim import CronSim, CronSimError

from passage_clock import civil
from passage_clock.civil import FoldPass, Gap
from passage_clock.errors import ScheduleError
from passage_clock.rules.moments import EVENT, local_from, moments, said, wrong_policy
from passage_clock.rules.rule import ByTheZone, Occurrence
from passage_schemas.instant import Instant

NEAREST_WEEKDAY = re.compile(r"(\d{1,2})W")

RANGES = "write minutes 0-59, hours 0-23, days 1-31 or L, months 1-12, weekdays 0-7 from Sunday"

_PARTS = (("seconds", 60), ("minutes", 60), ("hours", 24), ("days", 31), ("months", 12), ("weekdays", 7))
"""By name, and how many values each has."""

YEARS_SEARCHED = 50
"""An expression that doesn't fire in so many years never does: the rarest day, a 29 February on a given weekday, comes
again after 40 at most (over 2100)."""


@dataclass(frozen=True, slots=True)
class Cron(ByTheZone):
    """The moments a cron expression names on the zone's clock. Raises ZoneError, ScheduleError."""

    expression: str
    zone: str
    gap: Gap = "next"
    fold: FoldPass = "first"

    def __post_init__(self) -> None:
        civil.zone(self.zone)
        if wrong := wrong_policy(self.gap, self.fold):
            raise ScheduleError(wrong)
        _fields(self.expression)

    @property
    def event(self) -> str:
        return EVENT

    @property
    def definition(self) -> Mapping[str, Any]:
        return {"cron": self.expression, "zone": self.zone, **said(self.gap, self.fold)}

    def occurrences(self, since: Instant) -> Iterator[Occurrence]:
        fields = _fields(self.expression)
        times = fields.civil_times(local_from(self.zone, since))
        gap = "skip" if fields.any_hour and self.gap == "next" else self.gap
        return moments(self.zone, times, gap, self.fold, by_date=len(fields.times) == 1)


@dataclass(frozen=True, slots=True)
class _Fields:
    """What an expression says: on which days, and at which times of such a day (microseconds)."""

    times: tuple[int, ...]
    days: CronSim
    any_hour: bool
    any_day_of_month: bool
    nearest_weekday_to: tuple[int, ...]

    def on(self, day: date) -> bool:
        if day.month not in self.days.months:
            return False
        of_month = (self.any_day_of_month and self.days.match_dom(day)) or self._near(day)
        of_week = self.days.match_dow(day)
        return (of_month and of_week) if self.days.day_and else (of_month or of_week)

    def _near(self, day: date) -> bool:
        return any(day == _nearest_weekday(day, wanted) for wanted in self.nearest_weekday_to)

    def civil_times(self, local: int) -> Iterator[tuple[int, int]]:
        """(day, time) of all from this civil time on."""
        first, since_midnight = divmod(local, civil.DAY)
        for day in range(first + civil.EPOCH_DAY, civil.LAST_DAY):
            if self.on(date.fromordinal(day)):
                for time_us in self.times:
                    if time_us >= since_midnight:
                        yield day, time_us
            since_midnight = 0


def _nearest_weekday(day: date, wanted: int) -> date | None:
    """Of the month of `day`: the weekday nearest to its day `wanted`, never in another month."""
    try:
        there = day.replace(day=wanted)
    except ValueError:
        return None
    if there.weekday() == 5:
        return there + timedelta(days=2 if wanted == 1 else -1)
    if there.weekday() == 6:
        after = there + timedelta(days=1)
        return after if after.month == there.month else there - timedelta(days=2)
    return there


@lru_cache(maxsize=4096)
def _fields(expression: str) -> _Fields:
    words = expression.upper().split()
    example = "write five fields, e.g. '30 9 L * *', or six with seconds first"
    if len(words) not in (5, 6):
        raise ScheduleError(f"cron: {expression!r} has {len(words)} fields; {example}")
    for place in (-3, -1):
        words[place] = "*" if words[place] == "?" else words[place]
    for (name, values), word in zip(_PARTS[-len(words) :], words, strict=True):
        if wrong := _wrong(name, values, word):
            raise ScheduleError(f"cron: {expression!r}: {wrong}; {example}")
    words[-1] = ",".join(_up_to_saturday(word) for word in words[-1].split(","))
    of_month = words[-3].split(",")
    nearest = tuple(int(seen[1]) for word in of_month if (seen := NEAREST_WEEKDAY.fullmatch(word)))
    plain = [word for word in of_month if not NEAREST_WEEKDAY.fullmatch(word)]
    if any(not 1 <= wanted <= 31 for wanted in nearest):
        raise ScheduleError(f"cron: {expression!r}: bad day-of-month, there is no such day; {example}")
    words[-3] = ",".join(plain) or "1"
    try:
        days = CronSim(" ".join(words), datetime(1999, 12, 31))  # noqa: DTZ001 - civil, of no zone
    except (CronSimError, AssertionError) as error:
        what = _lower(str(error)) or "unreadable"
        what += ", or one that never comes" * ("day-of-month" in what)
        raise ScheduleError(f"cron: {expression!r}: {what}; {RANGES}") from error
    units = product(sorted(days.hours), sorted(days.minutes), sorted(days.seconds))
    times = tuple(((hour * 60 + minute) * 60 + second) * civil.SECOND for hour, minute, second in units)
    fields = _Fields(times, days, words[-4].startswith("*"), bool(plain), nearest)
    begin = date(2000, 1, 1).toordinal()
    if not any(fields.on(date.fromordinal(day)) for day in range(begin, begin + YEARS_SEARCHED * 366)):
        raise ScheduleError(f"cron: {expression!r} never fires: no month has such a day; {example}")
    return fields


def _wrong(name: str, values: int, word: str) -> str | None:
    """What is wrong with a field that cronsim would take, in words."""
    if "?" in word:
        return f"a ? in the {name}; it stands for any day, alone in a field of days"
    steps = [int(step) for step in re.findall(r"/(\d+)", word)]
    too_far = next((step for step in steps if step > values), None)
    return None if too_far is None else f"a step of {too_far} leaves the {name}, of which there are {values}"


def _up_to_saturday(word: str) -> str:
    """Of the weekdays from one on, in steps: cronsim would go on to 7, which is Sunday again."""
    seen = re.fullmatch(r"(\w+)/(\d+)", word)
    return word if seen is None else f"{'0' if seen[1] == '7' else seen[1]}-6/{seen[2]}"


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
