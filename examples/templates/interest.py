"""Interest on a loan, accrued at the end of each workday, to the cent and without drift.

A day's interest is no whole number of cents. What is remembered is therefore the exact sum of the principals of all
days; what has accrued in all is computed from that, rounded once, and a day gets the difference to the day before. So
the days always add up to the whole, however many there are.
"""

from dataclasses import dataclass, replace
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Annotated

from passage import App, Effects, Emit, End, Moment, Process, Remember, Wake, decimal_of, on, starts_on, wakes

WORKDAY = "workday.nl"
WORKDAYS_A_YEAR = 260
"""By agreement, as 360 is where days are counted."""
CENT = Decimal("0.01")

Money = Annotated[Decimal, decimal_of(18, 2)]
Rate = Annotated[Decimal, decimal_of(9, 6)]


@dataclass(frozen=True, slots=True)
class LoanWasPaidOut:
    loan: str
    principal: Money
    yearly_rate: Rate


@dataclass(frozen=True, slots=True)
class LoanWasPaidBack:
    """A part of it, or all that is left."""

    loan: str
    amount: Money


@dataclass(frozen=True, slots=True)
class InterestWasAccrued:
    loan: str
    workday: int
    amount: Money


@dataclass(frozen=True)
class Loan:
    principal: Money
    yearly_rate: Rate
    principal_days: Money = Decimal(0)
    """The sum of the principals at the end of each workday."""
    accrued: Money = Decimal(0)


class Interest(Process[Loan]):
    """One loan, until it is paid back."""

    name = "interest"
    state = Loan
    schedules = (WORKDAY,)
    emits = (InterestWasAccrued,)

    @starts_on(LoanWasPaidOut)
    def paid_out(self, now: Moment[Loan], fact: LoanWasPaidOut) -> Effects:
        return [Remember(Loan(fact.principal, fact.yearly_rate)), Wake("accrue", 1, WORKDAY)]

    @on(LoanWasPaidBack)
    def paid_back(self, now: Moment[Loan], fact: LoanWasPaidBack) -> Effects:
        left = now.state.principal - fact.amount
        return [Remember(replace(now.state, principal=left))] if left > 0 else [End()]

    @wakes("accrue")
    def workday_ended(self, now: Moment[Loan]) -> Effects:
        loan = now.state
        days = loan.principal_days + loan.principal
        accrued = (days * loan.yearly_rate / WORKDAYS_A_YEAR).quantize(CENT, ROUND_HALF_EVEN)
        return [
            Emit(InterestWasAccrued(now.key, now.count(WORKDAY), accrued - loan.accrued)),
            Remember(replace(loan, principal_days=days, accrued=accrued)),
            Wake("accrue", 1, WORKDAY),
        ]


app = App(
    name="interest",
    inputs={"loans": [LoanWasPaidOut, LoanWasPaidBack]},
    output="loans.derived",
    processes=[Interest()],
)
