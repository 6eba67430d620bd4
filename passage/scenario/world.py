"""The world a scenario is played in: the real clock and the real workers, on the log in memory.

Time stands still until it is moved; then every tick between is published, by the clock, through its leadership and its
transactions. Refuses to end a move before all has been folded that can be: what has not followed by then never will.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import structlog

from passage.scenario.timetable import Timetable
from passage_clock.config import ClockConfig, Topics
from passage_clock.leading.service import Clock
from passage_clock.wall import SettableWall
from passage_log.memory import MemoryLog
from passage_log.port import EARLIEST, Topic
from passage_log.ranges import read_all
from passage_processors import App, AppError, Worker
from passage_processors.runtime.topics import create_topics
from passage_schemas.events import event_codec
from passage_schemas.headers import read_headers
from passage_schemas.instant import Instant, instant_of_milliseconds, milliseconds_of
from passage_schemas.log_record import Partition, Record
from passage_schemas.records import TICK
from passage_schemas.tick import Tick

_PATIENCE = 1_000
"""Turns after which a clock or a worker that has still not come to rest never will."""


@dataclass(frozen=True, slots=True)
class Followed:
    """An event that followed, at the instant of the fact or the tick it followed from."""

    at: Instant
    event: Any


@dataclass(frozen=True, slots=True)
class Unhandled:
    """A fact or a wake-up that could not be handled, and why."""

    at: Instant
    reason: str


@contextmanager
def _quietly() -> Iterator[None]:
    """Without what clock and worker say as they go: it would stand before the assertion that failed, thirty lines of
    it. Warnings are told, and everything to whoever has configured structlog."""
    if structlog.is_configured():
        yield
        return
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    try:
        yield
    finally:
        structlog.reset_defaults()


class World:
    """Some apps, one clock, one log. `apps` in the order in which they follow each other."""

    def __init__(self, apps: Sequence[App], config: ClockConfig, starts_at: Instant) -> None:
        self.apps = tuple(apps)
        self.timetable = Timetable(config.schedules)
        self._wall = SettableWall(starts_at)
        self._waited = 0.0
        self._log = MemoryLog(now_ms=lambda: milliseconds_of(self._wall.now()))
        topics = Topics(apps[0].ticks_topic, apps[0].schedules_topic)
        self._create(topics)
        self._ticks = Partition(topics.ticks, 0)
        # No other reader is to be spared a backfill here, and a leap of time looks like one.
        own = replace(config, topics=topics, catch_up_ticks_per_second=None)
        self._clock = Clock(own, self._log, self._wall, "scenario")
        # Graces and intervals pass for them, days don't: what a worker looks after every half minute is of no day.
        self._workers = [Worker(app, self._log, "scenario", monotonic=lambda: self._waited) for app in apps]
        self._seconds = 1.0 + max(app.grace_seconds + app.commit_interval_seconds for app in apps)
        self._facts = self._log.appender()
        self._places = {Partition(topic, 0): app for app in apps for topic in (app.output, app.dead_letters)}
        self._output = self._log.reader()
        self._output.assign(dict.fromkeys(self._places, EARLIEST))
        self.move_to(starts_at)

    def _create(self, topics: Topics) -> None:
        for app in self.apps:
            create_topics(self._log, app, 1)
        self._log.create(
            [
                Topic(topics.ticks, 1),
                Topic(topics.schedules, 1),
                Topic(topics.control, 1, {"message.timestamp.type": "LogAppendTime"}),
                Topic(topics.triggers, 1),
            ]
        )

    @property
    def now(self) -> Instant:
        return self._wall.now()

    def happens(self, topic: str, key: str, fact: Any) -> None:
        """The fact is written, at this instant."""
        value = event_codec(type(fact)).encode(fact)
        self._facts.append(Partition(topic, 0), key.encode(), value, milliseconds_of(self.now))
        self._facts.flush()

    @_quietly()
    def move_to(self, instant: Instant) -> None:
        """Time passes until then, and every tick between is published. No worker has folded one yet: `settle`. Raises
        AppError where the clock doesn't come so far."""
        self._wall.advance((instant - self.now) / 1_000_000)
        self._publish()

    @_quietly()
    def settle(self) -> list[Followed | Unhandled]:
        """Let the workers do all there is to do: graces and intervals pass in between, the present does not. What
        followed of it, in order. Raises AppError where they never come to rest."""
        for _ in range(_PATIENCE):
            self._waited += self._seconds
            has_committed = [worker.turn(0.0) for worker in self._workers]
            if not any(has_committed) and all(worker.is_idle for worker in self._workers):
                return self._followed()
        raise AppError(self._held())

    def ticks(self) -> list[Tick]:
        """All that were published, in order."""
        values = (record.value() or b"" for record in read_all(self._log, self._ticks))
        return [TICK.decode(value) for value in values if value.startswith(TICK.prefixes)]

    def _publish(self) -> None:
        for _ in range(_PATIENCE):
            if self._clock.step() > 0 and self._clock.leadership.may_publish:
                return
        if self._clock.leadership.may_publish:
            raise AppError(
                "more ticks lie on the way than a scenario publishes at once; let less time pass in one step"
            )
        raise AppError(f"the clock does not lead: it is {self._clock.leadership.stage.name.lower().replace('_', ' ')}")

    def _held(self) -> str:
        for worker in self._workers:
            held = worker.readiness.waiting_for
            if held:
                return f"app {worker.app.name!r}: facts wait for {held!r}: {worker.readiness.hint(held)}"
        return f"app {' and '.join(repr(app.name) for app in self.apps)}: it never came to rest"

    def _followed(self) -> list[Followed | Unhandled]:
        """What the workers have written since the last look: of each app in the order it was written, of several by
        instant, and at one instant in the apps' order."""
        found: dict[str, list[Followed | Unhandled]] = {app.name: [] for app in self.apps}
        while records := self._output.poll(1_000, 0.0):
            for record in records:
                app = self._places[Partition(record.topic(), record.partition())]
                found[app.name].append(self._told(app, record))
        if len(found) == 1:
            return found[self.apps[0].name]
        return sorted(chain.from_iterable(found.values()), key=lambda one: one.at)

    def _told(self, app: App, record: Record) -> Followed | Unhandled:
        at = instant_of_milliseconds(record.timestamp()[1])
        value = record.value() or b""
        if record.topic() == app.output:
            return Followed(at, app.program.handlers[value[:10]].codec.decode(value))
        reason = dict(read_headers(record)).get("passage_reason")
        return Unhandled(at, (reason or b"no reason given").decode())
