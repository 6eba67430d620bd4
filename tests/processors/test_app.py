"""An app that can't work is refused when it is built, in one line that says what to change."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import pytest

from passage_processors.app import App
from passage_processors.errors import AppError
from passage_processors.model.process import Effects, End, Moment, Process, Wake, on, starts_on, wakes
from passage_processors.model.report import Passed, Report
from tests.processors.world import AccountWasSuspended, InvoicePaid, InvoiceSent, invoices, overdue, suspended


@dataclass
class Loose:
    invoice: str


@dataclass(frozen=True)
class InvoicePaidd:
    invoice: str


NAIVE = datetime(2026, 1, 1)  # noqa: DTZ001 - as a user might write it


@dataclass(frozen=True)
class Known:
    invoice: str = ""


class Waiting(Process[Known]):
    name = "waiting"
    state = Known
    schedules = ("day.utc",)

    @starts_on(InvoiceSent)
    def started(self, now: Moment[Known], fact: InvoiceSent) -> Effects:
        return [Wake("due", 1, "day.utc")]

    @wakes("due")
    def due(self, now: Moment[Known]) -> Effects:
        return [End()]


def of(named: str, **changes: object) -> Process[Known]:
    """One that waits, with something about it changed."""
    made: Process[Known] = type(named, (Waiting,), changes)()
    return made


def _known(passed: Passed) -> Known:
    return Known(passed.period)


async def _waiting(*_moment: object) -> Any:
    return []


def _nothing(*_moment: object) -> Effects:
    return []


WRONG: dict[str, tuple[Callable[[], App], str]] = {
    "no policies": (lambda: invoices(policies=[]), "has no policies, processes or reports"),
    "a name twice": (lambda: invoices(overdue(), overdue()), "two units are named 'overdue'; .* rename one"),
    "a slash in a name": (lambda: invoices(overdue(name="a/b")), "can't be named 'a/b'"),
    "a start nobody carries": (
        lambda: invoices(overdue(starts_on=InvoicePaidd)),
        "no input carries InvoicePaidd and nothing here emits it; did you mean 'InvoicePaid'?",
    ),
    "an end nobody carries": (
        lambda: invoices(overdue(unless=AccountWasSuspended)),
        "no input carries AccountWasSuspended",
    ),
    "one fact that starts and ends": (lambda: invoices(overdue(unless=InvoiceSent)), "both starts and ends it"),
    "no ticks to count": (lambda: invoices(overdue(after=0)), "it must be at least one tick"),
    "half a tick": (lambda: invoices(overdue(after=2.5)), "or a function"),
    "no inputs": (lambda: invoices(overdue(), inputs={}), "has no inputs"),
    "an on_error there is not": (lambda: invoices(overdue(), on_error="prak"), "must be one of park, skip, stop"),
    "no refusal allowed": (lambda: invoices(overdue(), stop_after_refusals=0), "must be at least 1"),
    "a negative grace": (lambda: invoices(overdue(), grace_seconds=-1), "grace_seconds=-1; it can't be negative"),
    "a marker of negative length": (lambda: invoices(overdue(marker_ticks=-1)), "can't be negative"),
    "a schedule from the fact, none declared": (
        lambda: invoices(overdue(of=lambda fact: "day")),  # noqa: ARG005
        r"name the possible ones in App\(schedules=",
    ),
    "a process that is a class": (lambda: invoices(processes=[Waiting]), "Waiting is a class; give one of it: Waiting"),
    "a process without a name": (lambda: invoices(processes=[of("Odd", name=None)]), "the process Odd has no name"),
    "a name of two units": (lambda: invoices(processes=[of("Odd", name="overdue")]), "two units are named 'overdue'"),
    "a process nothing starts": (lambda: invoices(processes=[of("Odd", started=None)]), "nothing starts it; declare"),
    "a process without a state": (lambda: invoices(processes=[of("Odd", state=None)]), "has no state; write `state ="),
    "a state that can change": (lambda: invoices(processes=[of("Odd", state=Loose)]), "its state Loose is no frozen"),
    "an older state that can change": (
        lambda: invoices(processes=[of("Odd", upgrades={Loose: Known})]),
        "its state Loose is no frozen dataclass",
    ),
    "a wake-up handled twice": (
        lambda: invoices(processes=[of("Odd", other=wakes("due")(_nothing))]),
        "both handle the wake-up 'due'; keep one",
    ),
    "a fact handled twice": (
        lambda: invoices(processes=[of("Odd", other=starts_on(InvoiceSent)(_nothing))]),
        "both handle InvoiceSent; keep one",
    ),
    "a handler for a fact nobody carries": (
        lambda: invoices(processes=[of("Odd", other=on(InvoicePaidd)(_nothing))]),
        "process 'waiting': no input carries InvoicePaidd and nothing here emits it; did you mean 'InvoicePaid'?",
    ),
    "a wake-up and no schedule": (lambda: invoices(processes=[of("Odd", schedules=())]), "and has no schedules"),
    "one schedule, not several": (lambda: invoices(processes=[of("Odd", schedules="day.utc")]), "is one, not several"),
    "an emitted event without a schema": (lambda: invoices(processes=[of("Odd", emits=(Loose,))]), "Loose.* frozen"),
    "most without every": (lambda: invoices(overdue(at_most=2)), "at_most=2 without every"),
    "every half a tick": (lambda: invoices(overdue(every=0.5)), "every=0.5; it must be a whole number"),
    "at most none": (lambda: invoices(overdue(every=1, at_most=0)), "at_most=0; it must be a whole number"),
    "a second start there is not": (
        lambda: invoices(overdue(second_start="ignord")),
        "it must be one of ignored, restarts, counted",
    ),
    "a report since a naive moment": (
        lambda: invoices(reports=[Report(name="r", of="day.utc", emits=Known, event=_known, since=NAIVE)]),
        "has no zone; add one",
    ),
    "a schedule of too long a name": (lambda: invoices(overdue(of="x" * 256)), "a text of 1 to 255 bytes"),
    "a name no topic can have": (lambda: invoices(name="a/b"), "app 'a/b': can't be named that"),
    "an input no topic can be": (
        lambda: invoices(overdue(), inputs={"bil ling": []}),
        "no topic can be named 'bil ling'",
    ),
    "an output no topic can be": (lambda: invoices(overdue(), output="a b"), "no topic can be named 'a b'"),
    "a handler that waits": (
        lambda: invoices(processes=[of("Odd", started=starts_on(InvoiceSent)(cast("Any", _waiting)))]),
        "is async, and a handler waits for nothing",
    ),
    "an input as output": (lambda: invoices(overdue(), output="billing"), "both input and output"),
    "a fact without a schema": (
        lambda: invoices(overdue(), inputs={"billing": [InvoiceSent, InvoicePaid, Loose]}),
        "Loose.* frozen",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_with_an_app_is_said_when_it_is_built(case: str) -> None:
    build, said = WRONG[case]
    with pytest.raises(AppError, match=said) as error:
        build()
    assert "\n" not in str(error.value)


def test_the_schedules_of_every_unit_are_counted_and_units_go_in_order() -> None:
    report = Report(name="r", of="week.utc", emits=Known, event=_known)
    app = invoices(overdue(of="day.nl"), processes=[Waiting()], reports=[report])
    assert app.counted == {"day.nl", "day.utc", "week.utc"}
    assert app.units == ("overdue", "waiting", "r")


def test_an_app_names_its_topics_and_the_schedules_its_facts_wait_for() -> None:
    app = invoices(overdue(), suspended(of="workday.nl"), schedules=["month.utc"])
    assert (app.changelog, app.timeline, app.dead_letters) == (
        "invoices.changelog",
        "invoices.timeline",
        "invoices.dead-letters",
    )
    assert app.counted == {"day.utc", "workday.nl", "month.utc"}
