"""The first way: on each tick, ask the table which rows are late.

`WHERE due_on < date of the tick`. Never now(): a subscriber that was down for a week handles seven ticks within a
second, and each must find what it would have found on its day. For the same reason it is the tick that decides whether
a payment came first (`paid_at` against the tick's instant), and not whether the row says "paid" by now.

Each row is looked at once, when its date has passed, and ticked off, so that the partial index holds only what is open.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import cast

from examples.overdue_invoices.events import AccountWasSuspended, CustomerWasInvoiced, InvoiceBecameOverdue
from examples.three_ways.subscriber import Cursor, Following, date_of
from passage import Instant, Tick, datetime_of

SUSPENDED_DAYS = 15

SCHEMA = """
CREATE TABLE IF NOT EXISTS invoices (
    invoice text PRIMARY KEY,
    customer text NOT NULL,
    amount numeric(12, 2) NOT NULL,
    due_on date NOT NULL,
    paid_at timestamptz,
    overdue_on date,                          -- the date of the tick that made it so
    overdue_settled bool NOT NULL DEFAULT false,
    suspended_settled bool NOT NULL DEFAULT false
);
"""
INDEXES = """
CREATE INDEX IF NOT EXISTS not_settled ON invoices (due_on) WHERE NOT overdue_settled;
CREATE INDEX IF NOT EXISTS may_be_suspended ON invoices (overdue_on)
    WHERE overdue_on IS NOT NULL AND NOT suspended_settled;
"""

OVERDUE = """
UPDATE invoices SET overdue_settled = true,
    overdue_on = CASE WHEN paid_at IS NULL OR paid_at >= %(instant)s THEN %(date)s::date END
WHERE NOT overdue_settled AND due_on < %(date)s
RETURNING invoice, customer, amount, overdue_on IS NOT NULL
"""
SUSPENDED = """
UPDATE invoices SET suspended_settled = true
WHERE overdue_on IS NOT NULL AND NOT suspended_settled AND overdue_on <= %(date)s::date - %(days)s::int
RETURNING invoice, customer, paid_at IS NULL OR paid_at >= %(instant)s
"""


class QueryOnTick:
    """`indexed=False` is what one has who forgot the index: each tick looks at every invoice there ever was."""

    def __init__(self, indexed: bool = True) -> None:
        self._indexed = indexed

    def create(self, cursor: Cursor) -> None:
        cursor.execute(SCHEMA)
        if self._indexed:
            cursor.execute(INDEXES)

    def invoiced(self, cursor: Cursor, fact: CustomerWasInvoiced, at: Instant) -> None:
        cursor.execute(
            "INSERT INTO invoices (invoice, customer, amount, due_on)"
            " VALUES (%s, %s, %s, (%s AT TIME ZONE 'Europe/Amsterdam')::date + %s::int) ON CONFLICT DO NOTHING",
            (fact.invoice, fact.customer, fact.amount, datetime_of(at), fact.terms_days),
        )

    def paid(self, cursor: Cursor, invoice: str, at: Instant) -> None:
        cursor.execute(
            "UPDATE invoices SET paid_at = least(paid_at, %s) WHERE invoice = %s", (datetime_of(at), invoice)
        )

    def tick(self, cursor: Cursor, tick: Tick) -> Sequence[Following]:
        bounds = {
            "date": date_of(tick.ends_at, tick.zone),
            "instant": datetime_of(tick.ends_at),
            "days": SUSPENDED_DAYS,
        }
        cursor.execute(OVERDUE, bounds)
        late = cast(list[tuple[str, str, Decimal, bool]], cursor.fetchall())
        cursor.execute(SUSPENDED, bounds)
        lost = cast(list[tuple[str, str, bool]], cursor.fetchall())
        return [
            *(Following(row[0], InvoiceBecameOverdue(*row[:3])) for row in sorted(late) if row[3]),
            *(Following(row[0], AccountWasSuspended(row[1], row[0])) for row in sorted(lost) if row[2]),
        ]
