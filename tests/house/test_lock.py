"""The lock is whole: it is installed as it is, with no look at an index, so nobody else would say what it lacks."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from requirements.complete import PROJECT, lacking

ROOT = Path(__file__).parents[2]


def test_all_that_the_project_asks_for_is_installed() -> None:
    assert lacking([PROJECT]) == []


def test_only_what_must_look_at_an_index_does() -> None:
    recipes = re.findall(r"^\t.*-m pip install.*$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert recipes
    for recipe in recipes:
        assert "--no-deps" in recipe, recipe
        assert "--require-hashes" in recipe or "--no-build-isolation" in recipe, recipe


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Where `app 1` is installed, which asks for `reader` with an extra, and that for `toml` on account of it."""
    install(tmp_path, "app", "1", "Requires-Dist: Reader_Kit[Fast-Toml]>=2", "Requires-Dist: never; python_version<'3'")
    install(
        tmp_path, "reader-kit", "2.1", "Provides-Extra: fast-toml", "Requires-Dist: toml>=1; extra == 'fast-toml'",
        "Requires-Dist: slow; extra == 'slow'",
    )  # fmt: skip
    install(tmp_path, "toml", "1.0")
    return tmp_path


def install(site: Path, name: str, version: str, *lines: str) -> None:
    directory = site / f"{name.replace('-', '_')}-{version}.dist-info"
    directory.mkdir()
    text = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *lines]
    (directory / "METADATA").write_text("\n".join(text))


def remove(site: Path, name: str) -> None:
    for file in site.glob(f"{name}-*/METADATA"):
        file.unlink()
        file.parent.rmdir()


def test_what_is_whole_lacks_nothing(site: Path) -> None:
    assert lacking(["app"], [str(site)]) == []


def test_what_only_an_extra_asks_for_is_missed(site: Path) -> None:
    remove(site, "toml")
    assert lacking(["app"], [str(site)]) == ["toml>=1 is not installed; reader-kit asks for it"]


def test_what_is_too_old_is_named_with_who_asks(site: Path) -> None:
    remove(site, "toml")
    install(site, "toml", "0.9")
    assert lacking(["app"], [str(site)]) == ["toml is 0.9; reader-kit asks for toml>=1"]


def test_an_extra_that_there_is_not_is_named(site: Path) -> None:
    assert lacking(["app[fast]"], [str(site)]) == ["app 1 has no extra fast; the project asks for app[fast]"]


def test_the_command_ends_with_2_and_says_what_to_do() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "requirements" / "complete.py", "no-such-thing"],
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert "no-such-thing is not installed; the project asks for it; run make lock" in done.stderr
