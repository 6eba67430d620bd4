"""The clock's metrics, for Prometheus. An alert needs three: is anybody leading, is the wall right, are ticks late.

What is per schedule is told by its leader only, so that a deposed one doesn't go on telling of ages that grow.
Refuses to measure what the clock does not tell: it is an observer, and nothing here can slow or fail a tick.
"""

from collections import Counter as Tally
from collections.abc import Sequence
from functools import partial

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from passage_clock.leading.leadership import Leadership, Stage
from passage_clock.leading.office import Batch
from passage_clock.leading.waits import WHATS, Awaited, ClockWait
from passage_clock.monitoring.health import ClockHealth
from passage_clock.records.clock_state import ClockState
from passage_clock.schedules import Schedule
from passage_clock.wall import MachineWall, Wall
from passage_schemas.instant import Instant

# From a live tick's milliseconds to an outage that was slept through.
LATENESS_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 600.0, 3600.0, 86400.0)


class ClockMetrics:
    """An Observer. Each has its own registry, so that several clocks of one process don't meet."""

    def __init__(self, wall: Wall | None = None) -> None:
        self._wall = wall if wall is not None else MachineWall()
        self.health = ClockHealth(self._wall)
        self.registry = CollectorRegistry()
        self._last_at: dict[str, Instant] = {}
        self._shown: set[str] = set()
        self._wake_at: Instant | None = None
        self._leads = self._gauge("leader", "1 while this candidate is in office")
        self._acting = self._gauge("acting", "1 while it is in office without being assigned")
        self._term = self._gauge("term", "The term of the last office taken")
        self._stage = self._gauge("stage", "1 for the stage of leadership", "stage")
        self._caught_up = self._gauge("caught_up", "1 once everything readable was read")
        self._taken = self._counter("offices_taken", "Offices taken")
        self._take_overs = self._counter("take_overs", "Ways to office opened without the group")
        self._fenced = self._counter("fenced", "Times a newer leader's fence was met")
        self._failed = self._counter("offices_failed", "Offices that ended by an error")
        self._refused = self._counter("offices_refused", "Offices refused for newer data on the log, or a promise")
        self._held = self._counter("offices_held", "Times the wall was too far ahead to publish")
        self._ticks = self._counter("ticks_published", "Ticks", "schedule")
        self._sequence = self._gauge("sequence", "The last tick's sequence")
        self._age = self._gauge("last_tick_age_seconds", "Time since the last tick's instant", "schedule")
        self._horizon = self._gauge("horizon_days", "How far the schedule's calendar data reaches", "schedule")
        self._behind = self._gauge("catch_up_seconds", "How far the earliest unpublished tick lies in the past")
        self._behind.set_function(self._behind_seconds)
        self._remaining = self._gauge("catch_up_remaining", "About how many ticks are due and not published")
        self._lateness = Histogram(
            "passage_clock_lateness_seconds",
            "Publication after the instant, of the earliest tick of each batch",
            buckets=LATENESS_BUCKETS,
            registry=self.registry,
        )
        self._skew = self._gauge("skew_seconds", "The wall's time minus the broker's, at the last probe")
        self._wait: ClockWait | None = None
        waiting = self._gauge("waiting_seconds", "How long this has stood in its way, 0 while it does not", "what")
        for what in WHATS:
            waiting.labels(what).set_function(partial(self._waiting_seconds, what))
        for stage in Stage:
            self._stage.labels(stage.name.lower()).set(0)
        self.moved(Leadership(), Leadership())

    def moved(self, before: Leadership, after: Leadership) -> None:
        self.health.moved(before, after)
        self._stage.labels(before.stage.name.lower()).set(0)
        self._stage.labels(after.stage.name.lower()).set(1)
        self._leads.set(after.stage is Stage.IN_OFFICE)
        self._acting.set(after.is_acting)
        if before.stage is after.stage:
            return
        if before.stage is Stage.STANDING_BY and after.is_acting:
            self._take_overs.inc()
        if before.stage is Stage.SETTLING and after.stage is Stage.IN_OFFICE and after.term is not None:
            self._taken.inc()
            self._term.set(after.term)
        counters = {
            Stage.FENCED: self._fenced,
            Stage.BACKING_OFF: self._failed,
            Stage.REFUSING: self._refused,
            Stage.HELD: self._held,
        }
        if after.stage in counters:
            counters[after.stage].inc()
        if before.owns_writer and not after.owns_writer:
            self._forget()

    def settled(self, schedules: Sequence[Schedule], state: ClockState) -> None:
        for schedule in schedules:
            published = state.published.get(schedule.name)
            if published is not None:
                self._saw(schedule.name, published.last.ends_at)

    def published(self, batch: Batch) -> None:
        for schedule, count in Tally(tick.schedule.name for tick in batch.ticks).items():
            self._ticks.labels(schedule).inc(count)
        for name, ends_at in {tick.schedule.name: tick.occurrence.ends_at for tick in batch.ticks}.items():
            self._saw(name, ends_at)
        self._sequence.set(batch.last_sequence)
        self._lateness.observe(max(0.0, batch.lateness_seconds))

    def stepped(self, monotonic: float, has_reached_the_log: bool) -> None:
        self.health.stepped(monotonic, has_reached_the_log)
        self._caught_up.set(has_reached_the_log)

    def held_up(self, wait: ClockWait | None) -> None:
        self._wait = wait
        self.health.held_up(wait)

    def outdated(self, why: str | None) -> None:
        self.health.outdated(why)

    def catching_up(self, remaining: int | None) -> None:
        self._remaining.set(remaining or 0)

    def horizon(self, schedule: str, days: int) -> None:
        self._horizon.labels(schedule).set(days)

    def waits(self, wake_at: Instant | None) -> None:
        self._wake_at = wake_at

    def probed(self, skew_seconds: float) -> None:
        self._skew.set(skew_seconds)

    def _gauge(self, name: str, says: str, *labels: str) -> Gauge:
        return Gauge(f"passage_clock_{name}", says, labels, registry=self.registry)

    def _counter(self, name: str, says: str, *labels: str) -> Counter:
        return Counter(f"passage_clock_{name}", says, labels, registry=self.registry)

    def _saw(self, schedule: str, ends_at: Instant) -> None:
        self._last_at[schedule] = max(ends_at, self._last_at.get(schedule, ends_at))
        if schedule not in self._shown:
            self._shown.add(schedule)
            # Worked out when somebody asks.
            self._age.labels(schedule).set_function(lambda: self._since(self._last_at[schedule]))

    def _since(self, instant: Instant) -> float:
        return (self._wall.now() - instant) / 1_000_000

    def _behind_seconds(self) -> float:
        wake_at = self._wake_at
        return 0.0 if wake_at is None else max(0.0, self._since(wake_at))

    def _waiting_seconds(self, what: Awaited) -> float:
        wait = self._wait
        return 0.0 if wait is None or wait.what != what else self._wall.monotonic() - wait.since

    def _forget(self) -> None:
        self._age.clear()
        self._shown.clear()
        self._remaining.set(0)
