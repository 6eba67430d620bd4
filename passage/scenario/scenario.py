"""Given, when, then: what a test says, and what it is told when that is not so.

Refuses to let anything pass unseen: what was refused fails a `then` that doesn't expect it, and every event is told.
"""

from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any, NoReturn

from passage.scenario.facts import FactsFrom
from passage.scenario.passing import Passing, Until, until
from passage.scenario.story import ExpectedRefusal, Happened, Noted, Opened, Verdict, is_like, table, told_difference
from passage.scenario.world import Followed, Unhandled, World
from passage_clock.calendars import national
from passage_clock.config import ClockConfig, load
from passage_clock.errors import CalendarError
from passage_clock.schedules import PERIODS, Schedule, periodic
from passage_processors import App, AppError
from passage_schemas.instant import Instant, datetime_of, instant_of

MONDAY_NOON = datetime.fromisoformat("2026-01-05T12:00:00+00:00")
"""When a scenario begins, unless it says otherwise: a workday without holidays near, far from any change of clocks."""

_A_YEAR = 366 * 86_400 * 1_000_000


class Scenario:
    """One world, of one app or of several. A fact happens at the present; its key is its first field, or `key(fact)`.

    app         the app, or several that follow each other (`derived_from`), those upstream first
    schedules   the clock's, or the path of its file; by default guessed from the names the apps count:
                `day.amsterdam` is every day, `workday.nl` the workdays of NL, in UTC
    starts_at   the first present, an aware datetime

    Raises AppError when it can't know which schedule is meant, AssertionError, with the story as a table, when what
    follows is not what is said.
    """

    def __init__(
        self,
        app: App | Sequence[App],
        schedules: Sequence[Schedule] | Path | str | None = None,
        starts_at: datetime = MONDAY_NOON,
        key: Callable[[Any], str] | None = None,
    ) -> None:
        apps = _alone([app] if isinstance(app, App) else list(app))
        self._starts_at = starts_at
        self._key = key or _first_field
        self._world = World(apps, _clock(apps, schedules), instant_of(starts_at))
        self._topics = _topics(apps)
        self._types = {fact.__name__: fact for fact in self._topics}
        self._noted: list[Noted] = []
        self._events: list[Followed] = []
        self._refusals: list[Unhandled] = []
        self._told = self._refusals_told = 0
        self._settle()

    def given(self, *steps: object) -> "Scenario":
        """What has happened: facts and passing time, in order. Their events are not among those of a later `when`."""
        self._noted.append(Opened(self._world.now, "given"))
        return self.play(*steps)

    def when(self, *steps: object) -> "Scenario":
        """What happens now. `then` tells the events of the last `when`, or of all that was given if there is none."""
        self._noted.append(Opened(self._world.now, "when"))
        self._told, self._refusals_told = len(self._events), len(self._refusals)
        return self.play(*steps)

    def play(self, *steps: object) -> "Scenario":
        """Go on with what `given` or `when` began."""
        for step in steps:
            if isinstance(step, FactsFrom):
                self.play(*step.steps(self._types))
            elif isinstance(step, Passing):
                self._move_to(self._world.timetable.after(step, self._world.now))
            elif isinstance(step, Until):
                self._move_to(self._instant(step))
            else:
                self._happen(step)
        return self

    def then(self, *events: object) -> "Scenario":
        """Exactly these events follow, in this order; events for several aggregates of one tick come by key. A type
        stands for an event of it, whatever its fields."""
        __tracebackhide__ = True
        self._hold(events, self._events[self._told :])
        self._told = len(self._events)
        return self

    def then_nothing(self) -> "Scenario":
        """No event follows, and nothing is refused."""
        __tracebackhide__ = True
        return self.then()

    def then_exactly(self, *events: object) -> "Scenario":
        """The whole story: since the scenario began exactly these have followed, in this order. Those are included that
        were told before, and those of what was given."""
        __tracebackhide__ = True
        self._hold(events, self._events)
        self._told = len(self._events)
        return self

    def eventually(self, *events: object, by: str | date | datetime | None = None) -> "Scenario":
        """These follow, in whatever order and among others: time passes, tick by tick, until they have, and stands
        there. A `then` tells what follows after the last of them. Raises AssertionError where it would pass `by`,
        which is read as by `until`; without it, a year."""
        __tracebackhide__ = True
        end = Instant(self._world.now + _A_YEAR) if by is None else self._instant(until(by))
        missing, behind = _missing(events, self._events, self._told)
        while missing and not self.refused and self._passes_a_tick(end):
            missing, behind = _missing(events, self._events, self._told)
        if missing or self.refused:
            by_then = f" by {self._on_wall(end)}"
            self._fail(Verdict(missing, self._refusals[self._refusals_told :], by_then))
        self._told = behind
        return self

    def then_refused(self, reason: str) -> "Scenario":
        """Nothing follows but one dead letter, whose reason says this among other things."""
        __tracebackhide__ = True
        self._hold([ExpectedRefusal(reason)], self._events[self._told :])
        self._refusals_told += 1
        return self

    @property
    def followed(self) -> list[Any]:
        """The events a `then` would be held against now: for whoever tells or counts them."""
        return [followed.event for followed in self._events[self._told :]]

    @property
    def followed_at(self) -> list[datetime]:
        """When each of `followed` did, in UTC: the instant of the fact or the tick it followed from."""
        return [datetime_of(followed.at) for followed in self._events[self._told :]]

    @property
    def refused(self) -> list[str]:
        """Why facts and wake-ups could not be handled, since the last `when`. A `then` will have none of it."""
        return [refused.reason for refused in self._refusals[self._refusals_told :]]

    @property
    def apps(self) -> tuple[App, ...]:
        """The apps it plays: for whoever tells a story in other words."""
        return self._world.apps

    @property
    def schedules(self) -> tuple[Schedule, ...]:
        """Those whose ticks pass in it."""
        return self._world.timetable.schedules

    @property
    def present(self) -> datetime:
        """What time it is, in UTC."""
        return datetime_of(self._world.now)

    # --- how it moves --------------------------------------------------------------------------------------------

    def _happen(self, fact: object) -> None:
        topic = self._topics.get(type(fact))
        if topic is None:
            raise AppError(f"{self._named}: no input carries {type(fact).__name__}")
        self._noted.append(Happened(self._world.now, fact))
        self._world.happens(topic, self._key(fact), fact)
        self._settle()

    def _move_to(self, instant: Instant) -> None:
        if instant < self._world.now:
            now, then = self._on_wall(self._world.now), self._on_wall(instant)
            raise AppError(f"time passes forward: it is {now}, which is behind {then} already; say a later time")
        for stop in self._world.timetable.stops(self._world.now, instant):
            self._world.move_to(stop)
            self._settle()

    def _passes_a_tick(self, end: Instant) -> bool:
        """The next tick of any schedule, unless it comes after the end."""
        coming = self._world.timetable.next_after(self._world.now)
        if coming is None or coming > end:
            return False
        self._move_to(coming)
        return True

    def _settle(self) -> None:
        followed = self._world.settle()
        self._noted.extend(followed)
        for one in followed:
            if isinstance(one, Unhandled):
                self._refusals.append(one)
            else:
                self._events.append(one)

    def _instant(self, step: Until) -> Instant:
        return instant_of(step.within(self._starts_at))

    def _on_wall(self, instant: Instant) -> str:
        return f"{datetime_of(instant).astimezone(self._starts_at.tzinfo):%Y-%m-%d %H:%M}"

    @property
    def _named(self) -> str:
        return "app " + " and ".join(repr(app.name) for app in self._world.apps)

    # --- how it judges -------------------------------------------------------------------------------------------

    def _hold(self, expected: Sequence[object], events: Sequence[Followed]) -> None:
        __tracebackhide__ = True
        refusals = self._refusals[self._refusals_told :]
        judged: Sequence[Followed | Unhandled] = events
        if refusals:
            held = {id(one) for one in (*events, *refusals)}
            judged = [one for one in self._noted if id(one) in held and isinstance(one, Followed | Unhandled)]
        verdict = Verdict(expected, judged)
        if verdict.first_difference is not None:
            self._fail(verdict)

    def _fail(self, verdict: Verdict) -> NoReturn:
        __tracebackhide__ = True
        story = table(self._noted, self._world.ticks(), verdict, self._starts_at.tzinfo)
        raise AssertionError(f"{told_difference(verdict)}\n\n{story}")


