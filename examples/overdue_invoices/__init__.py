"""Invoices that nobody paid in time: the whole of Passage in two policies.

A customer has `terms_days` days to pay, the due date included; the tick that ends the due date is one more. Fifteen
ticks after an invoice became overdue, and still no payment, the account is suspended.

    passage processors run examples.overdue_invoices:app
"""

from examples.overdue_invoices.events import (
    AccountWasSuspended,
    CustomerWasInvoiced,
    InvoiceBecameOverdue,
    PaymentWasMade,
)
from passage import App, Policy

DAY = "day.amsterdam"

overdue = Policy(
    name="overdue",
    starts_on=CustomerWasInvoiced,
    after=lambda fact: fact.terms_days + 1,
    of=DAY,
    unless=PaymentWasMade,
    emits=InvoiceBecameOverdue,
    event=lambda case: InvoiceBecameOverdue(case.key, case.fact.customer, case.fact.amount),
)

suspended = Policy(
    name="suspended",
    starts_on=InvoiceBecameOverdue,
    after=15,
    of=DAY,
    unless=PaymentWasMade,
    emits=AccountWasSuspended,
    event=lambda case: AccountWasSuspended(case.fact.customer, case.key),
)

app = App(
    name="overdue-invoices",
    inputs={"billing": [CustomerWasInvoiced, PaymentWasMade]},
    output="collections",
    policies=[overdue, suspended],
)
