"""RRULE on a town's clock: counted from its start, however late one looks."""

import re
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile
from typing import get_args

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given
from hypothesis import strategies as st

from passage_clock import civil
from passage_clock.civil import FoldPass, Gap
from passage_clock.errors import ScheduleError
from passage_clock.rules.recurring import Recurring
from passage_schemas.instant import Instant, datetime_of
from tests.clock.rules_alike import after, assert_alike_from_anywhere, at, clock, labels, until

AMSTERDAM = "Europe/Amsterdam"


def civil_time(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("text", "starts_at", "expected"),
    [
        (
            "FREQ=MONTHLY;BYDAY=-1FR;BYHOUR=17;BYMINUTE=0",
            None,
            ["2026-11-27 17:00 +0100", "2026-12-25 17:00 +0100", "2027-01-29 17:00 +0100"],
        ),
        (
            "FREQ=WEEKLY;INTERVAL=2",
            "2026-01-05T09:00",
            ["2026-11-23 09:00 +0100", "2026-12-07 09:00 +0100", "2026-12-21 09:00 +0100"],
        ),
        ("FREQ=YEARLY", "2024-02-29T12:00", ["2028-02-29 12:00 +0100", "2032-02-29 12:00 +0100"]),
        ("FREQ=MONTHLY", "2020-01-31T08:00", ["2026-12-31 08:00 +0100", "2027-01-31 08:00 +0100"]),
        ("RRULE:FREQ=DAILY;UNTIL=20261122T080000Z", "2020-01-01T09:00", ["2026-11-21 09:00 +0100"]),
    ],
)
def test_a_rule_names_these_times(text: str, starts_at: str | None, expected: list[str]) -> None:
    rule = Recurring(text, AMSTERDAM, civil_time(starts_at) if starts_at else None)
    assert clock(rule, "2026-11-21", len(expected)) == expected


@pytest.mark.parametrize(
    ("text", "starts_at", "zone", "since", "expected"),
    [
        (
            "FREQ=WEEKLY;WKST=SU;BYDAY=SU,MO,TU,WE,TH,FR,SA;BYSETPOS=2,4",
            "2026-01-05T03:00", "UTC", "2026-11-29",
            ["2026-11-30 03:00 +0000", "2026-12-02 03:00 +0000", "2026-12-07 03:00 +0000"],
        ),
        (
            "FREQ=WEEKLY;WKST=SU;BYDAY=SU,MO,TU,WE,TH,FR,SA;BYSETPOS=2,4",
            "2026-01-05T03:00", "UTC", "2026-12-01",
            ["2026-12-02 03:00 +0000", "2026-12-07 03:00 +0000"],
        ),
        # Of its first week, which began on Monday, the second day was Tuesday: it lies before the start.
        (
            "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=2,4;COUNT=3",
            "2026-01-07T09:00", "UTC", "2026-01-01",
            ["2026-01-08 09:00 +0000", "2026-01-13 09:00 +0000", "2026-01-15 09:00 +0000"],
        ),
        ("FREQ=WEEKLY;BYSETPOS=-1", "2026-01-07T09:00", "UTC", "2026-01-08", ["2026-01-14 09:00 +0000"]),
        (
            "FREQ=YEARLY;BYWEEKNO=20", "1997-05-12T09:00", "UTC", "1997-01-01",
            ["1997-05-12 09:00 +0000", "1998-05-11 09:00 +0000"],
        ),
        (
            "FREQ=DAILY;BYHOUR=1;BYMINUTE=30;BYSECOND=0;UNTIL=20261101T060000Z",
            "2026-10-31T01:30", "America/New_York", "2026-10-30",
            ["2026-10-31 01:30 -0400", "2026-11-01 01:30 -0400"],
        ),
    ],
)  # fmt: skip
def test_the_rfc_decides_where_dateutil_differs(
    text: str, starts_at: str, zone: str, since: str, expected: list[str]
) -> None:
    found = clock(Recurring(text, zone, civil_time(starts_at)), since, len(expected) + 1)
    assert found[: len(expected)] == expected
    assert len(found) == len(expected) or not {"UNTIL", "COUNT"} & set(re.findall("[A-Z]+", text))


