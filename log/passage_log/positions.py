"""Rules about records and positions that both adapters keep, whatever is behind them."""

from collections.abc import Mapping

from passage_log.errors import Refused
from passage_log.port import Committed
from passage_schemas.log_record import Partition


def check_positions(positions: Mapping[Partition, Committed]) -> None:
    """Raises ValueError where the broker would skip its check of the generation, or keep nonsense."""
    if not positions:
        raise ValueError("without a position the group's generation is not checked: send one for every input")
    for partition, committed in positions.items():
        if committed.offset < 0:
            raise ValueError(
                f"{partition.topic}[{partition.number}]: {committed.offset} is not an offset; send a concrete one"
            )


def check_timestamp(partition: Partition, timestamp_ms: int) -> None:
    """Kafka's client reads 0 as "now", and the broker has no time before 1970: neither may be stored in silence."""
    if timestamp_ms < 1:
        raise Refused(
            f"{partition.topic}: timestamp {timestamp_ms} can't be stored; the log's first millisecond is 1970-01-01 "
            "plus one"
        )


def undecided(group: str, timeout_seconds: float) -> str:
    """The message of an Unreachable: the gate stayed shut."""
    return (
        f"group {group}: its positions are still undecided after {timeout_seconds:g} s, because a transaction of "
        "another writer is open; it ends by itself within its timeout, or hangs until a worker of its name is started"
    )
