"""Chosen days and opening hours as rules: when their days end, what a clock change makes of them, who knew when."""

import json
from datetime import UTC, date, datetime
from itertools import dropwhile, islice, pairwise, takewhile
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passage_clock import civil
from passage_clock.calendars import Company, Hours, Notice, national
from passage_clock.civil import HOUR, FoldPass, Gap
from passage_clock.errors import ScheduleError, ZoneError
from passage_clock.rules.days import OnDays, workdays
from passage_clock.rules.dayset import Dates, DaySet, DaysOf, DaysOfMonth, Joined, MonthDay, Moon, NthWorkday, Weekdays
from passage_clock.rules.hours import Opening
from passage_clock.rules.rule import Occurrence, Rule
from passage_clock.schedules import Schedule
from passage_schemas.instant import Instant, datetime_of, instant_of
from tests.clock.zonefiles import offset_changes, zone_info

AMSTERDAM, NEW_YORK, APIA = "Europe/Amsterdam", "America/New_York", "Pacific/Apia"
NL = national("NL")
EVERY_DAY = DaySet(Weekdays((0, 1, 2, 3, 4, 5, 6)))
HALF_PAST_TWO, HALF_PAST_FIVE = 2 * HOUR + HOUR // 2, 17 * HOUR + HOUR // 2

SHOP = Company(
    "shop",
    hours=Hours.of(
        {"monday-friday": ["00:10-02:15", "02:20-02:45", "09:00-12:30", "13:30-17:30"], "saturday": ["22:00-06:00"]}
    ),
)


def between(rule: Rule, first: str, last: str) -> list[Occurrence]:
    """Its occurrences that end from the day `first` to the day `last`, on its zone's clock."""
    begin = civil.instant_of_civil(date.fromisoformat(first), rule.zone)
    end = civil.instant_of_civil(date.fromordinal(date.fromisoformat(last).toordinal() + 1), rule.zone)
    found = takewhile(lambda one: one.ends_at <= end, rule.occurrences(begin))
    return [one for one in found if one.ends_at > begin]


def after(rule: Rule, since: Instant, count: int) -> list[Occurrence]:
    return list(islice(dropwhile(lambda one: one.ends_at <= since, rule.occurrences(since)), count))


def labels(rule: Rule, first: str, last: str) -> list[str]:
    return [one.period for one in between(rule, first, last)]


def shown(zone: str, instant: Instant) -> str:
    """What the zone's clock says, by the standard library's reading."""
    return datetime_of(instant).astimezone(zone_info(zone)).isoformat()


def test_every_tenth_of_the_month_except_weekends_full_moons_and_the_office_party() -> None:
    party = DaySet(Dates((date(2025, 12, 10),)))
    tenth = DaySet(DaysOfMonth((10,)), without=(DaySet(Weekdays((5, 6))), DaySet(Moon("full")), party))
    schedule = Schedule("tenth", OnDays(tenth, AMSTERDAM))

    # In 2025 the 10ths of May and August are in a weekend, the moon is full on Thursday July 10, and December has
    # the party.
    months = (1, 2, 3, 4, 6, 9, 10, 11)
    assert labels(schedule.rule, "2025-01-01", "2025-12-31") == [f"2025-{month:02}-10" for month in months]
    assert json.loads(schedule.definition_text) == {
        "event": "DayHasPassed",
        "on": {
            "day_of_month": 10,
            "except": [{"weekday": ["saturday", "sunday"]}, {"moon": "full"}, {"dates": ["2025-12-10"]}],
        },
        "zone": AMSTERDAM,
    }
    assert schedule.rule.data == Moon("full").data[0]


