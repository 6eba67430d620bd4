"""What a worker counts with is no business of its tests: those that tell a task's whole story run with either part."""

import os
from collections.abc import Iterator

import pytest

from passage_processors.runtime.native import VARIABLE, chosen
from tests.processors.twins import NATIVE

STORIES = {
    "test_deployments", "test_floors", "test_full_days", "test_fuzz", "test_policies", "test_rebalance",
    "test_refusals", "test_replay", "test_restore", "test_snapshots", "test_waiting",
}  # fmt: skip


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    name = metafunc.module.__name__.rpartition(".")[2]
    if NATIVE is not None and name in STORIES:
        metafunc.parametrize("counted_by", ["pure", "native"], indirect=True, scope="module")


@pytest.fixture(scope="module", autouse=True)
def counted_by(request: pytest.FixtureRequest) -> Iterator[None]:
    """For every test, because pytest sets up no fixture that is only added when tests are made of a function."""
    wanted = getattr(request, "param", None)
    if wanted is None:
        yield
        return
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = "0" if wanted == "pure" else "1"
    assert chosen().name == wanted
    yield
    if before is None:
        del os.environ[VARIABLE]
    else:
        os.environ[VARIABLE] = before


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if NATIVE is None:
        terminalreporter.write_line("NATIVE TWIN NOT TESTED: the native parts were not built; make native builds them")
