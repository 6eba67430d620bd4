"""Sends one fact of now, for watching the example live on a Kafka of your own.

PASSAGE_BOOTSTRAP=127.0.0.1:9092 python -m examples.overdue_invoices.send invoice 4711
PASSAGE_BOOTSTRAP=127.0.0.1:9092 python -m examples.overdue_invoices.send payment 4711
"""

import os
import sys
from collections.abc import Sequence
from decimal import Decimal

from examples.overdue_invoices import app
from examples.overdue_invoices.events import CustomerWasInvoiced, PaymentWasMade
from passage import KafkaLog, LogError, MachineWall, Partition, check_topics, event_codec, milliseconds_of, partition_of

AMOUNT = Decimal("99.50")
TERMS_DAYS = 30


def main(arguments: Sequence[str]) -> int:
    bootstrap = os.environ.get("PASSAGE_BOOTSTRAP")
    if not bootstrap or len(arguments) != 2 or arguments[0] not in ("invoice", "payment"):
        print("set PASSAGE_BOOTSTRAP=host:port and say what: invoice NUMBER, or payment NUMBER", file=sys.stderr)
        return 2
    kind, number = arguments
    value = _invoice(number) if kind == "invoice" else _payment(number)
    [topic] = app.inputs
    key = number.encode()
    try:
        log = KafkaLog(bootstrap)
        partitions = check_topics(log, app)
        appender = log.appender()
        now_ms = milliseconds_of(MachineWall().now())
        appender.append(Partition(topic, partition_of(key, partitions)), key, value, now_ms)
        appender.flush()
    except LogError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _invoice(number: str) -> bytes:
    return event_codec(CustomerWasInvoiced).encode(CustomerWasInvoiced(number, "customer", AMOUNT, TERMS_DAYS))


def _payment(number: str) -> bytes:
    return event_codec(PaymentWasMade).encode(PaymentWasMade(number, AMOUNT))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
