"""A worker joins, leaves or is killed every five seconds, and the work gets on all the time, each event once.

make chaos        the three minutes
"""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.chaos.crowd import Crowd, Toll
from tests.chaos.orders_world import Story

EVERY_SECONDS = 5.0
MOST_WORKERS = 4
DEADLY = 0.35

WINDOW_SECONDS, TASK_WINDOW_SECONDS = 10.0, 30.0
"""In each such window something is folded, by anybody; and by each task. One whose worker is killed is missed after a
session of six seconds, which all wait for who come together meanwhile; a transaction it left open ends after fifteen.
"""


@dataclass(frozen=True, slots=True)
class Plan:
    seed: int
    seconds: float
    orders: int
    days_per_second: float = 2.0


@dataclass(frozen=True, slots=True)
class Aftermath:
    plan: Plan
    toll: Toll
    wrong: list[str]


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(Plan(seed=6, seconds=20, orders=200), id="squall", marks=pytest.mark.kafka),
        pytest.param(Plan(seed=8, seconds=180, orders=1_800), id="storm", marks=pytest.mark.chaos),
    ],
)
def aftermath(request: pytest.FixtureRequest, kafka_bootstrap: str) -> Iterator[Aftermath]:
    plan: Plan = request.param
    story = Story(plan.seed, plan.orders, days=round(plan.seconds * plan.days_per_second), partitions=4)
    crowd = Crowd(kafka_bootstrap, story, plan.days_per_second, plan.seed)
    try:
        crowd.start(workers=2)
        strikes = round(plan.seconds / EVERY_SECONDS)
        crowd.run([(n * EVERY_SECONDS, lambda: crowd.come_or_go(MOST_WORKERS, DEADLY)) for n in range(strikes)])
        crowd.finish()
        yield Aftermath(plan, crowd.toll, crowd.differences())
    finally:
        crowd.close()


def test_workers_came_and_went_all_the_time(aftermath: Aftermath, capsys: pytest.CaptureFixture[str]) -> None:
    toll = aftermath.toll
    with capsys.disabled():
        print(f"\n{aftermath.plan}: {toll}")
    assert toll.joins - 2 + toll.leaves + toll.kills == round(aftermath.plan.seconds / EVERY_SECONDS)
    assert toll.joins > 2
    assert toll.leaves + toll.kills > 0
    assert toll.assignments > toll.joins


def test_something_was_folded_in_every_window(aftermath: Aftermath) -> None:
    assert max(aftermath.toll.silences) < WINDOW_SECONDS
    assert max(aftermath.toll.of_tasks) < TASK_WINDOW_SECONDS


def test_each_event_is_there_once_and_all_is_as_if_nothing_had_happened(aftermath: Aftermath) -> None:
    assert aftermath.wrong == []
