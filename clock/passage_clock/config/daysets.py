"""Sets of days, as `on:`, `except:` and `only:` take them: one kind of day, minus others, perhaps moved to workdays."""

import re
from collections.abc import Callable, Mapping
from typing import Literal, get_args

from passage_clock.calendars import Calendar
from passage_clock.calendars.hours import WEEKDAYS
from passage_clock.calendars.moon import PHASES
from passage_clock.config.calendars import EXPECTED, Calendars, weekdays
from passage_clock.rules.dayset import (
    Dates,
    DayKind,
    DaySet,
    DaysOf,
    DaysOfMonth,
    Joined,
    Moon,
    NthWeekday,
    NthWorkday,
    Shift,
    Stretch,
    Weekdays,
    date_of,
)
from passage_schemas.given.document import Node

SHIFTS: tuple[Shift, ...] = get_args(Shift)
STRETCHES: tuple[Stretch, ...] = get_args(Stretch)
LONG_STRETCHES: tuple[Literal["month", "quarter", "year"], ...] = ("month", "quarter", "year")

ANY_NUMBER = range(-366, 367)
DATE = re.compile(r"[0-9-]+")

BESIDE = ("except", "shift", "calendar")
"""What a set may say beside its kind."""


def day_set(section: Node, calendars: Calendars) -> DaySet:
    expected = f"a set of days: one of {', '.join(KINDS)}"
    section.mapping(expected)
    said = [word for word in KINDS if word in section]
    if len(said) != 1:
        section.only((*KINDS, *BESIDE, "nth", "of"))
        raise section.wrong(
            f"{' and '.join(said)} are two sets; write them below any: or all:" if said else f"write {expected}"
        )
    word = said[0]
    fields, read = KINDS[word]
    section.only((word, *BESIDE, *fields))
    with section.blamed():
        kind = read(section, calendars)
        shift, calendar = _shift(section, calendars, owned="calendar" in fields)
        return DaySet(kind, day_sets(section.get("except"), calendars), shift, calendar)


def day_sets(here: Node | None, calendars: Calendars) -> tuple[DaySet, ...]:
    """A list of sets, or one; none where nothing is written."""
    if here is None:
        return ()
    return tuple(day_set(one, calendars) for one in here.one_or_more("a list of sets of days, e.g. [{moon: full}]"))


def shift_of(section: Node, calendars: Calendars) -> tuple[Shift, Calendar] | None:
    here = section.get("shift")
    if here is None:
        return None
    return here.choice(SHIFTS, "no shift"), calendars.of(section.need("calendar", EXPECTED))


def _shift(section: Node, calendars: Calendars, owned: bool) -> tuple[Shift | None, Calendar | None]:
    """`owned`: the kind has a use for the calendar of its own."""
    found = shift_of(section, calendars)
    if found is not None:
        return found
    calendar = section.get("calendar")
    if calendar is not None and not owned:
        raise calendar.wrong("says whose workdays a shift: moves to; add shift: next or previous, or take it out")
    return None, None


def _days_of_month(section: Node, calendars: Calendars) -> DayKind:
    del calendars
    return DaysOfMonth(_numbers(section.need("day_of_month", "")))


def _weekdays(section: Node, calendars: Calendars) -> DayKind:
    del calendars
    here, nth, of = section.need("weekday", ""), section.get("nth"), section.get("of")
    if nth is None and of is None:
        return Weekdays(weekdays(here))
    nth = section.need("nth", "which of them, e.g. -1 for the last")
    of = section.need("of", "month, quarter or year")
    return NthWeekday(
        WEEKDAYS.index(here.choice(WEEKDAYS, "no weekday")), _numbers(nth), of.choice(LONG_STRETCHES, "no such stretch")
    )


def _nth_workday(section: Node, calendars: Calendars) -> DayKind:
    of = section.need("of", "week, month, quarter or year").choice(STRETCHES, "no such stretch")
    return NthWorkday(_numbers(section.need("workday", "")), of, calendars.of(section.need("calendar", EXPECTED)))


def _days_of(which: Literal["workdays", "holidays", "closed"]) -> "_Read":
    return lambda section, calendars: DaysOf(which, calendars.of(section.need(which, EXPECTED)))


def _dates(section: Node, calendars: Calendars) -> DayKind:
    del calendars
    expected = "dates, e.g. [12-25, 2026-05-01]"
    found = []
    for here in section.need("dates", expected).one_or_more(expected):
        text = here.text(DATE, "a date, e.g. 2026-05-01, or 12-25 for every year")
        with here.blamed():
            found.append(date_of(text))
    return Dates(tuple(found))


def _moon(section: Node, calendars: Calendars) -> DayKind:
    del calendars
    return Moon(section.need("moon", "").choice(PHASES, "no phase"))


def _joined(how: Literal["any", "all"]) -> "_Read":
    def read(section: Node, calendars: Calendars) -> DayKind:
        sets = section.need(how, "").items("a list of sets of days")
        return Joined(how, tuple(day_set(one, calendars) for one in sets))

    return read


def _numbers(here: Node) -> tuple[int, ...]:
    expected = "a whole number, negative from the end, or a list of them"
    return tuple(one.whole(ANY_NUMBER, expected) for one in here.one_or_more(expected))


_Read = Callable[[Node, Calendars], DayKind]

KINDS: Mapping[str, tuple[tuple[str, ...], _Read]] = {
    "day_of_month": ((), _days_of_month),
    "weekday": (("nth", "of"), _weekdays),
    "workday": (("of", "calendar"), _nth_workday),
    "workdays": ((), _days_of("workdays")),
    "holidays": ((), _days_of("holidays")),
    "closed": ((), _days_of("closed")),
    "dates": ((), _dates),
    "moon": ((), _moon),
    "any": ((), _joined("any")),
    "all": ((), _joined("all")),
}
