"""The transactional writer on Kafka.

Here is what begins and ends a transaction; its records go by `sender`, and what it failed of `failed_transaction` finds
out. No call waits for a broker beyond `bounded`, and no transaction is held open until the broker would end it.

States: made -> (open) idle -> (begin) in transaction -> (commit, abort) idle. Any error ends the writer's use, and an
error that leaves the transaction open is answered with an abort, so that readers need not wait for its timeout.
"""

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from time import monotonic

from confluent_kafka import KafkaException, Producer, TopicPartition

from passage_log.errors import LogError, Unreachable, WriterLost
from passage_log.kafka import bounded, errors
from passage_log.kafka.access import Access, Ear
from passage_log.kafka.failed_transaction import Absent
from passage_log.kafka.member import checked
from passage_log.kafka.records import LimitOf
from passage_log.kafka.sender import LEAST_SECONDS, Sender
from passage_log.port import Committed, Member
from passage_log.positions import check_positions
from passage_schemas.log_record import Partition

OPEN_SECONDS = 10.0
"""A turn of a worker or a clock that opens its writer is held no longer by brokers that don't answer: the next turn
tries again, and in between the process hears that it is to stop."""

SHARE_OF_TIMEOUT = 2 / 3
"""Of the transaction's time-out, from its beginning: what has not ended by then is given up by us, as lost. Later the
broker would end it, and call that a fence, as if somebody had taken the writer's place."""


class KafkaWriter(Sender):
    """`limit_of` and `absent` are the sender's. `timeout_seconds` is the transactions', `open_seconds` how long `open`
    waits for a broker, `access` knows why one refused us, `ear` is the producer's logger."""

    def __init__(
        self,
        make: Callable[[], Producer],
        transactional_id: str,
        timeout_seconds: float,
        open_seconds: float,
        limit_of: LimitOf,
        absent: Absent,
        access: Access,
        ear: Ear,
    ) -> None:
        super().__init__(transactional_id, timeout_seconds * SHARE_OF_TIMEOUT, limit_of, absent)
        self._make = make
        self._open_seconds = open_seconds
        self._access = access
        self._ear = ear
        self._lost_before = 0

    def open(self) -> None:
        producer = self._make()
        self._producer, self._produce = producer, producer.produce
        try:
            with self._access.question():
                self._take_id(producer)
        except LogError:
            self.discard()  # it would look for its broker for ever
            raise
        self._lost_before = self._lost_connections()

    def _take_id(self, producer: Producer) -> None:
        deadline = monotonic() + self._open_seconds
        try:
            # A connection first: a client asks for its coordinator at birth and, with no broker at hand yet, again
            # only after half a second. That would be most of a take-over.
            self._call("a broker", self._open_seconds, lambda left: producer.list_topics(timeout=left), Unreachable)
            left = max(LEAST_SECONDS, deadline - monotonic())
            self._call("its transactional id", left, producer.init_transactions, Unreachable)
        except KafkaException as error:
            inside = errors.of(error)
            if inside.code() in errors.UNREACHABLE or inside.retriable():
                with suppress(KafkaException):  # what it says is heard by `access`, which is asked next
                    producer.poll(0)
                self._access.check()
                raise Unreachable(self._access.no_answer(self._open_seconds)) from error
            raise errors.of_writer(inside, self._where, f"Write on transactional id {self._id}") from error

    def begin(self) -> None:
        self._targets.clear()
        self._lost_before = self._lost_connections()
        self._deadline = monotonic() + self._seconds
        self._attempt(lambda producer: producer.begin_transaction())

    def send_positions(self, positions: Mapping[Partition, Committed], member: Member) -> None:
        """First half of a commit with positions: they become part of the transaction, undecided until it ends."""
        check_positions(positions)
        sent = [
            TopicPartition(partition.topic, partition.number, committed.offset, committed.note)
            for partition, committed in positions.items()
        ]
        try:
            credentials = checked(member).credentials()
        except LogError:
            if (failed := self._failed()) is not None:
                failed.abort()
            raise
        self._attempt(
            lambda producer: self._call(
                "its group's positions",
                self._left,
                lambda left: producer.send_offsets_to_transaction(sent, credentials, left),
            )
        )

    def commit(self, positions: Mapping[Partition, Committed] | None = None, member: Member | None = None) -> None:
        if (positions is None) != (member is None):
            raise ValueError("positions are committed for a member, and a member commits positions: give both or none")
        if positions is not None and member is not None:
            self.send_positions(positions, member)
        self._attempt(lambda producer: self._call("commit", self._left, producer.commit_transaction))

    def abort(self) -> None:
        # First all is stored. While the transaction before is still being settled, its coordinator has not taken up
        # this one: told to abort it, it would answer for the one before (INVALID_TXN_STATE), and the client end.
        self._attempt(lambda producer: self._call("the storing of its records", self._left, producer.flush))
        self._attempt(lambda producer: self._call("abort", self._left, producer.abort_transaction))

    def discard(self) -> None:
        producer, self._producer, self._produce = self._producer, None, self._not_open
        if producer is not None:
            # The client waits for its own threads when it is let go of; that is not our time to spend.
            threading.Thread(target=_let_go, args=[producer, self._where], name="discard-writer", daemon=True).start()

    @property
    def is_doubtful(self) -> bool:
        return self._lost_connections() > self._lost_before

    def _lost_connections(self) -> int:
        if self._producer is not None:
            with suppress(KafkaException):  # a fatal error is raised again by the next call
                self._producer.poll(0)
        return self._ear.lost_connections

    def _call(
        self,
        what: str,
        seconds: float,
        step: Callable[[float], object],
        otherwise: Callable[[str], LogError] = WriterLost,
    ) -> None:
        """The step, told how many seconds it may take."""
        bounded.call(f"{self._where}: {what}", seconds + bounded.GRACE_SECONDS, lambda: step(seconds), otherwise)


def _let_go(producer: Producer, where: str) -> None:
    """Everything unsent is dropped; the last reference goes with this call.

    First an open transaction is aborted, so that the client registers no more partitions with it: a client that is
    destroyed just as it sends them hears that they were dropped before it has counted them, and ends the process
    (librdkafka asserts `txn_req_cnt > 0`). It refuses where there is nothing to abort, or a commit under way.
    """
    bounded.leave(f"{where}: abort", lambda: producer.abort_transaction(bounded.CLOSE_SECONDS))
    producer.purge(blocking=False)
