"""What is imported from Quartz fires when Quartz fires: both are asked, over generated triggers and two years.

Quartz 2.5 itself says when, in one Java process for all questions (`Fires.java`); Maven fetches it once. Where there is
no Java or no Maven this says `QUARTZ NOT TRIED`.
"""

import os
import random
import subprocess
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

import pytest

from passage_clock import civil
from passage_clock.importing import read
from passage_schemas.instant import Instant, instant_of
from passage_trial import jars
from tests.clock.importing import schedule_of

HERE = Path(__file__).parent
QUARTZ = "quartz-2.5.2"

SECOND = 1_000_000
HOUR = 3600 * SECOND

ZONES = (
    "America/New_York", "Europe/Amsterdam", "Australia/Lord_Howe", "America/Santiago", "Africa/Cairo", "Asia/Kolkata",
)  # fmt: skip
"""By the hour, by half an hour, by midnight, and not at all: their rules of these years are older than any Java."""

HALF_HOURS = ("Australia/Lord_Howe",)
"""Where half an hour is a gap Quartz loses the first minutes behind it, of some expressions."""

FIRST, LAST = (instant_of(datetime(year, 1, 1, tzinfo=UTC)) for year in (2024, 2026))

MOST = 300
"""Of two years as many as show a pattern; around a change of clocks all there are."""

NEAR = 5 * HOUR


class Question(NamedTuple):
    """When does this trigger fire after the one instant and up to the other, this often at most?"""

    trigger: str
    after: Instant
    until: Instant
    most: int

    @property
    def xml(self) -> str:
        return (
            '<job-scheduling-data xmlns="http://www.quartz-scheduler.org/xml/JobSchedulingData" version="2.0">'
            f"<schedule><trigger>{self.trigger}</trigger></schedule></job-scheduling-data>"
        )


def cron(expression: str, zone: str = "UTC", more: str = "") -> str:
    head = f"<name>t</name><job-name>j</job-name>{more}"
    return f"<cron>{head}<cron-expression>{expression}</cron-expression><time-zone>{zone}</time-zone></cron>"


def simple(start: str, count: int | None, interval_ms: int, end: str = "") -> str:
    ends = f"<end-time>{end}</end-time>" if end else ""
    counted = "" if count is None else f"<repeat-count>{count}</repeat-count>"
    return (
        f"<simple><name>t</name><job-name>j</job-name><start-time>{start}</start-time>{ends}{counted}"
        f"<repeat-interval>{interval_ms}</repeat-interval></simple>"
    )


