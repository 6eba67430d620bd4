"""Everything the configuration can say of when: read from the file, and read back from what the log keeps of it."""

import re
from collections.abc import Callable
from datetime import date, datetime
from itertools import islice
from pathlib import Path

import pytest

from passage_clock.calendars import Company, Hours, National, Notice
from passage_clock.calendars.market import Market
from passage_clock.civil import instant_of_civil
from passage_clock.config import ClockConfig, append_schedules, load, schedule_of_definition
from passage_clock.rules.cron import Cron
from passage_clock.rules.days import OnDays, workdays
from passage_clock.rules.dayset import Dates, DaySet, DaysOf, DaysOfMonth, Moon, NthWorkday, Weekdays
from passage_clock.rules.filtered import Filtered, Shifted
from passage_clock.rules.fiscal import Fiscal
from passage_clock.rules.nth import Nth
from passage_clock.rules.periods import Every
from passage_clock.rules.sessions import Sessions
from passage_clock.schedules import Schedule
from passage_schemas.errors import ConfigError
from passage_schemas.instant import Instant, instant_of

EVERYTHING = Path(__file__).parent / "everything.yaml"
CONFIG = load(EVERYTHING, environ={})
SCHEDULES = {schedule.name: schedule for schedule in CONFIG.schedules}

AMSTERDAM = "Europe/Amsterdam"
NOON = 12 * 3_600_000_000


def test_rules_are_what_was_written() -> None:
    rules = {name: schedule.rule for name, schedule in SCHEDULES.items()}

    assert rules["quarter-hour"] == Every("15 minutes", "Asia/Kathmandu")
    assert rules["day.apia"] == Every("day", "Pacific/Apia", gap="next")
    assert rules["week.us"] == Every("week", "America/New_York", "sunday")
    assert rules["fiscal.india"] == Fiscal("fiscal-quarter", "Asia/Kolkata", year_starts="april")
    assert rules["first.workday"] == OnDays(DaySet(NthWorkday((1,), "month", National("NL"))), AMSTERDAM)
    weekend, full, party = DaySet(Weekdays((5, 6))), DaySet(Moon("full")), DaySet(Dates((date(2026, 12, 10),)))
    assert rules["tenth"] == OnDays(DaySet(DaysOfMonth((10,)), (weekend, full, party)), AMSTERDAM)
    assert rules["nightly"] == Cron("0 30 2 * * 1-5", AMSTERDAM, "skip", "both")
    assert rules["biweekly"] == Nth(2, Every("week", AMSTERDAM), datetime(2026, 1, 5))  # noqa: DTZ001
    assert rules["open.nasdaq.early"] == Sessions("pre-market", Market("XNAS"), "America/New_York")
    payout = rules["payout"]
    assert isinstance(payout, Shifted)
    assert (payout.shift, payout.calendar) == ("previous", National("NL"))
    assert isinstance(payout.rule, Filtered)
    assert payout.rule.rule == Cron("0 12 25 * *", AMSTERDAM)


def test_a_companys_calendar_is_what_was_written() -> None:
    closed = (
        Notice(date(2026, 12, 24), date(2026, 12, 24)),
        Notice(date(2012, 10, 29), date(2012, 10, 29), at("2012-10-28T22:00-04:00"), "Hurricane Sandy"),
        Notice(date(2026, 7, 27), date(2026, 8, 7), reason="works holiday"),
        Notice(date(2026, 1, 2), date(2026, 1, 2)),
        Notice(date(2026, 5, 15), date(2026, 5, 15), at("2026-04-01T12:00+02:00"), "bridge day, by the board"),
    )
    opened = (
        Notice(date(2026, 11, 21), date(2026, 11, 21)),
        Notice(date(2026, 12, 5), date(2026, 12, 5), at("2026-11-01T09:00+01:00")),
    )
    hours = Hours.of({"monday-friday": ["09:00-12:30", "13:30-17:30"], "saturday": ["22:00-06:00"]})
    acme = Company("acme", National("NL"), None, closed, opened, hours)

    evening = 17 * 3_600_000_000 + 30 * 60_000_000
    assert SCHEDULES["workday.acme"].rule == workdays(acme, AMSTERDAM, evening, fold="second")
    utrecht = Company("acme.utrecht", acme, None, (Notice(date(2026, 9, 8), date(2026, 9, 8)),))
    assert SCHEDULES["workday.utrecht"].rule == workdays(utrecht, AMSTERDAM)


