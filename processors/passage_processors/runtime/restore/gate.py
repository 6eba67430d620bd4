"""The gate of a restore: what the group committed for a task, once no transaction that would move it is undecided."""

from collections.abc import Iterable

from passage_log.port import Member
from passage_processors.app import App
from passage_schemas.log_record import Partition

GATE_SECONDS = 5.0
"""One look at the gate; a predecessor's transaction may take three of them to time out."""


def gate(app: App, member: Member, numbers: Iterable[int], timeout_seconds: float) -> dict[int, int]:
    """The number of the last cut the group committed for each task, 0 where there is none (or it expired).

    Raises Unreachable while a predecessor's transaction is undecided: come back.
    """
    partitions = [Partition(topic, number) for topic in app.sources for number in sorted(numbers)]
    committed = member.committed(partitions, timeout_seconds)
    notes = dict.fromkeys(numbers, 0)
    for partition, position in committed.items():
        if position is not None and position.note.isdigit():
            notes[partition.number] = max(notes[partition.number], int(position.note))
    return notes
