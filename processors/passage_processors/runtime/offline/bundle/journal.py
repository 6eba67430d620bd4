"""What an export has set out to copy and how far it came, so that one that was killed goes on.

    export.journal    a line of JSON: the plan; then one for each part that is whole and on the disk

A part is written beside its place, to the disk, takes its name, and only then gets its line. So whatever is not in a
line is written again, and nothing half-written is taken for whole; whoever goes on looks at the sums of what is there.
One export at a time: the file is locked while it is open, and let go of by the system when its process ends.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from passage_processors.errors import ProcessorError
from passage_processors.runtime.offline.bundle.manifest import FILE as MANIFEST
from passage_processors.runtime.offline.bundle.manifest import Part, Span, TaskEnd, span_of
from passage_schemas.log_record import Partition

FILE = "export.journal"
UNFINISHED = ".unfinished"
"""How the name ends of what is being written."""


@dataclass(frozen=True, slots=True)
class ExportPlan:
    """Where the export ends, decided before the first record is copied: the spans have no parts yet."""

    app: str
    cluster: str
    tasks: tuple[TaskEnd, ...]
    spans: tuple[Span, ...]


class Journal:
    """Of one export, in the directory its bundle is to be."""

    def __init__(self, directory: Path, file: IO[bytes]) -> None:
        self._directory, self._file = directory, file
        lines = list(_whole_lines(file))
        self.plan = _plan_of(lines[0]) if lines else None
        self.parts: dict[Partition, list[Part]] = {}
        for line in lines[1:]:
            self._keep(Partition(*line["place"]), Part(**line["part"]))

    def begin(self, plan: ExportPlan) -> None:
        self.plan = plan
        self._append(asdict(plan))

    def add(self, place: Partition, part: Part) -> None:
        """The part stands under its name, on the disk."""
        self._append({"place": place, "part": asdict(part)})
        self._keep(place, part)

    def _keep(self, place: Partition, part: Part) -> None:
        self.parts.setdefault(place, []).append(part)

    def _append(self, line: Any) -> None:
        self._file.write(json.dumps(line).encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())

    def finish(self, manifest: str) -> None:
        """With the manifest under its name the directory is a bundle, and the journal is of no more use."""
        write_whole(self._directory / MANIFEST, manifest.encode())
        with suppress(OSError):
            (self._directory / FILE).unlink()


@contextmanager
def journal_in(directory: Path) -> Iterator[Journal]:
    """The one that is there, or a new one. Raises ProcessorError for a directory that is none of an export's, one that
    is a bundle already, and one that another export writes to; OSError."""
    directory.mkdir(parents=True, exist_ok=True)
    if (directory / MANIFEST).exists():
        raise ProcessorError(f"{directory}: is a whole bundle already; name another directory, or remove this one")
    path = directory / FILE
    if not path.exists() and any(directory.iterdir()):
        raise ProcessorError(f"{directory}: has other files in it; name an empty directory, or one that is not there")
    with path.open("a+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ProcessorError(f"{directory}: another export is writing there; wait for it, or end it") from error
        yield Journal(directory, file)


def _whole_lines(file: IO[bytes]) -> Iterator[Any]:
    """A last line that was cut short is taken away, with what it was about."""
    file.seek(0)
    whole = 0
    for line in file:
        try:
            said = json.loads(line) if line.endswith(b"\n") else None
        except ValueError:
            said = None
        if said is None:
            break
        whole += len(line)
        yield said
    file.truncate(whole)


def _plan_of(said: Any) -> ExportPlan:
    tasks = tuple(TaskEnd(**one) for one in said["tasks"])
    return ExportPlan(said["app"], said["cluster"], tasks, tuple(span_of(one) for one in said["spans"]))


def write_whole(path: Path, data: bytes) -> None:
    """All of it under its name, on the disk, or nothing. Raises OSError."""
    with taking_its_name(path) as file:
        file.write(data)


@contextmanager
def taking_its_name(path: Path) -> Iterator[IO[bytes]]:
    """A file to write: it takes its name when it is whole and on the disk, and leaves nothing when it isn't. Raises
    OSError."""
    unfinished = path.with_name(path.name + UNFINISHED)
    try:
        with unfinished.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except BaseException:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
        raise
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
