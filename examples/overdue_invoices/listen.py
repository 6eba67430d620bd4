"""Prints what follows as it comes: the events the example's policies emit.

PASSAGE_BOOTSTRAP=127.0.0.1:9092 python -m examples.overdue_invoices.listen
"""

import os
import sys

from examples.overdue_invoices import app
from examples.overdue_invoices.events import AccountWasSuspended, InvoiceBecameOverdue
from passage import (
    EARLIEST,
    EventSet,
    KafkaLog,
    LogError,
    Partition,
    check_topics,
    datetime_of,
    instant_of_milliseconds,
)

EVENTS = EventSet([InvoiceBecameOverdue, AccountWasSuspended])


def listen(log: KafkaLog) -> None:
    """Every event of the output, from its beginning, for ever."""
    partitions = range(check_topics(log, app))
    reader = log.reader()
    reader.assign({Partition(app.output, number): EARLIEST for number in partitions})
    while True:
        for record in reader.poll(1000, 1.0):
            at = datetime_of(instant_of_milliseconds(record.timestamp()[1]))
            print(at.isoformat(), EVENTS.decode(record.value() or b""), flush=True)


def main() -> int:
    bootstrap = os.environ.get("PASSAGE_BOOTSTRAP")
    if not bootstrap:
        print("set PASSAGE_BOOTSTRAP=host:port", file=sys.stderr)
        return 2
    try:
        listen(KafkaLog(bootstrap))
    except LogError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
