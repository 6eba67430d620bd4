"""Importing Celery's beat: however its settings are written, each entry is a schedule or left out aloud."""

from typing import Any

import pytest

from passage_clock.errors import ClockError
from passage_clock.importing import JobsFound, read
from passage_clock.importing.celery import GAP, INTERVAL


def found_in(text: str, zone: str = "UTC") -> JobsFound:
    return read("celery", text.encode(errors="surrogatepass"), "beat.py", zone)


def crons(found: JobsFound) -> dict[str, Any]:
    return {one.known_as: one.item.get("cron", one.item.get("every")) for one in found.imported}


def left_out(found: JobsFound) -> list[tuple[str, str]]:
    return [(one.place, one.known_as) for one in found.left_out]


CELERY = """\
from celery.schedules import crontab, solar
from datetime import timedelta
app.conf.timezone = "Europe/London"
app.conf.beat_schedule = {
    "monday-morning": {"task": "tasks.add", "schedule": crontab(hour=7, minute=30, day_of_week=1)},
    "sets": {"task": "t", "schedule": crontab(minute=[0, 30], hour="9-17")},
    "each-half-minute": {"task": "t", "schedule": 30.0},
    "each-hour": {"task": "t", "schedule": timedelta(hours=1)},
    "sun": {"task": "t", "schedule": solar("sunset", -37, 144)},
    "odd": {"task": "t", "schedule": 7.0},
    "worked-out": {"task": "t", "schedule": when()},
}
"""


ADDED = """\
app.conf.timezone = "Europe/Amsterdam"
app.conf.beat_schedule = {"a": {"task": "t", "schedule": crontab(hour=5, minute=0)}}
app.conf.beat_schedule["b"] = {"task": "t", "schedule": crontab(hour=6, minute=0)}
app.conf.beat_schedule.update({"c": {"task": "t", "schedule": crontab(hour=7, minute=0)}}, d=dict(schedule=60))
app.conf.beat_schedule |= {"e": {"task": "t", "schedule": crontab(hour=8, minute=0)}}
app.conf.beat_schedule.setdefault("f", {"schedule": crontab(hour=9, minute=0)})
app.conf.beat_schedule.setdefault("a", {"schedule": crontab(hour=23, minute=0)})
app.conf.beat_schedule["a"]["schedule"] = crontab(hour=4, minute=0)
@app.on_after_configure.connect
def setup(sender, **kwargs):
    sender.add_periodic_task(crontab(hour=7, minute=30, day_of_week=1), t.s("x"), name="g")
    sender.add_periodic_task(10.0, tasks.ping.s())
"""


def test_jobs_are_found_however_they_are_added() -> None:
    found = found_in(ADDED)

    assert crons(found) == {
        "a": "0 4 * * *", "b": "0 6 * * *", "c": "0 7 * * *", "d": "minute", "e": "0 8 * * *", "f": "0 9 * * *",
        "g": "30 7 * * 1", "tasks.ping": "10 seconds",
    }  # fmt: skip
    assert {one.item["zone"] for one in found.imported} == {"Europe/Amsterdam"}
    # What was replaced, or never taken, is told too.
    assert left_out(found) == [("beat.py:7", "crontab(...)")]


def test_celery_is_read_and_never_run() -> None:
    found = found_in(CELERY)

    assert crons(found) == {
        "monday-morning": "30 7 * * 1", "sets": "0,30 9-17 * * *", "each-half-minute": "30 seconds",
        "each-hour": "hour",
    }  # fmt: skip
    assert {one.item["zone"] for one in found.imported} == {"Europe/London"}
    assert [one.known_as for one in found.left_out] == ["sun", "odd", "worked-out"]
    assert "drifts through the day" in found.left_out[1].reason


