"""The worker's metrics, for Prometheus: read off the worker when they are asked for, so that counting costs nothing.

An alert needs four: are facts waiting for the clock, are there dead letters, does the step go on, do transactions fail.
"""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from passage_processors.errors import ProcessorError
from passage_processors.runtime.worker import Worker


class Metrics(Collector):
    """What a worker knows. Scraped from another thread: each figure is one whole number, read as it is."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self.registry = CollectorRegistry()
        self.registry.register(self)

    def collect(self) -> Iterator[Metric]:
        worker, totals = self._worker, self._worker.totals
        app = {"app": worker.app.name}
        for name, said, value in (
            ("facts_folded", "Facts folded", totals.facts),
            ("events_written", "Derived events committed", totals.events),
            ("dead_letters", "Dead letters committed", totals.letters),
            ("commits", "Transactions committed", totals.commits),
            ("restarts", "Times memory was dropped and restored from the log", totals.restarts),
        ):
            yield _labelled(CounterMetricFamily(f"passage_processor_{name}", said, labels=list(app)), app, value)
        tasks = list(worker.tasks.values())
        for name, said, value in (
            ("tasks", "Partitions owned", len(tasks)),
            ("facts_pending", "Facts read and not folded", sum(task.pending for task in tasks)),
            ("cases_open", "Cases waiting for a tick", sum(book.open for task in tasks for book in task.fold.books)),
            ("facts_unmatched", "Facts that ended nothing there ever was", sum(t.fold.unmatched for t in tasks)),
            ("ticks_behind", "Ticks seen and not folded", sum(worker.feed.history.last - t.sequence for t in tasks)),
            ("waiting_for_clock", "1 while facts are held for a tick", int(worker.patience.waiting_for is not None)),
        ):
            yield _labelled(GaugeMetricFamily(f"passage_processor_{name}", said, labels=list(app)), app, value)

    def serve(self, port: int, host: str = "") -> None:
        """Answer on `host` (all addresses by default) until the process ends. Raises ProcessorError when the port can't
        be had."""
        try:
            start_http_server(port, addr=host or "0.0.0.0", registry=self.registry)
        except OSError as error:
            raise ProcessorError(f"metrics port {port}: {error.strerror or error}; choose another port") from error


def _labelled(
    family: CounterMetricFamily | GaugeMetricFamily, labels: dict[str, str], value: int
) -> CounterMetricFamily | GaugeMetricFamily:
    family.add_metric(list(labels.values()), value)
    return family
