"""The log on Kafka. The only place that knows Kafka's client; above it only the words of the port are spoken.

`settings` decides how each client is set up and why, `errors` what its errors mean to a caller; `reader`, `member`,
`writer` and `appender` are the port's four ways to the log, `log` makes them and asks the brokers about topics.
"""

from passage_log.kafka.log import KafkaLog

__all__ = ["KafkaLog"]
