"""Counted schedules that were silenced, removed or paused for long, while wake-ups are open: these get no tick.

Nothing is waited for then, no fact is held, and the task is at rest: without this nobody would be told, for ever.
Refuses to know the time of day: a pause is long by this worker's own seconds, from when it heard of it.
"""

from collections.abc import Callable, Iterable

import structlog

from passage_processors.app import App
from passage_processors.core.order.promises import Promises
from passage_processors.runtime.task import Task

_log = structlog.get_logger("passage.processors")

LONG_PAUSE_SECONDS = 60.0
"""Whoever pauses a schedule for a moment need not hear of it."""
SAY_EVERY_SECONDS = 10.0


class Silenced:
    """Of one worker. Times in monotonic seconds."""

    def __init__(self, app: App, promises: Promises, monotonic: Callable[[], float]) -> None:
        self.schedules: tuple[str, ...] = ()
        """Those that wake-ups may wait for in vain, as of the last look."""
        self._app = app
        self._promises = promises
        self._monotonic = monotonic
        self._since: dict[str, float] = {}
        self._said_at = float("-inf")

    def look(self, tasks: Iterable[Task]) -> None:
        """Notice them, and say so every few seconds. Costs nothing while all are active."""
        silenced = {name: one for name, one in self._promises.silenced.items() if name in self._app.counted}
        now = self._monotonic()
        self._since = {name: self._since.get(name, now) for name in silenced}
        opened = sum(task.cut.open for task in tasks) if silenced else 0
        long = (
            name
            for name, one in sorted(silenced.items())
            if one.status == "removed" or now - self._since[name] >= LONG_PAUSE_SECONDS
        )
        self.schedules = tuple(long) if opened else ()
        if self.schedules and now - self._said_at >= SAY_EVERY_SECONDS:
            self._said_at = now
            for name in self.schedules:
                self._say(name, opened, now)

    def _say(self, name: str, opened: int, now: float) -> None:
        entry = self._promises.silenced[name]
        mend = "put it back into the clock's file" if entry.status == "removed" else f"passage clock resume {name}"
        _log.warning(
            "schedule_silenced",
            app=self._app.name,
            schedule=name,
            status=entry.status,
            by=entry.status_by,
            reason=entry.status_reason,
            open=opened,
            waited_seconds=round(now - self._since[name], 1),
            mend=f"{mend}: wake-ups that count it get no tick until then",
        )
