"""The tutorial is followed to the letter: its files are written, its commands are run.

Only the names of topics and groups are changed, so that it can be followed twice on one Kafka. A file is a block of
code after a line that names it; `sh` blocks run to their end, `sh terminal` blocks in a terminal of their own, until a
block is `sh stopped` or all is over. What else is set off (`make kafka`, `export`) is what the
reader's machine needs and this one has.
"""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
TUTORIAL = ROOT / "docs" / "tutorial" / "first-process.md"
ON_KAFKA = "## 4. On Kafka"
BLOCK = re.compile(r"(?:^`(?P<file>[\w.]+)`:\n\n)?^```(?P<kind>[a-z ]+)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)


class Block(NamedTuple):
    file: str | None
    kind: str
    text: str


def blocks(page: str) -> list[Block]:
    return [Block(found["file"], found["kind"], found["text"]) for found in BLOCK.finditer(page)]


class Reader:
    """Somebody who follows the tutorial in a directory of their own."""

    def __init__(self, directory: Path, environment: dict[str, str]) -> None:
        self._directory = directory
        scripts = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        self._environment = {"PATH": scripts, "PYTHONPATH": str(ROOT), **environment}
        self._terminals: list[subprocess.Popen[bytes]] = []
        self.seen = ""

    def follow(self, block: Block) -> None:
        if block.file is not None:
            (self._directory / block.file).write_text(block.text, "utf-8")
            return
        if block.kind == "sh stopped":
            self.leave()
        for line in block.text.strip().splitlines():
            if block.kind == "sh terminal":
                self._open(line)
            else:
                self._run(line)

    def _run(self, line: str) -> None:
        done = subprocess.run(
            line.split(), cwd=self._directory, env=self._environment, capture_output=True, text=True, check=False,
            timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}{self._said_by_terminals()}"
        self.seen += done.stdout

    def _open(self, line: str) -> None:
        with (self._directory / f"terminal-{len(self._terminals)}").open("wb") as said:
            self._terminals.append(
                subprocess.Popen(line.split(), cwd=self._directory, env=self._environment, stdout=said, stderr=said)
            )

    def _said_by_terminals(self) -> str:
        return "".join(file.read_text("utf-8")[-2_000:] for file in sorted(self._directory.glob("terminal-*")))

    def leave(self) -> None:
        for terminal in self._terminals:
            terminal.terminate()
        ended = [terminal.wait(30) for terminal in self._terminals]
        assert ended == [0] * len(ended), self._said_by_terminals()
        self._terminals.clear()


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Callable[[dict[str, str]], Reader]]:
    opened: list[Reader] = []

    def open_one(environment: dict[str, str]) -> Reader:
        opened.append(Reader(tmp_path, environment))
        return opened[-1]

    yield open_one
    for one in opened:
        one.leave()


def test_the_tutorial_can_be_followed_without_a_kafka(reader: Callable[[dict[str, str]], Reader]) -> None:
    here, _, rest = TUTORIAL.read_text("utf-8").partition(ON_KAFKA)
    assert rest
    someone = reader({})
    for block in blocks(here):
        someone.follow(block)
    assert "3 passed" in someone.seen


@pytest.mark.kafka
def test_the_tutorial_can_be_followed_to_its_end(
    reader: Callable[[dict[str, str]], Reader], kafka_bootstrap: str, topic_name: Callable[..., str]
) -> None:
    someone = reader({"PASSAGE_BOOTSTRAP": kafka_bootstrap})
    page = apart(TUTORIAL.read_text("utf-8"), topic_name)
    for block in blocks(page):
        someone.follow(block)
    shown = re.findall(r"^    (loan-\d ReaderWasReminded.*)$", page, re.MULTILINE)
    heard = [line for line in someone.seen.splitlines() if "ReaderWasReminded" in line]
    assert len(shown) == len(heard) == 3
    assert sorted(heard) == sorted(shown)


def apart(page: str, topic_name: Callable[..., str]) -> str:
    """Under names of this run's own. Everything else is as the reader sees it."""
    ticks, schedules = topic_name("ticks"), topic_name("schedules")
    clock = f"group: {topic_name('clock')}\ntopics: {{ticks: {ticks}, schedules: {schedules}, "
    clock += (
        f"control: {topic_name('control')}, triggers: {topic_name('triggers')}}}\nschedules:\n  - {{name: day.library"
    )
    app = (
        f'name="{topic_name("lending")}",\n    ticks_topic="{ticks}",\n    schedules_topic="{schedules}",\n    inputs='
    )
    renamed = {
        "schedules:\n  - {name: day.library": clock,
        'name="lending",\n    inputs=': app,
        '"loans"': f'"{topic_name("loans")}"',
        '"reminders"': f'"{topic_name("reminders")}"',
        '"listen"': f'"{topic_name("listen")}"',
    }
    for shown, own in renamed.items():
        assert shown in page, f"the tutorial no longer says {shown!r}; tell the test"
        page = page.replace(shown, own)
    return page


def test_every_block_of_the_tutorial_is_one_a_reader_can_follow() -> None:
    page = TUTORIAL.read_text("utf-8")
    found = blocks(page)
    assert len(found) * 2 == page.count("\n```")
    assert all(block.file for block in found if block.kind in ("python", "yaml"))
    assert {block.kind for block in found} == {"python", "yaml", "sh", "sh terminal", "sh stopped"}
