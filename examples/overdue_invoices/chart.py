"""A bar for every month: how many invoices became overdue in it, and how many accounts were suspended."""

from collections import Counter
from collections.abc import Sequence

from rich.text import Text

from examples.overdue_invoices.answer_key import OVERDUE, SUSPENDED, Outcome, civil

BAR_CELLS = 40
EIGHTHS = " ▏▎▍▌▋▊▉█"


def chart_of(outcomes: Sequence[Outcome]) -> Text:
    overdue, suspended = _by_month(outcomes, OVERDUE), _by_month(outcomes, SUSPENDED)
    most = max([*overdue.values(), *suspended.values(), 1])
    text = Text("By month: ").append("overdue", "yellow").append(", ").append("suspended", "red").append("\n")
    for month in sorted(overdue.keys() | suspended.keys()):
        text.append(f"  {month}  ").append(_bar(overdue[month], most), "yellow").append(f" {overdue[month]}\n")
        if suspended[month]:
            text.append(" " * 11).append(_bar(suspended[month], most), "red").append(f" {suspended[month]}\n")
    return text


def _by_month(outcomes: Sequence[Outcome], event: str) -> Counter[str]:
    return Counter(civil(outcome.instant)[:7] for outcome in outcomes if outcome.event == event)


def _bar(count: int, most: int) -> str:
    """To an eighth of a cell, so that 1 of 60 can still be seen."""
    whole, rest = divmod(count * BAR_CELLS * 8 // most, 8)
    return "█" * whole + (EIGHTHS[rest] if rest else "")
