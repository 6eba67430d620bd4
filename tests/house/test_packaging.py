"""What is installed: locked, hashed, from wherever the installer is told, and with the files the code reads."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).parents[2]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
PLACES = ("://", "--index-url", "--extra-index-url", "--find-links", "--trusted-host", "-i ", "-f ")


def project() -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    return found


def places_in(text: str) -> list[str]:
    return [
        line for line in text.splitlines() if any(place in line for place in PLACES) or re.search(r"(^|[\s=])/\w", line)
    ]


def locked(text: str) -> dict[str, str]:
    """Each requirement's own lines, by its normal name."""
    entries = re.findall(r"^([A-Za-z0-9][\w.-]*)==((?:.*\\\n)*.*)$", text, re.MULTILINE)
    return {normal(name): rest for name, rest in entries}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_a_lock_names_no_place(lock: Path) -> None:
    found = places_in(lock.read_text("utf-8"))
    assert not found, f"{lock.name}: {found[0]}; run make lock"


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_everything_locked_carries_hashes(lock: Path) -> None:
    bare = [name for name, rest in locked(lock.read_text("utf-8")).items() if "--hash=sha256:" not in rest]
    assert not bare, f"{lock.name}: no hash for {', '.join(bare)}; run make lock"


def test_every_dependency_is_locked() -> None:
    declared = project()["project"]
    runtime = [normal(re.split(r"[\s\[<>=!~;]", line)[0]) for line in declared["dependencies"]]
    dev = [normal(re.split(r"[\s\[<>=!~;]", line)[0]) for line in declared["optional-dependencies"]["dev"]]

    for name, wanted in (("runtime.txt", runtime), ("dev.txt", runtime + dev)):
        missing = sorted(set(wanted) - set(locked((ROOT / "requirements" / name).read_text("utf-8"))))
        assert not missing, f"requirements/{name} lacks {', '.join(missing)}; run make lock"


def test_both_locks_agree() -> None:
    runtime, dev = (locked((ROOT / "requirements" / name).read_text("utf-8")) for name in ("runtime.txt", "dev.txt"))
    differing = [name for name, rest in runtime.items() if rest.split()[0] != dev.get(name, "none").split()[0]]
    assert not differing, f"the locks differ in {', '.join(differing)}; run make lock"


def test_every_room_is_packaged_and_typed() -> None:
    packages = project()["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    untyped = [package for package in packages if not (ROOT / package / "py.typed").is_file()]
    assert not untyped, f"no py.typed in {', '.join(untyped)}"


def test_the_wheel_holds_every_file_the_code_reads() -> None:
    shipped = {Path(file.path).relative_to(ROOT) for file in WheelBuilder(str(ROOT)).recurse_included_files()}
    packages = project()["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    there = {file.relative_to(ROOT) for package in packages for file in (ROOT / package).rglob("*") if file.is_file()}
    left_out = sorted(str(file) for file in there - shipped if "__pycache__" not in file.parts)

    assert not left_out, f"not in the wheel: {', '.join(left_out)}"
    assert Path("schemas/passage_schemas/published/tick.1.avsc") in shipped
    assert Path("clock/passage_clock/config/clock.schema.json") in shipped


def test_the_make_targets_explain_themselves() -> None:
    text = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):", text, re.MULTILINE))
    silent = sorted(targets - set(re.findall(r"^([a-z-]+):.*## \S", text, re.MULTILINE)))

    assert not silent, f"Makefile: no '## what it does' on {', '.join(silent)}"
    assert {"help", "init", "demo", "test", "check", "bench", "format", "kafka", "lock", "chaos", "clean"} <= targets


@pytest.mark.parametrize(
    "line",
    ["--index-url https://mirror.example/simple", "--find-links wheels", "# pip-compile --output-file=/srv/x/dev.txt"],
)
def test_a_place_would_be_seen(line: str) -> None:
    assert places_in(line) == [line]


def test_a_missing_hash_would_be_seen() -> None:
    found = locked("rich==15.0.0 \\\n    --hash=sha256:aa\n    # via typer\nsix==1.17.0\n")
    assert ("--hash=" in found["rich"], "--hash=" in found["six"]) == (True, False)
