"""Civil time against real zones in real years: the days on which clocks were put forward or back."""

import re
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passage_clock import civil
from passage_clock.errors import ZoneError
from passage_schemas.instant import Instant, datetime_of, instant_of
from tests.clock.zonefiles import kinds_of_change, offset_changes, zone_info

MEMORABLE_DAYS = [
    # zone, day, when it begins (UTC), how many hours it lasts
    ("Europe/Amsterdam", "2026-03-29", "2026-03-28T23:00", 23),
    ("Europe/Amsterdam", "2026-10-25", "2026-10-24T22:00", 25),
    ("America/New_York", "2026-03-08", "2026-03-08T05:00", 23),
    ("America/New_York", "2026-11-01", "2026-11-01T04:00", 25),
    # Midnight itself is skipped: the day begins where the gap ends.
    ("Atlantic/Azores", "2026-03-29", "2026-03-29T01:00", 23),
    ("America/Havana", "2026-03-08", "2026-03-08T05:00", 23),
    ("Africa/Cairo", "2026-04-24", "2026-04-23T22:00", 23),
    ("Asia/Beirut", "2026-03-29", "2026-03-28T22:00", 23),
    ("America/Asuncion", "2023-10-01", "2023-10-01T04:00", 23),
    # Midnight comes twice: the day begins with the first.
    ("Atlantic/Azores", "2026-10-25", "2026-10-25T00:00", 25),
    ("America/Havana", "2025-11-02", "2025-11-02T04:00", 25),
    ("America/St_Johns", "2006-10-29", "2006-10-29T02:30", 25),
    # The hour before midnight comes twice: the old day is the long one.
    ("Africa/Cairo", "2026-10-29", "2026-10-28T21:00", 25),
    ("Asia/Beirut", "2026-10-24", "2026-10-23T21:00", 25),
    ("America/Asuncion", "2024-03-23", "2024-03-23T03:00", 25),
    # Shifts that aren't whole hours, and shifts for a month of fasting.
    ("Australia/Lord_Howe", "2026-10-04", "2026-10-03T13:30", 23.5),
    ("Australia/Lord_Howe", "2026-04-05", "2026-04-04T13:00", 24.5),
    ("Asia/Kathmandu", "1986-01-01", "1985-12-31T18:30", 23.75),
    ("Africa/Casablanca", "2026-02-15", "2026-02-14T23:00", 25),
    ("Africa/Casablanca", "2026-03-22", "2026-03-22T00:00", 23),
    # The day before Samoa crossed the date line.
    ("Pacific/Apia", "2011-12-29", "2011-12-29T10:00", 24),
]


@pytest.mark.parametrize(("zone", "day", "begins", "hours"), MEMORABLE_DAYS)
def test_a_day_begins_at_civil_midnight_and_lasts_as_long_as_the_zone_says(
    zone: str, day: str, begins: str, hours: float
) -> None:
    begins_at = instant_of(datetime.fromisoformat(begins).replace(tzinfo=UTC))

    found = {label: (begin, end) for label, begin, end in islice(civil.days(zone, begins_at), 4)}

    assert found[date.fromisoformat(day)] == (begins_at, begins_at + hours * civil.HOUR)


def test_a_day_that_a_zone_skipped_never_was() -> None:
    since = civil.instant_of_civil(date(2011, 12, 28), "Pacific/Apia")

    labels = [day.isoformat() for day, _, _ in islice(civil.days("Pacific/Apia", since), 5)]

    assert labels == ["2011-12-27", "2011-12-28", "2011-12-29", "2011-12-31", "2012-01-01"]


MEMORABLE_HOURS = [
    ("Europe/Amsterdam", "2026-03-29T00:00Z", ["01:00+01:00 60", "03:00+02:00 60"]),
    ("Europe/Amsterdam", "2026-10-25T00:00Z", ["02:00+02:00 60", "02:00+01:00 60", "03:00+01:00 60"]),
    # Half an hour forward skips two o'clock, so an hour ends there, and the next is what is left until three.
    ("Australia/Lord_Howe", "2026-10-03T14:30Z", ["01:00+10:30 60", "02:30+11:00 30", "03:00+11:00 60"]),
    # Half an hour back from two to half past one reaches no full hour: the hour goes on.
    ("Australia/Lord_Howe", "2026-04-04T14:00Z", ["01:00+11:00 90", "02:00+10:30 60"]),
    ("Asia/Kathmandu", "1985-12-31T17:30Z", ["23:00+05:30 60", "00:15+05:45 45", "01:00+05:45 60"]),
    ("America/St_Johns", "2006-10-29T02:30Z", ["00:00-02:30 60", "00:00-03:30 60", "01:00-03:30 60"]),
    ("Atlantic/Azores", "2026-10-25T00:00Z", ["00:00+00:00 60", "00:00-01:00 60", "01:00-01:00 60"]),
]