def test_a_time_in_a_gap_may_be_read_by_the_offset_before_it_as_the_rfc_does() -> None:
    rule = Recurring(
        "FREQ=DAILY;BYHOUR=2;BYMINUTE=30;BYSECOND=0", "America/New_York", civil_time("2026-03-07T02:30"), gap="shift"
    )
    assert clock(rule, "2026-03-07", 3) == [
        *("2026-03-07 02:30 -0500", "2026-03-08 03:30 -0400", "2026-03-09 02:30 -0400"),
    ]
    assert rule.definition["gap"] == "shift"


def test_shifted_times_come_behind_one_that_they_were_before() -> None:
    picked = "FREQ=DAILY;BYHOUR=2,3;BYMINUTE=0,30,45;BYSECOND=0;BYSETPOS=2,3,4"  # 02:30, 02:45, 03:00
    rule = Recurring(picked, AMSTERDAM, civil_time("2026-01-01"), gap="shift")
    night = ["2026-03-29 03:00 +0200", "2026-03-29 03:30 +0200", "2026-03-29 03:45 +0200"]
    assert clock(rule, "2026-03-29", 3) == night
    assert clock(rule, "2026-03-29T01:00Z", 2) == night[1:]


def test_until_in_utc_includes_the_last_instant() -> None:
    rule = Recurring("FREQ=DAILY;UNTIL=20261122T080000Z", AMSTERDAM, civil_time("2020-01-01T09:00"))
    assert clock(rule, "2026-11-21", 9) == ["2026-11-21 09:00 +0100", "2026-11-22 09:00 +0100"]


def test_a_rule_with_a_count_ends_and_knows_it_for_ever() -> None:
    rule = Recurring("FREQ=DAILY;COUNT=3", AMSTERDAM, civil_time("2026-01-01T09:00"))
    assert labels(rule, "2025-01-01", 9) == ["2026-01-01", "2026-01-02", "2026-01-03"]
    assert labels(rule, "2026-06-01", 9) == []
    assert rule.known_until is None


def test_half_hours_are_labelled_by_clock_and_offset() -> None:
    rule = Recurring("FREQ=MINUTELY;INTERVAL=30", AMSTERDAM, civil_time("2026-10-25T00:00"), fold="both")
    assert labels(rule, "2026-10-24T23:59Z", 4) == [
        *("2026-10-25T02:00+02:00", "2026-10-25T02:30+02:00"),
        *("2026-10-25T02:00+01:00", "2026-10-25T02:30+01:00"),
    ]


def test_a_start_of_long_ago_is_not_walked_from() -> None:
    rule = Recurring("FREQ=SECONDLY;INTERVAL=7", "UTC", civil_time("1971-01-01T00:00"))
    begin = civil_time("1971-01-01T00:00").replace(tzinfo=UTC)
    found = [datetime_of(one.ends_at) for one in after(rule, at("2026-11-21"), 3)]  # 250 million behind the start
    assert [(moment - begin).total_seconds() % 7 for moment in found] == [0, 0, 0]


