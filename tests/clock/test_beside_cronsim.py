"""Debian's cron, as cronsim steps it over a zone's changes, beside what is imported from a crontab."""

import random
from collections.abc import Iterator
from datetime import UTC
from importlib import resources
from zoneinfo import ZoneInfo

from cronsim import CronSim

from passage_clock import civil
from passage_clock.importing import read
from passage_schemas.instant import Instant, datetime_of, instant_of
from tests.clock.rules_alike import at, until

TWO_YEARS = {
    "Europe/Amsterdam": 2025, "America/New_York": 2026, "Europe/Riga": 2021, "America/Sao_Paulo": 2017,
    "Asia/Beirut": 2025, "America/Havana": 2026, "Asia/Tehran": 2020, "Atlantic/Azores": 2025,
    "Pacific/Apia": 2012, "Asia/Kolkata": 2026,
}  # fmt: skip
"""By whole hours all: where clocks move by half an hour (Lord Howe), cronsim looks at an hour that was cut."""

NO_MIDNIGHT = {"America/Sao_Paulo", "Asia/Beirut", "America/Havana", "Asia/Tehran", "Atlantic/Azores"}
"""Where a midnight is skipped cronsim takes a chosen day to begin at it all the same, and runs a wildcard job then."""

FIXED = ["0 0", "30 0", "30 1", "0 2", "30 2", "0 3", "15 23", "0,30 2", "59 23", "0 1-4", "30 22-23"]
WILD = ["17 *", "*/20 2", "0 */3", "*/30 1-3", "* 0", "*/45 *"]
DAYS = ["* * *", "1-7 * mon", "*/3 * *", "29,30 * *", "* mar,10,11 sun", "*/2 * 1-5", "L * *"]


def in_cronsim(zone: str, expression: str, start: Instant, end: Instant) -> Iterator[Instant]:
    with resources.files("tzdata.zoneinfo").joinpath(zone).open("rb") as rules:
        info = ZoneInfo.from_file(rules, key=zone)
    for moment in CronSim(expression, datetime_of(start).astimezone(info)):
        instant = instant_of(moment.astimezone(UTC))
        if instant > end:
            return
        yield instant


def around_changes(zone: str) -> Iterator[tuple[Instant, Instant]]:
    """A day before and two after each change of the two years, and a stretch without one."""
    start, end = at(f"{TWO_YEARS[zone]}-01-01"), at(f"{TWO_YEARS[zone] + 2}-01-01")
    span = civil.zone(zone).span_at(start)
    while span.ends_at < end:
        yield Instant(span.ends_at - civil.DAY), Instant(span.ends_at + 2 * civil.DAY)
        span = civil.zone(zone).span_at(span.ends_at)
    yield start, Instant(start + 40 * civil.DAY)


def test_what_is_imported_comes_when_debians_cron_runs_it() -> None:
    chance = random.Random(20261130)
    compared = 0
    for zone in TWO_YEARS:
        for times in (*chance.sample(FIXED, 5), *chance.sample(WILD, 3)):
            any_day = times in WILD and zone in NO_MIDNIGHT
            expression = f"{times} {DAYS[0] if any_day else chance.choice(DAYS)}"
            (job,) = read("crontab", f"{expression} job".encode(), "crontab", zone).imported
            for start, end in around_changes(zone):
                ours = [one.ends_at for one in until(job.schedule.rule, start, end)]
                theirs = sorted(set(in_cronsim(zone, expression, start, end)))
                assert ours == theirs, f"{zone}: {expression} from {datetime_of(start)}"
                compared += len(ours)
    assert compared > 2_000
