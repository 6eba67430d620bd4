"""Each conformance test gets a `World`, once in memory and once on Kafka."""

from collections.abc import Callable, Iterator

import pytest

from passage_log.port import Log
from passage_schemas.log_record import Partition
from tests.log.world import InMemory, OnKafka, World, new_topic


@pytest.fixture(params=["memory", pytest.param("kafka", marks=pytest.mark.kafka)])
def world(request: pytest.FixtureRequest, topic_name: Callable[..., str]) -> Iterator[World]:
    made: World
    if request.param == "memory":
        made = InMemory(topic_name)
    else:
        made = OnKafka(request.getfixturevalue("kafka_bootstrap"), topic_name)
    yield made
    made.log.close()


@pytest.fixture
def log(world: World) -> Log:
    return world.log


@pytest.fixture
def partition(world: World) -> Partition:
    """The only partition of a new topic."""
    return new_topic(world)[0]
