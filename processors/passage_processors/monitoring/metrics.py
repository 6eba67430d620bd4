"""The worker's metrics, for Prometheus: read off the worker when they are asked for, so that counting costs nothing.

An alert needs four: are facts waiting for the clock, are there dead letters, does the step go on, do transactions fail.
`FAMILIES` is all there is, each with what it means; `docs/reference/metrics.md` repeats it, held by a test.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from passage_processors.monitoring.health import WorkerHealth
from passage_processors.runtime.task import Task
from passage_processors.runtime.totals import Durations
from passage_processors.runtime.waits import WHATS
from passage_processors.runtime.worker import Worker

PREFIX = "passage_processor_"


@dataclass(frozen=True, slots=True)
class Family:
    """A figure of the worker's (or, where `of_task` tells it, of each of its tasks), by its name without the prefix."""

    kind: Literal["counter", "gauge"]
    name: str
    said: str
    of_worker: Callable[[Worker], float | None] | None = None
    of_task: Callable[[Worker, Task], float] | None = None


def _counter(name: str, said: str, of_worker: Callable[[Worker], float]) -> Family:
    return Family("counter", name, said, of_worker)


def _gauge(name: str, said: str, of_worker: Callable[[Worker], float | None]) -> Family:
    return Family("gauge", name, said, of_worker)


def _of_task(name: str, said: str, of_task: Callable[[Worker, Task], float]) -> Family:
    return Family("gauge", name, said, of_task=of_task)


FAMILIES = (
    _counter("facts_folded", "Facts folded", lambda worker: worker.totals.facts),
    _counter("events_written", "Derived events committed", lambda worker: worker.totals.events),
    _counter("dead_letters", "Dead letters committed", lambda worker: worker.totals.letters),
    _counter("wake_ups_parked", "Those of them that are a wake-up's", lambda worker: worker.totals.parked),
    _counter("commits", "Transactions committed", lambda worker: worker.totals.commits),
    _counter("restarts", "Times memory was dropped and restored from the log", lambda worker: worker.totals.restarts),
    _counter("restores", "Restores finished", lambda worker: worker.totals.restores),
    _counter("snapshots_used", "Tasks restored from a snapshot", lambda worker: _snapshots(worker, "used")),
    _counter("snapshots_ignored", "Snapshots that did not fit", lambda worker: _snapshots(worker, "ignored")),
    _gauge("tasks", "Partitions owned and restored", lambda worker: len(_tasks(worker))),
    _gauge("restoring", "1 while tasks are being restored", lambda worker: worker.stage == "restoring"),
    _gauge("restore_seconds", "How long the last restore took", lambda worker: worker.totals.restore_seconds),
    _gauge("last_commit_age_seconds", "Time since the last commit", lambda worker: _since_commit(worker)),
    _gauge("waiting_for_clock", "1 while facts are held for a tick", lambda worker: _waits_for_clock(worker)),
    _gauge("waiting_for_upstream", "1 while ticks wait for an app upstream", lambda worker: _waits_upstream(worker)),
    _gauge(
        "schedules_silenced",
        "Counted and removed or long paused, while wake-ups are open",
        lambda worker: _silenced(worker),
    ),
    _of_task("facts_pending", "Facts read and not folded", lambda _, task: task.pending),
    _of_task("ticks_behind", "Ticks seen and not folded", lambda worker, task: _ticks_behind(worker, task)),
    _of_task("open", "Wake-ups that wait for a tick", lambda _, task: task.cut.open),
    _of_task("entries", "Keys on the changelog, markers and parked ones too", lambda _, task: task.cut.entries),
    _of_task("in_burst", "1 while a tick's burst is divided", lambda _, task: task.cut.burst is not None),
    _of_task("facts_unmatched", "Facts that ended nothing there was", lambda _, task: task.fold.unmatched),
)

WAITING_SECONDS = ("waiting_seconds", "How long it has waited for this, 0 while it does not")

COMMIT_SECONDS = ("commit_seconds", "How long a transaction took, from begin to commit")


class WorkerMetrics(Collector):
    """What a worker knows. Scraped from another thread: each figure is one whole number, read as it is."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self.health = WorkerHealth(worker)
        self.registry = CollectorRegistry()
        self.registry.register(self)

    def describe(self) -> Iterator[Metric]:
        """Names, so that registering asks the worker nothing."""
        for family in FAMILIES:
            yield _family(family)
        yield _waiting()
        yield HistogramMetricFamily(PREFIX + COMMIT_SECONDS[0], COMMIT_SECONDS[1], labels=("app",))

    def collect(self) -> Iterator[Metric]:
        worker, app = self._worker, self._worker.app.name
        tasks = _tasks(worker)
        for family in FAMILIES:
            made = _family(family)
            if family.of_task is not None:
                for task in tasks:
                    made.add_metric((app, str(task.number)), family.of_task(worker, task))
            elif family.of_worker is not None and (value := family.of_worker(worker)) is not None:
                made.add_metric((app,), value)
            yield made
        waiting = _waiting()
        for what in WHATS:
            waiting.add_metric((app, what), worker.waits.seconds(what))
        yield waiting
        durations = HistogramMetricFamily(PREFIX + COMMIT_SECONDS[0], COMMIT_SECONDS[1], labels=("app",))
        durations.add_metric((app,), buckets=_buckets(worker.totals.commit_seconds), sum_value=_sum(worker))
        yield durations


def _waiting() -> GaugeMetricFamily:
    return GaugeMetricFamily(PREFIX + WAITING_SECONDS[0], WAITING_SECONDS[1], labels=("app", "what"))


def _family(family: Family) -> CounterMetricFamily | GaugeMetricFamily:
    kind = CounterMetricFamily if family.kind == "counter" else GaugeMetricFamily
    labels = ("app",) if family.of_task is None else ("app", "partition")
    return kind(PREFIX + family.name, family.said, labels=labels)


def _tasks(worker: Worker) -> list[Task]:
    """Those it folds: what it keeps of others, in case they come back, is no news."""
    return list(worker.tasks.values()) if worker.stage == "folding" else []


def _snapshots(worker: Worker, what: Literal["used", "ignored"]) -> int:
    if worker.snapshots is None:
        return 0
    return worker.snapshots.times_used if what == "used" else worker.snapshots.times_ignored


def _ticks_behind(worker: Worker, task: Task) -> int:
    return max(0, worker.feed.history.last - task.sequence)


def _waits_for_clock(worker: Worker) -> bool:
    return worker.stage == "folding" and worker.readiness.waiting_for is not None


def _waits_upstream(worker: Worker) -> bool:
    return worker.stage == "folding" and worker.upstream.waiting_for is not None


def _silenced(worker: Worker) -> int:
    return len(worker.lookout.silenced.schedules) if worker.stage == "folding" else 0


def _since_commit(worker: Worker) -> float | None:
    at = worker.totals.committed_at
    return None if at is None else max(0.0, worker.monotonic() - at)


def _buckets(durations: Durations) -> list[tuple[str, float]]:
    buckets, at_most = [], 0
    for bound, count in zip((*durations.bounds, float("inf")), list(durations.counts), strict=True):
        at_most += count
        buckets.append(("+Inf" if bound == float("inf") else str(bound), float(at_most)))
    return buckets


def _sum(worker: Worker) -> float:
    return worker.totals.commit_seconds.sum
