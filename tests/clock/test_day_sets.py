"""Sets of days: which days `on:` means, by dates one can check against a calendar on the wall."""

import sys
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passage_clock import civil
from passage_clock.calendars import Calendar, Company, Notice, moon, national
from passage_clock.errors import CalendarError, ScheduleError
from passage_clock.rules.dayset import (
    Dates,
    DayKind,
    DaySet,
    DaysOf,
    DaysOfMonth,
    Joined,
    MonthDay,
    Moon,
    NthWeekday,
    NthWorkday,
    Weekdays,
    date_of,
    days_in_year,
)
from passage_schemas.instant import Instant

AMSTERDAM = "Europe/Amsterdam"
NL = national("NL")
WEEKEND = DaySet(Weekdays((5, 6)))


def in_2026(days: DaySet, month: int, zone: str = AMSTERDAM, year: int = 2026) -> str:
    """The days of a month that the set holds, as one would read them out: `1 14 30`."""
    found = (date.fromordinal(day) for day in sorted(days_in_year(days, year, zone)))
    return " ".join(str(day.day) for day in found if day.month == month)


# 2026: February 1, March 1 and November 1 are Sundays, May 1 a Friday, August 1 a Saturday. In the Netherlands: Good
# Friday April 3, Easter Monday the 6th, King's Day Monday the 27th, Ascension Thursday May 14, Whit Monday May 25.
@pytest.mark.parametrize(
    ("kind", "month", "days"),
    [
        (DaysOfMonth((10,)), 2, "10"),
        (DaysOfMonth((1, 31)), 4, "1"),
        (DaysOfMonth((-1,)), 2, "28"),
        (DaysOfMonth((-31,)), 4, ""),
        (DaysOfMonth((-31,)), 5, "1"),
        (DaysOfMonth((15, -1, -30)), 4, "1 15 30"),
        (Weekdays((0,)), 11, "2 9 16 23 30"),
        (Weekdays((5, 6)), 2, "1 7 8 14 15 21 22 28"),
        (NthWeekday(4, (-1,), "month"), 10, "30"),
        (NthWeekday(4, (1,), "month"), 5, "1"),
        (NthWeekday(4, (5,), "month"), 5, "29"),
        (NthWeekday(4, (5,), "month"), 6, ""),
        (NthWeekday(3, (4,), "month"), 11, "26"),  # Thanksgiving
        (NthWeekday(0, (1, -1), "quarter"), 6, "29"),
        (NthWeekday(0, (1, -1), "quarter"), 7, "6"),
        (NthWeekday(3, (-1,), "year"), 12, "31"),
        (NthWeekday(3, (53,), "year"), 12, "31"),  # January 1 2026 is a Thursday too
        (NthWorkday((1,), "month", NL), 5, "1"),
        (NthWorkday((1,), "month", NL), 8, "3"),
        (NthWorkday((-1,), "month", NL), 5, "29"),
        (NthWorkday((1, 2, -1), "month", NL), 4, "1 2 30"),
        (NthWorkday((1,), "week", NL), 4, "7 13 20 28"),  # after Easter Monday, and after King's Day
        (NthWorkday((-1,), "week", NL), 5, "1 8 15 22 29"),
        (NthWorkday((5,), "week", NL), 5, "8 22"),  # not in the weeks of King's Day, Ascension and Whit Monday
        (NthWorkday((1,), "quarter", NL), 1, "2"),
        (NthWorkday((-1,), "quarter", NL), 6, "30"),
        (NthWorkday((-1,), "year", NL), 12, "31"),
        (DaysOf("workdays", NL), 12, "1 2 3 4 7 8 9 10 11 14 15 16 17 18 21 22 23 24 28 29 30 31"),
        (DaysOf("closed", NL), 4, "3 4 5 6 11 12 18 19 25 26 27"),
        (DaysOf("holidays", NL), 4, "3 6 27"),
        (DaysOf("holidays", NL), 12, "25"),  # the 26th is a Saturday
        (Dates((MonthDay(12, 25), date(2026, 12, 31), date(2027, 12, 30))), 12, "25 31"),
        (Dates((MonthDay(2, 29),)), 2, ""),
        (Dates((MonthDay(2, 29),)), 3, ""),
        (Joined("any", (DaySet(DaysOfMonth((13,))), DaySet(Weekdays((4,))))), 2, "6 13 20 27"),
        (Joined("all", (DaySet(DaysOfMonth((13,))), DaySet(Weekdays((4,))))), 2, "13"),
    ],
)
def test_a_kind_of_day_is_what_a_calendar_on_the_wall_says(kind: DayKind, month: int, days: str) -> None:
    assert in_2026(DaySet(kind), month) == days


