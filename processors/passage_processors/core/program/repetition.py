"""Policies that repeat, or do something about a second start, as the processes they are short for.

Such a policy's aggregates live in a book of instances; its events are numbered as a process's are.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from passage_processors.core.program.refusals import RefusedFact
from passage_processors.core.program.units import HandlerResult, Now, OnFact, ProcessUnit, States
from passage_processors.model.policy import Case, Policy
from passage_processors.model.process import Effect, Emit, End, Remember, Wake
from passage_processors.model.ticks import Ticks
from passage_schemas.codec import Codec
from passage_schemas.events import event_codec

DUE = "due"
"""The name of a policy's only wake-up."""
MOST_COUNTED = 100
"""Starts of a case that a redelivered one is told by: a producer that tries a batch again repeats several, in order."""


@dataclass(frozen=True, slots=True)
class Restart:
    """The aggregate starts anew, at this instant: what it had is forgotten. A policy's only; no user writes it."""


@dataclass(frozen=True, slots=True)
class Repeating:
    """What a policy's case comes to that is no plain one."""

    schedule: str
    starts: int = 1
    counted: tuple[int, ...] = ()
    """The instants of the starts that were counted after the first, sorted: the latest `MOST_COUNTED` of them."""
    fact: bytes = b""
    every: int = 0
    """How many ticks between its events, where the starting fact said it."""


def repeats(policy: Policy) -> bool:
    """Is it more than one event after one start?"""
    return policy.every is not None or policy.second_start != "ignored"


def repeating_unit(
    policy: Policy,
    countdown: Callable[[Any], tuple[Ticks, str]],
    every: Callable[[Any], int],
    codec: Codec[Any],
    schedules: frozenset[str],
    needs_fact: bool,
) -> ProcessUnit:
    """`countdown` tells how many ticks of which schedule a starting fact asks for, `every` how many between the events,
    0 where the policy says it; `codec` is that fact's."""

    def started(_now: Now, fact: Any) -> list[Effect]:
        ticks, schedule = countdown(fact)
        kept = codec.encode(fact) if policy.keep_fact else b""
        return [Remember(Repeating(schedule, 1, (), kept, every(fact))), Wake(DUE, ticks, schedule)]

    def started_again(now: Now, fact: Any) -> HandlerResult:
        state: Repeating = now.state
        if policy.second_start == "restarts":
            return [Restart(), *started(now, fact)] if now.happened > now.started else None
        if now.happened == now.started or now.happened in state.counted:
            return None  # a redelivery
        counted = tuple(sorted((*state.counted, now.happened))[-MOST_COUNTED:])
        return [Remember(replace(state, starts=state.starts + 1, counted=counted))]

    def due(now: Now) -> HandlerResult:
        state: Repeating = now.state
        fact = codec.decode(state.fact) if state.fact else None
        event = policy.event(Case(now.key, now.started, now.happened, fact, now.number, state.starts))
        if type(event) is not policy.emits:
            raise RefusedFact(f"policy {policy.name!r} emits {type(event).__name__}; it says {policy.emits.__name__}")
        return [Emit(event), *_next(now.number, state)]

    def skipped(now: Now) -> HandlerResult:
        return [*_next(now.number - 1, now.state)]

    def _next(number: int, state: Repeating) -> list[Effect]:
        if policy.every is None or number == policy.at_most:
            return [End()]
        ticks = state.every if callable(policy.every) else policy.every
        return [Wake(DUE, ticks, state.schedule)]

    def ended(_now: Now, _fact: Any) -> HandlerResult:
        return [End()]

    again: Mapping[type[Any], OnFact] = {} if policy.second_start == "ignored" else {policy.starts_on: started_again}
    states = States(policy.name, Repeating, {})
    return ProcessUnit(
        name=policy.name,
        kind="policy",
        starts={policy.starts_on: started},
        hears={**again, **dict.fromkeys(policy.ends_on, ended)},
        wakers={DUE: due},
        states=states,
        schedules=schedules,
        emits={policy.emits: event_codec(policy.emits)},
        marker_ticks=policy.marker_ticks,
        marker_of=lambda instance: str(states.of(instance.state).schedule),
        without_fact=frozenset(policy.ends_on) | (frozenset() if needs_fact else {policy.starts_on}),
        skipped=skipped,
    )
