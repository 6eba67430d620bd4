"""Reading a range once: what is readable from here to an end, for whoever asks the log something and goes away again.

It is one loop for both adapters, over the port, because the obvious one is wrong in two ways. A poll that gives nothing
is no silence where the position moved on: markers and aborted records are passed so. And a broker that is gone, or an
end behind a transaction that stays open, is told as Unreachable and not waited for.

What is undecided is the caller's to choose, by the end it names: `readable_ends` stops before it, `Reader.ends` waits
for it. Who follows a topic polls for itself.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from passage_log.errors import Truncated, Unreachable
from passage_log.port import EARLIEST, FAR_AHEAD_MS, Log, Reader
from passage_schemas.log_record import Partition, Record

Name = TypeVar("Name")
Value = TypeVar("Value")
RangeProgress = Callable[[int, int], None]
"""Hears how many offsets lie behind, of how many."""

PATIENCE_SECONDS = 30.0
"""After so long without a sign the broker is taken for gone. Longer than a transaction of a writer that was killed may
stay open: its 15 s, and up to 10 s until the broker looks."""
FIRST_LOOK_BACK = 16
"""Offsets: a commit is a record and its marker, so the last one is nearly always among so many."""
_WIDER = 4
_UNREADABLE = 16
"""One less of what can't be read, in a row, may stand where the last of a name is looked for."""
_POLL_RECORDS, _POLL_SECONDS = 10_000, 0.5


def readable_ends(reader: Reader, partitions: Iterable[Partition]) -> dict[Partition, int]:
    """Where each ends for a read_committed reader: at the first record still undecided. Raises Unreachable."""
    return {partition: reader.offset_at(partition, FAR_AHEAD_MS) for partition in partitions}


def undecided(reader: Reader, partitions: Sequence[Partition]) -> dict[Partition, int]:
    """Of those where a transaction is open: the offset of its first record, which nobody passes. Raises Unreachable."""
    latest = reader.ends(partitions)  # asked first, so that only what is undecided makes it the larger
    stable = readable_ends(reader, partitions)
    return {one: stable[one] for one in partitions if stable[one] < latest[one]}


def read_range(
    reader: Reader,
    begins: Mapping[Partition, int],
    ends: Mapping[Partition, int],
    told: RangeProgress = lambda _done, _total: None,
    patience_seconds: float = PATIENCE_SECONDS,
) -> Iterator[Record]:
    """What is readable from `begins` (offsets, or EARLIEST) up to `ends`, each partition in its own order. Replaces
    what the reader read before. Raises Unreachable, Truncated."""
    before = {partition: at for partition, at in begins.items() if max(at, 0) < ends[partition]}
    if not before:
        return
    reader.assign(before)
    silent, total = 0, sum(ends[partition] for partition in before)
    while any(at < ends[partition] for partition, at in before.items()):
        told(sum(max(at, 0) for at in before.values()), total)
        records = reader.poll(_POLL_RECORDS, _POLL_SECONDS)
        now = {partition: reader.position(partition) for partition in before}
        silent, before = (0 if records or now != before else silent + 1), now
        if silent * _POLL_SECONDS > patience_seconds:
            topics = ", ".join(sorted({partition.topic for partition in before}))
            raise Unreachable(f"{topics}: the broker sends no more records, or a transaction there stays open")
        if any(at > ends[partition] for partition, at in now.items()):
            records = [one for one in records if one.offset() < ends[place_of(one)]]
        yield from records


def read_all(log: Log, partition: Partition, until: int | None = None) -> Iterator[Record]:
    """Every readable record before the offset `until`, by default up to the end the partition has now: what is
    undecided before it is waited for. Raises Unreachable."""
    reader = log.reader()
    try:
        end = reader.end(partition) if until is None else until
        yield from read_range(reader, {partition: EARLIEST}, {partition: end})
    finally:
        reader.close()


def read_decided(
    reader: Reader, partitions: Iterable[Partition], told: RangeProgress = lambda _done, _total: None
) -> Iterator[Record]:
    """Every record that is readable now, of each up to the first that is undecided. Raises Unreachable."""
    ends = readable_ends(reader, partitions)
    return read_range(reader, dict.fromkeys(ends, EARLIEST), ends, told)


def await_decided(reader: Reader, ends: Mapping[Partition, int]) -> None:
    """Come back when all before these ends is committed or aborted. Raises Unreachable, Truncated."""
    for _ in read_range(reader, {partition: max(end - 1, 0) for partition, end in ends.items()}, ends):
        pass


# --- looking back ----------------------------------------------------------------------------------------------------


def last_of_each(
    reader: Reader,
    wanted: Mapping[Partition, Collection[Name]],
    name_of: Callable[[Record], Name | None],
    read: Callable[[Record], Value | None],
    first_look_back: int = FIRST_LOOK_BACK,
    most_look_back: int = 1 << 62,
) -> dict[Name, Value]:
    """The last readable record of each name, looked for from the ends back, each time further: until every name that is
    wanted of a partition was seen, and any at all, or its beginning is reached, or that many offsets lie behind. Others
    that were met are told too.

    `read` is asked of the last ones only, for it may take long; where it answers None the one before counts.
    Raises Unreachable."""
    found: dict[Name, Value] = {}
    ends = {partition: end for partition, end in readable_ends(reader, wanted).items() if end > 0}
    window, behind = first_look_back, 0
    while ends and window > 0:
        begins = {partition: end - window if end > window else EARLIEST for partition, end in ends.items()}
        try:
            newest = _newest(read_range(reader, begins, ends), name_of)
        except Truncated:  # retention has come that far: what is left is less than this
            begins = dict.fromkeys(ends, EARLIEST)
            newest = _newest(read_range(reader, begins, ends), name_of)
        for name in newest.keys() - found.keys():
            value = next((value for record in reversed(newest[name]) if (value := read(record)) is not None), None)
            if value is not None:
                found[name] = value
        ends = {
            partition: begin
            for partition, begin in begins.items()
            if begin != EARLIEST and not (found and found.keys() >= set(wanted[partition]))
        }
        behind += window
        window = min(window * _WIDER, most_look_back - behind)
    return found


def _newest(records: Iterable[Record], name_of: Callable[[Record], Name | None]) -> dict[Name, deque[Record]]:
    newest: defaultdict[Name, deque[Record]] = defaultdict(lambda: deque(maxlen=_UNREADABLE))
    for record in records:
        if (name := name_of(record)) is not None:
            newest[name].append(record)
    return newest


def last_records(reader: Reader, partitions: Iterable[Partition]) -> dict[Partition, Record]:
    """The last readable record of each that has one. Raises Unreachable."""
    return last_of_each(reader, {one: (one,) for one in partitions}, place_of, lambda record: record)


def place_of(record: Record) -> Partition:
    return Partition(record.topic(), record.partition())
