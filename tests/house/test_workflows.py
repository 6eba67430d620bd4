"""What GitHub reads is YAML that says what it must: the gate for every Python we name, and who alone may publish."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
GITHUB = ROOT / ".github"
FILES = sorted(GITHUB.rglob("*.yml"))
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
KINDS_OF_FIELD = {"markdown", "textarea", "input", "dropdown", "checkboxes"}


def read(file: Path) -> Any:
    return YAML(typ="safe", pure=True).load(file.read_text("utf-8"))


def jobs(name: str) -> dict[str, Any]:
    found: dict[str, Any] = read(GITHUB / "workflows" / f"{name}.yml")["jobs"]
    return found


def named_pythons() -> list[str]:
    classifiers = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["classifiers"]
    return [
        found[1]
        for line in classifiers
        if (found := re.fullmatch(r"Programming Language :: Python :: (\d+\.\d+)", line))
    ]


def rights_to_write(workflow: dict[str, Any]) -> dict[str, set[str]]:
    """What each job may do besides reading, by its name; "" is what all may."""
    given = {"": workflow["permissions"]} | {name: job.get("permissions", {}) for name, job in workflow["jobs"].items()}
    rights = {name: {right for right, kind in of.items() if kind != "read"} for name, of in given.items()}
    return {name: of for name, of in rights.items() if of}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_file_for_github_parses(file: Path) -> None:
    assert isinstance(read(file), dict)


def test_the_gate_runs_for_every_python_that_is_named() -> None:
    gate = jobs("gate")["gate"]
    [python] = [step["with"]["python-version"] for step in gate["steps"] if "setup-python" in step.get("uses", "")]

    assert gate["strategy"]["matrix"]["python"] == named_pythons()
    assert python == "${{ matrix.python }}"
    assert [step["run"] for step in gate["steps"] if "run" in step] == [".ci/run"]
    assert not gate["strategy"]["fail-fast"], "what one Python has wrong must not hide what another has"


def test_the_oldest_python_named_is_the_oldest_that_installs() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["requires-python"] == f">={named_pythons()[0]}"


def test_only_what_publishes_may_do_more_than_read() -> None:
    rights = {file.stem: rights_to_write(read(file)) for file in WORKFLOWS}

    assert rights == {"gate": {}, "release": {"publish": {"id-token", "attestations"}}}


def test_a_release_has_passed_the_gate_and_stores_no_secret() -> None:
    release = jobs("release")

    assert release["gate"]["uses"] == "./.github/workflows/gate.yml"
    assert set(release["publish"]["needs"]) == set(release) - {"publish"}
    assert any(step["uses"].startswith("pypa/gh-action-pypi-publish@") for step in release["publish"]["steps"])
    assert "secrets." not in (GITHUB / "workflows" / "release.yml").read_text("utf-8")


@pytest.mark.parametrize("form", sorted((GITHUB / "ISSUE_TEMPLATE").glob("w*.yml")), ids=lambda form: form.stem)
def test_a_form_asks_what_github_can_show(form: Path) -> None:
    said = read(form)
    ids = [field["id"] for field in said["body"]]

    assert said.keys() >= {"name", "description", "body"}
    assert {field["type"] for field in said["body"]} <= KINDS_OF_FIELD
    assert all(field["attributes"]["label"] for field in said["body"])
    assert len(ids) == len(set(ids))


def test_a_right_too_many_would_be_seen() -> None:
    workflow = {"permissions": {"contents": "write"}, "jobs": {"a": {"permissions": {"id-token": "write"}}, "b": {}}}
    assert rights_to_write(workflow) == {"": {"contents"}, "a": {"id-token"}}
