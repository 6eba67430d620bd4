"""What happens to an invoice: two facts of the billing service, and two events that follow when time has passed."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated

from passage import decimal_of

Money = Annotated[Decimal, decimal_of(12, 2)]


@dataclass(frozen=True, slots=True)
class CustomerWasInvoiced:
    invoice: str
    customer: str
    amount: Money
    terms_days: int


@dataclass(frozen=True, slots=True)
class PaymentWasMade:
    invoice: str
    amount: Money


@dataclass(frozen=True, slots=True)
class InvoiceBecameOverdue:
    invoice: str
    customer: str
    amount: Money


@dataclass(frozen=True, slots=True)
class AccountWasSuspended:
    customer: str
    invoice: str
