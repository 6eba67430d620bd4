"""The tables of all commands: at a terminal of 120 columns nothing sticks out and nothing of a long name is lost;
elsewhere a row is a line."""

import ast
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from passage.cli import terminal

COMMANDS = Path(terminal.__file__).parent
WIDTH = 120
NAMES = st.text("abcdefghij.-_0123456789", min_size=0, max_size=90) | st.sampled_from(["-", "2026-11-20T23:00:00Z"])


def tables() -> dict[str, list[str]]:
    """By place, the columns of every table a command makes."""
    found = {}
    for file in sorted(COMMANDS.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "columns":
                place = f"{file.relative_to(COMMANDS)}:{node.lineno}"
                found[place] = [str(one.value) for one in node.args if isinstance(one, ast.Constant)]
    return found


def said(names: list[str], rows: list[list[str]], is_terminal: bool) -> str:
    heard = io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        console = Console(file=heard, width=WIDTH if is_terminal else 10_000, force_terminal=is_terminal, no_color=True)
        patch.setattr(terminal, "out", console)
        table = terminal.columns(*names)
        for row in rows:
            table.add_row(*row)
        terminal.tell(table)
    return heard.getvalue().replace("\x1b[1m", "").replace("\x1b[0m", "")


def test_all_tables_of_all_commands_are_looked_at() -> None:
    assert len(tables()) >= 10
    printed = [file.name for file in COMMANDS.rglob("*.py") if "out.print(table" in file.read_text("utf-8")]
    assert printed == []


@pytest.mark.parametrize("place", tables())
@settings(max_examples=6)
@given(data=st.data())
def test_a_table_fits_a_terminal_and_says_all_of_every_name(place: str, data: st.DataObject) -> None:
    names = tables()[place]
    rows = data.draw(st.lists(st.lists(NAMES, min_size=len(names), max_size=len(names)), min_size=1, max_size=2))
    lines = said(names, rows, is_terminal=True).splitlines()
    assert max(map(len, lines)) <= WIDTH
    written = sorted("".join(lines).replace(" ", ""))
    assert written == sorted("".join([*names, *(cell for row in rows for cell in row)]).replace(" ", ""))


@pytest.mark.parametrize("place", tables())
def test_a_row_is_a_line_where_nobody_looks_at_a_screen(place: str) -> None:
    names = tables()[place]
    row = ["x" * 240 for _ in names]
    assert len(said(names, [row, row], is_terminal=False).splitlines()) == 3
