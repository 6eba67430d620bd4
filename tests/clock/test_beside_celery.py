"""What is imported from Celery runs when Celery's beat runs it: both are asked, over generated crontabs and two years.

Beat is driven by a time the test moves: from one `is_due` to the instant it says to look again.
"""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

import pytest
from celery import Celery
from celery.schedules import crontab

from passage_clock import civil
from passage_clock.importing import read
from passage_schemas.instant import Instant, datetime_of, instant_of
from tests.clock.importing import schedule_of

ZONES = ("America/New_York", "Europe/Amsterdam", "Africa/Cairo", "UTC")

FIRST, LAST = (datetime(year, 1, 1, tzinfo=UTC) for year in (2024, 2026))

MOST = 60
"""Of two years as many as show a pattern; around a change of clocks all there are."""

NEAR = timedelta(hours=5)

Fields = dict[str, object]


def generated(rng: random.Random) -> Fields:
    sizes = {
        "minute": (0, 59),
        "hour": (0, 23),
        "day_of_week": (0, 6),
        "day_of_month": (1, 31),
        "month_of_year": (1, 12),
    }
    names = ("sun", "monday", "Tue", "wednesday", "thu", "friday", "sat")
    found: Fields = {}
    for name, (first, last) in sizes.items():
        one, other, step = rng.randint(first, last), rng.randint(first, last), rng.randint(1, 9)
        forms: list[object] = [
            one,
            f"{one}",
            f"*/{step}",
            f"{one}-{other}",
            f"{one}-{other}/{step}",
            [one, other],
            f"{one},{other}",
        ]
        if name == "day_of_week":
            forms += [names[one], f"{names[one]}-{names[other]}", {one}]
        if rng.random() < 0.6:
            found[name] = rng.choice(forms)
    return found


def crontabs() -> Iterator[tuple[Fields, str]]:
    rng = random.Random("celery")
    for zone in ZONES:
        yield {"minute": "*/15"}, zone
        yield {"minute": 30, "hour": 1}, zone
        yield {"minute": "0,30", "hour": "1,2,3"}, zone
        yield {"minute": 0, "hour": 22, "day_of_month": "1-7", "day_of_week": "sat"}, zone
        for _ in range(25):
            yield generated(rng), zone


def beats(fields: Fields, zone: str, after: datetime, until: datetime, most: int) -> list[datetime]:
    """When beat runs it, if it ran it last at `after`."""
    app = Celery(set_as_current=False, fixups=[])
    app.conf.timezone = zone
    here, now = ZoneInfo(zone), after
    schedule = crontab(**fields, app=app, nowfun=lambda: now.astimezone(here))
    last = now.astimezone(here)
    found: list[datetime] = []
    while now <= until and len(found) < most:
        due, seconds = schedule.is_due(last)
        if due:
            found.append(now)
            last = now.astimezone(here)
        now += timedelta(seconds=seconds or 1)
    return found


def ours(fields: Fields, zone: str, after: datetime, until: datetime, most: int) -> tuple[list[datetime], str]:
    """And what is remarked."""
    text = f"timezone = {zone!r}\nbeat_schedule = {{'a': {{'schedule': crontab(**{fields!r})}}}}"
    (found,) = read("celery", text.encode(), "beat.py", "UTC").imported
    coming = schedule_of(found.item).occurrences(instant_of(after))
    return [
        datetime_of(one.ends_at)
        for one in islice(takewhile(lambda one: one.ends_at <= instant_of(until), coming), most)
    ], (found.remark)


def changes(zone: str) -> list[Instant]:
    """The first gap and the first fold of the years."""
    here = civil.zone(zone)
    found: list[Instant] = []
    span = here.span_at(instant_of(FIRST))
    while span.ends_at < instant_of(LAST) and len(found) < 2:
        then = here.span_at(span.ends_at)
        if then.offset != span.offset:
            found.append(span.ends_at)
        span = then
    return found


def test_what_is_imported_runs_when_beat_runs_it() -> None:
    wrong: list[object] = []
    compared = 0
    for fields, zone in crontabs():
        windows = [(FIRST, LAST, MOST)]
        windows += [(datetime_of(at) - NEAR, datetime_of(at) + NEAR, 2_000) for at in changes(zone)]
        for after, until, most in windows:
            mine, remark = ours(fields, zone, after, until, most)
            if "gap" in remark:
                continue
            theirs = beats(fields, zone, after, until, most)
            compared += len(theirs)
            if mine != theirs:
                wrong.append((fields, zone, sorted(set(mine) ^ set(theirs))[:2], len(mine), len(theirs)))
    assert not wrong
    assert compared > 4_000, "hardly anything was compared"


@pytest.mark.parametrize(
    ("fields", "differs"),
    [
        ({"hour": 2, "minute": 30}, False),
        ({"hour": "2,3", "minute": 30}, False),
        ({"hour": 2, "minute": "15,45"}, True),
        ({"hour": 2, "minute": "*/15"}, False),
        ({"minute": 30}, False),
        ({"hour": 3, "minute": 30}, False),
    ],
)
def test_where_beat_runs_otherwise_in_a_gap_it_is_remarked(fields: Fields, differs: bool) -> None:
    zone, gap = "America/New_York", datetime(2026, 3, 8, 7, tzinfo=UTC)
    mine, remark = ours(fields, zone, gap - NEAR, gap + NEAR, 100)

    assert (mine != beats(fields, zone, gap - NEAR, gap + NEAR, 100)) == differs
    assert ("gap" in remark) == differs