def test_a_workday_ends_at_the_days_end_or_at_the_time_it_is_given() -> None:
    whole = between(workdays(NL, AMSTERDAM), "2026-12-24", "2026-12-28")
    clocked = between(workdays(NL, AMSTERDAM, HALF_PAST_FIVE), "2026-12-24", "2026-12-28")

    assert [shown(AMSTERDAM, one.ends_at) for one in whole] == [
        "2026-12-25T00:00:00+01:00",
        "2026-12-29T00:00:00+01:00",
    ]
    assert [shown(AMSTERDAM, one.ends_at) for one in clocked] == [
        "2026-12-24T17:30:00+01:00", "2026-12-28T17:30:00+01:00",
    ]  # fmt: skip
    assert [one.period for one in clocked] == [one.period for one in whole] == ["2026-12-24", "2026-12-28"]
    assert [one.starts_at for one in clocked] == [one.starts_at for one in whole]


@pytest.mark.parametrize(
    ("gap", "fold", "ends"),
    [
        (None, "first", ["2026-03-29T03:00:00+02:00", "2026-10-25T02:30:00+02:00"]),
        ("previous", "second", ["2026-03-29T01:59:59+01:00", "2026-10-25T02:30:00+01:00"]),
        ("skip", "both", ["2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00"]),
        ("shift", "first", ["2026-03-29T03:30:00+02:00", "2026-10-25T02:30:00+02:00"]),
    ],
)
def test_a_time_the_zone_skips_or_has_twice_is_what_the_schedule_says(
    gap: Gap, fold: FoldPass, ends: list[str]
) -> None:
    changes = DaySet(Dates((date(2026, 3, 29), date(2026, 10, 25))))
    found = between(OnDays(changes, AMSTERDAM, HALF_PAST_TWO, gap, fold), "2026-01-01", "2026-12-31")

    assert [shown(AMSTERDAM, one.ends_at) for one in found] == ends
    if fold == "both":
        assert [one.period for one in found] == ["2026-10-25T02:30+02:00", "2026-10-25T02:30+01:00"]
    else:
        assert [one.period for one in found] == ["2026-03-29", "2026-10-25"]


def test_a_midnight_the_zone_skips_may_be_a_second_of_the_day_before() -> None:
    # Cairo's clocks went from 24:00 on Thursday April 23 2026 to 01:00.
    days = DaySet(Dates((date(2026, 4, 24),)))
    (after_gap,) = between(OnDays(days, "Africa/Cairo", 0), "2026-04-01", "2026-04-30")
    (before_gap,) = between(OnDays(days, "Africa/Cairo", 0, "previous"), "2026-04-01", "2026-04-30")

    assert shown("Africa/Cairo", after_gap.ends_at) == "2026-04-24T01:00:00+03:00"
    assert shown("Africa/Cairo", before_gap.ends_at) == "2026-04-23T23:59:59+02:00"
    assert before_gap.starts_at == before_gap.ends_at
    assert before_gap.period == after_gap.period == "2026-04-24"


def test_a_whole_day_the_zone_skipped_follows_the_gap_and_never_takes_an_instant_from_a_day_that_was() -> None:
    def around(at: int | None, gap: Gap | None) -> list[tuple[str, str]]:
        found = between(OnDays(EVERY_DAY, APIA, at, gap), "2011-12-29", "2011-12-31")
        return [(one.period[5:], shown(APIA, one.ends_at)[5:19]) for one in found]

    assert around(None, None) == [("12-29", "12-31T00:00:00"), ("12-31", "01-01T00:00:00")]
    assert around(HALF_PAST_FIVE, "skip") == [("12-29", "12-29T17:30:00"), ("12-31", "12-31T17:30:00")]
    assert around(HALF_PAST_FIVE, None) == [
        ("12-29", "12-29T17:30:00"), ("12-30/skipped", "12-31T00:00:00"), ("12-31", "12-31T17:30:00"),
    ]  # fmt: skip
    assert around(HALF_PAST_FIVE, "previous")[1] == ("12-30/skipped", "12-29T23:59:59")
    assert around(HALF_PAST_FIVE, "shift")[1] == ("12-31", "12-31T17:30:00")
    assert around(0, "next") == [("12-31", "12-31T00:00:00"), ("01-01", "01-01T00:00:00")]
    assert around(24 * HOUR - 1_000_000, "previous")[:2] == [("12-29", "12-29T23:59:59"), ("12-31", "12-31T23:59:59")]
    skipped = between(OnDays(EVERY_DAY, APIA, gap="next"), "2011-12-29", "2011-12-31")
    assert [one.period for one in skipped] == ["2011-12-29", "2011-12-30/skipped", "2011-12-31"]
    assert skipped[1].ends_at == skipped[1].starts_at + 1 == skipped[0].ends_at + 1


