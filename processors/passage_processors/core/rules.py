"""What an app's policies come to: by the first ten bytes of a value, whom it starts and whom it ends.

Ten bytes name a value's schema, so a fact whose body no policy needs is never decoded.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from passage_processors.core.policy import Policy
from passage_schemas.codec import Codec
from passage_schemas.fingerprint import PREFIX_BYTES


class TermsError(ValueError):
    """A policy's own answer can't be counted with."""


Terms = tuple[tuple[int, str], ...]
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
        return self.keeps_fact or callable(self.policy.after) or callable(self.policy.of)

    def terms(self, fact: Any) -> tuple[int, str]:
        """How many ticks of which schedule to count. Raises TermsError, or what the policy's own code raises."""
        count = self.policy.after(fact) if callable(self.policy.after) else self.policy.after
        schedule = self.policy.of(fact) if callable(self.policy.of) else self.policy.of
        if type(count) is not int or not 1 <= count < 1 << 31:
            raise TermsError(f"policy {self.policy.name!r} wants {count!r} ticks; it must be a whole number from 1")
        if schedule not in self.schedules:
            raise TermsError(
                f"policy {self.policy.name!r} counts {schedule!r}, which the app does not declare; "
                f"declared: {', '.join(sorted(self.schedules))}"
            )
        return count, schedule


@dataclass(frozen=True, slots=True)
class Handler:
    """What one type of fact does. `ends` are policies, by their place in the app, and how long they remember it."""

    codec: Codec[Any]
    ends: tuple[tuple[int, int], ...]
    starts: tuple[Start, ...]
    terms: Terms | None
    """What `terms_of` would answer whatever the fact says; None where it must be decoded to know, or to be kept."""

    def terms_of(self, fact: Any) -> Terms:
        """Raises TermsError, or what a policy's own code raises."""
        return tuple(start.terms(fact) for start in self.starts)


@dataclass(frozen=True, slots=True)
class Rules:
    """An app, as the fold needs it."""

    app: str
    policies: tuple[Policy, ...]
    handlers: dict[bytes, Handler]
    emits: dict[type[Any], Codec[Any]]
    on_error: Literal["park", "skip", "stop"]
    stop_after_refusals: int

    @property
    def known(self) -> dict[bytes, str]:
        """The names of the schemas this app can read, by prefix."""
        return {prefix: handler.codec.name for prefix, handler in self.handlers.items()}


def handlers_of(
    codecs: Sequence[Codec[Any]], policies: Sequence[Policy], schedules: frozenset[str]
) -> dict[bytes, Handler]:
    """By each readable prefix of each codec, older versions included."""
    handlers: dict[bytes, Handler] = {}
    for codec in codecs:
        starts = tuple(
            Start(index, policy, schedules, policy.keep_fact)
            for index, policy in enumerate(policies)
            if policy.starts_on is codec.cls
        )
        ends = tuple(
            (index, policy.marker_ticks) for index, policy in enumerate(policies) if codec.cls in policy.ends_on
        )
        terms = None if any(start.needs_fact for start in starts) else tuple(start.terms(None) for start in starts)
        handlers.update(dict.fromkeys(codec.prefixes, Handler(codec, ends, starts, terms)))
    assert all(len(prefix) == PREFIX_BYTES for prefix in handlers)
    return handlers
