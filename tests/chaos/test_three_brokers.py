"""Three candidates on three brokers, replication 3, in a storm: every second has its tick, once, in order, none early.

make chaos        the five minutes
.venv/bin/python -m pytest -m chaos -k "three_brokers and squall" -s        half a minute of them
"""

import os
from collections import Counter
from collections.abc import Iterator
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from statistics import quantiles

import pytest

from passage_clock.config import load
from passage_clock.records.topics import check_topics
from passage_log.kafka import KafkaLog
from passage_log.ranges import read_all
from passage_schemas.log_record import Partition
from passage_schemas.records import TICK
from passage_schemas.tick import Tick
from passage_trial import java
from passage_trial.cluster import cluster
from tests.chaos.storm import Plan, Storm
from tests.clock.world import SECOND, whole

pytestmark = pytest.mark.chaos

CONFIG = """\
bootstrap: {bootstrap}
schedules:
  - {{name: second.utc, every: second, zone: UTC}}
  - {{name: second.kolkata, every: second, zone: Asia/Kolkata}}
  - {{name: minute.utc, every: minute, zone: UTC}}
"""

SCHEDULES = {"second.utc": SECOND, "second.kolkata": SECOND, "minute.utc": 60 * SECOND}


class Aftermath:
    """The log after the storm, read anew by somebody who was not there, and what the witness saw."""

    def __init__(self, storm: Storm, values: list[bytes]) -> None:
        self.toll = storm.toll
        self.witness = storm.witness
        self.values = values
        self.ticks = [TICK.decode(value) for value in values]

    def of(self, schedule: str) -> list[tuple[Tick, bytes]]:
        return [pair for pair in zip(self.ticks, self.values, strict=True) if pair[0].schedule == schedule]


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(Plan(seed=11, seconds=30, kills=4, pauses=3, broker_kills=1), id="squall"),
        pytest.param(Plan(seed=4, seconds=300, kills=24, pauses=24, broker_kills=6), id="storm"),
    ],
)
def aftermath(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aftermath]:
    os.environ.setdefault("PASSAGE_CACHE", str(Path(__file__).parents[2] / ".kafka"))
    problem = java.why_not()
    if problem is not None:
        pytest.fail(f"three brokers are needed, and {problem}", pytrace=False)
    with cluster(3) as brokers:
        path = tmp_path_factory.mktemp("storm") / "clock.yaml"
        path.write_text(CONFIG.format(bootstrap=brokers.bootstrap), encoding="utf-8")
        config, log = load(path, {}), KafkaLog(brokers.bootstrap)
        check_topics(log, config, create=True)
        storm = Storm(request.param, brokers, path, config.topics.ticks)
        storm.run()
        values = [value for one in read_all(log, Partition(config.topics.ticks, 0)) if (value := one.value())]
        log.close()
        yield Aftermath(storm, values)


def test_everybody_was_struck_as_often_as_planned(
    aftermath: Aftermath, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    toll, plan = aftermath.toll, request.node.callspec.params["aftermath"]
    assert (toll.kills, toll.pauses, toll.broker_kills) == (plan.kills, plan.pauses, plan.broker_kills)
    with capsys.disabled():
        print(f"\n{plan}: {len(aftermath.ticks)} ticks, {len(toll.said('office_taken'))} terms")
        counts = {event: len(toll.said(event)) for event in ("fenced", "unassigned", "office_failed", "acting")}
        print(f"  the candidates said: {counts}")
        for name, seconds in (("leader lost", toll.fail_overs), ("broker lost", toll.after_broker)):
            print(f"  {name}, until the next tick is readable: {told(seconds)}")
        readings = zip(aftermath.witness.seen_at, aftermath.ticks, strict=False)
        late = [(seen_at - tick.ends_at) / SECOND for seen_at, tick in readings]
        print(f"  readable after its instant: {told(late)}")


def told(seconds: list[float]) -> str:
    if len(seconds) < 2:
        return f"{seconds}"
    cuts = quantiles(seconds, n=100, method="inclusive")
    return f"p50 {cuts[49]:.2f} s, p99 {cuts[98]:.2f} s, most {max(seconds):.2f} s, of {len(seconds)}"


def test_no_gap_no_duplicate_and_each_tick_names_the_one_before(aftermath: Aftermath) -> None:
    assert whole(aftermath.ticks) == []
    # Half a minute need not see a minute end.
    assert {"second.utc", "second.kolkata"} <= {tick.schedule for tick in aftermath.ticks} <= set(SCHEDULES)
    for schedule, period in SCHEDULES.items():
        chain = aftermath.of(schedule)
        assert {after.ends_at - before.ends_at for (before, _), (after, _) in pairwise(chain)} <= {period}
        digests = [sha256(value).digest() for _, value in chain]
        assert [tick.previous for tick, _ in chain] == [None, *digests][: len(chain)]
    assert max(Counter((tick.schedule, tick.period) for tick in aftermath.ticks).values()) == 1


def test_what_could_be_read_once_stayed_as_it_was(aftermath: Aftermath) -> None:
    seen = aftermath.witness.values
    assert seen == aftermath.values[: len(seen)]
    assert len(seen) > len(aftermath.values) / 2


def test_none_came_before_its_instant(aftermath: Aftermath) -> None:
    assert [tick for tick in aftermath.ticks if tick.published_at < tick.ends_at] == []
    readings = zip(aftermath.witness.seen_at, aftermath.ticks, strict=False)
    assert [tick for seen_at, tick in readings if seen_at < tick.ends_at] == []


def test_no_two_leaders_had_one_term(aftermath: Aftermath) -> None:
    terms = [str(event["term"]) for event in aftermath.toll.said("office_taken")]
    assert len(terms) == len(set(terms)) > 1
