"""robfig/cron v3, by which Kubernetes reads a schedule (ParseStandard): its expressions in ours, as it means them.

What differs from Debian's cron: a step in a field of days is no star (`0 0 */5 * 1` is the 1st, 6th ... and every
Monday), `?` is a star in any field, the week ends with Saturday, 6, and a time in a gap is skipped, one in a fold runs
twice, however it is written.

Raises ValueError with the reason for what robfig/cron refuses, and for what no cron of ours can say.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

from passage_clock import civil
from passage_clock.importing.expressions import MACROS
from passage_schemas.instant import Instant

_MONTHS = dict(jan=1, feb=2, mar=3, apr=4, may=5, jun=6, jul=7, aug=8, sep=9, oct=10, nov=11, dec=12)  # noqa: C408
_WEEKDAYS = {"sun": 0, "mon": 1, "tue": 2, "wed": 3, "thu": 4, "fri": 5, "sat": 6}

_SPAN = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)")
_UNITS = {"ns": "1e-9", "us": "1e-6", "µs": "1e-6", "μs": "1e-6", "ms": "1e-3", "s": "1", "m": "60", "h": "3600"}

MOST_SECONDS = 2**63 // 10**9
"""Of a Go duration."""

ODD_SINCE, ODD_UNTIL = (Instant((year - 1970) * 31_556_952 * civil.SECOND) for year in (2015, 2038))
"""Between which a zone is looked at for changes that robfig/cron gets wrong: those of its rules now, or of late."""


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    low: int
    high: int
    names: Mapping[str, int]
    star_with_step: str = "*"

    def written(self, text: str) -> str:
        terms = [self._term(term) for term in text.split(",") if term]
        if not terms:
            raise ValueError(f"its {self.name} {text!r} name nothing")
        return "*" if "*" in terms else ",".join(terms)

    def _term(self, term: str) -> str:
        span, *steps = term.split("/")
        ends = span.split("-")
        is_star = ends[0] in ("*", "?")
        if len(steps) > 1 or (len(ends) > 2 and not is_star):
            raise ValueError(f"its {self.name} {term!r} have a {'/' if len(steps) > 1 else '-'} too many")
        step = self._number(steps[0], {}) if steps else 1
        if step == 0:
            raise ValueError(f"its {self.name} {term!r} have a step of 0")
        if is_star:
            return "*" if step == 1 else self._stepped(self.low, self.high, step, self.star_with_step)
        first = self._number(ends[0], self.names)
        last = self._number(ends[1], self.names) if len(ends) == 2 else (self.high if steps else first)
        if not self.low <= first <= last <= self.high:
            raise ValueError(f"its {self.name} {term!r} are not within {self.low}-{self.high}, in order")
        if step > 1:
            return self._stepped(first, last, step, f"{first}-{last}")
        return term if first == last or not steps else f"{first}-{last}"

    def _stepped(self, first: int, last: int, step: int, span: str) -> str:
        return f"{span}/{step}" if step <= last - first else str(first)

    def _number(self, text: str, names: Mapping[str, int]) -> int:
        if text.lower() in names:
            return names[text.lower()]
        if not re.fullmatch(r"\+?[0-9]{1,18}", text):
            raise ValueError(f"its {self.name} have {text!r}, which is no number there")
        return int(text)


_FIELDS = (
    _Field("minutes", 0, 59, {}),
    _Field("hours", 0, 23, {}),
    _Field("days", 1, 31, {}, "1-31"),
    _Field("months", 1, 12, _MONTHS),
    _Field("weekdays", 0, 6, _WEEKDAYS, "0-6"),
)


def of_robfig(text: str) -> str:
    """Five fields, or a descriptor such as @daily, as an expression of ours, for `gap: skip` and `fold: both`."""
    if text.startswith("@"):
        if text not in MACROS:
            raise ValueError(f"{text!r} is not known there")
        return MACROS[text]
    words = text.split()
    if len(words) != len(_FIELDS):
        raise ValueError(f"{text!r} has {len(words)} fields, and five are needed")
    return " ".join(field.written(word) for field, word in zip(_FIELDS, words, strict=True))


def seconds_of(span: str) -> int:
    """What `@every` names, a Go duration: 1h30m, 1.5h. Whole seconds, one at least. The word is robfig/cron's, so it is
    read like this in files of other kinds too."""
    sign, rest = (span[0], span[1:]) if span[:1] in ("+", "-") else ("", span)
    parts = _SPAN.findall(rest)
    if rest != "0" and (not parts or "".join(map("".join, parts)) != rest):
        raise ValueError(f"{span!r} is no span like 1h30m")
    seconds = sum((Decimal(number) * Decimal(_UNITS[unit]) for number, unit in parts), Decimal())
    if seconds >= MOST_SECONDS:
        raise ValueError(f"{span!r} is longer than 292 years")
    return 1 if sign == "-" else max(1, int(seconds))


def counted_from(seconds: int, start: Instant) -> dict[str, Any]:
    """The cron that comes every so many seconds, of which one is at `start`; by UTC, whose clock is never moved.
    `seconds` divide the minute, the hour or the day."""
    at = start // civil.SECOND
    second, minute, hour = at % 60, at // 60 % 60, at // 3600 % 24
    if seconds <= 60:
        fields = f"{_from(second, seconds, 60)} * *"
    elif seconds <= 3600:
        fields = f"{second} {_from(minute, seconds // 60, 60)} *"
    else:
        fields = f"{second} {minute} {_from(hour, seconds // 3600, 24)}"
    return {"cron": f"{fields} * * *"}


def _from(value: int, step: int, values: int) -> str:
    return str(value) if step == values else f"{value % step}-{values - 1}/{step}"


@cache
def oddity(expression: str, zone: str) -> str:
    """What robfig/cron does near this zone's changes that no other cron does; nothing, mostly."""
    if zone not in civil.zone_names():
        return ""  # whoever makes a schedule of it says so
    _, hours, *days = expression.split()
    at_midnight, by_a_part = _odd_changes(zone)
    if by_a_part and hours != "*":
        return f"{zone} moves its clocks by a part of an hour: around that, Kubernetes may leave a run out"
    if at_midnight and days != ["*", "*", "*"]:
        return f"{zone} moves its clocks at midnight: on the day of that, Kubernetes may run it a day off, or not"
    return ""


@cache
def _odd_changes(zone: str) -> tuple[bool, bool]:
    """Whether a midnight is skipped, and whether the clocks move by a part of an hour."""
    here = civil.zone(zone)
    at_midnight = by_a_part = False
    span = here.span_at(ODD_SINCE)
    while span.ends_at < ODD_UNTIL:
        after = here.span_at(span.ends_at)
        says, said = after.begins_at + after.offset, span.ends_at + span.offset
        at_midnight |= -(-said // civil.DAY) * civil.DAY < says
        by_a_part |= (says - said) % civil.HOUR != 0
        span = after
    return at_midnight, by_a_part
