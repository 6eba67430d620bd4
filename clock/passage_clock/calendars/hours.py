"""Opening hours: when a business opens and closes on each weekday, by the civil time.

A span that ends at or before the time it begins at crosses midnight, and belongs to the day it begins on. Spans that
overlap are refused: a business that is open can't open.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from passage_clock.errors import CalendarError

MINUTE = 60_000_000
DAY = 1440 * MINUTE

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
"""By `date.weekday()`."""

_SPAN = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-(?:([01]\d|2[0-3]):([0-5]\d)|24:00)")


class OpenSpan(NamedTuple):
    """From opening to closing, in microseconds since the midnight its day begins with; past a day it is the next."""

    opens: int
    closes: int

    def text(self) -> str:
        """09:00-12:30"""
        return f"{_text(self.opens)}-{_text(self.closes % DAY)}"


def span_of(text: str) -> OpenSpan:
    """`09:00-12:30`, or `22:00-06:00` for a night. Raises CalendarError."""
    seen = _SPAN.fullmatch(text)
    if seen is None:
        raise CalendarError(f"{text!r} is no span of hours; write 09:00-12:30, or 22:00-06:00 for a night")
    hour, minute, end_hour, end_minute = (int(part or 0) for part in seen.groups())
    opens, closes = (60 * hour + minute) * MINUTE, (60 * end_hour + end_minute) * MINUTE
    return OpenSpan(opens, closes if closes > opens else closes + DAY)


def weekdays_of(text: str) -> tuple[int, ...]:
    """`saturday`, or `monday-friday`, as `date.weekday()` counts them; `friday-monday` goes round. Raises
    CalendarError."""
    first, dash, last = text.partition("-")
    if first not in WEEKDAYS or (dash and last not in WEEKDAYS):
        raise CalendarError(f"{text!r} is no weekday; write monday, or monday-friday")
    begin, end = WEEKDAYS.index(first), WEEKDAYS.index(last or first)
    return tuple(day % 7 for day in range(begin, (end if end >= begin else end + 7) + 1))


@dataclass(frozen=True, slots=True)
class Hours:
    """The spans of each weekday, Monday first. Raises CalendarError for spans that overlap."""

    week: tuple[tuple[OpenSpan, ...], ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "week", tuple(tuple(sorted(spans)) for spans in self.week))
        spans = [(day, span) for day, spans in enumerate(self.week) for span in spans]
        following = [*spans[1:], *((day + 7, span) for day, span in spans[:1])]
        for (day, span), (next_day, next_span) in zip(spans, following, strict=True):
            if day * DAY + span.closes > next_day * DAY + next_span.opens:
                raise CalendarError(
                    f"hours: {WEEKDAYS[day]} {span.text()} overlaps {WEEKDAYS[next_day % 7]} {next_span.text()}; make "
                    "them one span, or end the first earlier"
                )

    @staticmethod
    def of(written: Mapping[str, list[str]]) -> "Hours":
        """`{"monday-friday": ["09:00-12:30", "13:30-17:30"], "saturday": ["22:00-06:00"]}`. Raises CalendarError."""
        week: list[tuple[OpenSpan, ...]] = [() for _ in WEEKDAYS]
        for weekdays, spans in written.items():
            for day in weekdays_of(weekdays):
                if week[day]:
                    raise CalendarError(f"hours: {weekdays}: {WEEKDAYS[day]} has hours already; write each day once")
                week[day] = tuple(span_of(text) for text in spans)
        return Hours(tuple(week))

    @property
    def definition(self) -> dict[str, list[str]]:
        """As one writes it, neighbours with equal hours as one: reading it back gives equal hours."""
        runs: list[tuple[int, int]] = []
        for day, spans in enumerate(self.week):
            if runs and self.week[runs[-1][0]] == spans:
                runs[-1] = (runs[-1][0], day)
            else:
                runs.append((day, day))
        return {
            WEEKDAYS[first] if first == last else f"{WEEKDAYS[first]}-{WEEKDAYS[last]}": [
                span.text() for span in self.week[first]
            ]
            for first, last in runs
            if self.week[first]
        }


def _text(time: int) -> str:
    return f"{time // MINUTE // 60:02}:{time // MINUTE % 60:02}"
