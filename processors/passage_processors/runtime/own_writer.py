"""The worker's one writer: opened when it is needed, replaced when it may be of no use any more; and its name.

Opening it ends what this worker, or the one before under its name, left undecided. What hangs all the same, because its
coordinator called it ended, is aborted by whoever is held up by it.

Two workers with one name fence each other for ever; each sees it: fenced again and again with the group at rest. A
broker speaks of a fence, too, when it has ended a transaction that took too long. So nobody is accused of it while a
time-out may explain it: one that came so late is not counted, those of a while ago are forgotten, and in the end the
group is asked whether two in it bear one name at all.
"""

from collections import deque
from collections.abc import Callable, Collection, Sequence
from urllib.parse import quote

import structlog

from passage_log.errors import LogError
from passage_log.hanging import end_hanging
from passage_log.port import GroupMember, Log, Member, Writer
from passage_processors.app import App
from passage_processors.errors import ProcessorError
from passage_processors.runtime.topics import tasks_of
from passage_schemas.log_record import Partition

TRANSACTION_TIMEOUT_SECONDS = 15.0

_log = structlog.get_logger("passage.processors")


class OwnWriter:
    """`worker` is the worker's name, the same after a restart."""

    def __init__(self, app: App, log: Log, worker: str) -> None:
        self.transactional_id = transactional_id(app.name, worker)
        self._app = app
        self._log = log
        self._writer: Writer | None = None
        self._has_ended_hanging = False

    @property
    def is_open(self) -> bool:
        return self._writer is not None

    def open(self) -> Writer:
        """One that lost a connection since its last transaction began is replaced: after a broker's restart its client
        may wait for a coordinator it once knew. (Who is deposed is so by the group, not by this.)"""
        if self._writer is not None and self._writer.is_doubtful:
            self.drop()
        if self._writer is None:
            writer = self._log.writer(self.transactional_id, TRANSACTION_TIMEOUT_SECONDS)
            writer.open()
            self._writer, self._has_ended_hanging = writer, False
        return self._writer

    def end_hanging(self, numbers: Collection[int], member: Member) -> None:
        """Of the tasks of these numbers, once a writer. Raises Fenced, WriterLost, Unreachable."""
        writer = self.open()
        if self._has_ended_hanging:
            return
        app, everywhere = self._app, range(tasks_of(self._log, self._app))
        places = [Partition(app.output, n) for n in everywhere]  # an event may have a key of its own
        places += [Partition(topic, n) for topic in (app.changelog, app.timeline, app.dead_letters) for n in numbers]
        end_hanging(writer, places, [Partition(topic, n) for topic in app.sources for n in numbers], member)
        self._has_ended_hanging = True
        _log.info("hanging_ended", app=app.name, partitions=sorted(numbers))

    def drop(self) -> None:
        if self._writer is not None:
            self._writer.discard()
            self._writer = None


_TOO_OFTEN, _FORGIVEN_AFTER = 10, 10
"""So many fences without a rebalance are a name given twice; so many commits in between are not."""

_WITHIN_SECONDS = 60.0
"""Namesakes do it to each other every second or two: whoever is fenced comes back after a backoff."""


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
