"""What a user writes: after so many ticks of a schedule, unless something happened, say what follows.

Nothing here runs; `fold` does. A policy's functions must be pure: the same fact or case, the same answer, on any
machine, in any year. They get no clock and no log, because a replay would give them another one.

A type checker infers the fact from `starts_on` and the event from `emits`, and holds the functions to both: nobody
writes a type argument. `Case` names the event as well, and not for its own sake: one that is only returned would be
widened by pyright to whatever the function gives.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Literal, NamedTuple

from typing_extensions import TypeVar

from passage_processors.model.ticks import Ticks
from passage_schemas.instant import Instant, datetime_of

F = TypeVar("F", default=Any)
"""The fact that starts a case."""
E = TypeVar("E", default=Any)
"""The event that follows."""
SecondStart = Literal["ignored", "restarts", "counted"]


class Case(NamedTuple, Generic[F, E]):
    """An aggregate whose time has come, as `Policy.event` sees it. (A tuple, since a million of them may come at once
    and a dataclass takes five times as long to make.)"""

    key: str
    """The aggregate: the key of the fact that started it."""
    started: Instant
    """The starting fact's instant, microseconds since 1970 UTC."""
    due: Instant
    """The instant of the tick that made it due."""
    fact: F
    """The starting fact; None where the policy says `keep_fact=False`."""
    number: int = 1
    """Which of the case's events this will be: 1, then with `every` 2, 3 ..."""
    starts: int = 1
    """How many starting facts there were, where the policy says `second_start="counted"`."""

    @property
    def started_at(self) -> datetime:
        return datetime_of(self.started)

    @property
    def due_at(self) -> datetime:
        return datetime_of(self.due)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy(Generic[F, E]):
    """Starts on a fact; after n ticks of a schedule, unless another fact came first; emits an event.

    The first tick that ends after the fact's instant is number one. A redelivered start is ignored: one no later than
    that of a case already ended, for as long as its marker stays.
    """

    name: str
    starts_on: type[F]
    after: Ticks | Callable[[F], Ticks]
    """Ticks to count, at least 1, that is ends of periods; or `full_days(n)`; or a function of the starting fact."""
    of: str | Callable[[F], str]
    """The schedule whose ticks count; or a function of the starting fact, its answers all named in `App.schedules`."""
    emits: type[E]
    event: Callable[[Case[F, E]], E]
    unless: tuple[type[Any], ...] | type[Any] = ()
    """Facts, or events of this app's other policies, that end the case in silence."""
    keep_fact: bool = True
    """Keep the starting fact, so that `event` can look at it. Without, an open wake-up needs less memory (the fact's
    size) and the fact is never decoded when `after`, `of` and `every` are plain values."""
    every: int | Callable[[F], int] | None = None
    """After the first event, another each so many ticks of the same schedule, until it ends; or a function of the
    starting fact, asked once, when it starts."""
    at_most: int | None = None
    """With `every`: after so many events it ends."""
    second_start: SecondStart = "ignored"
    """What a start does where a case is open: nothing; it restarts the count with the newer fact; or it is counted
    (`Case.starts`) and changes nothing else."""
    marker_ticks: int | None = None
    """How many ticks of its schedule an ended aggregate is remembered; None: ten, and at least a day. A redelivered
    start does not reopen it. Later, or with 0, it does: its event comes again under the id of the first, and one that
    `unless` had kept back comes after all."""

    def __str__(self) -> str:
        return f"policy {self.name!r}"

    @property
    def ends_on(self) -> tuple[type[Any], ...]:
        return self.unless if isinstance(self.unless, tuple) else (self.unless,)