def test_the_last_of_february_is_the_twenty_ninth_in_a_leap_year_and_only_then_has_it_a_birthday() -> None:
    assert in_2026(DaySet(DaysOfMonth((-1,))), 2, year=2028) == "29"
    birthday = DaySet(Dates((MonthDay(2, 29),)))
    assert [year for year in range(1996, 2009) if in_2026(birthday, 2, year=year)] == [1996, 2000, 2004, 2008]
    assert not in_2026(birthday, 2, year=2100)


def test_a_full_moon_is_on_the_day_the_zone_has_at_that_instant() -> None:
    full = DaySet(Moon("full"))

    # 2026: January 3 at 10:03 UTC, May 1 at 17:23 and May 31 at 08:45, June 29 at 23:57, December 24 at 01:28.
    assert [in_2026(full, month, "UTC") for month in (1, 5, 6, 12)] == ["3", "1 31", "29", "24"]
    assert [in_2026(full, month, AMSTERDAM) for month in (1, 5, 6, 12)] == ["3", "1 31", "30", "24"]
    assert in_2026(full, 12, "America/New_York") == "23"
    assert in_2026(DaySet(Moon("new")), 8, "UTC") == "12"  # the eclipse over Spain
    assert in_2026(DaySet(Moon("first-quarter")), 1, "UTC") == "26"
    assert in_2026(DaySet(Moon("last-quarter")), 1, "UTC") == "10"
    assert full.data[0].startswith("moon, ephem 4.")
    with pytest.raises(CalendarError, match="known from 1970 to 2100, not 2101"):
        full.holds(date(2101, 1, 1), "UTC")


def test_without_the_extra_the_moon_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    moon._ephem.cache_clear()
    monkeypatch.setitem(sys.modules, "ephem", None)
    with pytest.raises(CalendarError, match=r"install passage-of-time\[moon\]"):
        Moon("full")


def test_days_are_taken_away_first_and_what_is_left_is_moved() -> None:
    tenths = DaySet(DaysOfMonth((10,)), without=(WEEKEND,))
    assert [in_2026(tenths, month) for month in (1, 2, 5, 10)] == ["", "10", "", ""]

    payday = DaySet(DaysOfMonth((25,)), without=(DaySet(Dates((MonthDay(12, 25),))),), shift="previous", calendar=NL)
    assert [in_2026(payday, month) for month in (1, 4, 5, 12)] == ["23", "24", "22", ""]
    following = DaySet(DaysOfMonth((24, 25)), shift="next", calendar=NL)
    assert [in_2026(following, month) for month in (1, 4, 5, 12)] == [
        "26",
        "24 28",
        "26",
        "24 28",
    ]  # two that meet: one


def test_a_day_moves_into_another_year() -> None:
    first = DaySet(Dates((MonthDay(1, 1),)), shift="previous", calendar=NL)
    last = DaySet(Dates((MonthDay(12, 31),)), shift="next", calendar=NL)

    assert in_2026(first, 12) == "31"
    assert in_2026(first, 1) == ""
    assert in_2026(last, 1, year=2023) == "2"  # 2022-12-31 was a Saturday
    assert in_2026(last, 12, year=2022) == ""


def test_where_days_nobody_knows_could_move_in_a_shift_says_nothing() -> None:
    ends = date(NL.last_year, 12, 31)
    back = DaySet(Dates((MonthDay(1, 1),)), shift="previous", calendar=NL)
    plain = DaySet(DaysOf("workdays", NL))

    assert plain.known.end == ends.toordinal() + 1
    assert back.known.end is not None
    assert NL.counts(date.fromordinal(back.known.end))
    assert ends.toordinal() - 7 < back.known.end <= ends.toordinal()


def test_of_a_week_that_leaves_the_calendars_years_nothing_is_said() -> None:
    weekly = DaySet(NthWorkday((1,), "week", NL))

    # The list ends with 2100, whose last day is a Friday.
    assert weekly.known.end == date(2100, 12, 27).toordinal()
    assert in_2026(weekly, 12, year=2100) == "6 13 20"


