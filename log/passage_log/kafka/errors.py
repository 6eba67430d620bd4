"""What the Kafka client's errors mean, by what the caller must do about them.

The client reports a lost connection, a failed retry and a fenced epoch through the same type. Here each becomes one
of the room's errors, or nothing at all where the client mends it by itself.
"""

import logging

import structlog
from confluent_kafka import KafkaError, KafkaException

from passage_log.errors import Fenced, LogError, Truncated, Unfit, Unreachable, WriterLost

logger = logging.getLogger(__name__)
brokers = structlog.get_logger("passage.log")

FENCED = frozenset(
    {
        KafkaError._FENCED,
        KafkaError.INVALID_PRODUCER_EPOCH,
        KafkaError.PRODUCER_FENCED,
        KafkaError.ILLEGAL_GENERATION,
        KafkaError.UNKNOWN_MEMBER_ID,
        KafkaError.FENCED_INSTANCE_ID,
        KafkaError.FENCED_MEMBER_EPOCH,
        KafkaError.STALE_MEMBER_EPOCH,
    }
)

UNREACHABLE = frozenset(
    {
        KafkaError._TRANSPORT,
        KafkaError._ALL_BROKERS_DOWN,
        KafkaError._RESOLVE,
        KafkaError._TIMED_OUT,
        KafkaError._TIMED_OUT_QUEUE,
        KafkaError._MSG_TIMED_OUT,
        KafkaError._WAIT_COORD,
        KafkaError.REQUEST_TIMED_OUT,
    }
)

MOVING = frozenset(
    {
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.REPLICA_NOT_AVAILABLE,
        KafkaError.FENCED_LEADER_EPOCH,
        KafkaError.UNKNOWN_LEADER_EPOCH,
        KafkaError.OFFSET_NOT_AVAILABLE,
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
        KafkaError.COORDINATOR_NOT_AVAILABLE,
        KafkaError.NOT_COORDINATOR,
        # What an admin client says of partitions without a leader.
        KafkaError._NOENT,
    }
)
"""The partition (or group) has no leader yet, or another than the client knew: asked again in a moment, it answers."""

UNFIT = frozenset(
    {
        KafkaError._UNKNOWN_TOPIC,
        KafkaError._UNKNOWN_PARTITION,
        KafkaError._AUTHENTICATION,
        KafkaError._INVALID_ARG,
        KafkaError._UNSUPPORTED_FEATURE,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError.UNKNOWN_TOPIC_ID,
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.GROUP_AUTHORIZATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
        KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
        KafkaError.SASL_AUTHENTICATION_FAILED,
        KafkaError.INCONSISTENT_GROUP_PROTOCOL,
        KafkaError.INVALID_SESSION_TIMEOUT,
        KafkaError.INVALID_TRANSACTION_TIMEOUT,
        KafkaError.INVALID_CONFIG,
        KafkaError.INVALID_PARTITIONS,
        KafkaError.INVALID_REPLICATION_FACTOR,
        KafkaError.INVALID_REQUEST,
        KafkaError.INVALID_TIMESTAMP,
        KafkaError.INVALID_RECORD,
        KafkaError.MSG_SIZE_TOO_LARGE,
        KafkaError.RECORD_LIST_TOO_LARGE,
        KafkaError.OFFSET_METADATA_TOO_LARGE,
        KafkaError.POLICY_VIOLATION,
        KafkaError.TOPIC_EXCEPTION,
    }
)

FORBIDDEN = frozenset(
    {
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.GROUP_AUTHORIZATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
        KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
    }
)
"""The principal lacks a right. Which one, only the one who asked knows: it is `needs` below."""

GONE = frozenset({KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE})

REFUSED = frozenset({KafkaError.INVALID_TIMESTAMP, KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.INVALID_RECORD})
"""The record is at fault, not the topic, if nothing else was in the batch."""

MENDS = {
    KafkaError._INCONSISTENT: "records could not be delivered; see whether the brokers answer",
    KafkaError._UNKNOWN_TOPIC: "create the topic",
    KafkaError.UNKNOWN_TOPIC_OR_PART: "create the topic",
    KafkaError.INVALID_TIMESTAMP: "raise the topic's message.timestamp.before.max.ms or message.timestamp.after.max.ms",
    KafkaError.MSG_SIZE_TOO_LARGE: "raise the topic's max.message.bytes",
    KafkaError.INVALID_TRANSACTION_TIMEOUT: "raise the broker's transaction.max.timeout.ms",
    KafkaError.INCONSISTENT_GROUP_PROTOCOL: "the group's other members share partitions another way; stop them first",
}


def of(error: BaseException | KafkaError) -> KafkaError:
    """The client's own error inside an exception."""
    inside = error.args[0] if isinstance(error, KafkaException) else error
    return inside if isinstance(inside, KafkaError) else KafkaError(KafkaError._FAIL, str(error))


def told(error: KafkaError, where: str, needs: str = "") -> str:
    """One line: where, what the client said, and what would mend it, if one thing would. `needs` is the right that what
    was asked for takes, as in "Read on topic x"."""
    mend = f"grant this client's principal {needs}" if error.code() in FORBIDDEN and needs else MENDS.get(error.code())
    return f"{where}: {error.str()} ({error.name()})" + (f"; {mend}" if mend else "")


def of_question(error: KafkaError, where: str, no_answer: str, needs: str = "") -> LogError:
    """For a question that was asked of the brokers: `no_answer` is what to say when none answered."""
    if error.code() in UNREACHABLE | MOVING or error.retriable():
        return Unreachable(no_answer)
    line = told(error, where, needs)
    return Unfit(line) if error.code() in UNFIT else LogError(line)


def of_event(error: KafkaError, where: str, needs: str = "") -> LogError | None:
    """For what a consumer reports beside its records; None if the client will mend it by itself."""
    if error.code() in GONE:
        return Truncated(
            f"{where}: the records asked for are no longer on the log ({error.str()}); raise the topic's retention, or "
            "start again from what is there"
        )
    if error.code() in UNFIT:
        return Unfit(told(error, where, needs))
    if error.fatal():
        return LogError(told(error, where))
    if error.code() == KafkaError._ALL_BROKERS_DOWN:
        brokers.warning("no_broker_answers", reason=error.str(), consequence="waiting until one does")
    else:
        logger.debug("consumer_event where=%s error=%s", where, error)
    return None


def of_writer(error: KafkaError, where: str, needs: str = "") -> LogError:
    """For a transaction that failed, after it was aborted if that was asked for."""
    if error.code() in FENCED:
        return Fenced(told(error, where))
    if error.code() in UNFIT:
        return Unfit(told(error, where, needs))
    return WriterLost(told(error, where))
