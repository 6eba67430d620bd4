"""Whether any broker answers, asked every few seconds by a thread of its own, and said by every long-running command.

Kafka's client waits for a broker without a word, and one that hangs without closing its connections looks well to it
for a minute. So somebody asks, over a connection of its own that nobody else waits for. That no broker answers is
nobody's fault here: nothing ends for it, and a turn that takes long meanwhile is explained by it.
"""

import threading
from collections.abc import Callable
from time import monotonic, sleep

import structlog

from passage_clock.wall import MachineWall
from passage_log.errors import LogError, Unreachable
from passage_schemas.instant import rfc3339

ASK_EVERY_SECONDS = 5.0
ASK_AGAIN_SECONDS = 1.0
ANSWER_WITHIN_SECONDS = 4.0
"""Two questions unanswered are some ten seconds: longer than a broker's restart takes with its neighbours there."""
SAY_MOST_SECONDS = 60.0

_log = structlog.get_logger("passage.log")


class Brokers:
    """`ask` raises Unreachable where nobody answers; any other answer, a refusal too, is one. Read from any thread."""

    def __init__(self, ask: Callable[[], object], bootstrap: str) -> None:
        self.silent_since: float | None = None
        """In monotonic seconds; None while one answers."""
        self._ask = ask
        self._bootstrap = bootstrap
        self._since = ""
        self._say_at = 0.0
        self._say_every = ASK_EVERY_SECONDS

    def start(self) -> None:
        """Ask from here on until the process ends."""
        threading.Thread(target=self._watch, name="brokers", daemon=True).start()

    def _watch(self) -> None:
        while True:
            self.look()
            sleep(ASK_EVERY_SECONDS if self.silent_since is None else ASK_AGAIN_SECONDS)

    def look(self) -> None:
        """Ask once, and say what came of it where that is news: less and less often while it stays the same."""
        began, wall = monotonic(), MachineWall().now()
        try:
            self._ask()
        except Unreachable:
            if self.silent_since is None:
                self.silent_since, self._since = began, rfc3339(wall)
                self._say_every = ASK_EVERY_SECONDS
                self._say_at = began + self._say_every
            elif monotonic() >= self._say_at:
                self._say()
        except LogError:
            self._answered()  # somebody is there, and what they refuse is told by whoever is refused
        else:
            self._answered()

    def _say(self) -> None:
        _log.warning(
            "no_broker_answers", bootstrap=self._bootstrap, since=self._since, seconds=round(self.seconds, 1),
            consequence="trying again",
        )  # fmt: skip
        self._say_every = min(SAY_MOST_SECONDS, self._say_every * 2)
        self._say_at = monotonic() + self._say_every

    def _answered(self) -> None:
        if self.silent_since is None:
            return
        was_said, after = self._say_every > ASK_EVERY_SECONDS, self.seconds
        self.silent_since = None
        if was_said:
            _log.warning("a_broker_answers_again", bootstrap=self._bootstrap, after_seconds=round(after, 1))

    @property
    def seconds(self) -> float:
        """How long none has answered; 0 while one does."""
        since = self.silent_since
        return 0.0 if since is None else monotonic() - since

    @property
    def line(self) -> str | None:
        """For people; None while one answers, or may."""
        is_news = self.silent_since is not None and self.seconds >= ASK_EVERY_SECONDS
        return f"no broker has answered at {self._bootstrap} for {self.seconds:.0f} s" if is_news else None
