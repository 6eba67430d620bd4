"""An app: which facts it reads, what it says follows, and where to.

Everything that can be wrong with it is said when it is built, before the first fact.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Literal, get_args

from passage_processors.core.policy import Policy
from passage_processors.core.process import Process
from passage_processors.core.report import Report
from passage_processors.core.rules import Rules, handlers_of
from passage_processors.errors import AppError
from passage_schemas.errors import SchemaError
from passage_schemas.events import EventSet

OnError = Literal["park", "skip", "stop"]


@dataclass(frozen=True)
class App:
    """A processor, as its user writes it.

    name        prefixes its own topics (`<name>.changelog`, `.timeline`, `.dead-letters`) and its consumer group
    inputs      topic -> the fact types it carries; all with the same number of partitions, keyed by aggregate
    output      where derived events go, in the partition of the fact that caused them
    policies, processes, reports
                in this order they fire on one tick; an event emitted by one is delivered to the others
    derived_from  inputs that are another app's output -> that app's name: ticks wait until it has folded them too
    schedules   those counted that no policy names outright (its `of` is a function)

    grace_seconds            how long a tick waits for facts still under way
    max_clock_wait_seconds   how long facts wait for a clock that is down; None: until it is back
    commit_interval_seconds  at most this much time between two transactions while there is work
    on_error                 what to do with a wake-up whose policy fails: park it, skip it, or stop the worker
    stop_after_refusals      that many facts refused in a row stop the worker: a whole topic is no dead letter
    """

    name: str
    inputs: Mapping[str, Sequence[type[Any]]]
    output: str
    policies: Sequence[Policy] = ()
    processes: Sequence[Process[Any]] = ()
    reports: Sequence[Report] = ()
    derived_from: Mapping[str, str] = field(default_factory=dict)
    schedules: Sequence[str] = ()
    ticks: str = "passage.ticks"
    clock_schedules: str = "passage.schedules"
    grace_seconds: float = 1.0
    max_clock_wait_seconds: float | None = None
    commit_interval_seconds: float = 0.1
    on_error: OnError = "park"
    stop_after_refusals: int = 100
    rules: Rules = field(init=False, repr=False)

    def __post_init__(self) -> None:
        _check(self)
        object.__setattr__(self, "rules", _rules(self))

    @property
    def changelog(self) -> str:
        return f"{self.name}.changelog"

    @property
    def timeline(self) -> str:
        return f"{self.name}.timeline"

    @property
    def dead_letters(self) -> str:
        return f"{self.name}.dead-letters"

    @property
    def requests(self) -> str:
        """Where operators ask for what only the app's own tasks can do, as to resume a parked wake-up."""
        return f"{self.name}.requests"

    @property
    def sources(self) -> tuple[str, ...]:
        """The topics whose records a task folds: the inputs, and the requests."""
        return (*sorted(self.inputs), self.requests)

    @property
    def counted(self) -> frozenset[str]:
        """The schedules whose ticks this app counts, and its facts therefore wait for."""
        return frozenset(self.schedules) | {policy.of for policy in self.policies if isinstance(policy.of, str)}


def _check(app: App) -> None:
    if not app.policies:
        raise AppError(f"app {app.name!r}: has no policies; without one no fact has a consequence")
    _check_settings(app)
    names = [policy.name for policy in app.policies]
    for name in names:
        if names.count(name) > 1:
            raise AppError(f"app {app.name!r}: two policies are named {name!r}; state is kept by name, so rename one")
        if not name or "/" in name or name == "cut":
            raise AppError(f"app {app.name!r}: a policy can't be named {name!r}; use letters, digits, '-', '_' or '.'")
    carried = [fact for facts in app.inputs.values() for fact in facts]
    heard = [*carried, *(policy.emits for policy in app.policies)]
    for policy in app.policies:
        _check_policy(app, policy, heard)
    if app.output in app.inputs:
        raise AppError(f"app {app.name!r}: {app.output!r} is both input and output; policies hear their events anyway")
    _check_derived_from(app)


def _check_derived_from(app: App) -> None:
    for topic, upstream in app.derived_from.items():
        where = f"app {app.name!r}: derived_from[{topic!r}]={upstream!r}"
        if topic not in app.inputs:
            near = get_close_matches(topic, app.inputs, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"they are {', '.join(sorted(app.inputs))}"
            raise AppError(f"{where}: the topic is none of the app's inputs; {hint}")
        if upstream == app.name:
            raise AppError(f"{where}: that is this app itself, and would wait for itself for ever; name the one before")
        if not upstream:
            raise AppError(f"{where}: name the app whose output this input is")


def _check_settings(app: App) -> None:
    where = f"app {app.name!r}"
    if not app.inputs:
        raise AppError(f"{where}: has no inputs; name the topics its facts come from")
    if app.on_error not in get_args(OnError):
        raise AppError(f"{where}: on_error={app.on_error!r}; it must be one of {', '.join(get_args(OnError))}")
    if app.stop_after_refusals < 1:
        raise AppError(f"{where}: stop_after_refusals={app.stop_after_refusals}; it must be at least 1")
    for name in ("grace_seconds", "commit_interval_seconds", "max_clock_wait_seconds"):
        seconds = getattr(app, name)
        if seconds is not None and not seconds >= 0:
            raise AppError(f"{where}: {name}={seconds}; it can't be negative")


def _check_policy(app: App, policy: Policy, heard: Sequence[type[Any]]) -> None:
    where = f"app {app.name!r}, policy {policy.name!r}"
    for fact in (policy.starts_on, *policy.ends_on):
        if fact not in heard:
            names = sorted({one.__name__ for one in heard})
            near = get_close_matches(fact.__name__, names, 1)
            hint = f"did you mean {near[0]}?" if near else f"the app hears {', '.join(names)}"
            raise AppError(f"{where}: no input carries {fact.__name__} and no policy emits it; {hint}")
    if policy.starts_on in policy.ends_on:
        raise AppError(f"{where}: {policy.starts_on.__name__} both starts and ends it; use another fact to end it")
    if not callable(policy.after) and (type(policy.after) is not int or not 1 <= policy.after < 1 << 31):
        raise AppError(f"{where}: after={policy.after!r}; it must be at least one tick, a whole number or a function")
    if not 0 <= policy.marker_ticks < 1 << 31:
        raise AppError(f"{where}: marker_ticks={policy.marker_ticks}; it can't be negative")
    if callable(policy.of) and not app.schedules:
        raise AppError(f"{where}: its schedule comes from the fact, so name the possible ones in App(schedules=[...])")


def _rules(app: App) -> Rules:
    facts = dict.fromkeys(fact for facts in app.inputs.values() for fact in facts)
    emitted = dict.fromkeys(policy.emits for policy in app.policies)
    try:
        events = EventSet(dict.fromkeys((*facts, *emitted)))
    except SchemaError as error:
        raise AppError(f"app {app.name!r}: {error}") from error
    policies = tuple(app.policies)
    codecs = {one: events.codec(one) for one in (*facts, *emitted)}
    handlers = handlers_of(list(codecs.values()), policies, app.counted)
    return Rules(
        app.name, policies, handlers, {one: codecs[one] for one in emitted}, app.on_error, app.stop_after_refusals
    )
