"""Any subscriber: prints ticks as they come, with a Kafka client, an Avro reader and the schema. Nothing of Passage.

PASSAGE_BOOTSTRAP=127.0.0.1:9092 python examples/overdue_invoices/subscriber.py [topic]
"""

import io
import os
import signal
import sys
from pathlib import Path
from typing import Any

signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C just ends it, also while it imports

import confluent_kafka  # noqa: E402
import fastavro  # noqa: E402

SCHEMA = fastavro.schema.load_schema(str(Path(__file__).parents[2] / "schemas" / "passage_schemas" / "tick.avsc"))
HEADER_BYTES = 10  # Avro's single-object encoding: C3 01, then the schema's fingerprint

settings = {"bootstrap.servers": os.environ.get("PASSAGE_BOOTSTRAP", "127.0.0.1:9092"), "group.id": "tick-printer"}
consumer = confluent_kafka.Consumer({**settings, "isolation.level": "read_committed", "auto.offset.reset": "earliest"})
consumer.subscribe(sys.argv[1:] or ["passage.ticks"])
while True:
    message = consumer.poll(1.0)
    if message is None:
        continue
    if error := message.error():
        print(error, file=sys.stderr)  # a topic that isn't there, a broker that is gone; the client goes on trying
        continue
    if value := message.value():  # without a value it is a leader's barrier, not a tick
        tick: Any = fastavro.schemaless_reader(io.BytesIO(value[HEADER_BYTES:]), SCHEMA, None)
        print(tick["event"], tick["schedule"], tick["ordinal"], tick["period"], tick["ends_at"], flush=True)
