"""The clock on a real Kafka: what memory can't prove, above all that a paused leader is fenced."""

import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from uuid import uuid4

import pytest

from passage_clock.config import ClockConfig, Topics, load
from passage_clock.leading.leadership import Stage
from passage_clock.leading.office import Office
from passage_clock.leading.service import Clock, places
from passage_clock.monitoring.metrics import ClockMetrics
from passage_clock.monitoring.status import status
from passage_clock.records.entries import Edition
from passage_clock.records.follower import Follower
from passage_clock.records.topics import check_topics
from passage_clock.schedules import periodic
from passage_clock.wall import MachineWall
from passage_log.errors import Fenced
from passage_log.kafka import KafkaLog
from passage_log.port import EARLIEST
from passage_schemas.instant import Instant
from passage_schemas.log_record import Record
from passage_schemas.records import TICK
from passage_schemas.tick import Tick
from tests.clock.candidate_process import LONG_SECONDS, Process
from tests.clock.moved_rules import Later, by
from tests.clock.world import MINUTE, SECOND, Stages, every_minute, whole

pytestmark = pytest.mark.kafka


@pytest.fixture
def config(kafka_bootstrap: str) -> ClockConfig:
    """Topics and a group of this test's own."""
    run = uuid4().hex[:8]
    since = Instant(MachineWall().now() // SECOND * SECOND - 5_000 * SECOND)
    config = ClockConfig(
        schedules=(periodic("second.utc", "second", "UTC", starts_at=since),),
        bootstrap=kafka_bootstrap,
        topics=Topics(f"ticks.{run}", f"schedules.{run}", f"control.{run}"),
        group=f"clock.{run}",
    )
    check_topics(KafkaLog(kafka_bootstrap), config, create=True)
    return config


@pytest.fixture
def log(config: ClockConfig) -> Iterator[KafkaLog]:
    assert config.bootstrap is not None
    log = KafkaLog(config.bootstrap)
    yield log
    log.close()


def readable(log: KafkaLog, config: ClockConfig) -> list[Record]:
    """Everything on the tick topic, as any read_committed consumer gets it."""
    reader, partition = log.reader(), places(config).ticks
    end = reader.end(partition)
    reader.assign({partition: EARLIEST})
    found: list[Record] = []
    deadline = time.monotonic() + LONG_SECONDS
    while reader.position(partition) < end:
        assert time.monotonic() < deadline, f"{reader.position(partition)} of {end} could be read"
        found += reader.poll(10_000, 0.5)
    reader.close()
    return found


def ticks_of(records: list[Record]) -> list[Tick]:
    return [TICK.decode(value) for record in records if (value := record.value()) is not None]


def run_until(clock: Clock, stages: Stages, sequence: int) -> None:
    deadline = time.monotonic() + LONG_SECONDS
    while stages.last_sequence < sequence:
        assert time.monotonic() < deadline, f"at {stages.last_sequence}, {clock.leadership}"
        wait = clock.step()
        if clock.member is not None and wait > 0:
            clock.member.poll(1, min(wait, 0.05))


def test_a_clock_catches_up_five_thousand_ticks_and_a_second_one_goes_on(config: ClockConfig, log: KafkaLog) -> None:
    for name, wanted in (("first", 5_000), ("second", 5_001)):
        stages = Stages()
        clock = Clock(config, log, MachineWall(), name, stages)
        run_until(clock, stages, wanted)
        clock.stop()
        clock.close()

    ticks = ticks_of(readable(log, config))
    assert len(ticks) >= 5_001
    assert whole(ticks) == []


def test_a_writer_that_was_deposed_writes_nothing_readable(config: ClockConfig, log: KafkaLog) -> None:
    edition = Edition(1, "2026c", "0.99")

    def office(name: str) -> Office:
        found = Office(log, MachineWall(), places(config), config.schedules, edition, "test", name)
        found.open("the-same-for-all")
        follower = Follower(log, places(config))
        term = found.mark(follower.last_at())
        deadline = time.monotonic() + LONG_SECONDS
        while not follower.passed(places(config).ticks, term):
            assert time.monotonic() < deadline
            follower.follow(1_000, 0.2)
        found.settle(follower.state())
        follower.close()
        return found

    zombie = office("zombie")
    assert zombie.publish(MachineWall().now(), 100) is not None
    leader = office("leader")
    with pytest.raises(Fenced):
        zombie.publish(MachineWall().now(), 100)
    assert leader.publish(MachineWall().now(), 100) is not None

    ticks = ticks_of(readable(log, config))
    assert len(ticks) == 200
    assert whole(ticks) == []


@pytest.fixture
def start(config: ClockConfig, tmp_path: Path) -> Iterator[Callable[[str], Process]]:
    path = tmp_path / "clock.yaml"
    path.write_text(
        f"bootstrap: {config.bootstrap}\ngroup: {config.group}\n"
        f"topics: {{ticks: {config.topics.ticks}, schedules: {config.topics.schedules}, "
        f"control: {config.topics.control}}}\n"
        "schedules: [{name: second.utc, every: second, zone: UTC}]\n"
    )
    assert load(path, {}).topics == config.topics
    started: list[Process] = []

    def process(name: str) -> Process:
        started.append(Process(path, name))
        return started[-1]

    yield process
    for one in started:
        one.kill()


def test_a_leader_paused_past_its_session_and_resumed_writes_nothing_readable(
    config: ClockConfig, log: KafkaLog, start: Callable[[str], Process]
) -> None:
    paused = start("paused")
    first = paused.wait_for("office_taken")
    paused.wait_for("tick_published")
    successor = start("successor")
    paused.send(signal.SIGSTOP)
    second = successor.wait_for("office_taken")
    successor.wait_for("tick_published", "ticks_published")

    paused.send(signal.SIGCONT)
    paused.wait_for("unassigned", "fenced")
    for _ in range(3):
        successor.wait_for("tick_published")

    assert successor.end() == 0
    third = paused.wait_for("office_taken")
    paused.wait_for("tick_published")
    assert paused.end() == 0
    ticks = ticks_of(readable(log, config))
    assert whole(ticks) == []
    terms = [int(str(event["term"])) for event in (first, second, third)]
    assert terms == sorted(set(terms))


def test_a_killed_leaders_standby_misses_no_tick(
    config: ClockConfig, log: KafkaLog, start: Callable[[str], Process]
) -> None:
    leader = start("leader")
    leader.wait_for("tick_published")
    standby = start("standby")
    leader.kill()
    standby.wait_for("office_taken")
    standby.wait_for("tick_published", "ticks_published")
    assert standby.end() == 0

    ticks = ticks_of(readable(log, config))
    assert whole(ticks) == []
    assert {after.ends_at - before.ends_at for before, after in pairwise(ticks)} == {SECOND}


def test_a_candidate_that_would_break_a_promise_leaves_the_office_to_one_that_keeps_it(
    config: ClockConfig, log: KafkaLog
) -> None:
    moved = by(Later, starts_at=Instant(MachineWall().now() // MINUTE * MINUTE - 100 * MINUTE))
    kept = replace(config, schedules=(replace(moved, rule=every_minute().rule),))
    wrong = replace(config, schedules=(moved,))
    stages = Stages()
    before = Clock(kept, log, MachineWall(), "before", stages)
    run_until(before, stages, 100)
    before.stop()
    before.close()
    metrics = ClockMetrics()
    refuses = Clock(wrong, log, MachineWall(), "refuses", metrics)
    deadline = time.monotonic() + LONG_SECONDS
    while refuses.leadership.stage is not Stage.REFUSING:
        assert time.monotonic() < deadline, refuses.leadership
        refuses.step()

    said = "minute.utc: the next tick is promised at "
    assert said in (metrics.health.why_not_ready() or "")
    (broken,) = status(log, wrong, MachineWall().now()).unkept
    assert said in str(broken)
    assert status(log, kept, MachineWall().now()).moved == ()
    assert metrics.registry.get_sample_value("passage_clock_offices_refused_total") == 1
    assert metrics.registry.get_sample_value("passage_clock_stage", {"stage": "refusing"}) == 1
    leads = Clock(kept, log, MachineWall(), "leads")
    while not leads.leadership.may_publish:
        assert time.monotonic() < deadline, leads.leadership
        leads.step()
    leads.stop()
    leads.close()
    refuses.close()
    assert whole(ticks_of(readable(log, config))) == []
