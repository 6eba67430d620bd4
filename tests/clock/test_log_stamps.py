"""Logs whose lines say neither year nor offset: read as they were written, over every night that makes it hard."""

from datetime import datetime

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from passage_clock import civil
from passage_clock.errors import ClockError
from passage_clock.importing.runs import read_runs
from passage_schemas.instant import EPOCH, Instant, datetime_of
from tests.clock.rules_alike import at

AMSTERDAM = "Europe/Amsterdam"


def syslog(instant: Instant, zone: str, said: str = "CRON[1]: (u) CMD (/opt/wild.sh)") -> str:
    local = EPOCH + (datetime_of(Instant(civil.zone(zone).local(instant))) - EPOCH)
    return f"{local:%b} {local.day:2} {local:%H:%M:%S} h {said}\n"


def read_back(text: str, zone: str = AMSTERDAM, read_at: str = "2026-11-30T12:00Z") -> list[datetime]:
    return [datetime_of(run.at) for run in read_runs("crontab", text, zone, at(read_at))]


def stamped(*stamps: str) -> str:
    return "".join(f"{stamp} h CRON[1]: (u) CMD (/opt/wild.sh)\n" for stamp in stamps)


def test_the_new_year_lies_between_december_and_january() -> None:
    text = stamped("Dec 31 22:15:01", "Dec 31 23:15:01", "Jan  1 00:15:01", "Jan  1 01:15:01")
    assert [run.year for run in read_back(text, "UTC")] == [2025, 2025, 2026, 2026]
    assert [run.year for run in read_back(text, "UTC", "2026-01-01T01:20Z")] == [2025, 2025, 2026, 2026]
    assert [run.year for run in read_back(stamped("Dec 31 23:15:01"), "UTC", "2026-01-01T01:20Z")] == [2025]


def test_a_29_february_is_of_the_last_year_that_has_one() -> None:
    assert [f"{run:%F}" for run in read_back(stamped("Feb 28 12:00:00", "Feb 29 12:00:00", "Mar  1 12:00:00"))] == [
        *("2024-02-28", "2024-02-29", "2026-03-01"),
    ]
    assert [run.year for run in read_back(stamped("Feb 29 12:00:00"), read_at="2103-05-01T00:00Z")] == [2096]


def test_a_log_of_several_years_is_read_back_from_its_end() -> None:
    text = stamped("May  1 00:00:00", "Jan  1 00:00:00", "Dec  1 00:00:00", "Feb  1 00:00:00")
    assert [run.year for run in read_back(text, "UTC")] == [2024, 2025, 2025, 2026]


@pytest.mark.parametrize(
    ("stamps", "offsets"),
    [
        (["01:30:01", "02:30:01", "02:30:01", "03:30:01"], [2, 2, 1, 1]),  # hourly: once a minute, so two passes
        (["02:00:01", "02:40:01", "02:00:01", "02:40:01", "03:00:01"], [2, 2, 1, 1, 1]),
        (["02:10:02", "02:10:01", "02:20:01"], [2, 2, 2]),  # lines that overtake
        (["02:30:01"], [2]),
    ],
)
def test_where_the_clock_goes_back_the_second_pass_begins(stamps: list[str], offsets: list[int]) -> None:
    text = "".join(
        f"Oct 25 {stamp} h CRON[1]: (u) CMD (/opt/{'wild' if stamp[-1] == '1' else 'other'})\n" for stamp in stamps
    )
    expected = [f"2026-10-25T{stamp}+0{offset}:00" for stamp, offset in zip(stamps, offsets, strict=True)]
    assert read_back(text) == [datetime.fromisoformat(one) for one in expected]


def test_other_lines_tell_the_time_as_well() -> None:
    text = (
        "Oct 25 02:59:00 h sshd[9]: Accepted\nOct 25 02:01:00 h sshd[9]: Accepted\n"
        "Oct 25 02:30:01 h CRON[1]: (u) CMD (/opt/wild.sh)\n"
    )
    assert read_back(text) == [datetime.fromisoformat("2026-10-25T02:30:01+01:00")]


NIGHTS = [
    (AMSTERDAM, "2025-10-26T01:00Z"), ("America/New_York", "2025-11-02T06:00Z"),
    ("America/Havana", "2025-11-02T05:00Z"), ("Australia/Lord_Howe", "2025-04-05T15:00Z"),
    (AMSTERDAM, "2026-03-29T01:00Z"), ("Asia/Tokyo", "2025-12-31T15:00Z"),
    ("UTC", "2024-02-29T00:00Z"), ("UTC", "2024-03-01T00:00Z"),
]  # fmt: skip


@settings(max_examples=40)
@given(
    st.sampled_from(NIGHTS),
    st.sampled_from([5, 10, 15, 20, 30, 60]),
    st.integers(0, 59),
    st.integers(2, 30),
    st.lists(st.integers(1, 300), max_size=4),
)
def test_what_was_run_is_what_is_read(
    night: tuple[str, str], minutes: int, offset: int, hours: int, days: list[int]
) -> None:
    zone, change = night
    # Lord Howe's clock goes back half an hour: what comes once an hour leaves nothing in the log that shows it.
    assume(zone != "Australia/Lord_Howe" or minutes <= 30)
    begin = at(change) - 2 * civil.HOUR + offset * civil.MINUTE + civil.SECOND
    ran = [Instant(one) for one in range(begin, begin + hours * civil.HOUR, minutes * civil.MINUTE)]
    for later in days:
        ran.append(Instant(ran[-1] + later * civil.DAY))
    text = "".join(syslog(one, zone) for one in ran)
    read_at = Instant(ran[-1] + civil.MINUTE)
    assert [run.at for run in read_runs("crontab", text, zone, read_at)] == ran


@pytest.mark.parametrize(
    "line",
    [
        "Nov 20 09:00:01 h CRON[123]: (root) CMD (/opt/a.sh -v)",
        "Nov 20 09:00:01.250 h CROND[123]: (root) CMD (/opt/a.sh)",
        "Nov 20 09:00:01 h /usr/sbin/cron[123]: (root) CMD (/opt/a.sh)",
        "2026-11-20T09:00:01+0000 h CRON[123]: (root) CMD (   cd / && /opt/a.sh)",
        "2026-11-20T10:00:01.5+01:00 h CRON[123]: (root) CMD (/opt/a.sh)",
        "<78>1 2026-11-20T09:00:01Z h CRON 123 - - (root) CMD (/opt/a.sh)",
        "<78>Nov 20 09:00:01 h CRON[123]: (root) CMD (/opt/a.sh)",
        "Nov 20 09:00:01 h cron.info crond[12]: USER root pid  14 cmd /opt/a.sh",
    ],
)
def test_every_crons_line_is_a_run(line: str) -> None:
    after = line.replace(" CMD ", " CMDEND ").replace(" cmd ", " end ")
    (run,) = read_runs("crontab", f"{line}\n{after}\n", "UTC", at("2026-11-30"))
    assert run.known_as == "a"
    assert f"{datetime_of(run.at):%FT%T}" == "2026-11-20T09:00:01"


@pytest.mark.parametrize("stamp", ["Feb 30 09:00:00", "Nov 20 24:00:00", "Foo 20 09:00:00"])
def test_a_stamp_that_is_none_is_told(stamp: str) -> None:
    with pytest.raises(ClockError, match=f"'{stamp}' in the log is no time"):
        read_back(stamped(stamp))
