"""Processes and reports as the fold runs them: of a process the handlers by fact and wake-up, the `Moment` they are
given, its state's versions, what it may say.

Built once, when the app is; whatever is wrong with it is an AppError then. A policy that repeats is compiled to one.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, dataclass, fields
from datetime import datetime
from typing import Any

from passage_processors.core.order.ticks import BEFORE_ALL
from passage_processors.core.program.refusals import RefusedFact
from passage_processors.core.state.instance import STARTED, Instance
from passage_processors.core.state.instances import InstanceBook
from passage_processors.core.state.markers import ticks_of
from passage_processors.errors import ProcessorError
from passage_processors.model.process import Process, roles_of
from passage_processors.model.report import Passed, Report
from passage_processors.model.ticks import SeenTick
from passage_schemas.codec import Codec, unknown
from passage_schemas.errors import SchemaError
from passage_schemas.events import EventSet, event_codec
from passage_schemas.fingerprint import PREFIX_BYTES
from passage_schemas.instant import Instant, datetime_of, instant_of

HandlerResult = Iterable[object] | None
"""Effects, once they have been looked at: it is the user's code that answers."""
OnFact = Callable[["Now", Any], HandlerResult]
OnWake = Callable[["Now"], HandlerResult]
Asking = Callable[[Callable[..., Any], str], Callable[..., Any]]
"""Puts something between the fold and a user's function, whose name it is told."""


def asked_once(function: Callable[..., Any], name: str) -> Callable[..., Any]:  # noqa: ARG001 - an Ask
    return function


class States:
    """The versions of a process's state: the present class, and earlier ones with the way to it."""

    def __init__(self, process: str, present: type[Any], upgrades: Mapping[type[Any], Callable[[Any], Any]]) -> None:
        """Raises SchemaError for a class that is no frozen dataclass, and for two whose values can't be told apart."""
        self.codec: Codec[Any] = event_codec(present)
        self._process = process
        self._upgrades = dict(upgrades)
        self.codecs = [self.codec, *map(event_codec, upgrades)]
        self._by_prefix = EventSet(self.codecs).by_prefix
        self._has_initial = all(
            field.default is not MISSING or field.default_factory is not MISSING
            for field in fields(present)
            if field.init
        )

    def of(self, value: bytes) -> Any:
        """The present state of these bytes, or the first one of none. Raises LookupError, SchemaError, RefusedFact, and
        what an upgrade raises."""
        present = self.codec.cls
        if not value:
            if not self._has_initial:
                raise LookupError(
                    f"process {self._process!r}: nothing was remembered yet, and {present.__name__} can't be made "
                    "without arguments; Remember(...) where it starts, or give every field a default"
                )
            return present()
        codec = self._by_prefix.get(value[:PREFIX_BYTES])
        if codec is None:
            raise self.unknown(value[:PREFIX_BYTES])
        state = codec.decode(value)
        for _ in self._upgrades:
            if type(state) is present:
                break
            upgrade = self._upgrades.get(type(state))
            if upgrade is None:
                break
            state = upgrade(state)
        if type(state) is not present:
            raise RefusedFact(
                f"process {self._process!r}: its upgrades make {type(state).__name__} of {codec.name}, never "
                f"{present.__name__}; each must make the next version or the present one"
            )
        return state

    def knows(self, prefix: bytes) -> bool:
        return prefix in self._by_prefix

    def unknown(self, prefix: bytes) -> SchemaError:
        """What to say of a version that is not among them."""
        return unknown(prefix, {one: codec.name for one, codec in self._by_prefix.items()})


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessUnit:
    """See the module. `starts` and `hears` are by fact, `wakers` by wake-up."""

    name: str
    kind: str = "process"
    starts: Mapping[type[Any], OnFact]
    hears: Mapping[type[Any], OnFact]
    wakers: Mapping[str, OnWake]
    states: States
    schedules: frozenset[str]
    counts: tuple[str, ...] = ()
    """The schedules its handlers may count: how far they had come is kept of its start and its marks."""
    emits: Mapping[type[Any], Codec[Any]]
    marker_ticks: int | None
    marker_of: Callable[[Instance], str | None]
    """The schedule that counts out an ended instance's marker."""
    without_fact: frozenset[type[Any]] = frozenset()
    """Facts it hears and never looks into."""
    skipped: OnWake | None = None
    """What follows where a wake-up that fails is to be skipped, its event having been counted as one; None: nothing."""

    def __str__(self) -> str:
        return f"{self.kind} {self.name!r}"

    def state_of(self, value: bytes) -> Any:
        return self.states.of(value)

    def check_version(self, prefix: bytes, key: bytes) -> None:
        """Raise ProcessorError for a state that can't be read."""
        if not self.states.knows(prefix):
            raise ProcessorError(
                f"{self}: the state of {key!r} is of another version: {self.states.unknown(prefix)}; name its class, "
                "unchanged and under its old name, in the process's `upgrades`; or run the newer app that wrote it"
            )

    def check_schedule(self, schedule: str) -> None:
        """Raise LookupError for one it does not declare."""
        if schedule not in self.schedules:
            raise LookupError(f"{self} counts {schedule!r}, which it does not declare; {_declared(self.schedules)}")

    def check_wake_up(self, name: str) -> None:
        """Raise LookupError for one that has no handler."""
        if name not in self.wakers:
            raise LookupError(f"{self} has no handler for the wake-up {name!r}; {_declared(self.wakers)}")


