"""Of an aggregate that nobody knows: where else its key lies, and which key may have been meant.

Reads the keys of all the app's inputs, once, and keeps the nearest. Asked only when nothing was found, for it takes as
long as reading the inputs does.
"""

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from passage_log.port import Log
from passage_log.ranges import RangeProgress, read_decided
from passage_processors.app import App
from passage_schemas.given.did_you_mean import nearest
from passage_schemas.log_record import Partition

_AT_ONCE = 2_000
"""Keys compared in one go: the nearest of them goes into the next."""
_LENGTHS_APART = 3
"""A key that is longer or shorter by more is no misspelling, and need not be looked at closely."""


class NearKeys(NamedTuple):
    """`elsewhere`: a partition of an input where this very key is, though the app's partitioner does not put it there;
    `nearest`: the key most like it."""

    elsewhere: Partition | None
    nearest: str | None


def near_keys(app: App, log: Log, partitions: int, aggregate: str, told: RangeProgress) -> NearKeys:
    """Raises Unreachable, Unfit."""
    reader = log.reader()
    elsewhere: dict[Partition, None] = {}
    try:
        everywhere = [Partition(topic, number) for topic in app.inputs for number in range(partitions)]
        records = read_decided(reader, everywhere, told)
        keys = ((record.key(), Partition(record.topic(), record.partition())) for record in records)
        near = _nearest(aggregate, _alike(aggregate, keys, elsewhere))
    finally:
        reader.close()
    return NearKeys(next(iter(elsewhere), None), near)


def _alike(
    aggregate: str, keys: Iterator[tuple[bytes | None, Partition]], elsewhere: dict[Partition, None]
) -> Iterator[str]:
    wanted, before = aggregate.encode(), b""
    for key, partition in keys:
        if key == wanted:
            elsewhere[partition] = None
        elif key is not None and key != before and abs(len(key) - len(wanted)) <= _LENGTHS_APART:
            before = key
            yield key.decode(errors="replace")


def _nearest(aggregate: str, keys: Iterator[str]) -> str | None:
    best: str | None = None
    while some := set(islice(keys, _AT_ONCE)):
        best = nearest(aggregate, some | ({best} if best is not None else set()))
    return best
