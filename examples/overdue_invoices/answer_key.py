"""What should follow from the data set, by its own column `days_late`, and where the outcome differs.

Late by a day or more: overdue, at the tick that ends the due date. Late by more than fifteen days: suspended, fifteen
ticks later. Nothing of Passage is asked: no policy, no tick, and not `settled_on`, from which the facts are made.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple

from examples.overdue_invoices.events import AccountWasSuspended, InvoiceBecameOverdue
from examples.overdue_invoices.facts import ZONE, Invoice, end_of
from passage import Instant, datetime_of

OVERDUE = InvoiceBecameOverdue.__name__
SUSPENDED = AccountWasSuspended.__name__

DAYS_TO_SUSPENSION = 15

KNOWN = {OVERDUE: 877, SUSPENDED: 174}
"""What the data set as it came comes to."""


class Outcome(NamedTuple):
    """One derived event, as it stands on the log. `tick` is the tick that caused it: `day.amsterdam#33`."""

    event: str
    invoice: str
    instant: Instant
    tick: str = ""


Expected = Mapping[tuple[str, str], Instant]
"""(invoice, event) -> its instant."""


def expected_of(invoices: Iterable[Invoice]) -> dict[tuple[str, str], Instant]:
    expected: dict[tuple[str, str], Instant] = {}
    for invoice in invoices:
        if invoice.days_late > 0:
            expected[invoice.number, OVERDUE] = end_of(invoice.due_on)
        if invoice.days_late > DAYS_TO_SUSPENSION:
            expected[invoice.number, SUSPENDED] = end_of(invoice.due_on + timedelta(days=DAYS_TO_SUSPENSION))
    return expected


def differences(expected: Expected, outcomes: Sequence[Outcome]) -> list[str]:
    """One line for each event that is missing, too much, there twice or dated otherwise, by invoice."""
    found: dict[tuple[str, str], list[Instant]] = {}
    for outcome in outcomes:
        found.setdefault((outcome.invoice, outcome.event), []).append(outcome.instant)
    places = sorted(expected.keys() | found.keys())
    return [line for place in places for line in _differences_of(*place, expected.get(place), found.get(place, []))]


def _differences_of(invoice: str, event: str, expected: Instant | None, found: Sequence[Instant]) -> Iterator[str]:
    if expected is None:
        yield f"invoice {invoice}: {event} {civil(found[0])}, expected none"
    elif not found:
        yield f"invoice {invoice}: no {event}, expected {civil(expected)}"
    else:
        for instant in sorted(set(found) - {expected}):
            yield f"invoice {invoice}: {event} {civil(instant)}, expected {civil(expected)}"
    if len(found) > 1:
        yield f"invoice {invoice}: {event} {len(found)} times"


def civil(instant: Instant) -> str:
    """The instant on Amsterdam's clock."""
    return f"{datetime_of(instant).astimezone(ZONE):%Y-%m-%d %H:%M}"


def check(invoices: Sequence[Invoice], outcomes: Sequence[Outcome]) -> list[str]:
    """Where the outcome of these invoices differs from their own `days_late`; nothing when all is well."""
    return differences(expected_of(invoices), outcomes)


def counts_of(invoices: Iterable[Invoice]) -> dict[str, int]:
    """How many of each event should follow."""
    counts = Counter(event for _, event in expected_of(invoices))
    return {event: counts[event] for event in KNOWN}
