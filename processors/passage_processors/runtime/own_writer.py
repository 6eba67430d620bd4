"""The worker's one writer: opened when it is needed, replaced when it may be of no use any more.

Opening it ends what this worker, or the one before under its name, left undecided. What hangs all the same, because its
coordinator called it ended, is aborted by whoever is held up by it.
"""

from collections.abc import Collection

import structlog

from passage_log.hanging import end_hanging
from passage_log.port import Log, Member, Partition, Writer
from passage_processors.app import App
from passage_processors.runtime.namesakes import transactional_id
from passage_processors.runtime.topics import tasks_of

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
