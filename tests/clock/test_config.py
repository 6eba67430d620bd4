"""The configuration file: what it may say, and the one line a user gets for everything else."""

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import pytest

from passage_clock.calendars import holidays_version, national
from passage_clock.civil import instant_of_civil, tzdata_version
from passage_clock.config import ClockConfig, Topics, load
from passage_clock.rules.days import workdays
from passage_clock.rules.periods import Every
from passage_schemas.errors import ConfigError

DAY = """\
schedules:
  - name: day.amsterdam
    every: day
    zone: Europe/Amsterdam
"""

Write = Callable[[str | bytes], Path]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    monkeypatch.chdir(tmp_path)

    def written(text: str | bytes) -> Path:
        path = Path("clock.yaml")
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return written


def loaded(path: Path) -> ClockConfig:
    return load(path, environ={})


def test_a_schedule_is_all_a_file_needs(write: Write) -> None:
    config = loaded(write(DAY))

    (schedule,) = config.schedules
    assert (schedule.name, schedule.rule) == ("day.amsterdam", Every("day", "Europe/Amsterdam"))
    assert (schedule.event, schedule.starts_at) == ("DayHasPassed", None)
    assert config == ClockConfig(
        schedules=config.schedules,
        bootstrap=None,
        generation=1,
        topics=Topics("passage.ticks", "passage.schedules", "passage.control"),
        group="passage-clock",
        max_skew_seconds=2.0,
        source="passage/clock",
        client={},
    )


def test_everything_can_be_said(write: Write) -> None:
    config = loaded(
        write(
            """\
bootstrap: kafka-1:9092,kafka-2:9092
generation: 12
topics: {ticks: t.ticks, schedules: t.schedules, control: t.control}
group: t-clock
max_skew_seconds: 0.5
source: /t/clock
client:
  security.protocol: SSL
  enable.ssl.certificate.verification: true
  socket.timeout.ms: 5000
schedules:
  - name: workday.by
    every: workday
    zone: Europe/Berlin
    calendar: DE/BY
    event: BavariaHasWorked
    starts_at: 2012-01-01
  - {name: hour.oslo, every: hour, zone: Europe/Oslo, starts_at: 2026-03-29 02:30}
  - {name: workday.no, every: workday, zone: Europe/Oslo, calendar: NO}
"""
        )
    )

    bavaria, oslo, norway = config.schedules
    assert bavaria.rule == workdays(national("DE/BY"), "Europe/Berlin")
    assert bavaria.event == "BavariaHasWorked"
    assert bavaria.starts_at == instant_of_civil(date(2012, 1, 1), "Europe/Berlin")
    assert oslo.starts_at == instant_of_civil(datetime(2026, 3, 29, 3), "Europe/Oslo")  # noqa: DTZ001
    assert norway.rule == workdays(national("NO"), "Europe/Oslo")
    assert config.bootstrap == "kafka-1:9092,kafka-2:9092"
    assert config.generation == 12
    assert config.topics == Topics("t.ticks", "t.schedules", "t.control")
    assert (config.group, config.source, config.max_skew_seconds) == ("t-clock", "/t/clock", 0.5)
    assert config.client == {
        "security.protocol": "SSL",
        "enable.ssl.certificate.verification": "true",
        "socket.timeout.ms": "5000",
    }


def test_the_environment_overrides_the_bootstrap(write: Write) -> None:
    path = write(DAY + "bootstrap: localhost:9092\n")

    assert load(path, {"PASSAGE_BOOTSTRAP": "elsewhere:9092"}).bootstrap == "elsewhere:9092"
    assert load(path, {"PASSAGE_BOOTSTRAP": ""}).bootstrap == "localhost:9092"


def day(old: str, new: str) -> str:
    assert old in DAY
    return DAY.replace(old, new)


ZONES = f"tzdata {tzdata_version()}"
HOLIDAYS = f"holidays {holidays_version()}"
STARTS = "write a date or a time on the zone's clock, e.g. 2012-01-01 or 2012-01-01T09:00"

