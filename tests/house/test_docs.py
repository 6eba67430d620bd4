"""The documentation's examples are files that load."""

import re
from pathlib import Path

import pytest

from passage.apps import load_app_file
from passage_clock.config import load

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
BLOCKS = [
    pytest.param(block, id=f"{page.relative_to(ROOT)}:{page.read_text('utf-8')[:start].count(chr(10)) + 1}")
    for page in PAGES
    for start, block in (
        (found.start(), found[1]) for found in re.finditer(r"```yaml\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    )
]
EXAMPLES = [block for block in BLOCKS if "schedules:" in str(block.values[0])]
APPS = [block for block in BLOCKS if str(block.values[0]).startswith("app:")]


@pytest.mark.parametrize("block", EXAMPLES)
def test_every_configuration_shown_loads(block: str, tmp_path: Path) -> None:
    file = tmp_path / "clock.yaml"
    file.write_text(block, "utf-8")

    assert load(file, environ={}).schedules


@pytest.mark.parametrize("block", APPS)
def test_every_app_shown_loads(block: str, tmp_path: Path) -> None:
    file = tmp_path / "app.yaml"
    file.write_text(block, "utf-8")

    assert load_app_file(file).counted


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_file_leads_somewhere(page: Path) -> None:
    links = [link for link in re.findall(r"\]\(([^)#\s]+)", page.read_text("utf-8")) if "://" not in link]
    broken = [link for link in links if not (page.parent / link).exists()]

    assert not broken, f"{page.name}: {', '.join(broken)}"
