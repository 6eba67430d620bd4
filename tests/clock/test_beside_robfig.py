"""Kubernetes' own library beside what is imported from its CronJobs: robfig/cron v3, run in Go (`robfig/`)."""

import json
import random
import shutil
import subprocess
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import NamedTuple

import pytest

from passage_clock import civil
from passage_clock.importing import JobsFound, read
from passage_schemas.instant import Instant
from tests.clock.rules_alike import at, until

SOURCE = Path(__file__).parent / "robfig"

TWO_YEARS = {
    "Europe/Amsterdam": 2025, "America/New_York": 2026, "Europe/Riga": 2021, "Europe/London": 2027, "UTC": 2026,
    "America/Sao_Paulo": 2017, "Asia/Beirut": 2025,
    "America/Havana": 2026, "Asia/Tehran": 2020, "Atlantic/Azores": 2025,
    "America/Santiago": 2026, "Australia/Lord_Howe": 2025, "Pacific/Apia": 2012, "Asia/Kolkata": 2026,
}  # fmt: skip
"""From which year on, of zones whose clocks move in every way there is: in spring and autumn, at midnight, by half an
hour, never. Not Apia in 2011: robfig/cron never comes past the day it skipped, if it looks for a day."""

AT_NIGHT = ["0 0", "30 0", "30 1", "0 2", "30 2", "0 3", "15 23", "59 23", "*/20 2", "0 */6", "30 *", "*/30 1-3"]
MINUTES = ["0", "5,35", "*/45", "50/5", "?", "7-9", "*/90", "05", "*/1", "3/70", "-5", "60", "10-5", "1,,2", ","]
HOURS = ["0", "2", "*/7", "22-23", "1/11", "?", "*", "0-23", "24", "3-1"]
DAYS = ["*", "?", "1", "*/5", "*/1", "1-31", "1-31/5", "29,30", "28/2", "10-20/3", "1,*", "*/40", "0", "32", "L", "*-3"]
MONTHS = ["*", "*", "?", "mar", "MAR-Nov", "3,10", "*/2", "2/5", "0", "13", "sept"]
WEEKDAYS = ["*", "*", "?", "sun", "MON-FRI", "0", "6", "*/2", "1/2", "0-6", "*/1", "5,6", "7", "sat-sun", "1#2", "5L"]

SPARSE = 4
"""Runs a day, up to which two years are compared whole; of what runs more often, the days around each change."""

NEAR = 2 * civil.DAY


class Asked(NamedTuple):
    zone: str
    expression: str
    start: Instant
    end: Instant


@pytest.fixture(scope="module")
def robfig(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program, built once. What is wrong with the program fails; where it can't be had, that is told."""
    go = shutil.which("go")
    if go is None:
        pytest.skip("ROBFIG/CRON NOT TESTED: there is no go here, so Kubernetes' importer was not held to it")
    had = subprocess.run([go, "mod", "download"], cwd=SOURCE, capture_output=True, text=True, check=False)
    if had.returncode:
        pytest.skip(f"ROBFIG/CRON NOT TESTED: its module can't be had: {' '.join(had.stderr.split())}")
    program = tmp_path_factory.mktemp("robfig") / "robfig"
    subprocess.run([go, "build", "-mod=readonly", "-buildvcs=false", "-o", program, "."], cwd=SOURCE, check=True)
    return program


def answers(program: Path, asked: list[Asked]) -> list[str]:
    """In Go, with the zones of our tzdata."""
    lines = (f"{one.zone}\t{one.expression}\t{one.start // civil.SECOND}\t{one.end // civil.SECOND}\n" for one in asked)
    with resources.as_file(resources.files("tzdata.zoneinfo")) as zones:
        done = subprocess.run(
            [program], input="".join(lines), capture_output=True, text=True, check=True, env={"ZONEINFO": str(zones)}
        )
    return done.stdout.splitlines()


def imported(zone: str, expression: str) -> JobsFound:
    job = {"kind": "CronJob", "metadata": {"name": "job"}, "spec": {"schedule": expression, "timeZone": zone}}
    return read("kubernetes", json.dumps(job).encode(), "job", "UTC")


def changes(zone: str, start: Instant, end: Instant) -> list[Instant]:
    found, span = [], civil.zone(zone).span_at(start)
    while span.ends_at < end:
        following = civil.zone(zone).span_at(span.ends_at)
        if following.offset != span.offset:
            found.append(span.ends_at)
        span = following
    return found


def expressions(chance: random.Random) -> Iterator[tuple[str, str]]:
    """Every zone with times around its changes, and fields of all kinds, some of which robfig/cron refuses."""
    for zone in TWO_YEARS:
        for times in chance.sample(AT_NIGHT, 7):
            day = chance.choice([["*", "*", "*"], [chance.choice(DAYS[:8]), "*", chance.choice(WEEKDAYS[:10])]])
            yield zone, f"{times} {' '.join(day)}"
    for _ in range(160):
        fields = [chance.choice(choices) for choices in (MINUTES, HOURS, DAYS, MONTHS, WEEKDAYS)]
        yield chance.choice(list(TWO_YEARS)), " ".join(fields)


def windows(zone: str, expression: str) -> Iterator[Asked]:
    year = TWO_YEARS[zone]
    start, end = at(f"{year}-01-01"), at(f"{year + 2}-01-01")
    found = imported(zone, expression)
    if found.imported:
        rule = found.imported[0].schedule.rule
        days = [len(until(rule, at(f"{year}-06-{day:02}"), at(f"{year}-06-{day + 1:02}"))) for day in range(1, 8)]
        if max(days) > SPARSE:
            for change in changes(zone, start, end) or [at(f"{year}-06-01")]:
                yield Asked(zone, expression, Instant(change - NEAR), Instant(change + NEAR))
            return
    yield Asked(zone, expression, start, end)


def test_what_is_imported_comes_when_kubernetes_runs_it_and_what_it_refuses_is_left_out(robfig: Path) -> None:
    asked = [one for pair in expressions(random.Random(20261130)) for one in windows(*pair)]
    refused = with_remark = 0
    for one, answer in zip(asked, answers(robfig, asked), strict=True):
        found = imported(one.zone, one.expression)
        if answer.startswith("!"):
            assert not found.imported, f"{one.expression}: {answer}"
            refused += 1
            continue
        theirs = {Instant(int(second) * civil.SECOND) for second in answer.split()}
        if not found.imported:
            assert not theirs, f"{one.expression}: {found.left_out}"
            continue
        (job,) = found.imported
        ours = {occurrence.ends_at for occurrence in until(job.schedule.rule, one.start, one.end)}
        if not job.remark:
            assert ours == theirs, f"{one.zone}: {one.expression}"
            continue
        with_remark += 1
        near = changes(one.zone, Instant(one.start - NEAR), one.end)
        for instant in ours ^ theirs:
            assert any(abs(instant - change) <= NEAR for change in near), f"{one.zone}: {one.expression}: {instant}"
    assert len(asked) > 200
    assert refused > 20
    assert with_remark > 20