some_days = st.integers(0, 3).flatmap(lambda pick: _leaf(pick))
zones = st.sampled_from(["UTC", AMSTERDAM, "Pacific/Apia", "America/New_York"])


def _leaf(pick: int) -> st.SearchStrategy[DaySet]:
    numbers = st.lists(st.integers(1, 31) | st.integers(-31, -1), min_size=1, max_size=4).map(tuple)
    kinds: list[st.SearchStrategy[DayKind]] = [
        numbers.map(DaysOfMonth),
        st.lists(st.integers(0, 6), min_size=1, max_size=3).map(lambda days: Weekdays(tuple(days))),
        st.sampled_from([NL, national("IL")]).map(lambda calendar: DaysOf("holidays", calendar)),
        st.sampled_from(["full", "new"]).map(lambda phase: Moon(phase)),  # type: ignore[arg-type]
    ]
    return kinds[pick].map(DaySet)


@given(one=some_days, other=some_days, third=some_days, year=st.integers(1990, 2090), zone=zones)
@settings(max_examples=150)
def test_sets_join_and_part_as_sets_do(one: DaySet, other: DaySet, third: DaySet, year: int, zone: str) -> None:
    def held(days: DaySet) -> set[int]:
        first = date(year, 1, 1)
        whole = (first + timedelta(days=n) for n in range(366))
        return {day.toordinal() for day in whole if day.year == year and days.holds(day, zone)}

    assert held(DaySet(Joined("any", (one, other, third)))) == held(one) | held(other) | held(third)
    assert held(DaySet(Joined("all", (one, other)))) == held(one) & held(other)
    assert held(DaySet(one.kind, without=(other, third))) == held(one) - held(other) - held(third)


@given(days=some_days, calendar=st.sampled_from([NL, national("IL"), national("SA")]), year=st.integers(1990, 2090))
@settings(max_examples=100)
def test_a_shift_moves_each_day_to_the_nearest_workday(days: DaySet, calendar: Calendar, year: int) -> None:
    zone = "UTC"
    around = sorted(day for one in (year - 1, year, year + 1) for day in days_in_year(days, one, zone))

    def worked(day: int) -> bool:
        return calendar.counts(date.fromordinal(day))

    for shift, step in (("next", 1), ("previous", -1)):
        expected = set()
        for day in around:
            while not worked(day):
                day += step
                if not date(year - 1, 1, 1) <= date.fromordinal(day) <= date(year + 1, 12, 31):
                    break
            else:
                expected.add(day)
        moved = days_in_year(DaySet(days.kind, shift=shift, calendar=calendar), year, zone)  # type: ignore[arg-type]
        assert moved == {day for day in expected if date.fromordinal(day).year == year}


def test_a_set_says_what_it_is_in_the_words_of_the_file() -> None:
    acme = Company("acme", closed=(Notice(date(2026, 12, 24), date(2026, 12, 24)),))
    days = DaySet(
        Joined("any", (DaySet(NthWeekday(4, (-1,), "month")), DaySet(NthWorkday((1, -1), "week", NL)))),
        without=(
            DaySet(Dates((date(2026, 5, 1), MonthDay(12, 25)))),
            DaySet(Moon("full")),
            DaySet(DaysOf("closed", NL)),
        ),
        shift="next",
        calendar=acme,
    )

    assert days.definition == {
        "any": [
            {"weekday": "friday", "nth": -1, "of": "month"},
            {"workday": [-1, 1], "of": "week", "calendar": "NL"},
        ],
        "except": [{"dates": ["12-25", "2026-05-01"]}, {"moon": "full"}, {"closed": "NL"}],
        "shift": "next",
        "calendar": {"name": "acme", "closed": ["2026-12-24"]},
    }
    assert days.calendars == (NL, acme)
    assert days.data == (NL.label, Moon("full").data[0], "acme")
    assert DaySet(DaysOfMonth((10, 1, 10))) == DaySet(DaysOfMonth((1, 10)))
    assert DaySet(Weekdays((5,))).definition == {"weekday": "saturday"}


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: DaysOfMonth((32,)), "day_of_month: 32 is never"),
        (lambda: DaysOfMonth((0,)), "0 is never"),
        (lambda: DaysOfMonth(()), "day_of_month: is empty"),
        (lambda: Weekdays((7,)), "no weekdays"),
        (lambda: NthWeekday(4, (6,), "month"), "nth: 6 is never; 1 to 5"),
        (lambda: NthWeekday(4, (1,), "week"), "month, quarter or year"),  # type: ignore[arg-type]
        (lambda: NthWorkday((8,), "week", NL), "workday: 8 is never; 1 to 7"),
        (lambda: NthWorkday((1,), "decade", NL), "one of week, month"),  # type: ignore[arg-type]
        (lambda: Dates(()), "dates: is empty"),
        (lambda: Dates((MonthDay(2, 30),)), "'02-30' is no date"),
        (lambda: date_of("25-12"), "'25-12' is no date"),
        (lambda: Moon("blue"), "one of new, first-quarter, full"),  # type: ignore[arg-type]
        (lambda: Joined("any", ()), "any: is empty"),
        (lambda: DaySet(DaysOfMonth((1,)), shift="next"), "add calendar:"),
        (lambda: DaySet(DaysOfMonth((1,)), calendar=NL), "add shift:"),
        (lambda: DaySet(NthWorkday((1,), "month", NL), shift="next", calendar=national("BE")), "inside any:"),
    ],
)
def test_what_names_no_day_is_refused(make: object, said: str) -> None:
    assert callable(make)
    with pytest.raises(ScheduleError, match=said):
        make()


