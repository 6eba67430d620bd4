"""Looking once: what is readable between here and where a partition ends now, for whoever doesn't follow it.

A broker that falls silent in the midst is told as Unreachable rather than waited for.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from passage_log.errors import Truncated, Unreachable
from passage_log.port import EARLIEST, FAR_AHEAD_MS, Partition, Reader, Record
from passage_processors.core.timeline import UNDATED, YEAR_10000
from passage_schemas.instant import Instant, instant_of_milliseconds

FIRST_LOOK_BACK = 16
"""Offsets: a commit is a record and its marker, so the last one is nearly always among so many."""
_WIDER = 16
_POLL_RECORDS, _POLL_SECONDS = 10_000, 0.5
_SILENT_POLLS = 60
"""After so many in a row without a sign the broker is taken for gone. Longer than a transaction of a worker that was
killed may stay open: its 15 s, and up to 10 s until the broker looks."""


def readable_ends(reader: Reader, partitions: Iterable[Partition]) -> dict[Partition, int]:
    """Where each ends for a read_committed reader: at the first record still undecided. Raises Unreachable."""
    return {partition: reader.offset_at(partition, FAR_AHEAD_MS) for partition in partitions}


def undecided(reader: Reader, partitions: Sequence[Partition]) -> dict[Partition, int]:
    """Of those where a transaction is open: the offset of its first record, which nobody passes. Raises Unreachable."""
    latest = reader.ends(partitions)  # asked first, so that only what is undecided makes it the larger
    stable = readable_ends(reader, partitions)
    return {one: stable[one] for one in partitions if stable[one] < latest[one]}


def between(reader: Reader, positions: Mapping[Partition, int], ends: Mapping[Partition, int]) -> Iterator[Record]:
    """What is readable from there up to `ends`, each partition in its own order. Raises Unreachable, Truncated."""
    positions = {partition: at for partition, at in positions.items() if max(at, 0) < ends[partition]}
    if not positions:
        return
    reader.assign(positions)
    silent, before = 0, dict(positions)
    while any(at < ends[partition] for partition, at in before.items()):
        records = reader.poll(_POLL_RECORDS, _POLL_SECONDS)
        now = {partition: reader.position(partition) for partition in positions}
        silent, before = (0 if records or now != before else silent + 1), now
        if silent > _SILENT_POLLS:
            topics = ", ".join(sorted({partition.topic for partition in positions}))
            raise Unreachable(f"{topics}: the broker sends no more records, or a transaction there stays open")
        if any(at > ends[partition] for partition, at in now.items()):
            records = [one for one in records if one.offset() < ends[Partition(one.topic(), one.partition())]]
        yield from records


def decided(reader: Reader, ends: Mapping[Partition, int]) -> None:
    """Come back when all before these ends is committed or aborted. Raises Unreachable, Truncated."""
    for _ in between(reader, {partition: max(end - 1, 0) for partition, end in ends.items()}, ends):
        pass


def instant_of(record: Record) -> Instant:
    """When what a record says happened, as the fold takes it: UNDATED where its timestamp names no instant."""
    at = instant_of_milliseconds(record.timestamp()[1])
    return at if 0 < at < YEAR_10000 else UNDATED


def last_records(reader: Reader, partitions: Iterable[Partition]) -> dict[Partition, Record]:
    """The last readable record of each that has one. Offsets have holes, so it looks back from the end, each time
    further, until one is found or the beginning is reached. Raises Unreachable."""
    ends = readable_ends(reader, partitions)
    found: dict[Partition, Record] = {}
    window = FIRST_LOOK_BACK
    wanted = {partition for partition, end in ends.items() if end > 0}
    while wanted:
        begins = {one: ends[one] - window if ends[one] > window else EARLIEST for one in wanted}
        try:
            found |= _last_of(between(reader, begins, ends))
        except Truncated:  # retention has come that far: what is left is less than this
            begins = dict.fromkeys(wanted, EARLIEST)
            found |= _last_of(between(reader, begins, ends))
        wanted = {one for one in wanted if one not in found and begins[one] != EARLIEST}
        window *= _WIDER
    return found


def _last_of(records: Iterable[Record]) -> dict[Partition, Record]:
    return {Partition(record.topic(), record.partition()): record for record in records}
