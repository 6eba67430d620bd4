"""A thousand worlds in which everything goes wrong, and in each of them every invariant holds. Then some of the worlds
with clocks that break one rule each: a check that doesn't find them is no check.

A failure names its seeds; `python -m tests.clock.simulation SEED` plays one again.
"""

import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from passage_clock.leading.broker_time import BrokerTime
from passage_clock.leading.leadership import Cause
from passage_clock.leading.office import Office
from passage_clock.leading.service import Clock
from passage_clock.leading.skew import WallReading
from passage_clock.records.clock_state import ClockState
from passage_log.errors import Fenced, WriterLost
from tests.clock.simulation import Simulation
from tests.clock.world import TICKS

SEEDS = 1_000
CHUNK = 50
"""So that several workers share them, and a failure is among fifty."""


@pytest.fixture(autouse=True)
def _silence() -> Iterator[None]:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.reset_defaults()


@pytest.mark.parametrize("first", range(0, SEEDS, CHUNK), ids=lambda first: f"seeds-{first}-{first + CHUNK - 1}")
def test_whatever_happens_every_period_gets_one_tick_in_order(first: int) -> None:
    wrong = {seed: found for seed in range(first, first + CHUNK) if (found := Simulation(seed).run())}

    assert wrong == {}


def test_the_worlds_are_worth_living_in() -> None:
    """Faults must reach the clocks: many terms, aborted ticks that nobody reads, leaders that act."""
    terms, hidden, acting = 0, 0, 0
    for seed in range(40):
        simulation = Simulation(seed)
        simulation.run()
        terms += simulation.auditor.terms
        hidden += simulation.reader.end(TICKS) - simulation.auditor.records
        acting += simulation.acting

    assert terms > 100
    assert hidden > terms
    assert acting >= 5


# Clocks that break one rule.


class AnIdOfItsOwn(Clock):
    """Nobody is fenced when every candidate has its own transactional id."""

    @property
    def transactional_id(self) -> str:
        return f"{super().transactional_id}.{self.name}"


class ActsWithoutAFence(Clock):
    """An id of its own, but only while it acts: the group's leader goes on beside it."""

    @property
    def transactional_id(self) -> str:
        return f"{super().transactional_id}.acting" if self.leadership.is_acting else super().transactional_id


class WritesNoBarrier(Clock):
    """Takes the last record it happens to have read for its term, and so reads no further."""

    def _mark(self) -> float:
        self._candidacy.move(Cause.MARKED, self._follower._reader.position(TICKS) - 1)
        return 0.0


class ReadsNotToTheBarrier(Clock):
    """Writes the barrier and goes on with what it knew."""

    def _read(self) -> float:
        self._follower.rest()
        self._ends = {}
        self._candidacy.move(Cause.CAUGHT_UP)
        return 0.0


class ReadsBeforeTheFence(Clock):
    """Takes the last ticks from before its writer was opened."""

    _before: ClockState | None = None

    def _open(self) -> float:
        self._before = self._follower.state()
        return super()._open()

    def _state(self) -> ClockState:
        # A standby has no office yet.
        return self._before if self._office is not None and self._before is not None else super()._state()


class GoesOnWithoutABarrier(Clock):
    """When it is fenced, it opens a new writer and goes on with the memory it has."""

    def _lead(self) -> float:
        try:
            return super()._lead()
        except Fenced:
            office = self._in_office()
            office._writer = self._log.writer(self.transactional_id)
            office._writer.open()
            self._record(office, self._state())
            return 0.0


class RetriesInPlace(Clock):
    """When a commit's outcome is unknown, it sends the batch again."""

    def _lead(self) -> float:
        try:
            return super()._lead()
        except WriterLost:
            office = self._in_office()
            office._writer = self._log.writer(self.transactional_id)
            office._writer.open()
            self._record(office, self._state())
            return 0.0


class NeverAsks(BrokerTime):
    def is_ahead(self, office: Office) -> bool:
        self._probed = WallReading.of(self._wall)
        return False


class TrustsTheWall(Clock):
    """Never asks the broker for the time."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._time = NeverAsks(self.name, self._config.max_skew_seconds, self._wall, self._observer)


class IsDeafInOffice(Clock):
    """Never hears what operators ask of it while it leads."""

    def _record(self, office: Office, state: ClockState) -> None:
        if not self.leadership.may_publish:
            super()._record(office, state)


class TakesEverySilenceForADeath(Clock):
    """A standby that takes office whenever it has read everything, with every fence and barrier: safe, and no use."""

    def _stand_by(self) -> float:
        if not self._follow():
            self._candidacy.move(Cause.OVERDUE)
        return 0.0


@pytest.mark.parametrize(
    "mutant",
    [
        AnIdOfItsOwn,
        ActsWithoutAFence,
        WritesNoBarrier,
        ReadsNotToTheBarrier,
        ReadsBeforeTheFence,
        GoesOnWithoutABarrier,
        RetriesInPlace,
        TrustsTheWall,
        IsDeafInOffice,
        TakesEverySilenceForADeath,
    ],
)
def test_a_clock_that_breaks_one_rule_is_found_out_in_three_hundred_worlds(mutant: type[Clock]) -> None:
    assert any(Simulation(seed, mutant).run() for seed in range(300))
