"""What users are shown comes through one door: README, docs and examples import from `passage` and from no room."""

import re
from pathlib import Path

import pytest

import passage

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
EXAMPLES = sorted((ROOT / "examples").rglob("*.py"))
IMPORT = re.compile(r"^[ \t]*(?:from|import) (passage[\w.]*)(?: import (?:\(([^)]*)\)|([^(\n]+)))?", re.MULTILINE)

STAGE = {
    "examples/overdue_invoices/demo.py",
    "examples/overdue_invoices/topics.py",
    "examples/overdue_invoices/watch.py",
    "examples/telling.py",
    "examples/three_ways/costs.py",
    "examples/three_ways/years.py",
}
"""What puts an example on the stage, a clock and a worker in one process or a cluster for an hour: no user's code. May
only become less."""

OFFERED = {"passage": set(passage.__all__), "passage_processors.faust": {"attach"}}
"""By door. The second is for those who have Faust: nothing but its user may know that, the front door neither."""


def told(file: Path, text: str) -> list[str]:
    """What does not come through the door, a line each."""
    return [
        f"{file.name}:{text[: found.start()].count(chr(10)) + 1}: {found[0].strip()}"
        for found in IMPORT.finditer(text)
        if found[1] not in OFFERED or not names(found[2] or found[3] or "") <= OFFERED[found[1]]
    ]


def names(listed: str) -> set[str]:
    return {word.split(" as ")[0].strip() for word in listed.split(",") if word.strip()}


@pytest.mark.parametrize("file", [*PAGES, *EXAMPLES], ids=lambda file: file.relative_to(ROOT).as_posix())
def test_a_user_is_shown_one_door(file: Path) -> None:
    beside = told(file, file.read_text("utf-8"))
    if file.relative_to(ROOT).as_posix() in STAGE:
        assert beside, "it comes through the door now: take it off the list"
    else:
        assert beside == []


@pytest.mark.parametrize(
    "text",
    ["from passage_schemas import Tick", "import passage_log.kafka", "from passage import (\n    App,\n    Nothing,\n)",
     "    from passage.scenario import Scenario"],
)  # fmt: skip
def test_another_door_is_seen(text: str) -> None:
    assert told(Path("page.md"), f"A line.\n{text}\n") != []


def test_the_door_itself_is_seen_through() -> None:
    assert (
        told(Path("page.md"), "from passage import App, Policy\nfrom passage import (\n    Tick,\n    Wake,\n)\n") == []
    )
