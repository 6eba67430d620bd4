"""RRULE (RFC 5545), read by dateutil over civil time: the zone, `gap` and `fold` make instants of what it names.

An RRULE counts from its DTSTART, which is the schedule's `starts_at`. From far later it is not walked from there: the
start is moved ahead by a whole number of intervals that keeps its date and time, so that all it implies stays. Only
COUNT has to be walked. A rule that COUNT or UNTIL ends names nothing more; no data ends there.

dateutil is not taken at its word where the RFC says otherwise: a week that BYSETPOS picks from is a whole one, also the
first; what BYWEEKNO leaves out is DTSTART's weekday; an UNTIL in UTC is an instant; no month or year has a day 0.

It refuses EXDATE and RDATE (write `except:` and `any_of:`), a rule that never fires, one that leaves its time to a
DTSTART nobody gave, and a DTSTART between two seconds.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice, takewhile
from typing import Any

from dateutil import rrule

from passage_clock import civil
from passage_clock.civil import Fold, Gap
from passage_clock.errors import ScheduleError
from passage_clock.rules.moments import EVENT, local_from, moments, said, wrong_policy
from passage_clock.rules.rule import ByTheZone, Occurrence
from passage_schemas.instant import EPOCH, MICROSECOND, Instant

CYCLE_YEARS = 400
"""After which the calendar repeats itself, weekdays and all: a rule without an occurrence in them has none."""

MOST_COUNTED = 100_000
"""A rule that COUNT ends is walked from its start each time: a second of work."""

EXAMPLE = "write e.g. FREQ=MONTHLY;BYDAY=-1FR;BYHOUR=17"

FREQUENCIES = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY", "SECONDLY")

_STEPS = {
    "WEEKLY": timedelta(weeks=1),
    "DAILY": timedelta(days=1),
    "HOURLY": timedelta(hours=1),
    "MINUTELY": timedelta(minutes=1),
    "SECONDLY": timedelta(seconds=1),
}

_DAYS = {
    "YEARLY": ("BYDAY", "BYMONTHDAY", "BYYEARDAY", "BYEASTER"),
    "MONTHLY": ("BYDAY", "BYMONTHDAY", "BYYEARDAY", "BYEASTER"),
    "WEEKLY": ("BYDAY", "BYMONTHDAY", "BYYEARDAY", "BYEASTER"),
}

_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")

_FIRST = datetime(1970, 1, 1)  # noqa: DTZ001 - civil, of no zone
_LAST_YEAR = 9980


@dataclass(frozen=True, slots=True)
class Recurring(ByTheZone):
    """The moments an RRULE names on the zone's clock. `starts_at`: its DTSTART, civil; None only where the rule says
    its day and time itself. Raises ZoneError, ScheduleError."""

    rrule: str
    zone: str
    starts_at: datetime | None = None
    gap: Gap = "next"
    fold: Fold = "first"

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
        _refuse_if_silent(self.rrule, self._start)
        before = Instant((self._start - _FIRST) // MICROSECOND - 2 * civil.DAY)  # by any zone's clock
        if _until(parts) is not None and next(self.occurrences(before), None) is None:
            raise _silent(self.rrule, self._start)

    @property
    def event(self) -> str:
        return EVENT

    @property
    def definition(self) -> Mapping[str, Any]:
        start = {} if self.starts_at is None else {"starts_at": self.starts_at.isoformat()}
        return {"rrule": self.rrule, "zone": self.zone, **start, **said(self.gap, self.fold)}

    def occurrences(self, since: Instant) -> Iterator[Occurrence]:
        local = _FIRST + timedelta(microseconds=local_from(self.zone, since))
        named = moments(self.zone, self._civil_times(local), self.gap, self.fold, by_date=self._once_a_day)
        until = _until(_parts(self.rrule))
        return named if until is None else takewhile(lambda one: one.ends_at <= until, named)

    @property
    def _start(self) -> datetime:
        return self.starts_at or _FIRST

    @property
    def _once_a_day(self) -> bool:
        parts = _parts(self.rrule)
        times = ("BYHOUR", "BYMINUTE", "BYSECOND")
        return FREQUENCIES.index(parts["FREQ"]) <= 3 and not any("," in parts.get(part, "") for part in times)

    def _civil_times(self, local: datetime) -> Iterator[tuple[int, int]]:
        """(day, time) of all from this civil time on."""
        parts = _parts(self.rrule)
        start = self._start if "COUNT" in parts else _moved_ahead(parts, self._start, local)
        for civil_time in _named(self.rrule, self._start, start):
            if civil_time.year > _LAST_YEAR:
                return
            if civil_time >= local:
                day = civil_time.toordinal()
                yield day, (civil_time - datetime.fromordinal(day)) // MICROSECOND


@lru_cache(maxsize=4096)
def _parts(text: str) -> Mapping[str, str]:
    """FREQ, INTERVAL, BYDAY ... as they stand in the text, upper case. Raises ScheduleError."""
    pairs = [part.partition("=") for part in text.upper().removeprefix("RRULE:").split(";")]
    parts = {name: value for name, _, value in pairs}
    if len(parts) < len(pairs) or not all(name and value for name, value in parts.items()):
        raise ScheduleError(f"rrule: {text!r} is not NAME=value;NAME=value, each name once; {EXAMPLE}")
    if parts.get("FREQ") not in FREQUENCIES:
        raise ScheduleError(f"rrule: {text!r} has no FREQ of {', '.join(FREQUENCIES)}; {EXAMPLE}")
    if "COUNT" in parts and "UNTIL" in parts:
        raise ScheduleError(f"rrule: {text!r} ends by COUNT and by UNTIL; take one of them out")
    if not re.fullmatch(r"0*[1-9]\d{0,8}", parts.get("INTERVAL", "1")):
        raise ScheduleError(f"rrule: INTERVAL={parts['INTERVAL']} won't do; write a whole number from 1")
    for name in ("BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYSETPOS"):
        if any(re.fullmatch(r"[+-]?0+", number) for number in parts.get(name, "").split(",")):
            raise ScheduleError(f"rrule: {name}={parts[name]} won't do: there is no 0th; count from 1, or back from -1")
    count = parts.get("COUNT", "1")
    if not re.fullmatch(r"\d{1,9}", count) or not 1 <= int(count) <= MOST_COUNTED:
        raise ScheduleError(f"rrule: COUNT={count} won't do; write 1 to {MOST_COUNTED}, or UNTIL= with the last time")
    return parts


def _left_to_start(parts: Mapping[str, str]) -> str | None:
    """What the rule takes from its DTSTART, in words; None: nothing."""
    frequency = parts["FREQ"]
    if "COUNT" in parts or int(parts.get("INTERVAL", "1")) > 1:
        return "counts from its start"
    if frequency in _DAYS and not any(part in parts for part in _DAYS[frequency]):
        return "does not say the day"
    if frequency == "YEARLY" and "BYMONTH" not in parts and "BYMONTHDAY" in parts:
        return None
    if FREQUENCIES.index(frequency) <= 3 and "BYHOUR" not in parts:
        return "does not say the hour"
    return None


def _moved_ahead(parts: Mapping[str, str], start: datetime, local: datetime) -> datetime:
    """The last equal start before `local`: some whole intervals later, on the same date of its year, or weekday."""
    interval = int(parts.get("INTERVAL", "1"))
    step = _STEPS.get(parts["FREQ"])
    if local <= start:
        return start
    if step is not None:
        return start + (local - start) // (step * interval) * (step * interval)
    # Years by four intervals, so that a 29 February finds another; 2100 has none, and a whole century is 400 years.
    years = (local.year - 1 - start.year) // (4 * interval) * (4 * interval)
    while years > 0:
        try:
            return start.replace(year=start.year + years)
        except ValueError:
            years -= 4 * interval
    return start


def _named(text: str, start: datetime, walked_from: datetime) -> Iterator[datetime]:
    """The civil times of a rule with this DTSTART, by a walk from an equal start: `start` itself, where it counts."""
    parts = _parts(text)
    if not _is_cut(parts):
        return iter(_compiled(text, start, walked_from))
    named = (one for one in _compiled(text, start, _week_of(parts, walked_from)) if one >= start)
    return islice(named, int(parts["COUNT"])) if "COUNT" in parts else named


def _is_cut(parts: Mapping[str, str]) -> bool:
    """dateutil would cut the first week at DTSTART, and pick from what is left."""
    return parts["FREQ"] == "WEEKLY" and "BYSETPOS" in parts


def _week_of(parts: Mapping[str, str], moment: datetime) -> datetime:
    """The same time on the first day of its week."""
    return moment - timedelta(days=(moment.weekday() - _WEEKDAYS.index(parts.get("WKST", "MO"))) % 7)


@lru_cache(maxsize=4096)
def _compiled(text: str, start: datetime, walked_from: datetime) -> rrule.rrule:
    """What dateutil is to read, from `walked_from` on; what the rule leaves out is `start`'s. Raises ScheduleError for
    what it can't read."""
    parts = dict(_parts(text))
    no_day = not any(part in parts for part in _DAYS.get(parts["FREQ"], ()))
    if no_day and (_is_cut(parts) or (parts["FREQ"] == "YEARLY" and "BYWEEKNO" in parts)):
        parts["BYDAY"] = _WEEKDAYS[start.weekday()]
    if _until(parts) is not None:
        del parts["UNTIL"]
    if _is_cut(parts):
        parts.pop("COUNT", None)
    try:
        return rrule.rrulestr(";".join(f"{name}={value}" for name, value in parts.items()), dtstart=walked_from)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError) as error:
        raise ScheduleError(f"rrule: {text!r} can't be read: {error}; {EXAMPLE}") from error


def _until(parts: Mapping[str, str]) -> Instant | None:
    """The last instant, of a rule that RFC 5545's UNTIL in UTC ends; any other UNTIL is a civil time. Raises
    ScheduleError."""
    until = parts.get("UNTIL", "")
    if not until.endswith("Z"):
        return None
    try:
        at = datetime.strptime(until, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise ScheduleError(f"rrule: UNTIL={until} can't be read; write e.g. UNTIL=20261231T170000Z") from None
    return Instant((at - EPOCH) // MICROSECOND)


@lru_cache(maxsize=4096)
def _refuse_if_silent(text: str, start: datetime) -> None:
    """First over the last cycle before dateutil's time ends, where any search comes to an end; then by its UNTIL."""
    compiled = _compiled(text, start, start)
    late = _moved_ahead(_parts(text), start, start.replace(year=9999 - CYCLE_YEARS, day=1))
    fires = next(iter(compiled.replace(dtstart=late, count=None, until=None)), None) is not None
    if not fires or next(_named(text, start, start), None) is None:
        raise _silent(text, start)


def _silent(text: str, start: datetime) -> ScheduleError:
    return ScheduleError(f"rrule: {text!r} never fires from {start.isoformat()} on; {EXAMPLE}")
