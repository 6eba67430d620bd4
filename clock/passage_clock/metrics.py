"""The clock's metrics, for Prometheus. An alert needs three: is anybody leading, is the wall right, are ticks late.

Refuses to measure what the clock does not tell: it is an observer, and nothing here can slow or fail a tick.
"""

from collections import Counter as Tally

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

from passage_clock.errors import ClockError
from passage_clock.leadership import Leadership, Stage
from passage_clock.office import Batch

# From a live tick's milliseconds to an outage that was slept through.
LATENESS_BUCKETS = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 600.0, 3600.0, 86400.0)


class Metrics:
    """An Observer. Each has its own registry, so that several clocks of one process don't meet."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._leads = Gauge("passage_clock_leader", "1 while this candidate is in office", registry=self.registry)
        self._term = Gauge("passage_clock_term", "The term of the last office taken", registry=self.registry)
        self._stage = Gauge("passage_clock_stage", "1 for the stage of leadership", ["stage"], registry=self.registry)
        self._taken = Counter("passage_clock_offices_taken", "Offices taken", registry=self.registry)
        self._fenced = Counter("passage_clock_fenced", "Times a newer leader's fence was met", registry=self.registry)
        self._failed = Counter("passage_clock_offices_failed", "Offices that ended by an error", registry=self.registry)
        self._refused = Counter(
            "passage_clock_offices_refused", "Offices refused for newer data on the log", registry=self.registry
        )
        self._ticks = Counter("passage_clock_ticks_published", "Ticks", ["schedule"], registry=self.registry)
        self._sequence = Gauge("passage_clock_sequence", "The last tick's sequence", registry=self.registry)
        self._lateness = Histogram(
            "passage_clock_lateness_seconds",
            "Publication after the instant, of the earliest tick of each batch",
            buckets=LATENESS_BUCKETS,
            registry=self.registry,
        )
        self._skew = Gauge(
            "passage_clock_skew_seconds",
            "The wall's time minus the broker's, at the last probe",
            registry=self.registry,
        )
        for stage in Stage:
            self._stage.labels(stage.name.lower()).set(0)
        self.moved(Leadership(), Leadership())

    def moved(self, before: Leadership, after: Leadership) -> None:
        self._stage.labels(before.stage.name.lower()).set(0)
        self._stage.labels(after.stage.name.lower()).set(1)
        self._leads.set(after.stage is Stage.IN_OFFICE)
        if before.stage is after.stage:
            return
        if before.stage is Stage.SETTLING and after.stage is Stage.IN_OFFICE and after.term is not None:
            self._taken.inc()
            self._term.set(after.term)
        counters = {Stage.FENCED: self._fenced, Stage.BACKING_OFF: self._failed, Stage.REFUSING: self._refused}
        if after.stage in counters:
            counters[after.stage].inc()

    def published(self, batch: Batch) -> None:
        for schedule, count in Tally(tick.schedule.name for tick in batch.ticks).items():
            self._ticks.labels(schedule).inc(count)
        self._sequence.set(batch.last_sequence)
        self._lateness.observe(max(0.0, batch.lateness_seconds))

    def probed(self, skew_seconds: float) -> None:
        self._skew.set(skew_seconds)

    def serve(self, port: int, host: str = "") -> None:
        """Answer on `host` (all addresses by default) until the process ends. Raises ClockError when the port can't be
        had."""
        try:
            start_http_server(port, addr=host or "0.0.0.0", registry=self.registry)
        except OSError as error:
            raise ClockError(f"metrics port {port}: {error.strerror or error}; choose another port") from error