@pytest.mark.parametrize(
    ("text", "starts_at", "complaint"),
    [
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "2026-01-01", "never fires from 2026-01-01"),
        ("FREQ=DAILY;UNTIL=20200101", "2026-01-01", "never fires"),
        ("FREQ=DAILY;UNTIL=20200101T000000Z", "2026-01-01", "never fires"),
        ("FREQ=DAILY;UNTIL=2020Z", "2026-01-01", "UNTIL=2020Z can't be read; write e.g. UNTIL=20261231T170000Z"),
        ("FREQ=DAILY;COUNT=2;UNTIL=20270101", "2026-01-01", "ends by COUNT and by UNTIL"),
        ("FREQ=MONTHLY;BYMONTHDAY=0", "2026-01-01", "BYMONTHDAY=0 won't do: there is no 0th"),
        ("FREQ=YEARLY;BYYEARDAY=1,-0", "2026-01-01", "BYYEARDAY=1,-0 won't do"),
        ("FREQ=YEARLY;BYWEEKNO=00", "2026-01-01", "BYWEEKNO=00 won't do"),
        ("FREQ=DAILY;BYSETPOS=0", "2026-01-01", "BYSETPOS=0 won't do"),
        ("FREQ=HOURLY;BYHOUR=3,24", "2026-01-01", "BYHOUR=3,24 won't do: there is no 24; write 0 to 23"),
        ("FREQ=MONTHLY;BYMONTHDAY=1,-32", "2026-01-01", "there is no -32; write 1 to 31, or -1 to -31 from the end"),
        ("FREQ=YEARLY;BYEASTER=400", "2026-01-01", "BYEASTER=400 won't do: there is no 400; write -80 to 250"),
        ("FREQ=DAILY;UNTIL=2027", "2026-01-01", "UNTIL=2027 can't be read"),
        ("FREQ=DAILY;UNTIL=20270101T000000+0100", "2026-01-01", r"UNTIL=\S+ can't be read"),
        ("FREQ=WEEKLY;BYSETPOS=1;WKST=XX", "2026-01-01", "invalid 'WKST': XX"),
        ("FREQ=SECONDLY;INTERVAL=120", "2022-03-23T13:51:03.123456", "lies between two seconds"),
        ("FREQ=FORTNIGHTLY", None, "has no FREQ of YEARLY"),
        ("FREQ=DAILY;BYDAY=XX", "2026-01-01", "can't be read"),
        ("FREQ=DAILY;COLOUR=RED", "2026-01-01", "can't be read"),
        ("FREQ=DAILY;INTERVAL=0", "2026-01-01", "INTERVAL=0 won't do"),
        ("FREQ=SECONDLY;COUNT=20000000", "1971-01-01", "COUNT=20000000 won't do; write 1 to 100000, or UNTIL="),
        ("FREQ=DAILY;FREQ=WEEKLY", "2026-01-01", "each name once"),
        ("every day", None, "is not NAME=value"),
        ("FREQ=DAILY", None, "does not say the hour; add starts_at"),
        ("FREQ=WEEKLY;BYHOUR=9", None, "does not say the day; add starts_at"),
        ("FREQ=DAILY;INTERVAL=2;BYHOUR=9", None, "counts from its start; add starts_at"),
        ("FREQ=DAILY;COUNT=5;BYHOUR=9", None, "counts from its start; add starts_at"),
    ],
)
def test_what_is_wrong_is_told_in_a_line(text: str, starts_at: str | None, complaint: str) -> None:
    with pytest.raises(ScheduleError, match=complaint) as refused:
        Recurring(text, AMSTERDAM, civil_time(starts_at) if starts_at else None)
    assert "\n" not in str(refused.value)


@given(st.text(alphabet="FREQ=DAILYWKSBYO;,-123MTU", max_size=30))
def test_whatever_is_written_is_read_or_refused(tail: str) -> None:
    try:
        rule = Recurring(f"FREQ=WEEKLY;{tail}", "UTC", civil_time("2026-01-01"))
    except ScheduleError:
        return
    next(rule.occurrences(at("2026-01-01")), None)


WEEKDAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]


def numbers(most: int) -> st.SearchStrategy[str]:
    """One to three, from either end."""
    number = st.integers(1, most).flatmap(lambda one: st.sampled_from([one, -one]))
    return st.lists(number, min_size=1, max_size=3, unique=True).map(lambda some: ",".join(map(str, some)))


def some_of(words: list[str]) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(words), min_size=1, max_size=4, unique=True).map(",".join)


@st.composite
def any_rule(draw: st.DrawFn) -> str:
    """Whatever the grammar can say, within what the RFC allows with each FREQ."""
    frequency = draw(st.sampled_from(["YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY"]))
    can: dict[str, st.SearchStrategy[str]] = {
        "INTERVAL": st.integers(1, 5).map(str),
        "WKST": st.sampled_from(WEEKDAYS),
        "BYMONTH": some_of([str(month) for month in range(1, 13)]),
        "BYDAY": some_of(WEEKDAYS),
        "BYHOUR": some_of(["0", "3", "12", "23"]),
        "BYMINUTE": some_of(["0", "15", "59"]),
        "BYSETPOS": numbers(3),
    }
    if frequency != "WEEKLY":
        can["BYMONTHDAY"] = numbers(31)
    if frequency in ("YEARLY", "HOURLY"):
        can["BYYEARDAY"] = numbers(366)
    if frequency == "YEARLY":
        can["BYWEEKNO"] = numbers(53)
    if frequency in ("YEARLY", "MONTHLY"):
        can["BYDAY"] = some_of([*WEEKDAYS, "1MO", "-1FR", "2WE"])
    parts = draw(st.lists(st.sampled_from(sorted(can)), max_size=4, unique=True))
    ends = draw(st.sampled_from(["", "", ";COUNT=40", ";UNTIL=20080101T120000", ";UNTIL=20080101T120000Z"]))
    return f"FREQ={frequency}" + "".join(f";{part}={draw(can[part])}" for part in parts) + ends


