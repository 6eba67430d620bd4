"""An app that can't work is refused when it is built, in one line that says what to change."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from passage_processors.app import App
from passage_processors.errors import AppError
from tests.processors.world import AccountWasSuspended, InvoicePaid, InvoiceSent, invoices, overdue, suspended


@dataclass
class Loose:
    invoice: str


@dataclass(frozen=True)
class InvoicePaidd:
    invoice: str


WRONG: dict[str, tuple[Callable[[], App], str]] = {
    "no policies": (lambda: invoices(policies=[]), "has no policies, processes or reports"),
    "a name twice": (lambda: invoices(overdue(), overdue()), "two units are named 'overdue'; .* rename one"),
    "a slash in a name": (lambda: invoices(overdue(name="a/b")), "can't be named 'a/b'"),
    "a start nobody carries": (
        lambda: invoices(overdue(starts_on=InvoicePaidd)),
        "no input carries InvoicePaidd and nothing here emits it; did you mean InvoicePaid?",
    ),
    "an end nobody carries": (
        lambda: invoices(overdue(unless=AccountWasSuspended)),
        "no input carries AccountWasSuspended",
    ),
    "one fact that starts and ends": (lambda: invoices(overdue(unless=InvoiceSent)), "both starts and ends it"),
    "no ticks to count": (lambda: invoices(overdue(after=0)), "it must be at least one tick"),
    "half a tick": (lambda: invoices(overdue(after=2.5)), "a whole number or a function"),
    "no inputs": (lambda: invoices(overdue(), inputs={}), "has no inputs"),
    "an on_error there is not": (lambda: invoices(overdue(), on_error="prak"), "must be one of park, skip, stop"),
    "no refusal allowed": (lambda: invoices(overdue(), stop_after_refusals=0), "must be at least 1"),
    "a negative grace": (lambda: invoices(overdue(), grace_seconds=-1), "grace_seconds=-1; it can't be negative"),
    "a marker of negative length": (lambda: invoices(overdue(marker_ticks=-1)), "can't be negative"),
    "a schedule from the fact, none declared": (
        lambda: invoices(overdue(of=lambda fact: "day")),  # noqa: ARG005
        r"name the possible ones in App\(schedules=",
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


def test_an_app_names_its_topics_and_the_schedules_its_facts_wait_for() -> None:
    app = invoices(overdue(), suspended(of="workday.nl"), schedules=["month.utc"])
    assert (app.changelog, app.timeline, app.dead_letters) == (
        "invoices.changelog",
        "invoices.timeline",
        "invoices.dead-letters",
    )
    assert app.counted == {"day.utc", "workday.nl", "month.utc"}
