"""Prose ends its lines where code does, so that both are read and compared in one window.

Tables, code and headings are as wide as they are, and so is a line that can't be broken: a link or a piece of code
alone in it. Comments and docstrings are held to the same width by ruff.
"""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[2]
WIDTH: int = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["ruff"]["line-length"]
PAGES = sorted(
    page for page in ROOT.rglob("*.md") if not any(part.startswith(".") for part in page.relative_to(ROOT).parts)
)
MARKDOWN = MarkdownIt("commonmark").enable("table")


def too_long(text: str) -> Iterator[str]:
    lines = text.splitlines()
    for paragraph in MARKDOWN.parse(text):
        if paragraph.type == "paragraph_open" and paragraph.map:
            first, end = paragraph.map
            yield from (line for line in lines[first:end] if len(line) > WIDTH and can_be_broken(line))


def can_be_broken(line: str) -> bool:
    """Behind a word that is not the first: spaces in code are the code's own."""
    words = re.sub(r"`[^`]*`", "code", line).removeprefix("- ").split()
    return len(words) > 1


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_prose_is_as_wide_as_code(page: Path) -> None:
    found = [f"{line[:60]} ..." for line in too_long(page.read_text("utf-8"))]

    assert not found, f"{page.relative_to(ROOT)}: wrap at {WIDTH} columns:\n" + "\n".join(found)


LONG = "a word " * 18


@pytest.mark.parametrize("text", [LONG, f"- an item\n  {LONG}", f"1. {LONG}", f"> {LONG}", f"said\n{LONG}\nthen"])
def test_a_line_of_prose_that_is_longer_is_found(text: str) -> None:
    assert len(list(too_long(text))) == 1


@pytest.mark.parametrize(
    "text",
    [f"```\n{LONG}\n```", f"said:\n\n    {LONG}", f"| {LONG} |\n|---|\n| {LONG} |", f"# {LONG}", f"so\n`{LONG}`\n",
     "[it](https://" + "a" * 120 + ")"],
)  # fmt: skip
def test_what_can_not_be_wrapped_may_be_longer(text: str) -> None:
    assert list(too_long(text)) == []


def test_all_pages_are_looked_at() -> None:
    names = {page.relative_to(ROOT).as_posix() for page in PAGES}

    assert {"README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/reference/glossary.md"} <= names
