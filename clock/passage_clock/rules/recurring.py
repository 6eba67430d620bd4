"""RRULE (RFC 5545) over civil time: the zone, `gap` and `fold` make instants of what it names.

An RRULE counts from its DTSTART, which is the schedule's `starts_at`; from far later it is not walked from there. Only
COUNT has to be walked. A rule that COUNT or UNTIL ends names nothing more; no data ends there.

dateutil says what can be read at all. What it means the RFC says, and `intervals.py` works out: a week that BYSETPOS
picks from is a whole one, also the first; what BYWEEKNO leaves out is DTSTART's weekday; BYDAY=MO,1TU is both. An UNTIL
in UTC is an instant.

It refuses EXDATE and RDATE (write `except:` and `any_of:`), a rule that never fires, numbers that no month, year or
clock has, a rule that leaves its time to a DTSTART nobody gave, and a DTSTART between two seconds.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from itertools import dropwhile, islice, takewhile
from typing import Any

from dateutil import rrule

from passage_clock import civil
from passage_clock.civil import FoldPass, Gap
from passage_clock.errors import ScheduleError
from passage_clock.rules.intervals import DAYS_BY, FREQUENCIES, LAST_YEAR, Civil, Intervals, civil_of
from passage_clock.rules.moments import EVENT, local_from, moments, said, wrong_policy
from passage_clock.rules.rule import ByTheZone, Occurrence
from passage_schemas.instant import EPOCH, MICROSECOND, Instant

CYCLE_YEARS = 400
"""After which the calendar repeats itself, weekdays and all: a rule that is silent for so long is refused."""

MOST_COUNTED = 100_000
"""A rule that COUNT ends is walked from its start each time: a second of work."""

EXAMPLE = "write e.g. FREQ=MONTHLY;BYDAY=-1FR;BYHOUR=17"

NUMBERS: Mapping[str, range] = {
    "BYSECOND": range(60),
    "BYMINUTE": range(60),
    "BYHOUR": range(24),
    "BYMONTH": range(1, 13),
    "BYMONTHDAY": range(1, 32),
    "BYYEARDAY": range(1, 367),
    "BYWEEKNO": range(1, 54),
    "BYSETPOS": range(1, 367),
    "BYEASTER": range(-80, 251),
}
"""What a part may say. Days from Easter are those that never leave its year."""

FROM_BOTH_ENDS = ("BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYSETPOS")

_FIRST = datetime(1970, 1, 1)  # noqa: DTZ001 - civil, of no zone


@dataclass(frozen=True, slots=True)
class Recurring(ByTheZone):
    """The moments an RRULE names on the zone's clock. `starts_at`: its DTSTART, civil; None only where the rule says
    its day and time itself. Raises ZoneError, ScheduleError."""

    rrule: str
    zone: str
    starts_at: datetime | None = None
    gap: Gap = "next"
    fold: FoldPass = "first"

    def __post_init__(self) -> None:
        civil.zone(self.zone)
        if wrong := wrong_policy(self.gap, self.fold):
            raise ScheduleError(wrong)
        if self.starts_at is not None and self.starts_at.tzinfo is not None:
            raise ScheduleError(f"starts_at: {self.starts_at} has an offset; leave it out, it is read in {self.zone}")
        if self.starts_at is not None and self.starts_at.microsecond:
            raise ScheduleError(f"starts_at: {self.starts_at} lies between two seconds, and an rrule names whole ones")
        parts = _parts(self.rrule)
        if self.starts_at is None and (missing := _left_to_start(parts)):
            raise ScheduleError(f"rrule: {self.rrule!r} {missing}; add starts_at: to say from when, e.g. 2026-01-01")
        _refuse_unreadable(self.rrule, self._start)
        _refuse_if_silent(self.rrule, self._start)
        before = Instant((self._start - _FIRST) // MICROSECOND - 2 * civil.DAY)  # by any zone's clock
        if isinstance(_until(parts), int) and next(self.occurrences(before), None) is None:
            raise _silent(self.rrule, self._start)

    @property
    def event(self) -> str:
        return EVENT

    @property
    def definition(self) -> Mapping[str, Any]:
        start = {} if self.starts_at is None else {"starts_at": self.starts_at.isoformat()}
        return {"rrule": self.rrule, "zone": self.zone, **start, **said(self.gap, self.fold)}

    def occurrences(self, since: Instant) -> Iterator[Occurrence]:
        day, time_us = divmod(local_from(self.zone, since), civil.DAY)
        named = _named(self.rrule, self._start, (day + civil.EPOCH_DAY, time_us // civil.SECOND))
        times = ((day, second * civil.SECOND) for day, second in named)
        found = moments(self.zone, times, self.gap, self.fold, by_date=self._once_a_day)
        until = _until(_parts(self.rrule))
        return found if not isinstance(until, int) else takewhile(lambda one: one.ends_at <= until, found)

    @property
    def _start(self) -> datetime:
        return self.starts_at or _FIRST

    @property
    def _once_a_day(self) -> bool:
        parts = _parts(self.rrule)
        times = ("BYHOUR", "BYMINUTE", "BYSECOND")
        return FREQUENCIES.index(parts["FREQ"]) <= 3 and not any("," in parts.get(part, "") for part in times)


@lru_cache(maxsize=4096)
def _parts(text: str) -> Mapping[str, str]:
    """FREQ, INTERVAL, BYDAY ... as they stand in the text, upper case. Raises ScheduleError."""
    pairs = [part.partition("=") for part in text.upper().removeprefix("RRULE:").removesuffix(";").split(";")]
    parts = {name: value for name, _, value in pairs}
    if len(parts) < len(pairs) or not all(name and value for name, value in parts.items()):
        raise ScheduleError(f"rrule: {text!r} is not NAME=value;NAME=value, each name once; {EXAMPLE}")
    if parts.get("FREQ") not in FREQUENCIES:
        raise ScheduleError(f"rrule: {text!r} has no FREQ of {', '.join(FREQUENCIES)}; {EXAMPLE}")
    if "COUNT" in parts and "UNTIL" in parts:
        raise ScheduleError(f"rrule: {text!r} ends by COUNT and by UNTIL; take one of them out")
    if not re.fullmatch(r"0*[1-9]\d{0,8}", parts.get("INTERVAL", "1")):
        raise ScheduleError(f"rrule: INTERVAL={parts['INTERVAL']} won't do; write a whole number from 1")
    if "BYWEEKDAY" in parts:  # which dateutil reads
        parts["BYDAY"] = parts.pop("BYWEEKDAY")
    for name in NUMBERS:
        if wrong := _wrong_number(name, parts.get(name, "")):
            raise ScheduleError(f"rrule: {name}={parts[name]} won't do: {wrong}")
    count = parts.get("COUNT", "1")
    if not re.fullmatch(r"\d{1,9}", count) or not 1 <= int(count) <= MOST_COUNTED:
        raise ScheduleError(f"rrule: COUNT={count} won't do; write 1 to {MOST_COUNTED}, or UNTIL= with the last time")
    return parts


def _wrong_number(name: str, listed: str) -> str | None:
    """What is wrong with these numbers, in words; what is no number at all is told of later."""
    numbers, both = NUMBERS[name], name in FROM_BOTH_ENDS
    for one in listed.split(","):
        if not re.fullmatch(r"[+-]?\d+", one):
            continue
        seen = int(one[:9])  # so many digits are out of any range
        if both and seen == 0:
            return "there is no 0th; count from 1, or back from -1"
        if (abs(seen) if both else seen) not in numbers:
            back = f", or -1 to -{numbers[-1]} from the end" if both else ""
            return f"there is no {one}; write {numbers[0]} to {numbers[-1]}{back}"
    return None


def _left_to_start(parts: Mapping[str, str]) -> str | None:
    """What the rule takes from its DTSTART, in words; None: nothing."""
    frequency = parts["FREQ"]
    if "COUNT" in parts or int(parts.get("INTERVAL", "1")) > 1:
        return "counts from its start"
    if frequency in DAYS_BY and not any(part in parts for part in DAYS_BY[frequency]):
        return "does not say the day"
    if frequency == "YEARLY" and "BYMONTH" not in parts and "BYMONTHDAY" in parts:
        return None
    if FREQUENCIES.index(frequency) <= 3 and "BYHOUR" not in parts:
        return "does not say the hour"
    return None


def _named(text: str, start: datetime, since: Civil, last_year: int = LAST_YEAR) -> Iterator[Civil]:
    """The civil times of a rule with this DTSTART, from `since` on; those that an UNTIL in UTC ends are among them."""
    parts, begin, until = _parts(text), civil_of(start), _until(_parts(text))
    found = _intervals(text, start).civil_times(begin if "COUNT" in parts else since, last_year)
    if "COUNT" in parts:
        found = dropwhile(lambda one: one < since, islice(found, int(parts["COUNT"])))
    return found if not isinstance(until, tuple) else takewhile(lambda one: one <= until, found)


@lru_cache(maxsize=1024)
def _intervals(text: str, start: datetime) -> Intervals:
    return Intervals(_parts(text), start)


def _until(parts: Mapping[str, str]) -> Instant | Civil | None:
    """The last instant, of a rule that RFC 5545's UNTIL in UTC ends; the last civil time of any other UNTIL. Raises
    ScheduleError."""
    until = parts.get("UNTIL")
    if until is None:
        return None
    try:
        if until.endswith("Z"):
            at = datetime.strptime(until, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
            return Instant((at - EPOCH) // MICROSECOND)
        last = datetime.fromisoformat(until)
    except ValueError:
        last = None
    if last is None or last.tzinfo is not None:
        raise ScheduleError(f"rrule: UNTIL={until} can't be read; write e.g. UNTIL=20261231T170000Z")
    return civil_of(last)


@lru_cache(maxsize=4096)
def _refuse_unreadable(text: str, start: datetime) -> None:
    parts = dict(_parts(text))
    _until(parts)
    parts.pop("UNTIL", None)  # dateutil would fill in from today what it leaves out
    try:
        rrule.rrulestr(";".join(f"{name}={value}" for name, value in parts.items()), dtstart=start)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError) as error:
        raise ScheduleError(f"rrule: {text!r} can't be read: {error}; {EXAMPLE}") from error


@lru_cache(maxsize=4096)
def _refuse_if_silent(text: str, start: datetime) -> None:
    if next(_named(text, start, civil_of(start), start.year + CYCLE_YEARS), None) is None:
        raise _silent(text, start)


def _silent(text: str, start: datetime) -> ScheduleError:
    return ScheduleError(f"rrule: {text!r} never fires from {start.isoformat()} on; {EXAMPLE}")
