"""Importing: what other schedulers' files say, as schedules, and what can't be one with the reason."""

from typing import Any

import pytest

from passage_clock.importing import READERS, JobsFound, read
from passage_clock.importing.expressions import of_seconds
from passage_schemas.errors import PassageError

CRONTAB = """\
# m h dom mon dow command
MAILTO=ops@example.com
30 9 * * 1-5  /usr/bin/python3 -u /opt/report.py --all
@daily        cd /srv && ./rotate.sh %ignored
CRON_TZ=America/New_York
0 16 * * FRI  FOO=1 close-books
@reboot       /opt/warm
*/7 * * *     forgot-a-field
0 9 * * *     /opt/report.py
"""

KUBERNETES = """\
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly-report}
spec: {schedule: "0 2 * * *", timeZone: Europe/Amsterdam, startingDeadlineSeconds: 300}
---
apiVersion: v1
kind: List
items:
  - kind: CronJob
    metadata: {name: hourly}
    spec: {schedule: "@hourly", suspend: true}
  - kind: CronJob
    metadata: {name: prefixed}
    spec: {schedule: "CRON_TZ=Asia/Tokyo 0 9 * * *"}
  - kind: CronJob
    metadata: {name: empty}
    spec: {}
  - kind: Deployment
    metadata: {name: web}
"""


def rules(found: JobsFound) -> dict[str, dict[str, Any]]:
    """By name, without name and event."""
    return {
        str(one.item["name"]): {key: value for key, value in one.item.items() if key not in ("name", "event")}
        for one in found.imported
    }


def test_a_crontab_keeps_its_expressions_and_its_zones() -> None:
    found = read("crontab", CRONTAB.encode(), "crontab", "Europe/Berlin")

    assert rules(found) == {
        "report": {"cron": "30 9 * * 1-5", "zone": "Europe/Berlin"},
        "rotate": {"cron": "0 0 * * *", "zone": "Europe/Berlin"},
        "close.books": {"cron": "0 16 * * FRI", "zone": "America/New_York"},
        "report.2": {"cron": "0 9 * * *", "zone": "America/New_York"},
    }
    assert [one.item["event"] for one in found.imported][:3] == ["ReportWasDue", "RotateWasDue", "CloseBooksWasDue"]
    assert [(one.place, one.reason.split(";")[0]) for one in found.left_out] == [
        ("crontab:7", "'@reboot' is no point in time"),
        ("crontab:8", "this is no line of a crontab: five fields and a command"),
    ]


def test_cron_jobs_bring_their_zone_and_their_deadline() -> None:
    found = read("kubernetes", KUBERNETES.encode(), "jobs.yaml", "UTC")

    assert rules(found) == {
        "nightly.report": {
            "cron": "0 2 * * *", "zone": "Europe/Amsterdam", "gap": "skip", "fold": "both",
            "misfire": "skip", "misfire_grace_seconds": 300,
        },
        "hourly": {"cron": "0 * * * *", "zone": "UTC"},
        "prefixed": {"cron": "0 9 * * *", "zone": "Asia/Tokyo", "gap": "skip", "fold": "both"},
    }  # fmt: skip
    assert found.imported[1].remark == "suspended there: pause it here; it names no timeZone; read in UTC"
    assert [one.known_as for one in found.left_out] == ["empty"]


@pytest.mark.parametrize(("seconds", "every"), [(1, "second"), (300, "5 minutes"), (21600, "6 hours"), (86400, "day")])
def test_an_interval_that_divides_its_unit_is_a_period(seconds: int, every: str) -> None:
    assert of_seconds(seconds) == {"every": every}


@pytest.mark.parametrize("seconds", [0, 7, 0.5, 90, 25200, 172800])
def test_an_interval_that_drifts_is_refused(seconds: float) -> None:
    with pytest.raises(ValueError, match=r"drifts|whole number"):
        of_seconds(seconds)


@pytest.mark.parametrize(("kind", "text"), [("kubernetes", "a: [b"), ("celery", "def ("), ("quartz", "<a>")])
def test_a_file_of_another_kind_is_one_clear_error(kind: str, text: str) -> None:
    with pytest.raises(PassageError, match=r"^old"):
        read(kind, text.encode(), "old", "UTC")


@pytest.mark.parametrize("kind", READERS)
def test_an_empty_file_has_nothing_in_it(kind: str) -> None:
    text = "<job-scheduling-data/>" if kind == "quartz" else ""
    assert not read(kind, text.encode(), "old", "UTC").imported
