"""A market's sessions: the rule that names when it opens, closes, breaks, and what comes before and after.

Each is a moment, labelled by the session's date as the exchange gives it (Chicago's Monday opens on Sunday). A session
that was called off is named only where that was announced too late: after the moment itself.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import islice
from operator import itemgetter
from typing import Any, Literal, get_args

from passage_clock import civil
from passage_clock.calendars.market import Market, Session
from passage_clock.errors import ScheduleError
from passage_clock.rules.rule import Occurrence
from passage_schemas.instant import Instant

SessionEdge = Literal["pre-market", "open", "break-start", "break-end", "close", "after-hours"]

EDGES: tuple[SessionEdge, ...] = get_args(SessionEdge)

EVENTS: Mapping[SessionEdge, str] = {
    "pre-market": "PreMarketHasOpened",
    "open": "MarketHasOpened",
    "break-start": "MarketBreakHasBegun",
    "break-end": "MarketBreakHasEnded",
    "close": "MarketHasClosed",
    "after-hours": "AfterHoursHaveEnded",
}


@dataclass(frozen=True, slots=True)
class Sessions:
    """This edge of each session. `zone`: the market's own unless given.

    Raises ZoneError, ScheduleError for an edge the market's sessions don't have.
    """

    edge: SessionEdge
    market: Market
    zone: str = ""

    def __post_init__(self) -> None:
        if not self.zone:
            object.__setattr__(self, "zone", self.market.zone)
        civil.zone(self.zone)
        if self.edge not in EDGES:
            raise ScheduleError(f"session: {self.edge!r} is none; write one of {', '.join(EDGES)}")
        if not _moments(self.market, self.edge):
            raise ScheduleError(f"session: {self.market.code} has no {self.edge}; take open or close")

    @property
    def event(self) -> str:
        return EVENTS[self.edge]

    @property
    def data(self) -> str:
        return self.market.extended_label if self.edge in ("pre-market", "after-hours") else self.market.label

    @property
    def known_from(self) -> Instant:
        return civil.instant_of_civil(date(self.market.first_year, 1, 1), self.market.zone)

    @property
    def known_until(self) -> Instant:
        """A day after the last year: its last session may end at midnight."""
        return civil.instant_of_civil(date(self.market.last_year + 1, 1, 2), self.market.zone)

    @property
    def definition(self) -> Mapping[str, Any]:
        decided = {"session": self.edge, "market": self.market.definition}
        return decided if self.zone == self.market.zone else {**decided, "zone": self.zone}

    def as_of(self, instant: Instant) -> "Sessions":
        return Sessions(self.edge, self.market.as_of(instant), self.zone)

    def occurrences(self, since: Instant) -> Iterator[Occurrence]:
        found = _moments(self.market, self.edge)
        for instant, session in islice(found, bisect_right(found, since, key=itemgetter(0)), None):
            if self.market.is_planned(session, known_at=instant):
                yield Occurrence(session.day.isoformat(), instant, instant)


@lru_cache(maxsize=256)
def _moments(market: Market, edge: SessionEdge) -> tuple[tuple[Instant, Session], ...]:
    """This edge of every session that has it, in order, from the first year all of which is known."""
    if edge == "pre-market" or edge == "after-hours":
        extended = market.extended("pre" if edge == "pre-market" else "post")
        return tuple((extended[session.day], session) for session in market.sessions)
    edges = ((_EDGE_OF[edge](session), session) for session in market.sessions)
    return tuple((instant, session) for instant, session in edges if instant is not None)


_EDGE_OF: Mapping[SessionEdge, Callable[[Session], Instant | None]] = {
    "open": lambda session: session.opens_at,
    "break-start": lambda session: session.break_starts_at,
    "break-end": lambda session: session.break_ends_at,
    "close": lambda session: session.closes_at,
}
