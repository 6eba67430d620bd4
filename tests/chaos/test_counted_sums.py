"""300,000 facts through a process that counts and sums, workers killed -9 three times: each is counted once."""

import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import uuid4

import pytest

from passage_log.kafka import KafkaLog
from passage_log.port import Topic
from passage_log.ranges import read_all
from passage_processors import App
from passage_processors.runtime.topics import create_topics
from passage_processors.runtime.upstream import last_cuts
from passage_schemas.events import event_codec
from passage_schemas.instant import Instant, instant_of, milliseconds_of
from passage_schemas.log_record import Partition
from passage_schemas.partitioner import partition_of
from passage_schemas.records import SCHEDULE_ENTRY, TICK
from passage_schemas.schedule_entry import ScheduleEntry
from passage_schemas.tick import Tick
from tests.chaos.killing import STALLED_SECONDS, Victims
from tests.chaos.processes import Process
from tests.chaos.sums import DAY, AmountWasPaid, DayWasSummed, app_of

pytestmark = pytest.mark.kafka

FACTS, KEYS = 300_000, 30_000
PARTITIONS = 4
WORKERS = ("x", "y")
BEGIN = datetime(2020, 1, 1, tzinfo=UTC)
LATEST_STRIKE_SECONDS = 0.1
"""As long as a transaction of some thousand facts takes."""


def day(number: float) -> Instant:
    return instant_of(BEGIN + timedelta(days=number))


class Payments:
    """The facts of one day, sent in portions, and behind the last of them the tick that ends the day."""

    def __init__(self, log: KafkaLog, app: App, facts: int, keys: int, random: Random) -> None:
        create_topics(log, app, PARTITIONS)
        kept = {"cleanup.policy": "compact", "retention.ms": "-1"}
        log.create([Topic(app.ticks_topic, 1, kept), Topic(app.schedules_topic, 1, kept)])
        (self._topic,) = app.inputs
        self._app, self._codec, self._appender = app, event_codec(AmountWasPaid), log.appender()
        self._facts = [
            AmountWasPaid(f"account-{random.randrange(keys):05}", random.randrange(1_000)) for _ in range(facts)
        ]
        self._sent = 0
        entry = ScheduleEntry(DAY, "DayHasPassed", "UTC", None, "", "", "active", "", "", day(1), 0, 1, "2026f", "0")
        self._appender.append(Partition(app.schedules_topic, 0), DAY.encode(), SCHEDULE_ENTRY.encode(entry), 1)

    def must_come_of_them(self) -> dict[str, tuple[int, int]]:
        """Of each key: how many, and their sum."""
        counts, sums = Counter[str](), Counter[str]()
        for fact in self._facts:
            counts[fact.account] += 1
            sums[fact.account] += fact.amount
        return {account: (count, sums[account]) for account, count in counts.items()}

    def send_until(self, end: int) -> None:
        for number in range(self._sent, end):
            fact = self._facts[number]
            key, at = fact.account.encode(), milliseconds_of(day((number + 1) / (len(self._facts) + 2)))
            self._appender.append(
                Partition(self._topic, partition_of(key, PARTITIONS)), key, self._codec.encode(fact), at
            )
        self._sent = end
        if end == len(self._facts):
            self._send_tick()
        self._appender.flush()

    def _send_tick(self) -> None:
        # Behind every fact: one that came after it would be late, and counted for the next day.
        self._appender.flush()
        tick = Tick(
            event="DayHasPassed", schedule=DAY, ordinal=1, sequence=1, period="2020-01-01", starts_at=day(0),
            ends_at=day(1), next_at=day(2), zone="UTC", calendar=None, tzdata="2026f", published_at=day(1),
            definition="", previous=None,
        )  # fmt: skip
        self._appender.append(Partition(self._app.ticks_topic, 0), tick.key, TICK.encode(tick), milliseconds_of(day(1)))

    def close(self) -> None:
        self._appender.close()


def run_and_kill(log: KafkaLog, app: App, payments: Payments, start: Victims, kills: int, random: Random) -> None:
    """Kill a worker that is at work, each time after some progress, until all is folded. Before each kill there are
    more facts to fold, however fast they are: all is never folded before the last of them."""
    portions = [round(number * FACTS / (kills + 1)) for number in range(1, kills + 2)]
    thresholds = [round((number + random.random()) * FACTS / (kills + 1)) for number in range(kills)]
    payments.send_until(portions.pop(0))
    moved_at, seen, killed_at = time.monotonic(), (-1, -1), -1
    while True:
        cuts = [found.cut for found in last_cuts(log, app.timeline, range(PARTITIONS)).values()]
        folded = sum(one.count for cut in cuts for one in cut.inputs)
        ticked = sum(cut.tick_sequence for cut in cuts)
        if (folded, ticked) == (FACTS, PARTITIONS):
            assert not thresholds, f"all was folded before the kills at {thresholds}"
            return
        if thresholds and folded >= thresholds[0] and folded > killed_at and (up := start.at_work()):
            payments.send_until(portions.pop(0))
            time.sleep(random.uniform(0, LATEST_STRIKE_SECONDS))
            start.kill(random.choice(up))
            killed_at = folded
            del thresholds[0]
        if seen != (folded, ticked):
            seen, moved_at = (folded, ticked), time.monotonic()
        assert time.monotonic() - moved_at < STALLED_SECONDS, f"nothing moves beyond {seen}"


def summed(log: KafkaLog, app: App) -> Iterator[DayWasSummed]:
    codec = event_codec(DayWasSummed)
    for number in range(PARTITIONS):
        for record in read_all(log, Partition(app.output, number)):
            yield codec.decode(record.value() or b"")


@pytest.mark.parametrize("seed", [11, *(pytest.param(seed, marks=pytest.mark.chaos) for seed in (1, 2, 3))])
def test_every_fact_is_counted_once_whoever_is_killed(kafka_bootstrap: str, kafka_log: KafkaLog, seed: int) -> None:
    random, run = Random(seed), f"sums-{uuid4().hex[:8]}"
    app = app_of(run)
    payments = Payments(kafka_log, app, FACTS, KEYS, random)
    expected = payments.must_come_of_them()
    command = ["-c", "from passage.cli import main; main()", "processors", "run", "tests.chaos.sums:app"]
    workers = Victims(
        lambda name: Process(
            [*command, "--bootstrap", kafka_bootstrap, "--name", name], run
        ),
        WORKERS, "assigned", "restored",
    )  # fmt: skip
    try:
        run_and_kill(kafka_log, app, payments, workers, 3, random)
        codes = workers.end()
    finally:
        workers.kill_all()
        payments.close()

    events = list(summed(kafka_log, app))
    assert codes == [0, 0]
    assert len(events) == len(expected)
    assert {event.account: (event.count, event.amount) for event in events} == expected
    assert sum(event.count for event in events) == FACTS