@given(any_rule(), st.datetimes(civil_time("1998-01-01"), civil_time("2004-12-31")), st.integers(0, 3_000), st.data())
def test_what_a_rule_names_from_later_on_is_the_tail_of_what_it_names_from_its_start(
    text: str, start: datetime, days: int, data: st.DataObject
) -> None:
    try:
        rule = Recurring(text, data.draw(st.sampled_from(["UTC", "America/New_York"])), start.replace(microsecond=0))
    except ScheduleError:  # it never fires
        return
    begin = Instant(int(start.replace(tzinfo=UTC).timestamp()) * civil.SECOND - 2 * civil.DAY)
    look = Instant(begin + days * civil.DAY + data.draw(st.integers(0, civil.DAY)))
    end = Instant(look + 60 * civil.DAY)
    assert_alike_from_anywhere(rule, begin, end, [look, Instant(look + civil.DAY)])


RULES = st.sampled_from(
    [
        "FREQ=YEARLY",
        "FREQ=YEARLY;BYWEEKNO=1,53;BYDAY=MO",
        "FREQ=YEARLY;BYYEARDAY=-1,100",
        "FREQ=MONTHLY;INTERVAL=5",
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
        "FREQ=WEEKLY;INTERVAL=3;BYDAY=SU,MO;WKST=SU",
        "FREQ=WEEKLY;INTERVAL=3;BYDAY=SU,MO",
        "FREQ=DAILY;INTERVAL=11;BYHOUR=3,15",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=29",
        "FREQ=HOURLY;INTERVAL=7;BYDAY=TU",
        "FREQ=DAILY;INTERVAL=2;COUNT=300",
        "FREQ=WEEKLY;UNTIL=20100101T000000",
    ]
)
STARTS = st.datetimes(civil_time("1972-01-01"), civil_time("2004-12-31")).map(lambda one: one.replace(microsecond=0))


@given(RULES, STARTS | st.just(civil_time("1996-02-29T23:30")), st.integers(0, 10_000))
def test_a_late_look_names_what_a_walk_from_the_start_does(text: str, start: datetime, days: int) -> None:
    since = start + timedelta(days=days)
    walked = (one for one in rrulestr(text, dtstart=start) if one > since)
    expected = list(takewhile(lambda one: one.year < 2200, islice(walked, 10)))
    try:
        rule = Recurring(text, "UTC", start)
    except ScheduleError:
        assert not expected
        return
    look = Instant(int(since.replace(tzinfo=UTC).timestamp()) * civil.SECOND)
    found = [datetime_of(one.ends_at).replace(tzinfo=None) for one in after(rule, look, len(expected))]
    assert found == expected


@given(
    st.sampled_from(sorted(civil.zone_names())),
    st.sampled_from(["FREQ=HOURLY;INTERVAL=5", "FREQ=DAILY", "FREQ=MINUTELY;INTERVAL=45;BYHOUR=0,1,2,3,23"]),
    st.sampled_from(get_args(Gap)),
    st.sampled_from(["first", "second", "both"]),
    st.integers(1971, 2036),
    st.data(),
)
def test_order_is_strict_and_the_same_from_anywhere_over_any_zones_changes(
    zone: str, text: str, gap: Gap, fold: FoldPass, year: int, data: st.DataObject
) -> None:
    rule = Recurring(text, zone, civil_time("1971-01-01T02:15"), gap, fold)
    change = civil.zone(zone).span_at(at(f"{year}-01-10")).ends_at
    since, end = Instant(change - 4 * civil.DAY), Instant(change + 4 * civil.DAY)
    looks = data.draw(st.lists(st.integers(since, end).map(Instant), min_size=2, max_size=4))
    assert assert_alike_from_anywhere(rule, since, end, [*looks, change]) == until(rule, since, end)
