"""Policies and reports as users write them: a type checker knows the fact and the event without being told.

`assert_type` is checked where all types are (`make check`); at run time it does nothing.
"""

from dataclasses import dataclass
from typing import assert_type

from passage import Case, Policy, Report


@dataclass(frozen=True)
class Sent:
    customer: str
    terms: int


@dataclass(frozen=True)
class Paid:
    pass


@dataclass(frozen=True)
class Overdue:
    invoice: str
    customer: str


@dataclass(frozen=True)
class MonthIsOver:
    month: str


def said(case: Case) -> Overdue:
    """One that does not say which fact: anything goes."""
    return Overdue(case.key, case.fact.customer)


def said_of_one(case: Case[Sent]) -> Overdue:
    assert_type(case.fact, Sent)
    return Overdue(case.key, case.fact.customer)


inferred = Policy(
    name="inferred", starts_on=Sent, after=lambda fact: fact.terms + 1, of=lambda fact: f"day.{fact.customer}",
    every=lambda fact: fact.terms, emits=Overdue, event=lambda case: Overdue(case.key, case.fact.customer), unless=Paid,
)  # fmt: skip
plain = Policy(name="plain", starts_on=Sent, after=1, of="day.utc", emits=Overdue, event=said)
told = Policy(name="told", starts_on=Sent, after=1, of="day.utc", emits=Overdue, event=said_of_one)
month = Report(name="month", of="month.utc", emits=MonthIsOver, event=lambda passed: MonthIsOver(passed.period))

assert_type(inferred, Policy[Sent, Overdue])
assert_type(plain, Policy[Sent, Overdue])
assert_type(told, Policy[Sent, Overdue])
assert_type(month, Report[MonthIsOver])
