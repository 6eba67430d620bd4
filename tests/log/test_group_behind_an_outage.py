"""Who is in a group is asked while its broker is away, and told once the broker is back."""

from time import monotonic

import pytest

from passage_log.errors import Unreachable
from passage_log.kafka import KafkaLog
from passage_log.port import GroupMember, Topic
from passage_trial.cluster import cluster

pytestmark = pytest.mark.kafka

GROUP = "asked-for"
TOLD_WITHIN_SECONDS = 60.0


def members(log: KafkaLog) -> list[GroupMember] | None:
    try:
        return log.group_members(GROUP)
    except Unreachable:
        return None


def test_a_group_is_told_of_again_when_its_broker_is_back() -> None:
    """The client's own time-out for this question made it deaf for good, or ended the process (librdkafka 4605)."""
    with cluster(1) as broker:
        log = KafkaLog(broker.bootstrap, connect_timeout_seconds=1.0)
        log.create([Topic("any", 1)])
        member = log.member(GROUP, ["any"], "range")
        while not member.assignment().partitions:
            member.poll(1, 0.1)
        assert len(members(log) or []) == 1
        broker.kill(0)
        assert [members(log) for _ in range(3)] == [None, None, None]
        broker.restart(0)
        began = monotonic()
        while not members(log):
            member.poll(1, 0.1)
            assert monotonic() - began < TOLD_WITHIN_SECONDS
        member.close()
        log.close()
