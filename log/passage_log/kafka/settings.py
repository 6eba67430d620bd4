"""How each Kafka client is set up, and why. What correctness hangs on can't be overridden by a user's settings."""

import logging
from collections.abc import Mapping

from confluent_kafka import KafkaError

from passage_log.port import Assignor

Setting = str | int | float | bool | object

logger = logging.getLogger("passage_log.kafka.client")

SESSION_TIMEOUT_MS = 6_000

RETRY_BACKOFF_MS = 5
"""A transaction begun right after another waits for that one to settle by retrying; at the default of 100 ms there are
12 transactions a second, at 5 ms 133."""

LARGEST_RECORD_BYTES = 16_000_000
"""The client's own limit lies well above any sensible topic's; the topic's `max.message.bytes` is what counts."""


class _Quiet:
    """Takes what the client would print to standard error. A connection refused is no news to a user who is told
    `Unreachable`, so all of it goes to debug."""

    def log(self, level: int, message: str, *fields: object) -> None:
        logger.debug("level=%d " + message, level, *fields)


def _hear_error(error: KafkaError) -> None:
    logger.debug("client_error error=%s", error)


def any_client(bootstrap: str, user: Mapping[str, str]) -> dict[str, Setting]:
    return {
        "client.id": "passage",
        "socket.keepalive.enable": True,
        # After a broker's restart we want it back in a second, not in ten.
        "reconnect.backoff.max.ms": 1_000,
        **user,
        "bootstrap.servers": bootstrap,
        "error_cb": _hear_error,
        "logger": _Quiet(),
    }


def consumer(bootstrap: str, user: Mapping[str, str], group: str) -> dict[str, Setting]:
    tuned: Mapping[str, Setting] = {
        # How long the broker may hold an empty answer back: what a tick that comes alone can wait for, no longer.
        "fetch.wait.max.ms": 100,
        "queued.min.messages": 100_000,
        "max.partition.fetch.bytes": 4_194_304,
        # How long a full queue or an error stops fetching: by default a second and half a second.
        "fetch.queue.backoff.ms": 20,
        "fetch.error.backoff.ms": 100,
    }
    return {
        **tuned,
        **any_client(bootstrap, user),
        "group.id": group,
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "isolation.level": "read_committed",
        # An offset that is gone is an error, never a silent jump.
        "auto.offset.reset": "error",
        # The end of a partition is an event, whose offset lies behind markers and aborted records.
        "enable.partition.eof": True,
        "allow.auto.create.topics": False,
    }


def member(bootstrap: str, user: Mapping[str, str], group: str, assignor: Assignor) -> dict[str, Setting]:
    tuned = {"session.timeout.ms": SESSION_TIMEOUT_MS, "heartbeat.interval.ms": 500}
    return {
        **tuned,
        **consumer(bootstrap, user, group),
        "group.protocol": "classic",
        "partition.assignment.strategy": assignor,
    }


def producer(bootstrap: str, user: Mapping[str, str]) -> dict[str, Setting]:
    tuned: Mapping[str, Setting] = {
        "linger.ms": 5,
        "compression.type": "lz4",
        "queue.buffering.max.messages": 500_000,
        # A topic that isn't there is reported after this long, not after thirty seconds.
        "topic.metadata.propagation.max.ms": 5_000,
    }
    return {
        **tuned,
        **any_client(bootstrap, user),
        "message.max.bytes": LARGEST_RECORD_BYTES,
        "enable.idempotence": True,
    }


def transactional(
    bootstrap: str, user: Mapping[str, str], transactional_id: str, timeout_seconds: float
) -> dict[str, Setting]:
    return {
        "retry.backoff.ms": RETRY_BACKOFF_MS,
        **producer(bootstrap, user),
        "transactional.id": transactional_id,
        "transaction.timeout.ms": round(timeout_seconds * 1000),
    }
