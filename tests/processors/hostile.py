"""Records made of hostile bytes in every place, on a real Kafka, before a real worker: it must account for every one.

    AIOKAFKA_NO_EXTENSIONS=1 python -m tests.processors.hostile BOOTSTRAP PREFIX FORMAT

A process of its own, because what is looked for may end one by a segmentation fault. Prints what it has seen as JSON.
The producer is aiokafka's, in Python: the one client here that can be made to write a header's name that is no text.
"""

import asyncio
import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import Any, NamedTuple

from aiokafka import AIOKafkaProducer

from passage_log.kafka import KafkaLog
from passage_log.port import Topic
from passage_log.ranges import read_all
from passage_processors.app import App
from passage_processors.monitoring.inspection import inspect
from passage_processors.monitoring.status import status
from passage_processors.runtime.offline.dead_letters import NotSent, Requeue, letters
from passage_processors.runtime.offline.replay import digest, digest_of_output, replay
from passage_processors.runtime.topics import create_topics
from passage_processors.runtime.worker import Worker
from passage_schemas.events import event_codec
from passage_schemas.formats import Avro, CloudEvents, Confluent, Format, Json
from passage_schemas.headers import UNREADABLE, read_headers
from passage_schemas.instant import milliseconds_of
from passage_schemas.log_record import Partition
from passage_schemas.records import CUT, TICK
from tests.processors.world import DAY, InvoicePaid, InvoiceSent, World, day, invoices, overdue, suspended
from tests.schemas.test_formats import Numbered

FORMATS: dict[str, Format] = {
    "avro": Avro(),
    "confluent": Confluent(Numbered()),
    "json": Json(type_field="kind"),
    "cloudevents": CloudEvents(),
    "cloudevents-structured": CloudEvents(mode="structured"),
}
BAD_NAMES = (b"\xff\xfe", b"ce_\x80", b"\xed\xa0\x80", b"passage_reason\xff", b"\xc3")
ODD_NAMES = (
    b"",
    b"passage_reason",
    b"passage_offset",
    b"ce_type",
    b"ce_specversion",
    b"content-type",
    b"kind",
    b"a\0b",
)
ODD_BYTES = (
    None,
    b"",
    b"\xff" * 9,
    b"application/cloudevents+json",
    b"application/cloudevents-batch+json",
    b"1.0",
    b"0",
)
RECORDS, TURNS = 50, 2_000
GOOD = 5
"""Invoices that must become overdue, whatever lies between them."""


class Name(str):
    """A header's name as bytes: nobody checks that what a text is encoded to is one."""

    raw: bytes

    def encode(self, *_how: str) -> bytes:
        return self.raw


def named(raw: bytes) -> Name:
    name = Name(raw.decode(errors="replace"))
    name.raw = raw
    return name


class Hostile(NamedTuple):
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes | None]]
    at_ms: int


def hostile(random: Random, good: bytes, headers: list[tuple[str, bytes]]) -> Hostile:
    """A record that is right but for some places, or in none."""
    value: bytes | None = good
    told: list[tuple[str, bytes | None]] = [(name, text) for name, text in headers]
    for _ in range(random.randint(0, 2)):
        value = _mutated(random, good)
    for _ in range(random.choice([0, 1, 3])):
        told.insert(random.randint(0, len(told)), (named(random.choice(BAD_NAMES)), random.choice(ODD_BYTES)))
    for _ in range(random.choice([0, 0, 1, 2])):
        told.insert(random.randint(0, len(told)), (named(random.choice(ODD_NAMES)), random.choice(ODD_BYTES)))
    if random.random() < 0.05:
        told += [(f"h{number}", b"x" * 30) for number in range(random.choice([100, 2_000]))]
    key = random.choice(
        [b"inv-h", b"inv-h", None, b"", b"\xff\xfe", b"k" * 300, b"\0", "inv-ж".encode(), b"k" * 10_000]
    )
    at = random.choice([milliseconds_of(day(0.5)), 1, 0, milliseconds_of(day(180_000)), 253_402_300_800_000, 1 << 62])
    return Hostile(key, b"" if key is None and value is None else value, told, at)


def _mutated(random: Random, good: bytes) -> bytes | None:
    at, data = random.randint(0, len(good)), bytearray(good)
    match random.randint(0, 6):
        case 0:
            return None
        case 1:
            return good[:at]
        case 2:
            return good + random.randbytes(random.randint(1, 9))
        case 3:
            return good[:at] + random.randbytes(random.randint(1, 12)) + good[at:]
        case 4:
            return random.randbytes(random.choice([0, 1, 4, 5, 9, 10, 11, 40]))
        case 5:
            return good[: random.choice([5, 10])] + b"\xff" * random.choice([1, 9, 10, 1_000, 300_000])
        case _:
            if data:
                data[at - 1] ^= 1 << random.randint(0, 7)
            return bytes(data)


def app_of(prefix: str, format_: Format) -> App:
    billing = f"{prefix}.billing"
    return replace(
        invoices(overdue(), suspended()),
        name=f"{prefix}.app",
        inputs={billing: [InvoiceSent, InvoicePaid]},
        output=f"{prefix}.derived",
        ticks_topic=f"{prefix}.ticks",
        schedules_topic=f"{prefix}.schedules",
        formats={billing: format_},
        stop_after_refusals=1_000_000,
        max_fact_ahead_seconds=30 * 86_400.0,
    )


