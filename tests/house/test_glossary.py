"""The glossary tells of the words that the code has: each is still in the file that stands beside it."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GLOSSARY = ROOT / "docs/reference/glossary.md"
ROW = re.compile(r"^\| (?P<word>[a-z -]+) \|.*\| `(?P<home>[^`]+)` \|$", re.MULTILINE)
ROWS = [row for row in ROW.finditer(GLOSSARY.read_text("utf-8")) if row["word"] != "word"]


def speaks_of(text: str, word: str) -> bool:
    """In prose or in a name, of one or of many: `DeadLetters`, `dead_letters` and `a dead letter` are one word."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])|[_-]", " ", text).lower()
    return bool(re.search(rf"\b{word.replace('-', ' ')}s?\b", apart))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["word"])
def test_every_word_is_in_the_file_beside_it(row: re.Match[str]) -> None:
    home = ROOT / row["home"]

    assert home.is_file(), f"{row['home']} has moved: tell the glossary where {row['word']!r} lives now"
    assert speaks_of(f"{row['home']} {home.read_text('utf-8')}", row["word"]), (
        f"{row['home']} speaks of no {row['word']!r} any more"
    )


def test_every_row_is_read() -> None:
    text = GLOSSARY.read_text("utf-8")

    assert len(ROWS) == text.count("\n| ") - text.count("\n| word |") > 20
    assert len({row["word"] for row in ROWS}) == len(ROWS), "a word that stands for two things"


@pytest.mark.parametrize("page", ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"])
def test_who_meets_a_house_word_finds_the_glossary(page: str) -> None:
    assert "](docs/reference/glossary.md)" in (ROOT / page).read_text("utf-8")


def test_a_word_that_left_would_be_missed() -> None:
    assert speaks_of("class DeadLetters: ...", "dead letter")
    assert speaks_of("a WAKE_UP that waits", "wake-up")
    assert not speaks_of("what is executed", "cut")
