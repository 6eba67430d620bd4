"""A bundle that is not what was exported is refused in one line, whatever was done to it, before anything is folded."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from passage_processors.errors import ProcessorError
from passage_processors.runtime.offline.bundle.bundle_log import open_bundle
from passage_processors.runtime.offline.bundle.export import export
from passage_processors.runtime.offline.bundle.manifest import FILE
from tests.bundle.history import FEW_BYTES, billing
from tests.bundle.test_bundle import story
from tests.cli.command import Command, command
from tests.processors.world import InvoiceSent, invoices, overdue, suspended

APP = billing()
LATER = billing(policies=[overdue(after=lambda fact: fact.terms + 1), suspended()])
ANOTHER = invoices(name="others")
FURTHER = billing(inputs={**APP.inputs, "refunds": [InvoiceSent]})


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    world = story()
    export(world.app, world.log, tmp_path / "bundle", part_bytes=FEW_BYTES)
    return tmp_path / "bundle"


@pytest.fixture
def passage(capsys: pytest.CaptureFixture[str]) -> Command:
    return command(capsys)


def facts_of(bundle: Path) -> Path:
    return max((bundle / "topics" / "billing").rglob("*.avro"))


def cut_short(bundle: Path) -> None:
    file = facts_of(bundle)
    file.write_bytes(file.read_bytes()[:-1])


def flipped(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(bytes(data))


def of_version(bundle: Path, version: int) -> None:
    said = json.loads((bundle / FILE).read_text("utf-8"))
    (bundle / FILE).write_text(json.dumps(said | {"version": version}), "utf-8")


def retold(bundle: Path) -> None:
    text = (bundle / FILE).read_text("utf-8")
    (bundle / FILE).write_text(text.replace('"counted": 1', '"counted": 2'), "utf-8")


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (cut_short, "damaged: it has"),
        (lambda bundle: flipped(facts_of(bundle), 40), "damaged: its SHA-256 differs from the manifest's"),
        (lambda bundle: flipped(facts_of(bundle), -1), "damaged: its SHA-256 differs from the manifest's"),
        (lambda bundle: facts_of(bundle).unlink(), "damaged: the file is missing"),
        (lambda bundle: (bundle / FILE).unlink(), "there is no manifest.json"),
        (lambda bundle: (bundle / FILE).write_bytes((bundle / FILE).read_bytes()[:-9]), "damaged: it is no JSON"),
        (lambda bundle: flipped(bundle / FILE, 0), "damaged: it is no JSON"),
        (lambda bundle: (bundle / FILE).write_text("[]"), "this is no passage bundle"),
        (lambda bundle: of_version(bundle, 2), "a bundle of version 2, and this passage reads 1"),
        (retold, "damaged: its own SHA-256 differs"),
    ],
)
def test_damage_is_one_line(bundle: Path, passage: Command, harm: Callable[[Path], None], told: str) -> None:
    harm(bundle)
    said = passage("replay", bundle, "--app", "tests.bundle.test_damage:APP")
    assert said.code == 2
    assert told in said.told
    assert said.out == ""


@pytest.mark.parametrize(
    ("app", "told"),
    [
        ("ANOTHER", "a bundle of the app invoices, not of others"),
        ("FURTHER", "the app reads refunds, of which the bundle has nothing"),
        ("NOBODY", "has no 'NOBODY'"),
    ],
)
def test_another_apps_bundle_is_one_line(bundle: Path, passage: Command, app: str, told: str) -> None:
    said = passage("replay", bundle, "--app", f"tests.bundle.test_damage:{app}")
    assert said.code == 2
    assert told in said.told


def test_a_whole_one_is_replayed_without_a_kafka(bundle: Path, passage: Command) -> None:
    said = passage("replay", bundle, "--app", "tests.bundle.test_damage:APP")
    assert said.code == 0, said.err
    assert said.out.count("identical") == 2
    assert said.out.count("equal as a set") == 1


def test_what_differs_is_exit_code_one(bundle: Path, passage: Command) -> None:
    said = passage("replay", bundle, "--app", "tests.bundle.test_damage:LATER")
    assert said.code == 1
    assert "DIFFERENT" in said.out
    assert "a replay gives" in said.out


def test_every_byte_of_a_bundle_is_under_a_sum(bundle: Path) -> None:
    for path in bundle.rglob("*"):
        if path.is_file():
            whole = path.read_bytes()
            for place in range(0, len(whole), max(1, len(whole) // 12)):
                flipped(path, place)
                with pytest.raises(ProcessorError):
                    open_bundle(bundle)
                path.write_bytes(whole)
    open_bundle(bundle)
