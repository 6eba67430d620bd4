"""What a worker waits for and since when, and the one place where that is said.

Whoever waits knows for what, and makes a `Wait` of it while it lasts; whoever turns the worker tells them here, turn by
turn. Said in the log every few seconds, kept for metrics and health. Refuses to find anything out.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

import structlog

_log = structlog.get_logger("passage.processors")

SAY_EVERY_SECONDS = 10.0
"""Longer than a rebalance, a restore or another's commit takes where all is well; short for a person who looks on."""

What = Literal["group", "gate", "ticks", "changelog", "inputs", "answer", "clock", "upstream"]
"""
group       its group gives it nothing, though there is a partition that nobody has
gate        a predecessor's transaction is undecided, so what it committed can't be told yet
ticks       the clock's topics are not read to their end
changelog   nor is the changelog of a task being restored
inputs      there is more on an input, and it doesn't come
answer      no broker tells where the inputs end, so ticks can't pass
clock       facts lie behind a tick that was promised
upstream    ticks lie behind the cuts of an app that an input is derived from
"""
WHATS: tuple[What, ...] = get_args(What)


@dataclass(frozen=True, slots=True)
class Wait:
    """`since` in the worker's monotonic seconds. `hint`: what is waited for, and what would mend it, in a line."""

    since: float
    hint: str
    more: Mapping[str, object] = field(default_factory=dict)


class Waits:
    """Of one worker. Told by its thread; `standing` may be read by any."""

    def __init__(self, app_name: str, monotonic: Callable[[], float]) -> None:
        self.standing: Mapping[What, Wait] = {}
        """Replaced whole, never changed."""
        self._app = app_name
        self._monotonic = monotonic
        self._said_at: dict[What, float] = {}

    def tell(self, what: What, wait: Wait | None) -> None:
        """It waits for this, as long as it is told so; None: no more."""
        if wait is not None:
            self.standing = {**self.standing, what: wait}
            self._say(what, wait)
        elif what in self.standing:
            before = self.standing[what]
            self.standing = {other: wait for other, wait in self.standing.items() if other != what}
            if self._said_at.pop(what, None) is not None:
                _log.info(f"waited_for_{what}", app=self._app, waited_seconds=self._seconds(before))

    def _say(self, what: What, wait: Wait) -> None:
        now = self._monotonic()
        if now - max(wait.since, self._said_at.get(what, wait.since)) < SAY_EVERY_SECONDS:
            return
        self._said_at[what] = now
        _log.warning(
            f"waiting_for_{what}", app=self._app, **wait.more, waited_seconds=self._seconds(wait), hint=wait.hint
        )

    def _seconds(self, wait: Wait) -> float:
        return round(max(0.0, self._monotonic() - wait.since), 1)

    def seconds(self, what: What) -> float:
        """How long it has waited for this; 0 when it does not."""
        wait = self.standing.get(what)
        return 0.0 if wait is None else self._seconds(wait)

    @property
    def line(self) -> str | None:
        """What it has waited for longest, for people; None when for nothing."""
        if not (standing := self.standing):
            return None
        what, wait = min(standing.items(), key=lambda item: item[1].since)
        return f"waiting for {what} for {self._seconds(wait):.0f} s: {wait.hint}"
