"""What a user writes when a policy is too short: a process with state, several clocks and deadlines, and an end.

A process lives once per aggregate, from the fact that starts it until it says `End`. Its handlers look at a `Moment`
and return effects; nothing happens in them, so that a replay can run them again. `instances` holds what they leave.

    class Ordering(Process[Order]):
        name = "ordering"
        state = Order
        schedules = ("workday.nl",)
        emits = (DeliveryWasChased,)

        @starts_on(NewOrder)
        def ordered(self, now: Moment[Order], fact: NewOrder) -> Effects:
            return [Remember(Order(fact.customer)), Wake("chase", after=5, of="workday.nl")]

        @on(PartsWereDelivered)
        def delivered(self, now: Moment[Order], fact: PartsWereDelivered) -> Effects:
            return [Cancel("chase")]

        @wakes("chase")
        def chase(self, now: Moment[Order]) -> Effects:
            return [Emit(DeliveryWasChased(now.key)), Wake("chase", after=5, of="workday.nl")]
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from passage_processors.model.ticks import SeenTick, Ticks
from passage_schemas.instant import Instant

S_co = TypeVar("S_co", covariant=True)
S = TypeVar("S")
P = TypeVar("P", contravariant=True)
F = TypeVar("F", contravariant=True)


@dataclass(frozen=True, slots=True)
class Emit:
    """Write a derived event, one the process says it `emits`. With a `key` of its own it goes to that key's partition,
    and is not heard by this app's other policies and processes. Tasks write there each at its own pace, so an app that
    is `derived_from` this one may hear what belongs there late: one that lags writes behind another's later event."""

    event: Any
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Wake:
    """Call the handler `name` once so many ticks (1 or more, or `full_days(n)`) of a schedule have passed. Replaces the
    wake-up of this name that waits already, if there is one. Several of one aggregate that are due on one tick are
    called in the order of their names, each seeing what the one before it left; one cancelled or replaced by then is
    not called."""

    name: str
    after: Ticks
    of: str


@dataclass(frozen=True, slots=True)
class Cancel:
    """The wake-up of this name is wanted no longer. Nothing happens where none waits."""

    name: str


@dataclass(frozen=True, slots=True)
class Remember:
    """From now on this is the process's state."""

    state: Any


@dataclass(frozen=True, slots=True)
class Mark:
    """Name this instant, to count from it later: `now.count(schedule, since=name)`. A second time moves it here."""

    name: str


@dataclass(frozen=True, slots=True)
class End:
    """It is over: state, wake-ups and marks are discarded, and a marker stays for `marker_ticks`. The last effect."""


Effect = Emit | Wake | Cancel | Remember | Mark | End
Effects = Iterable[Effect]


class Moment(Protocol[S_co]):
    """What a handler sees: the aggregate, its state, and how much time has passed for it."""

    @property
    def key(self) -> str:
        """The aggregate: the key of the fact that started it."""

    @property
    def state(self) -> S_co:
        """What was last remembered; at the start, the state made without arguments. Raises LookupError where that
        can't be done."""

    @property
    def started(self) -> Instant:
        """The starting fact's instant, microseconds since 1970 UTC."""

    @property
    def started_at(self) -> datetime:
        """The same, aware and in UTC."""

    @property
    def happened(self) -> Instant:
        """The instant of the fact or tick that is being handled, microseconds since 1970 UTC."""

    @property
    def happened_at(self) -> datetime:
        """The same, aware and in UTC."""

    @property
    def tick(self) -> SeenTick | None:
        """The tick that made a wake-up due; None in a fact's handler."""

    def count(self, schedule: str, since: str | None = None) -> int:
        """The unique ticks of a schedule since the start, or since the mark of that name. Raises LookupError for a
        schedule the process does not declare, a mark that was never set, or where the clock has let go (keep_days) what
        had to be known: for a fact dated before what is kept."""

    def waits_for(self, name: str) -> bool:
        """Does the wake-up of this name wait?"""


FactHandler = Callable[[P, "Moment[S]", F], Effects]
Waker = Callable[[P, "Moment[S]"], Effects]


class Process(Generic[S]):
    """Base of a user's processes; see the module for an example.

    name              state is kept by it on the changelog: unique in the app, and stays when the class is renamed
    state             a frozen dataclass; its Avro schema is derived as an event's is
    upgrades          earlier state classes, each with the function that makes the next one (or the present) of it
    schedules         those its wake-ups and counts are of
    emits             the events it may emit
    marker_ticks      how many ticks of its first schedule an ended aggregate is remembered; None: ten, and at least a
                      day. Later, with 0, or without schedules, a redelivered start (or another of the same millisecond)
                      begins anew, and its events carry the ids of the first time
    """

    name: ClassVar[str]
    state: ClassVar[type[Any]]
    upgrades: ClassVar[Mapping[type[Any], Callable[[Any], Any]]] = {}
    schedules: ClassVar[tuple[str, ...]] = ()
    emits: ClassVar[tuple[type[Any], ...]] = ()
    marker_ticks: ClassVar[int | None] = None


_ROLE = "__passage_role__"


@dataclass(frozen=True, slots=True)
class Role:
    """What a method of a process was declared to be."""

    fact: type[Any] | None
    """The fact it handles; None for a wake-up's handler."""
    starts: bool
    wakes: str | None


def starts_on(fact: type[F]) -> "Callable[[FactHandler[P, S, F]], FactHandler[P, S, F]]":
    """The handler of the fact that starts an aggregate. Where it runs already, only `on` handlers hear the fact."""
    return _declared(Role(fact, True, None))


def on(fact: type[F]) -> "Callable[[FactHandler[P, S, F]], FactHandler[P, S, F]]":
    """The handler of a fact, or of an event of this app, while the aggregate runs."""
    return _declared(Role(fact, False, None))


def wakes(name: str) -> "Callable[[Waker[P, S]], Waker[P, S]]":
    """The handler of the wake-up of this name."""
    return _declared(Role(None, False, name))


def _declared(role: Role) -> Callable[[Any], Any]:
    def mark(method: Any) -> Any:
        setattr(method, _ROLE, role)
        return method

    return mark


def roles_of(process: Process[Any]) -> list[tuple[Role, Callable[..., Effects]]]:
    """The declared handlers of a process, bound to it, in the order they are written (a base class's first)."""
    roles = {}
    for cls in reversed(type(process).__mro__):
        for name, method in vars(cls).items():
            if isinstance(role := getattr(method, _ROLE, None), Role):
                roles[name] = role
            elif not callable(method):
                roles.pop(name, None)
    return [(role, getattr(process, name)) for name, role in roles.items()]
