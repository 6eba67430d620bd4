"""Somebody's own invoices in the place of the data set: their `days_late` decides, and what is wrong is one line."""

import io
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from rich.console import Console

from examples.overdue_invoices import app
from examples.overdue_invoices.demo import CLOCK, DIFFERENT, EQUAL, MEND, Demo, begun_before, tell
from examples.overdue_invoices.invoices import COLUMNS, INVOICES, Invoice, WrongInvoices, read_invoices
from passage_clock import load
from passage_log.memory import MemoryLog

ROOT = Path(__file__).parents[2]
HEAD = ",".join(COLUMNS)
GOOD = "1,ada,2012-01-03,2012-02-02,2012-01-23,50.39,0"


def shown(invoices: Sequence[Invoice]) -> tuple[int, str]:
    """The exit code of the demo on these, and what it tells at the end."""
    told = io.StringIO()
    demo = Demo(app, begun_before(invoices, load(CLOCK, {})), MemoryLog(), Console(file=io.StringIO()))
    return tell(invoices, demo.run(invoices), Console(file=told, width=120)), told.getvalue()


@pytest.mark.parametrize(
    ("chosen", "verdict"),
    [
        (lambda all_of_them: all_of_them[100:400], "overdue, "),
        (lambda all_of_them: all_of_them[300::-7], "overdue, "),
        (lambda all_of_them: [one for one in all_of_them if not one.days_late][:3], "0 overdue, 0 suspended"),
    ],
    ids=["fewer", "in another order", "all paid in time"],
)
def test_other_invoices_are_held_to_their_own_days_late(
    chosen: Callable[[list[Invoice]], list[Invoice]], verdict: str
) -> None:
    code, told = shown(chosen(read_invoices()))
    assert code == EQUAL
    assert "invoices.csv is another: as it came it says 877 overdue, 174 suspended" in told
    assert verdict in told.splitlines()[-1]


def test_invoices_from_before_the_clocks_first_day_move_it() -> None:
    early = Invoice("1", "ada", date(2011, 11, 1), date(2011, 12, 1), date(2011, 12, 24), read_invoices()[0].amount, 23)
    code, told = shown([early])
    assert code == EQUAL
    assert "1 overdue, 1 suspended" in told


def test_a_days_late_that_is_not_what_happened_is_a_difference() -> None:
    late = next(invoice for invoice in read_invoices() if invoice.days_late > 15)
    code, told = shown([replace(late, days_late=3)])
    assert code == DIFFERENT
    assert f"invoice {late.number}: AccountWasSuspended" in told
    assert "1 differences from the data set's own days_late" in told


@pytest.mark.parametrize(
    ("text", "said"),
    {
        "empty": ("", ":1: no column invoice; the first line is invoice,customer,"),
        "no rows": (HEAD, ": there is no invoice in it"),
        "semicolons": (f"{HEAD};\n{GOOD}".replace(",", ";"), ":1: no column invoice"),
        "a column less": (f"{HEAD.replace(',days_late', '')}\n1,a", ":1: no column days_late"),
        "a field less": (f"{HEAD}\n{GOOD}\n2,bob,2012-01-03,2012-02-02,2012-01-23,50.39", ":3: days_late is missing"),
        "a field more": (f"{HEAD}\n{GOOD.replace('50.39', '50,39')}", ":2: more fields than columns"),
        "no number": (f"{HEAD}\n{GOOD.replace('1,ada', ',ada')}", ":2: invoice is missing"),
        "a date turned": (f"{HEAD}\n{GOOD.replace('2012-01-23', '23-01-2012')}", ":2: settled_on: '23-01-2012' is no"),
        "a year too many": (f"{HEAD}\n{GOOD.replace('2012-02-02', '9999-12-31')}", ":2: due_on: 9999-12-31 is not in"),
        "no amount": (f"{HEAD}\n{GOOD.replace('50.39', 'NaN')}", ":2: amount: 'NaN' is no amount"),
        "too fine": (f"{HEAD}\n{GOOD.replace('50.39', '50.395')}", ":2: amount: '50.395' is no amount"),
        "too much": (f"{HEAD}\n{GOOD.replace('50.39', '1e10')}", ":2: amount: '1e10' is no amount"),
        "no days": (f"{HEAD}\n{GOOD[:-1]}none", ":2: days_late: 'none' is no number of days"),
        "twice": (f"{HEAD}\n{GOOD}\n{GOOD}", ":3: invoice '1' is there on line 2 already"),
        "due first": (f"{HEAD}\n{GOOD.replace('2012-02-02', '2012-01-02')}", ":2: due_on: 2012-01-02 is before"),
        "paid first": (f"{HEAD}\n{GOOD.replace('2012-01-23', '2012-01-02')}", ":2: settled_on: 2012-01-02 is before"),
        "paid tomorrow": (f"{HEAD}\n{GOOD.replace('2012-01-23', '2026-12-31')}", ":2: settled_on: 2026-12-31 is still"),
        "a quote left open": (f'{HEAD}\n"{GOOD}', ": not CSV (unexpected end of data)"),
    }.values(),
)  # fmt: skip
def test_what_is_wrong_with_a_file_is_told_with_its_line(text: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "own.csv"
    file.write_text(text, "utf-8")
    with pytest.raises(WrongInvoices) as told:
        read_invoices(file, date(2026, 12, 30))
    assert str(told.value).startswith(f"own.csv{said}")
    assert "\n" not in str(told.value)


def test_a_file_that_is_no_text_or_not_there_is_one_line(tmp_path: Path) -> None:
    file = tmp_path / "own.csv"
    with pytest.raises(WrongInvoices, match="No such file"):
        read_invoices(file)
    file.write_bytes(f"{HEAD}\n1,Andr\xe9,".encode("latin-1"))
    with pytest.raises(WrongInvoices, match=r"own\.csv: byte 70 is not UTF-8"):
        read_invoices(file)


def test_a_spreadsheets_mark_at_the_beginning_is_passed_over(tmp_path: Path) -> None:
    file = tmp_path / "own.csv"
    file.write_text(f"{HEAD}\n{GOOD}", "utf-8-sig")
    assert [invoice.customer for invoice in read_invoices(file)] == ["ada"]


def test_the_demo_ends_with_one_line_and_exit_code_two(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / INVOICES.relative_to(ROOT)).write_text("")
    done = subprocess.run(
        [sys.executable, "-m", "examples.overdue_invoices.demo"],
        cwd=tmp_path, env=os.environ | {"LOG": "memory"}, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == MEND
    assert done.stdout == ""
    assert done.stderr == f"invoices.csv:1: no column invoice; the first line is {HEAD}\n"
