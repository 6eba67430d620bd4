"""Whatever Kafka's client never comes back from, whoever asked goes on, and says meanwhile what is waited for.

A client that hangs is its own class with one method that does; all else is real.
"""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from time import monotonic
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient

from passage_log.errors import LogError, Unreachable, WriterLost
from passage_log.kafka import KafkaLog, bounded
from passage_log.kafka.questions import ONE_REQUEST_SECONDS
from passage_log.kafka.writer import SHARE_OF_TIMEOUT
from passage_log.port import Committed, Member, Topic, Writer
from passage_log.waiting import asking, waiting
from passage_processors.runtime.own_writer import TRANSACTION_TIMEOUT_SECONDS
from passage_schemas.log_record import Partition
from tests.log.world import BOUND_SECONDS, wait

TRANSACTION_SECONDS = 3.0
CONNECT_SECONDS = 2.0


@pytest.fixture
def hang(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, type, str], threading.Event]]:
    """Has a method of a client hang, where a module of ours makes that client. The event is set while it does."""
    let_go = threading.Event()

    def in_place_of(module: str, client: type, method: str) -> threading.Event:
        hangs = threading.Event()

        def stuck(_self: object, *_arguments: object, **_named: object) -> None:
            hangs.set()
            let_go.wait(BOUND_SECONDS)

        monkeypatch.setattr(f"passage_log.kafka.{module}.{client.__name__}", type("Stuck", (client,), {method: stuck}))
        return hangs

    yield in_place_of
    let_go.set()


@pytest.fixture
def log(kafka_bootstrap: str) -> Iterator[KafkaLog]:
    log = KafkaLog(kafka_bootstrap, connect_timeout_seconds=CONNECT_SECONDS)
    yield log
    log.close()


class Waited:
    """What was said to be waited for while a call hung, seen from another thread."""

    def __init__(self, hangs: threading.Event) -> None:
        self._hangs = hangs
        self._thread = threading.get_ident()
        self.told: str | None = None
        self._eye = threading.Thread(target=self._look, daemon=True)
        self._eye.start()

    def _look(self) -> None:
        if self._hangs.wait(BOUND_SECONDS) and (asked := waiting(self._thread)) is not None:
            self.told = asked.what

    def seen(self) -> str | None:
        self._eye.join(BOUND_SECONDS)
        return self.told


def topic_of(log: KafkaLog, name: str) -> Partition:
    with suppress(LogError):
        log.create([Topic(name, 1)])
    return Partition(name, 0)


def owner(log: KafkaLog, partition: Partition) -> Member:
    member = log.member(f"{partition.topic}.group", [partition.topic], "range")
    wait([member], lambda: bool(member.assignment().partitions))
    return member


def _opens(writer: Writer, _partition: Partition, _member: Member) -> None:
    writer.open()


def _commits(writer: Writer, partition: Partition, _member: Member) -> None:
    writer.open()
    writer.begin()
    writer.append(partition, b"k", b"v", 1)
    writer.commit()


def _commits_positions(writer: Writer, partition: Partition, member: Member) -> None:
    writer.open()
    writer.begin()
    writer.append(partition, b"k", b"v", 1)
    writer.commit({partition: Committed(0, "")}, member)


def _aborts(writer: Writer, partition: Partition, _member: Member) -> None:
    writer.open()
    writer.begin()
    writer.append(partition, b"k", b"v", 1)
    writer.abort()


WRITING: list[tuple[str, Callable[[Writer, Partition, Member], None], type[LogError]]] = [
    ("list_topics", _opens, Unreachable),
    ("init_transactions", _opens, Unreachable),
    ("send_offsets_to_transaction", _commits_positions, WriterLost),
    ("commit_transaction", _commits, WriterLost),
    ("abort_transaction", _aborts, WriterLost),
]


