"""How each Kafka client is set up, and why. What correctness hangs on can't be overridden by a user's settings."""

from collections.abc import Mapping

from passage_log.kafka.access import Access
from passage_log.port import Assignor

Setting = str | int | float | bool | object

SESSION_TIMEOUT_MS = 6_000

RETRY_BACKOFF_MS = 5
"""A transaction begun right after another waits for that one to settle by retrying; at the default of 100 ms there are
12 transactions a second, at 5 ms 133."""

LARGEST_RECORD_BYTES = 16_000_000
"""The client's own limit lies well above any sensible topic's; the topic's `max.message.bytes` is what counts."""


def any_client(access: Access) -> dict[str, Setting]:
    return {
        "client.id": "passage",
        "socket.keepalive.enable": True,
        # After a broker's restart we want it back in a second, not in ten.
        "reconnect.backoff.max.ms": 1_000,
        **access.settings,
        "bootstrap.servers": access.bootstrap,
        "error_cb": access.hear_error,
        "logger": access,
    }


def questions(access: Access) -> dict[str, Setting]:
    # By default a question put to one broker that is gone knocks at its door without a pause: each failure to connect
    # has it asked again, and asking takes the backoff away (librdkafka's rd_kafka_broker_find_by_nodeid0_fl). A client
    # that keeps a connection to every broker takes its pauses.
    return {**any_client(access), "enable.sparse.connections": False}


def consumer(access: Access, group: str) -> dict[str, Setting]:
    tuned: Mapping[str, Setting] = {
        # How long the broker may hold an empty answer back: what a tick that comes alone can wait for, no longer.
        "fetch.wait.max.ms": 100,
        "queued.min.messages": 100_000,
        # Whatever the size of a record: what one poll may bring at most, and lie in memory beside what was polled.
        "queued.max.messages.kbytes": 65_536,
        "max.partition.fetch.bytes": 4_194_304,
        # How long a full queue or an error stops fetching: by default a second and half a second.
        "fetch.queue.backoff.ms": 20,
        "fetch.error.backoff.ms": 100,
    }
    return {
        **tuned,
        **any_client(access),
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


def member(access: Access, group: str, assignor: Assignor) -> dict[str, Setting]:
    tuned = {"session.timeout.ms": SESSION_TIMEOUT_MS, "heartbeat.interval.ms": 500}
    return {
        **tuned,
        **consumer(access, group),
        "group.protocol": "classic",
        "partition.assignment.strategy": assignor,
    }


def gate(access: Access, group: str) -> dict[str, Setting]:
    # While positions are undecided the client asks again by itself; by default only once a second in the end.
    return {"retry.backoff.ms": 20, "retry.backoff.max.ms": 100, **consumer(access, group)}


def producer(access: Access) -> dict[str, Setting]:
    tuned: Mapping[str, Setting] = {
        "linger.ms": 5,
        "compression.type": "lz4",
        "queue.buffering.max.messages": 500_000,
        # A topic that isn't there is reported after this long, not after thirty seconds.
        "topic.metadata.propagation.max.ms": 5_000,
    }
    return {
        **tuned,
        **any_client(access),
        "message.max.bytes": LARGEST_RECORD_BYTES,
        "enable.idempotence": True,
    }


def transactional(access: Access, transactional_id: str, timeout_seconds: float) -> dict[str, Setting]:
    return {
        "retry.backoff.ms": RETRY_BACKOFF_MS,
        **producer(access),
        "transactional.id": transactional_id,
        # What tells that an end of a transaction may have been sent twice (`Ear`).
        "log_level": 6,
        "log.connection.close": True,
        "transaction.timeout.ms": round(timeout_seconds * 1000),
    }
