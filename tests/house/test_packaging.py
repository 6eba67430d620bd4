"""What is installed: locked, hashed, from wherever the installer is told, and with the files the code reads."""

import re
import sys
import sysconfig
import tomllib
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from hatchling.builders.sdist import SdistBuilder
from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).parents[2]
NATIVE = Path("processors/passage_processors/native")
BUILT = find_spec("passage_processors.native._twins") is not None
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
ROOMS = {"passage", "passage_schemas", "passage_log", "passage_clock", "passage_processors"}
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


def test_the_wheel_holds_the_rooms_and_nothing_that_starts_a_broker() -> None:
    shipped = [Path(file.distribution_path) for file in WheelBuilder(str(ROOT)).recurse_included_files()]

    assert {path.parts[0] for path in shipped} == ROOMS
    assert not [path for path in shipped if path.name in ("compose.yaml", "pom.xml")]
    assert (ROOT / "trial/passage_trial/compose.yaml").is_file(), "it has moved; see that it stays out of the wheel"


def test_the_wheel_holds_every_file_the_code_reads() -> None:
    shipped = {Path(file.path).relative_to(ROOT) for file in WheelBuilder(str(ROOT)).recurse_included_files()}
    packages = project()["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    there = {file.relative_to(ROOT) for package in packages for file in (ROOT / package).rglob("*") if file.is_file()}
    left_out = sorted(
        str(file) for file in there - shipped if "__pycache__" not in file.parts and not is_of_the_native_parts(file)
    )

    assert not left_out, f"not in the wheel: {', '.join(left_out)}"
    assert Path("schemas/passage_schemas/published/tick.1.avsc") in shipped
    assert Path("clock/passage_clock/config/clock.schema.json") in shipped


def is_of_the_native_parts(file: Path) -> bool:
    """What they are built from, and what was built in place."""
    return file.parent == NATIVE and (file.suffix in (".pyx", ".pxi", ".so") or file.name == "README.md")


def test_the_source_archive_holds_what_the_native_parts_are_built_from() -> None:
    shipped = {Path(file.path).relative_to(ROOT) for file in SdistBuilder(str(ROOT)).recurse_included_files()}

    assert {NATIVE / "_twins.pyx", *(file.relative_to(ROOT) for file in (ROOT / NATIVE).glob("*.pxi"))} <= shipped
    assert Path("processors/build_native.py") in shipped
    assert not [file for file in shipped if file.suffix in (".so", ".c")], "built on one machine, for one Python"


def wheel(place: Path) -> tuple[str, list[str]]:
    """The tag of the wheel that is built here, and the names of its native room's files."""
    (file,) = WheelBuilder(str(ROOT)).build(directory=str(place), versions=["standard"])
    room = f"{NATIVE.relative_to('processors')}/"
    with ZipFile(file) as archive:
        names = [name.removeprefix(room) for name in archive.namelist() if name.startswith(room)]
    return Path(file).stem.removeprefix("passage_of_time-0.1.0-"), sorted(names)


@pytest.mark.parametrize(("name", "value"), [("PASSAGE_NATIVE", "0"), ("CC", "no-such-compiler")])
def test_who_wants_no_native_parts_or_has_no_compiler_gets_the_pure_wheel(
    name: str, value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PASSAGE_NATIVE", raising=False)
    monkeypatch.setenv(name, value)

    assert wheel(tmp_path) == ("py3-none-any", ["__init__.py"])


@pytest.mark.skipif(not BUILT, reason="the native parts were not built: make native")
def test_where_there_is_a_compiler_the_wheel_is_of_this_platform(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PASSAGE_NATIVE", raising=False)
    tag, names = wheel(tmp_path)

    assert tag.startswith(f"cp{sys.version_info[0]}{sys.version_info[1]}-")
    assert names == ["__init__.py", f"_twins{sysconfig.get_config_var('EXT_SUFFIX')}"]


def test_a_word_that_is_none_builds_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSAGE_NATIVE", "off")
    with pytest.raises(SystemExit, match="PASSAGE_NATIVE=off: write 0"):
        wheel(tmp_path)


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