def test_an_exchange_that_closed_for_a_hurricane_had_no_workdays_once_that_was_announced() -> None:
    # Announced on Sunday at 22:00; made known for Tuesday too on Monday at 18:00, after half past five.
    sunday = instant_of(datetime.fromisoformat("2012-10-28T22:00-04:00"))
    monday = instant_of(datetime.fromisoformat("2012-10-29T18:00-04:00"))
    tuesday_late = instant_of(datetime.fromisoformat("2012-10-30T18:00-04:00"))

    def exchange(tuesday_told_at: Instant) -> Company:
        closed = ((date(2012, 10, 29), sunday), (date(2012, 10, 30), tuesday_told_at))
        return Company("exchange", national("US"), closed=tuple(Notice(day, day, at) for day, at in closed))

    at_five = workdays(exchange(monday), NEW_YORK, HALF_PAST_FIVE)
    assert labels(at_five, "2012-10-26", "2012-10-31") == ["2012-10-26", "2012-10-31"]
    too_late = workdays(exchange(tuesday_late), NEW_YORK, HALF_PAST_FIVE)
    assert labels(too_late, "2012-10-26", "2012-10-31") == ["2012-10-26", "2012-10-30", "2012-10-31"]
    assert labels(workdays(exchange(tuesday_late), NEW_YORK), "2012-10-26", "2012-10-31") == [
        "2012-10-26",
        "2012-10-31",
    ]
    assert labels(at_five.as_of(sunday), "2012-10-29", "2012-10-30") == ["2012-10-29", "2012-10-30"]
    assert labels(at_five.as_of(Instant(sunday + 1)), "2012-10-29", "2012-10-30") == ["2012-10-30"]


def test_a_company_opens_and_closes_by_its_hours_and_a_night_shift_closes_the_next_day() -> None:
    hours = Hours.of({"friday": ["09:00-12:30", "13:30-17:30"], "saturday": ["22:00-06:00"]})
    acme = Company("acme", NL, closed=(Notice(date(2026, 11, 28), date(2026, 11, 28)),), hours=hours)

    opens = between(Opening(acme, "opens", AMSTERDAM), "2026-11-20", "2026-12-05")
    closes = between(Opening(acme, "closes", AMSTERDAM), "2026-11-20", "2026-12-05")
    assert [one.period for one in opens] == [
        "2026-11-20T09:00+01:00", "2026-11-20T13:30+01:00", "2026-11-21T22:00+01:00",
        "2026-11-27T09:00+01:00", "2026-11-27T13:30+01:00",
        "2026-12-04T09:00+01:00", "2026-12-04T13:30+01:00", "2026-12-05T22:00+01:00",
    ]  # fmt: skip
    assert [one.period for one in closes] == [
        "2026-11-20T12:30+01:00", "2026-11-20T17:30+01:00", "2026-11-22T06:00+01:00",
        "2026-11-27T12:30+01:00", "2026-11-27T17:30+01:00",
        "2026-12-04T12:30+01:00", "2026-12-04T17:30+01:00",
    ]  # fmt: skip
    assert all(one.starts_at == one.ends_at for one in opens)
    assert [one.starts_at for one in closes] == [one.ends_at for one in opens][: len(closes)]
    assert Opening(acme, "opens", AMSTERDAM).definition == {
        "opening": "opens", "calendar": acme.definition, "zone": AMSTERDAM,
    }  # fmt: skip