def generated(rng: random.Random) -> str:
    """A cron expression of Quartz's, of any kind it takes."""
    second = rng.choice(["0", "0", "0", "30", "0/20", "5,50", "50-10/20"])
    hour = field(rng, 0, 23)
    months = field(rng, 1, 12, ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"))
    minute, month = field(rng, 0, 59), rng.choice(["*", "*", months])
    if rng.random() < 0.2:  # at one time of day: of several Quartz loses some
        second, minute, hour = str(rng.randint(0, 59)), str(rng.randint(0, 59)), str(rng.randint(0, 23))
        day, weekday = rng.choice(["LW", "L-5W", "L-26W", "L-0W", "15W", "1W,L", "31W"]), "?"
    elif rng.random() < 0.5:
        kinds = ["L", "L-3", "L-0", "L-30", "10,L-2", "1,15,L", field(rng, 1, 31), field(rng, 1, 31), "*"]
        day, weekday = rng.choice(kinds), "?"
    else:
        names = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
        nth = f"{rng.randint(1, 7)}#{rng.randint(1, 5)}"
        of_week = field(rng, 1, 7, names)
        day, weekday = "?", rng.choice(["L", "6L", "FRIL", "MON#2", nth, of_week, of_week, of_week, "*", "MON-FRI/2"])
    return f"{second} {minute} {hour} {day} {month} {weekday}"


def field(rng: random.Random, first: int, last: int, names: tuple[str, ...] = ()) -> str:
    one, other, step = rng.randint(first, last), rng.randint(first, last), rng.randint(1, last // 2)
    forms = [
        "*", f"{one}", f"{one}", f"*/{step}", f"{one}/{step}", f"/{step}",
        f"{one}-{other}", f"{one}-{other}/{step}", f"{one},{other}", f"{one},{other}-{one}",
    ]  # fmt: skip
    if names:
        forms += [names[one - 1], f"{names[one - 1]}-{names[other - 1]}", f"{names[one - 1]},{other}"]
    return rng.choice(forms)


def triggers() -> Iterator[tuple[str, str]]:
    """With the zone whose changes are looked at."""
    rng = random.Random("quartz")
    for zone in ZONES:
        for expression in ("0 30 2 * * ?", "0 30 1 * * ?", "0 0/15 * * * ?", "0 15,45 0-3 * * ?", "0 0 0,23 ? * *"):
            yield cron(expression, zone), zone
        for _ in range(30 if zone not in HALF_HOURS else 0):
            yield cron(generated(rng), zone), zone
    for bounded in BOUNDED:
        yield bounded, "America/New_York"


NEW_YEAR = "<start-time>2024-01-01T00:00:00Z</start-time>"

BOUNDED = (
    simple("2024-03-01T05:00:00", 5, 90_000),
    simple("2024-03-01T05:00:00Z", None, 60_000),
    simple("2024-03-01T05:00:00-05:00", -1, 86_400_000),
    simple("2024-03-01T05:00:00-05:00", -1, 7_200_000, "2024-11-05T05:00:00-05:00"),
    simple("2024-03-01T05:00:00-05:00", 10, 7_000, "2024-03-01T05:00:21-05:00"),
    simple("2024-01-31T00:00:00", 400, 25 * 3_600_000),
    cron("0 30 1 * * ?", "America/New_York", "<start-time>2024-03-09T01:30:00-05:00</start-time>"),
    cron("0 0 * ? * FRI-MON", "America/New_York", f"{NEW_YEAR}<end-time>2024-03-10T08:00:00Z</end-time>"),
    cron(
        "0 15 10 L-3 * ?", "America/New_York",
        "<start-time>2024-02-01T00:00:00</start-time><end-time>2025-06-27T10:15:00-04:00</end-time>",
    ),
    cron("0 15 10 ? * 6L 2025", "America/New_York"),
    cron("0 15 10 ? 2-5 3#2 2024-2030", "America/New_York"),
    cron("0/30 15 10 1,L 2,3 ? 2025", "America/New_York", f"{NEW_YEAR}<end-time>2025-02-28T15:15:00Z</end-time>"),
    cron("0 0 1 5/5 * ? 2025", "America/New_York", "<end-time>2040-01-01T00:00:00Z</end-time>"),
)  # fmt: skip

REFUSED = (
    "0 0 25 * * ?", "0 60 0 * * ?", "60 0 0 * * ?", "0 0 0 32 * ?", "0 0 0 0 * ?", "0 0 0 * 13 ?", "0 0 0 ? * 8",
    "0 0 0 ? * 0", "0 0 9 * * *", "0 0 9 ? * ?", "0 0 9 1 * MON", "0 0 9 ? * 6#6", "0 0 9 ? * 6#0", "0 0 9 ? * MON,6L",
    "0 0 9 L-31 * ?", "0 0/60 * * * ?", "0 0 0/24 * * ?", "0 */60 * * * ?", "0 0 9 ? FOO MON", "0 0 9 ? * MUN",
    "0 0 9 L * 2", "0 0 9", "0 0 9 * * ? 2027 1", "a b c d e f", "? 0 9 * * ?", "0 0 9 15 ? *",
    "0 0 9 32W * ?", "0 0/ 9 * * ?",
)  # fmt: skip


def asked() -> list[Question]:
    found = [Question(cron(expression), FIRST, LAST, 1) for expression in REFUSED]
    for trigger, zone in triggers():
        found.append(Question(trigger, FIRST, LAST, MOST))
        found += [Question(trigger, Instant(at - NEAR), Instant(at + NEAR), 100_000) for at in changes(zone)]
    return found


def changes(zone: str) -> list[Instant]:
    """The first two of the years, a gap and a fold; none where the zone has none."""
    here = civil.zone(zone)
    found: list[Instant] = []
    span = here.span_at(FIRST)
    while span.ends_at < LAST and len(found) < 2:
        then = here.span_at(span.ends_at)
        if then.offset != span.offset:
            found.append(span.ends_at)
        span = then
    return found


Answers = Mapping[Question, list[int] | str]
"""Seconds since 1970, or why Quartz refuses the trigger."""


@pytest.fixture(scope="module")
def answers() -> Answers:
    os.environ.setdefault("PASSAGE_CACHE", str(HERE.parents[2] / ".kafka"))
    if problem := jars.why_no_jars(QUARTZ):
        pytest.skip(f"QUARTZ NOT TRIED: {problem}")
    where = jars.fetch(QUARTZ, HERE / "pom.xml")
    questions = asked()
    # Compiled as little as may be: it is a second's work, and the compiler's own would be more.
    java = jars.java_command("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto")
    lines = "".join(f"{one.after // 1000}\t{one.until // 1000}\t{one.most}\t{one.xml}\n" for one in questions)
    done = subprocess.run(
        [*java, "-cp", f"{where}/*", str(HERE / "Fires.java")], input=lines, capture_output=True, text=True, check=False
    )
    told = [line[1:] for line in done.stdout.splitlines() if line.startswith("=")]
    assert len(told) == len(questions), f"Quartz told {len(told)} of {len(questions)}: {done.stderr[-2000:]}"
    return {
        one: line if line.startswith("!") else [int(at) for at in line.split()]
        for one, line in zip(questions, told, strict=True)
    }


def ours(question: Question, **instead: str) -> list[int] | str:
    """As what was imported fires; or why it was left out. `instead`: policies in place of the imported ones."""
    found = read("quartz", question.xml.encode(), "quartz.xml", "UTC")
    if not found.imported:
        return found.left_out[0].reason
    schedule = schedule_of({**found.imported[0].item, **instead})
    coming = takewhile(lambda one: one.ends_at <= question.until, schedule.occurrences(question.after))
    return [one.ends_at // SECOND for one, _ in zip(coming, range(question.most), strict=False)]


def test_what_is_imported_fires_when_quartz_does(answers: Answers) -> None:
    told = {question: theirs for question, theirs in answers.items() if isinstance(theirs, list)}
    wrong = {
        question.trigger: first_difference(mine, theirs)
        for question, theirs in told.items()
        if (mine := ours(question)) != theirs
    }
    assert not wrong
    assert sum(map(len, told.values())) > 40_000, "hardly anything was compared"


def test_what_quartz_refuses_is_left_out(answers: Answers) -> None:
    refused = {question for question, theirs in answers.items() if isinstance(theirs, str)}
    assert {cron(expression) for expression in REFUSED} <= {question.trigger for question in refused}
    for question in refused:
        reason = ours(question)
        assert isinstance(reason, str), (question.trigger, answers[question])
        assert "invalid literal" not in reason


@pytest.mark.parametrize("instead", [{"gap": "next"}, {"fold": "first"}, {"fold": "both"}])
def test_another_policy_is_found_out(answers: Answers, instead: dict[str, str]) -> None:
    everyday = cron("0 15,45 0-3 * * ?", "America/New_York")
    differ = [
        question.after for question in answers
        if question.trigger == everyday and ours(question, **instead) != answers[question]
    ]  # fmt: skip
    assert differ


def first_difference(mine: list[int] | str, theirs: list[int]) -> str:
    if isinstance(mine, str):
        return mine
    sides = (datetime.fromtimestamp(min(a ^ b), UTC) for a, b in [(set(mine), set(theirs))])
    return f"{next(sides)}: ours {len(mine)}, theirs {len(theirs)}"