def at(text: str) -> Instant:
    return instant_of(datetime.fromisoformat(text))


def test_what_is_decided_beside_the_rule() -> None:
    second, minute, day = (SCHEDULES[name] for name in ("second.utc", "minute.utc", "day.amsterdam"))

    assert (second.misfire, second.misfire_grace_seconds, second.keep_days) == ("skip", 5.0, 7)
    assert (minute.misfire, minute.misfire_grace_seconds, minute.keep_days) == ("coalesce", 60.0, None)
    assert (day.misfire, day.on_change, day.event) == ("publish_all", "keep", "DayHasEnded")
    assert day.starts_at == instant_of_civil(date(2012, 1, 1), AMSTERDAM)
    assert (CONFIG.catch_up_ticks_per_second, CONFIG.fast_failover_grace_seconds) == (5000, 1.5)


@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES.keys())
def test_a_definition_read_back_gives_the_same_schedule(schedule: Schedule) -> None:
    again = schedule_of_definition(schedule.name, schedule.definition_text)

    assert again.rule == schedule.rule
    assert again.definition_text == schedule.definition_text
    assert (again.event, again.starts_at, again.misfire, again.misfire_grace_seconds) == (
        schedule.event,
        schedule.starts_at,
        schedule.misfire,
        schedule.misfire_grace_seconds,
    )


@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES.keys())
def test_every_schedule_names_ticks_in_order(schedule: Schedule) -> None:
    found = list(islice(schedule.occurrences(at("2026-01-01T00:00Z")), 5))

    assert found
    assert [one.ends_at for one in found] == sorted({one.ends_at for one in found})


def test_how_long_ticks_are_kept_is_no_part_of_a_definition_and_a_misfire_policy_is() -> None:
    plain = Schedule("x", Every("day", "UTC"))

    assert Schedule("x", plain.rule, keep_days=3, on_change="keep").definition == plain.definition
    assert Schedule("x", plain.rule, misfire="skip").definition != plain.definition


def test_a_definition_this_release_cant_read_is_told_in_one_line() -> None:
    with pytest.raises(ConfigError, match=r"^the definition of x: every: 'fortnight' is no period; "):
        schedule_of_definition("x", '{"event":"X","every":"fortnight","zone":"UTC"}')
    with pytest.raises(ConfigError, match=r"^the definition of x: is not JSON"):
        schedule_of_definition("x", "day")


Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    monkeypatch.chdir(tmp_path)

    def written(text: str) -> Path:
        Path("clock.yaml").write_text(text, "utf-8")
        return Path("clock.yaml")

    return written


def one(fields: str) -> str:
    return f"schedules:\n  - name: x\n    zone: UTC\n    {fields}\n"


def company(fields: str) -> str:
    return f"calendars:\n  acme:\n    {fields}\n" + one("every: workday\n    calendar: acme")


