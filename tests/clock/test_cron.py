"""Cron on a town's clock: which civil times it names, and what the zone makes of them."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import get_args

import pytest
from cronsim import CronSim
from hypothesis import given, settings
from hypothesis import strategies as st

from passage_clock import civil
from passage_clock.civil import FoldPass, Gap
from passage_clock.errors import ScheduleError
from passage_clock.rules.cron import Cron
from passage_clock.rules.moments import moments
from passage_schemas.instant import Instant, datetime_of
from tests.clock.rules_alike import assert_alike_from_anywhere, at, clock, labels, until

AMSTERDAM = "Europe/Amsterdam"


@pytest.mark.parametrize(
    ("expression", "first"),
    [
        ("30 9 * * *", ["2026-11-21 09:30 +0100", "2026-11-22 09:30 +0100"]),
        ("30 9 L * *", ["2026-11-30 09:30 +0100", "2026-12-31 09:30 +0100", "2027-01-31 09:30 +0100"]),
        ("0 17 LW * *", ["2026-11-30 17:00 +0100", "2026-12-31 17:00 +0100", "2027-01-29 17:00 +0100"]),
        ("0 17 * * 5L", ["2026-11-27 17:00 +0100", "2026-12-25 17:00 +0100"]),
        ("0 17 * * FRI#2", ["2026-12-11 17:00 +0100", "2027-01-08 17:00 +0100"]),
        ("0 9 15W * *", ["2026-12-15 09:00 +0100", "2027-01-15 09:00 +0100", "2027-02-15 09:00 +0100"]),
        ("0 9 1W,31W * ?", ["2026-12-01 09:00 +0100", "2026-12-31 09:00 +0100", "2027-01-01 09:00 +0100"]),
        ("0 0 29 2 *", ["2028-02-29 00:00 +0100", "2032-02-29 00:00 +0100"]),
        (
            "0 9 * * 1/2",
            ["2026-11-23 09:00 +0100", "2026-11-25 09:00 +0100", "2026-11-27 09:00 +0100", "2026-11-30 09:00 +0100"],
        ),
        ("0 9 ? * 7/3", ["2026-11-21 09:00 +0100", "2026-11-22 09:00 +0100", "2026-11-25 09:00 +0100"]),
        ("*/20 22 * * sat", ["2026-11-21 22:00 +0100", "2026-11-21 22:20 +0100", "2026-11-21 22:40 +0100"]),
    ],
)
def test_an_expression_names_these_times(expression: str, first: list[str]) -> None:
    assert clock(Cron(expression, AMSTERDAM), "2026-11-21", len(first)) == first


def test_the_nearest_weekday_never_leaves_its_month() -> None:
    assert clock(Cron("0 9 1W * *", AMSTERDAM), "2026-07-31", 1) == ["2026-08-03 09:00 +0200"]  # the 1st a Saturday
    assert clock(Cron("0 9 31W * *", AMSTERDAM), "2027-01-02", 1) == ["2027-01-29 09:00 +0100"]  # the 31st a Sunday
    assert clock(Cron("0 9 30W * *", AMSTERDAM), "2027-02-01", 1) == ["2027-03-30 09:00 +0200"]  # February has none


def test_six_fields_begin_with_seconds() -> None:
    assert labels(Cron("15,45 59 23 * * *", "UTC"), "2026-11-21", 3) == [
        "2026-11-21T23:59:15+00:00",
        "2026-11-21T23:59:45+00:00",
        "2026-11-22T23:59:15+00:00",
    ]


def test_once_a_day_is_labelled_by_its_date() -> None:
    assert labels(Cron("30 9 * * *", AMSTERDAM), "2026-11-21", 2) == ["2026-11-21", "2026-11-22"]
    assert labels(Cron("30 9,10 * * *", AMSTERDAM), "2026-11-21", 1) == ["2026-11-21T09:30+01:00"]


@pytest.mark.parametrize(
    ("gap", "expected"),
    [
        ("next", ["2026-03-28 02:30 +0100", "2026-03-29 03:00 +0200", "2026-03-30 02:30 +0200"]),
        ("previous", ["2026-03-28 02:30 +0100", "2026-03-29 01:59 +0100", "2026-03-30 02:30 +0200"]),
        ("skip", ["2026-03-28 02:30 +0100", "2026-03-30 02:30 +0200", "2026-03-31 02:30 +0200"]),
        ("shift", ["2026-03-28 02:30 +0100", "2026-03-29 03:30 +0200", "2026-03-30 02:30 +0200"]),
    ],
)
def test_a_time_the_spring_skips(gap: Gap, expected: list[str]) -> None:
    assert clock(Cron("30 2 * * *", AMSTERDAM, gap=gap), "2026-03-28", 3) == expected


@pytest.mark.parametrize(
    ("fold", "expected"),
    [("first", ["+0200"]), ("second", ["+0100"]), ("both", ["+0200", "+0100"])],
)
def test_a_time_the_autumn_repeats(fold: FoldPass, expected: list[str]) -> None:
    found = clock(Cron("30 2 25 10 *", AMSTERDAM, fold=fold), "2026-10-25", len(expected))
    assert found == [f"2026-10-25 02:30 {offset}" for offset in expected]


def test_every_twenty_minutes_names_each_pass_in_the_order_of_time() -> None:
    night = clock(Cron("*/20 2-3 * * *", AMSTERDAM, fold="both"), "2026-10-24T23:59:59Z", 7)
    assert [time[11:] for time in night] == [
        *("02:00 +0200", "02:20 +0200", "02:40 +0200"),
        *("02:00 +0100", "02:20 +0100", "02:40 +0100"),
        "03:00 +0100",
    ]


def test_every_time_of_a_skipped_hour_is_the_one_at_its_end() -> None:
    night = clock(Cron("*/20 1-3 * * *", AMSTERDAM), "2026-03-29T00:39:00Z", 3)
    assert night == ["2026-03-29 01:40 +0100", "2026-03-29 03:00 +0200", "2026-03-29 03:20 +0200"]


def test_where_every_time_is_in_a_gap_that_is_skipped_the_search_ends() -> None:
    """Since 2007 New York's clocks skip 02:30 of each second Sunday in March."""
    asked: list[int] = []

    def nights() -> Iterator[tuple[int, int]]:
        for year in range(2008, 9000):
            asked.append(year)
            march = date(year, 3, 1).toordinal()
            yield march + -march % 7 + 7, 2 * civil.HOUR + 30 * civil.MINUTE

    assert list(moments("America/New_York", nights(), "skip", "first")) == []
    assert len(asked) < 60
    assert labels(Cron("30 2 * 3 0#2", "America/New_York", gap="skip"), "2026-01-01", 1) == []


