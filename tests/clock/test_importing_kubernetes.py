"""Kubernetes CronJobs as Kubernetes means them: its cron, its lists, what it refuses, and what no schedule keeps."""

import json
from typing import Any

import pytest

from passage_clock.errors import ClockError
from passage_clock.importing import JobsFound, read
from passage_clock.importing.robfig import of_robfig, seconds_of
from passage_schemas.instant import datetime_of
from tests.clock.rules_alike import at, until


def job(schedule: Any, metadata: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    return {"kind": "CronJob", "metadata": metadata or {"name": "job"}, "spec": {"schedule": schedule, **spec}}


def imported(document: Any, zone: str = "UTC") -> JobsFound:
    return read("kubernetes", json.dumps(document).encode(), "jobs.json", zone)


def ends(found: JobsFound, since: str, end: str) -> list[str]:
    (one,) = found.imported
    return [f"{datetime_of(seen.ends_at):%m-%dT%H:%M}" for seen in until(one.schedule.rule, at(since), at(end))]


def test_a_time_in_a_gap_is_skipped_and_one_in_a_fold_runs_twice() -> None:
    gap = imported(job("30 2 * * *", timeZone="America/New_York"))
    assert ends(gap, "2026-03-07T12:00Z", "2026-03-10T00:00Z") == ["03-09T06:30"]
    fold = imported(job("30 1 * * *", timeZone="America/New_York"))
    assert ends(fold, "2026-11-01T00:00Z", "2026-11-02T00:00Z") == ["11-01T05:30", "11-01T06:30"]


def test_a_step_in_a_field_of_days_is_no_star() -> None:
    found = imported(job("0 0 */5 * 1", timeZone="UTC"))
    assert ends(found, "2025-12-31T12:00Z", "2026-01-12T12:00Z") == [
        *("01-01T00:00", "01-05T00:00", "01-06T00:00", "01-11T00:00", "01-12T00:00"),
    ]


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("0 0 */5 * 1", "0 0 1-31/5 * 1"),
        ("0 0 1 * */2", "0 0 1 * 0-6/2"),
        ("0 0 */1 * MON-fri", "0 0 * * MON-fri"),
        ("? ?/2 ? ? ?", "* */2 * * *"),
        ("5/20 9/3 2/9 3/4 1/2", "5-59/20 9-23/3 2-31/9 3-12/4 1-6/2"),
        ("*/90 1-5/7 * * 1,*", "0 1 * * *"),
        ("@midnight", "0 0 * * *"),
    ],
)
def test_their_spelling_in_ours(theirs: str, ours: str) -> None:
    assert of_robfig(theirs) == ours


@pytest.mark.parametrize(
    ("schedule", "reason"),
    [
        ("0 0 * * 7", "its weekdays '7' are not within 0-6"),
        ("0 0 L * *", "its days have 'L', which is no number there"),
        ("0 0 * * 1#2", "no number there"),
        ("*/0 * * * *", "a step of 0"),
        ("1-2-3 * * * *", "a - too many"),
        ("0 0 0 * * *", "has 6 fields, and five are needed"),
        (", * * * *", "name nothing"),
        ("0 0 30 2 *", "never"),
        ("@reboot", "is not known there"),
        ("@every 1x", "is no span like 1h30m"),
        ("@every 90m", "drifts through the day"),
        ("TZ=UTC", "names no zone"),
        ("{{ .Values.schedule }}", "render it first"),
        (None, "it has no spec.schedule"),
        (["0 0 * * *"], "it has no spec.schedule"),
    ],
)
def test_what_kubernetes_or_no_cron_can_do_is_left_out_with_the_reason(schedule: Any, reason: str) -> None:
    found = imported(job(schedule))
    assert not found.imported
    assert reason in found.left_out[0].reason


