"""Which civil times an RRULE's parts name, held to dateutil's walk, and found or refused however seldom they come."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import islice

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given, settings
from hypothesis import strategies as st

from passage_clock.errors import ScheduleError
from passage_clock.rules import intervals
from passage_clock.rules.intervals import Civil, Intervals, civil_of
from passage_clock.rules.recurring import Recurring
from tests.clock.rules_alike import after, at

WEEKDAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]

STARTS = st.datetimes(datetime(1998, 1, 1), datetime(2004, 12, 31)).map(  # noqa: DTZ001 - civil, of no zone
    lambda one: one.replace(microsecond=0)
)


def some(*words: object) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(words), min_size=1, max_size=4, unique=True).map(
        lambda chosen: ",".join(map(str, chosen))
    )


ANYWHERE: dict[str, st.SearchStrategy[str]] = {
    "INTERVAL": st.sampled_from(["1", "2", "3", "5", "7", "25", "60"]),
    "WKST": st.sampled_from(WEEKDAYS),
    "BYMONTH": some(1, 2, 3, 6, 12),
    "BYDAY": some(*WEEKDAYS),
    "BYHOUR": some(0, 3, 12, 23),
    "BYMINUTE": some(0, 15, 59),
    "BYSECOND": some(0, 30),
}
ONLY_IN: dict[str, dict[str, st.SearchStrategy[str]]] = {
    "YEARLY": {
        "BYDAY": some(*WEEKDAYS) | some("1MO", "-1FR", "2WE", "20MO", "-3SU"),
        "BYYEARDAY": some(1, 60, 100, 366, -1, -366),
        "BYMONTHDAY": some(1, 13, 29, 31, -1, -31),
        "BYEASTER": some(-47, -2, 0, 39),
    },
    "MONTHLY": {
        "BYDAY": some(*WEEKDAYS) | some("1MO", "-1FR", "2WE", "5TH"),
        "BYMONTHDAY": some(1, 13, 29, 31, -1, -31),
        "BYSETPOS": some(1, 2, -1, -2),
    },
    "WEEKLY": {},
    "DAILY": {"BYMONTHDAY": some(1, 13, 29, 31, -1, -31), "BYSETPOS": some(1, 2, -1)},
    "HOURLY": {"BYMONTHDAY": some(1, 13, -1), "BYYEARDAY": some(1, 100, -1), "BYSETPOS": some(1, 2, -1)},
    "MINUTELY": {"BYMONTHDAY": some(1, 13, -1), "BYSETPOS": some(1, 2, -1)},
    "SECONDLY": {"BYMONTHDAY": some(1, 13, -1)},
}


WALKED_DAYS = {"HOURLY": 300, "MINUTELY": 5, "SECONDLY": 0.2}
"""So far dateutil is walked, which takes each interval for a step."""


@st.composite
def rule_texts(draw: st.DrawFn) -> str:
    """Where dateutil is right: what it does otherwise than the RFC is in a table of its own."""
    frequency = draw(st.sampled_from(sorted(ONLY_IN)))
    can = ANYWHERE | ONLY_IN[frequency]
    parts = draw(st.lists(st.sampled_from(sorted(can)), max_size=4, unique=True))
    return f"FREQ={frequency}" + "".join(f";{part}={draw(can[part])}" for part in parts)


@given(rule_texts(), STARTS)
def test_they_are_those_dateutil_comes_to_step_by_step(text: str, start: datetime) -> None:
    try:
        Recurring(text, "UTC", start)
    except ScheduleError:  # never, or dateutil says so
        return
    parts = dict(part.split("=") for part in text.split(";"))
    end = civil_of(start + timedelta(days=WALKED_DAYS.get(parts["FREQ"], 2_000)))
    found = [one for one in islice(Intervals(parts, start).civil_times((0, 0)), 300) if one <= end]
    assert found == [civil_of(one) for one in islice(rrulestr(text, dtstart=start), len(found))]


NEVER = [
    "FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30",
    "FREQ=MINUTELY;BYMONTH=2;BYMONTHDAY=30;BYSETPOS=1",
    "FREQ=SECONDLY;BYSETPOS=2",
    "FREQ=MINUTELY;BYSECOND=1,2,3;BYSETPOS=4",
    "FREQ=DAILY;BYSETPOS=2",
    "FREQ=DAILY;BYMONTH=4;BYMONTHDAY=31",
    "FREQ=WEEKLY;BYMONTH=2;BYMONTHDAY=30;BYDAY=MO,TU,WE,TH,FR,SA,SU",
    "FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30;INTERVAL=7",
    "FREQ=MONTHLY;BYDAY=6MO",
    "FREQ=YEARLY;BYWEEKNO=53;BYMONTH=6",
    "FREQ=YEARLY;BYEASTER=0;BYMONTH=6",
    "FREQ=YEARLY;BYEASTER=0;BYDAY=MO",
    # An INTERVAL that never meets what the other parts say.
    "FREQ=SECONDLY;INTERVAL=120;BYMINUTE=1,3,5,7,9,11,13,15,17,19,21,23,25,27,29,31,33,35,37,39,41,43,45,47,49,51,53",
    "FREQ=SECONDLY;INTERVAL=86400;BYHOUR=4",
    "FREQ=SECONDLY;INTERVAL=7200;BYHOUR=1,3,5,7,9,11,13,15,17,19,21,23",
    "FREQ=MINUTELY;INTERVAL=1440;BYHOUR=4",
    "FREQ=HOURLY;INTERVAL=168;BYDAY=TU",
    "FREQ=DAILY;INTERVAL=7;BYDAY=TU",
    "FREQ=MONTHLY;INTERVAL=12;BYMONTH=2",
    "FREQ=YEARLY;INTERVAL=4;BYMONTH=2;BYMONTHDAY=29",
    "FREQ=SECONDLY;INTERVAL=999999999;BYHOUR=4;BYDAY=MO;BYMONTH=1",
    "FREQ=HOURLY;INTERVAL=999999999;BYMONTH=2",
    "FREQ=DAILY;INTERVAL=999999;BYMONTH=2",
    "FREQ=YEARLY;INTERVAL=999999999;BYMONTH=2;BYMONTHDAY=29",
]

SELDOM = [
    ("FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO;BYHOUR=3;BYMINUTE=3;BYSECOND=3", "2044-02-29T03:03:03"),
    ("FREQ=MINUTELY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO;BYSETPOS=-1", "2044-02-29"),
    ("FREQ=SECONDLY;INTERVAL=86401;BYHOUR=4", "2065-06-05T04:00:00"),
    ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO", "2044-02-29"),
    ("FREQ=YEARLY;INTERVAL=27;BYWEEKNO=53;BYDAY=MO", "2026-12-28"),
    ("FREQ=YEARLY;INTERVAL=13;BYWEEKNO=53;BYDAY=MO", "2026-12-28"),
    ("FREQ=YEARLY;BYEASTER=0;BYMONTH=3;BYMONTHDAY=23", "2160-03-23"),
    ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;INTERVAL=2;BYDAY=SU", "2032-02-29"),
    ("FREQ=SECONDLY;INTERVAL=999999999", "2026-01-01"),
    ("FREQ=YEARLY;BYHOUR=23;BYMONTH=12;BYMONTHDAY=31;COUNT=100000", "2026-12-31T23:00"),
    ("FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=29;BYHOUR=3;BYMINUTE=3;BYSECOND=3;COUNT=100000", "2028-02-29T03:03:03"),
]


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Every day that is looked at, be it asked for its kind of year or gone by."""
    seen: list[int] = []
    since = intervals._Days.since

    def counted(days: intervals._Days, first: int, last_year: int) -> Iterator[int]:
        for day in since(days, first, last_year):
            seen.append(day)
            yield day

    monkeypatch.setattr(intervals._Days, "since", counted)
    yield seen
    assert len(seen) <= 366 * 402, "more than four centuries of days"