CLASSES = """\
class Base:
    beat_schedule = {"base": {"schedule": crontab(hour=1, minute=0)}}
    timezone = "Asia/Tokyo"
class Other:
    CELERY_BEAT_SCHEDULE = {**Base.beat_schedule, "other": {"schedule": crontab(hour=2, minute=0)}}
    CELERY_TIMEZONE = "Asia/Kolkata"
"""


def test_each_class_of_settings_has_its_own_table_and_zone() -> None:
    found = found_in(CLASSES)

    assert [(one.known_as, one.item["name"], one.item["zone"]) for one in found.imported] == [
        ("base", "base", "Asia/Tokyo"), ("base", "base.2", "Asia/Kolkata"), ("other", "other", "Asia/Kolkata"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("schedule", "rule"),
    [
        ("timedelta(0, 0, 0, 0, 1)", {"every": "minute"}),
        ("timedelta(0, 30)", {"every": "30 seconds"}),
        ("timedelta(hours=1) / 4", {"every": "15 minutes"}),
        ("timedelta(minutes=2 * 5)", {"every": "10 minutes"}),
        ("60 * 5", {"every": "5 minutes"}),
        ("MINUTE * 10", {"every": "10 minutes"}),
        ("schedule(run_every=timedelta(days=1))", {"every": "day"}),
        ("timedelta(hours=1).total_seconds()", {"every": "hour"}),
        ("crontab(**{'hour': 3, 'minute': MINUTE - 60})", {"cron": "0 3 * * *"}),
        ("crontab(**AT, hour=[9, 17])", {"cron": "30 9,17 * * *"}),
        ("crontab(0, 22, 'sat', '1-7')", {"cron": "0 22 1-7 * *", "only": [{"weekday": ["saturday"]}]}),
        ("crontab(minute=0, hour='22-2')", {"cron": "0 0-2,22-23 * * *"}),
        ("crontab(minute=0, hour=0, day_of_week='monday')", {"cron": "0 0 * * 1"}),
        ("crontab(minute=0, hour=0, day_of_week='sat-mon')", {"cron": "0 0 * * 0-1,6"}),
        ("crontab(minute=range(0, 60, 15))", {"cron": "*/15 * * * *"}),
        ("crontab(minute={0, 30}, hour='*/4')", {"cron": "0,30 */4 * * *"}),
        ("crontab(month_of_year='11-2', day_of_month='*/10', minute=0, hour=0)", {"cron": "0 0 */10 1-2,11-12 *"}),
        ("crontab(app=app)", {"cron": "* * * * *"}),
        ("NIGHTLY", {"cron": "0 1 * * *"}),
    ],
)  # fmt: skip
def test_what_a_schedule_says_is_followed(schedule: str, rule: dict[str, Any]) -> None:
    constants = "MINUTE = 60\nAT = dict(minute=30)\nNIGHTLY = crontab(hour=1, minute=0)\n"
    if "NIGHTLY" not in schedule:
        constants = constants.rpartition("NIGHTLY")[0]
    found = found_in(f"{constants}beat_schedule = {{'a': {{'schedule': {schedule}}}}}")
    assert not found.left_out
    (one,) = found.imported
    assert {name: value for name, value in one.item.items() if name not in ("name", "event", "zone")} == rule
    assert one.remark == (INTERVAL if "every" in rule else "")


@pytest.mark.parametrize(
    ("schedule", "reason"),
    [
        ("when()", "its schedule is worked out by the program"),
        ("crontab(hour=HOUR)", "hour of its crontab is worked out by the program"),
        ("crontab(**options)", "its crontab's fields are worked out"),
        ("crontab(*fields)", "its crontab's fields are worked out"),
        ("crontab(hours=3)", "Celery's crontab takes no hours="),
        ("crontab(hour=24)", "Celery refuses hour=24: it takes 0 to 23"),
        ("crontab(hour=-1)", "Celery refuses hour=-1"),
        ("crontab(hour='5/2')", "Celery refuses hour='5/2'"),
        ("crontab(hour='*/0')", "Celery refuses hour='*/0'"),
        ("crontab(hour='noon')", "Celery refuses hour='noon'"),
        ("crontab(day_of_week=7)", "Celery refuses day_of_week=7"),
        ("crontab(hour='1,,2')", "Celery refuses hour=''"),
        ("crontab(hour=[])", "hour is empty"),
        ("crontab(hour=None)", "Celery refuses hour=None"),
        ("crontab(hour=1e999)", "Celery refuses hour=inf"),
        ("crontab(hour=0x" + "f" * 9000 + ")", "hour of its crontab is worked out"),
        ("crontab(nowfun=lambda: now)", "its crontab asks a function of the program"),
        ("solar('sunset', -37, 144)", "a solar schedule needs the sun's tables"),
        ("7.0", "every 7 s drifts"),
        ("1e999", "its interval is no whole number of seconds"),
        ("1e999 - 1e999", "its schedule is worked out"),
        ("10 ** 10 ** 10", "its schedule is worked out"),
        ("timedelta(days=10 ** 9)", "its schedule is worked out"),
        ("timedelta(fortnights=1)", "its schedule is worked out"),
        ("1 / 0", "its schedule is worked out"),
        ("True", "its schedule is worked out"),
        ("None", "it has no schedule"),
    ],
)
def test_what_can_not_be_followed_is_left_out(schedule: str, reason: str) -> None:
    found = found_in(f"beat_schedule = {{\n'a': {{'schedule': {schedule}}}}}")
    assert not found.imported
    assert [(one.place, one.known_as) for one in found.left_out] == [("beat.py:2", "a")]
    assert found.left_out[0].reason.startswith(reason)


@pytest.mark.parametrize(
    "text",
    [
        "beat_schedule = load()",
        "beat_schedule.update(load())",
        "beat_schedule.update(**load())",
        "beat_schedule = {**load()}",
        "beat_schedule = {key: crontab() for key in names}",
        "beat_schedule[name()] = {'schedule': crontab()}",
        "for name in names:\n    beat_schedule[name] = {'schedule': 60}",
        "beat_schedule += load()",
        "beat_schedule = base | load()",
        "app.conf.update(beat_schedule=load())",
        "app.conf['beat_schedule'] = load()",
        "sender.add_periodic_task(*what)",
        "sender.add_periodic_task(when(), t.s())",
        "@periodic_task(run_every=crontab(hour=3))\ndef job(): pass",
        "class Config:\n    def __init__(self):\n        self.every = crontab(minute=0)",
        "setattr(app.conf, 'beat_schedule', {'a': {'schedule': crontab()}})",
    ],
)
def test_nothing_is_dropped_in_silence(text: str) -> None:
    found = found_in(text)
    assert found.left_out
    assert not found.imported


@pytest.mark.parametrize(
    "text",
    [
        "app.conf.update(beat_schedule={'a': {'schedule': crontab()}}, timezone='Asia/Tokyo')",
        "TZ = 'Asia/Tokyo'\ntimezone = TZ\nbeat_schedule = {'a': {'schedule': crontab()}}",
        "CELERY = {'beat_schedule': {'a': {'schedule': crontab()}}, 'timezone': 'Asia/Tokyo'}",
        "app.conf['beat_schedule'] = {'a': {'schedule': crontab()}}\napp.conf['timezone'] = 'Asia/Tokyo'",
        "JOBS = {}\nJOBS['a'] = {'schedule': crontab()}\nMY_BEAT_SCHEDULE = JOBS\nMY_TIMEZONE = 'Asia/Tokyo'",
        "CELERY_BEAT_SCHEDULE = dict(a=dict(schedule=crontab()))\nTIME_ZONE = 'Asia/Tokyo'",
        "timezone = ZoneInfo('Asia/Tokyo')\nbeat_schedule: dict = {'a': {'schedule': crontab()}}",
        "app.conf.timezone = 'Asia/Tokyo'\nconf = app.conf\nconf.beat_schedule = {'a': {'schedule': crontab()}}",
    ],
)
def test_settings_are_found_in_any_dress(text: str) -> None:
    found = found_in(text)
    assert not found.left_out
    assert [(one.known_as, one.item["zone"], one.remark) for one in found.imported] == [("a", "Asia/Tokyo", "")]


def test_a_zone_that_is_worked_out_is_remarked() -> None:
    found = found_in("timezone = settings.ZONE\nbeat_schedule = {'a': {'schedule': crontab()}}", "Asia/Tokyo")
    assert found.imported[0].remark == "its timezone is worked out by the program in line 1; read in Asia/Tokyo"
    found = found_in("enable_utc = False\nbeat_schedule = {'a': {'schedule': crontab()}}")
    assert found.imported[0].remark.endswith("beat runs by the machine's clock; read in UTC")
    found = found_in("beat_schedule = {'a': {'schedule': crontab()}}", "Asia/Tokyo")
    assert found.imported[0].remark == "it sets no timezone, and Celery's own is UTC; read in Asia/Tokyo"


@pytest.mark.parametrize(
    "text",
    [
        "CELERY_TIMEZONE = 'Asia/Tokyo'\nUSER_TIMEZONE = 'UTC'\nTIME_ZONE = 'UTC'\nCELERY_BEAT_SCHEDULE = {}",
        "MY_TIMEZONE = 'Asia/Tokyo'\nTIME_ZONE = 'UTC'\nMY_BEAT_SCHEDULE = {}",
        "def now():\n    timezone = 'UTC'\nTIME_ZONE = 'Asia/Tokyo'\nCELERY_BEAT_SCHEDULE = {}",
    ],
)
def test_of_several_zones_the_one_beat_looks_at_counts(text: str) -> None:
    found = found_in(text.replace("{}", "{'a': {'schedule': crontab()}}"))
    assert [(one.item["zone"], one.remark) for one in found.imported] == [("Asia/Tokyo", "")]


def test_what_a_branch_decides_is_remarked() -> None:
    found = found_in("beat_schedule = {}\nif DEBUG:\n    beat_schedule['a'] = {'schedule': crontab()}")
    assert found.imported[0].remark == "set under a condition there, or in a loop"
    found = found_in(
        "TZ = 'Asia/Tokyo'\nif X:\n    TZ = 'UTC'\ntimezone = TZ\nbeat_schedule = {'a': {'schedule': crontab()}}"
    )
    assert "worked out by the program" in found.imported[0].remark


def test_a_job_at_a_time_that_its_zone_skips_runs_later_and_several_are_remarked() -> None:
    once = "beat_schedule = {'a': {'schedule': crontab(hour=2, minute=30)}}\n"
    assert found_in(once + "timezone = 'America/New_York'").imported[0].item["gap"] == "shift"
    job = "beat_schedule = {'a': {'schedule': crontab(hour=2, minute='15,45')}}\n"
    assert found_in(job + "timezone = 'America/New_York'").imported[0].remark == GAP
    assert found_in(job).imported[0].remark == ""


@pytest.mark.parametrize(
    "text",
    [
        "def (", "a = 1\0", "x = " + "(" * 5_000, "x = " + "-" * 50_000 + "1", "x = " + "1+" * 50_000 + "1",
        "x = " + "[" * 150 + "]" * 151, "x = " + "9" * 5_000, "x = '\ud800'", "x" + ".y" * 50_000, "é = \\",
        "if x:\n" + "".join(" " * depth + "if x:\n" for depth in range(1, 99)) + " " * 99 + "pass",
    ],
)  # fmt: skip
def test_no_text_is_a_traceback(text: str) -> None:
    said = said_of(text)
    assert said.startswith("beat.py")
    assert "\n" not in said


def said_of(text: str) -> str:
    """Why it can't be read; that it can, where it can."""
    try:
        return f"beat.py has {len(found_in(text).imported)}"
    except ClockError as error:
        return str(error)
