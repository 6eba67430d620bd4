"""An invoice, what is paid of it, and what follows when it isn't."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Literal

from passage import decimal_of

Money = Annotated[Decimal, decimal_of(12, 2)]
Country = Literal["NL", "DE"]


@dataclass(frozen=True, slots=True)
class InvoiceWasSent:
    invoice: str
    customer: str
    country: Country
    amount: Money
    terms_workdays: int


@dataclass(frozen=True, slots=True)
class PaymentWasMade:
    invoice: str
    amount: Money


@dataclass(frozen=True, slots=True)
class InvoiceBecameOverdue:
    invoice: str
    open_amount: Money


@dataclass(frozen=True, slots=True)
class ReminderWasSent:
    invoice: str
    number: int
    open_amount: Money


@dataclass(frozen=True, slots=True)
class AccountWasSuspended:
    customer: str
    invoice: str


@dataclass(frozen=True, slots=True)
class AccountWasReinstated:
    customer: str
    invoice: str
