"""The two scenarios of the Passage of Time pattern, in its own words: an invoice nobody pays, and one that is paid."""

from dataclasses import dataclass

from passage import App, Policy, Scenario, day_passes, days_pass


@dataclass(frozen=True)
class CustomerWasInvoiced:
    invoice: str


@dataclass(frozen=True)
class PaymentWasMade:
    invoice: str


@dataclass(frozen=True)
class InvoiceBecameOverdue:
    invoice: str


invoicing = App(
    "invoicing",
    inputs={"billing": [CustomerWasInvoiced, PaymentWasMade]},
    output="billing.derived",
    policies=[
        Policy(
            name="overdue",
            starts_on=CustomerWasInvoiced,
            after=30,
            of="day.amsterdam",
            unless=PaymentWasMade,
            emits=InvoiceBecameOverdue,
            event=lambda case: InvoiceBecameOverdue(case.key),
        )
    ],
)


def test_an_invoice_that_is_not_paid_becomes_overdue() -> None:
    (
        Scenario(invoicing)
        .given(CustomerWasInvoiced("inv-1"), days_pass(29))
        .when(day_passes())
        .then(InvoiceBecameOverdue("inv-1"))
    )


def test_an_invoice_that_is_paid_does_not() -> None:
    (
        Scenario(invoicing)
        .given(CustomerWasInvoiced("inv-1"), days_pass(29), PaymentWasMade("inv-1"))
        .when(day_passes())
        .then_nothing()
    )
