"""A clock runs until it is told to stop, or until an operator must mend something."""

import threading
from dataclasses import replace

import pytest

from passage_clock.config import Topics
from passage_clock.leading.service import Clock
from passage_clock.records.terms import RESIGNED_HEADER
from passage_log.errors import Unfit
from tests.clock.world import TICKS, World, every_minute


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

    clock.run(stop)
    headers = dict(world.records(TICKS)[-1].headers() or ())
    assert headers[RESIGNED_HEADER] == b"a"


def test_what_an_operator_must_mend_reaches_the_caller() -> None:
    world = World(every_minute())
    candidate = world.candidate().clock
    config = replace(candidate._config, topics=Topics(ticks="not.there"))
    with pytest.raises(Unfit, match=r"not\.there"):
        Clock(config, world.log, world.true, "lost").run(threading.Event())
