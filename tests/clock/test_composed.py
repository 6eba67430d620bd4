"""Rules made of rules: united, crossed, kept or dropped by day, and moved to a workday."""

from datetime import date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passage_clock import civil
from passage_clock.calendars import Company, Notice, national
from passage_clock.errors import ScheduleError
from passage_clock.rules.composed import AllOf, AnyOf
from passage_clock.rules.cron import Cron
from passage_clock.rules.days import OnDays
from passage_clock.rules.dayset import Dates, DaySet, DaysOf, DaysOfMonth, Moon, NthWorkday, Shift, Weekdays, date_of
from passage_clock.rules.filtered import Filtered, Shifted
from passage_clock.rules.periods import Every
from passage_clock.rules.recurring import Recurring
from passage_clock.rules.rule import Rule
from passage_schemas.instant import Instant, datetime_of
from tests.clock.rules_alike import after, assert_alike_from_anywhere, at, clock, labels, until

AMSTERDAM = "Europe/Amsterdam"
NL = national("NL")

WEEKENDS = DaySet(Weekdays((5, 6)))
NINE = Cron("0 9 * * *", AMSTERDAM)


def on(*days: int, at: int | None = None) -> OnDays:
    return OnDays(DaySet(DaysOfMonth(days)), AMSTERDAM, at)


def test_a_union_names_what_any_of_them_does_and_each_instant_once() -> None:
    either = AnyOf((Cron("0 9 * * MON", AMSTERDAM), Cron("0 9,17 23 * *", AMSTERDAM)))
    assert clock(either, "2026-11-21", 3) == [
        *("2026-11-23 09:00 +0100", "2026-11-23 17:00 +0100", "2026-11-30 09:00 +0100"),
    ]
    assert labels(either, "2026-11-21", 1) == ["2026-11-23T09:00+01:00"]


def test_a_union_of_whole_days_names_days_and_any_other_moments() -> None:
    days = AnyOf((on(1, 15), on(15, 20)))
    assert labels(days, "2026-11-21", 3) == ["2026-12-01", "2026-12-15", "2026-12-20"]
    one = after(days, at("2026-11-21"), 1)[0]
    assert one.ends_at - one.starts_at == civil.DAY
    mixed = AnyOf((days, NINE))
    assert labels(mixed, "2026-12-01", 3) == [
        *("2026-12-01T09:00+01:00", "2026-12-02T00:00+01:00", "2026-12-02T09:00+01:00"),
    ]
    assert all(one.starts_at == one.ends_at for one in after(mixed, at("2026-11-21"), 30))


def test_an_intersection_names_what_all_of_them_do() -> None:
    friday_the_13th = AllOf((Cron("0 17 13 * *", AMSTERDAM), Cron("0 9-17 * * FRI", AMSTERDAM)))
    assert labels(friday_the_13th, "2026-01-01", 3) == [
        *("2026-02-13T17:00+01:00", "2026-03-13T17:00+01:00", "2026-11-13T17:00+01:00"),
    ]
    year_on_sunday = AllOf((Every("year", AMSTERDAM), Every("week", AMSTERDAM)))
    assert labels(year_on_sunday, "2010-01-01", 2) == ["2018-01-01T00:00+01:00", "2024-01-01T00:00+01:00"]


def test_seconds_crossed_with_a_rare_day_are_not_walked_one_by_one() -> None:
    rare = AllOf((Every("second", "UTC"), Cron("0 0 29 2 *", "UTC"), Every("day", "UTC")))
    assert [datetime_of(one.ends_at).year for one in after(rare, at("1971-01-01"), 15)] == list(range(1972, 2032, 4))


def test_an_intersection_that_is_over_ends() -> None:
    once = AllOf(
        (
            Cron("0 9 1 1 *", AMSTERDAM),
            Recurring("FREQ=DAILY;COUNT=3", AMSTERDAM, datetime.fromisoformat("2026-01-01T09:00")),
        )
    )
    assert labels(once, "2025-06-01", 9) == ["2026-01-01T09:00+01:00"]
    assert labels(once, "2026-06-01", 9) == []


@pytest.mark.parametrize(
    "rules",
    [
        (Cron("0 9 * * *", AMSTERDAM), Cron("0 10 * * *", AMSTERDAM)),
        (Cron("0/2 * * * * *", AMSTERDAM), Cron("1/2 * * * * *", AMSTERDAM)),
        (Cron("0 9 31 * *", AMSTERDAM), Cron("0 9 * 2 *", AMSTERDAM)),
    ],
)
def test_rules_that_never_meet_are_refused(rules: tuple[Rule, ...]) -> None:
    with pytest.raises(ScheduleError, match="all_of: these rules never name the same instant; give them the same"):
        AllOf(rules)


