"""A worker in a process of its own that stops (SIGSTOP) or kills (SIGKILL) itself in the middle of a transaction.

    python -m tests.chaos.stopping BOOTSTRAP MOMENT SIGNAL MUTANT

`begin`      before a transaction is begun: its step is folded, nothing of it has left the process
`produced`   the records are at the broker, their positions are not
`records`    the positions are part of the transaction, the records still wait in the client to be sent
`after`      the commit has returned, and nothing has been made of it
`piecemeal`  nowhere, but a transaction's records go to the broker a few at a time; `never`: nowhere

What became of the transaction once the process was resumed is told as the event `tried`. MUTANT is `honest`,
`no-positions` for a worker whose transactions carry none, or `no-doubt` for one that keeps its writer whatever became
of its connections.
"""

import os
import signal
import sys
from collections.abc import Iterable, Mapping, Sequence

import structlog

from passage.running.log_lines import tell_logs
from passage.running.signals import stopped_by_signals
from passage_log.errors import LogError
from passage_log.kafka import KafkaLog
from passage_log.kafka.writer import KafkaWriter
from passage_log.port import Committed, Member, Writer
from passage_processors import App, Worker
from passage_processors.runtime import commit as commits
from passage_processors.runtime import worker
from passage_processors.runtime.task import Step
from passage_schemas.log_record import Headers, Partition, Weighed
from tests.chaos.orders_world import app

STOPS_AT_TRANSACTION = 8
"""By then there are derived events, wake-ups and letters."""
MAX_FACTS, MAX_FIRES = 8, 3
FLUSH_SECONDS = 10.0

UNTIL_FLUSHED = {"linger.ms": "14000"}
"""Records wait in the client until the commit flushes them; no longer than a transaction may last."""


class StoppingWriter:
    """One writer of the worker's, counting transactions."""

    doubts_nothing = False

    def __init__(self, writer: KafkaWriter, moment: str, strike: signal.Signals) -> None:
        self._writer = writer
        self._moment = moment
        self._strike = strike
        self._begun = 0

    def open(self) -> None:
        self._writer.open()

    def begin(self) -> None:
        self._begun += 1
        self._stop_at("begin")
        self._writer.begin()

    def append(
        self, partition: Partition, key: bytes | None, value: bytes | None, timestamp_ms: int, headers: Headers = ()
    ) -> None:
        self._writer.append(partition, key, value, timestamp_ms, headers)

    def append_each(self, partition: Partition, records: Iterable[Weighed], timestamp_ms: int) -> None:
        for key, value, headers, _size in records:
            self.append(partition, key, value, timestamp_ms, headers)

    def append_all(
        self, partition: Partition, prefix: bytes, values: Mapping[bytes, bytes | None], timestamp_ms: int
    ) -> None:
        if self._moment == "piecemeal":
            self._flush()
        for key, value in values.items():
            self.append(partition, prefix + key, value, timestamp_ms)

    def commit(self, positions: Mapping[Partition, Committed] | None = None, member: Member | None = None) -> None:
        try:
            self._commit(positions, member)
        except LogError as error:
            self._tell(type(error).__name__)
            raise
        self._tell("committed")

    def _commit(self, positions: Mapping[Partition, Committed] | None, member: Member | None) -> None:
        if self._moment == "produced":
            self._flush()
        self._stop_at("produced")
        if positions is not None and member is not None:
            self._writer.send_positions(positions, member)
        self._stop_at("records")
        self._writer.commit()
        self._stop_at("after")

    @property
    def is_doubtful(self) -> bool:
        return self._writer.is_doubtful and not self.doubts_nothing

    def discard(self) -> None:
        self._writer.discard()

    def _flush(self) -> None:
        assert self._writer._producer is not None
        self._writer._producer.flush(FLUSH_SECONDS)

    def _stop_at(self, moment: str) -> None:
        if moment == self._moment and self._begun == STOPS_AT_TRANSACTION:
            os.kill(os.getpid(), self._strike)

    def _tell(self, outcome: str) -> None:
        if self._begun == STOPS_AT_TRANSACTION:
            structlog.get_logger().info("tried", outcome=outcome)


class StoppingLog(KafkaLog):
    moment = "begin"
    strike = signal.SIGSTOP

    def writer(self, transactional_id: str, transaction_timeout_seconds: float = 15.0) -> KafkaWriter:
        writer = super().writer(transactional_id, transaction_timeout_seconds)
        return StoppingWriter(writer, self.moment, self.strike)  # type: ignore[return-value]  # the port's, as far as it is used


def without_positions(app: App, writer: Writer, member: Member, steps: Sequence[Step]) -> None:
    """The mutant: nothing proves to the broker that this worker still owns its partitions."""
    writer.begin()
    for step in steps:
        commits.write_step(app, writer, step)
    writer.commit()


def main(arguments: Sequence[str]) -> None:
    bootstrap, moment, strike, mutant = arguments
    tell_logs()
    if mutant == "no-positions":
        setattr(worker, "commit", without_positions)  # noqa: B010 - nobody else may import it from there
    StoppingWriter.doubts_nothing = mutant == "no-doubt"
    log = StoppingLog(bootstrap, UNTIL_FLUSHED if moment == "records" else None)
    log.moment, log.strike = moment, signal.Signals[strike]
    Worker(app, log, "stopped", max_facts=MAX_FACTS, max_fires=MAX_FIRES).run(stopped_by_signals().is_set)


if __name__ == "__main__":
    main(sys.argv[1:])