MISTAKES = {
    "two ways of saying when": (
        one("every: day\n    cron: 0 9 * * *"),
        "5: schedules[0].cron: there is every: already; take one of them out, or unite them by any_of",
    ),
    "a period that fills nothing": (
        one("every: 7 minutes"),
        "4: schedules[0].every: '7 minutes' won't do, periods must fill the hour; did you mean '6 minutes'?",
    ),
    "a fiscal year that starts nowhere": (
        one("every: fiscal-quarter"),
        "2: schedules[0].year_starts: is missing; write e.g. january",
    ),
    "a year's end that is none": (
        one("every: fiscal-year\n    weeks: 4-4-5\n    year_ends: last saturday of januari"),
        "6: schedules[0].year_ends: 'last saturday of januari' won't do; did you mean 'last saturday of january'?",
    ),
    "a time for a plain day": (
        one("every: day\n    at: '17:30'"),
        "5: schedules[0].at: is for every: workday, this is every: day; take it out",
    ),
    "a time of one digit": (
        one("on: {day_of_month: 1}\n    at: 9:30"),
        "5: schedules[0].at: '9:30' won't do; write a civil time of two digits each, e.g. \"17:30\"",
    ),
    "a cron of four fields": (one("cron: 9 * * *"), "4: schedules[0].cron: '9 * * *' has 4 fields; *"),
    "an rrule without a start": (
        one("rrule: FREQ=DAILY"),
        "4: schedules[0].rrule: 'FREQ=DAILY' does not say the hour; add starts_at: to say from when, e.g. 2026-01-01",
    ),
    "a policy misspelt": (
        one("cron: 0 9 * * *\n    gap: nxt"),
        "5: schedules[0].gap: 'nxt' is no policy; did you mean 'next'?",
    ),
    "a misfire misspelt": (
        one("every: day\n    misfire: coalesc"),
        "5: schedules[0].misfire: 'coalesc' is no policy; did you mean 'coalesce'?",
    ),
    "a grace nobody asks for": (
        one("every: day\n    misfire_grace_seconds: 5"),
        "5: schedules[0].misfire_grace_seconds: has no use where every tick is published; *",
    ),
    "keeping nothing": (
        one("every: day\n    keep_days: 0"),
        "5: schedules[0].keep_days: 0 won't do; write a whole number of days, e.g. 30",
    ),
    "no such day": (
        one("on:\n      day_of_month: 32"),
        "5: schedules[0].on.day_of_month: 32 is never; 1 to 31 from the front, -1 to -31 from the end",
    ),
    "a weekday misspelt, deep down": (
        one("on:\n      day_of_month: 10\n      except:\n        - weekday: [saturday, sonday]"),
        "7: schedules[0].on.except[0].weekday[1]: 'sonday' is no weekday; did you mean 'sunday'?",
    ),
    "a kind of day misspelt": (
        one("on:\n      day_of_moth: 10"),
        "5: schedules[0].on.day_of_moth: there is no such field; did you mean 'day_of_month'?",
    ),
    "two kinds of day": (
        one("on: {day_of_month: 10, moon: full}"),
        "4: schedules[0].on: day_of_month and moon are two sets; write them below any: or all:",
    ),
    "a shift to nobody's workdays": (
        one("cron: 0 9 * * *\n    shift: next"),
        "2: schedules[0].calendar: is missing; write a country, e.g. NL, *",
    ),
    "a calendar without a use": (
        one("cron: 0 9 * * *\n    calendar: NL"),
        "5: schedules[0].calendar: has no use beside cron: alone; take it out, or add shift:",
    ),
    "counting a schedule that isn't there": (
        one("every: week") + "  - {name: y, every_nth: 2, of: xx, starts_at: 2026-01-01}\n",
        "5: schedules[1].of: 'xx' is no schedule of this file; did you mean 'x'?",
    ),
    "counting oneself": (
        one("every_nth: 2\n    of: x\n    starts_at: 2026-01-01"),
        "5: schedules[0].of: 'x' would count its own ticks; count another's",
    ),
    "a zone beside another's": (
        one("every_nth: 2\n    of: y\n    starts_at: 2026-01-01") + "  - {name: y, every: week, zone: Asia/Tokyo}\n",
        "3: schedules[0].zone: it counts in the zone of y, Asia/Tokyo; take it out",
    ),
    "a union of one": (
        one("any_of: [{cron: 0 9 * * *}]"),
        "4: schedules[0].any_of: 1 rules won't do; list two or more, or write the one by itself",
    ),
    "a mistake in a union": (
        one("any_of:\n      - cron: 0 9 * * *\n      - cron: 0 99 * * *"),
        "6: schedules[0].any_of[1].cron: '0 99 * * *': bad hour; *",
    ),
    "an unknown market": (one("session: open\n    market: XNYZ"), "5: schedules[0].market: 'XNYZ' *"),
    "a calendar without hours": (
        one("opening: opens\n    calendar: NL"),
        "5: schedules[0].calendar: NL has no opening hours; write one of calendars: that has hours:",
    ),
    "a calendar misspelt": (
        "calendars: {acme: {}}\n" + one("every: workday\n    calendar: acmee"),
        "6: schedules[0].calendar: 'acmee' is no calendar of this file; did you mean 'acme'?",
    ),
    "a base misspelt": (company("base: NK"), "3: calendars.acme.base: 'NK' is not a country *"),
    "calendars in a ring": (
        "calendars:\n  a: {base: b}\n  b: {base: a}\n" + one("every: day"),
        "3: calendars.b.base: 'a' would build on itself; build it on another",
    ),
    "a closure that never was": (
        company("closed:\n      - 2026-12-24\n      - 2026-02-30"),
        "5: calendars.acme.closed[1]: '2026-02-30' is no date: *; write a date, e.g. 2026-12-24",
    ),
    "a closure announced nowhere": (
        company("closed:\n      - on: 2026-12-24\n        announced_at: 2026-12-20T10:00"),
        "5: calendars.acme.closed[0].announced_at: '2026-12-20T10:00' has no offset; write an instant *",
    ),
    "a closure announced after the end of time": (
        company("closed:\n      - on: 2026-12-24\n        announced_at: '9999-12-31T23:59-12:00'"),
        "5: calendars.acme.closed[0].announced_at: '9999-12-31T23:59-12:00' lies outside the years 1 to 9999 in UTC; *",
    ),
    "a closure announced beyond an offset": (
        company("closed:\n      - on: 2026-12-24\n        announced_at: '2026-12-20T10:00+25:00'"),
        "5: calendars.acme.closed[0].announced_at: '2026-12-20T10:00+25:00' is no date: an offset is less than 24 *",
    ),
    "a closure that ends before it begins": (
        company("closed:\n      - from: 2026-12-24\n        to: 2026-12-20"),
        "5: calendars.acme.closed[0].to: 2026-12-20 is before 2026-12-24; swap them",
    ),
    "hours that overlap": (
        company('hours:\n      monday: ["09:00-12:00", "11:00-13:00"]'),
        "3: calendars.acme.hours: monday 09:00-12:00 overlaps monday 11:00-13:00; *",
    ),
    "hours that are none": (
        company("hours:\n      monday-friday:\n        - 9-5"),
        "5: calendars.acme.hours.monday-friday[0]: '9-5' is no span of hours; *",
    ),
    "a set without a day": (
        one("on: {weekday: monday, except: [{weekday: monday}]}"),
        "4: schedules[0].on: no day is ever in this set; see what it takes away, or leaves out",
    ),
    "a file of closures that isn't there": (
        company("closed_file: gone.csv"),
        "3: calendars.acme.closed_file: gone.csv: can't be read: no such file or directory; *",
    ),
    "a secret that isn't set": (
        "client:\n  sasl.password:\n    env: NO_SUCH\n" + one("every: day"),
        "3: client.sasl.password.env: NO_SUCH is not in the environment; set it, or take the setting out",
    ),
    "a secret in a file that isn't there": (
        "client:\n  sasl.password: {file: gone}\n" + one("every: day"),
        "2: client.sasl.password.file: gone: can't be read: no such file or directory; check the path and its rights",
    ),
}


