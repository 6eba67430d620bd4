"""What a customer does and uses, and the invoices and reports that follow when a week, month or quarter has ended."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Literal

from passage import decimal_of

Money = Annotated[Decimal, decimal_of(12, 2)]
Cycle = Literal["fortnight", "month", "quarter"]


@dataclass(frozen=True, slots=True)
class CustomerChoseCycle:
    """The first time the customer becomes one; later they change their mind."""

    customer: str
    cycle: Cycle


@dataclass(frozen=True, slots=True)
class ServiceWasUsed:
    customer: str
    amount: Money


@dataclass(frozen=True, slots=True)
class CustomerLeft:
    customer: str


@dataclass(frozen=True, slots=True)
class InvoiceWasDrawnUp:
    customer: str
    number: int
    amount: Money
    cycle: Cycle


@dataclass(frozen=True, slots=True)
class MonthEndReportIsDue:
    """There is no customer in it: one for every month, whoever works."""

    month: str
