"""Rules made of rules: any of several, or only those at one instant.

`AnyOf` merges by instant: occurrences at one instant are one. `AllOf` names the instants that every rule names. Where
all rules name whole days of one zone, so do these; of anything else they name moments, labelled by the clock of the
first rule's zone with its offset, since labels of different rules could meet.

What is known is what all of them know: nothing is named before the latest `known_from`, nor from the earliest
`known_until` on. `AllOf` refuses rules that never meet, and to search for ever: where 50 years have none, there is
none to come.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from heapq import merge
from itertools import dropwhile, groupby
from operator import attrgetter
from typing import Any

from passage_clock import civil
from passage_clock.errors import ScheduleError
from passage_clock.rules.days import OnDays
from passage_clock.rules.moments import EVENT
from passage_clock.rules.periods import Every
from passage_clock.rules.rule import Occurrence, Rule
from passage_schemas.instant import Instant

GIVES_UP_AFTER = 50 * 366 * civil.DAY
"""No calendar repeats itself more seldom: a 29 February on a given weekday comes again after 40 years at most."""

LOOKS = 100_000
"""Before rules are taken never to meet. Two that meet more seldom than this are too fine to be asked together."""

STEPS = 8
"""A rule that lags behind is walked so far before it is asked anew from where the others are."""


@dataclass(frozen=True, slots=True)
class _Joined:
    """What a union and an intersection have in common: it is known as far as each of their rules is."""

    rules: tuple[Rule, ...]

    @property
    def zone(self) -> str:
        return self.rules[0].zone

    @property
    def event(self) -> str:
        return shared_event(self.rules)

    @property
    def data(self) -> str | None:
        return joint_data(self.rules)

    @property
    def known_from(self) -> Instant | None:
        return latest(rule.known_from for rule in self.rules)

    @property
    def known_until(self) -> Instant | None:
        return earliest(rule.known_until for rule in self.rules)


@dataclass(frozen=True, slots=True)
class AnyOf(_Joined):
    """The union of these rules. Raises ScheduleError for fewer than two."""

    def __post_init__(self) -> None:
        _at_least_two("any_of", self.rules)

    @property
    def definition(self) -> Mapping[str, Any]:
        return {"any_of": [rule.definition for rule in self.rules]}

    def as_of(self, instant: Instant) -> "AnyOf":
        return AnyOf(tuple(rule.as_of(instant) for rule in self.rules))

    def occurrences(self, since: Instant) -> Iterator[Occurrence]:
        known_from, known_until = self.known_from, self.known_until
        since = since if known_from is None else Instant(max(since, known_from - 1))
        by_instant = attrgetter("ends_at")
        merged = merge(*(_after(rule, since) for rule in self.rules), key=by_instant)
        days = whole_days_of(self) is not None
        for instant, (first, *_) in groupby(merged, key=by_instant):
            if known_until is not None and instant >= known_until:
                return
            yield first if days else _moment(self.zone, instant)


@dataclass(frozen=True, slots=True)
class AllOf(_Joined):
    """What all of these rules name at one instant. Raises ScheduleError for fewer than two, or if they never meet."""

    def __post_init__(self) -> None:
        _at_least_two("all_of", self.rules)
        if next(self._meetings(self.known_from or Instant(0), LOOKS), None) is None:
            raise ScheduleError(
                "all_of: these rules never name the same instant; give them the same time of day (at:), or write "
                "only: with the days to keep"
            )

    @property
    def definition(self) -> Mapping[str, Any]:
        return {"all_of": [rule.definition for rule in self.rules]}

    def as_of(self, instant: Instant) -> "AllOf":
        return AllOf(tuple(rule.as_of(instant) for rule in self.rules))

    def occurrences(self, since: Instant) -> Iterator[Occurrence]:
        days = whole_days_of(self) is not None
        for occurrence in self._meetings(since):
            yield occurrence if days else _moment(self.zone, occurrence.ends_at)

    def _meetings(self, since: Instant, looks: int | None = None) -> Iterator[Occurrence]:
        """Whoever lags behind goes to where the furthest is, until all are at one instant."""
        runners = [_Runner(rule, since) for rule in self.rules]
        known_until = self.known_until
        give_up_at: int | None = None
        while looks is None or looks > 0:
            heads = [runner.head for runner in runners]
            ends = [head.ends_at for head in heads if head is not None]
            if len(ends) < len(heads):
                return
            furthest = max(ends)
            give_up_at = give_up_at or furthest + GIVES_UP_AFTER
            if furthest > give_up_at or (known_until is not None and furthest >= known_until):
                return
            if min(ends) == furthest:
                give_up_at = furthest + GIVES_UP_AFTER
                assert heads[0] is not None
                yield heads[0]
                furthest = Instant(furthest + 1)
            for runner in runners:
                runner.reach(furthest)
            looks = looks and looks - 1


class _Runner:
    """Where one rule is: its `head` is the next it names; None: it names no more."""

    __slots__ = ("_coming", "_rule", "head")

    def __init__(self, rule: Rule, since: Instant) -> None:
        self._rule = rule
        self._coming = _after(rule, since)
        self.head = next(self._coming, None)

    def reach(self, instant: Instant) -> None:
        """Go to the first that ends at the instant or later."""
        for _ in range(STEPS):
            if self.head is None or self.head.ends_at >= instant:
                return
            self.head = next(self._coming, None)
        if self.head is not None and self.head.ends_at < instant:
            self._coming = _after(self._rule, Instant(instant - 1))
            self.head = next(self._coming, None)


def _after(rule: Rule, since: Instant) -> Iterator[Occurrence]:
    return dropwhile(lambda one: one.ends_at <= since, rule.occurrences(since))


def _moment(zone: str, instant: Instant) -> Occurrence:
    return Occurrence(civil.moment_label(zone, instant), instant, instant)


def whole_days_of(rule: Rule) -> str | None:
    """The zone whose days this rule names, each whole and under its date; None for any other rule."""
    if isinstance(rule, AnyOf | AllOf):
        zones = {whole_days_of(one) for one in rule.rules}
        return zones.pop() if len(zones) == 1 else None
    if isinstance(rule, Every):
        return rule.zone if rule.period == "day" and rule.gap == "skip" else None
    return rule.zone if isinstance(rule, OnDays) and rule.at is None and rule.gap == "skip" else None


def shared_event(rules: Iterable[Rule]) -> str:
    """What they all are called; else that it is time."""
    events = {rule.event for rule in rules}
    return events.pop() if len(events) == 1 else EVENT


def joint_data(rules: Iterable[Rule]) -> str | None:
    """Every calendar that decided, each once."""
    return joined(rule.data for rule in rules)


def joined(labels: Iterable[str | None]) -> str | None:
    """These labels of data as one, each once; None if there are none."""
    parts = (part for label in labels if label for part in label.split("; "))
    return "; ".join(dict.fromkeys(parts)) or None


def latest(instants: Iterable[Instant | None]) -> Instant | None:
    """The last of those that are any."""
    return max((instant for instant in instants if instant is not None), default=None)


def earliest(instants: Iterable[Instant | None]) -> Instant | None:
    """The first of those that are any."""
    return min((instant for instant in instants if instant is not None), default=None)


def _at_least_two(word: str, rules: tuple[Rule, ...]) -> None:
    if len(rules) < 2:
        raise ScheduleError(f"{word}: {len(rules)} rules won't do; list two or more, or write the one by itself")
