"""Ends what a writer's coordinator called ended and left undecided on the log: a hanging transaction.

Kafka 4.3.1 takes a partition without a leader for one that was deleted, and calls a transaction complete without having
written its end there (`KRaftMetadataCache.getPartitionLeaderEndpoint` gives nothing where the leader is no broker). So
a broker that is stopped or dies in the moment of a commit, and leads its partitions alone, comes back with records that
nobody reads past, and no time-out ends them, for their transaction is over. Only the next end of the same producer
does. So whoever holds its transactional id, and has opened a writer with it, aborts a transaction that touches the same
places: what hung there was never read by anyone.
"""

from collections.abc import Collection, Iterable

from passage_log.port import Committed, Member, Writer
from passage_schemas.log_record import Partition

KEY = b"hanging"
TIMESTAMP_MS = 1


def end_hanging(
    writer: Writer, partitions: Iterable[Partition], positions: Collection[Partition] = (), member: Member | None = None
) -> None:
    """`partitions` are those that its records may hang in, `positions` those whose positions in the member's group may.
    Nothing of it is ever read. Raises Fenced, WriterLost."""
    writer.begin()
    for partition in partitions:
        writer.append(partition, KEY, None, TIMESTAMP_MS)
    if member is not None and positions:
        writer.send_positions(dict.fromkeys(positions, Committed(0, "")), member)
    writer.abort()
