"""Salaries on the last workday of the month: one event for each employee, and one for the payroll as a whole.

The calendar knows which day that is (`payday.nl` in clock.yaml); nothing here computes a date.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated

from passage import App, Policy, Report, decimal_of

PAYDAY = "payday.nl"

Money = Annotated[Decimal, decimal_of(12, 2)]


@dataclass(frozen=True, slots=True)
class EmployeeWasHired:
    employee: str
    monthly_salary: Money


@dataclass(frozen=True, slots=True)
class EmployeeLeft:
    employee: str


@dataclass(frozen=True, slots=True)
class SalaryIsDue:
    employee: str
    month: int
    amount: Money


@dataclass(frozen=True, slots=True)
class PayrollIsDue:
    payday: str


salary = Policy(
    name="salary",
    starts_on=EmployeeWasHired,
    after=1,
    every=1,
    of=PAYDAY,
    unless=EmployeeLeft,
    emits=SalaryIsDue,
    event=lambda case: SalaryIsDue(case.key, case.number, case.fact.monthly_salary),
)

payroll = Report(name="payroll", of=PAYDAY, emits=PayrollIsDue, event=lambda passed: PayrollIsDue(passed.period))

app = App(
    name="salaries",
    inputs={"employees": [EmployeeWasHired, EmployeeLeft]},
    output="employees.derived",
    policies=[salary],
    reports=[payroll],
)
