"""Crontabs, a user's and the system's: who runs a job, what it is called, and what of cron's no schedule keeps."""

import pytest

from passage_clock.importing import JobsFound, read
from passage_clock.importing.crontab import name_of
from passage_schemas.instant import datetime_of
from tests.clock.rules_alike import at, until

SYSTEM = """\
# /etc/crontab: system-wide crontab
SHELL=/bin/sh
17 *	* * *	root    cd / && run-parts --report /etc/cron.hourly
25 6	* * *	root	test -x /usr/sbin/anacron || ( cd / && run-parts --report /etc/cron.daily )
*/5 *   * * *   backup  [ -x /opt/copy ] && /opt/copy --all
"""


def imported(text: str, file: str = "crontab", kind: str = "crontab", zone: str = "UTC") -> JobsFound:
    return read(kind, text.encode(), file, zone)


def names(found: JobsFound) -> list[str]:
    return [str(one.item["name"]) for one in found.imported]


@pytest.mark.parametrize("file", ["crontab", "/etc/crontab", "/etc/cron.d/jobs", "standard input"])
def test_a_column_of_users_is_seen_and_said(file: str) -> None:
    found = imported(SYSTEM, file)
    assert names(found) == ["run.parts", "run.parts.2", "copy"]
    assert [one.remark.partition(":")[0] for one in found.imported] == [
        "runs there as root",
        "runs there as root",
        "runs there as backup",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0 9 * * * php /opt/a.php\n0 9 * * * backup --all", ["php", "backup"]),
        ("0 9 * * * root /opt/a\n0 9 * * * /opt/b", ["root", "b"]),
        ("0 9 * * * root", ["root"]),
    ],
)
def test_a_users_own_crontab_has_no_such_column(text: str, expected: list[str]) -> None:
    found = imported(text)
    assert names(found) == expected
    assert not any(one.remark for one in found.imported)


def test_who_knows_better_says_so() -> None:
    assert names(imported("0 9 * * * backup /opt/a", kind="system-crontab")) == ["a"]
    for file, kind in (("/etc/cron.d/x", "crontab"), ("x", "system-crontab")):
        found = imported("0 9 * * * /opt/a\n0 9 * * * root", file, kind)
        assert ["names a user before the command" in one.reason for one in found.left_out] == [True, True]


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("cd / && run-parts --report /etc/cron.hourly", "run-parts"),
        ("test -x /usr/sbin/anacron || ( cd / && run-parts --report /etc/cron.daily )", "run-parts"),
        ("[ -x /opt/a ] && /opt/a.sh", "a"),
        ("command -v debian-sa1 > /dev/null && debian-sa1 1 1", "debian-sa1"),
        ("if [ -x /opt/a ]; then /opt/a; fi", "a"),
        ("/usr/bin/env FOO=1 nice -n 5 /opt/close-books.py", "close-books"),
        ("cd /srv", "cd"),
    ],
)
def test_a_job_is_called_by_what_it_is_for(command: str, name: str) -> None:
    assert name_of(command) == name


def test_a_wildcard_job_goes_by_real_time_and_a_fixed_one_runs_once() -> None:
    text = "17 * * * * a\n30 */3 * * * b\n* 3 * * * c\n30 3 * * * d\n"
    found = imported(text, zone="Europe/Riga")
    spring = [
        [
            f"{datetime_of(seen.ends_at):%H:%M}"
            for seen in until(one.schedule.rule, at("2021-03-27T22:00Z"), at("2021-03-28T03:00Z"))
        ]
        for one in found.imported
    ]
    assert spring == [["22:17", "23:17", "00:17", "01:17", "02:17"], ["22:30"], [], ["01:00"]]
    autumn = [len(until(one.schedule.rule, at("2021-10-30T21:00Z"), at("2021-10-31T22:00Z"))) for one in found.imported]
    assert autumn == [25, 9, 120, 1]


@pytest.mark.parametrize(
    ("text", "cron", "remark"),
    [
        ("0~30 4 * * * a", "0 4 * * *", "cron chooses at random what 0~30 stands for; here it is 0"),
        ("~ 2~ * * ~5 a", "0 2 * * 0", "what ~ stands for"),
        ("RANDOM_DELAY=45\n0 4 * * * a", "0 4 * * *", "by up to RANDOM_DELAY=45 minutes"),
        ("RANDOM_DELAY=0\n0 4 * * * a", "0 4 * * *", ""),
        ("-*/15 * * * * a", "*/15 * * * *", "says nothing of it"),
        ("5/15 * * * * a", "5/15 * * * *", "some crons take 5/15 for 5 alone"),
        ("0 0 L * * a", "0 0 L * *", "knows no L, W"),
        ("0 0 * jul sun-tue a", "0 0 * jul sun-tue", ""),
        ("0 0 * * 5-7 a", "0 0 * * 5-7", ""),
        ("0-30/5 0 1,15 * * a", "0-30/5 0 1,15 * *", ""),
        ("@midnight a", "0 0 * * *", ""),
    ],
)
def test_what_cron_does_and_no_schedule_is_a_remark(text: str, cron: str, remark: str) -> None:
    (one,) = imported(text).imported
    assert one.item["cron"] == cron
    assert remark in one.remark
    assert bool(remark) == bool(one.remark)


def test_every_is_no_word_of_crons() -> None:
    (one,) = imported("@every 1h /opt/a", zone="Asia/Kolkata").imported
    assert (one.item["every"], one.item["zone"]) == ("hour", "UTC")
    assert "cron itself knows no @every" in one.remark
    (as_robfig_does,) = imported("@every 0.5h /opt/a").imported
    assert as_robfig_does.item["every"] == "30 minutes"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("0~30/5 * * * * a", "steps from a minute that cron chooses at random"),
        ("0 0 * * fri-sun a", "day-of-week"),
        ("@reboot a", "no point in time"),
        ("@every_minute a", "is not known"),
        ("@every 1x a", "'1x' is no span like 1h30m"),
        ("@every 1h30m a", "drifts through the day"),
        ("@daily", "this is no line of a crontab"),
        ("1 5 cron.daily nice run-parts /etc/cron.daily", "this is no line of a crontab"),
        ("*/90 * * * * a", "leaves the minutes"),
    ],
)
def test_what_cant_be_a_schedule_is_left_out_with_the_reason(line: str, reason: str) -> None:
    found = imported(line)
    assert not found.imported
    assert reason in found.left_out[0].reason


def test_settings_are_those_of_the_lines_below() -> None:
    found = imported(
        "0 9 * * * a\nCRON_TZ = 'Asia/Tokyo'\n0 9 * * * b\nCRON_TZ=\nTZ=Mars\nMAILTO=x\n0 9 * * * c", zone="UTC"
    )
    assert [one.item["zone"] for one in found.imported] == ["UTC", "Asia/Tokyo", "UTC"]


def test_a_long_line_is_read_at_once() -> None:
    assert not imported(f"A=x{' ' * 1_000_000}y\n").imported
