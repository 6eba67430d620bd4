"""Whole days: never before so many of them have passed, and at the very next tick when they have."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passage import (
    AppError,
    Effects,
    Emit,
    End,
    Moment,
    Process,
    Scenario,
    Wake,
    days_pass,
    full_days,
    starts_on,
    wakes,
)
from passage.apps import load_app_file
from passage.scenario import ticks_pass
from passage_clock.schedules import periodic
from passage_processors.model.policy import Policy
from passage_processors.runtime.offline.replay import digest, digest_of_output, replay
from passage_schemas.errors import ConfigError
from passage_schemas.instant import Instant, milliseconds_of
from tests.processors.world import DAY, InvoiceSent, World, day, invoices, overdue


@dataclass(frozen=True)
class Nothing:
    said: int = 0


@dataclass(frozen=True)
class Chased:
    invoice: str


@dataclass(frozen=True)
class Reminded:
    invoice: str


class Chasing(Process[Nothing]):
    name = "chasing"
    state = Nothing
    schedules = (DAY,)
    emits = (Chased,)

    @starts_on(InvoiceSent)
    def sent(self, now: Moment[Nothing], fact: InvoiceSent) -> Effects:
        return [Wake("chase", after=full_days(fact.terms), of=DAY)]

    @wakes("chase")
    def chase(self, now: Moment[Nothing]) -> Effects:
        return [Emit(Chased(now.key)), End()]


def whole() -> Policy:
    return overdue(after=lambda fact: full_days(fact.terms))


def repeating() -> Policy:
    return overdue(
        name="reminded", after=lambda fact: full_days(fact.terms), every=100, emits=Reminded,
        event=lambda case: Reminded(case.key),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("zone", "sent", "days", "due"),
    [
        ("UTC", "2026-01-05T12:00:00+00:00", 14, "2026-01-20T00:00:00+00:00"),
        ("UTC", "2026-01-05T00:00:00+00:00", 14, "2026-01-19T00:00:00+00:00"),
        ("UTC", "2026-01-05T00:00:00.001+00:00", 14, "2026-01-20T00:00:00+00:00"),
        ("UTC", "2026-01-04T23:59:59.999+00:00", 14, "2026-01-19T00:00:00+00:00"),
        # A day of 23 hours is one, and so is a day of 25.
        ("Europe/Amsterdam", "2026-03-28T12:00:00+01:00", 1, "2026-03-30T00:00:00+02:00"),
        ("Europe/Amsterdam", "2026-03-29T00:00:00+01:00", 1, "2026-03-30T00:00:00+02:00"),
        ("Europe/Amsterdam", "2026-03-29T01:00:00+01:00", 1, "2026-03-31T00:00:00+02:00"),
        ("Europe/Amsterdam", "2026-10-25T00:00:00+02:00", 1, "2026-10-26T00:00:00+01:00"),
        ("Europe/Amsterdam", "2026-10-25T01:00:00+02:00", 1, "2026-10-27T00:00:00+01:00"),
    ],
)
def test_whole_days_are_those_of_the_schedule(zone: str, sent: str, days: int, due: str) -> None:
    app, at = invoices(overdue(after=full_days(days))), datetime.fromisoformat(sent)
    story = Scenario(app, schedules=[periodic(DAY, "day", zone)], starts_at=at - timedelta(days=2))
    story.given(days_pass(2))
    assert story.present == at
    assert story.when(InvoiceSent("inv-1"), days_pass(days + 1)).followed_at == [datetime.fromisoformat(due)]


def test_of_a_schedule_of_months_they_are_months() -> None:
    app, month = invoices(overdue(after=full_days(2), of="month.utc")), periodic("month.utc", "month", "UTC")
    story = Scenario(app, schedules=[month], starts_at=datetime.fromisoformat("2026-01-05T12:00:00+00:00"))
    story.when(InvoiceSent("inv-1"), ticks_pass(4, of="month.utc"))
    assert [one.isoformat() for one in story.followed_at] == ["2026-04-01T00:00:00+00:00"]


def test_between_two_workdays_one_is_never_too_early() -> None:
    saturday = datetime.fromisoformat("2026-01-10T12:00:00+00:00")
    story = Scenario(invoices(overdue(after=full_days(1), of="workday.nl")), starts_at=saturday)
    story.when(InvoiceSent("inv-1"), ticks_pass(3, of="workday.nl"))
    assert [one.isoformat() for one in story.followed_at] == ["2026-01-14T00:00:00+00:00"]


QUARTERS = st.integers(1, 12)


@settings(max_examples=10)
@given(
    facts=st.lists(st.tuples(QUARTERS, st.integers(1, 3), st.integers(0, 2)), min_size=1, max_size=8),
    restarts=st.sets(st.integers(1, 7), max_size=2),
)
def test_they_are_over_at_the_first_tick_that_leaves_so_many_whole_ones_behind(
    facts: list[tuple[int, int, int]], restarts: set[int]
) -> None:
    """Facts at quarters of days, many at the very instant of a tick, some told days late; whatever counts them."""
    world = World(invoices(whole(), repeating(), processes=[Chasing()]))
    world.name(next_at=day(1))
    worker = world.worker(max_facts=2, max_fires=1)
    due: dict[str, Instant] = {}
    for number in range(1, 9):
        for place, (quarter, days, late) in enumerate(facts):
            if quarter // 4 + late == number - 1:
                due[f"inv-{place}"] = day(max(ceil(quarter / 4) + days, number))
                world.fact(InvoiceSent(f"inv-{place}", days), day(quarter / 4))
        world.settle(worker)
        if number in restarts:
            world.log.expire(worker._member)
            worker = world.worker()
        world.days(number, number)
        world.settle(worker)
    expected = {(kind, key): milliseconds_of(at) for key, at in due.items() for kind in ("Overdue", "Chased", "Rem")}
    found = {
        (kind, (record.key() or b"").decode()): record.timestamp()[1]
        for record in world.output()
        for kind in ("Overdue", "Chased", "Rem")
        if kind in type(world.decoded(record)).__name__
    }
    assert found == expected
    assert digest(replay(world.app, world.log, 0)) == digest_of_output(world.app, world.log, 0)


@pytest.mark.parametrize("wrong", [0, -1, 1.5, True, None, "14", (1 << 31) - 1])
def test_what_cannot_be_counted_is_refused_where_it_is_written(wrong: Any) -> None:
    with pytest.raises(ValueError, match=r"full_days\(.*\): it must be a whole number from 1"):
        full_days(wrong)
    with pytest.raises(AppError, match="after=0; it must be at least one tick, a whole number, full_days"):
        invoices(overdue(after=0))


def test_a_fact_that_asks_for_no_whole_day_is_a_dead_letter() -> None:
    Scenario(invoices(whole())).when(InvoiceSent("inv-1", terms=0)).then_refused("full_days(0)")


APP = """\
app: overdue
inputs: {{billing: [Sent, Paid]}}
output: derived
events:
  Sent: {{invoice: string, terms: int}}
  Paid: {{invoice: string}}
  Overdue: {{invoice: string}}
