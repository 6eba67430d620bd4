"""Two workers with one name fence each other for ever; each sees it: fenced again and again with the group at rest.

A broker speaks of a fence, too, when it has ended a transaction that took too long. So nobody is accused of it while
a time-out may explain it: one that came so late is not counted, those of a while ago are forgotten, and in the end the
group is asked whether two in it bear one name at all.
"""

from collections import deque
from collections.abc import Callable, Sequence
from urllib.parse import quote

import structlog

from passage_log.errors import LogError
from passage_log.port import GroupMember
from passage_processors.errors import ProcessorError

_TOO_OFTEN, _FORGIVEN_AFTER = 10, 10
"""So many fences without a rebalance are a name given twice; so many commits in between are not."""
_WITHIN_SECONDS = 60.0
"""Namesakes do it to each other every second or two: whoever is fenced comes back after a backoff."""

_log = structlog.get_logger("passage.processors")


def transactional_id(app_name: str, worker: str) -> str:
    """Another for every two names. What stands before the first slash is the app's, whose topics' names have none."""
    return f"{quote(app_name, safe='')}/{worker}"


class Namesakes:
    """Of the worker with this transactional id. `members` asks who is in its group; times in monotonic seconds."""

    def __init__(
        self, transactional_id: str, timeout_seconds: float, members: Callable[[], Sequence[GroupMember]]
    ) -> None:
        self._id = transactional_id
        self._timeout_seconds = timeout_seconds
        self._members = members
        self._fenced_at: deque[float] = deque()
        self._commits_since = 0
        self._began_at: float | None = None

    def group_moved(self) -> None:
        """It may have been the group that moved on."""
        self._fenced_at.clear()

    def begins(self, now: float) -> None:
        self._began_at = now

    def committed(self) -> None:
        self._began_at = None
        self._commits_since += 1
        if self._commits_since >= _FORGIVEN_AFTER:
            self._fenced_at.clear()

    def failed(self, is_fenced: bool, now: float) -> None:
        """A transaction, or what comes before one. Raises ProcessorError when there must be another of our name."""
        began_at, self._began_at = self._began_at, None
        if not is_fenced:
            return
        self._commits_since = 0
        if began_at is not None and now - began_at >= self._timeout_seconds:
            return
        self._fenced_at.append(now)
        while now - self._fenced_at[0] > _WITHIN_SECONDS:
            self._fenced_at.popleft()
        if len(self._fenced_at) >= _TOO_OFTEN:
            self._judge()

    def _judge(self) -> None:
        times = len(self._fenced_at)
        self._fenced_at.clear()
        if self._two_bear_one_name():
            raise ProcessorError(
                f"worker {self._id}: fenced {times} times with the group at rest, so another worker has the same name; "
                "give each its own (--name, PASSAGE_WORKER)"
            )
        _log.warning(
            "fenced_often",
            transactional_id=self._id,
            times=times,
            hint=f"nobody else in the group has its name, so the broker ended its transactions after "
            f"{self._timeout_seconds:g} s; see whether brokers are slow",
        )

    def _two_bear_one_name(self) -> bool:
        try:
            names = [member.name for member in self._members()]
        except LogError:
            return False  # it may as well be the brokers' trouble
        return len(names) != len(set(names))
