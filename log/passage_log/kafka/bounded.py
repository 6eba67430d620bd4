"""Calls into Kafka's client under a bound of ours, whatever the client promises.

Some of them take a time-out and do not keep it: positions for a transaction go to their group's coordinator by a
request that never looks at its time, and goes on only when a connection changes state (librdkafka 5456, 5511). After a
broker's restart nothing changes any more, and a worker that waited for it stood still for good.

So such a call runs in a thread of its own. One that is not back in time is given up: its caller is told and throws the
client away, as it does after any error of a writer; thread and client stay with each other until the call comes back
(the next connection that changes) or the process ends.

Refuses what is hot, and returns by itself: `produce`, `poll`, `consume`. And it can't help where the client holds
Python's lock while it waits for its own thread (`begin_transaction`, `assign`, `memberid` ...): they ask no broker, and
nobody in this process could look at a watch meanwhile. tests/house/test_client_calls.py lists every call there is, with
its bound or its reason.
"""

import os
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Generic, TypeVar, cast

from confluent_kafka import KafkaException

from passage_log.errors import LogError, Unreachable
from passage_log.kafka import errors
from passage_log.waiting import asking

Answer = TypeVar("Answer")

GRACE_SECONDS = 1.0
"""So much more than the client was given for itself: where it keeps its time, its own word says more than ours."""

CLOSE_SECONDS = 2.0
"""A client that is let go of takes leave of its brokers, if they are there, and waits for its own threads, which may
hang in a connection. It is closed all the same, in its own time."""


def call(
    what: str, seconds: float, step: Callable[[], Answer], otherwise: Callable[[str], LogError] = Unreachable
) -> Answer:
    """What the step gives or raises; raises `otherwise` when it is not back in so many seconds. `what` says who asks
    for what, as in "writer a: commit"."""
    task = _Task(step)
    with asking(what):
        _some_hand().take(task)
        if not task.done.wait(seconds):
            raise otherwise(f"{what}: the client did not come back within {seconds:g} s, and was given up")
    return task.answer()


def leave(what: str, step: Callable[[], object]) -> None:
    """A client's end: waited for a little, and never the caller's trouble."""
    try:
        call(what, CLOSE_SECONDS, step)
    except (LogError, KafkaException, RuntimeError) as error:
        # It is closed already, can't say goodbye or takes its time: either way nobody asks it anything any more.
        errors.logger.debug("leave what=%s error=%s", what, error)


class _Task(Generic[Answer]):
    """A step, and what came of it."""

    def __init__(self, step: Callable[[], Answer]) -> None:
        self.done = threading.Event()
        self._step: Callable[[], Answer] | None = step
        self._answer: Answer | None = None
        self._error: BaseException | None = None

    def run(self) -> None:
        assert self._step is not None, "run once"
        try:
            self._answer = self._step()
        except BaseException as error:  # noqa: BLE001 - it is the caller's, and raised there
            self._error = error
        finally:
            self._step = None  # whoever lets go of the client shall find that nobody else holds it

    def answer(self) -> Answer:
        error, self._error = self._error, None
        if error is None:
            return cast(Answer, self._answer)
        try:
            raise error
        finally:
            del error  # it would hold itself by this frame, and the client with it


class _Hand:
    """A thread that takes one task after another. It can't keep a process from ending."""

    def __init__(self) -> None:
        self._tasks: SimpleQueue[_Task[object]] = SimpleQueue()
        threading.Thread(target=self._work, name="kafka-call", daemon=True).start()

    def take(self, task: "_Task[Answer]") -> None:
        self._tasks.put(cast("_Task[object]", task))

    def _work(self) -> None:
        while True:
            task = self._tasks.get()
            task.run()
            _idle.append(self)  # first: who is answered asks the next at once
            task.done.set()
            del task


_idle: list[_Hand] = []
os.register_at_fork(after_in_child=_idle.clear)  # a child has no thread but the one that forked


def _some_hand() -> _Hand:
    try:
        return _idle.pop()
    except IndexError:
        return _Hand()
