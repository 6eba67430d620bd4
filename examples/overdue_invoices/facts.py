"""The data set as facts: what the billing service would have written at the time.

Days have no hour, so every invoice and payment happens at noon in Amsterdam. A fact's key is its invoice: what is
counted for is one invoice, not a customer.
"""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from examples.overdue_invoices.events import CustomerWasInvoiced, PaymentWasMade
from examples.overdue_invoices.invoices import Invoice, read_invoices
from passage import Instant, datetime_of, event_codec, instant_of, partition_of

__all__ = ["PARTITIONS", "ZONE", "Fact", "Invoice", "days_ended", "end_of", "facts_of", "noon", "read_invoices"]

ZONE = ZoneInfo("Europe/Amsterdam")
PARTITIONS = 4


class Fact(NamedTuple):
    instant: Instant
    partition: int
    key: bytes
    value: bytes


def facts_of(invoices: Iterable[Invoice]) -> list[Fact]:
    """In the order of their instants; at one instant an invoice comes before a payment, and then by number."""
    found = [fact for invoice in invoices for fact in _both(invoice)]
    return [fact for *_, fact in sorted(found, key=lambda one: one[:3])]


def _both(invoice: Invoice) -> tuple[tuple[Instant, int, bytes, Fact], ...]:
    key = invoice.number.encode()
    number = partition_of(key, PARTITIONS)
    invoiced = CustomerWasInvoiced(
        invoice.number, invoice.customer, invoice.amount, (invoice.due_on - invoice.invoiced_on).days
    )
    paid = PaymentWasMade(invoice.number, invoice.amount)
    sent_at, paid_at = noon(invoice.invoiced_on), noon(invoice.settled_on)
    return (
        (sent_at, 0, key, Fact(sent_at, number, key, event_codec(CustomerWasInvoiced).encode(invoiced))),
        (paid_at, 1, key, Fact(paid_at, number, key, event_codec(PaymentWasMade).encode(paid))),
    )


def noon(day: date) -> Instant:
    return instant_of(datetime.combine(day, time(12), ZONE))


def end_of(day: date) -> Instant:
    """The midnight that ends this day in Amsterdam: when its tick is due."""
    return instant_of(datetime.combine(day + timedelta(days=1), time(), ZONE))


def days_ended(after: Instant, until: Instant) -> list[date]:
    """The days that ended in Amsterdam after the one instant, up to and with the other."""
    first, last = (datetime_of(instant).astimezone(ZONE).date() for instant in (after, until))
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    return [day for day in days if after < end_of(day) <= until]