@pytest.mark.usefixtures("looked_at")
@pytest.mark.parametrize("text", NEVER)
def test_a_rule_that_never_fires_is_refused_soon(text: str) -> None:
    with pytest.raises(ScheduleError, match=r"never fires|can't be read"):
        Recurring(text, "UTC", datetime(2026, 1, 1))  # noqa: DTZ001 - civil


@pytest.mark.usefixtures("looked_at")
@pytest.mark.parametrize(("text", "first"), SELDOM)
def test_a_rule_that_hardly_ever_fires_is_answered_soon(text: str, first: str) -> None:
    (found,) = after(Recurring(text, "UTC", datetime(2026, 1, 1)), at("2025-12-31"), 1)  # noqa: DTZ001 - civil
    assert found.ends_at == at(first)


EVERY_MINUTE = f"BYHOUR={','.join(map(str, range(24)))};BYMINUTE={','.join(map(str, range(60)))}"


@pytest.mark.usefixtures("looked_at")
@pytest.mark.parametrize("frequency", ["YEARLY;BYDAY=MO,TU,WE,TH,FR,SA,SU", "MONTHLY;BYDAY=MO,TU,WE,TH,FR,SA,SU"])
def test_minutes_of_whole_years_are_not_walked_one_by_one(frequency: str) -> None:
    rule = Recurring(f"FREQ={frequency};{EVERY_MINUTE};BYSECOND=0", "UTC", datetime(1999, 1, 1))  # noqa: DTZ001 - civil
    named = rule.occurrences(at("2026-11-21T12:00:30"))
    soon = list(islice(named, 10_000))
    assert soon[0].ends_at <= at("2026-11-21T12:01")
    assert at("2026-11-21T12:01") in [one.ends_at for one in soon]


def test_where_an_interval_never_comes_again_the_search_ends() -> None:
    text = "FREQ=SECONDLY;INTERVAL=999999999;BYMONTH=1;BYMONTHDAY=1;BYHOUR=0;BYMINUTE=0;BYSECOND=0"
    rule = Recurring(text, "UTC", datetime(2026, 1, 1))  # noqa: DTZ001 - civil
    assert len(after(rule, at("2025-01-01"), 2)) == 1


@settings(max_examples=10)
@given(STARTS, st.integers(1, 6), st.sampled_from(WEEKDAYS))
def test_weeks_are_numbered_as_iso_does_where_they_start_on_monday(start: datetime, week: int, weekday: str) -> None:
    for number in (week, 53 - week, 53, -1):
        text = {"FREQ": "YEARLY", "BYWEEKNO": str(number), "BYDAY": weekday}
        for day in named_days(Intervals(text, start), 4):
            year, found, _ = day.isocalendar()
            assert found == (number if number > 0 else date(year, 12, 28).isocalendar().week)


def named_days(found: Intervals, number: int) -> list[date]:
    times: Iterator[Civil] = found.civil_times((0, 0))
    return [date.fromordinal(day) for day, _ in islice(times, number)]
