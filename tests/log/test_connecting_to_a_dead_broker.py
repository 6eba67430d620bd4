"""A question put to a broker that is gone waits for it quietly: knocking as fast as it can would take a whole processor
from those who are to bring the broker back."""

import json
from concurrent.futures import wait
from typing import Any

import pytest
from confluent_kafka import IsolationLevel, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._listoffsets import OffsetSpec

from passage_log.kafka import KafkaLog, settings
from passage_log.kafka.access import Access
from passage_log.port import Topic
from tests.own_cluster import own_cluster

pytestmark = pytest.mark.kafka

TOPIC = "any"
ASKED_SECONDS = 3.0
MOST_ATTEMPTS = 100
"""With a backoff from a tenth of a second to a second there are ten or less; with none some thousands."""


class Knocks:
    """How often a client tried to connect to each broker, by number, as it tells itself."""

    def __init__(self) -> None:
        self.of: dict[int, int] = {}

    def hear(self, told: str) -> None:
        for broker in json.loads(told)["brokers"].values():
            self.of[broker["nodeid"]] = max(self.of.get(broker["nodeid"], 0), broker["connects"])


def test_a_question_knocks_at_a_dead_brokers_door_with_a_pause_between() -> None:
    with own_cluster(3) as brokers:
        log = KafkaLog(brokers.bootstrap)
        log.create([Topic(TOPIC, 1)])
        log.close()
        knocks = Knocks()
        hearing: Any = {"statistics.interval.ms": 100, "stats_cb": knocks.hear}
        admin = AdminClient(settings.questions(Access(brokers.bootstrap, {})) | hearing)
        leader = admin.list_topics(TOPIC, timeout=60).topics[TOPIC].partitions[0].leader
        brokers.kill(leader)
        latest: Any = OffsetSpec.latest()  # type: ignore[no-untyped-call]
        answer = admin.list_offsets(
            {TopicPartition(TOPIC, 0): latest},
            isolation_level=IsolationLevel.READ_UNCOMMITTED,
            request_timeout=ASKED_SECONDS,
        )
        while wait(answer.values(), timeout=0.1).not_done:
            admin.poll(0)
        admin.poll(1)
    assert 0 < knocks.of[leader] < MOST_ATTEMPTS
