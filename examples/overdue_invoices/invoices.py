"""The data set, read strictly: another `invoices.csv` may take its place, and what is wrong is told with its line.

It refuses to guess: a date that is none, a payment that is still to come, an invoice that is there twice.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path

INVOICES = Path(__file__).with_name("invoices.csv")
COLUMNS = ("invoice", "customer", "invoiced_on", "due_on", "settled_on", "amount", "days_late")
MOST = Decimal(10) ** 10
"""An amount has twelve digits, two of them behind the point."""
YEARS = range(1970, 3000)
"""A record's timestamp begins with 1970; the other end is far from where dates can no longer be added to."""


class WrongInvoices(Exception):
    """The file can't be taken for the data set. The message says which line, what is wrong and how it is written."""


@dataclass(frozen=True, slots=True)
class Invoice:
    """One row. `days_late` is the data set's own word on it, 0 when paid in time."""

    number: str
    customer: str
    invoiced_on: date
    due_on: date
    settled_on: date
    amount: Decimal
    days_late: int


def read_invoices(path: Path = INVOICES, today: date | None = None) -> list[Invoice]:
    """All of the file, in its order. With `today`, what was settled after that is refused. Raises WrongInvoices."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            invoices = list(_rows(path.name, csv.DictReader(file, strict=True), today))
    except OSError as error:
        raise WrongInvoices(f"{path}: {error.strerror}; it holds the invoices") from error
    except UnicodeDecodeError as error:
        raise WrongInvoices(f"{path.name}: byte {error.start} is not UTF-8; save it as CSV in UTF-8") from error
    except csv.Error as error:
        raise WrongInvoices(f"{path.name}: not CSV ({error})") from error
    if not invoices:
        raise WrongInvoices(f"{path.name}: there is no invoice in it; a row has {', '.join(COLUMNS)}")
    return invoices


def _rows(file: str, reader: "csv.DictReader[str]", today: date | None) -> Iterator[Invoice]:
    missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
    if missing:
        raise WrongInvoices(f"{file}:1: no column {missing[0]}; the first line is {','.join(COLUMNS)}")
    lines: dict[str, int] = {}
    for row in reader:
        try:
            invoice = _invoice(row)
            _refuse_what_cannot_be(invoice, today)
        except ValueError as error:
            raise WrongInvoices(f"{file}:{reader.line_num}: {error}") from error
        first = lines.setdefault(invoice.number, reader.line_num)
        if first != reader.line_num:
            raise WrongInvoices(
                f"{file}:{reader.line_num}: invoice {invoice.number!r} is there on line {first} already"
            )
        yield invoice


def _invoice(row: dict[str, str]) -> Invoice:
    if None in row:  # where the reader puts what no column is there for
        raise ValueError(f"more fields than columns; a row has {', '.join(COLUMNS)}, and a comma inside one is quoted")
    for column in COLUMNS:
        if not (row[column] or "").strip():
            raise ValueError(f"{column} is missing; a row has {', '.join(COLUMNS)}")
    return Invoice(
        number=row["invoice"],
        customer=row["customer"],
        invoiced_on=_date(row, "invoiced_on"),
        due_on=_date(row, "due_on"),
        settled_on=_date(row, "settled_on"),
        amount=_amount(row["amount"]),
        days_late=_days(row["days_late"]),
    )


def _date(row: dict[str, str], column: str) -> date:
    try:
        found = date.fromisoformat(row[column])
    except ValueError:
        raise ValueError(f"{column}: {row[column]!r} is no date; write it as 2012-01-31") from None
    if found.year not in YEARS:
        raise ValueError(f"{column}: {found} is not in the years {YEARS[0]} to {YEARS[-1]}")
    return found


def _amount(text: str) -> Decimal:
    try:
        amount = Decimal(text)
        if amount.is_finite() and abs(amount) < MOST and amount == amount.quantize(Decimal("0.01")):
            return amount
    except InvalidOperation:
        pass
    raise ValueError(f"amount: {text!r} is no amount of at most ten digits and two behind the point; write it as 50.39")


def _days(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"days_late: {text!r} is no number of days; 0 when paid in time") from None


def _refuse_what_cannot_be(invoice: Invoice, today: date | None) -> None:
    if invoice.due_on < invoice.invoiced_on:
        raise ValueError(f"due_on: {invoice.due_on} is before invoiced_on, {invoice.invoiced_on}")
    if invoice.settled_on < invoice.invoiced_on:
        raise ValueError(f"settled_on: {invoice.settled_on} is before invoiced_on, {invoice.invoiced_on}")
    if today is not None and invoice.settled_on > today:
        raise ValueError(f"settled_on: {invoice.settled_on} is still to come; leave out what is not settled")