@pytest.mark.kafka
@pytest.mark.parametrize(("method", "attempt", "error"), WRITING, ids=[method for method, _, _ in WRITING])
def test_a_writer_whose_client_hangs_is_lost_before_its_transaction_times_out(
    method: str,
    attempt: Callable[[Writer, Partition, Member], None],
    error: type[LogError],
    log: KafkaLog,
    topic_name: Callable[..., str],
    hang: Callable[[str, type, str], threading.Event],
) -> None:
    partition = topic_of(log, topic_name())
    member = owner(log, partition)
    waited = Waited(hang("log", Producer, method))
    writer = log.writer(topic_name("writer"), TRANSACTION_SECONDS)
    with pytest.raises(error, match="was given up"):
        attempt(writer, partition, member)
    assert str(waited.seen()).startswith("writer ")
    writer.discard()
    member.close()


def test_the_bound_of_a_transaction_lies_under_its_time_out() -> None:
    assert TRANSACTION_TIMEOUT_SECONDS * SHARE_OF_TIMEOUT + bounded.GRACE_SECONDS < TRANSACTION_TIMEOUT_SECONDS


@pytest.mark.kafka
def test_a_gate_that_hangs_is_made_anew(
    log: KafkaLog,
    topic_name: Callable[..., str],
    hang: Callable[[str, type, str], threading.Event],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    partition = topic_of(log, topic_name())
    with monkeypatch.context():
        hangs = hang("log", Consumer, "committed")
        member = owner(log, partition)
    monkeypatch.undo()
    assert member.committed([partition], BOUND_SECONDS) == {partition: None}
    assert hangs.is_set()
    member.close()


@pytest.mark.kafka
def test_who_leaves_does_not_wait_for_a_client_that_hangs_in_its_goodbye(
    log: KafkaLog, topic_name: Callable[..., str], hang: Callable[[str, type, str], threading.Event]
) -> None:
    partition = topic_of(log, topic_name())
    hangs = hang("log", Consumer, "close")
    reader, member = log.reader(), owner(log, partition)
    began = monotonic()
    reader.close()
    member.close()
    assert hangs.is_set()
    assert monotonic() - began < BOUND_SECONDS / 2


@pytest.mark.kafka
def test_a_question_whose_answer_never_comes_is_given_up(kafka_bootstrap: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(_self: object, topics: Any, **_named: object) -> dict[str, Future[None]]:
        return {name: Future() for name in ("nothing",)}

    monkeypatch.setattr(
        "passage_log.kafka.questions.AdminClient", type("Stuck", (AdminClient,), {"describe_topics": never})
    )
    log = KafkaLog(kafka_bootstrap, connect_timeout_seconds=CONNECT_SECONDS)
    with pytest.raises(Unreachable):
        log.describe(["nothing"])
    log.close()


def test_a_question_put_to_a_client_that_hangs_is_given_up(
    hang: Callable[[str, type, str], threading.Event],
) -> None:
    hangs = hang("questions", AdminClient, "list_topics")
    log = KafkaLog("127.0.0.1:1", connect_timeout_seconds=ONE_REQUEST_SECONDS + 1)  # the first question, then this one
    with pytest.raises(Unreachable):
        log.cluster_id()
    assert hangs.is_set()
    log.close()


def test_what_a_call_gives_or_raises_is_its_callers() -> None:
    assert bounded.call("x", BOUND_SECONDS, lambda: 1) == 1
    with pytest.raises(KeyError):
        bounded.call("x", BOUND_SECONDS, lambda: {"a": 1}["b"])


def test_what_a_thread_asks_longest_is_what_it_waits_for() -> None:
    me = threading.get_ident()
    assert waiting(me) is None
    with asking("first"):
        with asking("second"):
            asked = waiting(me)
            assert asked is not None
            assert asked.what == "first"
            assert waiting(me + 1) is None, "nobody else waits for it"
        assert asked.seconds >= 0
    assert waiting(me) is None


def test_a_thread_is_used_again_once_its_call_is_back() -> None:
    before = threading.active_count()
    for _ in range(50):
        bounded.call("x", BOUND_SECONDS, lambda: None)
    assert threading.active_count() <= before + 2
