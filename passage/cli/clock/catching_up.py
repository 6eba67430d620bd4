"""How a backfill goes, shown to whoever started the clock at a terminal: a bar instead of a line for each batch."""

from collections.abc import MutableMapping
from typing import Any

import structlog
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from passage_clock.leading.observer import Quiet


class CatchUpBar(Quiet):
    """An observer. The bar is there while ticks remain, and grows when more fall due."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._progress: Progress | None = None
        self._task = TaskID(0)
        self._most = 0

    def catching_up(self, remaining: int | None) -> None:
        if remaining is None:
            self.close()
            return
        if self._progress is None:
            parts = (TextColumn("catching up"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
            self._progress = Progress(*parts, console=self._console, transient=True)
            self._task = self._progress.add_task("catching up", total=remaining)
            self._most = remaining
            self._progress.start()
        self._most = max(self._most, remaining)
        self._progress.update(self._task, total=self._most, completed=self._most - remaining)

    def close(self) -> None:
        """Take the bar away. A second call does nothing."""
        if self._progress is not None:
            self._progress.stop()
            self._progress = None

    def drop_batches(self, logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        """A structlog processor: while the bar says how far it has come, lines that say it too are dropped."""
        del logger, method
        if self._progress is not None and event.get("event") == "ticks_published":
            raise structlog.DropEvent
        return event
