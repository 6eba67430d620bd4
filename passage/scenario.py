"""Tests that read like the business: given these facts and these days, then this event.

    Scenario(app).given(CustomerWasInvoiced("inv-1"), days_pass(29)).when(day_passes()).then(
        InvoiceBecameOverdue("inv-1")
    )

The real clock and the real worker, on the log in memory: what passes here passes on Kafka. Only time is not real: it
stands still but for `days_pass` and its like, which publish every tick between.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import structlog

from passage_clock.calendars import national
from passage_clock.config import ClockConfig, Topics, load
from passage_clock.errors import CalendarError
from passage_clock.leading.service import Clock
from passage_clock.schedules import PERIODS, Schedule, periodic
from passage_clock.wall import SettableWall
from passage_log.memory import MemoryLog
from passage_log.port import EARLIEST, Topic
from passage_processors import App, AppError, Worker
from passage_processors.runtime.topics import create_topics
from passage_schemas.events import event_codec
from passage_schemas.headers import read_headers
from passage_schemas.instant import Instant, datetime_of, instant_of, instant_of_milliseconds, milliseconds_of
from passage_schemas.log_record import Partition

MONDAY_NOON = datetime.fromisoformat("2026-01-05T12:00:00+00:00")
"""When a scenario begins, unless it says otherwise: a workday without holidays near, far from any change of clocks."""


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


_PATIENCE = 1_000
"""Turns after which a clock or a worker that has still not come to rest never will."""


@dataclass(frozen=True, slots=True)
class Passing:
    """So many ticks pass: of the schedule named `of`, or of the app's only one with this period."""

    count: int
    every: str | None = None
    of: str | None = None


def ticks_pass(count: int, of: str) -> Passing:
    """`count` ticks of the schedule named `of`."""
    return Passing(count, of=of)


def days_pass(count: int, of: str | None = None) -> Passing:
    """`count` days pass: of the only schedule of days, or of the one named `of`."""
    return Passing(count, "day", of)


def day_passes(of: str | None = None) -> Passing:
    """One day passes."""
    return days_pass(1, of)


def workdays_pass(count: int, of: str | None = None) -> Passing:
    """`count` workdays pass, and the days between that are none."""
    return Passing(count, "workday", of)


def workday_passes(of: str | None = None) -> Passing:
    """One workday passes."""
    return workdays_pass(1, of)


