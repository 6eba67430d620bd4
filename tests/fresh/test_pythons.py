"""`make init` with every Python that it says it takes, by the pip each of them brings."""

import re
from pathlib import Path

import pytest

from tests.fresh.machine import LONG_SECONDS, ROOT, clone, python_of, shell

pytestmark = [pytest.mark.fresh, pytest.mark.timeout(3 * LONG_SECONDS)]

VERSIONS = re.findall(r'"Programming Language :: Python :: (\d+\.\d+)"', (ROOT / "pyproject.toml").read_text("utf-8"))


@pytest.mark.parametrize("version", VERSIONS)
def test_the_lock_is_whole_for_this_python_and_its_own_pip(version: str, tmp_path: Path) -> None:
    python = python_of(version)
    if python is None:
        pytest.skip(f"PYTHON {version} NOT TRIED: there is none here")
    sources = clone(tmp_path / "clone")
    print(f"Python {version} brings", shell(f"{python} -m ensurepip --version", sources))
    shell(f"make init PYTHON={python}", sources)
    assert "877 overdue, 174 suspended" in shell("make demo LOG=memory", sources)
