"""Where a command writes because it was told: whatever lies there, one line, and what was there stays as it was."""

import os
import re
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from passage.cli.written import GivenFile
from passage.errors import CommandError
from tests.cli.command import Command
from tests.cli.options import options

BEFORE = "# ours\nschedules:\n  - {name: day, every: day, zone: UTC}  # kept\n"
CRONTAB = "0 9 * * 1-5 /opt/report.sh\n"
KEEPING = [(("processors", "run"), "--snapshots"), (("export",), "--out")]
"""Commands that keep files in a directory, and the option that names it."""
INTO = ("clock", "import", "crontab", "crontab", "--into")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("crontab").write_text(CRONTAB, "utf-8")


def test_every_place_that_a_command_may_write_to_is_looked_at_here() -> None:
    paths = {str(option) for option in options() if option.type is Path}
    reads = re.compile("--(config|client-file|clock|shadow)$")
    writes = {path for path in paths if not reads.search(path)}
    assert writes == {"clock import --into"} | {f"{' '.join(command)} {option}" for command, option in KEEPING}


def read_only(place: Path) -> None:
    place.write_text(BEFORE, "utf-8")
    place.chmod(0o444)


def linked(place: Path) -> None:
    Path("there").mkdir()
    place.symlink_to("there")


PLACES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a directory": (Path.mkdir, "is a directory; name a regular file"),
    "a link to a directory": (linked, "is a directory; name a regular file"),
    "a link to itself": (lambda place: place.symlink_to(place), "can't be written: too many levels of symbolic links"),
    "a link into nowhere": (lambda place: place.symlink_to("no/where"), "there is no directory"),
    "a pipe": (os.mkfifo, "is a pipe; name a regular file"),
    "a device": (lambda place: place.symlink_to("/dev/null"), "is a device; name a regular file"),
    "binary": (lambda place: place.write_bytes(b"\x7fELF\xff\xfe\x00"), "not UTF-8 text"),
    "binary that is text": (lambda place: place.write_bytes(b"\x7fELF\x00\x01"), "not YAML"),
    "read-only": (read_only, "can't be written: is read-only"),
    "another kind of file": (lambda place: place.write_text("app: a\ninputs: {}\n"), "there is no such field"),
    "the file that is imported": (lambda place: place.symlink_to("crontab"), "is the file that is imported"),
}


@pytest.mark.parametrize("kind", PLACES)
def test_what_cant_be_appended_to_is_one_line_and_stays_as_it_was(kind: str, passage: Command) -> None:
    make, said = PLACES[kind]
    make(place := Path("ours.yaml"))
    before = place.read_bytes() if place.is_file() else None
    names = sorted(os.listdir())

    done = passage(*INTO, place)

    assert (done.code, done.out) == (2, "")
    assert re.search(f"ours.yaml:?.*{re.escape(said)}", done.told)
    assert "clock.yaml" not in done.told.replace("ours.yaml", "")
    assert (place.read_bytes() if place.is_file() else None) == before
    assert sorted(os.listdir()) == names


@pytest.mark.parametrize(
    ("place", "said"),
    [
        (
            "no/where/ours.yaml",
            "no/where/ours.yaml: can't be written: there is no directory .*/no/where; make it first",
        ),
        ("crontab/ours.yaml", "crontab/ours.yaml: can't be written: not a directory"),
        ("n" * 300, "can't be written: file name too long"),
        ("crontab", "--into crontab: is the file that is imported"),
        ("./crontab", "--into crontab: is the file that is imported"),
        ("", "is a directory"),
    ],
)
def test_a_place_that_is_none_is_one_line(place: str, said: str, passage: Command) -> None:
    done = passage(*INTO, place)
    assert (done.code, done.out) == (2, "")
    assert re.search(said, done.told)


@pytest.mark.parametrize("more", [["--json"], ["--shadow", "crontab"]])
def test_what_would_be_written_and_not_written_is_asked_for_once(more: list[str], passage: Command) -> None:
    done = passage(*INTO, "ours.yaml", *more)
    assert (done.code, done.out) == (2, "")
    assert "--into writes" in done.told
    assert not Path("ours.yaml").exists()


HALF_WAY = """
import resource
from passage.cli import main
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, 1_000))  # a disk that is full after a thousand bytes
main()
"""


def test_a_write_that_fails_half_way_leaves_the_old_file_and_nothing_beside_it() -> None:
    before = BEFORE + "# more of ours\n" * 200
    Path("ours.yaml").write_text(before, "utf-8")
    names = sorted(os.listdir())

    done = subprocess.run(
        [sys.executable, "-B", "-c", HALF_WAY, *INTO, "ours.yaml"], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout) == (2, "")
    (told,) = done.stderr.splitlines()
    assert told == "passage: ours.yaml: can't be written: file too large; it is as it was"
    assert Path("ours.yaml").read_text("utf-8") == before
    assert sorted(os.listdir()) == names


def test_a_file_keeps_its_mode_its_mark_and_the_link_to_it(passage: Command) -> None:
    Path("there").mkdir()
    (real := Path("there/real.yaml")).write_bytes(b"\xef\xbb\xbf" + BEFORE.encode())
    real.chmod(0o640)
    (link := Path("ours.yaml")).symlink_to("there/real.yaml")

    assert passage(*INTO, link).code == 0

    assert link.is_symlink()
    assert real.read_bytes().startswith(b"\xef\xbb\xbf" + BEFORE.encode())
    assert "report" in real.read_text("utf-8")
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert os.listdir("there") == ["real.yaml"]


def test_a_file_that_was_not_there_is_made_as_any_other(passage: Command) -> None:
    umask = os.umask(0o027)
    try:
        assert passage(*INTO, "ours.yaml").code == 0
    finally:
        os.umask(umask)
    assert stat.S_IMODE(Path("ours.yaml").stat().st_mode) == 0o640
    Path("there").mkdir()
    Path("theirs.yaml").symlink_to("there/theirs.yaml")
    assert passage(*INTO, "theirs.yaml").code == 0
    assert Path("there/theirs.yaml").read_text("utf-8") == Path("ours.yaml").read_text("utf-8")


def test_two_names_of_one_file_are_the_same_place() -> None:
    Path("ours.yaml").write_text(BEFORE, "utf-8")
    os.link("ours.yaml", "also.yaml")
    place = GivenFile(Path("ours.yaml"))
    assert place.is_same_as(Path("also.yaml"))
    assert not place.is_same_as(Path("crontab"))
    assert not place.is_same_as(Path("nowhere"))
    with pytest.raises(CommandError, match="is a directory"):
        GivenFile(Path())


@pytest.mark.parametrize(("command", "option"), KEEPING)
@pytest.mark.parametrize(
    ("directory", "said"),
    [("crontab", "file exists"), ("crontab/in/it", "not a directory"), ("n" * 300, "file name too long")],
)
def test_a_directory_that_is_none_is_one_line(
    directory: str, said: str, command: tuple[str, ...], option: str, passage: Command
) -> None:
    Path("app.yaml").write_text(APP, "utf-8")
    done = passage(*command, "app.yaml", option, directory, "--bootstrap", "127.0.0.1:1")
    assert (done.code, done.out) == (2, "")
    assert re.search(f"{option} {directory}: {said}; name a directory this process may write to", done.told)


APP = """\
app: a
inputs: {in: [Sent]}
output: out
events: {Sent: {invoice: string}, Late: {invoice: string}}
policies: [{name: late, starts_on: Sent, after: 1, of: day.utc, emits: {Late: {invoice: $key}}}]
"""
