"""What a candidate waits for and since when: said in its log every few seconds, and told to whoever watches it.

One wait at a time, the one that stands in the way. Whoever turns the clock tells of it step by step; refuses to find
anything out.
"""

from dataclasses import dataclass
from typing import Literal, get_args

import structlog

from passage_clock.wall import Wall

SAY_EVERY_SECONDS = 10.0
"""Longer than taking office or a change of the group takes where all is well; short for a person who looks on."""

Awaited = Literal["log", "group", "assignment", "fitness", "wall"]
"""
log         the clock's topics can't be read to their end, or the log fails this candidate
group       nobody leads, and the group names nobody
assignment  in office without having been named by the group: no trouble while it lasts
fitness     a file or data with which it may lead
wall        this machine's clock is ahead of the broker's
"""
WHATS: tuple[Awaited, ...] = get_args(Awaited)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ClockWait:
    """`since` in the clock's monotonic seconds. `hint`: what stands in the way and what would mend it, in a line."""

    what: Awaited
    hint: str
    since: float

    def told(self, now: float) -> str:
        return f"waiting for {now - self.since:.0f} s ({self.what}): {self.hint}"


class ClockWaits:
    """Of one candidate. Belongs to its thread."""

    def __init__(self, candidate: str, wall: Wall) -> None:
        self.standing: ClockWait | None = None
        self._candidate = candidate
        self._wall = wall
        self._said_at: float | None = None

    def tell(self, what: Awaited | None, hint: str = "") -> None:
        """It waits for this, as long as it is told so; None: for nothing any more."""
        now, before = self._wall.monotonic(), self.standing
        if before is not None and before.what != what:
            self._end(before, now)
        if what is None:
            return
        standing = self.standing
        self.standing = ClockWait(what, hint, now if standing is None else standing.since)
        said_at = self.standing.since if self._said_at is None else self._said_at
        if now - said_at >= SAY_EVERY_SECONDS:
            self._said_at = now
            waited = round(now - self.standing.since, 1)
            log.warning("waiting", candidate=self._candidate, what=what, waited_seconds=waited, hint=hint)

    def _end(self, before: ClockWait, now: float) -> None:
        if self._said_at is not None:
            waited = round(now - before.since, 1)
            log.info("waited", candidate=self._candidate, what=before.what, waited_seconds=waited)
        self.standing = self._said_at = None
