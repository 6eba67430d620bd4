"""What happens to an order of a telephone line, and what follows when workdays have passed."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NewOrder:
    order: str
    customer: str


@dataclass(frozen=True, slots=True)
class OrderRevocation:
    order: str


@dataclass(frozen=True, slots=True)
class PartsWereDelivered:
    order: str


@dataclass(frozen=True, slots=True)
class LineWasActivated:
    """The order is complete."""

    order: str


@dataclass(frozen=True, slots=True)
class RevocationWasAccepted:
    order: str
    customer: str
    after_workdays: int


@dataclass(frozen=True, slots=True)
class RevocationWasRejected:
    order: str
    customer: str
    after_workdays: int


@dataclass(frozen=True, slots=True)
class SupplierWasReminded:
    order: str
    reminder: int


@dataclass(frozen=True, slots=True)
class OrderDataWasDiscarded:
    """The process has forgotten the order, and so should others."""

    order: str
    because: str
