"""The life of one invoice, as a timeline in civil time: what happened to it, the ticks in between, what followed."""

from collections.abc import Sequence
from typing import NamedTuple

from rich.text import Text

from examples.overdue_invoices.answer_key import OVERDUE, SUSPENDED, Outcome, civil
from examples.overdue_invoices.facts import Invoice, days_ended, noon
from passage import Instant

STYLES = {OVERDUE: "yellow", SUSPENDED: "red", "PaymentWasMade": "green", "CustomerWasInvoiced": "cyan"}


class Moment(NamedTuple):
    instant: Instant
    word: str
    detail: str


def worth_telling(invoices: Sequence[Invoice], outcomes: Sequence[Outcome]) -> Invoice | None:
    """The first invoice to which everything happened; else the first that became overdue; else none."""
    for event in (SUSPENDED, OVERDUE):
        there = {outcome.invoice for outcome in outcomes if outcome.event == event}
        for invoice in invoices:
            if invoice.number in there:
                return invoice
    return None


def story_of(invoice: Invoice, outcomes: Sequence[Outcome]) -> Text:
    moments = sorted([*_facts(invoice), *_derived(invoice, outcomes)])
    text = Text(f"The life of invoice {invoice.number}, {invoice.amount:.2f} to customer {invoice.customer}\n")
    for place, moment in enumerate(moments):
        if place:
            _add_ticks(text, moments[place - 1].instant, moment.instant)
        style = STYLES.get(moment.word, "")
        text.append(f"  {civil(moment.instant)}  ").append("● ", style)
        text.append(f"{moment.word:<20}", style).append(f" {moment.detail}\n", "dim")
    return text


def _facts(invoice: Invoice) -> list[Moment]:
    terms = (invoice.due_on - invoice.invoiced_on).days
    return [
        Moment(noon(invoice.invoiced_on), "CustomerWasInvoiced", f"a fact; {terms} days to pay"),
        Moment(noon(invoice.due_on), "(due)", "the last day of the terms; nothing happens, so nothing is written"),
        Moment(noon(invoice.settled_on), "PaymentWasMade", f"a fact; {invoice.days_late} days late"),
    ]


def _derived(invoice: Invoice, outcomes: Sequence[Outcome]) -> list[Moment]:
    return [
        Moment(outcome.instant, outcome.event, f"follows, on tick {outcome.tick}")
        for outcome in outcomes
        if outcome.invoice == invoice.number
    ]


def _add_ticks(text: Text, after: Instant, until: Instant) -> None:
    """The ticks between two moments, one of them at the very moment it causes included."""
    count = len(days_ended(after, until))
    if count:
        text.append(f"                    │ {'·' * count}  {count} tick{'s' * (count > 1)}\n", "dim")
