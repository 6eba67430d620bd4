"""A client that hears no answer any more, though brokers give one, is replaced; however short each question is."""

from collections.abc import Callable, Iterator
from threading import Event
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from passage_log.errors import Unreachable
from passage_log.kafka import KafkaLog, questions
from passage_log.port import Topic

pytestmark = pytest.mark.kafka

TOPIC = "heard"
QUESTION_SECONDS = 0.2
MOST_QUESTIONS = 100


@pytest.fixture
def asking(kafka_bootstrap: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[KafkaLog]:
    """Every question of it is a short one, and its first client is deaf: a class of its own, all else is real."""
    with_topic = KafkaLog(kafka_bootstrap)
    with_topic.create([Topic(TOPIC, 1)])
    made: list[AdminClient] = []

    class Deaf(AdminClient):
        def __init__(self, *arguments: Any, **named: Any) -> None:
            super().__init__(*arguments, **named)
            made.append(self)

        def list_topics(self, topic: str | None = None, timeout: float = -1) -> Any:
            if self is made[0]:
                Event().wait(timeout)
                raise KafkaException(KafkaError(KafkaError._TRANSPORT))
            return super().list_topics(topic, timeout=timeout)

    monkeypatch.setattr(questions, "AdminClient", Deaf)
    monkeypatch.setattr(questions, "RENEW_SECONDS", 5 * QUESTION_SECONDS)
    hurried = with_topic.hurried(QUESTION_SECONDS)
    yield hurried
    hurried.close()
    with_topic.close()


@pytest.mark.parametrize("ask", [lambda log: log.look_for_broker(TOPIC), KafkaLog.cluster_id])
def test_a_client_that_stays_deaf_is_replaced(asking: KafkaLog, ask: Callable[[KafkaLog], object]) -> None:
    unanswered = 0
    while unanswered < MOST_QUESTIONS:
        try:
            ask(asking)
        except Unreachable:
            unanswered += 1
        else:
            break
    assert 0 < unanswered < MOST_QUESTIONS
