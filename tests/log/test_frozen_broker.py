"""A broker that is frozen takes what is sent and answers nothing: no question may be taken for answered."""

from collections.abc import Callable

import pytest

from passage_log.errors import Unreachable
from passage_log.kafka import KafkaLog
from passage_log.port import EARLIEST, FAR_AHEAD_MS, Reader, Topic
from passage_schemas.log_record import Partition
from passage_trial.cluster import cluster

pytestmark = pytest.mark.kafka

PLACE = Partition("frozen", 0)
QUESTIONS: dict[str, Callable[[Reader], object]] = {
    "end": lambda reader: reader.end(PLACE),
    "ends": lambda reader: reader.ends([PLACE]),
    "offset_at": lambda reader: reader.offset_at(PLACE, FAR_AHEAD_MS),
}


def answered(reader: Reader) -> bool:
    try:
        return reader.end(PLACE) == 0
    except Unreachable:
        return False


def test_no_end_is_told_by_a_broker_that_is_frozen() -> None:
    with cluster(1) as broker:
        log = KafkaLog(broker.bootstrap, connect_timeout_seconds=3)
        log.create([Topic(PLACE.topic, 1)])
        reader = log.reader()
        reader.assign({PLACE: EARLIEST})
        assert [question(reader) for question in QUESTIONS.values()] == [0, {PLACE: 0}, 0]
        broker.pause(0)
        while answered(reader):
            pass  # it may answer once more before its last thread stands still
        for question in QUESTIONS.values():
            with pytest.raises(Unreachable, match="no broker answered"):
                question(reader)
        reader.close()
        log.close()
