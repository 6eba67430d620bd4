"""How far the demo has come: bars on a terminal, a line now and then where the output goes to a file."""

import sys
from collections.abc import Mapping
from time import monotonic
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

LINE_EVERY_SECONDS = 2.0


class Bars:
    """`totals`: what is counted, by name, and how much of it there will be. A context manager."""

    def __init__(self, console: Console, totals: Mapping[str, int]) -> None:
        self._console = console
        self._totals = dict(totals)
        self._done = dict.fromkeys(totals, 0)
        self._said_at = monotonic()
        self._progress: Progress | None = None
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> "Bars":
        if self._console.is_terminal:
            columns = (TextColumn("  {task.description:<18}"), BarColumn(40), MofNCompleteColumn(), TimeElapsedColumn())
            # What is logged meanwhile is written above the bars, unless it goes to a file.
            aside = sys.stderr.isatty()
            self._progress = Progress(*columns, console=self._console, redirect_stderr=aside)
            self._tasks = {name: self._progress.add_task(name, total=total) for name, total in self._totals.items()}
            self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._progress is not None:
            self._progress.stop()
        elif kind is None:
            self._say()

    def show(self, name: str, done: int) -> None:
        if done == self._done[name]:
            return
        self._done[name] = done
        if self._progress is not None:
            self._progress.update(self._tasks[name], completed=done)
        elif monotonic() - self._said_at >= LINE_EVERY_SECONDS:
            self._say()

    def _say(self) -> None:
        self._said_at = monotonic()
        told = ", ".join(f"{name} {self._done[name]}/{total}" for name, total in self._totals.items())
        self._console.print(f"  {told}", soft_wrap=True)
