"""The gate of a restore on Kafka: a group's positions, once no transaction that would move them is undecided.

Asked by a consumer of its own, which never joins the group it is named after. Two others were tried:

* A member's own connection is silent while its group waits for others to rejoin: the gate stayed shut after it had
  opened.
* The admin client keeps the coordinator it once knew, and does not look for another: after a broker was lost, the gate
  stayed shut for good. Told by a broker that it is the coordinator no longer, it even takes the process down
  (librdkafka 5040), in the very moment of a fail-over.

One that does not come back from a question is not asked again: another takes its place.
"""

from collections.abc import Callable, Sequence
from time import monotonic, sleep

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from passage_log.errors import Unreachable
from passage_log.kafka import bounded, errors
from passage_log.kafka.access import Access
from passage_log.port import Committed
from passage_log.positions import undecided
from passage_log.waiting import asking
from passage_schemas.log_record import Partition

ASK_AGAIN_SECONDS = 0.02

LEAST_SECONDS = 2.0
"""One question may take so long, however little time is left: to have asked once means to have been answered."""

ONE_QUESTION_SECONDS = 4.0
"""So long one question may take; then it is asked again, and what the brokers said beside is heard."""


class Gate:
    """`make` makes a consumer of the group, which reads committed positions only. `no_answer` says that nobody
    answered."""

    def __init__(self, make: Callable[[], Consumer], access: Access, group: str, no_answer: str) -> None:
        self._make = make
        self._consumer = make()  # it never joins; made now, it knows the way when it is asked
        self._access = access
        self._group = group
        self._no_answer = no_answer

    def committed(self, partitions: Sequence[Partition], timeout_seconds: float) -> dict[Partition, Committed | None]:
        """The positions, once none of them is undecided. Asks at least once, unless it is for nothing."""
        if not partitions:
            return {}  # a question the client would refuse
        deadline = monotonic() + timeout_seconds
        with self._access.question(), asking(f"{self._where}: its committed positions"):
            while True:
                found = self._ask(partitions, min(ONE_QUESTION_SECONDS, max(LEAST_SECONDS, deadline - monotonic())))
                if found is not None:
                    return found
                self._consumer.poll(0)  # it belongs to nobody and reads nothing: what it has to say beside, it says so
                self._access.check()
                if monotonic() > deadline:
                    # The client asks again by itself, and does not say what it was that it heard.
                    raise Unreachable(f"{undecided(self._group, timeout_seconds)}; or {self._no_answer}")
                sleep(ASK_AGAIN_SECONDS)

    def _ask(self, partitions: Sequence[Partition], timeout_seconds: float) -> dict[Partition, Committed | None] | None:
        """None while one of them is part of a transaction that is open, or the coordinator is being looked for."""
        where, consumer = self._where, self._consumer
        wanted = [TopicPartition(*one) for one in partitions]
        try:
            answers = bounded.call(
                f"{where}: its committed positions",
                timeout_seconds + bounded.GRACE_SECONDS,
                lambda: consumer.committed(wanted, timeout_seconds),
                _GivenUp,
            )
        except _GivenUp:
            self._consumer = self._make()
            return None
        except KafkaException as error:
            inside = errors.of(error)
            if _passes(inside):
                return None
            raise errors.of_question(inside, where, self._no_answer, f"Read on {where}") from error
        found: dict[Partition, Committed | None] = {}
        for answer in answers:
            if answer.error is not None and _passes(answer.error):
                return None
            if answer.error is not None:
                raise errors.of_question(answer.error, where, self._no_answer, f"Read on topic {answer.topic}")
            position = None if answer.offset < 0 else Committed(answer.offset, answer.metadata or "")
            found[Partition(answer.topic, answer.partition)] = position
        return found

    @property
    def _where(self) -> str:
        return f"group {self._group}"

    def close(self) -> None:
        bounded.leave(f"{self._where}: the end of its gate", self._consumer.close)


class _GivenUp(Unreachable):
    """The client did not come back: ask another."""


def _passes(error: KafkaError) -> bool:
    code = error.code()
    return code == KafkaError.UNSTABLE_OFFSET_COMMIT or code in errors.UNREACHABLE or code in errors.MOVING
