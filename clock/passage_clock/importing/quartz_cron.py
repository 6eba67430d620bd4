"""Quartz's cron expressions in our words: seconds first, the week from 1 (Sunday), perhaps a year behind.

What our cron spells alike stays as it is written. Ranges that wrap (`22-2`, `FRI-MON`) are written out; days counted
back from the month's end (`L-3`, `L-5W`) are a filter beside the cron; years, and a trigger that ends, make it an RRULE
with the same fields. Quartz passes over a time in a gap, and of one that comes twice it takes the second pass.

It refuses, with ValueError, what Quartz refuses, and what nothing here can say; never a word of Python's own.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")

AS_QUARTZ: Mapping[str, str] = {"gap": "skip", "fold": "second"}

LOST = "of several W, or several times on such a day, Quartz loses some; here each is due"

_TERM = re.compile(
    r"(?P<first>\*|[0-9]{1,9}|[A-Z]{3})?(?P<range>-(?P<last>[0-9]{1,9}|[A-Z]{3}))?(?P<steps>/(?P<step>[0-9]{1,9}))?"
)
_OF_WEEK = re.compile(r"(?P<day>[0-9]|[A-Z]{3})(?P<which>L|#(?P<nth>[0-9]{1,9}))")
_FROM_END = re.compile(r"L-(?P<back>[0-9]{1,9})(?P<near>W?)")
_NEAR = re.compile(r"(?P<day>[0-9]{1,9})W")

_MOST_BACK = 30
"""`L-30` is the first of a long month."""

_MOST_BACK_NEAR = 26
"""`L-26W` is near the 2nd of a February: what is further back could be a Saturday the 1st, which goes to the 3rd."""

_WORKED = ("monday", "tuesday", "wednesday", "thursday", "friday")


@dataclass(frozen=True, slots=True)
class _Field:
    """`widest`: the longest step Quartz takes. `names` stand for the values from `first` on."""

    name: str
    first: int
    last: int
    widest: int
    names: tuple[str, ...] = ()

    def value(self, word: str) -> int:
        if word in self.names:
            return self.first + self.names.index(word)
        if not word.isdigit() or not self.first <= int(word) <= self.last:
            raise ValueError(f"{word} in the {self.name}: Quartz takes {self.first} to {self.last}")
        return int(word)


_SECONDS, _MINUTES, _HOURS = _Field("seconds", 0, 59, 59), _Field("minutes", 0, 59, 59), _Field("hours", 0, 23, 23)
_DAYS = _Field("days of the month", 1, 31, 31)
_MONTHS = _Field("months", 1, 12, 12, MONTHS)
_OF_THE_WEEK = _Field("days of the week", 1, 7, 7, WEEKDAYS)


@dataclass(frozen=True, slots=True)
class _Words:
    """A field: as our cron spells it, and the values it stands for. `remarks`: what Quartz makes of it unexpectedly."""

    spelled: str
    values: tuple[int, ...]
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Days:
    """Which days: in our cron's two fields, with `only` beside them; and as parts of an RRULE, None where it has no
    words for them. `near`: how many are the weekday nearest to some day."""

    of_month: str = "*"
    of_week: str = "*"
    only: tuple[Mapping[str, Any], ...] = ()
    by: Mapping[str, str] | None = None
    near: int = 0
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class QuartzCron:
    """What an expression says. `years`: the first and the last; None: every year."""

    seconds: _Words
    minutes: _Words
    hours: _Words
    months: _Words
    days: _Days
    years: tuple[int, int] | None

    @property
    def remarks(self) -> tuple[str, ...]:
        times = self.days.near * len(self.hours.values) * len(self.minutes.values) * len(self.seconds.values)
        lost = (LOST,) if times > 1 else ()
        return (*self.days.remarks, *self.months.remarks, *lost)

    def rule(self) -> dict[str, Any]:
        """As a cron, whatever `years` says."""
        fields = (self.minutes.spelled, self.hours.spelled, self.days.of_month, self.months.spelled, self.days.of_week)
        seconds = () if self.seconds.values == (0,) else (self.seconds.spelled,)
        return {"cron": " ".join((*seconds, *fields)), **self._only, **AS_QUARTZ}

    def bounded(self, first: datetime | None, until: str) -> dict[str, Any]:
        """As an RRULE, from this civil time on if there is one; `until` as RFC 5545 writes it, or nothing. Raises
        ValueError where an RRULE has no words for the days."""
        if self.days.by is None:
            raise ValueError("it has an end, and no rrule: names the weekday nearest to a day; take the end out")
        parts = {"FREQ": "DAILY", **self.days.by}
        if self.months.spelled != "*":
            parts["BYMONTH"] = _listed(self.months.values)
        for name, words in (("BYHOUR", self.hours), ("BYMINUTE", self.minutes), ("BYSECOND", self.seconds)):
            parts[name] = _listed(words.values)
        ends = {"UNTIL": until} if until else {}
        text = ";".join(f"{name}={value}" for name, value in {**parts, **ends}.items())
        starts = {} if first is None else {"starts_at": first.isoformat()}
        return {"rrule": text, **starts, **self._only, **AS_QUARTZ}

    @property
    def _only(self) -> dict[str, Any]:
        return {"only": [dict(days) for days in self.days.only]} if self.days.only else {}


def read_cron(text: str) -> QuartzCron:
    """Raises ValueError with the reason."""
    fields = text.upper().split()
    if len(fields) not in (6, 7):
        raise ValueError(f"{text!r} has {len(fields)} fields; Quartz writes 6 or 7")
    try:
        return QuartzCron(
            seconds=_words(_SECONDS, fields[0]),
            minutes=_words(_MINUTES, fields[1]),
            hours=_words(_HOURS, fields[2]),
            months=_words(_MONTHS, fields[4]),
            days=_days(fields[3], fields[5]),
            years=_years(fields[6]) if len(fields) == 7 else None,
        )
    except ValueError as error:
        raise ValueError(f"{text!r}: {error}") from error


def of_quartz(text: str) -> dict[str, Any]:
    """The rule of an expression that holds in every year. Raises ValueError with the reason."""
    return read_cron(text).rule()


def _days(of_month: str, of_week: str) -> _Days:
    if (of_month == "?") == (of_week == "?"):
        raise ValueError("Quartz wants a ? in one of the fields of days, and only in one")
    return _month_days(of_month) if of_week == "?" else _week_days(of_week)


def _week_days(text: str) -> _Days:
    if text == "L":  # the week's last day, each week
        text = "7"
    special = _OF_WEEK.fullmatch(text)
    if special is None:
        if "L" in text or "#" in text:
            raise ValueError(f"{text} in the days of the week: Quartz takes L and # with one day alone")
        words = _words(_OF_THE_WEEK, text)
        by = {} if words.spelled == "*" else {"BYDAY": ",".join(WEEKDAYS[day - 1][:2] for day in words.values)}
        return _Days(of_week=words.spelled, by=by, remarks=words.remarks)
    day = _OF_THE_WEEK.value(special["day"])
    if special["which"] == "L":
        return _Days(of_week=f"{day - 1}L", by={"FREQ": "MONTHLY", "BYDAY": f"-1{WEEKDAYS[day - 1][:2]}"})
    nth = int(special["nth"])
    if not 1 <= nth <= 5:
        raise ValueError(f"{text} in the days of the week: Quartz takes #1 to #5")
    return _Days(of_week=f"{day - 1}#{nth}", by={"FREQ": "MONTHLY", "BYDAY": f"{nth}{WEEKDAYS[day - 1][:2]}"})


def _month_days(text: str) -> _Days:
    """Our cron has words for all but what is counted back from the end."""
    spelled: list[str] = []
    numbers: list[int] = []
    near: list[int] = []
    back_near: list[int] = []
    for term in text.split(","):
        if term in ("L", "LW"):
            spelled.append(term)
            (numbers if term == "L" else back_near).append(-1)
        elif from_end := _FROM_END.fullmatch(term):
            back = int(from_end["back"])
            if back > (_MOST_BACK_NEAR if from_end["near"] else _MOST_BACK):
                raise ValueError(f"{term} in the days of the month goes back too far")
            (back_near if from_end["near"] else numbers).append(-1 - back)
            spelled.append("" if back else f"L{from_end['near']}")
        elif nearest := _NEAR.fullmatch(term):
            spelled.append(term)
            near.append(_DAYS.value(nearest["day"]))
        else:
            words = _words(_DAYS, term)
            spelled.append(words.spelled)
            numbers += words.values
    by = {} if text == "*" else None if near or back_near else {"BYMONTHDAY": _listed(numbers)}
    if all(spelled):
        return _Days(of_month=",".join(spelled), by=by, near=len(near) + len(back_near))
    if near or -1 in back_near:
        raise ValueError(f"{text} in the days of the month says too much at once; make two triggers of it")
    only = ({"day_of_month": sorted(set(numbers))},) if numbers else ()
    nearest_days = tuple(one for back in back_near for one in _nearest_weekday(back))
    remarks = tuple(f"L{back + 1}W, the weekday nearest to that day, is written as only:" for back in back_near)
    return _Days(only=(*only, *nearest_days), by=None if back_near else {}, near=len(back_near), remarks=remarks)


def _nearest_weekday(day: int) -> tuple[Mapping[str, Any], ...]:
    """The day itself, the Friday before its Saturday, the Monday after its Sunday."""
    return (
        {"all": [{"day_of_month": day}, {"weekday": list(_WORKED)}]},
        {"all": [{"day_of_month": day - 1}, {"weekday": "friday"}]},
        {"all": [{"day_of_month": day + 1}, {"weekday": "monday"}]},
    )


def _years(text: str) -> tuple[int, int] | None:
    if text == "*":
        return None
    seen = re.fullmatch(r"([0-9]{4})(?:-([0-9]{4}))?", text)
    if seen is None or int(seen[1]) > int(seen[2] or seen[1]):
        raise ValueError(
            f"the years {text}: only one, or a range such as 2027-2029, can be kept; write several triggers"
        )
    return int(seen[1]), int(seen[2] or seen[1])


def _words(field: _Field, text: str) -> _Words:
    terms = [_term(field, term) for term in text.split(",")]
    spelled = "*" if any(term.spelled == "*" for term in terms) else ",".join(term.spelled for term in terms)
    values = tuple(sorted({value for term in terms for value in term.values}))
    return _Words(spelled, values, tuple(remark for term in terms for remark in term.remarks))


def _term(field: _Field, text: str) -> _Words:
    seen = _TERM.fullmatch(text)
    starred = seen is not None and (seen["first"] or "*") == "*"
    if seen is None or not text or (starred and seen["range"]):
        raise ValueError(f"{text or 'nothing'} in the {field.name} is no term of Quartz's")
    step = int(seen["step"] or 1)
    if step < 1 or (not seen["range"] and step > field.widest):
        raise ValueError(f"{text} in the {field.name}: Quartz takes a step of 1 to {field.widest}")
    if starred:
        return _Words(f"*/{step}" if seen["steps"] else "*", tuple(range(field.first, field.last + 1, step)))
    named = seen["first"] in field.names
    remarks = (f"Quartz passes over the /{step} behind a name, and so is it here",) if named and seen["steps"] else ()
    steps = "" if named else seen["steps"] or ""
    step = int(seen["step"]) if steps else 1
    first = field.value(seen["first"])
    last = field.value(seen["last"]) if seen["range"] else field.last if steps else first
    size = field.last - field.first + 1
    reach = range(first, last + (size if last < first else 0) + 1, step)
    values = tuple((value - field.first) % size + field.first for value in reach)
    base = text.removesuffix(seen["steps"] or "")
    return _Words(_spelled(field, base + steps, values, named, wraps=first > last), values, remarks)


def _spelled(field: _Field, text: str, values: Sequence[int], named: bool, wraps: bool) -> str:
    """As it stands, where our cron reads it alike: it counts the week from 0."""
    of_the_week = field is _OF_THE_WEEK
    if (named or not of_the_week) and not wraps and ("/" not in text or len(values) > 1):
        return text
    return _written_out(value - of_the_week for value in values)


def _written_out(values: Iterable[int]) -> str:
    """0,1,2,5 as 0-2,5."""
    runs: list[list[int]] = []
    for value in sorted(set(values)):
        if runs and value == runs[-1][1] + 1:
            runs[-1][1] = value
        else:
            runs.append([value, value])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)


def _listed(values: Iterable[int]) -> str:
    return ",".join(str(value) for value in sorted(set(values)))
