"""The README's line that installs, as it is written, with the newest of everything that the ranges allow."""

import re
import shutil
import venv
from pathlib import Path

import pytest

from requirements.complete import lacking
from tests.fresh.machine import LONG_SECONDS, ROOT, clone, shell

pytestmark = [pytest.mark.fresh, pytest.mark.timeout(3 * LONG_SECONDS)]

[INSTALL] = re.findall(r"^    (pip install \S+)  +#.*$", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE)


@pytest.mark.parametrize("extras", ["", "faust,markets,moon,postgres,registry"], ids=["plain", "with every extra"])
def test_installed_as_the_readme_says_it_works_away_from_the_clone(extras: str, tmp_path: Path) -> None:
    sources, environment, elsewhere = clone(tmp_path / "clone"), tmp_path / "environment", tmp_path / "elsewhere"
    venv.create(environment, with_pip=True)
    scripts = environment / "bin"
    shell(f"{INSTALL[:-1]}'{INSTALL[-1]}[{extras}]'" if extras else INSTALL, sources, scripts)

    [site] = environment.glob("lib/python3*/site-packages")
    assert lacking([f"passage-of-time[{extras}]" if extras else "passage-of-time"], [str(site)]) == []
    shutil.copytree(sources / "examples", elsewhere / "examples")
    assert "day.amsterdam" in shell("passage clock plan -c examples/overdue_invoices/clock.yaml", elsewhere, scripts)
    said = shell("LOG=memory python -m examples.overdue_invoices.demo", elsewhere, scripts)
    assert "877 overdue, 174 suspended" in said