def test_in_the_night_a_shift_that_began_the_day_before_has_yet_to_close() -> None:
    sunday_at_three = instant_of(datetime(2026, 11, 22, 3, tzinfo=UTC))

    assert [one.period for one in after(Opening(SHOP, "closes", "UTC"), sunday_at_three, 2)] == [
        "2026-11-22T06:00+00:00", "2026-11-23T02:15+00:00",
    ]  # fmt: skip


def test_openings_a_gap_makes_one_are_one() -> None:
    # New York skipped 02:00 to 03:00 on Sunday March 8 2026.
    shop = Company("shop", hours=Hours.of({"sunday": ["01:00-02:10", "02:15-02:30", "02:45-05:00"]}))

    assert labels(Opening(shop, "opens", NEW_YORK), "2026-03-08", "2026-03-08") == [
        "2026-03-08T01:00-05:00", "2026-03-08T03:00-04:00",
    ]  # fmt: skip
    assert labels(Opening(shop, "closes", NEW_YORK), "2026-03-08", "2026-03-08") == [
        "2026-03-08T03:00-04:00", "2026-03-08T05:00-04:00",
    ]  # fmt: skip


def test_a_closure_told_of_at_noon_leaves_the_morning_open() -> None:
    day = date(2026, 11, 20)
    told_at = instant_of(datetime(2026, 11, 20, 12, tzinfo=UTC))
    shop = Company(
        "shop", closed=(Notice(day, day, told_at),), hours=Hours.of({"friday": ["09:00-10:00", "13:00-14:00"]})
    )

    assert labels(Opening(shop, "opens", "UTC"), "2026-11-20", "2026-11-20") == ["2026-11-20T09:00+00:00"]
    assert labels(Opening(shop, "closes", "UTC"), "2026-11-20", "2026-11-20") == ["2026-11-20T10:00+00:00"]
    assert len(labels(Opening(shop, "opens", "UTC").as_of(told_at), "2026-11-20", "2026-11-20")) == 2


def test_contradictions_are_refused() -> None:
    with pytest.raises(ScheduleError, match="add at:"):
        OnDays(EVERY_DAY, "UTC", fold="both")
    with pytest.raises(ScheduleError, match="no time of a day"):
        OnDays(EVERY_DAY, "UTC", at=24 * HOUR)
    with pytest.raises(ScheduleError, match="plain has no opening hours"):
        Opening(Company("plain"), "opens", "UTC")
    with pytest.raises(ScheduleError, match="neither opens nor closes"):
        Opening(SHOP, "open", "UTC")  # type: ignore[arg-type]
    with pytest.raises(ZoneError, match="Europe/Amsterdam"):
        OnDays(EVERY_DAY, "Europe/Amsterdm")


def test_a_rule_says_what_it_is_in_the_words_of_the_file() -> None:
    every = {"every": "workday", "calendar": "NL", "zone": "UTC"}
    assert workdays(NL, "UTC").definition == every
    assert OnDays(DaySet(DaysOf("workdays", NL)), "UTC") == workdays(NL, "UTC", gap="skip")
    assert workdays(NL, "UTC", HALF_PAST_FIVE, "next").definition == {**every, "at": "17:30"}
    late = workdays(NL, "UTC", HALF_PAST_FIVE + 15_000_000, "previous", "both")
    assert late.definition == {**every, "at": "17:30:15", "gap": "previous", "fold": "both"}
    assert OnDays(DaySet(DaysOfMonth((10,))), "UTC", gap="next").definition == {
        "on": {"day_of_month": 10}, "zone": "UTC", "gap": "next",
    }  # fmt: skip
    assert (late.event, OnDays(EVERY_DAY, "UTC").event, OnDays(EVERY_DAY, "UTC", 0).event) == (
        "WorkdayHasEnded", "DayHasPassed", "TimeHasCome",
    )  # fmt: skip
    assert (late.data, OnDays(EVERY_DAY, "UTC").data) == (NL.label, None)


