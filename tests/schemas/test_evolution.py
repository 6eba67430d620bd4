"""Passage's own schemas change only in ways every published value survives."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from passage_schemas import avsc
from passage_schemas.evolution import complaints, main


def test_the_current_schemas_read_every_published_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert (main(), capsys.readouterr().err) == (0, "")


@pytest.mark.parametrize("record", avsc.RECORDS)
def test_every_record_is_published_from_version_one_on(record: str) -> None:
    assert list(avsc.published(record)) == list(range(1, len(avsc.published(record)) + 1))


def tick(**changes: Any) -> dict[str, Any]:
    fields = [{**one, **changes.get(one["name"], {})} for one in avsc.current("tick")["fields"]]
    return {**avsc.current("tick"), "fields": fields}


def test_a_change_without_a_new_version_is_told() -> None:
    newer = tick()
    newer["fields"].append({"name": "leap_seconds", "type": "int", "default": 0})

    assert complaints("tick", newer, {1: tick()}) == [
        "tick.avsc differs from published/tick.1.avsc; a published version never changes: "
        "undo the change, or copy it to published/tick.2.avsc"
    ]
    assert complaints("tick", newer, {1: tick(), 2: newer}) == []


def test_a_change_that_loses_old_ticks_is_told_even_when_published() -> None:
    newer = tick(ends_at={"type": "string"})

    found = complaints("tick", newer, {1: tick(), 2: newer})
    assert len(found) == 1
    assert found[0].startswith("tick.avsc can't read version 1: passage.Tick.ends_at: long became string")


def test_a_change_of_meaning_alone_is_told() -> None:
    newer = tick(ends_at={"type": {"type": "long", "logicalType": "timestamp-millis"}})

    assert any("timestamp-micros became timestamp-millis" in line for line in complaints("tick", newer, {1: tick()}))


def test_better_words_in_a_doc_are_no_change() -> None:
    assert complaints("tick", tick(period={"doc": "said better"}), {1: tick()}) == []


def test_a_record_never_published_is_told() -> None:
    assert complaints("tick", tick(), {}) == ["tick.avsc: never published; copy it to published/tick.1.avsc"]


def test_the_check_fails_with_one_line_per_complaint(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "published").mkdir()
    for record in avsc.RECORDS:
        for name in (f"{record}.avsc", f"published/{record}.1.avsc"):
            (tmp_path / name).write_text(json.dumps(avsc.current(record)))
    assert main(tmp_path) == 0

    (tmp_path / "tick.avsc").write_text(json.dumps(tick(zone={"type": "int"})))
    assert main(tmp_path) == 1
    assert capsys.readouterr().err.splitlines() == [
        "tick.avsc can't read version 1: passage.Tick.zone: string became int; "
        "keep the type, and add a new field for the new one",
        "tick.avsc differs from published/tick.1.avsc; a published version never changes: "
        "undo the change, or copy it to published/tick.2.avsc",
    ]


def test_the_check_runs_as_a_command() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "passage_schemas.evolution"], capture_output=True, check=False, timeout=60
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