@pytest.mark.parametrize(("zone", "since", "expected"), MEMORABLE_HOURS)
def test_an_hour_ends_when_the_zones_clock_reaches_or_jumps_over_a_full_one(
    zone: str, since: str, expected: list[str]
) -> None:
    periods = civil.clock_periods(zone, civil.HOUR, instant_of(datetime.fromisoformat(since)))

    found = [f"{label[11:]} {(end - begin) // civil.MINUTE}" for label, begin, end in islice(periods, len(expected))]

    assert found == expected


def test_a_minute_cut_short_by_a_zone_with_seconds_says_its_second() -> None:
    since = instant_of(datetime(1972, 1, 7, 0, 43, 30, tzinfo=UTC))

    labels = [label for label, _, _ in islice(civil.clock_periods("Africa/Monrovia", civil.MINUTE, since), 3)]

    assert labels == ["1972-01-06T23:59-00:44:30", "1972-01-07T00:44:30+00:00", "1972-01-07T00:45+00:00"]


SKIPPED_AND_REPEATED = [
    ("Europe/Amsterdam", "2026-03-29T02:30", "2026-03-29T01:00"),  # skipped: the end of the gap
    ("Europe/Amsterdam", "2026-10-25T02:30", "2026-10-25T00:30"),  # twice: the first pass
    ("Australia/Lord_Howe", "2026-10-04T02:15", "2026-10-03T15:30"),
    ("Pacific/Apia", "2011-12-30T12:00", "2011-12-30T10:00"),
    ("Asia/Kathmandu", "2026-01-01T12:00", "2026-01-01T06:15"),
]


@pytest.mark.parametrize(("zone", "written", "meant"), SKIPPED_AND_REPEATED)
def test_a_civil_time_that_is_skipped_or_repeated_has_one_instant(zone: str, written: str, meant: str) -> None:
    instant = civil.instant_of_civil(datetime.fromisoformat(written), zone)

    assert instant == instant_of(datetime.fromisoformat(meant).replace(tzinfo=UTC))


def test_no_two_changes_of_any_zone_lie_closer_than_two_probes() -> None:
    for zone in sorted(civil.zone_names()):
        seconds = [second for second, _, _ in offset_changes(zone) if second >= 0]
        for earlier, later in pairwise(seconds):
            assert (later - earlier) * civil.SECOND > civil.PROBE, f"{zone}: {earlier} and {later}"


@given(zone=st.sampled_from(sorted(civil.zone_names())))
@settings(max_examples=40)
def test_the_spans_of_a_zone_are_those_of_its_file(zone: str) -> None:
    listed = [change for change in offset_changes(zone) if change[0] >= 0]
    last = listed[-1][0] if listed else 0
    here = civil.Zone(zone)
    found, at = [], here.span_at(0)
    while at.ends_at <= last * civil.SECOND:
        following = here.span_at(at.ends_at)
        if at.offset != following.offset and following.begins_at >= 0:
            found.append(
                (following.begins_at // civil.SECOND, at.offset // civil.SECOND, following.offset // civil.SECOND)
            )
        at = following

    assert found == listed


@given(
    zone=st.sampled_from(sorted(civil.zone_names())),
    moment=st.datetimes(min_value=datetime(1971, 1, 1), max_value=datetime(2200, 1, 1)),  # noqa: DTZ001
)
@settings(max_examples=200)
def test_a_civil_time_comes_back_from_its_instant_unless_it_was_skipped(zone: str, moment: datetime) -> None:
    instant = civil.instant_of_civil(moment, zone)
    shown = datetime_of(instant).astimezone(zone_info(zone))

    if shown.replace(tzinfo=None) == moment:
        assert shown.fold == 0
    else:
        just_before = (datetime_of(instant) - timedelta(microseconds=1)).astimezone(zone_info(zone))
        assert just_before.replace(tzinfo=None) < moment < shown.replace(tzinfo=None)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Europe/Amstredam", "Europe/Amsterdam"),
        ("europe/amsterdam", "Europe/Amsterdam"),
        ("New York", "America/New_York"),
        ("Katmandu", "Asia/Katmandu"),
    ],
)
def test_a_misspelt_zone_is_answered_with_the_nearest(written: str, meant: str) -> None:
    with pytest.raises(ZoneError, match=f"'{written}' is not in tzdata {civil.tzdata_version()}; .*'{meant}'"):
        civil.zone(written)