def test_the_items_of_a_list_are_what_the_list_says_and_other_kinds_are_told() -> None:
    listed = {
        "kind": "CronJobList",
        "apiVersion": "batch/v1beta1",
        "items": [{"metadata": {"name": "a"}, "spec": job("@daily")["spec"]}],
    }
    assert [one.known_as for one in imported(listed).imported] == ["a"]
    mixed = imported(
        {"kind": "List", "items": [job("@daily"), {"kind": "CronWorkflow", "spec": {"schedule": "@daily"}}]}
    )
    assert len(mixed.imported) == 1
    assert "is no CronJob" in mixed.left_out[0].reason


@pytest.mark.parametrize(
    ("spec", "remark"),
    [
        ({"suspend": True}, "suspended there: pause it here"),
        ({"suspend": "yes"}, "suspended there: pause it here"),
        ({"concurrencyPolicy": "Forbid"}, "concurrencyPolicy: Forbid is not kept"),
        ({"concurrencyPolicy": "Allow", "suspend": False}, ""),
        ({"timeZone": ""}, "it names no timeZone; read in UTC"),
        ({"timeZone": "Asia/Beirut", "schedule": "0 9 * * 0"}, "moves its clocks at midnight"),
        ({"timeZone": "Australia/Lord_Howe"}, "by a part of an hour"),
    ],
)
def test_what_is_not_kept_is_a_remark(spec: dict[str, Any], remark: str) -> None:
    (one,) = imported(job(**{"schedule": "0 9 * * *", "timeZone": "Etc/UTC", **spec})).imported
    assert remark in one.remark
    assert bool(remark) == bool(one.remark)


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ({"startingDeadlineSeconds": "300"}, "no number of seconds"),
        ({"startingDeadlineSeconds": -1}, "no number of seconds"),
        ({"startingDeadlineSeconds": 10**400}, "no number of seconds"),
        ({"schedule": "TZ=UTC 0 9 * * *", "timeZone": "UTC"}, "both a timeZone and a TZ="),
        ({"timeZone": 5}, "is no text"),
        ({"timeZone": "Mars"}, "is not in tzdata"),
    ],
)
def test_what_kubernetes_refuses_beside_the_schedule_is_left_out(spec: dict[str, Any], reason: str) -> None:
    found = imported(job(**{"schedule": "0 9 * * *", **spec}))
    assert not found.imported
    assert reason in found.left_out[0].reason


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        ("1h", ["12:34:56", "13:34:56", "14:34:56"]),
        ("20m", ["12:34:56", "12:54:56", "13:14:56"]),
        ("15s", ["12:34:56", "12:35:11", "12:35:26"]),
        ("0.5h", ["12:34:56", "13:04:56", "13:34:56"]),
        ("60s", ["12:34:56", "12:35:56", "12:36:56"]),
    ],
)
def test_an_interval_is_counted_from_where_kubernetes_counts(span: str, expected: list[str]) -> None:
    made = {"name": "job", "creationTimestamp": "2026-01-05T12:34:56Z"}
    (one,) = imported(job(f"@every {span}", made, timeZone="Europe/Amsterdam")).imported
    found = until(one.schedule.rule, at("2026-01-05T12:34:55Z"), at("2026-01-05T15:00:00Z"))
    assert [f"{datetime_of(seen.ends_at):%H:%M:%S}" for seen in found[:3]] == expected
    (unknown,) = imported(job(f"@every {span}")).imported
    assert "which isn't said" in unknown.remark


@pytest.mark.parametrize(
    ("span", "seconds"),
    [("1h30m", 5400), ("1.5h", 5400), ("90s", 90), ("1500ms", 1), ("-1h", 1), ("0", 1), (".5m", 30)],
)
def test_a_span_is_gos(span: str, seconds: int) -> None:
    assert seconds_of(span) == seconds


def test_a_template_of_helms_is_to_be_rendered_first() -> None:
    text = "kind: CronJob\nspec:\n  {{- if .Values.on }}\n  schedule: {{ .Values.schedule }}\n"
    with pytest.raises(ClockError, match=r"^chart.yaml:3: is a template; render it first"):
        read("kubernetes", text.encode(), "chart.yaml", "UTC")
