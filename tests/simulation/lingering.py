"""A log whose writers keep their records back until the commit, as Kafka's client does: a transaction's positions may
reach the log before its records do. Nothing is faked: what got through is on the log.
"""

from collections.abc import Mapping

from passage_log.memory import MemoryLog
from passage_log.memory.writer import MemoryWriter
from passage_log.port import Committed, Member
from passage_schemas.log_record import Headers, Partition
from tests.clock.faults import FaultyLog, FaultyWriter, Hook, seat_of


class Killed(BaseException):
    """The process is gone: nothing of it may run on, and no `except Exception` either."""


class Linger(FaultyWriter):
    """Keeps records back until the commit, and sends them after the positions."""

    def __init__(self, writer: MemoryWriter, hook: Hook) -> None:
        super().__init__(writer, hook)
        self._memory = writer
        self._kept: list[tuple[Partition, bytes | None, bytes | None, int, Headers]] = []

    def begin(self) -> None:
        self._hook("before begin")
        self._kept = []
        self._memory.begin()

    def append(
        self, partition: Partition, key: bytes | None, value: bytes | None, timestamp_ms: int, headers: Headers = ()
    ) -> None:
        self._kept.append((partition, key, value, timestamp_ms, headers))

    def commit(self, positions: Mapping[Partition, Committed] | None = None, member: Member | None = None) -> None:
        self._hook("before positions")
        if positions is not None and member is not None:
            self._memory.send_positions(positions, seat_of(member))
        self._hook("before records")
        for record in self._kept:
            self._memory.append(*record)
        self._hook("before commit")
        self._memory.commit()
        self._hook("after commit")


class LingeringLog(FaultyLog):
    def __init__(self, log: MemoryLog, hook: Hook) -> None:
        super().__init__(log, hook)
        self._memory = log

    def writer(self, transactional_id: str, transaction_timeout_seconds: float = 15.0) -> Linger:
        return Linger(self._memory.writer(transactional_id, transaction_timeout_seconds), self._hook)