MISTAKES = {
    "an empty file": ("", "1: the file is empty; it needs at least schedules:"),
    "only a comment": ("# soon\n", "1: the file is empty; it needs at least schedules:"),
    "a list": ("- day\n", "1: this is a list; the file must be fields, e.g. schedules:"),
    "prose": ("every day at noon\n", "1: 'every day at noon' is text; the file must be fields, e.g. schedules:"),
    "a bracket left open": (
        "schedules: [\n\n",
        "3: not YAML: expected the node content, but found '<stream end>'; mend the line or the one before",
    ),
    "a tab": ("generation: 1\n\tgroup: x\n", "2: not YAML: *; mend the line or the one before"),
    "a field twice": ("generation: 1\ngeneration: 2\n", '2: not YAML: found duplicate key "generation" *'),
    "two documents": (DAY + "---\na: 1\n", "5: not YAML: *"),
    "an alias to nothing": (DAY + "group: *gone\n", "5: not YAML: found undefined alias 'gone'; *"),
    "a tag that lies": ("generation: !!int x\n", "1: not YAML: *; take the !! tags out"),
    "a tag of another language": (
        'a: !!python/object/apply:os.system ["x"]\n',
        "1: not YAML: the tag tag:yaml.org,2002:python*",
    ),
    "too deep for Python": (DAY + "more: " + "[" * 3000 + "]" * 3000 + "\n", "1: its values lie more than 60 deep*"),
    "too deep for people": (DAY + "more: " + "[" * 80 + "]" * 80 + "\n", "1: its values lie more than 60 deep*"),
    "aliases of aliases": (
        "a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1]\n"
        + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)),
        "1: with what its aliases name it has more than 2,000,000 values*",
    ),
    "a control character": ("a: \x00\n", "1: not YAML: *; save the file as plain text"),
    "another encoding": (b"group: x\nsource: caf\xe9\n", "2: not UTF-8 text; save the file as UTF-8"),
    "no schedules": (
        "generation: 1\n",
        "1: schedules: is missing; write a list of schedules, each beginning with - name:",
    ),
    "nothing under schedules": (
        "generation: 1\nschedules:\n",
        "2: schedules: there is nothing here; write a list of schedules, each beginning with - name:",
    ),
    "schedules by name": (
        "schedules:\n  day: {every: day}\n",
        "1: schedules: this is fields of its own; write a list of schedules, each beginning with - name:",
    ),
    "a bare word for a schedule": (
        DAY + "  - daily\n",
        "5: schedules[1]: 'daily' is text; write - name: and its fields",
    ),
    "an unknown field": (DAY + "bootstrp: x:9092\n", "5: bootstrp: there is no such field; did you mean 'bootstrap'?"),
    "a number for a field": (DAY + "7: x\n", "5: 7: there is no such field; write one of bootstrap, *"),
    "an unknown field of a schedule": (
        DAY + "    start_at: 2012-01-01\n",
        "5: schedules[0].start_at: there is no such field; did you mean 'starts_at'?",
    ),
    "a name missing": (
        "schedules:\n  - every: day\n    zone: UTC\n",
        "2: schedules[0].name: is missing; write a name of a-z, 0-9 and . _ -, e.g. day.amsterdam",
    ),
    "a name with a slash": (day("day.amsterdam", "day/amsterdam"), "2: schedules[0].name: 'day/amsterdam' won't do; *"),
    "a name twice": (
        DAY + DAY.removeprefix("schedules:\n"),
        "5: schedules[1].name: 'day.amsterdam' is the schedule of line 2 already; rename one",
    ),
    "no period": (
        day("    every: day\n", ""),
        "2: schedules[0].every: is missing; "
        "write one of second, minute, hour, half-day, day, workday, week, month, quarter, year, fiscal-period, "
        "fiscal-quarter, fiscal-year, or say when by on, cron, rrule, every_nth, session, opening, any_of, all_of",
    ),
    "an unknown period": (day("every: day", "every: dayly"), "3: schedules[0].every: 'dayly' is no period; *'day'?"),
    "a list for a period": (day("every: day", "every: [day]"), "3: schedules[0].every: this is a list; write one of *"),
    "a zone missing": (
        day("    zone: Europe/Amsterdam\n", ""),
        "2: schedules[0].zone: is missing; write an IANA zone, e.g. Europe/Amsterdam",
    ),
    "a zone misspelt": (
        day("Europe/Amsterdam", "Europe/Amstredam"),
        f"4: schedules[0].zone: 'Europe/Amstredam' is not in {ZONES}; did you mean 'Europe/Amsterdam'?",
    ),
    "a zone that is a path": (
        day("Europe/Amsterdam", "../UTC"),
        f"4: schedules[0].zone: '../UTC' is not in {ZONES}; *",
    ),
    "a workday without a calendar": (
        day("every: day", "every: workday"),
        "2: schedules[0].calendar: is missing; write a country, e.g. NL, or one of its subdivisions, e.g. DE/BY, "
        "a market, e.g. XNYS, or one of calendars:",
    ),
    "a calendar on plain days": (
        DAY + "    calendar: NL\n",
        "5: schedules[0].calendar: chooses workdays, this is every: day; take it out, or write every: workday",
    ),
    "an unknown country": (
        day("every: day", "every: workday\n    calendar: Netherland"),
        f"4: schedules[0].calendar: 'Netherland' is not a country that {HOLIDAYS} knows; did you mean 'NL'?",
    ),
    "an unknown subdivision": (
        day("every: day", "every: workday\n    calendar: DE/Bayern"),
        f"4: schedules[0].calendar: 'Bayern' is not a subdivision of DE that {HOLIDAYS} knows; did you mean 'BY'?",
    ),
    "a calendar nobody wrote": (
        day("every: day", "every: workday\n    calendar: acme"),
        f"4: schedules[0].calendar: 'acme' is not a country that {HOLIDAYS} knows; *; one of your own is written under "
        "calendars:",
    ),
    "an event with a space": (DAY + "    event: Day passed\n", "5: schedules[0].event: 'Day passed' won't do; *"),
    "a day that never was": (
        DAY + "    starts_at: 2026-02-30\n",
        f"5: schedules[0].starts_at: '2026-02-30' is *; {STARTS}",
    ),
    "a start in words": (DAY + "    starts_at: soon\n", f"5: schedules[0].starts_at: 'soon' is no date; {STARTS}"),
    "a start as a number": (DAY + "    starts_at: 2012\n", f"5: schedules[0].starts_at: 2012 won't do; {STARTS}"),
    "a start left empty": (
        DAY + "    starts_at:\n",
        f"5: schedules[0].starts_at: there is nothing here; {STARTS}",
    ),
    "a start with an offset": (
        DAY + "    starts_at: 2012-01-01T00:00:00+01:00\n",
        "5: schedules[0].starts_at: '2012-01-01T00:00:00+01:00' has an offset; "
        "leave it out, the time is read in Europe/Amsterdam",
    ),
    "a start before Kafka's time": (
        DAY + "    starts_at: 1970-12-31\n",
        "5: schedules[0].starts_at: '1970-12-31' won't do, Kafka's time begins in 1970; write a year from 1971 to 8999",
    ),
    "a start before the holidays": (
        day("every: day", "every: workday\n    calendar: IR") + "    starts_at: 1975-01-01\n",
        "6: schedules[0].starts_at: '1975-01-01' won't do, its calendar knows nothing before 1980-01-01; *",
    ),
    "a start at the end of days": (DAY + "    starts_at: 9999-12-31\n", "5: schedules[0].starts_at: '9999-12-31' *"),
    "generation zero": (
        DAY + "generation: 0\n",
        "5: generation: 0 won't do; write a whole number, one more at every change of the file",
    ),
    "generation yes": (DAY + "generation: true\n", "5: generation: true won't do; write a whole number, *"),
    "skew below zero": (
        DAY + "max_skew_seconds: -1\n",
        "5: max_skew_seconds: -1 won't do; write a number of seconds *",
    ),
    "skew in words": (DAY + "max_skew_seconds: 2s\n", "5: max_skew_seconds: '2s' is text; write a number of seconds *"),
    "skew that is no number": (DAY + "max_skew_seconds: .nan\n", "5: max_skew_seconds: nan won't do; *"),
    "a group as a number": (DAY + "group: 7\n", "5: group: 7 won't do; write letters, digits and . _ -"),
    "a source with a space": (DAY + "source: the clock\n", "5: source: 'the clock' won't do; write a URI reference *"),
    "topics as text": (DAY + "topics: t\n", "5: topics: 't' is text; write its fields below it, indented"),
    "an unknown topic": (DAY + "topics:\n  tick: t\n", "6: topics.tick: there is no such field; did you mean 'ticks'?"),
    "one topic for two": (
        DAY + "topics: {ticks: t, control: t}\n",
        "5: topics: two of them are the same; ticks, schedules, control and triggers need a topic each",
    ),
    "client settings as a list": (
        DAY + "client: [a]\n",
        "5: client: this is no fields; write them below it, indented",
    ),
    "client settings too deep": (
        DAY + "client:\n  security.protocol:\n    is: SSL\n",
        "6: client.security.protocol: this is fields of its own; write one plain value, as the Kafka client takes it, "
        "or where a secret is: {env: NAME} or {file: /path}",
    ),
    "a client setting that is ours": (
        DAY + "client:\n  isolation.level: read_uncommitted\n",
        "6: client.isolation.level: is Passage's to set, since its promises hang on it; take it out",
    ),
    "brokers among the client's settings": (
        DAY + "client:\n  bootstrap.servers: localhost:9092\n",
        "6: client.bootstrap.servers: is Passage's to set, *; write bootstrap: beside client:",
    ),
}


@pytest.mark.parametrize(("text", "said"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_told_in_one_line_with_its_place_and_its_remedy(
    write: Write, text: str | bytes, said: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        loaded(write(text))

    message = str(caught.value)
    begin, _, end = f"clock.yaml:{said}".partition("*")
    assert message == begin if "*" not in said else message.startswith(begin) and message.endswith(end), message
    assert "\n" not in message


def test_a_file_that_cant_be_read_is_told_in_one_line_too(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"gone\.yaml: can't be read: no such file or directory; check the path"):
        load(tmp_path / "gone.yaml")
    with pytest.raises(ConfigError, match=r"can't be read: is a directory"):
        load(tmp_path)
