"""The log on Kafka. The only place that knows Kafka's client; above it only the words of the port are spoken.

    log ──> reader, member, writer, appender    the port's four ways to the log
     │         member ──> gate, membership      committed positions, and whether the group still knows us
     │         writer ──> sender                its records, on their way into a transaction
     │                    failed_transaction    what it failed of
     └────> questions, registry                 what is asked once and answered

    beneath all    settings   how each client is set up, and why
                   errors     what the client's errors mean to a caller
                   access     who we are to the brokers, and what they say when they won't have us
                   bounded    no call waits for a broker beyond a bound of ours

Read `settings` and `errors` first, for what was decided, then `writer`, on which exactly-once stands.
"""

from passage_log.kafka.log import KafkaLog

__all__ = ["KafkaLog"]
