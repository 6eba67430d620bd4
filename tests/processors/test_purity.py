"""What a replay would answer otherwise is refused when the app is built, or found out by being asked twice."""

# ruff: noqa: ARG005, DTZ011, TID251 - here is what nobody may write

import datetime as calendar
import os
import random
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from itertools import count
from typing import Any

import pytest

from passage import Scenario, days_pass
from passage_processors.errors import AppError, Impure
from passage_processors.model.policy import Case
from passage_processors.model.process import Effects, Moment, Process, Remember, starts_on
from passage_processors.model.purity import impurity_of
from passage_processors.model.report import Passed, Report
from tests.processors.stories import DAY, NewOrder, Nothing, orders
from tests.processors.world import InvoiceBecameOverdue, InvoiceSent, invoices, overdue


def helped() -> float:
    return time.monotonic()


def imports() -> object:
    import secrets

    return secrets.token_hex()


IMPURE: dict[str, tuple[Callable[..., Any], str]] = {
    "the time": (lambda fact: time.time(), "time.time"),
    "the time, imported": (lambda fact: helped(), "time.monotonic"),
    "a moment": (lambda fact: datetime.now(UTC), "datetime.now"),
    "a moment by its module": (lambda fact: calendar.datetime.now(UTC), "datetime.now"),
    "today": (lambda fact: date.today(), "date.today"),
    "a die": (lambda fact: random.random(), "random.random"),
    "a die's own method": (partial(random.choice, [1]), "random.choice"),
    "a new id": (lambda fact: uuid.uuid4(), "uuid.uuid4"),
    "the environment": (lambda fact: os.environ["X"], "os.environ"),
    "one variable of it": (lambda fact: os.getenv("X"), "os.getenv"),
    "a file": (lambda fact: open("x"), "open"),  # noqa: SIM115
    "a word": (lambda fact: print("x"), "print"),
    "within another": (lambda fact: [helped() for _ in range(2)], "time.monotonic"),
    "an import of its own": (lambda fact: imports(), "secrets"),
}


@pytest.mark.parametrize("case", IMPURE)
def test_a_clock_a_die_or_a_door_in_the_code_is_found(case: str) -> None:
    function, what = IMPURE[case]
    found = impurity_of(function)
    assert found is not None
    assert found.what == what
    assert "test_purity.py:" in found.where or found.where == "the function itself"


PURE: tuple[Callable[..., Any], ...] = (
    lambda fact: fact.terms + len(fact.invoice),
    lambda fact: datetime.fromtimestamp(fact.terms, UTC),
    lambda fact: date(2026, 1, fact.terms),
    lambda fact: uuid.uuid5(uuid.NAMESPACE_URL, fact.invoice),
    lambda fact: os.path.basename(fact.invoice),
    lambda fact: Nothing(),
    lambda time: time.hour,
)


@pytest.mark.parametrize("function", PURE)
def test_what_is_pure_is_let_pass(function: Callable[..., Any]) -> None:
    assert impurity_of(function) is None


class Dated(Process[Nothing]):
    name = "dated"
    state = Nothing

    @starts_on(NewOrder)
    def ordered(self, now: Moment[Nothing], fact: NewOrder) -> Effects:
        return [] if self._late() else [Remember(Nothing())]

    def _late(self) -> bool:
        return datetime.now(UTC).hour > 12


@dataclass(frozen=True)
class ReportIsDue:
    period: str


def stamped(passed: Passed) -> ReportIsDue:
    return ReportIsDue(str(time.time()))


def test_an_app_with_one_is_refused_with_its_place_and_what_to_use() -> None:
    where = r"\(.*test_purity.py:\d+\) uses "
    with pytest.raises(AppError, match=rf"policy 'overdue': after {where}time.time; .*case.due_at, or the fact's own"):
        invoices(overdue(after=lambda fact: int(time.time())))
    with pytest.raises(AppError, match=rf"process 'dated': Dated._late {where}datetime.now; .*now.happened_at"):
        orders(Dated())
    with pytest.raises(AppError, match=rf"report 'daily': event {where}time.time; .*passed.ends_at"):
        orders(reports=[Report(name="daily", of=DAY, emits=ReportIsDue, event=stamped)])


def test_a_scenario_asks_twice_and_names_who_answered_two_ways() -> None:
    numbers = count()

    def emit(case: Case) -> InvoiceBecameOverdue:
        return InvoiceBecameOverdue(f"{case.key}-{next(numbers)}", case.started_at)

    story = Scenario(invoices(overdue(event=emit))).given(InvoiceSent("a", terms=1))
    with pytest.raises(Impure, match="policy 'overdue': event gave two answers for the same fact: it must not look at"):
        story.when(days_pass(1))


def test_a_handler_that_changes_what_it_was_given_is_found_out() -> None:
    @dataclass(frozen=True)
    class Notes:
        kept: list[int]

    class Noting(Process[Notes]):
        name = "noting"
        state = Notes

        @starts_on(NewOrder)
        def ordered(self, now: Moment[Notes], fact: NewOrder) -> Effects:
            seen.append(fact.parts)
            return [Remember(Notes(list(seen)))]

    seen: list[int] = []
    with pytest.raises(Impure, match=r"Noting.ordered gave two answers .* first \[Remember"):
        Scenario(orders(Noting())).when(NewOrder("a"))


def test_an_error_that_is_the_same_twice_is_a_dead_letter_like_any_other() -> None:
    app = invoices(overdue(after=lambda fact: 1 // 0)).asked_twice()
    assert app.program.units[0].name == "overdue"
    assert Scenario(app).when(InvoiceSent("a"), days_pass(2)).followed == []
