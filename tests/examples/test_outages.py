"""Two years of invoices as they would have been lived, with the clock or the processor away for a part of them."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from examples.overdue_invoices import DAY
from examples.overdue_invoices.answer_key import Outcome, check
from examples.overdue_invoices.facts import PARTITIONS, end_of, facts_of, noon, read_invoices
from examples.overdue_invoices.topics import make_topics
from examples.overdue_invoices.watch import Watch
from passage_clock import SettableWall
from passage_clock.leading.service import Clock
from passage_log.memory import MemoryLog
from passage_processors import Worker
from passage_schemas import Instant, milliseconds_of
from passage_schemas.log_record import Partition
from tests.examples.arrivals import APP, CONFIG

FIRST, LAST = date(2012, 1, 1), date(2014, 3, 1)
STEPS = 6
"""What a clock needs to take office and publish, and a worker to restore and commit."""


class Years:
    """Time passes by half days: facts are written when they happen, and whoever is there does its work."""

    def __init__(self) -> None:
        self.invoices = read_invoices()
        self.wall = SettableWall(noon(FIRST - timedelta(days=1)))
        self.log = MemoryLog(now_ms=lambda: milliseconds_of(self.wall.now()))
        make_topics(self.log, APP, CONFIG)
        self.clock: Clock | None = None
        self.worker: Worker | None = None
        self._facts = facts_of(self.invoices)
        self._written = 0
        self._appender = self.log.appender()
        self._watch = Watch(APP, self.log)

    def start_clock(self) -> None:
        self.clock = Clock(CONFIG, self.log, self.wall, "a")

    def kill_clock(self) -> None:
        """It does not resign; the group hears of it at its session's end."""
        assert self.clock is not None
        assert self.clock.member is not None
        self.log.expire(self.clock.member)
        self.clock = None

    def start_worker(self) -> None:
        self.worker = Worker(APP, self.log, "a", self.wall.monotonic)

    def kill_worker(self) -> None:
        assert self.worker is not None
        self.log.expire(self.worker._member)
        self.worker = None

    def live(self, first: date, last: date) -> None:
        """From the noon of the first day through the midnight that ends the last."""
        for at in _half_days(first, last):
            self.wall.advance((at - self.wall.now()) / 1_000_000)
            self._write_until(at)
            for _ in range(STEPS):
                if self.clock is not None:
                    self.clock.step()
                if self.worker is not None:
                    self.worker.turn(0.0)

    def _write_until(self, at: Instant) -> None:
        while self._written < len(self._facts) and self._facts[self._written].instant <= at:
            fact = self._facts[self._written]
            place = Partition("billing", fact.partition)
            self._appender.append(place, fact.key, fact.value, milliseconds_of(fact.instant))
            self._written += 1
        self._appender.flush()

    def outcomes(self) -> list[Outcome]:
        while self._watch.look(0.0):
            pass
        assert not self._watch.letters, self._watch.letters[0]
        return self._watch.outcomes

    def folded(self) -> int:
        self.outcomes()
        return self._watch.folded


def _half_days(first: date, last: date) -> Iterator[Instant]:
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        yield noon(day)
        yield end_of(day)


@pytest.fixture
def years() -> Years:
    made = Years()
    made.start_clock()
    made.start_worker()
    return made


def test_without_any_outage_the_outcome_is_the_answer_keys(years: Years) -> None:
    years.live(FIRST, LAST)
    assert check(years.invoices, years.outcomes()) == []


def test_a_week_without_a_clock_changes_nothing_for_a_processor_that_lives_on(years: Years) -> None:
    goes_on, back_on = date(2012, 11, 5), date(2012, 11, 12)
    years.live(FIRST, goes_on)
    years.kill_clock()
    assert years.worker is not None
    published = years.worker.feed.history.last
    years.live(goes_on + timedelta(days=1), back_on)
    assert years.worker.readiness.waiting_for == DAY
    assert years.folded() == published == (goes_on - FIRST).days + 1
    years.start_clock()
    years.live(back_on + timedelta(days=1), LAST)
    assert check(years.invoices, years.outcomes()) == []


def test_a_year_without_a_processor_changes_nothing(years: Years) -> None:
    goes_on, back_on = date(2012, 6, 1), date(2013, 6, 1)
    years.live(FIRST, goes_on)
    before = len(years.outcomes())
    years.kill_worker()
    years.live(goes_on + timedelta(days=1), back_on)
    assert len(years.outcomes()) == before
    years.start_worker()
    years.live(back_on + timedelta(days=1), LAST)
    assert check(years.invoices, years.outcomes()) == []
    assert years.worker is not None
    assert len(years.worker.tasks) == PARTITIONS
