"""A clock that is told to stop stops within seconds, also while its log does not answer."""

import threading
from dataclasses import replace

import pytest

from passage_clock.config import Topics
from passage_clock.leading.running import run_until
from passage_clock.leading.service import Clock
from passage_clock.records.terms import RESIGNED_HEADER
from passage_log.errors import Unfit
from tests.clock.faults import FaultyLog
from tests.clock.world import TICKS, World, every_minute

LONG_SECONDS = 30.0


def stop_when_it_leads(clock: Clock, stop: threading.Event) -> None:
    def watch() -> None:
        while not clock.leadership.may_publish:
            stop.wait(0.01)
        stop.set()

    threading.Thread(target=watch, daemon=True).start()


def test_a_clock_that_is_told_to_stop_resigns_first() -> None:
    world, stop = World(every_minute()), threading.Event()
    clock = world.candidate().clock
    stop_when_it_leads(clock, stop)

    assert run_until(clock, stop, LONG_SECONDS)
    headers = dict(world.records(TICKS)[-1].headers() or ())
    assert headers[RESIGNED_HEADER] == b"a"


def test_a_clock_that_waits_for_a_broker_is_left_behind() -> None:
    """The log's client can't be interrupted: its answer would come half a minute later."""
    world, stop, answered = World(every_minute()), threading.Event(), threading.Event()

    def hang(moment: str) -> None:
        if moment == "before open":
            stop.set()
            answered.wait(LONG_SECONDS)

    clock = world.candidate(log=FaultyLog(world.log, hang)).clock

    assert not run_until(clock, stop, stop_within_seconds=0.05)
    answered.set()


def test_what_an_operator_must_mend_reaches_the_caller() -> None:
    world = World(every_minute())
    candidate = world.candidate().clock
    config = replace(candidate._config, topics=Topics(ticks="not.there"))
    with pytest.raises(Unfit, match=r"not\.there"):
        run_until(Clock(config, world.log, world.true, "lost"), threading.Event(), LONG_SECONDS)
