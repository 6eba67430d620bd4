"""The shadow: an old scheduler's log beside the new schedules."""

import json
from datetime import datetime

import pytest

from passage_clock.errors import ClockError
from passage_clock.importing.runs import LoggedRun, read_runs
from passage_clock.importing.shadow import Disagreement, compare
from passage_clock.schedules import periodic
from passage_schemas.instant import Instant, instant_of

HOURLY = {"report": [periodic("report", "hour", "UTC")]}


def at(clock: str) -> Instant:
    return instant_of(datetime.fromisoformat(f"2026-11-20T{clock}Z"))


READ_AT = at("18:00")

SINCE, UNTIL = at("08:30"), at("12:30")


def runs(*clocks: str, job: str = "report") -> list[LoggedRun]:
    return [LoggedRun(job, at(clock)) for clock in clocks]


def test_a_scheduler_that_ran_each_time_agrees() -> None:
    seen = compare(HOURLY, runs("09:00:02", "10:00:01", "10:59:59", "12:00:41"), SINCE, UNTIL, 60)

    assert (seen.agreed, seen.latest_seconds, seen.disagreements) == (4, 41.0, [])


def test_what_it_missed_and_what_it_ran_out_of_turn_is_told() -> None:
    seen = compare(HOURLY, runs("09:00:00", "10:20:00", "12:00:00", "12:00:01"), SINCE, UNTIL, 60)

    assert seen.agreed == 2
    assert seen.disagreements == [
        Disagreement("missed", "report", at("10:00")),
        Disagreement("extra", "report", at("10:20")),
        Disagreement("missed", "report", at("11:00")),
        Disagreement("extra", "report", at("12:00:01")),
    ]


def test_a_job_of_two_lines_is_one_job() -> None:
    twice = {"report": [periodic("morning", "half-day", "UTC"), periodic("hourly", "day", "UTC")]}
    seen = compare(twice, runs("12:00:01"), at("11:00"), at("13:00"), 60)
    assert (seen.agreed, seen.disagreements) == (1, [])


def test_a_job_nobody_imported_is_unknown_and_a_time_nobody_asked_for_is_no_matter() -> None:
    seen = compare(HOURLY, [*runs("09:00", job="warm"), *runs("07:00", "13:00")], SINCE, at("08:45"), 60)
    assert seen.disagreements == []
    seen = compare({}, runs("09:00", job="warm"), SINCE, UNTIL, 60)
    assert seen.disagreements == [Disagreement("unknown", "warm", at("09:00"))]


def test_crons_lines_in_syslog_and_in_journald() -> None:
    text = (
        "Nov 20 09:00:01 host CRON[123]: (root) CMD (/usr/bin/report.sh -v)\n"
        "Nov 20 09:00:02 host sshd[9]: Accepted\n"
        "2026-11-20T10:00:01.5+01:00 host CRON[124]: (root) CMD (cd /srv && ./rotate.sh)\n"
    )
    assert read_runs("crontab", text, "UTC", READ_AT) == [
        LoggedRun("report", at("09:00:01")),
        LoggedRun("rotate", at("09:00:01.5")),
    ]


def test_kubernetes_jobs_by_the_instant_they_were_scheduled_for() -> None:
    owner = {"ownerReferences": [{"kind": "CronJob", "name": "report"}]}
    marked = {"annotations": {"batch.kubernetes.io/cronjob-scheduled-timestamp": "2026-11-20T10:00:00+01:00"}}
    jobs = [
        {"metadata": owner | marked, "status": {"startTime": "2026-11-20T09:00:07Z"}},
        {"metadata": owner, "status": {"startTime": "2026-11-20T10:00:07Z"}},
        {"metadata": {"name": "by-hand"}, "status": {"startTime": "2026-11-20T11:00:00Z"}},
    ]
    assert read_runs("kubernetes", json.dumps({"items": jobs}), "UTC", READ_AT) == runs("09:00", "10:00:07")


def test_celerys_beat_and_plain_lines() -> None:
    beat = "[2026-11-20 10:00:00,250: INFO/MainProcess] Scheduler: Sending due task report (tasks.report)\n[x] other\n"
    assert read_runs("celery", beat, "Europe/Amsterdam", READ_AT) == runs("09:00:00.25")
    assert read_runs("csv", "instant,job\n2026-11-20T09:00:00Z, report\n", "UTC", READ_AT) == runs("09:00")


@pytest.mark.parametrize(
    ("kind", "text"),
    [("kubernetes", "no"), ("kubernetes", "[]"), ("csv", "yesterday,report\n1"), ("csv", "2026-11-20")],
)
def test_a_log_that_cant_be_read_is_told(kind: str, text: str) -> None:
    with pytest.raises(ClockError, match="log"):
        read_runs(kind, text, "UTC", READ_AT)
