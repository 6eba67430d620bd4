"""The front door's types find what a user gets wrong: mypy, strict, is run on `mistaken` without its excuses.

Pyright is not run here, since it would bring a Node of its own. Asked by hand (1.1.414) it named the same lines.
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
EXCUSE = re.compile(r"  # type: ignore\[[a-z,-]+\]  # (.+)$")


def test_mypy_names_each_mistake_on_its_line_and_nothing_else(tmp_path: Path) -> None:
    lines = (HERE / "mistaken.py").read_text("utf-8").splitlines()
    expected = {number: found[1] for number, line in enumerate(lines, 1) if (found := EXCUSE.search(line))}
    unexcused = tmp_path / "unexcused.py"
    unexcused.write_text("\n".join(EXCUSE.sub("", line) for line in lines) + "\n", "utf-8")

    said: dict[int, str] = {}
    for number, words in re.findall(r"unexcused\.py:(\d+): error: (.+)", mypy(unexcused, HERE / "well_typed.py")):
        said[int(number)] = said.get(int(number), "") + words

    assert len(expected) >= 11
    assert said.keys() == expected.keys()
    assert [number for number, words in expected.items() if words not in said[number]] == []


def mypy(*files: Path) -> str:
    """What it says of these, by the project's own settings: the cache of `make check` serves here too."""
    command = [sys.executable, "-m", "mypy", "--config-file", "pyproject.toml", *map(str, files)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert "well_typed.py" not in done.stdout, done.stdout
    assert not done.stderr, done.stderr
    return done.stdout
