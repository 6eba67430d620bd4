"""Schedules: which occurrences there are, whatever a zone does to its clocks."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from itertools import islice, pairwise, takewhile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passage_clock import civil
from passage_clock.calendars import national
from passage_clock.civil import instant_of_civil
from passage_clock.errors import ScheduleError, ZoneError
from passage_clock.rules.cron import Cron
from passage_clock.rules.fiscal import Fiscal
from passage_clock.rules.periods import EVENTS, PERIODS, Every, Period
from passage_clock.rules.recurring import Recurring
from passage_clock.rules.rule import Rule
from passage_clock.schedules import Occurrence, Schedule, periodic
from passage_schemas.instant import Instant, datetime_of, instant_of
from tests.clock.zonefiles import kinds_of_change, offset_changes, zone_info

# Where trouble lives: every zone is drawn, these more often.
TROUBLED = [
    "Africa/Cairo", "Africa/Casablanca", "Africa/Monrovia", "America/Asuncion", "America/Havana", "America/New_York",
    "America/St_Johns", "Antarctica/Casey", "Antarctica/Troll", "Asia/Beirut", "Asia/Gaza", "Asia/Kathmandu",
    "Atlantic/Azores", "Australia/Lord_Howe", "Europe/Amsterdam", "Pacific/Apia", "Pacific/Kiritimati",
    "Pacific/Kwajalein",
]  # fmt: skip

zones = st.sampled_from(TROUBLED) | st.sampled_from(sorted(civil.zone_names()))


@st.composite
def places_in_time(draw: st.DrawFn) -> tuple[str, Instant]:
    """A zone, and an instant near one of its clock changes or anywhere at all."""
    zone = draw(zones)
    changes = [second for second, _, _ in offset_changes(zone) if second > 366 * 86400]
    if draw(st.booleans()) and changes:
        near = draw(st.sampled_from(changes)) * civil.SECOND
        return zone, Instant(near + draw(st.integers(-3 * civil.DAY, 3 * civil.DAY)))
    anywhere = draw(st.datetimes(datetime(1971, 1, 2), datetime(2095, 1, 1)))  # noqa: DTZ001
    return zone, instant_of(anywhere.replace(tzinfo=UTC))


def touching(zone: str) -> list[Rule]:
    """A rule of every kind whose periods touch."""
    return [
        *(Every(every, zone) for every in PERIODS),
        *(Every(every, zone) for every in ("30 seconds", "15 minutes", "6 hours")),
        Every("week", zone, week_starts="sunday"),
        Fiscal("fiscal-quarter", zone, year_starts="april"),
        Fiscal("fiscal-year", zone, year_starts="october"),
        Fiscal("fiscal-period", zone, weeks="4-4-5", year_ends="last saturday of january"),
        Fiscal("fiscal-quarter", zone, weeks="4-5-4", year_ends="nearest saturday to january 31"),
        Fiscal("fiscal-year", zone, weeks="5-4-4", year_ends="nearest friday to december 31"),
    ]


@st.composite
def touching_rules(draw: st.DrawFn) -> tuple[Rule, Instant]:
    zone, after = draw(places_in_time())
    return draw(st.sampled_from(touching(zone))), after


@st.composite
def rules(draw: st.DrawFn) -> tuple[Rule, Instant]:
    """A rule of any kind, and an instant."""
    zone, after = draw(places_in_time())
    workdays = periodic("any", "workday", zone, calendar=national("NL")).rule
    return draw(st.sampled_from([*touching(zone), workdays, Every("day", zone, gap="next")])), after


def in_order(schedule: Schedule, after: Instant | None, count: int) -> list[Occurrence]:
    return list(islice(schedule.occurrences(after), count))


@given(place=touching_rules())
@settings(max_examples=400)
def test_periods_touch_so_no_instant_is_lost_and_none_is_in_two(place: tuple[Rule, Instant]) -> None:
    rule, after = place
    found = in_order(Schedule("any", rule), after, 60)

    assert found[0].starts_at <= after < found[0].ends_at
    assert all(one.starts_at < one.ends_at for one in found)
    assert all(one.ends_at == other.starts_at for one, other in pairwise(found))
    assert len({one.period for one in found}) == len(found)


@pytest.mark.parametrize("every", ["15 minutes", "hour", "6 hours", "half-day", "day"])
def test_no_kind_of_change_loses_or_doubles_a_period(every: str) -> None:
    for zone, second in kinds_of_change():
        change, here = second * civil.SECOND, civil.zone(zone)
        until = here.midnight(here.day_of(change) + 2)
        found = ended_by(until, Schedule("any", Every(every, zone)).occurrences(Instant(change - civil.DAY)))

        assert found[-1].ends_at == until, f"{zone}: every day ends one"
        assert all(one.starts_at < one.ends_at == other.starts_at for one, other in pairwise(found)), zone
        assert len({one.period for one in found}) == len(found), zone


def ended_by(until: Instant, coming: Iterator[Occurrence]) -> list[Occurrence]:
    return list(takewhile(lambda one: one.ends_at <= until, coming))


@given(place=places_in_time(), every=st.sampled_from(["second", "minute", "hour"]))
@settings(max_examples=200)
def test_a_clock_period_is_named_by_the_very_instant_it_begins_at(place: tuple[str, Instant], every: Period) -> None:
    zone, after = place

    for found in in_order(periodic("any", every, zone), after, 200):
        named = datetime.fromisoformat(found.period)
        assert instant_of(named) == found.starts_at
        assert named.utcoffset() == datetime_of(found.starts_at).astimezone(zone_info(zone)).utcoffset()


@given(place=places_in_time())
@settings(max_examples=200)
def test_a_day_is_named_by_the_date_the_zone_shows_when_it_begins(place: tuple[str, Instant]) -> None:
    zone, after = place

    for found in in_order(periodic("any", "day", zone), after, 30):
        shown = datetime_of(found.starts_at).astimezone(zone_info(zone))
        just_before = (datetime_of(found.starts_at) - timedelta(microseconds=1)).astimezone(zone_info(zone))
        assert shown.date().isoformat() == found.period
        assert just_before.date() < shown.date()


@given(place=places_in_time())
@settings(max_examples=100)
def test_every_midnight_is_also_the_end_of_an_hour(place: tuple[str, Instant]) -> None:
    zone, after = place
    midnights = [one.ends_at for one in in_order(periodic("any", "day", zone), after, 3)]
    hours = {one.ends_at for one in in_order(periodic("any", "hour", zone), after, 100)}

    assert all(midnight in hours for midnight in midnights)


@given(
    place=rules(),
    skip=st.integers(0, 60),
    inside=st.floats(0, 1, exclude_max=True),
)
@settings(max_examples=300)
def test_it_does_not_matter_from_where_one_looks(place: tuple[Rule, Instant], skip: int, inside: float) -> None:
    rule, after = place
    schedule = Schedule("any", rule)
    whole = in_order(schedule, after, 80)
    look = Instant(whole[skip].ends_at + int(inside * (whole[skip + 1].ends_at - whole[skip].ends_at)))

    assert in_order(schedule, look, 79 - skip) == whole[skip + 1 :]


@given(place=rules())
@settings(max_examples=200)
def test_nothing_begins_before_starts_at_and_nothing_after_it_is_left_out(place: tuple[Rule, Instant]) -> None:
    rule, start = place
    endless, started = Schedule("any", rule), Schedule("any", rule, starts_at=start)

    expected = [one for one in in_order(endless, start, 22) if one.starts_at >= start][:20]
    assert in_order(started, None, 20) == expected
    assert in_order(started, Instant(start - 10**12), 20) == expected
    assert in_order(started, expected[4].ends_at, 15) == expected[5:]


def test_workdays_are_the_days_that_count_each_ending_at_its_own_midnight() -> None:
    zone = "Europe/Amsterdam"
    christmas = civil.instant_of_civil(date(2026, 12, 23), zone)
    workdays = in_order(periodic("workday.nl", "workday", zone, calendar=national("NL")), christmas, 4)
    days = {one.period: one for one in in_order(periodic("day.nl", "day", zone), christmas, 14)}

    # The 25th is Christmas on a Friday, the 26th and 27th are a weekend.
    assert [one.period for one in workdays] == ["2026-12-23", "2026-12-24", "2026-12-28", "2026-12-29"]
    assert all(days[one.period] == one for one in workdays)


def test_workdays_end_where_the_holidays_are_no_longer_known() -> None:
    schedule = periodic("workday.nl", "workday", "Europe/Amsterdam", calendar=national("NL"))
    autumn = civil.instant_of_civil(date(2100, 12, 1), "Europe/Amsterdam")

    found = list(schedule.occurrences(autumn))

    assert found[-1].period == "2100-12-31"
    assert schedule.first_promise(found[-1].ends_at) is None


def test_without_a_start_the_first_promise_is_the_end_of_the_period_that_is_running() -> None:
    noon = civil.instant_of_civil(datetime(2026, 11, 20, 12), "Europe/Amsterdam")  # noqa: DTZ001
    midnight = civil.instant_of_civil(date(2026, 11, 21), "Europe/Amsterdam")
    schedule = periodic("day.amsterdam", "day", "Europe/Amsterdam")

    assert schedule.first_promise(noon) == midnight
    assert schedule.first_promise(midnight) == civil.instant_of_civil(date(2026, 11, 22), "Europe/Amsterdam")


def test_with_a_start_the_first_promise_is_its_first_whole_period_however_late_it_is() -> None:
    start = civil.instant_of_civil(date(2026, 1, 15), "Europe/Amsterdam")
    schedule = periodic("month.amsterdam", "month", "Europe/Amsterdam", starts_at=start)

    assert schedule.first_promise(Instant(start + 10**15)) == civil.instant_of_civil(
        date(2026, 3, 1), "Europe/Amsterdam"
    )


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (Cron("0 9 * * *", "UTC"), ["2026-01-01", "2026-01-02"]),
        (Recurring("FREQ=DAILY;COUNT=2", "UTC", datetime(2026, 1, 1, 9)), ["2026-01-01", "2026-01-02"]),  # noqa: DTZ001
        (Every("hour", "UTC"), ["2026-01-01T09:00+00:00", "2026-01-01T10:00+00:00"]),
    ],
)
def test_a_moment_right_at_the_start_is_the_first_and_a_period_begins_there(rule: Rule, expected: list[str]) -> None:
    schedule = Schedule("x", rule, starts_at=instant_of_civil(datetime(2026, 1, 1, 9), "UTC"))  # noqa: DTZ001
    assert [one.period for one in islice(schedule.occurrences(None), 2)] == expected
    assert [one.period for one in islice(schedule.occurrences(Instant(0)), 2)] == expected


def test_a_schedule_that_starts_nowhere_must_be_told() -> None:
    with pytest.raises(ValueError, match="no starts_at"):
        next(periodic("day.amsterdam", "day", "Europe/Amsterdam").occurrences(None))


def test_the_definition_is_the_hash_of_what_the_user_decided() -> None:
    schedule = periodic("workday.by", "workday", "Europe/Berlin", calendar=national("DE/BY"))

    assert json.loads(schedule.definition_text) == {
        "calendar": "DE/BY", "event": "WorkdayHasEnded", "every": "workday", "zone": "Europe/Berlin",
    }  # fmt: skip
    assert schedule.definition == sha256(schedule.definition_text.encode()).hexdigest()
    renamed = periodic("other", "workday", "Europe/Berlin", calendar=national("DE/BY"))
    moved = periodic("workday.by", "workday", "Europe/Vienna", calendar=national("DE/BY"))
    assert schedule.definition == renamed.definition != moved.definition


@pytest.mark.parametrize("every", PERIODS)
def test_an_event_has_a_name_by_its_period_unless_it_is_given_one(every: Period) -> None:
    assert periodic("any", every, "UTC").event == EVENTS[every]
    assert periodic("any", every, "UTC", event="MarketHasOpened").event == "MarketHasOpened"


def test_contradictions_are_refused() -> None:
    with pytest.raises(ScheduleError, match="needs a calendar"):
        periodic("any", "workday", "UTC")
    with pytest.raises(ScheduleError, match="has no use for it"):
        periodic("any", "day", "UTC", calendar=national("NL"))
    with pytest.raises(ScheduleError, match="would let the last tick go"):
        replace(periodic("any", "second", "UTC"), keep_days=0)
    with pytest.raises(ZoneError, match="Europe/Amsterdam"):
        periodic("any", "day", "Europe/Amsterdm")
