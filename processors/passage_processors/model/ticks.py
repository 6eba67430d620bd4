"""Ticks, as a user's code meets them: how many a policy or a process waits for, and one that has passed.

A tick is the end of a period, so a count of ticks begins with what is left of the period that a fact falls into: after
14 ticks of a day's schedule a fact at noon is 13 and a half days old. Who means 14 whole days says so here. It is
decided once, when the count begins, by the ticks folded until then: so a replay decides alike, and what is kept of a
case is a number of ticks as ever.
"""

from dataclasses import dataclass

from passage_schemas.instant import Instant

_MOST = 1 << 31


@dataclass(frozen=True, slots=True)
class FullDays:
    """So many whole periods of a schedule; made by `full_days`."""

    days: int

    def ticks(self, begins_whole: bool) -> int:
        """How many ticks that is. `begins_whole`: a tick came at the very instant from which is counted."""
        return self.days if begins_whole else self.days + 1


def full_days(days: int) -> FullDays:
    """What `after` takes for so many whole days, 1 or more, where a plain number counts the ends of days.

    A fact at noon has 14 full days behind it at the end of the 15th day: the one that had begun is not counted. A fact
    at the very instant of a tick begins with a whole day, so there it is 14 ticks, and exactly 14 days. A day is one
    period of the schedule: where the clocks change it has 23 hours or 25, and of `month.utc` it is a month. Where
    periods do not touch (workdays) a fact between two is taken as if it came within the next one: never too early.
    Raises ValueError.
    """
    if not is_ticks(FullDays(days)):
        raise ValueError(f"full_days({days!r}): it must be a whole number from 1")
    return FullDays(days)


Ticks = int | FullDays


def is_ticks(said: object) -> bool:
    """Can it be counted?"""
    count = said.days if isinstance(said, FullDays) else said
    return type(count) is int and 1 <= count < _MOST - isinstance(said, FullDays)


@dataclass(frozen=True, slots=True)
class SeenTick:
    """What counting needs of a tick."""

    schedule: str
    ordinal: int
    sequence: int
    ends_at: Instant
    period: str = ""
    """Its label; kept only of the schedules that reports ask for."""
