"""A processor that is down for thirty days of ticks and facts, and then catches up: nobody can tell afterwards."""

import logging
from collections.abc import Iterator
from uuid import uuid4

import pytest
import structlog

from passage_log.kafka import KafkaLog
from passage_log.memory import MemoryLog
from passage_log.port import Log
from passage_processors import Worker
from tests.chaos.orders_world import Hand, Story, app_of, differences, finish, undisturbed

STORY = Story(seed=5, orders=90, days=60)
LAST_DAY_UP, FIRST_DAY_BACK = 15, 45


@pytest.fixture(autouse=True)
def _silence() -> Iterator[None]:
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.configure(**before)


def live(run: str, log: Log, hand: Hand, until: int, days_at_once: int = 1) -> None:
    """A worker that folds the days as they pass, behind those that passed before it came."""
    worker = Worker(app_of(run), log, "live")
    while hand.written < until:
        hand.write(days_at_once)
        finish(worker, STORY, hand.written)
    worker.close()


def down_for_a_month(run: str, log: Log, days_at_once: int = 1) -> None:
    hand = Hand(app_of(run), log, STORY)
    live(run, log, hand, LAST_DAY_UP, days_at_once)
    hand.write(FIRST_DAY_BACK - LAST_DAY_UP)
    live(run, log, hand, STORY.days, days_at_once)


def test_the_month_is_worth_missing() -> None:
    expected = undisturbed("orders", STORY)
    assert sum(expected.ids.values()) > 200
    assert STORY.facts_by(FIRST_DAY_BACK) - STORY.facts_by(LAST_DAY_UP) > 80
    assert all(count > 0 for count, _ in expected.output)


def test_one_that_never_was_down_comes_to_what_one_does_that_finds_everything_there() -> None:
    log = MemoryLog()
    live("orders", log, Hand(app_of("orders"), log, STORY), STORY.days)
    assert differences("orders", log, STORY) == []


def test_one_that_was_down_for_a_month_writes_the_same_derived_log_byte_for_byte() -> None:
    log = MemoryLog()
    down_for_a_month("orders", log)
    assert differences("orders", log, STORY) == []


@pytest.mark.kafka
def test_so_it_does_on_kafka(kafka_log: KafkaLog) -> None:
    run = f"month-{uuid4().hex[:8]}"
    down_for_a_month(run, kafka_log, days_at_once=5)
    assert differences(run, kafka_log, STORY) == []