def at(day: date, hours: float) -> Instant:
    return Instant(civil.instant_of_civil(day, "UTC") + int(hours * civil.HOUR))


def test_news_that_comes_too_late_names_no_second_day() -> None:
    # Thursday January 1 2026 is worked here. On Friday morning one hears it was closed; at noon, that Monday will be.
    thursday, friday, monday, tuesday = date(2026, 1, 1), date(2026, 1, 2), date(2026, 1, 5), date(2026, 1, 6)
    acme = Company("acme", closed=(Notice(thursday, thursday, at(friday, 9)), Notice(monday, monday, at(friday, 12))))
    first, second = (DaySet(NthWorkday((n,), "month", acme)) for n in (1, 2))
    days = [thursday, friday, monday, tuesday]

    assert [day for day in days if first.holds(day, "UTC", at(day, 24))] == [thursday]
    assert [day for day in days if second.holds(day, "UTC", at(day, 24))] == [friday]
    assert first.holds(friday, "UTC")  # as one knows now
    moved = DaySet(Dates((thursday, monday)), shift="next", calendar=acme)
    assert [day for day in days if moved.holds(day, "UTC", at(day, 24))] == [thursday, tuesday]
    assert [day for day in days if moved.as_of(at(friday, 10)).holds(day, "UTC")] == [friday, monday]


def test_the_last_workday_is_still_named_when_news_comes_after_the_day_it_would_have_moved_to() -> None:
    # January 2026 ends on Friday the 30th. Its closing is announced on that morning, or on the day before.
    thursday, friday = date(2026, 1, 29), date(2026, 1, 30)
    month = [date(2026, 1, day) for day in range(1, 32)]
    for announced_at, named in ((at(friday, 9), friday), (at(thursday, 9), thursday)):
        acme = Company("acme", closed=(Notice(friday, friday, announced_at, "flood"),))
        last = DaySet(NthWorkday((-1,), "month", acme))
        moved = DaySet(Dates((friday,)), shift="previous", calendar=acme)
        ends = DaySet(NthWorkday((1, -1), "month", acme))

        assert [day for day in month if last.holds(day, "UTC", at(day, 17.5))] == [named]
        assert [day for day in month if moved.holds(day, "UTC", at(day, 17.5))] == [named]
        assert [day for day in month if ends.holds(day, "UTC", at(day, 17.5))] == [date(2026, 1, 1), named]
        assert not DaySet(DaysOf("workdays", acme)).holds(friday, "UTC", at(friday, 17.5))


def test_a_calendar_without_workdays_is_an_error_and_no_endless_search() -> None:
    with pytest.raises(CalendarError, match="never: its weekend is the whole week"):
        Company("never", weekend=tuple(range(7)))
    closed = (Notice(date(8990, 1, 1), date(9000, 12, 31)),)
    gone = DaySet(DaysOfMonth((1,)), shift="previous", calendar=Company("gone", closed=closed))
    with pytest.raises(CalendarError, match="gone: no workday within a year of 9000-12-31"):
        assert gone.known
