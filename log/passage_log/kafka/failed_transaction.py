"""What a transaction failed of, and what becomes of it.

The call that failed seldom says: once the client has met a fatal error, all it tells is that it has, and of a record
it threw away that it did. Why, it tells whoever asks it for what it can't do now. A transaction the client wants
aborted is aborted, so that readers need not wait for its time-out.

Refuses to try again: whatever it was, the writer's use is over.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from confluent_kafka import KafkaError, KafkaException, Producer

from passage_log.errors import LogError, Unfit, WriterLost
from passage_log.kafka import bounded, errors
from passage_schemas.log_record import Partition

ABORT_TIMEOUT_SECONDS = 5.0

Absent = Callable[[Sequence[Partition]], list[Partition]]
"""Which of some partitions there are not."""


@dataclass(frozen=True, slots=True)
class FailedTransaction:
    """`where` names its writer, `targets` the partitions it has records for."""

    producer: Producer
    where: str
    transactional_id: str
    targets: Collection[Partition]
    absent: Absent

    def ended(self, error: KafkaError) -> LogError:
        """What to raise."""
        cause = self._cause_of(error)
        if cause.txn_requires_abort():
            self.abort()
        if cause.code() == KafkaError._INCONSISTENT and (absent := self.absent(sorted(self.targets))):
            return Unfit(f"{self.where}: there is no {absent[0].topic}[{absent[0].number}]; create the topic")
        return errors.of_writer(cause, self.where, self._needs(cause))

    def abort(self) -> KafkaError | None:
        """What the client has against it, if it says so. It is never the error to report: what can't be aborted will be
        fenced, or time out."""
        producer, seconds = self.producer, ABORT_TIMEOUT_SECONDS
        try:
            bounded.call(
                f"{self.where}: abort",
                seconds + bounded.GRACE_SECONDS,
                lambda: producer.abort_transaction(seconds),
                WriterLost,
            )
        except (KafkaException, WriterLost) as error:
            errors.logger.debug("abort_failed writer=%s error=%s", self.transactional_id, error)
            return errors.of(error) if isinstance(error, KafkaException) else None
        return None

    def _cause_of(self, error: KafkaError) -> KafkaError:
        """What the transaction says of a fatal error, or of a wrong state, which is one the client has yet to note.

        The client answers at once, but by a thread of its own: without patience a busy machine hears a time-out.
        """
        if error.code() == KafkaError._PURGE_QUEUE:
            return self._why_purged() or error
        if error.code() in (KafkaError._FATAL, KafkaError._STATE):
            return self.abort() or error
        return error

    def _why_purged(self) -> KafkaError | None:
        """A record was thrown away because its transaction failed, perhaps for another's sake. To ask for a second
        beginning can do no harm."""
        try:
            self.producer.begin_transaction()
        except KafkaException as refusal:
            inside = errors.of(refusal)
            return None if inside.code() == KafkaError._STATE else inside
        return None

    def _needs(self, error: KafkaError) -> str:
        """The right a write takes; of several topics, the one the client names."""
        if error.code() != KafkaError.TOPIC_AUTHORIZATION_FAILED:
            return f"Write on transactional id {self.transactional_id}"
        topics = sorted({partition.topic for partition in self.targets})
        return f"Write on topic {next((topic for topic in topics if topic in error.str()), ' or '.join(topics))}"