policies:
  - name: overdue
    starts_on: Sent
    after: {after}
    of: day.utc
    unless: Paid
    emits: {{Overdue: {{invoice: $key}}}}
"""
Written = Callable[[str], Any]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    def write(after: str) -> Any:
        (tmp_path / "app.yaml").write_text(APP.format(after=after), "utf-8")
        return load_app_file(tmp_path / "app.yaml")

    return write


@pytest.mark.parametrize(
    "after", ["{full_days: 2}", "{full_days: {field: terms}}", "{full_days: {field: terms, plus: 0}}"]
)
def test_an_app_in_yaml_says_it_too(after: str, written: Written) -> None:
    app = written(after)
    sent, _ = app.inputs["billing"]
    story = Scenario(app).when(sent(invoice="inv-1", terms=2), days_pass(4))
    assert [one.isoformat() for one in story.followed_at] == ["2026-01-08T00:00:00+00:00"]


@pytest.mark.parametrize(
    "after", ["{full_days: 0}", "{full_days: 2147483647}", "{full_days: x}", "{full_days: 2, plus: 1}"]
)
def test_a_mistake_in_yaml_is_one_line(after: str, written: Written) -> None:
    with pytest.raises(ConfigError) as told:
        written(after)
    assert "after" in str(told.value)
    assert "\n" not in str(told.value)
