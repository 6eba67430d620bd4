"""Tells a scenario as it goes: what happens, how much time passes, what follows. For the examples' own `__main__`.

Story("An order", app, CLOCK).tell(NewOrder("ord-1", "ada"), workdays_pass(5))
"""

import logging
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog
from rich.console import Console

from passage import App, Passing, Scenario

ZONE = ZoneInfo("Europe/Amsterdam")


def only_warnings() -> None:
    """What clock and worker say as they go is no part of a story."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


class Story:
    """One scenario, told on the terminal in civil time."""

    def __init__(
        self, title: str, app: App, clock: Path, starts_at: datetime | None = None, console: Console | None = None
    ) -> None:
        self._scenario = Scenario(app, clock) if starts_at is None else Scenario(app, clock, starts_at)
        self._console = console or Console(highlight=False)
        self._say("bold", title)

    def tell(self, *steps: object) -> "Story":
        """Play them, one after the other, and say what follows from each."""
        for step in steps:
            if isinstance(step, Passing):
                self._pass(step)
            else:
                self._say("cyan", f"  {civil(self._scenario.present)}  ● {step}")
                self._scenario.when(step)
                self._say_what_followed()
        return self

    def meanwhile(self, what: str, *steps: object) -> "Story":
        """Play them without a word for each; what follows is told."""
        self._scenario.when(*steps)
        self._say("dim", f"                    │ {what}")
        self._say_what_followed()
        return self

    def _pass(self, passing: Passing) -> None:
        """Tick by tick, so that what follows is told under the tick it follows from."""
        a_tick, silent = replace(passing, count=1), 0
        for _ in range(passing.count):
            self._scenario.when(a_tick)
            silent += 1
            if self._scenario.followed:
                self._say_ticks(silent, passing)
                self._say_what_followed()
                silent = 0
        self._say_ticks(silent, passing)

    def _say_ticks(self, count: int, passing: Passing) -> None:
        name = passing.of or passing.every
        if count:
            self._say("dim", f"                    │ {'·' * min(count, 60)}  {count} of {name}")

    def _say_what_followed(self) -> None:
        for at, event in zip(self._scenario.followed_at, self._scenario.followed, strict=True):
            self._say("yellow", f"  {civil(at)}  → {event}")

    def _say(self, style: str, line: str) -> None:
        self._console.print(line, style=style, soft_wrap=True, markup=False)


def civil(at: datetime) -> str:
    return f"{at.astimezone(ZONE):%Y-%m-%d %H:%M}"
