"""What a dashboard sees of a worker, and what whoever restarts it or waits for it is told."""

import re
from pathlib import Path

from prometheus_client import CollectorRegistry

from passage.running.brokers import Brokers
from passage.running.turns import Turns
from passage.running.watched import Watched
from passage_clock.monitoring.metrics import ClockMetrics
from passage_processors.monitoring.health import STALLED_SECONDS
from passage_processors.monitoring.metrics import WorkerMetrics
from passage_processors.runtime.worker import Worker
from tests.processors.world import InvoicePaid, InvoiceSent, World, day, invoices, overdue

REFERENCE = Path(__file__).parents[2] / "docs/reference/metrics.md"


class Stopwatch:
    """A worker's seconds, which the test lets pass."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def figure(metrics: WorkerMetrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(f"passage_processor_{name}", {"app": "invoices", **labels})


def a_worker() -> tuple[World, Worker, Stopwatch]:
    world, stopwatch = World(invoices(overdue())), Stopwatch()
    world.name(next_at=day(1))
    return world, Worker(world.app, world.log, "a", monotonic=stopwatch), stopwatch


def test_a_dashboard_sees_what_was_done_and_what_waits() -> None:
    world, worker, stopwatch = a_worker()
    metrics = WorkerMetrics(worker)
    assert figure(metrics, "tasks") == 0
    assert figure(metrics, "last_commit_age_seconds") is None
    world.fact(InvoiceSent("inv-1", terms=1), day(0.5))
    world.fact(InvoiceSent("inv-2", terms=5), day(0.5))
    world.fact(InvoicePaid("nobody"), day(0.6))
    world.raw(b"k", b"garbage", day(0.7))
    world.fact(InvoiceSent("inv-3"), day(2.5))
    world.days(1, 1)
    world.settle(worker)
    stopwatch.seconds += 7
    assert figure(metrics, "facts_folded_total") == 4
    assert figure(metrics, "events_written_total") == 1
    assert figure(metrics, "dead_letters_total") == 1
    assert figure(metrics, "wake_ups_parked_total") == 0
    assert figure(metrics, "tasks") == 1
    assert figure(metrics, "last_commit_age_seconds") == 7
    assert figure(metrics, "open", partition="0") == 1
    assert figure(metrics, "entries", partition="0") == 2
    assert figure(metrics, "facts_unmatched", partition="0") == 1
    assert figure(metrics, "facts_pending", partition="0") == 1
    assert figure(metrics, "waiting_for_clock") == 1
    commits = figure(metrics, "commits_total")
    assert figure(metrics, "commit_seconds_count") == figure(metrics, "commit_seconds_bucket", le="0.005") == commits
    world.days(2, 2)
    world.settle(worker)
    assert figure(metrics, "waiting_for_clock") == 0
    assert figure(metrics, "ticks_behind", partition="0") == 0


def test_a_worker_that_lost_a_task_tells_no_more_of_it() -> None:
    world = World(invoices(overdue()), partitions=2)
    worker = world.worker("a")
    world.settle(worker)
    metrics = WorkerMetrics(worker)
    assert [figure(metrics, "open", partition=number) for number in "01"] == [0, 0]
    other = world.worker("b")
    world.settle(worker, other)
    owned = [figure(one, "open", partition=number) for number in "01" for one in (metrics, WorkerMetrics(other))]
    assert sorted(owned, key=str) == [0, 0, None, None]


def test_every_figure_is_in_the_reference_and_no_other() -> None:
    _, worker, _ = a_worker()
    both = CollectorRegistry()
    brokers = Brokers(lambda: None, "memory")
    Watched(Turns(lambda: 0.0, lambda: False, brokers), brokers).measure(both)
    told = {
        metric.name + ("_total" if metric.type == "counter" else "")
        for registry in (WorkerMetrics(worker).registry, ClockMetrics().registry, both)
        for metric in registry.collect()
    }
    rows = re.findall(r"^\| `(passage_\w+)` \|", REFERENCE.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(rows) == sorted(told)


def test_a_worker_is_ready_once_its_tasks_are_restored() -> None:
    world, worker, _ = a_worker()
    health = WorkerMetrics(worker).health
    assert (health.why_not_alive(), health.why_not_ready()) == (
        None,
        "joining: the ticks there are have not been read yet",
    )

    world.settle(worker)

    assert health.why_not_ready() is None


def test_a_worker_without_a_task_stands_by_and_is_ready() -> None:
    world, worker, _ = a_worker()
    world.settle(worker)
    spare = world.worker("b")
    world.settle(worker, spare)
    assert {worker.stage, spare.stage} == {"folding", "standing by"}
    assert WorkerMetrics(spare).health.why_not_ready() is None


def test_a_loop_that_does_not_turn_is_dead() -> None:
    world, worker, stopwatch = a_worker()
    world.settle(worker)
    health = WorkerMetrics(worker).health
    stopwatch.seconds += STALLED_SECONDS + 1
    assert health.why_not_alive() == health.why_not_ready() == f"no turn for {STALLED_SECONDS + 1:.0f} s"
    worker.turn(0.0)
    assert health.why_not_alive() is None
