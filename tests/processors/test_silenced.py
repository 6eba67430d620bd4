"""A counted schedule that is removed, or paused for long, while wake-ups are open: told by all that tell."""

from dataclasses import dataclass, field

import pytest
import structlog

from passage_processors.monitoring.metrics import WorkerMetrics
from passage_processors.monitoring.status import AppStatus, TaskStatus, status
from passage_processors.runtime.waits import SAY_EVERY_SECONDS
from passage_processors.runtime.worker import Worker
from passage_schemas.instant import Instant
from passage_schemas.schedule_entry import Status as Word
from tests.processors.world import DAY, InvoicePaid, InvoiceSent, World, day, invoices, overdue, suspended

LATER = Instant(day(3) + 3_600 * 1_000_000)
"""An hour after the tick that a pause holds back."""


@dataclass
class Seen:
    """A worker with one wake-up open, and the clock's last word."""

    world: World = field(default_factory=lambda: World(invoices(overdue(), suspended())))
    seconds: float = 0.0

    def __post_init__(self) -> None:
        self.world.name(next_at=day(1))
        self.worker = Worker(self.world.app, self.world.log, "a", monotonic=lambda: self.seconds)
        self.world.fact(InvoiceSent("inv-1", terms=5), day(0.5))
        self.world.days(1, 2)
        self.world.settle(self.worker)

    def hears(self, word: Word) -> None:
        self.world.name(next_at=None if word == "removed" else day(3), status=word)
        self.world.settle(self.worker)

    def said(self, seconds: float) -> list[str]:
        """What the worker says of it while these pass."""
        with structlog.testing.capture_logs() as told:
            for _ in range(round(seconds)):
                self.seconds += 1
                self.worker.turn(0.0)
        return [f"{one['schedule']} {one['status']}" for one in told if one["event"] == "schedule_silenced"]

    def metric(self) -> float | None:
        registry = WorkerMetrics(self.worker).registry
        return registry.get_sample_value("passage_processor_schedules_silenced", {"app": self.world.app.name})

    def status(self, now: Instant = LATER, with_due: bool | None = None) -> tuple[AppStatus, TaskStatus]:
        found = status(self.world.app, self.world.log, range(1), now, with_due)
        (task,) = found.tasks
        return found, task


def test_while_the_schedule_is_active_nothing_is_said() -> None:
    seen = Seen()

    assert seen.said(120) == []
    assert seen.metric() == 0
    assert seen.status(day(2))[0].is_well


@pytest.mark.parametrize("with_due", [True, False])
def test_a_schedule_that_was_removed_is_said_at_once_and_again(with_due: bool) -> None:
    seen = Seen()
    seen.hears("removed")

    assert seen.said(3 * SAY_EVERY_SECONDS) == [f"{DAY} removed"] * 3
    assert seen.metric() == 1
    found, task = seen.status(with_due=with_due)
    assert not found.is_well
    assert task.state.startswith(
        f"at rest, but {'1' if with_due else 'some of 1'} wake-ups get no tick: {DAY} was removed"
    )


def test_a_pause_is_said_once_it_is_long_and_has_held_back_a_tick() -> None:
    seen = Seen()
    seen.hears("paused")

    assert seen.said(50) == []
    assert seen.metric() == 0
    assert seen.status(day(2.5))[0].is_well
    assert seen.said(12) == [f"{DAY} paused"]
    assert seen.metric() == 1
    found, task = seen.status()
    assert not found.is_well
    assert f"its tick of 2026-01-04T00:00:00Z waits for `passage clock resume {DAY}`" in task.state


@pytest.mark.parametrize("word", ["removed", "paused"])
def test_it_is_over_when_the_schedule_is_active_again(word: Word) -> None:
    seen = Seen()
    seen.hears(word)
    seen.said(100)
    seen.hears("active")

    assert seen.said(100) == []
    assert seen.metric() == 0
    assert seen.status(day(2))[0].is_well


@pytest.mark.parametrize("word", ["removed", "paused"])
def test_nobody_is_troubled_where_no_wake_up_is_open(word: Word) -> None:
    seen = Seen()
    seen.world.fact(InvoicePaid("inv-1"), day(2.1))
    seen.world.tick(day(3), day(4))
    seen.world.settle(seen.worker)
    seen.hears(word)

    assert seen.said(100) == []
    assert seen.metric() == 0
    assert seen.status(day(5))[0].is_well


def test_a_worker_that_starts_afterwards_says_it_too() -> None:
    seen = Seen()
    seen.hears("removed")
    seen.worker.close()
    seen.worker = Worker(seen.world.app, seen.world.log, "b", monotonic=lambda: seen.seconds)
    seen.world.settle(seen.worker)

    assert seen.said(2 * SAY_EVERY_SECONDS)[0] == f"{DAY} removed"