class Scenario:
    """One app, one world. A fact happens at the scenario's present; its key is its first field, or `key(fact)`.

    schedules   the clock's, or the path of a clock.yaml; by default guessed from the names the app counts:
                `day.amsterdam` is every day, `workday.nl` the workdays of NL, in UTC
    starts_at   the first present, an aware datetime

    Raises AppError when it can't know which schedule is meant, AssertionError when what follows is not what is said.
    """

    def __init__(
        self,
        app: App,
        schedules: Sequence[Schedule] | Path | str | None = None,
        starts_at: datetime = MONDAY_NOON,
        key: Callable[[Any], str] | None = None,
    ) -> None:
        if app.formats or app.derived_from:
            # What follows does not depend on how a fact is put into bytes, and no registry is at hand; nor an app
            # upstream, whose events are told here, each at its instant.
            app = replace(app, formats={}, derived_from={})
        self._app = app = app.asked_twice()
        self._key = key or _first_field
        self._wall = SettableWall(instant_of(starts_at))
        self._log = MemoryLog(now_ms=lambda: milliseconds_of(self._wall.now()))
        self._waited = 0.0
        self._schedules = _schedules(app, schedules)
        topics = Topics(app.ticks_topic, app.schedules_topic)
        create_topics(self._log, app, 1)
        self._log.create(
            [
                Topic(topics.ticks, 1),
                Topic(topics.schedules, 1),
                Topic(topics.control, 1, {"message.timestamp.type": "LogAppendTime"}),
                Topic(topics.triggers, 1),
            ]
        )
        self._clock = Clock(ClockConfig(self._schedules, topics=topics), self._log, self._wall, "scenario")
        self._worker = Worker(app, self._log, "scenario", monotonic=lambda: self._wall.monotonic() + self._waited)
        self._facts = self._log.appender()
        self._output = self._log.reader()
        self._output.assign(dict.fromkeys([Partition(app.output, 0), Partition(app.dead_letters, 0)], EARLIEST))
        self._events: list[Any] = []
        self._event_instants: list[Instant] = []
        self._told = 0
        self._refusals: list[str] = []
        self._refusals_told = 0
        self._settle()

    def given(self, *steps: object) -> "Scenario":
        """What has happened: facts and passing time, in order. Their events are not among those of a later `when`."""
        return self._play(steps)

    def when(self, *steps: object) -> "Scenario":
        """What happens now. `then` tells the events of the last `when`, or of all that was given if there is none."""
        self._told, self._refusals_told = len(self._events), len(self._refusals)
        return self._play(steps)

    def then(self, *events: object) -> "Scenario":
        """Exactly these events follow, in this order; events for several aggregates of one tick come by key."""
        followed, refused = self.followed, self.refused
        if followed != list(events) or refused:
            raise AssertionError(_difference(events, followed, refused))
        self._told += len(followed)
        return self

    def then_nothing(self) -> "Scenario":
        return self.then()

    def then_refused(self, reason: str) -> "Scenario":
        """Nothing follows but one dead letter, whose reason says this among other things."""
        followed, refused = self.followed, self.refused
        if followed or len(refused) != 1 or reason not in refused[0]:
            raise AssertionError(_difference([f"one dead letter: ... {reason} ..."], followed, refused))
        self._refusals_told += 1
        return self

    @property
    def followed(self) -> list[Any]:
        """The events a `then` would be held against now: for whoever tells or counts them."""
        return self._events[self._told :]

    @property
    def followed_at(self) -> list[datetime]:
        """When each of `followed` did, in UTC: the instant of the fact or the tick it followed from."""
        return [datetime_of(instant) for instant in self._event_instants[self._told :]]

    @property
    def refused(self) -> list[str]:
        """Why facts and wake-ups could not be handled, since the last `when`. A `then` will have none of it."""
        return self._refusals[self._refusals_told :]

    @property
    def present(self) -> datetime:
        """What time it is, in UTC."""
        return datetime_of(self._wall.now())

    # --- how it moves --------------------------------------------------------------------------------------------

    def _play(self, steps: Sequence[object]) -> "Scenario":
        for step in steps:
            if isinstance(step, Passing):
                self._pass(step)
            else:
                self._happen(step)
            self._settle()
        return self

    def _happen(self, fact: object) -> None:
        topics = [topic for topic, types in self._app.inputs.items() if type(fact) in types]
        if not topics:
            raise AppError(f"app {self._app.name!r}: no input carries {type(fact).__name__}")
        value = event_codec(type(fact)).encode(fact)
        at = milliseconds_of(self._wall.now())
        self._facts.append(Partition(topics[0], 0), self._key(fact).encode(), value, at)
        self._facts.flush()

    def _pass(self, passing: Passing) -> None:
        """Tick by tick; the present ends as far into its period as it was before (at noon, on days)."""
        schedule = self._meant(passing)
        for _ in range(passing.count):
            now = self._wall.now()
            ending, following = islice(schedule.occurrences(now), 2)
            into = (now - ending.starts_at) % (ending.ends_at - ending.starts_at)
            self._move_to(ending.ends_at)
            self._move_to(Instant(min(following.starts_at + into, following.ends_at - 1)))

    def _move_to(self, instant: Instant) -> None:
        self._wall.advance((instant - self._wall.now()) / 1_000_000)
        self._settle()

    def _meant(self, passing: Passing) -> Schedule:
        meant = [
            one for one in self._schedules if passing.of in (None, one.name) and passing.every in (None, _every(one))
        ]
        if len(meant) != 1:
            names = ", ".join(f"{one.name} (every {_every(one)})" for one in self._schedules)
            raise AppError(f"which schedule passes? there is {names}; say of='...'")
        return meant[0]

    @_quietly()
    def _settle(self) -> None:
        """Let clock and worker do all there is to do. Graces and intervals pass in between, the present does not."""
        for _ in range(_PATIENCE):
            if self._clock.step() > 0 and self._clock.leadership.may_publish:
                break
        for _ in range(_PATIENCE):
            self._waited += self._app.grace_seconds + self._app.commit_interval_seconds + 1.0
            if not self._worker.turn(0.0) and self._worker.is_idle:
                self._look()
                return
        held = self._worker.readiness.waiting_for
        why = f"facts wait for {held!r}: {self._worker.readiness.hint(held)}" if held else "it never came to rest"
        raise AppError(f"app {self._app.name!r}: {why}")

    def _look(self) -> None:
        """Take in what the worker has written since the last look."""
        handlers = self._app.program.handlers
        while records := self._output.poll(1_000, 0.0):
            for record in records:
                value = record.value() or b""
                if record.topic() == self._app.output:
                    self._events.append(handlers[value[:10]].codec.decode(value))
                    self._event_instants.append(instant_of_milliseconds(record.timestamp()[1]))
                else:
                    reason = dict(read_headers(record)).get("passage_reason")
                    self._refusals.append((reason or b"no reason given").decode())


def _first_field(fact: Any) -> str:
    return str(getattr(fact, fields(fact)[0].name))


def _schedules(app: App, given: Sequence[Schedule] | Path | str | None) -> tuple[Schedule, ...]:
    if isinstance(given, Path | str):
        return load(Path(given), environ={}).schedules
    if given is not None:
        return tuple(given)
    return tuple(_guessed(app, name) for name in sorted(app.counted))


def _guessed(app: App, name: str) -> Schedule:
    period, _, place = name.partition(".")
    if period == "workday":
        try:
            return periodic(name, "workday", "UTC", calendar=national(place.upper()))
        except CalendarError as error:
            raise AppError(
                f"app {app.name!r}: what schedule is {name!r}? its workdays are guessed from its name, but {error}; "
                "say which: Scenario(app, schedules=FILE), the clock's"
            ) from error
    for every in PERIODS:
        if period == every:
            return periodic(name, every, "UTC")
    raise AppError(f"app {app.name!r}: what schedule is {name!r}? give Scenario(schedules=[...]), or the clock's file")


def _every(schedule: Schedule) -> str:
    return str(schedule.rule.definition.get("every", "moment"))


def _difference(expected: Sequence[object], followed: Sequence[object], refused: Sequence[str]) -> str:
    def listed(events: Sequence[object]) -> str:
        return "".join(f"\n    {event!r}" for event in events) or " nothing"

    letters = "".join(f"\n  refused: {reason}" for reason in refused)
    return f"expected:{listed(expected)}\n  followed:{listed(followed)}{letters}"
