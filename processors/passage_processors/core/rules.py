"""What an app comes to: by the first ten bytes of a value, whom it starts, whom it ends and who hears it.

Ten bytes name a value's schema, so a fact whose body nobody needs is never decoded. Policies that are just that keep
their cases by themselves (`cases`); processes, and policies that repeat, keep instances.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from passage_processors.core.effects import Derived, Origin, check_size, headers_of, weigh
from passage_processors.core.full_days import Ticks, is_ticks
from passage_processors.core.inputs import Input
from passage_processors.core.keys import entry_key, unit_and_aggregate
from passage_processors.core.markers import ticks_of
from passage_processors.core.policy import Policy
from passage_processors.core.process import Process
from passage_processors.core.repeating import repeating_unit, repeats
from passage_processors.core.report import Report
from passage_processors.core.reports import ReportUnit, report_unit
from passage_processors.core.ticks import SeenTick
from passage_processors.core.units import Ask, Hearing, ProcessUnit, asked_once, hearings_of, process_unit
from passage_schemas.codec import Codec
from passage_schemas.fingerprint import PREFIX_BYTES
from passage_schemas.formats import Writing
from passage_schemas.instant import Instant


class TermsError(ValueError):
    """A policy's own answer can't be counted with."""


Terms = tuple[tuple[Ticks, str], ...]
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

    def terms(self, fact: Any) -> tuple[Ticks, str]:
        """How many ticks of which schedule to count. Raises TermsError, or what the policy's own code raises."""
        after = self.policy.after
        count = after(fact) if callable(after) else after
        if not is_ticks(count):
            raise TermsError(f"policy {self.policy.name!r} wants {count!r} ticks; it must be a whole number from 1")
        schedule = self.policy.of(fact) if callable(self.policy.of) else self.policy.of
        if schedule not in self.schedules:
            raise TermsError(
                f"policy {self.policy.name!r} counts {schedule!r}, which the app does not declare; "
                f"declared: {', '.join(sorted(self.schedules))}"
            )
        return count, schedule

    def every(self, fact: Any) -> int:
        """How many ticks lie between one event and the next, where the fact says it; else 0. Raises as `terms` does."""
        if not callable(self.policy.every):
            return 0
        count = self.policy.every(fact)
        if type(count) is not int or not is_ticks(count):
            raise TermsError(f"policy {self.policy.name!r} wants {count!r} ticks; it must be a whole number from 1")
        return count


@dataclass(frozen=True, slots=True)
class Handler:
    """What one type of fact does. `ends` are policies, by their place in the app, and how long they remember it."""

    codec: Codec[Any]
    ends: tuple[tuple[int, int], ...]
    starts: tuple[Start, ...]
    terms: Terms | None
    """What `terms_of` would answer whatever the fact says; None where it must be decoded to know, or to be kept."""
    hears: tuple[Hearing, ...] = ()
    """The processes that are told, in the app's order, after the policies."""

    needs_fact: bool = False
    """Must it be decoded?"""
    begins: bool = False
    """Does it start anything? Then it needn't find something to end."""

    def terms_of(self, fact: Any) -> Terms:
        """Raises TermsError, or what a policy's own code raises."""
        return tuple(start.terms(fact) for start in self.starts)


@dataclass(frozen=True, slots=True)
class Rules:
    """An app, as the fold needs it."""

    app: str
    units: tuple[Policy | ProcessUnit | ReportUnit, ...]
    """In the app's order; a policy that repeats is a process here."""
    handlers: dict[bytes, Handler]
    """By the prefix of a value in canonical form: of what is kept, and of an input nothing is said of."""
    heard: dict[type[Any], Handler]
    """By type, of those that any unit hears."""
    emits: dict[type[Any], Codec[Any]]
    on_error: Literal["park", "skip", "stop"]
    stop_after_refusals: int
    inputs: Mapping[str, Input]
    """By topic."""
    writing: Writing
    """The output's format."""
    written: Input
    """The output, for whoever reads it again."""
    kept: Input
    """What is kept of facts, and letters about wake-ups carry."""

    def derived(
        self,
        codec: Codec[Any],
        event: Any,
        key: bytes,
        origin: Origin,
        at: Instant,
        tick: SeenTick | None,
        partition: int | None = None,
    ) -> tuple[bytes, Derived]:
        """An event in canonical form, for whoever hears it here, and as it is to be written.

        Raises SchemaError, Refusal, Interrupted.
        """
        canonical = codec.encode(event)
        value, headers = self.writing.write(event, canonical, headers_of(origin, codec.name, at, tick))
        # The id in its headers names the aggregate once more.
        size = len(key) + len((origin.aggregate or "").encode()) + max(len(canonical), len(value))
        check_size(size, "the event, with its key and id,")
        return canonical, Derived(key, value, headers, weigh(key, value, headers), at, partition)

    @property
    def reported(self) -> frozenset[str]:
        """The schedules whose ticks' labels are asked for."""
        return frozenset(unit.of for unit in self.units if isinstance(unit, ReportUnit))

    def due_key(self, index: int, key: bytes) -> bytes:
        """What a burst is cut after: a unit, by its place in the app, and an aggregate."""
        return entry_key(self.units[index].name, key)

    def place_of(self, burst: bytes | None) -> tuple[int, bytes | None]:
        """The unit and the aggregate of a due key; (0, None) outside a burst, or for a unit that is no more."""
        name, key = unit_and_aggregate(burst or b"") or (b"", b"")
        names = [unit.name.encode() for unit in self.units]
        return (names.index(name), key) if name in names else (0, None)


def units_of(
    policies: Sequence[Policy],
    processes: Sequence[Process[Any]],
    reports: Sequence[Report],
    codecs: Mapping[type[Any], Codec[Any]],
    schedules: frozenset[str],
    ask: Ask = asked_once,
) -> tuple[Policy | ProcessUnit | ReportUnit, ...]:
    """Every unit of an app, in its order. `ask` is put before each function of the user's."""
    return (
        *(_policy_unit(index, policy, codecs, schedules, ask) for index, policy in enumerate(policies)),
        *(process_unit(process, ask) for process in processes),
        *(report_unit(report, ask) for report in reports),
    )


def _policy_unit(
    index: int, policy: Policy, codecs: Mapping[type[Any], Codec[Any]], schedules: frozenset[str], ask: Ask
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
    return repeating_unit(asked, start.terms, start.every, codecs[policy.starts_on], schedules, start.needs_fact)


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
        terms = None if any(start.needs_fact for start in starts) else tuple(start.terms(None) for start in starts)
        hears = hearings_of(codec.cls, processes)
        needs_fact = terms is None or any(hearing.needs_fact for hearing in hears)
        begins = bool(starts) or any(hearing.starts is not None for hearing in hears)
        handler = Handler(codec, ends, starts, terms, hears, needs_fact, begins)
        handlers.update(dict.fromkeys(codec.prefixes, handler))
    assert all(len(prefix) == PREFIX_BYTES for prefix in handlers)
    return handlers
