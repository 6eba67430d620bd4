"""The moon's phases, by the `ephem` package (libastro, whose moon is good to seconds). Needs the extra `moon`.

Refuses years beyond 2100: how much the earth's turning will have slowed by then is known to a minute or two, and a full
moon that close to midnight would be a guess.
"""

from collections.abc import Callable
from functools import cache, lru_cache
from importlib import import_module
from typing import Any, Literal, get_args

from passage_clock.errors import CalendarError
from passage_schemas.instant import Instant

Phase = Literal["new", "first-quarter", "full", "last-quarter"]

PHASES: tuple[Phase, ...] = get_args(Phase)

FIRST_YEAR, LAST_YEAR = 1970, 2100

_DAY = 86_400_000_000
_EPOCH_AS_EPHEM = 25567.5
"""1970-01-01T00:00 in ephem's days, which count from the noon that ended 1899."""


def moon_label() -> str:
    """What a tick says about it: `moon, ephem 4.2.1`. Raises CalendarError without the extra."""
    return f"moon, ephem {_ephem().__version__}"


@lru_cache(maxsize=1024)
def phase_instants(phase: Phase, year: int) -> tuple[Instant, ...]:
    """The instants of this phase from the last days of the year before to the first ones of the year after (UTC), so
    that no zone's year lacks one. Raises CalendarError without the extra, or outside 1970 to 2100."""
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise CalendarError(f"the moon is known from {FIRST_YEAR} to {LAST_YEAR}, not {year}")
    following: Callable[[float], float] = getattr(_ephem(), f"next_{phase.replace('-', '_')}_moon")
    last = float(_ephem().Date((year + 1, 1, 3)))
    found: list[Instant] = []
    day = float(following(float(_ephem().Date((year - 1, 12, 30)))))
    while day < last:
        found.append(Instant(round((day - _EPOCH_AS_EPHEM) * _DAY)))
        day = float(following(day + 1))
    return tuple(found)


@cache
def _ephem() -> Any:
    try:
        return import_module("ephem")
    except ModuleNotFoundError as missing:
        raise CalendarError("moon: needs ephem; install passage-of-time[moon]") from missing