def test_one_rule_is_neither_union_nor_intersection() -> None:
    with pytest.raises(ScheduleError, match="any_of: 1 rules won't do; list two or more"):
        AnyOf((NINE,))


def test_every_tenth_except_weekends_full_moons_and_the_office_party() -> None:
    party = DaySet(Dates((date_of("2026-12-10"),)))
    rule = Filtered(Cron("0 9 10 * *", AMSTERDAM), without=(WEEKENDS, DaySet(Moon("full")), party))
    tenths = labels(rule, "2025-12-31", 9)
    # 10 January, May and October 2026 are in weekends; the moon is full on 10 February 2028.
    assert tenths[:7] == [f"2026-{month:02}-10" for month in (2, 3, 4, 6, 7, 8, 9)]
    assert tenths[7:] == ["2026-11-10", "2027-02-10"]
    assert "2028-02-10" not in labels(rule, "2028-01-01", 2)


def test_only_keeps_the_days_of_a_set() -> None:
    rule = Filtered(Cron("*/30 9 * * *", AMSTERDAM), only=(DaySet(DaysOf("workdays", NL)),))
    assert labels(rule, "2026-04-24T07:15", 3) == [
        *("2026-04-24T09:30+02:00", "2026-04-28T09:00+02:00", "2026-04-28T09:30+02:00"),  # over King's Day, a Monday
    ]
    assert rule.data == NL.label


def test_a_filter_that_keeps_nothing_any_more_ends() -> None:
    rule = Filtered(NINE, only=(DaySet(Dates((date_of("2026-05-01"),))),))
    assert labels(rule, "2026-01-01", 9) == ["2026-05-01"]


def test_a_moment_at_the_midnight_behind_the_data_is_neither_named_nor_an_error() -> None:
    rule = Filtered(Cron("0 0 * * *", AMSTERDAM), only=(DaySet(DaysOf("workdays", NL)),))
    assert rule.known_until is not None
    assert labels(rule, "2100-12-29", 9) == ["2100-12-30", "2100-12-31"]
    hours = Filtered(Every("hour", AMSTERDAM), only=(DaySet(DaysOf("workdays", NL)),))
    assert labels(hours, "2100-12-31T21:30", 9) == ["2100-12-31T22:00+01:00", "2100-12-31T23:00+01:00"]


def test_a_filter_of_seconds_leaps_to_the_day_it_keeps() -> None:
    """Walking there would take minutes."""
    christmas = Filtered(Every("second", AMSTERDAM), only=(DaySet(Dates((date_of("12-25"),))),))
    assert labels(christmas, "2026-01-01", 1) == ["2026-12-25T00:00:00+01:00"]
    for year in (2027, 2035):
        assert labels(christmas, f"{year}-12-25T22:59:58", 3)[1:] == [
            *(f"{year}-12-25T23:59:59+01:00", f"{year + 1}-12-25T00:00:00+01:00")
        ]
    over = Filtered(Cron("* * * * *", AMSTERDAM), only=(DaySet(Dates((date_of("2020-05-01"),))),))
    assert labels(over, "2026-01-01", 1) == []


def test_what_is_known_now_takes_no_other_day_of_the_past_once_the_news_is_old() -> None:
    """The 2nd of November was the first workday when it passed, though it was called off in its afternoon."""
    acme = closing("2026-11-02", "2026-11-02T14:00Z")
    first_workday = DaySet(NthWorkday((1,), "month", acme))
    assert labels(Filtered(NINE, only=(first_workday,)), "2026-11-01", 2) == ["2026-11-02", "2026-12-01"]


def test_periods_are_kept_by_the_day_they_end_on() -> None:
    rule = Filtered(Every("day", AMSTERDAM), without=(WEEKENDS,))
    assert labels(rule, "2026-11-20T12:00", 2) == ["2026-11-20", "2026-11-23"]


def test_what_is_known_is_what_all_know() -> None:
    rule = AnyOf((NINE, Filtered(NINE, only=(DaySet(DaysOf("workdays", NL)),))))
    assert rule.known_until is not None
    assert after(rule, Instant(rule.known_until - 2 * civil.DAY), 99)[-1].ends_at < rule.known_until


@pytest.mark.parametrize(
    ("shift", "expected"),
    [
        ("next", ["2026-03-31", "2026-04-28", "2026-05-11"]),
        ("previous", ["2026-03-31", "2026-04-24", "2026-05-08"]),
    ],
)
def test_a_day_off_moves_the_moment_to_a_workday_at_the_same_civil_time(shift: Shift, expected: list[str]) -> None:
    days = "31 3", "27 4", "9 5"  # a Tuesday; King's Day, a Monday; a Saturday
    rule = Shifted(AnyOf(tuple(Cron(f"0 17 {day} *", AMSTERDAM) for day in days)), shift, NL)
    assert [time[:16] for time in clock(rule, "2026-03-01", 3)] == [f"{day} 17:00" for day in expected]