def written(app: App, format_: Format, invoice: str) -> tuple[bytes, list[tuple[str, bytes]]]:
    """As a producer with this format writes it."""
    (billing,) = app.inputs
    fact = InvoiceSent(invoice, terms=1)
    headers = [
        ("ce_specversion", b"1.0"), ("ce_id", b"1"), ("ce_type", b"InvoiceSent"), ("ce_source", b"here"),
        ("content-type", b"application/avro"),
    ]  # fmt: skip
    codecs = [event_codec(one) for one in app.inputs[billing]]
    return format_.writing(billing, codecs, lambda _at: None).write(fact, codecs[0].encode(fact), headers)


def facts(app: App, format_: Format, random: Random, count: int) -> Iterator[Hostile]:
    for number in range(count):
        if number % (count // GOOD) == 0:
            value, headers = written(app, format_, f"inv-{number}")
            yield Hostile(f"inv-{number}".encode(), value, list(headers), milliseconds_of(day(0.5)))
        yield hostile(random, *written(app, format_, "inv-h"))


async def send(bootstrap: str, topic: str, records: list[Hostile]) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, max_request_size=2_000_000)
    await producer.start()
    try:
        for one in records:
            await producer.send(topic, one.value, one.key, partition=0, timestamp_ms=one.at_ms, headers=one.headers)
    finally:
        await producer.stop()


def strangers(random: Random, topic: str, app: App) -> list[Hostile]:
    """What somebody else might write on the clock's topics and the app's own: never in the place of a state."""
    values: list[bytes | None] = [b"", b"garbage", TICK.prefixes[0] + b"\xff" * 12, CUT.prefixes[0] + b"\x02", None]
    keys = [b"\xff", b"nobody/\xff"] if topic == app.changelog else [b"\xff", b"passage/term", b"passage/probe"]
    found = []
    for _ in range(6):
        told: list[tuple[str, bytes | None]] = [(named(random.choice(BAD_NAMES)), random.choice(ODD_BYTES))]
        told += [(named(random.choice(ODD_NAMES)), random.choice(ODD_BYTES)) for _ in range(2)]
        random.shuffle(told)
        found.append(Hostile(random.choice(keys), random.choice(values), told, 1))
    return found


def main(bootstrap: str, prefix: str, kind: str) -> None:
    random, format_ = Random(kind), FORMATS[kind]
    app, log = app_of(prefix, format_), KafkaLog(bootstrap)
    (billing,) = app.inputs
    any_date = {"message.timestamp.after.max.ms": str(2**63 - 1), "retention.ms": "-1"}
    log.create([Topic(billing, 1, any_date), Topic(app.ticks_topic, 1, {"cleanup.policy": "compact"})])
    log.create([Topic(app.schedules_topic, 1, {"cleanup.policy": "compact"})])
    create_topics(log, app, 1)
    world = World(app, log)  # type: ignore[arg-type]  # only what any log has is asked of it
    sent = list(facts(app, format_, random, RECORDS))
    asyncio.run(send(bootstrap, billing, sent))
    for topic in (app.ticks_topic, app.schedules_topic, app.requests, app.changelog, app.timeline, app.dead_letters):
        asyncio.run(send(bootstrap, topic, strangers(random, topic, app)))
    world.name(next_at=day(1))
    world.days(1, 3)
    for topic in (app.ticks_topic, app.schedules_topic):
        asyncio.run(send(bootstrap, topic, strangers(random, topic, app)))
    world.days(4, 20)
    _work(app, log, world)
    print(json.dumps(_seen(app, log, world, billing, sent)))
    log.close()


def _work(app: App, log: KafkaLog, world: World) -> None:
    worker = Worker(app, log, "a")
    for _ in range(TURNS):
        worker.turn(0.1)
        if worker.is_idle and all(task.cut.tick_sequence == world.sequence for task in worker.tasks.values()):
            break
    worker.close()


def _seen(app: App, log: KafkaLog, world: World, billing: str, sent: list[Hostile]) -> dict[str, Any]:
    cuts = [record.value() or b"" for record in read_all(log, Partition(app.timeline, 0))]
    last = CUT.decode([cut for cut in cuts if cut[:10] == CUT.prefixes[0] and len(cut) > 20][-1])
    found = list(letters(log, app, [0]))
    ours = [one for one in found if one.kind != "foreign" and one.topic == billing]
    requeue = Requeue(log, app, lambda _said: None, dry_run=True)
    for one in found:
        try:
            requeue.send(one)
        except NotSent:
            continue
    requeue.close()
    seen = status(app, log, [0], day(20))
    histories = len(inspect(app, log, 1, "inv-h", None, None, 1_000).history)
    return {
        "sent": len(sent),
        "sent_each": RECORDS // GOOD,
        "folded": next(one.count for one in last.inputs if one.topic == billing),
        "behind": seen.tasks[0].inputs[0].behind,
        "letters": sorted(one.place for one in ours),
        "unreadable": sum(UNREADABLE in dict(one.headers) for one in ours),
        "tombstones": [at for at, one in enumerate(sent) if one.value is None],
        "derived": sorted({(record.key() or b"")[:20].decode(errors="replace") for record in world.output()}),
        "headers_read": sum(len(read_headers(one)) for one in read_all(log, Partition(billing, 0))),
        "headers_sent": sum(len(one.headers) for one in sent),
        "histories": histories,
        "is_replayed": digest(replay(app, log, 0)) == digest_of_output(app, log, 0),
        "schedules": [one.ordinal for one in seen.schedules if one.name == DAY],
    }


if __name__ == "__main__":
    main(*sys.argv[1:])
