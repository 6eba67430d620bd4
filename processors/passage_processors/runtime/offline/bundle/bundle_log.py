"""A bundle as a log that can only be read: whatever replays a cluster replays this.

The records keep the offsets they had, so the cuts hold as they stand. To write them on a log that counts anew, and the
cuts with them by the counts they carry, was the other way: it would have to have all of it in memory, and be right
about each fact that a cut refused by its offset. Here a partition is read from its files as it is asked for, one block
at a time.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import NoReturn

from passage_log.errors import Unfit
from passage_log.port import EARLIEST, FAR_AHEAD_MS, Assignor, GroupMember, Topic
from passage_processors.app import App
from passage_processors.errors import ProcessorError
from passage_processors.runtime.offline.bundle.container import read_records, sum_of
from passage_processors.runtime.offline.bundle.manifest import Manifest, Span, damaged, read_manifest
from passage_schemas.log_record import Partition, Record

CheckProgress = Callable[[int, int], None]
"""Hears how many bytes were looked at, of how many."""


def open_bundle(directory: Path, told: CheckProgress = lambda _done, _total: None) -> "BundleLog":
    """Look at every byte, and only then let it be read. Raises ProcessorError for a file that is missing, cut short or
    altered."""
    manifest = read_manifest(directory)
    parts = [part for span in manifest.spans for part in span.parts]
    done, total = 0, sum(part.bytes for part in parts)
    for part in parts:
        told(done, total)
        check_file(directory / part.file, part.bytes, part.sha256)
        done += part.bytes
    return BundleLog(directory, manifest)


def check_file(path: Path, size: int, sha256: str) -> None:
    try:
        found = sum_of(path)
    except FileNotFoundError as error:
        raise damaged(path, "the file is missing") from error
    except OSError as error:
        raise _unreadable(path, error) from error
    if found[0] != size:
        raise damaged(path, f"it has {found[0]} bytes of {size}")
    if found[1] != sha256:
        raise damaged(path, "its SHA-256 differs from the manifest's")


def _unreadable(path: Path, error: OSError) -> ProcessorError:
    return ProcessorError(f"{path}: can't be read: {(error.strerror or str(error)).lower()}; mend the path or the disk")


class BundleLog:
    """The port's reading half, over files whose sums were looked at."""

    def __init__(self, directory: Path, manifest: Manifest) -> None:
        self.manifest = manifest
        self._directory = directory
        self._spans = {span.place: span for span in manifest.spans}

    def check_fits(self, app: App) -> None:
        """Raises ProcessorError where the bundle is another app's, or lacks a topic that this one reads."""
        if self.manifest.app != app.name:
            raise ProcessorError(f"{self._directory}: a bundle of the app {self.manifest.app}, not of {app.name}")
        there = {place.topic for place in self._spans}
        wanted = (*app.sources, app.output, app.timeline, app.ticks_topic, app.schedules_topic)
        for topic in wanted:
            if topic not in there:
                raise ProcessorError(
                    f"{self._directory}: the app reads {topic}, of which the bundle has nothing; replay with the app "
                    f"as it was: it has {', '.join(sorted(there))}"
                )

    def cluster_id(self) -> str:
        return self.manifest.cluster

    def describe(self, topics: Sequence[str]) -> dict[str, Topic | None]:
        counts = {name: sum(place.topic == name for place in self._spans) for name in topics}
        return {name: Topic(name, count) if count else None for name, count in counts.items()}

    def reader(self) -> "BundleReader":
        return BundleReader(self)

    def span(self, partition: Partition) -> Span:
        found = self._spans.get(partition)
        if found is None:
            raise Unfit(f"{self._directory}: there is nothing of {partition.topic}[{partition.number}]")
        return found

    def records(self, partition: Partition, begin: int) -> Iterator[Record]:
        """From this offset on. Raises ProcessorError for a file that has gone since the sums were looked at."""
        for part in self.span(partition).parts:
            if part.next_offset > begin:
                path = self._directory / part.file
                try:
                    for record in read_records(path, partition.topic):
                        if record.offset() >= begin:
                            yield record
                except OSError as error:
                    raise _unreadable(path, error) from error

    def group_members(self, group: str) -> Sequence[GroupMember]:
        del group
        return ()

    def create(self, topics: Sequence[Topic]) -> NoReturn:
        self._refuse(topics)

    def member(self, group: str, topics: Sequence[str], assignor: Assignor) -> NoReturn:
        self._refuse(group, topics, assignor)

    def writer(self, transactional_id: str, transaction_timeout_seconds: float = 15.0) -> NoReturn:
        self._refuse(transactional_id, transaction_timeout_seconds)

    def appender(self) -> NoReturn:
        self._refuse()

    def close(self) -> None:
        """Nothing is open but what readers read."""

    def _refuse(self, *asked: object) -> NoReturn:
        del asked
        raise Unfit(f"{self._directory}: a bundle is only read")


class BundleReader:
    """Its partitions one after the other; what is decided was decided when it was exported."""

    def __init__(self, log: BundleLog) -> None:
        self._log = log
        self._positions: dict[Partition, int] = {}
        self._records: dict[Partition, Iterator[Record]] = {}
        self._paused: set[Partition] = set()

    def assign(self, positions: Mapping[Partition, int]) -> None:
        begins = {place: max(at, 0) if at != EARLIEST else 0 for place, at in positions.items()}
        self._positions = dict(positions)
        self._records = {place: self._log.records(place, at) for place, at in begins.items()}
        self._paused = set()

    def poll(self, max_records: int, timeout_seconds: float) -> list[Record]:
        del timeout_seconds
        for place, records in self._records.items():
            end = self.end(place)
            if place in self._paused or self._positions[place] >= end:
                continue
            found = list(islice(records, max_records))
            self._positions[place] = found[-1].offset() + 1 if len(found) == max_records else end
            return found
        return []

    def pause(self, partitions: Sequence[Partition]) -> None:
        self._paused.update(partitions)

    def resume(self, partitions: Sequence[Partition]) -> None:
        self._paused.difference_update(partitions)

    def position(self, partition: Partition) -> int:
        return self._positions[partition]

    def end(self, partition: Partition) -> int:
        return self._log.span(partition).to_offset

    def ends(self, partitions: Sequence[Partition]) -> dict[Partition, int]:
        return {partition: self.end(partition) for partition in partitions}

    def offset_at(self, partition: Partition, timestamp_ms: int) -> int:
        """At the end of all time, where the settled records end; before it, the beginning, which is never wrong."""
        span = self._log.span(partition)
        return span.settled_offset if timestamp_ms == FAR_AHEAD_MS else span.from_offset

    def close(self) -> None:
        self._positions, self._records = {}, {}