def test_two_that_meet_are_one() -> None:
    rule = Shifted(NINE, "next", NL)
    assert labels(rule, "2026-11-20", 3) == ["2026-11-20", "2026-11-23", "2026-11-24"]


def test_moved_moments_keep_their_order() -> None:
    rule = Shifted(Cron("0 18,9 * * SAT,SUN", AMSTERDAM), "next", NL)
    assert [time[:16] for time in clock(rule, "2026-11-21", 3)] == [
        *("2026-11-23 09:00", "2026-11-23 18:00", "2026-11-30 09:00"),
    ]


def test_a_period_cannot_be_moved() -> None:
    with pytest.raises(ScheduleError, match=r"shift: moves moments, and 19.* is a period; give the rule a time by at:"):
        Shifted(Every("week", AMSTERDAM), "next", NL)


def closing(day: str, announced_at: str) -> Company:
    on_day = date.fromisoformat(day)
    return Company("acme", base=NL, closed=(Notice(on_day, on_day, at(announced_at)),))


def test_a_closure_announced_too_late_takes_nothing_back() -> None:
    for announced_at, expected in (("2026-11-24T07:00Z", "2026-11-25"), ("2026-11-24T09:00Z", "2026-11-24")):
        acme = closing("2026-11-24", announced_at)
        rule = Filtered(NINE, only=(DaySet(DaysOf("workdays", acme)),))  # nine is 08:00 UTC
        assert labels(rule, "2026-11-23T12:00", 1) == [expected]
        assert labels(rule.as_of(at("2026-11-24T06:00Z")), "2026-11-23T12:00", 1) == ["2026-11-24"]
        assert labels(Shifted(Cron("0 9 24 11 *", AMSTERDAM), "next", acme), "2026-11-23", 1) == [expected]


def test_a_moment_is_brought_forward_only_by_news_that_came_before() -> None:
    the_24th = Cron("0 9 24 11 *", AMSTERDAM)
    in_time, too_late = (closing("2026-11-24", f"2026-11-{day}T12:00Z") for day in (22, 23))
    assert labels(Shifted(the_24th, "previous", in_time), "2026-11-20", 1) == ["2026-11-23"]
    assert labels(Shifted(the_24th, "previous", too_late), "2026-11-20", 1) == ["2026-11-24"]


def test_definitions_say_it_in_the_configurations_words() -> None:
    kept = Filtered(NINE, only=(DaySet(DaysOf("workdays", NL)),), without=(WEEKENDS,))
    assert Shifted(kept, "next", NL).definition == {
        "cron": "0 9 * * *",
        "zone": AMSTERDAM,
        "only": [{"workdays": "NL"}],
        "except": [{"weekday": ["saturday", "sunday"]}],
        "shift": "next",
        "calendar": "NL",
    }
    assert AnyOf((NINE, NINE)).definition == {"any_of": [NINE.definition, NINE.definition]}


RULES: list[Rule] = [
    AnyOf((Cron("30 2 * * *", AMSTERDAM, fold="both"), Cron("*/40 * * * SUN", AMSTERDAM), Every("day", AMSTERDAM))),
    AllOf((Cron("*/15 1-3 * * *", AMSTERDAM), Cron("*/10 * * * *", AMSTERDAM, fold="both"))),
    Filtered(Cron("*/45 * * * *", AMSTERDAM, fold="both"), without=(WEEKENDS, DaySet(DaysOf("holidays", NL)))),
    Shifted(Cron("30 2,14 */2 * *", AMSTERDAM), "next", NL),
    Shifted(Cron("30 2,14 */2 * *", AMSTERDAM, gap="skip", fold="both"), "previous", NL),
    Shifted(Cron("0 9 * * *", AMSTERDAM), "next", closing("2026-03-30", "2026-03-30T12:00Z")),
    Shifted(Cron("0 9 * * *", AMSTERDAM), "previous", closing("2026-03-30", "2026-03-29T12:00Z")),
]


@settings(max_examples=40)
@given(st.sampled_from(RULES), st.sampled_from(["2026-03-29", "2026-10-25", "2027-03-28", "2026-12-27"]), st.data())
def test_order_is_strict_and_the_same_from_anywhere(rule: Rule, day: str, data: st.DataObject) -> None:
    since, end = Instant(at(day) - 5 * civil.DAY), Instant(at(day) + 6 * civil.DAY)
    looks = data.draw(st.lists(st.integers(since, end).map(Instant), min_size=2, max_size=5))
    assert assert_alike_from_anywhere(rule, since, end, looks) == until(rule, since, end)
