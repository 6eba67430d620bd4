"""An invoice that isn't paid: overdue, reminded, the account suspended; and reinstated when it is paid after all.

passage processors run examples.debt_collection:app
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from examples.debt_collection.events import (
    AccountWasReinstated,
    AccountWasSuspended,
    Country,
    InvoiceBecameOverdue,
    InvoiceWasSent,
    Money,
    PaymentWasMade,
    ReminderWasSent,
)
from passage import App, Effects, Emit, End, Moment, Process, Remember, Wake, on, starts_on, wakes

CLOCK = Path(__file__).with_name("clock.yaml")
WORKDAYS: Mapping[Country, str] = {"NL": "workday.nl", "DE": "workday.de"}

REMINDERS = 2
REMINDER_WORKDAYS = 5


@dataclass(frozen=True)
class Debt:
    customer: str
    workdays: str
    """The schedule that counts: that of the customer's country."""
    open_amount: Money
    reminders: int = 0
    suspended: bool = False


class Collection(Process[Debt]):
    """One invoice, until all of it is paid."""

    name = "collection"
    state = Debt
    schedules = tuple(WORKDAYS.values())
    emits = (InvoiceBecameOverdue, ReminderWasSent, AccountWasSuspended, AccountWasReinstated)

    @starts_on(InvoiceWasSent)
    def sent(self, now: Moment[Debt], fact: InvoiceWasSent) -> Effects:
        """The day of the invoice is not one of its terms: they have passed with the end of one workday more."""
        workdays = WORKDAYS[fact.country]
        return [
            Remember(Debt(fact.customer, workdays, fact.amount)),
            Wake("overdue", fact.terms_workdays + 1, workdays),
        ]

    @on(PaymentWasMade)
    def paid(self, now: Moment[Debt], fact: PaymentWasMade) -> Effects:
        debt = now.state
        if fact.amount < debt.open_amount:
            return [Remember(replace(debt, open_amount=debt.open_amount - fact.amount))]
        reinstated = [Emit(AccountWasReinstated(debt.customer, now.key), key=debt.customer)] if debt.suspended else []
        return [*reinstated, End()]

    @wakes("overdue")
    def terms_have_passed(self, now: Moment[Debt]) -> Effects:
        return [Emit(InvoiceBecameOverdue(now.key, now.state.open_amount)), next_step(now.state)]

    @wakes("next step")
    def still_not_paid(self, now: Moment[Debt]) -> Effects:
        debt = now.state
        if debt.reminders == REMINDERS:
            suspended = AccountWasSuspended(debt.customer, now.key)
            return [Emit(suspended, key=debt.customer), Remember(replace(debt, suspended=True))]
        reminded = replace(debt, reminders=debt.reminders + 1)
        reminder = ReminderWasSent(now.key, reminded.reminders, debt.open_amount)
        return [Emit(reminder), Remember(reminded), next_step(reminded)]


def next_step(debt: Debt) -> Wake:
    return Wake("next step", REMINDER_WORKDAYS, debt.workdays)


app = App(
    name="debt-collection",
    inputs={"billing": [InvoiceWasSent, PaymentWasMade]},
    output="collections",
    processes=[Collection()],
)
