"""Client settings that are not the user's to choose: what correctness hangs on. A configuration that has one is told so
instead of being quietly overruled."""

RESERVED = frozenset(
    {
        "allow.auto.create.topics",
        "auto.offset.reset",
        "bootstrap.servers",
        "enable.auto.commit",
        "enable.auto.offset.store",
        "enable.idempotence",
        "enable.partition.eof",
        "error_cb",
        "group.id",
        "group.protocol",
        "isolation.level",
        "log.connection.close",
        "log_level",
        "logger",
        "message.max.bytes",
        "partition.assignment.strategy",
        "transaction.timeout.ms",
        "transactional.id",
    }
)
