"""The second way: work the dates out ahead, from the calendar, when the invoice comes.

One row of `due` for each of the next n moments: here n is 2, overdue and suspended; for a subscription it would be the
next twelve renewals. A tick takes the rows of its date and is done: no rule is left to be asked. What is worked out
ahead is worked out with the calendar of that day. A closure that is announced later moves the ticks and not the rows,
so each change of a calendar needs a job that works them out again: what the other ways need not.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from itertools import islice
from typing import cast

from examples.overdue_invoices.events import AccountWasSuspended, CustomerWasInvoiced, InvoiceBecameOverdue
from examples.three_ways.subscriber import Cursor, Following, date_of
from passage import Instant, Schedule, Tick, datetime_of

SUSPENDED_TICKS = 15

SCHEMA = """
CREATE TABLE IF NOT EXISTS invoices (
    invoice text PRIMARY KEY,
    customer text NOT NULL,
    amount numeric(12, 2) NOT NULL,
    paid_at timestamptz
);
CREATE TABLE IF NOT EXISTS due (
    due_on date NOT NULL,                     -- the date of the tick that will find it
    step int NOT NULL,                        -- 1: overdue, 2: suspended
    invoice text NOT NULL REFERENCES invoices,
    PRIMARY KEY (due_on, step, invoice)
);
"""

DUE = """
WITH taken AS (DELETE FROM due WHERE due_on <= %(date)s RETURNING step, invoice)
SELECT step, invoice, customer, amount FROM taken JOIN invoices USING (invoice)
WHERE paid_at IS NULL OR paid_at >= %(instant)s
ORDER BY step, invoice
"""


class NextN:
    """`calendar` is the schedule as it is believed to be when an invoice comes."""

    def __init__(self, calendar: Schedule) -> None:
        self.calendar = calendar

    def create(self, cursor: Cursor) -> None:
        cursor.execute(SCHEMA)

    def invoiced(self, cursor: Cursor, fact: CustomerWasInvoiced, at: Instant) -> None:
        cursor.execute(
            "INSERT INTO invoices VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
            (fact.invoice, fact.customer, fact.amount),
        )
        if cursor.rowcount:
            ahead = list(islice(self._dates(at), fact.terms_days + 1 + SUSPENDED_TICKS))
            rows = [(ahead[fact.terms_days], 1, fact.invoice), (ahead[-1], 2, fact.invoice)]
            cursor.executemany("INSERT INTO due VALUES (%s, %s, %s)", rows)

    def _dates(self, after: Instant) -> Iterator[date]:
        """Those of the ticks to come, as far as is known today."""
        for occurrence in self.calendar.occurrences(after):
            yield date_of(occurrence.ends_at, self.calendar.zone)

    def paid(self, cursor: Cursor, invoice: str, at: Instant) -> None:
        # The rows stay: whether the payment came before the tick is for the tick to say.
        cursor.execute(
            "UPDATE invoices SET paid_at = least(paid_at, %s) WHERE invoice = %s", (datetime_of(at), invoice)
        )

    def tick(self, cursor: Cursor, tick: Tick) -> Sequence[Following]:
        cursor.execute(DUE, {"date": date_of(tick.ends_at, tick.zone), "instant": datetime_of(tick.ends_at)})
        rows = cast(list[tuple[int, str, str, Decimal]], cursor.fetchall())
        return [
            Following(
                invoice,
                InvoiceBecameOverdue(invoice, customer, amount)
                if step == 1
                else AccountWasSuspended(customer, invoice),
            )
            for step, invoice, customer, amount in rows
        ]