def _declared(names: Iterable[str]) -> str:
    return f"declared: {', '.join(sorted(names)) or 'none'}"


_UNREAD = object()


class Now:
    """A process's `Moment`: one aggregate as it stands, at the instant of a fact or a tick.

    It only looks. The state is decoded when it is first asked for, and from its bytes each time, so that a handler
    which keeps or changes what it was given changes nothing for the next.
    """

    __slots__ = ("_book", "_instance", "_state", "_unit", "happened", "key", "tick")

    def __init__(
        self,
        unit: ProcessUnit,
        book: InstanceBook,
        instance: Instance,
        key: str,
        happened: Instant,
        tick: SeenTick | None,
    ) -> None:
        self.key = key
        self.happened = happened
        self.tick = tick
        self._unit = unit
        self._book = book
        self._instance = instance
        self._state: Any = _UNREAD

    @property
    def state(self) -> Any:
        if self._state is _UNREAD:
            self._state = self._unit.state_of(self._instance.state)
        return self._state

    @property
    def started(self) -> Instant:
        return self._instance.started

    @property
    def started_at(self) -> datetime:
        return datetime_of(self._instance.started)

    @property
    def happened_at(self) -> datetime:
        return datetime_of(self.happened)

    def count(self, schedule: str, since: str | None = None) -> int:
        self._unit.check_schedule(schedule)
        if since is not None and since not in self._instance.marks:
            known = ", ".join(sorted(self._instance.marks)) or "none"
            raise LookupError(f"{self._unit}: no mark {since!r} was set for {self.key!r}; there is {known}")
        return self._book.count(schedule, self._instance, STARTED if since is None else since, self.happened)

    def waits_for(self, name: str) -> bool:
        self._unit.check_wake_up(name)
        wake = self._instance.wakes.get(name)
        return wake is not None and not wake.parked

    @property
    def number(self) -> int:
        """Which of the aggregate's events the next one is."""
        return self._instance.emitted + 1


@dataclass(frozen=True, slots=True)
class Hearing:
    """What a type of fact does to one process, by its place in the app."""

    index: int
    unit: ProcessUnit
    starts: OnFact | None
    hears: OnFact | None
    needs_fact: bool


def hearings_of(fact: type[Any], units: Mapping[int, ProcessUnit]) -> tuple[Hearing, ...]:
    return tuple(
        Hearing(index, unit, unit.starts.get(fact), unit.hears.get(fact), fact not in unit.without_fact)
        for index, unit in units.items()
        if fact in unit.starts or fact in unit.hears
    )


def process_unit(process: Process[Any], ask: Asking = asked_once) -> ProcessUnit:
    """Raises SchemaError for a state or an event without a schema."""
    starts: dict[type[Any], OnFact] = {}
    hears: dict[type[Any], OnFact] = {}
    wakers: dict[str, OnWake] = {}
    for role, method in roles_of(process):
        asked = ask(method, f"process {process.name!r}: {method.__qualname__}")
        if role.wakes is not None:
            wakers[role.wakes] = asked
        elif role.fact is not None:
            (starts if role.starts else hears)[role.fact] = asked
    upgrades = {
        old: ask(upgrade, f"process {process.name!r}: the upgrade of {old.__name__}")
        for old, upgrade in process.upgrades.items()
    }
    marker = process.schedules[0] if process.schedules and ticks_of(process.marker_ticks) else None
    return ProcessUnit(
        name=process.name,
        starts=starts,
        hears=hears,
        wakers=wakers,
        states=States(process.name, process.state, upgrades),
        schedules=frozenset(process.schedules),
        counts=tuple(process.schedules),
        emits={event: event_codec(event) for event in process.emits},
        marker_ticks=process.marker_ticks,
        marker_of=lambda _instance: marker,
    )


@dataclass(frozen=True, slots=True)
class ReportUnit:
    """A report, as the fold runs it."""

    name: str
    of: str
    since: Instant
    emit: Callable[[Passed], Any]
    codec: Codec[Any]

    def __str__(self) -> str:
        return f"report {self.name!r}"


def report_unit(report: Report, ask: Asking = asked_once) -> ReportUnit:
    """Raises SchemaError for an event without a schema, or a `since` without a zone."""
    since = BEFORE_ALL if report.since is None else instant_of(report.since)
    emit = ask(report.event, f"report {report.name!r}: event")
    return ReportUnit(report.name, report.of, since, emit, event_codec(report.emits))
