"""How long what has ended is remembered, so that a redelivered start does not begin it anew.

By ticks, as all is counted here: those a unit says, and no more. Where it says nothing it is ten ticks and a day, for
ten ticks of seconds would be over before a producer tries again. The day too is measured on ticks, by their ends, so
that a replay forgets when the first run did; what is kept is bounded by what ends in a day, or in ten ticks.
"""

from collections.abc import Callable

from passage_processors.core.order.ticks import TickHistory
from passage_schemas.instant import Instant

MARKER_TICKS = 10
_A_DAY = 86_400_000_000
"""Producers try again for minutes; what was down over night, or is requeued the next morning, comes within a day."""

IsOver = Callable[[str, int, Instant], bool]
"""(schedule, the ordinal a marker waited for, the end of the tick being folded): may it go?"""


def ticks_of(said: int | None) -> int:
    """For how many ticks a marker stays at least; 0: there is none."""
    return MARKER_TICKS if said is None else said


def at_once(schedule: str, due: int, now: Instant) -> bool:  # noqa: ARG001 - an IsOver
    """It goes on the tick it waited for."""
    return True


def is_over_of(ticks: TickHistory, said: int | None) -> IsOver:
    """What a unit that says this many ticks, or nothing, asks of its markers."""
    if said is not None:
        return at_once

    def is_over(schedule: str, due: int, now: Instant) -> bool:
        # It was left before the tick behind the one its ticks are counted from.
        return now - ticks.ended(schedule, due - MARKER_TICKS + 1) >= _A_DAY

    return is_over
