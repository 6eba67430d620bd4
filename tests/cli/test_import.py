"""`passage clock import` as a user meets it: a file of the old scheduler in, a configuration or a comparison out."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from passage_clock.config import load
from tests.cli.command import Command

CRONTAB = """\
0 9 * * 1-5  /opt/report.sh
*/5 * * * *  /opt/poll
0 9 31 2 *   /opt/never
@reboot      /opt/warm
"""

LOG = """\
2026-11-20T09:00:01+01:00 host CRON[1]: (root) CMD (/opt/report.sh)
2026-11-23T09:00:01+01:00 host CRON[2]: (root) CMD (/opt/report.sh)
2026-11-24T10:00:01+01:00 host CRON[3]: (root) CMD (/opt/report.sh)
"""


@pytest.fixture
def crontab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    Path("crontab").write_text(CRONTAB)
    return "crontab"


def test_what_is_printed_is_a_configuration_and_what_is_left_out_is_told(crontab: str, passage: Command) -> None:
    done = passage("clock", "import", "crontab", crontab, "--zone", "Europe/Amsterdam")

    assert done.code == 0
    Path("clock.yaml").write_text(done.out)
    assert [schedule.name for schedule in load(Path("clock.yaml"), environ={}).schedules] == ["report", "poll"]
    never, warm, told = done.err.splitlines()
    assert never.startswith("passage: crontab:3: left out never: cron: ")
    assert warm == "passage: crontab:4: left out /opt/warm: '@reboot' is no point in time"
    assert told.startswith("passage: 2 found, 2 left out (cron: '0 9 31 2 *': ")
    assert told.endswith("; '@reboot' is no point in time)")


def test_a_program_is_told_the_same(crontab: str, passage: Command) -> None:
    Path(crontab).write_text("0 9 * * * /opt/report\n@every 1h /opt/beat\n@reboot /opt/warm\n")
    done = passage("clock", "import", "crontab", crontab, "--json")

    assert done.code == 0
    assert done.document["found"] == len(done.document["schedules"])
    assert [one["known_as"] for one in done.document["left_out"]] == ["/opt/warm"]
    assert done.err.splitlines()[-1] == f"passage: {done.document['told']}"


@pytest.mark.parametrize("more", [[], ["--json"], ["--into", "clock.yaml"], ["--shadow", "log"]])
def test_a_file_in_which_nothing_was_found_is_no_success(crontab: str, passage: Command, more: list[str]) -> None:
    Path(crontab).write_text("@reboot /opt/warm\n")
    Path("log").write_text(LOG)
    done = passage("clock", "import", "crontab", crontab, *more)

    assert done.code == 1
    assert done.err.splitlines()[-1] == "passage: 0 found, 1 left out ('@reboot' is no point in time)"
    assert not Path("clock.yaml").exists()


def test_a_configuration_that_is_there_keeps_what_it_says(crontab: str, passage: Command) -> None:
    before = "# ours\nschedules:\n  - {name: day, every: day, zone: UTC}  # kept\n"
    Path("clock.yaml").write_text(before)

    assert passage("clock", "import", "crontab", crontab, "--into", "clock.yaml").code == 0
    after = Path("clock.yaml").read_text()
    assert after.startswith(before)
    assert len(load(Path("clock.yaml"), environ={}).schedules) == 3

    again = passage("clock", "import", "crontab", crontab, "--into", "clock.yaml")
    assert again.code == 2
    assert "'report' is a schedule already" in again.err
    assert Path("clock.yaml").read_text() == after


def test_a_shadow_tells_each_disagreement(crontab: str, passage: Command) -> None:
    Path(crontab).write_text(CRONTAB.splitlines()[0])
    Path("log").write_text(LOG)
    done = passage("clock", "import", "crontab", crontab, "--zone", "Europe/Amsterdam", "--shadow", "log", "--json")

    *rows, seen = [json.loads(line) for line in done.out.splitlines()]
    assert done.code == 1
    assert (seen["agreed"], seen["latest_seconds"]) == (2, 1.0)
    assert rows == [
        {"kind": "missed", "job": "report", "at": "2026-11-24T08:00:00Z"},
        {"kind": "extra", "job": "report", "at": "2026-11-24T09:00:01Z"},
    ]

    agreed = passage(
        "clock", "import", "crontab", crontab, "--zone", "Europe/Amsterdam", "--shadow", "log", "--until", "2026-11-24"
    )  # fmt: skip
    assert agreed.code == 0
    assert agreed.out.startswith("runs that agree: 2, disagreements: 0")


def test_a_log_is_followed_until_it_is_told_to_stop(tmp_path: Path) -> None:
    (tmp_path / "beat.py").write_text('beat_schedule = {"pulse": {"schedule": 1.0}}')
    (tmp_path / "log").write_text("")
    shadow = ["--shadow", "log", "--log-kind", "csv", "--follow", "--tolerance-seconds", "0.2", "--json"]
    with subprocess.Popen(
        [sys.executable, "-c", "from passage.cli import main; main()", "clock", "import", "celery", "beat.py", *shadow],
        stdout=subprocess.PIPE, text=True, cwd=tmp_path,
    ) as following:  # fmt: skip
        assert following.stdout is not None
        first = json.loads(following.stdout.readline())
        following.terminate()
        rest = [json.loads(line) for line in following.stdout]

    assert (first["kind"], first["job"]) == ("missed", "pulse")
    assert (following.returncode, rest[-1]["agreed"]) == (1, 0)
    assert rest[-1]["disagreements"] == len(rest)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["anacron", "crontab"], "'anacron' can't be imported; write one of crontab, system-crontab, kubernetes"),
        (["crontab", "nowhere"], "nowhere: can't be read: no such file or directory; check the path and its rights"),
        (["quartz", "crontab"], "crontab:1: not XML"),
        (["crontab", "crontab", "--shadow", "crontab"], "crontab: no run of any job is in it"),
        (["quartz", "empty.xml", "--shadow", "crontab"], "no log of quartz can be read; write --log-kind"),
        (["crontab", "crontab", "--shadow", "crontab", "--into", "x"], "--into writes and --shadow compares"),
        (["crontab", "crontab", "--follow"], "--since, --until, --follow and --log-kind are about the log"),
        (["crontab", "crontab", "--zone", "Mars/Base"], "'Mars/Base' is not in tzdata"),
    ],
)
def test_a_mistake_is_one_line(crontab: str, passage: Command, arguments: list[str], said: str) -> None:
    Path("empty.xml").write_text("<job-scheduling-data/>")
    done = passage("clock", "import", *arguments)

    assert done.code == 2
    assert done.err.splitlines()[-1].startswith(f"passage: {said}")
