"""An export that is killed goes on, one on a full disk says so, and nothing half-written is taken for whole."""

import errno
import os
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from passage_processors.errors import ProcessorError
from passage_processors.runtime.offline.bundle.bundle_log import open_bundle
from passage_processors.runtime.offline.bundle.export import export
from passage_processors.runtime.offline.bundle.journal import FILE as JOURNAL
from passage_processors.runtime.offline.bundle.journal import UNFINISHED, journal_in
from passage_processors.runtime.offline.bundle.manifest import FILE
from tests.bundle.history import FEW_BYTES, alike, lived, replayed
from tests.bundle.test_bundle import story
from tests.processors.world import World, invoices


def files_of(directory: Path) -> dict[str, bytes]:
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def killed_while_exporting(world: World, directory: Path, at: int) -> bool:
    """By kill -9, in a process of its own, when it asks for the `at`-th time that something be on the disk: a part, its
    name, its line in the journal. False: it was done."""
    child = os.fork()
    if child:
        return os.WIFSIGNALED(os.waitpid(child, 0)[1])
    asked = 0

    def killing(_descriptor: int) -> None:
        nonlocal asked
        asked += 1
        if asked == at:
            os.kill(os.getpid(), signal.SIGKILL)

    os.fsync = killing  # type: ignore[assignment]  # in the child alone
    export(world.app, world.log, directory, part_bytes=FEW_BYTES)
    os._exit(0)


def test_killed_again_and_again_it_comes_to_the_same_bundle(tmp_path: Path) -> None:
    world = lived(3)
    export(world.app, world.log, tmp_path / "at-once", part_bytes=FEW_BYTES)
    kills = 0
    while killed_while_exporting(world, tmp_path / "bundle", kills + 1):
        kills += 1
        if (tmp_path / "bundle" / FILE).exists():  # killed behind the last of all
            break
    assert kills > 5
    expected = files_of(tmp_path / "at-once")
    assert {name: data for name, data in files_of(tmp_path / "bundle").items() if name != JOURNAL} == expected
    assert alike(replayed(world.app, tmp_path / "bundle"))


def test_what_was_half_written_is_written_again(tmp_path: Path) -> None:
    world = lived(3)
    export(world.app, world.log, tmp_path / "at-once", part_bytes=FEW_BYTES)
    assert killed_while_exporting(world, tmp_path / "bundle", 12)
    with (tmp_path / "bundle" / JOURNAL).open("ab") as journal:
        journal.write(b'{"place": ["billing", 0], "part": {"fi')
    for part in (tmp_path / "bundle").rglob("*.avro"):
        (part.parent / f"{part.name}{UNFINISHED}").write_bytes(b"Obj\x01half")
        break
    export(world.app, world.log, tmp_path / "bundle", part_bytes=FEW_BYTES)
    whole = {name: data for name, data in files_of(tmp_path / "bundle").items() if not name.endswith(UNFINISHED)}
    assert whole == files_of(tmp_path / "at-once")


def test_a_part_that_was_damaged_meanwhile_is_told(tmp_path: Path) -> None:
    world = lived(3)
    assert killed_while_exporting(world, tmp_path / "bundle", 12)
    part = next((tmp_path / "bundle").rglob("*.avro"))
    part.write_bytes(part.read_bytes()[:-1])
    with pytest.raises(ProcessorError, match="damaged: it has"):
        export(world.app, world.log, tmp_path / "bundle", part_bytes=FEW_BYTES)


@contextmanager
def no_file_larger_than(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_disk_that_takes_no_more_is_one_line_and_goes_on_where_it_stopped(tmp_path: Path) -> None:
    world = story()
    directory = tmp_path / "bundle"
    with no_file_larger_than(4_000), pytest.raises(ProcessorError) as told:
        export(world.app, world.log, directory)
    assert os.strerror(errno.EFBIG).lower() in str(told.value)
    assert "it goes on where it stopped" in str(told.value)
    assert not list(directory.rglob(f"*{UNFINISHED}"))
    assert not (directory / FILE).exists()
    export(world.app, world.log, directory)
    assert alike(replayed(world.app, directory))


def test_a_directory_that_is_not_an_exports_is_left_alone(tmp_path: Path) -> None:
    world = story()
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ProcessorError, match="has other files in it"):
        export(world.app, world.log, tmp_path)
    assert files_of(tmp_path) == {"notes.txt": b"mine"}


def test_a_whole_bundle_is_not_written_over(tmp_path: Path) -> None:
    world = story()
    export(world.app, world.log, tmp_path / "bundle")
    before = files_of(tmp_path / "bundle")
    with pytest.raises(ProcessorError, match="is a whole bundle already"):
        export(world.app, world.log, tmp_path / "bundle")
    assert files_of(tmp_path / "bundle") == before
    open_bundle(tmp_path / "bundle")


def test_another_apps_export_does_not_go_on_there(tmp_path: Path) -> None:
    world = lived(3)
    assert killed_while_exporting(world, tmp_path / "bundle", 5)
    with pytest.raises(ProcessorError, match="the unfinished export of invoices from the cluster memory"):
        export(invoices(name="others"), world.log, tmp_path / "bundle")


def test_two_exports_into_one_directory_are_refused(tmp_path: Path) -> None:
    world = story()
    with journal_in(tmp_path / "bundle"), pytest.raises(ProcessorError, match="another export is writing there"):
        export(world.app, world.log, tmp_path / "bundle")