def test_days_that_never_come_again_end() -> None:
    once = OnDays(DaySet(Dates((date(2026, 5, 1),))), "UTC")

    assert [one.period for one in once.occurrences(Instant(0))] == ["2026-05-01"]
    assert once.known_until is None


def test_nothing_is_named_behind_the_horizon_and_all_before_it_is() -> None:
    rule = OnDays(DaySet(Dates((MonthDay(12, 31),)), shift="next", calendar=NL), AMSTERDAM)
    autumn = civil.instant_of_civil(date(2100, 10, 1), AMSTERDAM)

    assert [one.period for one in rule.occurrences(autumn)] == ["2100-12-31"]
    assert rule.known_until is not None
    assert [one.period for one in OnDays(DaySet(Moon("full")), "UTC").occurrences(autumn)][-1].startswith("2100-12")
    assert Opening(SHOP, "opens", "UTC").known_until > 0


PARTLY_TOLD = Company(
    "told",
    NL,
    closed=tuple(
        Notice(date(2026, month, 1), date(2026, month, 3), Instant(1_767_225_600_000_000 + month * 30 * civil.DAY))
        for month in range(1, 13)
    ),
)
SETS = [
    EVERY_DAY,
    DaySet(DaysOf("workdays", PARTLY_TOLD)),
    DaySet(NthWorkday((1, -1), "week", PARTLY_TOLD)),
    DaySet(DaysOfMonth((1, 15, 30)), shift="next", calendar=PARTLY_TOLD),
    DaySet(DaysOfMonth((2, -1)), shift="previous", calendar=PARTLY_TOLD),
    DaySet(Joined("any", (DaySet(Moon("full")), DaySet(DaysOfMonth((10,))))), without=(DaySet(Weekdays((5, 6))),)),
]
GAPS, FOLDS = get_args(Gap), get_args(FoldPass)
TROUBLED = ["Africa/Cairo", "America/Havana", "Atlantic/Azores", "Australia/Lord_Howe", AMSTERDAM, APIA, NEW_YORK]


@st.composite
def rules(draw: st.DrawFn) -> tuple[Rule, Instant]:
    """A rule of ours, and an instant near a change of its zone's clock, or in the year of much news."""
    zone = draw(st.sampled_from(TROUBLED) | st.sampled_from(sorted(civil.zone_names())))
    changes = [second for second, _, _ in offset_changes(zone) if 366 * 86400 < second < 4_000_000_000]
    near = draw(st.sampled_from([*changes, 1_780_000_000])) if draw(st.booleans()) else 1_780_000_000
    since = Instant((near + draw(st.integers(-40 * 86400, 20 * 86400))) * 1_000_000)
    gap, fold = draw(st.sampled_from(GAPS)), draw(st.sampled_from(FOLDS))
    if draw(st.integers(0, 3)) == 0:
        return Opening(SHOP, draw(st.sampled_from(["opens", "closes"])), zone, gap, fold), since
    at = draw(st.sampled_from([None, 0, HALF_PAST_TWO, HALF_PAST_FIVE, 24 * HOUR - 1_000_000]))
    days = draw(st.sampled_from(SETS))
    return (OnDays(days, zone) if at is None else OnDays(days, zone, at, gap, fold)), since


@given(asked=rules(), skip=st.integers(0, 20), inside=st.floats(0, 1, exclude_max=True))
@settings(max_examples=150)
def test_it_does_not_matter_from_where_one_looks_and_ends_increase(
    asked: tuple[Rule, Instant], skip: int, inside: float
) -> None:
    rule, since = asked
    whole = after(rule, since, 30)

    assert all(one.ends_at < other.ends_at for one, other in pairwise(whole))
    assert all(one.starts_at <= one.ends_at for one in whole)
    assert len({one.period for one in whole}) == len(whole)
    look = Instant(whole[skip].ends_at + int(inside * (whole[skip + 1].ends_at - whole[skip].ends_at)))
    assert after(rule, look, 29 - skip) == whole[skip + 1 :]
