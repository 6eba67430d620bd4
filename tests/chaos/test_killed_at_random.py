"""kill -9 at random moments, three candidates, two workers, a real Kafka: no tick is lost, none is counted twice.

What chaos leaves on the log is looked at from outside, as any read_committed consumer would.
"""

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import pytest

from examples.overdue_invoices.answer_key import KNOWN, check
from examples.overdue_invoices.facts import PARTITIONS, end_of, facts_of, read_invoices
from examples.overdue_invoices.watch import Watch
from passage_clock import MachineWall, load
from passage_clock.records.topics import check_topics as check_clock_topics
from passage_log.kafka import KafkaLog
from passage_log.port import Log
from passage_log.ranges import read_all
from passage_processors import App
from passage_processors.runtime.offline.replay import digest, digest_of_output, replay, timeline
from passage_processors.runtime.topics import create_topics
from passage_schemas.instant import milliseconds_of
from passage_schemas.log_record import Partition
from passage_schemas.records import TICK
from passage_schemas.tick import Tick
from tests.chaos.invoices import app_of, write_clock
from tests.chaos.killing import Killer, Plan, TickWatch, Toll
from tests.chaos.processes import Process

pytestmark = pytest.mark.kafka

HOT_TICKS = 1_300
"""The sequences in which the data set's facts lie, and what follows from them."""

FINISH_SECONDS = 90.0


@dataclass(frozen=True, slots=True)
class Aftermath:
    """The log after the chaos, everything caught up with."""

    plan: Plan
    toll: Toll
    app: App
    log: Log


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(Plan(seed=2012, kills=10, until_sequence=HOT_TICKS), id="seed-2012"),
        *(
            pytest.param(Plan(seed, 25, HOT_TICKS), id=f"seed-{seed}", marks=pytest.mark.chaos)
            for seed in (1, 2, 3)
        ),
    ],
)  # fmt: skip
def aftermath(
    request: pytest.FixtureRequest, kafka_bootstrap: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Aftermath]:
    run = f"chaos-{uuid4().hex[:8]}"
    app, log = app_of(run), KafkaLog(kafka_bootstrap)
    config = write_clock(tmp_path_factory.mktemp("chaos"), run, kafka_bootstrap)
    check_clock_topics(log, load(config, {}), create=True)
    create_topics(log, app, PARTITIONS)
    write_facts(app, log)
    toll = Killer(request.param, app, log, config, kafka_bootstrap, run).run()
    finish(app, log, config, kafka_bootstrap, run)
    yield Aftermath(request.param, toll, app, log)
    log.close()


def write_facts(app: App, log: Log) -> None:
    [topic] = app.inputs
    appender = log.appender()
    for fact in facts_of(read_invoices()):
        appender.append(Partition(topic, fact.partition), fact.key, fact.value, milliseconds_of(fact.instant))
    appender.flush()
    appender.close()


def finish(app: App, log: Log, config: Path, bootstrap: str, run: str) -> None:
    """Let the commands themselves do the rest, undisturbed, until no tick is due and every partition has folded all."""
    command = ["-c", "from passage.cli import main; main()"]
    clock = Process([*command, "clock", "run", "-c", config, "--name", "last"], run)
    worker = Process(
        [*command, "processors", "run", "tests.chaos.invoices:app", "--bootstrap", bootstrap, "--name", "last"], run
    )
    ticks, watch = TickWatch(app, log), Watch(app, log)
    deadline = time.monotonic() + FINISH_SECONDS
    try:
        while not ticks.has_caught_up(MachineWall().now()) or watch.folded < ticks.sequence:
            assert time.monotonic() < deadline, f"at {ticks.sequence}, folded {watch.folded}: {worker.events}"
            ticks.look(0.1)
            watch.look(0.1)
            clock.listen()
            worker.listen()
        assert (clock.end("standing_by"), worker.end("assigned")) == (0, 0)
    finally:
        ticks.close()
        watch.close()
        clock.kill()
        worker.kill()


def values_of_ticks(aftermath: Aftermath) -> list[bytes]:
    records = read_all(aftermath.log, Partition(aftermath.app.ticks_topic, 0))
    return [value for record in records if (value := record.value()) is not None]


def test_the_leader_and_a_worker_were_killed_as_often_as_planned(aftermath: Aftermath) -> None:
    plan, toll = aftermath.plan, aftermath.toll
    print(f"seed {plan.seed}: leaders at {toll.leaders}, workers at {toll.workers}, {toll.seconds:.0f} s")
    assert len(toll.leaders) == len(toll.workers) == plan.kills
    # Each found the catch-up, or the folding, under way and further than the one before it.
    assert toll.leaders == sorted(set(toll.leaders))
    assert toll.workers == sorted(set(toll.workers))


def test_every_period_has_one_tick_in_order_and_each_names_the_one_before(aftermath: Aftermath) -> None:
    values = values_of_ticks(aftermath)
    ticks = [TICK.decode(value) for value in values]
    assert [tick.sequence for tick in ticks] == list(range(1, len(ticks) + 1))
    chains: dict[str, list[tuple[Tick, bytes]]] = {}
    for tick, value in zip(ticks, values, strict=True):
        chains.setdefault(tick.schedule, []).append((tick, sha256(value).digest()))
    assert set(chains) == {"day.amsterdam", "workday.nl", "week.utc"}
    for chain in chains.values():
        assert [tick.ordinal for tick, _ in chain] == list(range(1, len(chain) + 1))
        assert len({tick.period for tick, _ in chain}) == len(chain)
        assert [tick.previous for tick, _ in chain] == [None, *(found for _, found in chain[:-1])]
        assert [tick.ends_at for tick, _ in chain[1:]] == [tick.next_at for tick, _ in chain[:-1]]


def test_the_days_are_those_of_amsterdam(aftermath: Aftermath) -> None:
    days = [tick for tick in map(TICK.decode, values_of_ticks(aftermath)) if tick.schedule == "day.amsterdam"]
    assert len(days) > 5_000
    assert days[0].period == "2012-01-01"
    first_facts = read_invoices()[:1]
    assert end_of(first_facts[0].invoiced_on) in {tick.ends_at for tick in days}


def test_what_follows_is_exactly_the_answer_key(aftermath: Aftermath) -> None:
    watch = Watch(aftermath.app, aftermath.log)
    ends = watch.ends()
    while not watch.reached(ends):
        watch.look(0.5)
    watch.close()
    assert watch.letters == []
    assert check(read_invoices(), watch.outcomes) == []
    assert Counter(outcome.event for outcome in watch.outcomes) == KNOWN


def test_each_derived_event_is_readable_once(aftermath: Aftermath) -> None:
    ids = [
        dict(record.headers() or [])["ce_id"]
        for number in range(PARTITIONS)
        for record in read_all(aftermath.log, Partition(aftermath.app.output, number))
    ]
    assert len(ids) == len(set(ids)) == sum(KNOWN.values())


def test_a_second_run_from_the_timeline_gives_the_same_events_byte_for_byte(aftermath: Aftermath) -> None:
    for number in range(PARTITIONS):
        written = digest_of_output(aftermath.app, aftermath.log, number)
        assert written[0] > 0
        assert digest(replay(aftermath.app, aftermath.log, number)) == written
        # Cuts small enough to be killed in: the chaos met many transactions.
        assert sum(1 for _ in timeline(aftermath.app, aftermath.log, number)) > 100