def test_shifted_times_stand_among_those_they_meet_in_order_and_each_once() -> None:
    """02:15 and 02:45 are shifted past 03:00, and 02:30 to a 03:30 that there is."""
    rule = Cron("0,15,30,45 2 * * *", AMSTERDAM, gap="shift")
    night = clock(rule, "2026-03-29", 4)
    assert [time[11:16] for time in night] == ["03:00", "03:15", "03:30", "03:45"]
    both = Cron("0,30 1-3 * * *", AMSTERDAM, gap="shift")
    assert [time[11:16] for time in clock(both, "2026-03-28T23:30Z", 4)] == ["01:00", "01:30", "03:00", "03:30"]
    uneven = Cron("15,40 2,3 * * *", AMSTERDAM, gap="shift")
    assert [time[11:16] for time in clock(uneven, "2026-03-29", 2)] == ["03:15", "03:40"]
    assert labels(uneven, "2026-03-29", 2) == ["2026-03-29T03:15+02:00", "2026-03-29T03:40+02:00"]


def test_a_day_that_was_skipped_whole_is_shifted_by_a_day() -> None:
    """Where the next day has the same times they are that day's; else each keeps a label of its own."""
    rule = Cron("30 9 * * *", "Pacific/Apia", gap="shift")
    assert labels(rule, "2011-12-29T00:00Z", 3) == ["2011-12-29", "2011-12-31", "2012-01-01"]
    alone = Cron("30 9 30 12 *", "Pacific/Apia", gap="shift")
    assert labels(alone, "2011-12-29T00:00Z", 1) == ["2011-12-30/skipped"]
    assert clock(alone, "2011-12-29T00:00Z", 1) == ["2011-12-31 09:30 +1400"]
    hourly = Cron("0 9,10 30 12 *", "Pacific/Apia", gap="shift")
    assert labels(hourly, "2011-12-29T00:00Z", 2) == ["2011-12-31T09:00+14:00", "2011-12-31T10:00+14:00"]


@pytest.mark.parametrize("gap", ["next", "skip"])
@pytest.mark.parametrize("hour", ["*", "*/1", "0-23"])
def test_a_wildcard_hour_has_as_many_as_the_day_has_hours(hour: str, gap: Gap) -> None:
    found = until(Cron(f"30 {hour} * * *", AMSTERDAM, gap=gap), at("2026-03-28T23:00Z"), at("2026-03-29T22:00Z"))
    assert len(found) == (24 if (hour, gap) == ("0-23", "next") else 23)


