"""Every file a command reads, and everything it may turn out to be: one line, at once, whatever lies there."""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from typing import ClassVar

import pytest

from passage_processors.runtime.restore.snapshot_file import SnapshotFile, Unusable
from passage_schemas.errors import SchemaError
from passage_schemas.events import event_codec
from passage_schemas.given.file import MOST_BYTES
from tests.cli.command import Command

CLOCK = "schedules: [{name: day.utc, every: day, zone: UTC}]\n"
CALENDAR = """\
calendars: {acme: {base: NL, closed_file: %s}}
schedules: [{name: day.acme, every: workday, zone: UTC, calendar: acme}]
"""
APP = """\
app: a
inputs: {in: [Sent]}
output: out
events:
  Sent: {avsc: %s}
  Late: {invoice: string}
policies: [{name: late, starts_on: Sent, after: 1, of: day.utc, emits: {Late: {invoice: $key}}}]
"""
READERS: dict[str, Callable[[Path], list[object]]] = {
    "a clock": lambda file: ["clock", "plan", "--config", file],
    "two clocks": lambda file: ["clock", "diff", file, file],
    "closures": lambda file: ["clock", "plan", "--config", _beside(file, CALENDAR % file)],
    "a client's settings": lambda file: ["clock", "plan", "--config", _beside(file, f"client_file: {file}\n{CLOCK}")],
    "a secret": lambda file: [
        "clock", "plan", "--config", _beside(file, f"client: {{sasl.password: {{file: {file}}}}}\n{CLOCK}")
    ],
    "an app": lambda file: ["processors", "check", file],
    "an app's schema": lambda file: ["processors", "check", _beside(file, APP % file)],
    "an app's clock": lambda file: ["processors", "check", _beside(file, APP % "fine.avsc"), "--clock", file],
    "a worker's client": lambda file: ["processors", "topics", _beside(file, APP % "fine.avsc"), "--client-file", file],
    "a crontab": lambda file: ["clock", "import", "crontab", file],
    "CronJobs": lambda file: ["clock", "import", "kubernetes", file],
    "Celery": lambda file: ["clock", "import", "celery", file],
    "Quartz": lambda file: ["clock", "import", "quartz", file],
    "a log": lambda file: ["clock", "import", "crontab", _beside(file, "0 0 * * * x\n"), "--shadow", file],
    "what is appended to": lambda file: ["clock", "import", "crontab", _beside(file, "0 0 * * * x\n"), "--into", file],
}  # fmt: skip


def _beside(file: Path, text: str) -> Path:
    place = Path.cwd() / "beside.yaml"
    place.write_text(text, "utf-8")
    (Path.cwd() / "fine.avsc").write_text(
        '{"type": "record", "name": "Sent", "fields": [{"name": "invoice", "type": "string"}]}', "utf-8"
    )
    assert place != file
    return place


def large(place: Path) -> None:
    with place.open("wb") as file:
        file.truncate(MOST_BYTES * 100)  # a hole: it takes no room


PLACES: dict[str, tuple[Callable[[Path], object], str]] = {
    "nothing": (lambda _place: None, "can't be read: no such file"),
    "a directory": (Path.mkdir, "is a directory; name a regular file"),
    "a pipe": (os.mkfifo, "is a pipe; name a regular file"),
    "a device without an end": (lambda place: place.symlink_to("/dev/urandom"), "is a device; name a regular file"),
    "a link to itself": (lambda place: place.symlink_to(place), "can't be read: "),
    "too much": (large, f"is larger than {MOST_BYTES:,} bytes"),
    "no text": (lambda place: place.write_bytes(b"a: b\n\xff\xfe"), ":2: not UTF-8 text; save the file as UTF-8"),
}

THEIR_OWN = {"Celery": "not Python: ", "Quartz": "not XML: "}
"""What says its encoding itself is no text only by its own rules."""


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("reader", READERS)
def test_what_a_file_turns_out_to_be_is_one_line(
    reader: str, place: str, tmp_path: Path, passage: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    if (reader, place) in {("what is appended to", "nothing"), ("what is appended to", "a link to itself"),
        ("a log", "too much")}:  # fmt: skip
        return  # it is made, or may be so large
    monkeypatch.chdir(tmp_path)
    file = tmp_path / ("given.yaml" if reader != "celery" else "given.py")
    make, said = PLACES[place]
    make(file)
    stuck = Timer(60, os._exit, [7])  # else a reader that waits for a pipe would wait with us
    stuck.daemon = True
    stuck.start()
    try:
        done = passage(*READERS[reader](file))
    finally:
        stuck.cancel()
    if place == "no text":
        said = THEIR_OWN.get(reader, said)
    assert done.code == 2
    assert re.search(f"{file}:?.*{re.escape(said)}", done.told)


@pytest.mark.parametrize("text", ["nonsense\n", "- a\n", "a: b: c\n", "schedules: 1\n", "{\n", "a\0b\n"])
@pytest.mark.parametrize("reader", READERS)
def test_what_is_wrong_inside_is_said_by_the_name_of_the_file_that_was_given(
    reader: str, text: str, tmp_path: Path, passage: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (file := tmp_path / "given.yaml").write_text(text, "utf-8")
    done = passage(*READERS[reader](file))
    assert not re.search(r"\b(clock|app)\.yaml", done.err)
    if done.code == 2:
        assert str(file) in done.told


@pytest.mark.parametrize("reader", [name for name in READERS if name not in ("what is appended to", "a log")])
def test_an_empty_file_is_taken_for_nothing_by_nobody(
    reader: str, tmp_path: Path, passage: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (file := tmp_path / "given.yaml").write_text("\n", "utf-8")
    done = passage(*READERS[reader](file))
    assert done.code == 2
    assert "empty" in done.told


def test_what_is_not_named_by_a_command_is_read_as_carefully(tmp_path: Path) -> None:
    os.mkfifo(pipe := tmp_path / "pipe")
    with pytest.raises(Unusable, match="is a pipe"):
        SnapshotFile(pipe)
    with pytest.raises(FileNotFoundError):
        SnapshotFile(tmp_path / "nothing")

    @dataclass(frozen=True)
    class Sent:
        invoice: str
        avro_schema: ClassVar = pipe

    with pytest.raises(SchemaError, match="is a pipe"):
        event_codec(Sent)
