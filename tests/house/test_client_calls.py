"""Every call into Kafka's client has a bound, or a reason here why it needs none.

A call is bounded where it stands inside an argument of `bounded.call`, `bounded.leave` or the writer's `_call`. All
others are listed, one method each, with what keeps them from holding a turn of a worker or a clock.
"""

import ast
from collections.abc import Iterator
from typing import NamedTuple

from confluent_kafka import Consumer, Message, Producer
from confluent_kafka.admin import AdminClient

from passage_log.kafka.appender import KafkaAppender
from passage_log.kafka.gate import Gate
from passage_log.kafka.log import KafkaLog
from passage_log.kafka.member import KafkaMember
from passage_log.kafka.questions import Questions
from passage_log.kafka.writer import KafkaWriter
from tests.house.test_tidy import Module, module, modules

BY_ITSELF = "hot, and returns by itself: it hands over what is there, or waits no longer than it is told"
OWN_THREAD = (
    "asks no broker, only the client's own thread, which waits for nobody; it holds Python's lock, so that no bound of "
    "ours could help"
)
ASKS_LATER = "puts the question, and gives a future at once; `_await` looks at the watch"

INLINE = {
    "produce": BY_ITSELF,
    "poll": BY_ITSELF,
    "consume": BY_ITSELF,
    "position": "the client's memory",
    "pause": "noted by the client, and obeyed by its own thread later",
    "resume": "noted by the client, and obeyed by its own thread later",
    "purge": "throws away what is in the client's memory, and is told not to wait",
    "begin_transaction": OWN_THREAD,
    "subscribe": OWN_THREAD,
    "unsubscribe": OWN_THREAD,
    "assign": OWN_THREAD,
    "unassign": OWN_THREAD,
    "incremental_assign": OWN_THREAD,
    "incremental_unassign": OWN_THREAD,
    "memberid": OWN_THREAD,
    "consumer_group_metadata": OWN_THREAD,
    "describe_topics": ASKS_LATER,
    "describe_configs": ASKS_LATER,
    "describe_consumer_groups": ASKS_LATER,
    "create_topics": ASKS_LATER,
    "list_offsets": ASKS_LATER,
}

CLIENTS = {"producer", "consumer", "admin", "client"}
"""What a variable is called that holds a client, with or without an underscore."""

METHODS = {name for kind in (Producer, Consumer, AdminClient) for name in dir(kind) if not name.startswith("_")}
OURS_TOO = {
    name for kind in (KafkaLog, KafkaMember, KafkaWriter, KafkaAppender, Gate, Questions, Message) for name in dir(kind)
}
"""So is a method called that is not the client's alone: it is one of these if its variable is called so."""

BOUNDED = {"call", "leave", "_call"}


class Call(NamedTuple):
    place: str
    method: str
    is_bounded: bool


def calls(it: Module) -> Iterator[Call]:
    bounded = {
        id(part)
        for node in ast.walk(it.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in BOUNDED
        for argument in (*node.args, *node.keywords)
        for part in ast.walk(argument)
    }
    for node in ast.walk(it.tree):
        if isinstance(node, ast.Attribute) and node.attr in METHODS and _is_clients(node):
            yield Call(f"{it.path}:{node.lineno}", node.attr, id(node) in bounded)


def _is_clients(node: ast.Attribute) -> bool:
    holder = node.value
    name = holder.attr if isinstance(holder, ast.Attribute) else holder.id if isinstance(holder, ast.Name) else ""
    return node.attr not in OURS_TOO or name.lstrip("_") in CLIENTS


def complaints(it: Module) -> list[str]:
    return [
        f"{call.place}: {call.method} has no bound; put it into `bounded.call`, or say here why it needs none"
        for call in calls(it)
        if not call.is_bounded and call.method not in INLINE
    ]


def test_every_call_into_the_client_is_bounded_or_has_its_reason() -> None:
    assert [line for it in modules("log/passage_log/kafka") for line in complaints(it)] == []


def test_every_reason_is_needed() -> None:
    inline = {one.method for it in modules("log/passage_log/kafka") for one in calls(it) if not one.is_bounded}
    assert set(INLINE) - inline == set()


def test_a_call_without_a_bound_is_found() -> None:
    for text in (
        "self._producer.commit_transaction(5)",
        "other.send_offsets_to_transaction([], None, 5)",
        "self._attempt(lambda producer: producer.abort_transaction(5))",
        "consumer.committed([], 5)",
        "self._consumer.close()",
    ):
        assert len(complaints(module("x.py", text))) == 1, text
    assert complaints(module("x.py", "bounded.call('x', 5, lambda: consumer.committed([], 5))")) == []