def _missing(expected: Sequence[object], events: Sequence[Followed], since: int) -> tuple[list[object], int]:
    """(those that have not followed since, how many events there are up to the last of the others)."""
    open_places = list(range(since, len(events)))
    missing, behind = [], since
    for wanted in expected:
        place = next((place for place in open_places if is_like(wanted, events[place].event)), None)
        if place is None:
            missing.append(wanted)
        else:
            open_places.remove(place)
            behind = max(behind, place + 1)
    return missing, behind


def _alone(apps: list[App]) -> list[App]:
    """The apps as a scenario plays them. What follows does not depend on how a fact is put into bytes, and no registry
    is at hand; nor is an app upstream that was not given: its events are told here, each at its instant."""
    if not apps:
        raise AppError("a scenario is of one app at least; give Scenario(app)")
    names = {app.name for app in apps}
    if len({(app.ticks_topic, app.schedules_topic) for app in apps}) > 1:
        clocks = ", ".join(f"{app.name!r} reads {app.ticks_topic} and {app.schedules_topic}" for app in apps)
        raise AppError(f"a scenario has one clock: {clocks}; give its topics to each")
    alone = []
    for app in apps:
        upstream = {topic: name for topic, name in app.derived_from.items() if name in names}
        if app.formats or upstream != app.derived_from:
            app = replace(app, formats={}, derived_from=upstream)
        alone.append(app.asked_twice())
    return alone


def _topics(apps: Sequence[App]) -> dict[type[Any], str]:
    """Where a fact of each type is written: to the first input that carries it, one that no app here writes to if there
    is one."""
    outputs = {app.output for app in apps}
    inputs = [(topic, fact) for app in apps for topic, facts in app.inputs.items() for fact in facts]
    topics: dict[type[Any], str] = {}
    for topic, fact in sorted(inputs, key=lambda carried: carried[0] in outputs):
        topics.setdefault(fact, topic)
    return topics


def _first_field(fact: Any) -> str:
    return str(getattr(fact, fields(fact)[0].name))


def _clock(apps: Sequence[App], given: Sequence[Schedule] | Path | str | None) -> ClockConfig:
    if isinstance(given, Path | str):
        return load(Path(given), environ={})
    if given is not None:
        return ClockConfig(tuple(given))
    names = sorted({name for app in apps for name in app.counted})
    return ClockConfig(tuple(_guessed(apps[0], name) for name in names))


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