@pytest.mark.parametrize(("text", "said"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_in_the_grammar_is_told_where_it_is(write: Write, text: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(write(text), environ={})

    message = str(caught.value)
    begin, star, end = f"clock.yaml:{said}".replace("* * *", "\0").partition(" *")
    begin, end = begin.replace("\0", "* * *"), end.replace("\0", "* * *")
    assert message == begin if not star else message.startswith(begin) and message.endswith(end), message
    assert "\n" not in message


def test_a_mistake_in_a_file_of_closures_is_told_with_its_own_place(write: Write) -> None:
    path = write(company("closed_file: closures.csv"))
    Path("closures.csv").write_text("# ours\n2026-01-02, 2025-12-01T09:00+01:00\n2026-13-01\n", "utf-8")

    with pytest.raises(ConfigError, match=r"^closures\.csv:3: on: '2026-13-01' is no date: .*; write a date"):
        load(path, environ={})


@pytest.mark.parametrize(
    "text",
    [
        b"2026-01-02,2025-12-01T09:00+01:00,the fair, all day\n2026-01-05\n",
        b"\xef\xbb\xbf2026-01-02,2025-12-01T09:00+01:00,the fair, all day\r\n2026-01-05,,\r\n",
        b'\xef\xbb\xbf"2026-01-02","2025-12-01T09:00+01:00","the fair, all day"\r\n"2026-01-05"\r\n',
        b'2026-01-02,2025-12-01T09:00+01:00,"the fair, all day"\n2026-01-05 # why not\n',
    ],
)
def test_a_file_of_closures_is_read_as_a_spreadsheet_writes_it(write: Write, text: bytes) -> None:
    path = write(company("closed_file: closures.csv"))
    Path("closures.csv").write_bytes(text)
    (schedule,) = load(path, environ={}).schedules
    assert isinstance(schedule.rule, OnDays)
    assert isinstance(schedule.rule.days.kind, DaysOf)
    calendar = schedule.rule.days.kind.calendar
    assert [(one.first, one.reason) for one in calendar.closures] == [
        (date(2026, 1, 2), "the fair, all day"),
        (date(2026, 1, 5), ""),
    ]


def test_a_line_of_closures_that_is_quoted_badly_is_told_with_its_place(write: Write) -> None:
    path = write(company("closed_file: closures.csv"))
    Path("closures.csv").write_text('"2026-01-02" x\n', "utf-8")
    with pytest.raises(
        ConfigError, match=r"^closures\.csv:1: .* is not quoted as CSV is: .*; quote whole fields, or none"
    ):
        load(path, environ={})


SECRETS = """\
client_file: client.properties
client:
  sasl.password: {env: KAFKA_PASSWORD}
  ssl.key.password: {file: secrets/key}
  sasl.username: clock
"""


def with_secrets(write: Write) -> ClockConfig:
    path = write(SECRETS + one("every: day"))
    Path("client.properties").write_text(
        "# for all our clients\nsecurity.protocol = SASL_SSL\n\nsasl.username=nobody\nsasl.oauthbearer.config=a=b\n"
    )
    Path("secrets").mkdir()
    Path("secrets/key").write_text("hush\n")
    return load(path, environ={"KAFKA_PASSWORD": "hush-hush"})


def test_secrets_are_read_from_where_the_file_says_they_are(write: Write) -> None:
    config = with_secrets(write)

    assert config.client == {
        "security.protocol": "SASL_SSL",
        "sasl.username": "clock",
        "sasl.oauthbearer.config": "a=b",
        "sasl.password": "hush-hush",
        "ssl.key.password": "hush",
    }


def test_secrets_are_never_shown(write: Write) -> None:
    assert "hush" not in repr(with_secrets(write))
    Path("client.properties").write_text("hush\n")
    with pytest.raises(ConfigError) as caught:
        load(Path("clock.yaml"), environ={"KAFKA_PASSWORD": "hush-hush"})
    assert str(caught.value) == ("client.properties:1: no name=value; write one setting a line, or begin it with #")
    with pytest.raises(ConfigError) as caught:
        load(write("client: hush\n" + one("every: day")), environ={})
    assert "hush" not in str(caught.value)


KEPT = """\
# ours
schedules:
    # the first of all
    - {name: x, every: day, zone: UTC}   # kept
    - name: y
      every: hour
      zone: UTC
      # to the last

# the third edition
generation: 3
"""


def test_schedules_are_added_behind_the_others_and_nothing_else_is_touched(write: Write) -> None:
    item = {"name": "z", "cron": "30 17 * * *", "zone": "UTC", "starts_at": "2026-01-01"}
    text = append_schedules(KEPT, [item], "ours.yaml")

    added = "    - name: z\n      cron: 30 17 * * *\n      zone: UTC\n      starts_at: '2026-01-01'\n"
    assert text == KEPT.replace("      # to the last\n", "      # to the last\n" + added)
    config = load(write(text), environ={})
    assert [schedule.name for schedule in config.schedules] == ["x", "y", "z"]
    assert config.generation == 3


@pytest.mark.parametrize("text", ["", "# soon", "generation: 3", "schedules:\n- {name: x, every: day, zone: UTC}\n"])
def test_schedules_are_added_to_whatever_there_is(write: Write, text: str) -> None:
    item = {"name": "z", "on": {"dates": ["12-25"]}, "at": "17:30", "zone": "Europe/Oslo"}
    added = append_schedules(text, [item], "ours.yaml")

    assert added.startswith(text)
    assert load(write(added), environ={}).schedules[-1].name == "z"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (KEPT, "ours.yaml: 'x' is a schedule already; rename one of them"),
        ("schedules: [{name: a}]\n", "ours.yaml:1: schedules: only a plain list can be added to; "),
        ("app: a\ninputs: {in: [Sent]}\n", "ours.yaml:1: app: there is no such field; "),
        ("a: b: c\n", "ours.yaml:1: not YAML: "),
        ("- a\n", "ours.yaml:1: this is a list; the file must be fields"),
    ],
)
def test_what_cant_be_added_is_refused_by_the_name_of_the_file_that_was_given(text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=f"^{re.escape(said)}"):
        append_schedules(text, [{"name": "x", "every": "day", "zone": "UTC"}], "ours.yaml")


def test_a_zone_that_the_rules_within_would_ignore_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "clock.yaml"
    rules = "any_of: [{cron: '0 9 * * *', zone: UTC}, {cron: '0 12 * * *'}]"
    file.write_text(f"schedules:\n  - {{name: x, zone: Europe/Amsterdam, {rules}}}\n")
    with pytest.raises(ConfigError, match=r":2: schedules\[0\].zone: the first rule's zone is UTC, so all have it; "):
        load(file, environ={})
