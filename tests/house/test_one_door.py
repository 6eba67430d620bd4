"""What users are shown comes through one door: README, docs and examples import from `passage` and from no room."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

import passage
import passage_trial

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
EXAMPLES = sorted((ROOT / "examples").rglob("*.py"))
IMPORT = re.compile(r"^[ \t]*(?:from|import) (passage[\w.]*)(?: import (?:\(([^)]*)\)|([^(\n]+)))?", re.MULTILINE)

STAGE = "examples/stage.py"
"""What puts an example on the stage, a clock and a worker in one process: no user's code, and the only file that has
some of it."""

OFFERED = {"passage": set(passage.__all__), "passage_processors.faust": {"attach"}}
"""By door. The second is for those who have Faust: nothing but its user may know that, the front door neither."""

TRIED_ON = {
    "passage_trial": set(passage_trial.__all__),
    "passage_trial.errors": {"NoPostgres"},
    "passage_trial.postgres": {"postgres"},
}
"""What starts that which examples are tried on. No page shows it: it is not installed with the rest."""


def told(file: Path, text: str, doors: Mapping[str, set[str]] = OFFERED) -> list[str]:
    """What does not come through one of the doors, a line each."""
    return [
        f"{file.name}:{text[: found.start()].count(chr(10)) + 1}: {found[0].strip()}"
        for found in IMPORT.finditer(text)
        if found[1] not in doors or not names(found[2] or found[3] or "") <= doors[found[1]]
    ]


def names(listed: str) -> set[str]:
    return {word.split(" as ")[0].strip() for word in listed.split(",") if word.strip()}


@pytest.mark.parametrize("file", [*PAGES, *EXAMPLES], ids=lambda file: file.relative_to(ROOT).as_posix())
def test_a_user_is_shown_one_door(file: Path) -> None:
    beside = told(file, file.read_text("utf-8"), OFFERED if file in PAGES else OFFERED | TRIED_ON)
    if file == ROOT / STAGE:
        assert beside, "it comes through the door now: it is an example like the others"
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
