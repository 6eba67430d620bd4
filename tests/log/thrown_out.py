"""Members that their groups have thrown out, without their knowledge, stop reading and leave.

    python -m tests.log.thrown_out BOOTSTRAP TOPIC

A process of its own, because a client that hangs in its goodbye holds all of Python. One in five does, where it can.
"""

import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from passage_log.kafka import KafkaLog
from passage_log.kafka.member import KafkaMember
from passage_log.port import Topic
from tests.log.world import SOON_DEPOSED, wait

MEMBERS = 20


def main(bootstrap: str, topic: str) -> None:
    log = KafkaLog(bootstrap, settings=SOON_DEPOSED)
    log.create([Topic(topic, 1)])
    groups = [f"{topic}.{number}" for number in range(MEMBERS)]
    members = _owning(log, groups, topic)
    heirs = _owning(log, groups, topic)
    with ThreadPoolExecutor(MEMBERS) as pool:
        list(pool.map(_leave, members))
    for heir in heirs:
        heir.close()
    log.close()


def _owning(log: KafkaLog, groups: Sequence[str], topic: str) -> list[KafkaMember]:
    """New members, as soon as their groups have given each the partition."""
    members = [log.member(group, [topic], "range") for group in groups]
    wait(members, lambda: all(one.assignment().partitions for one in members))
    return members


def _leave(member: KafkaMember) -> None:
    member.assign({})  # taken by the client for an answer to what the group has told it, and it not us
    member.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
