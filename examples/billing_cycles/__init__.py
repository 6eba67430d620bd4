"""Invoices in the rhythm each customer chose, and a report at the end of each month.

passage processors run examples.billing_cycles:app
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

from examples.billing_cycles.events import (
    CustomerChoseCycle,
    CustomerLeft,
    Cycle,
    InvoiceWasDrawnUp,
    Money,
    MonthEndReportIsDue,
    ServiceWasUsed,
)
from passage import App, Effects, Emit, End, Moment, Process, Remember, Report, Wake, on, starts_on, wakes

CLOCK = Path(__file__).with_name("clock.yaml")
WEEK, MONTH, QUARTER = "week.nl", "month.nl", "quarter.nl"

CYCLES: Mapping[Cycle, tuple[int, str]] = {"fortnight": (2, WEEK), "month": (1, MONTH), "quarter": (1, QUARTER)}
"""So many ticks, of this schedule."""


@dataclass(frozen=True)
class Account:
    cycle: Cycle
    used: Money = Decimal(0)
    invoices: int = 0


class Billing(Process[Account]):
    """One customer, from their first choice until they leave."""

    name = "billing"
    state = Account
    schedules = (WEEK, MONTH, QUARTER)
    emits = (InvoiceWasDrawnUp,)

    @starts_on(CustomerChoseCycle)
    def came(self, now: Moment[Account], fact: CustomerChoseCycle) -> Effects:
        return [Remember(Account(fact.cycle)), next_invoice(fact.cycle)]

    @on(CustomerChoseCycle)
    def changed_their_mind(self, now: Moment[Account], fact: CustomerChoseCycle) -> Effects:
        """What was used so far comes with the first invoice of the new cycle, which begins to count now."""
        return [Remember(replace(now.state, cycle=fact.cycle)), next_invoice(fact.cycle)]

    @on(ServiceWasUsed)
    def used(self, now: Moment[Account], fact: ServiceWasUsed) -> Effects:
        return [Remember(replace(now.state, used=now.state.used + fact.amount))]

    @on(CustomerLeft)
    def left(self, now: Moment[Account], fact: CustomerLeft) -> Effects:
        return [*drawn_up(now), End()]

    @wakes("invoice")
    def cycle_ended(self, now: Moment[Account]) -> Effects:
        return [*drawn_up(now), next_invoice(now.state.cycle)]


def next_invoice(cycle: Cycle) -> Wake:
    ticks, schedule = CYCLES[cycle]
    return Wake("invoice", ticks, schedule)


def drawn_up(now: Moment[Account]) -> Effects:
    """Nothing used, no invoice."""
    account = now.state
    if not account.used:
        return []
    number = account.invoices + 1
    invoice = InvoiceWasDrawnUp(now.key, number, account.used, account.cycle)
    return [Emit(invoice), Remember(replace(account, used=Decimal(0), invoices=number))]


app = App(
    name="billing-cycles",
    inputs={"usage": [CustomerChoseCycle, ServiceWasUsed, CustomerLeft]},
    output="invoices",
    processes=[Billing()],
    reports=[
        Report(
            name="month-end",
            of=MONTH,
            emits=MonthEndReportIsDue,
            event=lambda passed: MonthEndReportIsDue(passed.period),
        )
    ],
)