@pytest.mark.parametrize("written", ["", "../../etc/passwd", "zones", "qqqqqq"])
def test_what_is_no_zone_at_all_is_refused(written: str) -> None:
    with pytest.raises(ZoneError):
        civil.zone(written)


GAPS = [
    # zone, civil time, then with gap: next, previous and shift
    (
        "Europe/Amsterdam", "2026-03-29T02:30",
        "2026-03-29T03:00+02:00", "2026-03-29T01:59:59+01:00", "2026-03-29T03:30+02:00",
    ),
    (
        "America/New_York", "2007-03-11T02:30",  # RFC 5545's own example, in 3.3.5
        "2007-03-11T03:00-04:00", "2007-03-11T01:59:59-05:00", "2007-03-11T03:30-04:00",
    ),
    (
        "Australia/Lord_Howe", "2026-10-04T02:00",
        "2026-10-04T02:30+11:00", "2026-10-04T01:59:59+10:30", "2026-10-04T02:30+11:00",
    ),
    (
        "America/Havana", "2026-03-08T00:00",
        "2026-03-08T01:00-04:00", "2026-03-07T23:59:59-05:00", "2026-03-08T01:00-04:00",
    ),
    (
        "Asia/Kathmandu", "1986-01-01T00:10",
        "1986-01-01T00:15+05:45", "1985-12-31T23:59:59+05:30", "1986-01-01T00:25+05:45",
    ),
    (
        "Pacific/Apia", "2011-12-30T17:00",
        "2011-12-31T00:00+14:00", "2011-12-29T23:59:59-10:00", "2011-12-31T17:00+14:00",
    ),
]  # fmt: skip

FOLDS = [
    # zone, civil time, the first pass, the second
    ("Europe/Amsterdam", "2026-10-25T02:30", "2026-10-25T02:30+02:00", "2026-10-25T02:30+01:00"),
    ("Australia/Lord_Howe", "2026-04-05T01:45", "2026-04-05T01:45+11:00", "2026-04-05T01:45+10:30"),
    ("Atlantic/Azores", "2026-10-25T00:00", "2026-10-25T00:00+00:00", "2026-10-25T00:00-01:00"),
    ("Africa/Cairo", "2026-10-29T23:30", "2026-10-29T23:30+03:00", "2026-10-29T23:30+02:00"),
]


