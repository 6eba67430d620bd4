"""Schedules with equal rules work their occurrences out together: a day in Amsterdam is computed once for a hundred.

Pure. It refuses to remember: what all of them have passed is let go of.
"""

from collections.abc import Iterator
from itertools import tee

from passage_clock.rules.rule import Occurrence, Rule
from passage_clock.schedules import Schedule
from passage_schemas.instant import Instant


class Sharing:
    """Use it to begin many schedules and then drop it: it holds on to the first occurrence of each."""

    __slots__ = ("_begun",)

    def __init__(self) -> None:
        self._begun: dict[tuple[Rule, Instant | None, Instant | None], Iterator[Occurrence]] = {}

    def occurrences(self, schedule: Schedule, after: Instant | None) -> Iterator[Occurrence]:
        """As `schedule.occurrences(after)`. For one thread, as a plan is."""
        same = schedule.rule, schedule.starts_at, after
        begun = self._begun.get(same) or schedule.occurrences(after)
        mine, self._begun[same] = tee(begun)
        return mine
