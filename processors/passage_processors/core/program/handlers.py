"""What each type of fact does: by the first ten bytes of a value, whom it starts, whom it ends and who hears it.

Ten bytes name a value's schema, so a fact whose body nobody needs is never decoded. Policies that are just that keep
their cases by themselves (`cases`); processes, and policies that repeat, keep instances.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from passage_processors.core.program.repetition import repeating_unit, repeats
from passage_processors.core.program.units import (
    Asking,
    Hearing,
    ProcessUnit,
    ReportUnit,
    asked_once,
    hearings_of,
    process_unit,
    report_unit,
)
from passage_processors.core.state.markers import ticks_of
from passage_processors.model.policy import Policy
from passage_processors.model.process import Process
from passage_processors.model.report import Report
from passage_processors.model.ticks import Ticks, is_ticks
from passage_schemas.codec import Codec
from passage_schemas.fingerprint import PREFIX_BYTES


class CountdownError(ValueError):
    """A policy's own answer can't be counted with."""


Countdown = tuple[tuple[Ticks, str], ...]
"""How many ticks of which schedule, for each policy a fact starts."""


@dataclass(frozen=True, slots=True)
class Start:
    """A policy, by its place in the app, that a fact starts."""

    index: int
    policy: Policy
    schedules: frozenset[str]
    keeps_fact: bool

    @property
    def needs_fact(self) -> bool:
        return self.keeps_fact or any(map(callable, (self.policy.after, self.policy.of, self.policy.every)))

    def countdown(self, fact: Any) -> tuple[Ticks, str]:
        """How many ticks of which schedule to count. Raises CountdownError, or what the policy's own code raises."""
        after = self.policy.after
        count = after(fact) if callable(after) else after
        if not is_ticks(count):
            raise CountdownError(f"policy {self.policy.name!r} wants {count!r} ticks; it must be a whole number from 1")
        schedule = self.policy.of(fact) if callable(self.policy.of) else self.policy.of
        if schedule not in self.schedules:
            raise CountdownError(
                f"policy {self.policy.name!r} counts {schedule!r}, which the app does not declare; "
                f"declared: {', '.join(sorted(self.schedules))}"
            )
        return count, schedule

    def every(self, fact: Any) -> int:
        """How many ticks lie between one event and the next, where the fact says it; else 0. Raises as `countdown`."""
        if not callable(self.policy.every):
            return 0
        count = self.policy.every(fact)
        if type(count) is not int or not is_ticks(count):
            raise CountdownError(f"policy {self.policy.name!r} wants {count!r} ticks; it must be a whole number from 1")
        return count


@dataclass(frozen=True, slots=True)
class Handler:
    """What one type of fact does. `ends` are policies, by their place in the app, and how long they remember it."""

    codec: Codec[Any]
    ends: tuple[tuple[int, int], ...]
    starts: tuple[Start, ...]
    countdown: Countdown | None
    """What `countdown_of` would answer whatever the fact says; None where it must be decoded to know, or to be kept."""
    hears: tuple[Hearing, ...] = ()
    """The processes that are told, in the app's order, after the policies."""

    needs_fact: bool = False
    """Must it be decoded?"""
    begins: bool = False
    """Does it start anything? Then it needn't find something to end."""

    def countdown_of(self, fact: Any) -> Countdown:
        """Raises CountdownError, or what a policy's own code raises."""
        return tuple(start.countdown(fact) for start in self.starts)


def units_of(
    policies: Sequence[Policy],
    processes: Sequence[Process[Any]],
    reports: Sequence[Report],
    codecs: Mapping[type[Any], Codec[Any]],
    schedules: frozenset[str],
    ask: Asking = asked_once,
) -> tuple[Policy | ProcessUnit | ReportUnit, ...]:
    """Every unit of an app, in its order. `ask` is put before each function of the user's."""
    return (
        *(_policy_unit(index, policy, codecs, schedules, ask) for index, policy in enumerate(policies)),
        *(process_unit(process, ask) for process in processes),
        *(report_unit(report, ask) for report in reports),
    )


def _policy_unit(
    index: int, policy: Policy, codecs: Mapping[type[Any], Codec[Any]], schedules: frozenset[str], ask: Asking
) -> Policy | ProcessUnit:
    after, of, every = policy.after, policy.of, policy.every
    asked = replace(
        policy,
        after=ask(after, f"policy {policy.name!r}: after") if callable(after) else after,
        of=ask(of, f"policy {policy.name!r}: of") if callable(of) else of,
        every=ask(every, f"policy {policy.name!r}: every") if callable(every) else every,
        event=ask(policy.event, f"policy {policy.name!r}: event"),
    )
    if not repeats(policy):
        return asked
    start = Start(index, asked, schedules, policy.keep_fact)
    return repeating_unit(asked, start.countdown, start.every, codecs[policy.starts_on], schedules, start.needs_fact)


def handlers_of(
    codecs: Sequence[Codec[Any]],
    units: Sequence[Policy | ProcessUnit | ReportUnit],
    schedules: frozenset[str],
) -> dict[bytes, Handler]:
    """By each readable prefix of each codec, older versions included."""
    policies = {index: unit for index, unit in enumerate(units) if isinstance(unit, Policy)}
    processes = {index: unit for index, unit in enumerate(units) if isinstance(unit, ProcessUnit)}
    handlers: dict[bytes, Handler] = {}
    for codec in codecs:
        starts = tuple(
            Start(index, policy, schedules, policy.keep_fact)
            for index, policy in policies.items()
            if policy.starts_on is codec.cls
        )
        ends = tuple(
            (index, ticks_of(policy.marker_ticks)) for index, policy in policies.items() if codec.cls in policy.ends_on
        )
        countdown = (
            None if any(start.needs_fact for start in starts) else tuple(start.countdown(None) for start in starts)
        )
        hears = hearings_of(codec.cls, processes)
        needs_fact = countdown is None or any(hearing.needs_fact for hearing in hears)
        begins = bool(starts) or any(hearing.starts is not None for hearing in hears)
        handler = Handler(codec, ends, starts, countdown, hears, needs_fact, begins)
        handlers.update(dict.fromkeys(codec.prefixes, handler))
    assert all(len(prefix) == PREFIX_BYTES for prefix in handlers)
    return handlers
