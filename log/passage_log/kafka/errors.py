"""What the Kafka client's errors mean, by what the caller must do about them.

Every code belongs to one kind: somebody has to change something (`UNFIT`, with what), another has taken our place
(`FENCED`), the records are gone (`GONE`), or it may pass. What may pass is asked again, and never ends a process: a
broker that fails says so in many ways, and the list grows with each of its versions.

The client reports a lost connection, a failed retry and a fenced epoch through the same type. Here each becomes one
of the room's errors, or nothing at all where the client mends it by itself.
"""

import logging
from collections.abc import Mapping
from time import monotonic

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

PASSING = frozenset(
    {
        KafkaError.BROKER_NOT_AVAILABLE,
        KafkaError.NETWORK_EXCEPTION,
        KafkaError.NOT_CONTROLLER,
        KafkaError.STALE_CTRL_EPOCH,
        KafkaError.STALE_BROKER_EPOCH,
        KafkaError.NOT_ENOUGH_REPLICAS,
        KafkaError.NOT_ENOUGH_REPLICAS_AFTER_APPEND,
        KafkaError.PREFERRED_LEADER_NOT_AVAILABLE,
        KafkaError.ELIGIBLE_LEADERS_NOT_AVAILABLE,
        KafkaError.REASSIGNMENT_IN_PROGRESS,
        KafkaError.THROTTLING_QUOTA_EXCEEDED,
        KafkaError.REBALANCE_IN_PROGRESS,
        KafkaError.MEMBER_ID_REQUIRED,
        KafkaError.CONCURRENT_TRANSACTIONS,
        KafkaError.UNSTABLE_OFFSET_COMMIT,
        KafkaError.FETCH_SESSION_ID_NOT_FOUND,
        KafkaError.INVALID_FETCH_SESSION_EPOCH,
        KafkaError._ASSIGNMENT_LOST,
        KafkaError._DESTROY_BROKER,
        KafkaError._IN_PROGRESS,
        KafkaError._ISR_INSUFF,
        KafkaError._NODE_UPDATE,
        KafkaError._PARTIAL,
        KafkaError._PARTITION_EOF,
        KafkaError._PREV_IN_PROGRESS,
        KafkaError._QUEUE_FULL,
        KafkaError._RETRY,
        KafkaError._WAIT_CACHE,
    }
)
"""Brokers that come, go or are busy, and say so. A consumer tries again by itself."""

_RIGHT = "grant this client's principal the right"
_PROVE = "check client sasl.mechanism, sasl.username and sasl.password"
_TOKEN = "see to the delegation token the client's settings name"
_CREATE = "create the topic"
_SETTINGS = "correct the topic's settings, or those of the broker for new topics"
_BROKER = "see which brokers this client supports, and upgrade the older of the two"

UNFIT: Mapping[int, str] = {
    KafkaError._UNKNOWN_TOPIC: _CREATE,
    KafkaError._UNKNOWN_PARTITION: "create the topic, or give it more partitions",
    KafkaError._AUTHENTICATION: _PROVE,
    KafkaError._INVALID_ARG: "correct what is named; where it is a setting of the client, its spelling is librdkafka's",
    KafkaError._UNSUPPORTED_FEATURE: _BROKER,
    KafkaError.UNKNOWN_TOPIC_OR_PART: _CREATE,
    KafkaError.UNKNOWN_TOPIC_ID: "the topic was deleted, or made anew under its name: see which, then start again",
    KafkaError.INCONSISTENT_TOPIC_ID: "the topic was made anew under its name: see to it, then start again",
    KafkaError.TOPIC_AUTHORIZATION_FAILED: _RIGHT,
    KafkaError.GROUP_AUTHORIZATION_FAILED: _RIGHT,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED: _RIGHT,
    KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED: _RIGHT,
    KafkaError.DELEGATION_TOKEN_AUTHORIZATION_FAILED: _RIGHT,
    KafkaError.SASL_AUTHENTICATION_FAILED: _PROVE,
    KafkaError.UNSUPPORTED_SASL_MECHANISM: _PROVE,
    KafkaError.ILLEGAL_SASL_STATE: _PROVE,
    KafkaError.SECURITY_DISABLED: "the broker has no authorizer: give it one, or leave security settings out",
    KafkaError.DELEGATION_TOKEN_AUTH_DISABLED: _TOKEN,
    KafkaError.DELEGATION_TOKEN_NOT_FOUND: _TOKEN,
    KafkaError.DELEGATION_TOKEN_OWNER_MISMATCH: _TOKEN,
    KafkaError.DELEGATION_TOKEN_REQUEST_NOT_ALLOWED: _TOKEN,
    KafkaError.DELEGATION_TOKEN_EXPIRED: _TOKEN,
    KafkaError.INVALID_PRINCIPAL_TYPE: _TOKEN,
    KafkaError.UNACCEPTABLE_CREDENTIAL: _PROVE,
    KafkaError.INCONSISTENT_GROUP_PROTOCOL: "the group's other members share partitions another way; stop them first",
    KafkaError.UNSUPPORTED_ASSIGNOR: "the group's other members share partitions another way; stop them first",
    KafkaError.GROUP_MAX_SIZE_REACHED: "raise the broker's group.max.size, or stop a member",
    KafkaError.INVALID_GROUP_ID: "give the app or the clock's group another name",
    KafkaError.INVALID_SESSION_TIMEOUT: "set client session.timeout.ms between the broker's "
    "group.min.session.timeout.ms and group.max.session.timeout.ms",
    KafkaError.INVALID_TRANSACTION_TIMEOUT: "raise the broker's transaction.max.timeout.ms",
    KafkaError.INVALID_CONFIG: _SETTINGS,
    KafkaError.INVALID_PARTITIONS: _SETTINGS,
    KafkaError.INVALID_REPLICATION_FACTOR: "set the broker's default.replication.factor to no more than its brokers",
    KafkaError.INVALID_REPLICA_ASSIGNMENT: _SETTINGS,
    KafkaError.INVALID_REQUIRED_ACKS: "leave out client acks",
    KafkaError.INVALID_REQUEST: _BROKER,
    KafkaError.UNSUPPORTED_VERSION: _BROKER,
    KafkaError.UNSUPPORTED_FOR_MESSAGE_FORMAT: "let the topic have message format 2 (Kafka 0.11 or later)",
    KafkaError.UNSUPPORTED_COMPRESSION_TYPE: "set client compression.type to one the broker has",
    KafkaError.INVALID_TIMESTAMP: "raise the topic's message.timestamp.before.max.ms or message.timestamp.after.max.ms",
    KafkaError.INVALID_RECORD: "see what the broker says of the record: a compacted topic wants a key",
    KafkaError.MSG_SIZE_TOO_LARGE: "raise the topic's max.message.bytes",
    KafkaError.RECORD_LIST_TOO_LARGE: "raise the topic's segment.bytes",
    KafkaError.OFFSET_METADATA_TOO_LARGE: "raise the broker's offset.metadata.max.bytes",
    KafkaError.POLICY_VIOLATION: "ask who runs the brokers what their policy wants",
    KafkaError.TOPIC_EXCEPTION: "give the topic a name of letters, digits, dots, - and _, no longer than 249",
}
"""What somebody has to change, and what that is."""

