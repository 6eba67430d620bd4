"""Every number that an option of any command gives: what is none of any use is one line, before anything is begun.

The table is made by looking at the commands, so an option that is new is in it.
"""

from pathlib import Path

import pytest

from tests.cli.command import Command
from tests.cli.options import ARGUMENTS, Option, lay_files, options

NUMBERS = [one for one in options() if one.type in (int, float)]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PASSAGE_BOOTSTRAP", "127.0.0.1:1")
    lay_files()


def test_the_table_has_what_it_is_for() -> None:
    assert {str(one) for one in NUMBERS} >= {
        "clock import --tolerance-seconds", "clock plan --count", "processors run --snapshot-every-seconds",
        "processors inspect --last", "processors due --next", "clock verify --connect-timeout-seconds",
    }  # fmt: skip


@pytest.mark.parametrize("value", ["inf", "nan", "-1", "1e400", str(10**30)])
@pytest.mark.parametrize("option", NUMBERS, ids=str)
def test_what_is_no_number_of_any_use_is_one_line(option: Option, value: str, passage: Command) -> None:
    done = passage(*ARGUMENTS[option.group, option.command], option.name, value)
    assert done.code == 2
    assert option.name in done.told


@pytest.mark.parametrize("letter", ["0@" + "9" * 30, "9" * 30 + "@0"])
def test_a_letter_that_no_partition_has_room_for_is_none(letter: str, passage: Command) -> None:
    done = passage("processors", "dead-letters", "show", "app.yaml", letter)
    assert done.code == 2
    assert "names no letter" in done.told
