"""What a bundle says of itself: what is in it, to where, and the sum of each file.

    manifest.json                                 this; written last, so a directory without it is no bundle
    topics/<topic>/<partition>/<first offset>.avro    the records, in parts

It has a sum of its own, so that no byte of the bundle is believed unseen. Nothing in it depends on when or where it was
written: the same history gives the same file.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from passage_processors.errors import ProcessorError
from passage_schemas.log_record import Partition

FILE = "manifest.json"
FORMAT = "passage bundle"
VERSION = 1
_SUM = "sha256"


@dataclass(frozen=True, slots=True)
class Part:
    """One file of records. `next_offset`: everything of the partition before it is in this file or an earlier one."""

    file: str
    records: int
    bytes: int
    sha256: str
    first_offset: int
    next_offset: int


@dataclass(frozen=True, slots=True)
class Span:
    """What is had of one partition: from the first record the log had, to `to_offset` (not included).

    settled_offset  where the records end that belong to the cuts for certain: of the output it may lie before
                    `to_offset`, for a worker went on meanwhile. What lies behind may be of a later cut
    counted         of an input, how many facts of it the task's last cut counts; of a timeline, how many cuts
    """

    topic: str
    partition: int
    from_offset: int
    to_offset: int
    settled_offset: int
    counted: int = 0
    parts: tuple[Part, ...] = ()

    @property
    def place(self) -> Partition:
        return Partition(self.topic, self.partition)

    @property
    def records(self) -> int:
        return sum(part.records for part in self.parts)


@dataclass(frozen=True, slots=True)
class TaskEnd:
    """The last cut of a task: its number, the offset on the timeline behind it, and the last tick folded whole."""

    partition: int
    cut: int
    offset: int
    tick_sequence: int


@dataclass(frozen=True, slots=True)
class OutputDigest:
    """As `passage processors replay` tells it, of the events before the settled offset; `partition` is None for those
    for other keys than their aggregates', of all partitions together."""

    partition: int | None
    events: int
    sha256: str


@dataclass(frozen=True, slots=True)
class FactSchema:
    """Of a fact or an event, as the app had it that exported: for readers of the values."""

    name: str
    fingerprint: str
    schema: Any


@dataclass(frozen=True, slots=True)
class Manifest:
    """`passage`: the version that exported."""

    app: str
    cluster: str
    passage: str
    tasks: tuple[TaskEnd, ...]
    digests: tuple[OutputDigest, ...]
    schemas: tuple[FactSchema, ...]
    spans: tuple[Span, ...]

    def as_text(self) -> str:
        said = {"format": FORMAT, "version": VERSION, **asdict(self)}
        return json.dumps({**said, _SUM: _sum_of(said)}, ensure_ascii=False, indent=1) + "\n"


def read_manifest(directory: Path) -> Manifest:
    """Raises ProcessorError for what is no whole manifest of ours, or of another version."""
    path = directory / FILE
    try:
        said = json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise ProcessorError(
            f"{directory}: there is no {FILE}, so this is no whole bundle; name one, or let `passage export` finish it"
        ) from error
    except OSError as error:
        raise ProcessorError(f"{path}: can't be read: {(error.strerror or str(error)).lower()}") from error
    except ValueError as error:
        raise damaged(path, f"it is no JSON ({error})") from error
    return _manifest_of(path, said)


def _manifest_of(path: Path, said: Any) -> Manifest:
    if not isinstance(said, dict) or said.get("format") != FORMAT:
        raise ProcessorError(f"{path}: this is no {FORMAT}; name the directory that `passage export` wrote")
    if said.get("version") != VERSION:
        raise ProcessorError(
            f"{path}: a bundle of version {said.get('version')}, and this passage reads {VERSION}; "
            "replay it with the passage that wrote it, or export it again"
        )
    if said.pop(_SUM, None) != _sum_of(said):
        raise damaged(path, "its own SHA-256 differs")
    return Manifest(
        said["app"],
        said["cluster"],
        said["passage"],
        tuple(TaskEnd(**one) for one in said["tasks"]),
        tuple(OutputDigest(**one) for one in said["digests"]),
        tuple(FactSchema(**one) for one in said["schemas"]),
        tuple(span_of(one) for one in said["spans"]),
    )


def span_of(said: Mapping[str, Any]) -> Span:
    """From what `asdict` made of one."""
    return Span(**{**said, "parts": tuple(Part(**part) for part in said["parts"])})


def _sum_of(said: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def damaged(path: Path, what: str) -> ProcessorError:
    return ProcessorError(f"{path}: damaged: {what}; copy the bundle again from where it is whole, or export it again")