FORBIDDEN = frozenset(code for code, mend in UNFIT.items() if mend == _RIGHT)
"""The principal lacks a right. Which one, only the one who asked knows: it is `needs` below."""

GONE = frozenset({KafkaError._AUTO_OFFSET_RESET, KafkaError._LOG_TRUNCATION, KafkaError.OFFSET_OUT_OF_RANGE})

REFUSED = frozenset({KafkaError.INVALID_TIMESTAMP, KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.INVALID_RECORD})
"""The record is at fault, not the topic, if nothing else was in the batch."""

SAY_AGAIN_SECONDS = 10.0
"""A client repeats itself many times a second."""

_said_at: dict[tuple[str, int], float] = {}


def of(error: BaseException | KafkaError) -> KafkaError:
    """The client's own error inside an exception."""
    inside = error.args[0] if isinstance(error, KafkaException) else error
    return inside if isinstance(inside, KafkaError) else KafkaError(KafkaError._FAIL, str(error))


def told(error: KafkaError, where: str, needs: str = "") -> str:
    """One line: where, what the client said, and what would mend it, if one thing would. `needs` is the right that what
    was asked for takes, as in "Read on topic x"."""
    mend = f"grant this client's principal {needs}" if error.code() in FORBIDDEN and needs else _mend_of(error.code())
    return f"{where}: {error.str()} ({error.name()})" + (f"; {mend}" if mend else "")


def _mend_of(code: int) -> str | None:
    if code == KafkaError._INCONSISTENT:
        return "records could not be delivered; see whether the brokers answer"
    return UNFIT.get(code)


def of_question(error: KafkaError, where: str, no_answer: str, needs: str = "") -> LogError:
    """For a question that was asked of the brokers: `no_answer` is what to say when none answered. What nobody is known
    to be able to mend may pass, so it is said, and asked again."""
    if error.code() in UNFIT:
        return Unfit(told(error, where, needs))
    return Unreachable(no_answer if error.code() in UNREACHABLE | MOVING else told(error, where))


def of_event(error: KafkaError, where: str, needs: str = "") -> LogError | None:
    """For what a consumer reports beside its records; None if the client will mend it by itself, or may. What is not
    known to pass is said, every few seconds."""
    code = error.code()
    if code in GONE:
        return Truncated(
            f"{where}: the records asked for are no longer on the log ({error.str()}); raise the topic's retention, or "
            "start again from what is there"
        )
    if code in UNFIT:
        return Unfit(told(error, where, needs))
    if error.fatal():
        return Unfit(f"{told(error, where)}; this client can't go on: start the process again")
    if code == KafkaError._ALL_BROKERS_DOWN:
        brokers.warning("connections_lost", reason=error.str(), consequence="waiting until one does")
    elif code in UNREACHABLE | MOVING | PASSING:
        logger.debug("consumer_event where=%s error=%s", where, error)
    elif _is_to_be_said(where, code):
        brokers.warning("log_trouble", reason=told(error, where), consequence="trying on")
    return None


def _is_to_be_said(where: str, code: int) -> bool:
    now = monotonic()
    if now - _said_at.get((where, code), -SAY_AGAIN_SECONDS) < SAY_AGAIN_SECONDS:
        return False
    _said_at[where, code] = now
    return True


def of_writer(error: KafkaError, where: str, needs: str = "") -> LogError:
    """For a transaction that failed, after it was aborted if that was asked for."""
    if error.code() in FENCED:
        return Fenced(told(error, where))
    if error.code() in UNFIT:
        return Unfit(told(error, where, needs))
    return WriterLost(told(error, where))
