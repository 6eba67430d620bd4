"""Real cases, zone by zone: what each rule names on the days on which clocks were moved. Written out, to be read.

A line of what is expected: the label, then the instant it ends at, in UTC. They lie in the past, so that no government
can still change them. What the zones did is also asked of Python's own zoneinfo.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from itertools import count, islice
from typing import NamedTuple

import pytest

from passage_clock import civil
from passage_clock.rules.periods import Every
from passage_clock.schedules import Schedule
from passage_schemas.instant import Instant, datetime_of, instant_of
from tests.clock.zonefiles import zone_info


class At(NamedTuple):
    """This civil time on every day."""

    time: str
    gap: civil.Gap = "next"
    fold: civil.FoldPass = "first"

    def __str__(self) -> str:
        return f"at {self.time} {self.gap} {self.fold}"


class Case(NamedTuple):
    """`says`: a period or a civil time. `expected`: what it names from the midnight of `day` on."""

    why: str
    zone: str
    says: str | At
    day: str
    expected: list[str]


CASES = [
    Case("clocks go forward", "Europe/Amsterdam", "day", "2025-03-30", [
        "2025-03-30  2025-03-30T22:00Z",  # 23 hours
        "2025-03-31  2025-03-31T22:00Z",
    ]),
    Case("clocks go back", "Europe/Amsterdam", "day", "2025-10-26", [
        "2025-10-26  2025-10-26T23:00Z",  # 25 hours
        "2025-10-27  2025-10-27T23:00Z",
    ]),
    Case("the hour from two to three is skipped", "Europe/Amsterdam", "hour", "2025-03-30", [
        "2025-03-30T00:00+01:00  2025-03-30T00:00Z",
        "2025-03-30T01:00+01:00  2025-03-30T01:00Z",
        "2025-03-30T03:00+02:00  2025-03-30T02:00Z",
    ]),
    Case("the hour from two to three comes twice", "Europe/Amsterdam", "hour", "2025-10-26", [
        "2025-10-26T00:00+02:00  2025-10-25T23:00Z",
        "2025-10-26T01:00+02:00  2025-10-26T00:00Z",
        "2025-10-26T02:00+02:00  2025-10-26T01:00Z",
        "2025-10-26T02:00+01:00  2025-10-26T02:00Z",
    ]),
    Case("a morning of eleven hours", "Europe/Amsterdam", "half-day", "2025-03-30", [
        "2025-03-30-AM  2025-03-30T10:00Z",
        "2025-03-30-PM  2025-03-30T22:00Z",
    ]),
    Case("gap: next", "Europe/Amsterdam", At("02:30"), "2025-03-30", [
        "2025-03-30T03:00+02:00  2025-03-30T01:00Z",
        "2025-03-31T02:30+02:00  2025-03-31T00:30Z",
    ]),
    Case("gap: previous", "Europe/Amsterdam", At("02:30", gap="previous"), "2025-03-30", [
        "2025-03-30T01:59:59+01:00  2025-03-30T00:59:59Z",
        "2025-03-31T02:30+02:00  2025-03-31T00:30Z",
    ]),
    Case("gap: skip", "Europe/Amsterdam", At("02:30", gap="skip"), "2025-03-30", [
        "2025-03-31T02:30+02:00  2025-03-31T00:30Z",
    ]),
    Case("fold: first", "Europe/Amsterdam", At("02:30"), "2025-10-26", [
        "2025-10-26T02:30+02:00  2025-10-26T00:30Z",
        "2025-10-27T02:30+01:00  2025-10-27T01:30Z",
    ]),
    Case("fold: second", "Europe/Amsterdam", At("02:30", fold="second"), "2025-10-26", [
        "2025-10-26T02:30+01:00  2025-10-26T01:30Z",
        "2025-10-27T02:30+01:00  2025-10-27T01:30Z",
    ]),
    Case("fold: both", "Europe/Amsterdam", At("02:30", fold="both"), "2025-10-26", [
        "2025-10-26T02:30+02:00  2025-10-26T00:30Z",
        "2025-10-26T02:30+01:00  2025-10-26T01:30Z",
        "2025-10-27T02:30+01:00  2025-10-27T01:30Z",
    ]),
    Case("clocks go forward", "America/New_York", "day", "2025-03-09", ["2025-03-09  2025-03-10T04:00Z"]),
    Case("clocks go back", "America/New_York", "day", "2025-11-02", ["2025-11-02  2025-11-03T05:00Z"]),
    Case("the week of the change", "America/New_York", "week", "2025-03-03", [
        "2025-W10  2025-03-10T04:00Z",  # 167 hours
        "2025-W11  2025-03-17T04:00Z",
    ]),
    Case("gap: next", "America/New_York", At("02:30"), "2025-03-09", ["2025-03-09T03:00-04:00  2025-03-09T07:00Z"]),
    Case("fold: both", "America/New_York", At("01:30", fold="both"), "2025-11-02", [
        "2025-11-02T01:30-04:00  2025-11-02T05:30Z",
        "2025-11-02T01:30-05:00  2025-11-02T06:30Z",
    ]),
    Case("half an hour forward", "Australia/Lord_Howe", "day", "2025-10-05", ["2025-10-05  2025-10-05T13:00Z"]),
    Case("half an hour back", "Australia/Lord_Howe", "day", "2025-04-06", ["2025-04-06  2025-04-06T13:30Z"]),
    Case("half an hour skipped", "Australia/Lord_Howe", "30 minutes", "2025-10-05", [
        "2025-10-05T00:00+10:30  2025-10-04T14:00Z",
        "2025-10-05T00:30+10:30  2025-10-04T14:30Z",
        "2025-10-05T01:00+10:30  2025-10-04T15:00Z",
        "2025-10-05T01:30+10:30  2025-10-04T15:30Z",
        "2025-10-05T02:30+11:00  2025-10-04T16:00Z",
    ]),
    Case("gap: next", "Australia/Lord_Howe", At("02:15"), "2025-10-05", [
        "2025-10-05T02:30+11:00  2025-10-04T15:30Z",
    ]),
    Case("gap: previous", "Australia/Lord_Howe", At("02:15", gap="previous"), "2025-10-05", [
        "2025-10-05T01:59:59+10:30  2025-10-04T15:29:59Z",
    ]),
    Case("fold: both", "Australia/Lord_Howe", At("01:45", fold="both"), "2025-04-06", [
        "2025-04-06T01:45+11:00  2025-04-05T14:45Z",
        "2025-04-06T01:45+10:30  2025-04-05T15:15Z",
    ]),
    Case("midnight is skipped", "America/Havana", "day", "2025-03-08", [
        "2025-03-08  2025-03-09T05:00Z",
        "2025-03-09  2025-03-10T04:00Z",  # begins at one o'clock
    ]),
    Case("midnight comes twice", "America/Havana", "day", "2025-11-01", [
        "2025-11-01  2025-11-02T04:00Z",  # ends at the first
        "2025-11-02  2025-11-03T05:00Z",
    ]),
    Case("the first hour comes twice", "America/Havana", "half-day", "2025-11-02", [
        "2025-11-02-AM  2025-11-02T17:00Z",  # 13 hours
        "2025-11-02-PM  2025-11-03T05:00Z",
    ]),
    Case("gap: next", "America/Havana", At("00:30"), "2025-03-09", ["2025-03-09T01:00-04:00  2025-03-09T05:00Z"]),
    Case("gap: previous, on the day before", "America/Havana", At("00:30", gap="previous"), "2025-03-09", [
        "2025-03-08T23:59:59-05:00  2025-03-09T04:59:59Z",
    ]),
    Case("fold: both", "America/Havana", At("00:30", fold="both"), "2025-11-02", [
        "2025-11-02T00:30-04:00  2025-11-02T04:30Z",
        "2025-11-02T00:30-05:00  2025-11-02T05:30Z",
    ]),
    Case("midnight is skipped", "Africa/Cairo", "day", "2025-04-24", [
        "2025-04-24  2025-04-24T22:00Z",
        "2025-04-25  2025-04-25T21:00Z",
    ]),
    Case("the last hour comes twice", "Africa/Cairo", "day", "2025-10-30", [
        "2025-10-30  2025-10-30T22:00Z",
        "2025-10-31  2025-10-31T22:00Z",
    ]),
    Case("gap: next", "Africa/Cairo", At("00:00"), "2025-04-25", ["2025-04-25T01:00+03:00  2025-04-24T22:00Z"]),
    Case("fold: second", "Africa/Cairo", At("23:30", fold="second"), "2025-10-30", [
        "2025-10-30T23:30+02:00  2025-10-30T21:30Z",
    ]),
    Case("midnight is skipped", "Atlantic/Azores", "day", "2025-03-29", [
        "2025-03-29  2025-03-30T01:00Z",
        "2025-03-30  2025-03-31T00:00Z",
    ]),
    Case("midnight comes twice", "Atlantic/Azores", "day", "2025-10-25", [
        "2025-10-25  2025-10-26T00:00Z",
        "2025-10-26  2025-10-27T01:00Z",
    ]),
    Case("fold: both", "Atlantic/Azores", At("00:30", fold="both"), "2025-10-26", [
        "2025-10-26T00:30+00:00  2025-10-26T00:30Z",
        "2025-10-26T00:30-01:00  2025-10-26T01:30Z",
    ]),
    Case("back for Ramadan", "Africa/Casablanca", "day", "2025-02-23", ["2025-02-23  2025-02-24T00:00Z"]),
    Case("forward behind it", "Africa/Casablanca", "day", "2025-04-06", ["2025-04-06  2025-04-06T23:00Z"]),
    Case("fold: both", "Africa/Casablanca", At("02:30", fold="both"), "2025-02-23", [
        "2025-02-23T02:30+01:00  2025-02-23T01:30Z",
        "2025-02-23T02:30+00:00  2025-02-23T02:30Z",
    ]),
    Case("gap: next", "Africa/Casablanca", At("02:30"), "2025-04-06", ["2025-04-06T03:00+01:00  2025-04-06T02:00Z"]),
    Case("Samoa crosses the date line", "Pacific/Apia", "day", "2011-12-29", [
        "2011-12-29  2011-12-30T10:00Z",
        "2011-12-31  2011-12-31T10:00Z",
    ]),
    Case("the day that was not is named", "Pacific/Apia", "day, gap: next", "2011-12-29", [
        "2011-12-29  2011-12-30T10:00Z",
        "2011-12-30/skipped  2011-12-30T10:00:00.000001Z",
        "2011-12-31  2011-12-31T10:00Z",
    ]),
    Case("its week has six days", "Pacific/Apia", "week", "2011-12-26", ["2011-W52  2012-01-01T10:00Z"]),
    Case("gap: next", "Pacific/Apia", At("17:00"), "2011-12-29", [
        "2011-12-29T17:00-10:00  2011-12-30T03:00Z",
        "2011-12-31T00:00+14:00  2011-12-30T10:00Z",
        "2011-12-31T17:00+14:00  2011-12-31T03:00Z",
    ]),
    Case("gap: previous", "Pacific/Apia", At("17:00", gap="previous"), "2011-12-30", [
        "2011-12-29T23:59:59-10:00  2011-12-30T09:59:59Z",
        "2011-12-31T17:00+14:00  2011-12-31T03:00Z",
    ]),
    Case("gap: skip", "Pacific/Apia", At("17:00", gap="skip"), "2011-12-30", [
        "2011-12-31T17:00+14:00  2011-12-31T03:00Z",
    ]),
    Case("Kwajalein too", "Pacific/Kwajalein", "day", "1993-08-20", [
        "1993-08-20  1993-08-21T12:00Z",
        "1993-08-22  1993-08-22T12:00Z",
    ]),
    Case("a quarter of an hour, once", "Asia/Kathmandu", "day", "1985-12-31", [
        "1985-12-31  1985-12-31T18:30Z",
        "1986-01-01  1986-01-01T18:15Z",
    ]),
    Case("the first hour of 1986", "Asia/Kathmandu", "hour", "1986-01-01", [
        "1986-01-01T00:15+05:45  1985-12-31T19:15Z",
        "1986-01-01T01:00+05:45  1985-12-31T20:15Z",
    ]),
    Case("gap: next", "Asia/Kathmandu", At("00:05"), "1986-01-01", ["1986-01-01T00:15+05:45  1985-12-31T18:30Z"]),
    Case("leap day", "Europe/Amsterdam", "day", "2024-02-28", [
        "2024-02-28  2024-02-28T23:00Z",
        "2024-02-29  2024-02-29T23:00Z",
        "2024-03-01  2024-03-01T23:00Z",
    ]),
    Case("a February of 29 days", "Europe/Amsterdam", "month", "2024-02-01", ["2024-02  2024-02-29T23:00Z"]),
    Case("2000 was a leap year", "UTC", "day", "2000-02-29", ["2000-02-29  2000-03-01T00:00Z"]),
    Case("2100 is none", "UTC", "month", "2100-02-01", ["2100-02  2100-03-01T00:00Z"]),
    Case("a year of 53 weeks", "Europe/Amsterdam", "week", "2020-12-28", [
        "2020-W53  2021-01-03T23:00Z",
        "2021-W01  2021-01-10T23:00Z",
    ]),
    Case("another", "America/New_York", "week", "2015-12-28", [
        "2015-W53  2016-01-04T05:00Z",
        "2016-W01  2016-01-11T05:00Z",
    ]),
    Case("the year's first week begins in the old one", "UTC", "week", "2024-12-30", ["2025-W01  2025-01-06T00:00Z"]),
    Case("year's end", "Europe/Amsterdam", "year", "2025-01-01", ["2025  2025-12-31T23:00Z"]),
    Case("the first to see it", "Pacific/Kiritimati", "year", "2025-01-01", ["2025  2025-12-31T10:00Z"]),
    Case("the last to see it", "Pacific/Pago_Pago", "year", "2025-01-01", ["2025  2026-01-01T11:00Z"]),
    Case("the year's last day was skipped", "Pacific/Kiritimati", "year", "1994-01-01", ["1994  1994-12-31T10:00Z"]),
    Case("its last quarter", "Africa/Cairo", "quarter", "2025-10-01", ["2025-Q4  2025-12-31T22:00Z"]),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.zone} {case.says} {case.day}")
def test_a_rule_names_what_is_written_here(case: Case) -> None:
    assert found(case) == case.expected


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.zone} {case.says} {case.day}")
def test_zoneinfo_shows_the_same_on_the_zones_clock(case: Case) -> None:
    info = zone_info(case.zone)
    for line in case.expected:
        label, ends = line.split("  ")
        shown = datetime.fromisoformat(ends).astimezone(info)
        if isinstance(case.says, At):
            assert shown.isoformat() == datetime.fromisoformat(label).isoformat()
        elif "T" in label:
            begins = datetime.fromisoformat(label)
            assert begins.astimezone(info).utcoffset() == begins.utcoffset()
        elif not label.endswith(("AM", "skipped")):
            before = datetime_of(Instant(instant_of(shown) - 1)).astimezone(info)
            assert before.date() < shown.date(), "it ends where a date begins"


def found(case: Case) -> list[str]:
    named = _moments(case.zone, case.says, case.day) if isinstance(case.says, At) else _periods(case, case.says)
    return [f"{label}  {utc(ends_at)}" for label, ends_at in islice(named, len(case.expected))]


def _periods(case: Case, says: str) -> Iterator[tuple[str, Instant]]:
    every, _, with_skipped = says.partition(", gap: ")
    rule = Every(every, case.zone, gap="next" if with_skipped else "skip")
    start = civil.instant_of_civil(date.fromisoformat(case.day), case.zone)
    return ((one.period, one.ends_at) for one in Schedule("any", rule, starts_at=start).occurrences(None))


def _moments(zone: str, says: At, first: str) -> Iterator[tuple[str, Instant]]:
    hour, minute = says.time.split(":")
    time_us = int(hour) * civil.HOUR + int(minute) * civil.MINUTE
    for day in count(date.fromisoformat(first).toordinal()):
        for instant in civil.civil_instants(zone, day, time_us, says.gap, says.fold):
            yield civil.moment_label(zone, instant), instant


def utc(instant: Instant) -> str:
    return datetime_of(instant).astimezone(UTC).replace(tzinfo=None).isoformat().removesuffix(":00") + "Z"
