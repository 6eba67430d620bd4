"""The third way: each row knows the ordinal of the next tick it waits for, and an index finds it.

Ticks are counted, as Passage's own due index counts them, so a calendar may change as it likes. The count starts at the
invoice's own instant: the first tick that ended after it is number one. A subscriber that is behind has not seen that
tick yet, so a row begins without an ordinal and is given one when the tick comes; `seen` is there for an invoice that
comes after its tick.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import cast

from examples.overdue_invoices.events import AccountWasSuspended, CustomerWasInvoiced, InvoiceBecameOverdue
from examples.three_ways.subscriber import Cursor, Following
from passage import Instant, Tick, datetime_of

SUSPENDED_TICKS = 15

SCHEMA = """
CREATE TABLE IF NOT EXISTS seen (ends_at timestamptz PRIMARY KEY, ordinal bigint NOT NULL);
CREATE TABLE IF NOT EXISTS invoices (
    invoice text PRIMARY KEY,
    customer text NOT NULL,
    amount numeric(12, 2) NOT NULL,
    invoiced_at timestamptz NOT NULL,
    paid_at timestamptz,
    step int NOT NULL DEFAULT 1,              -- 1: to become overdue, 2: to be suspended
    after int NOT NULL,                       -- ticks to count from invoiced_at
    next_ordinal bigint                       -- NULL: its first tick has not been seen, or nothing waits
);
CREATE INDEX IF NOT EXISTS waiting ON invoices (next_ordinal) WHERE next_ordinal IS NOT NULL;
CREATE INDEX IF NOT EXISTS uncounted ON invoices (invoiced_at) WHERE next_ordinal IS NULL AND step = 1;
"""

COUNT = """
UPDATE invoices SET next_ordinal = %(ordinal)s - 1 + after
WHERE next_ordinal IS NULL AND step = 1 AND invoiced_at < %(instant)s
"""
DUE = """
UPDATE invoices SET
    step = step + 1,
    next_ordinal =
        CASE WHEN step = 1 AND (paid_at IS NULL OR paid_at >= %(instant)s) THEN %(ordinal)s + %(more)s END
WHERE next_ordinal IS NOT NULL AND next_ordinal <= %(ordinal)s
RETURNING step - 1, invoice, customer, amount, paid_at IS NULL OR paid_at >= %(instant)s
"""


class SingleNext:
    """Asks no calendar at all."""

    def create(self, cursor: Cursor) -> None:
        cursor.execute(SCHEMA)

    def invoiced(self, cursor: Cursor, fact: CustomerWasInvoiced, at: Instant) -> None:
        cursor.execute(
            "INSERT INTO invoices (invoice, customer, amount, invoiced_at, after, next_ordinal)"
            " VALUES (%(invoice)s, %(customer)s, %(amount)s, %(at)s, %(after)s,"
            " (SELECT min(ordinal) FROM seen WHERE ends_at > %(at)s) - 1 + %(after)s) ON CONFLICT DO NOTHING",
            {"invoice": fact.invoice, "customer": fact.customer, "amount": fact.amount, "at": datetime_of(at),
             "after": fact.terms_days + 1},
        )  # fmt: skip

    def paid(self, cursor: Cursor, invoice: str, at: Instant) -> None:
        cursor.execute(
            "UPDATE invoices SET paid_at = least(paid_at, %s) WHERE invoice = %s", (datetime_of(at), invoice)
        )

    def tick(self, cursor: Cursor, tick: Tick) -> Sequence[Following]:
        bounds = {"ordinal": tick.ordinal, "instant": datetime_of(tick.ends_at), "more": SUSPENDED_TICKS}
        cursor.execute("INSERT INTO seen VALUES (%(instant)s, %(ordinal)s)", bounds)
        cursor.execute(COUNT, bounds)
        cursor.execute(DUE, bounds)
        rows = cast(list[tuple[int, str, str, Decimal, bool]], cursor.fetchall())
        return [
            Following(
                invoice,
                InvoiceBecameOverdue(invoice, customer, amount)
                if step == 1
                else AccountWasSuspended(customer, invoice),
            )
            for step, invoice, customer, amount, unpaid in sorted(rows)
            if unpaid
        ]
