"""What lies ready for a run: invoices and payments of three hundred days, the ticks of those and what follows."""

from datetime import UTC, datetime, timedelta
from random import Random

from passage_log.kafka import KafkaLog
from passage_log.port import Topic
from passage_log.ranges import read_all
from passage_processors import App
from passage_processors.runtime.topics import create_topics
from passage_processors.runtime.worker import Worker
from passage_schemas.events import event_codec
from passage_schemas.instant import Instant, instant_of, milliseconds_of
from passage_schemas.log_record import Partition
from passage_schemas.partitioner import partition_of
from passage_schemas.records import SCHEDULE_ENTRY, TICK
from passage_schemas.schedule_entry import ScheduleEntry
from passage_schemas.tick import Tick
from tests.processors.world import DAY, InvoicePaid, InvoiceSent

BEGIN = datetime(2020, 1, 1, tzinfo=UTC)
DAYS, TICKS = 300, 420


def day(number: float) -> Instant:
    return instant_of(BEGIN + timedelta(days=number))


def write_topics(log: KafkaLog, app: App, partitions: int) -> None:
    create_topics(log, app, partitions)
    kept = {"cleanup.policy": "compact", "retention.ms": "-1"}
    log.create([Topic(app.ticks_topic, 1, kept), Topic(app.schedules_topic, 1, kept)])


def write_facts(log: KafkaLog, app: App, partitions: int, count: int, seed: int) -> None:
    """`count` facts: invoices with terms of 5 to 40 days, of which most are paid, in time or late."""
    random = Random(seed)
    facts: list[tuple[float, InvoiceSent | InvoicePaid]] = []
    for number in range(count):
        sent_on = random.uniform(0, DAYS)
        facts.append((sent_on, InvoiceSent(f"inv-{number:07}", random.randint(5, 40))))
        if random.random() < 0.8:
            facts.append((sent_on + random.uniform(1, 60), InvoicePaid(f"inv-{number:07}", number)))
    facts = sorted(facts[:count], key=lambda fact: fact[0])
    (topic,) = app.inputs
    appender = log.appender()
    for on, fact in facts:
        key = fact.invoice.encode()
        place = Partition(topic, partition_of(key, partitions))
        appender.append(place, key, event_codec(type(fact)).encode(fact), milliseconds_of(day(on)))
    appender.close()


def write_ticks(log: KafkaLog, app: App, first: int = 1, last: int = TICKS) -> None:
    """All of them, or some, and the promise of the next."""
    appender = log.appender()
    for number in range(first, last + 1):
        tick = Tick(
            event="DayHasPassed", schedule=DAY, ordinal=number, sequence=number, period=str(number),
            starts_at=day(number - 1), ends_at=day(number), next_at=day(number + 1), zone="UTC", calendar=None,
            tzdata="2026f", published_at=day(number), definition="", previous=None,
        )  # fmt: skip
        appender.append(Partition(app.ticks_topic, 0), tick.key, TICK.encode(tick), milliseconds_of(day(number)))
    entry = ScheduleEntry(
        DAY, "DayHasPassed", "UTC", None, "", "", "active", "", "", day(last + 1), last, 1, "2026f", "0"
    )
    appender.append(Partition(app.schedules_topic, 0), DAY.encode(), SCHEDULE_ENTRY.encode(entry), 1)
    appender.close()


def ids_on(log: KafkaLog, output: str, partitions: int) -> list[str]:
    """The ids of the derived events on a topic, as often as they stand there."""
    records = (record for number in range(partitions) for record in read_all(log, Partition(output, number)))
    return [dict(record.headers() or [])["ce_id"].decode() for record in records]


def run_the_engine(log: KafkaLog, app: App, partitions: int) -> None:
    """Fold everything there is, as `passage processors run` would."""
    worker = Worker(app, log, "the-engine")
    try:
        while len(worker.tasks) < partitions or any(task.sequence < TICKS for task in worker.tasks.values()):
            worker.turn(0.05)
    finally:
        worker.close()