def named(zone: str, written: str, gap: civil.Gap = "next", fold: civil.FoldPass = "first") -> list[str]:
    moment = datetime.fromisoformat(written)
    since_midnight = moment - datetime.combine(moment, datetime.min.time())
    instants = civil.civil_instants(zone, moment.toordinal(), since_midnight // timedelta(microseconds=1), gap, fold)
    return [civil.moment_label(zone, instant) for instant in instants]


@pytest.mark.parametrize(("zone", "written", "following", "previous", "shifted"), GAPS)
def test_a_civil_time_in_a_gap_is_what_the_policy_says(
    zone: str, written: str, following: str, previous: str, shifted: str
) -> None:
    assert named(zone, written) == [following]
    assert named(zone, written, gap="previous") == [previous]
    assert named(zone, written, gap="shift") == [shifted]
    assert named(zone, written, gap="skip") == []


@pytest.mark.parametrize(("zone", "written", "first", "second"), FOLDS)
def test_a_civil_time_that_comes_twice_is_what_the_policy_says(
    zone: str, written: str, first: str, second: str
) -> None:
    assert named(zone, written) == [first]
    assert named(zone, written, fold="second") == [second]
    assert named(zone, written, fold="both") == [first, second]
    assert named(zone, written, gap="skip") == [first]


def test_a_date_that_a_zone_left_out_is_known_as_skipped() -> None:
    day = date(2011, 12, 29).toordinal()

    assert [civil.is_skipped("Pacific/Apia", day + more) for more in range(3)] == [False, True, False]
    assert not civil.is_skipped("America/Havana", date(2026, 3, 8).toordinal())


@given(
    zone=st.sampled_from(sorted(civil.zone_names())),
    moment=st.datetimes(min_value=datetime(1971, 1, 1), max_value=datetime(2100, 1, 1)),  # noqa: DTZ001
)
@settings(max_examples=200)
def test_a_moment_is_named_so_that_its_instant_can_be_read_back(zone: str, moment: datetime) -> None:
    time_us = (moment - datetime.combine(moment, datetime.min.time())) // timedelta(microseconds=1)

    for instant in civil.civil_instants(zone, moment.toordinal(), time_us, "skip", "both"):
        label = datetime.fromisoformat(civil.moment_label(zone, instant))
        assert instant_of(label) == instant
        assert label.replace(tzinfo=None) == moment


def test_no_kind_of_change_loses_a_civil_time_or_shows_one_that_was_not() -> None:
    for zone, second in kinds_of_change():
        change, info = second * civil.SECOND, zone_info(zone)
        noon = civil.zone(zone).day_of(change) * civil.DAY + 12 * civil.HOUR
        for local in range(noon - 2 * civil.DAY, noon + 2 * civil.DAY, 15 * civil.MINUTE):
            day, time_us = divmod(local, civil.DAY)
            passes = civil.civil_instants(zone, day, time_us, "skip", "both")

            assert passes == passes_by_zoneinfo(info, day, time_us), f"{zone}, {second}"
            assert passes or civil.civil_instants(zone, day, time_us, "next", "first") == (change,)
            assert passes or civil.civil_instants(zone, day, time_us, "previous", "first") == (change - civil.SECOND,)


def passes_by_zoneinfo(info: ZoneInfo, day: int, time_us: int) -> tuple[Instant, ...]:
    """Both readings of a civil time, of which those count that read back."""
    moment = datetime.combine(date.fromordinal(day), time(), tzinfo=info) + timedelta(microseconds=time_us)
    readings = {instant_of(moment.replace(fold=fold).astimezone(UTC)) for fold in (0, 1)}
    shown = {one: datetime_of(one).astimezone(info).replace(tzinfo=None) for one in sorted(readings)}
    return tuple(one for one, civil_time in shown.items() if civil_time == moment.replace(tzinfo=None))


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("GMT+2", "name a place, e.g. Europe/Athens; or Etc/GMT-2, which is meant so: its sign is the other way round"),
        (
            "utc-05:00",
            "name a place, e.g. Europe/Athens; or Etc/GMT+5, which is meant so: its sign is the other way round",
        ),
        ("+14", "name a place, e.g. Europe/Athens; or Etc/GMT-14, which is meant so: its sign is the other way round"),
        ("IST", "it is said in Europe/Dublin, Asia/Jerusalem, Asia/Kolkata: write the place"),
        ("PST", "it is said in America/Los_Angeles, Asia/Manila: write the place"),
        ("Z", "did you mean 'UTC'?"),
        ("Amsterdam", "did you mean 'Europe/Amsterdam'?"),
        ("zzqq", "see https://data.iana.org/time-zones/tzdb/zone1970.tab"),
    ],
)
def test_a_name_that_is_no_zones_is_told_what_it_may_mean(name: str, hint: str) -> None:
    with pytest.raises(ZoneError) as refused:
        civil.zone(name)
    assert str(refused.value).endswith(f"; {hint}")


@pytest.mark.parametrize("hours", [-12, -5, 1, 14])
def test_a_fixed_offset_is_hinted_at_with_the_right_sign(hours: int) -> None:
    with pytest.raises(ZoneError) as refused:
        civil.zone(f"GMT{hours:+d}")
    (fixed,) = re.findall(r"Etc/GMT[+-]\d+", str(refused.value))
    assert civil.zone(fixed).span_at(civil.FIRST_INSTANT).offset == hours * civil.HOUR
