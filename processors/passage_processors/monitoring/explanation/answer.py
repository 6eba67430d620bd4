"""The form of an answer: causes as they were folded, the counts there were, what is waited for, and a verdict each."""

from dataclasses import dataclass
from typing import Any, Literal

from passage_processors.monitoring.entries import Entry
from passage_schemas.instant import Instant

CauseKind = Literal["fact", "request", "tick"]
EffectKind = Literal[
    "starts", "counts", "fires", "fails", "ends", "cancels", "parks", "resumes", "moves", "marks", "remembers",
    "forgets", "hears", "unmatched", "redelivered", "open", "ended", "refused", "ignored",
]  # fmt: skip
"""What became of it. Of a fact that changed nothing why: `unmatched` (there was nothing to end), `redelivered`, `open`
(there is one already), `ended` (it is over), `ignored` (no unit hears of it), `hears` (a handler answered nothing)."""
Outcome = Literal["waits", "fired", "ended", "cancelled", "replaced", "parked", "failed"]


@dataclass(frozen=True, slots=True)
class UnitEffect:
    """`unit` is empty where no unit was asked; `holds`: the state that was remembered."""

    unit: str
    kind: EffectKind
    said: str
    holds: Any = None


@dataclass(frozen=True, slots=True)
class EmittedEvent:
    """An event, with where it lies on the output; `offset` is None where it does not (yet)."""

    unit: str
    name: str
    id: str
    at: Instant
    topic: str
    partition: int
    offset: int | None


@dataclass(frozen=True, slots=True)
class ExplainedCause:
    """A fact, an operator's request, or a tick that did something. `sequence`: of the last tick folded by then, this
    one included. `late_after`: it was folded after this tick, though it is dated before that tick's end."""

    at: Instant
    kind: CauseKind
    name: str
    topic: str
    partition: int
    offset: int
    cut: int
    sequence: int
    body: Any
    late_after: str | None
    effects: tuple[UnitEffect, ...]
    events: tuple[EmittedEvent, ...]

    @property
    def where(self) -> str:
        return f"{self.topic}[{self.partition}]@{self.offset}"


@dataclass(frozen=True, slots=True)
class CountedTick:
    """`had_passed`: it was folded before what it is counted from."""

    ordinal: int
    sequence: int
    period: str
    at: Instant
    topic: str
    partition: int
    offset: int
    had_passed: bool


@dataclass(frozen=True, slots=True)
class Count:
    """One count of ticks: from the instant `since_at`, `ticks` of `schedule` to `due`. `wake_up`: a process's own name
    for it. `began` and `ended` are the places of its causes among all there were; None while it waits."""

    unit: str
    wake_up: str | None
    schedule: str
    since_at: Instant
    ticks: int
    due: int
    outcome: Outcome
    began: int
    ended: int | None
    counted: tuple[CountedTick, ...]


@dataclass(frozen=True, slots=True)
class Waiting:
    """What an open count waits for. `ahead`: ticks to come, 0 where its own was published already; `unfolded`: of those
    published, how many the task has yet to fold. `last_at` and `next_at`: the schedule's last tick, and when the clock
    promised its next. `promised_at`: when the count will be over by such a promise, which there is for the next tick
    only; `planned_at`: when it will be by a configuration that was given. `status`: the schedule's."""

    unit: str
    wake_up: str | None
    schedule: str
    counted: int
    ticks: int
    due: int
    ahead: int
    unfolded: int
    status: str
    last_at: Instant | None
    next_at: Instant | None
    promised_at: Instant | None
    planned_at: Instant | None = None


@dataclass(frozen=True, slots=True)
class Unfolded:
    """A fact of the aggregate that lies behind the last cut."""

    at: Instant
    name: str
    topic: str
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class EventVerdict:
    """Did this unit emit the event, how often, and why not (again)."""

    event: str
    unit: str
    times: int
    said: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """`cut` is the last one there was, 0 where none; `in_burst`: it was taken in the midst of a tick, so events may be
    still to be written."""

    app: str
    aggregate: str
    partition: int
    cut: int
    in_burst: bool
    event: str | None
    """The one that was asked for; None: all."""
    units: tuple[str, ...]
    causes: tuple[ExplainedCause, ...]
    counts: tuple[Count, ...]
    entries: tuple[Entry, ...]
    waits: tuple[Waiting, ...]
    unfolded: tuple[Unfolded, ...]
    verdicts: tuple[EventVerdict, ...]

    @property
    def is_known(self) -> bool:
        """Is there anything of it on the log?"""
        return bool(self.causes or self.unfolded)
