"""What can't work is said where the app is attached, before Faust runs."""

from typing import Any

import faust
import pytest

from passage_processors import AppError
from passage_processors.faust import attach
from passage_schemas.records import TICK
from passage_schemas.tick import Tick
from tests.processors.world import day, invoices


def faust_app(**settings: Any) -> faust.App:
    return faust.App("billing", broker="kafka://localhost:1", **({"stream_wait_empty": False} | settings))


def test_faust_must_not_wait_for_facts_that_wait_for_a_tick() -> None:
    with pytest.raises(AppError, match=r"make it faust.App\(\.\.\., stream_wait_empty=False\)"):
        attach(faust_app(stream_wait_empty=True), invoices(), partitions=4)


def test_a_broker_with_credentials_needs_a_log_of_its_own() -> None:
    credentials = faust.SASLCredentials(username="me", password="secret", mechanism="PLAIN")
    with pytest.raises(AppError, match="pass log="):
        attach(faust_app(broker_credentials=credentials), invoices(), partitions=4)


def test_the_ticks_are_a_topic_of_typed_ticks() -> None:
    ticks: Any = attach(faust_app(), invoices(), partitions=4).ticks
    tick = Tick(
        event="DayHasPassed", schedule="day.utc", ordinal=1, sequence=1, period="1", starts_at=day(0), ends_at=day(1),
        next_at=day(2), zone="UTC", calendar=None, tzdata="2026f", published_at=day(1), definition="", previous=None,
    )  # fmt: skip
    assert ticks.get_topic_name() == "billing-invoices-ticks"
    assert ticks.value_serializer.loads(TICK.encode(tick)) == tick
    assert ticks.value_serializer.dumps(tick) == TICK.encode(tick)
