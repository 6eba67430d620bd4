"""Reports: one for each tick of a schedule, by exactly one task, failed ones kept until they are resumed."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from passage import Scenario, ticks_pass
from passage_processors.app import App
from passage_processors.model.policy import Policy
from passage_processors.model.report import Passed, Report
from passage_schemas.partitioner import partition_of
from passage_schemas.records import WAKE_UP_RESUMED
from passage_schemas.wake_up_resumed import WakeUpResumed
from tests.processors.stories import Told, orders
from tests.processors.world import DAY, World, day, invoices, overdue


@dataclass(frozen=True)
class ReportIsDue:
    report: str
    period: str


@dataclass(frozen=True)
class ReportWasMissed:
    report: str


def due(passed: Passed) -> ReportIsDue:
    return ReportIsDue("daily", passed.period)


def daily(**changes: object) -> Report:
    return Report(**({"name": "daily", "of": DAY, "emits": ReportIsDue, "event": due} | changes))  # type: ignore[arg-type]


def test_a_report_tells_the_periods_own_label() -> None:
    app = orders(reports=[daily(of="quarter.utc")], processes=[])
    Scenario(app).when(ticks_pass(2, of="quarter.utc")).then(
        ReportIsDue("daily", "2026-Q1"), ReportIsDue("daily", "2026-Q2")
    )


def test_ticks_that_end_before_since_are_not_reported() -> None:
    fold = Told(orders(reports=[daily(since=datetime(1970, 1, 3, tzinfo=UTC))], processes=[])).days(1, 3)
    assert fold.taken() == [ReportIsDue("daily", f"{DAY}#2"), ReportIsDue("daily", f"{DAY}#3")]
    assert fold.ids[0] == f"orders/daily/{DAY}#2/ReportIsDue/1"


@pytest.mark.parametrize("workers", [1, 2])
def test_of_all_tasks_one_does_it_once(workers: int) -> None:
    world = World(invoices(overdue(), reports=[daily()]), partitions=4)
    world.name(next_at=day(1))
    world.days(1, 5)
    world.settle(*(world.worker(name) for name in "ab"[:workers]))
    assert world.derived() == [ReportIsDue("daily", str(number)) for number in range(1, 6)]
    assert {record.partition() for record in world.output()} == {partition_of(b"daily", 4)}
    assert {record.key() for record in world.output()} == {b"daily"}


def failing(broken: list[bool]) -> App:
    def emit(passed: Passed) -> ReportIsDue:
        if broken[0]:
            raise RuntimeError("broken")
        return due(passed)

    missed = Policy(
        name="missed", starts_on=ReportIsDue, after=1, of=DAY, emits=ReportWasMissed,
        event=lambda case: ReportWasMissed(case.fact.period),
    )  # fmt: skip
    return orders(policies=[missed], reports=[daily(event=emit)], processes=[])


def test_a_report_that_fails_is_kept_with_its_tick_and_resumed() -> None:
    broken = [True]
    fold = Told(failing(broken)).days(1, 2)
    assert fold.letters[0].startswith(f"report 'daily' failed for b'1' at {DAY}#1: RuntimeError: broken (")
    assert sorted(fold.restored().stored[1]) == [b"1", b"2"]
    broken[0] = False
    asked = WAKE_UP_RESUMED.encode(WakeUpResumed("daily", "1", "due"))
    fold.record(b"daily", asked, 2.5, fold.app.requests).record(b"daily", asked, 2.5, fold.app.requests)
    fold = fold.restored()
    assert fold.tick(2.6, "minute.utc").taken() == [ReportIsDue("daily", f"{DAY}#1")]
    assert sorted(fold.stored[1]) == [b"2"]
    assert fold.days(3, 3).taken() == [ReportWasMissed(f"{DAY}#1"), ReportIsDue("daily", f"{DAY}#3")]


@pytest.mark.parametrize("budget", [1, 2])
def test_a_burst_cut_right_behind_a_report_does_not_report_twice(budget: int) -> None:
    reports = [daily(name=name) for name in ("one", "two", "three")]
    fold = Told(orders(reports=reports, processes=[]))
    tick = fold.next_tick(1)
    while not fold.some_of(tick, budget):
        fold = fold_again(fold)
    assert fold.ids == [f"orders/{name}/{DAY}#1/ReportIsDue/1" for name in ("one", "two", "three")]


def fold_again(fold: Told) -> Told:
    twin = fold.restored()
    twin.ids = fold.ids
    return twin