def test_a_whole_day_that_was_skipped_is_named_so() -> None:
    rule = Cron("30 9 * * *", "Pacific/Apia")
    assert labels(rule, "2011-12-29T00:00Z", 3) == ["2011-12-29", "2011-12-30/skipped", "2011-12-31"]
    assert labels(Cron("30 9 * * *", "Pacific/Apia", gap="skip"), "2011-12-29T00:00Z", 2) == [
        "2011-12-29",
        "2011-12-31",
    ]
    midnight = Cron("0 0 * * *", "Pacific/Apia")  # both dates begin at one instant: one tick, of the day that was
    assert labels(midnight, "2011-12-28T12:00Z", 3) == ["2011-12-29", "2011-12-31", "2012-01-01"]


@pytest.mark.parametrize(
    ("expression", "complaint"),
    [
        ("0 0 30 2 *", "never|bad day-of-month"),
        ("0 0 31 2,4 1#1", None),  # either field is enough: the first Monday
        ("0 0 30W 2 *", "never fires"),
        ("0 9 40W * *", "bad day-of-month"),
        ("61 * * * *", "bad minute"),
        ("* * *", "has 3 fields"),
        ("@daily", "has 1 fields"),
        ("0 9 * * FUNDAY", "bad day-of-week"),
        ("5-1 * * * *", "bad minute"),
        ("*/90 * * * *", "a step of 90 leaves the minutes, of which there are 60"),
        ("0 9 * * 1,2/8", "a step of 8 leaves the weekdays, of which there are 7"),
        ("? 12 * * *", r"a \? in the minutes"),
        ("0 12 ?/2 * *", r"a \? in the days"),
        ("", "has 0 fields"),
    ],
)
def test_what_cannot_be_read_is_refused_in_a_line_that_says_how(expression: str, complaint: str | None) -> None:
    if complaint is None:
        Cron(expression, "UTC")
        return
    with pytest.raises(ScheduleError, match=f"cron: .*({complaint}).*; write (five fields|minutes)") as refused:
        Cron(expression, "UTC")
    assert "\n" not in str(refused.value)


def test_a_wrong_policy_is_refused() -> None:
    with pytest.raises(ScheduleError, match="gap: 'later' is none; write next, skip, previous or shift"):
        Cron("0 9 * * *", "UTC", gap="later")  # type: ignore[arg-type]


@given(st.text(alphabet="0123456789*/-,LW#?FRIMON ", max_size=24))
def test_whatever_is_written_is_read_or_refused(text: str) -> None:
    try:
        rule = Cron(text, "UTC")
    except ScheduleError:
        return
    assert next(rule.occurrences(at("2026-01-01"))) is not None


FIELD = st.sampled_from(["*", "*/7", "0", "3,17", "5-9"])
DAY = st.sampled_from(["*", "L", "LW", "1", "13,31", "*/9"])
WEEKDAY = st.sampled_from(["*", "1", "FRI", "5L", "3#2", "MON-FRI"])


@given(FIELD, FIELD, DAY, st.sampled_from(["*", "2", "1-6/2"]), WEEKDAY, st.integers(0, 20_000))
def test_days_and_times_are_those_cronsim_steps_over(
    minute: str, hour: str, day: str, month: str, weekday: str, start: int
) -> None:
    expression = f"{minute} {hour} {day} {month} {weekday}"
    begin = datetime(2000, 1, 1, tzinfo=UTC) + timedelta(days=start)
    stepped = CronSim(expression, begin)
    expected = [next(stepped) for _ in range(20)]
    since = Instant(int(begin.timestamp()) * civil.SECOND)
    found = until(Cron(expression, "UTC"), since, at(expected[-1].isoformat()))
    assert [datetime_of(one.ends_at) for one in found] == expected


@settings(max_examples=60)
@given(
    st.sampled_from(sorted(civil.zone_names())),
    st.sampled_from(["*/10 * * * *", "30 2 * * *", "0 0 * * *", "59 23 * * *", "0 12 L * *", "17 */5 */3 * *"]),
    st.sampled_from(get_args(Gap)),
    st.sampled_from(["first", "second", "both"]),
    st.integers(1971, 2036),
    st.data(),
)
def test_order_is_strict_and_the_same_from_anywhere_over_any_zones_changes(
    zone: str, expression: str, gap: Gap, fold: FoldPass, year: int, data: st.DataObject
) -> None:
    change = civil.zone(zone).span_at(at(f"{year}-01-10")).ends_at
    since, end = Instant(change - 4 * civil.DAY), Instant(change + 4 * civil.DAY)
    looks = data.draw(st.lists(st.integers(since, end).map(Instant), min_size=2, max_size=4))
    assert_alike_from_anywhere(Cron(expression, zone, gap, fold), since, end, [*looks, change, Instant(change - 1)])
