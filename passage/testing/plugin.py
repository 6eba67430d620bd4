"""The fixtures: a scenario of the app under test, played from its first fact in every test.

`passage_app`, `passage_clock` and `passage_starts_at` say of what; whoever has one app says it in pytest's own file
(`passage_app = shop.billing:app`), whoever has more overrides the fixture. Refuses to import the platform at the top:
pytest loads this module in every run of whoever has Passage installed.
"""

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from passage.scenario import Scenario
    from passage_clock.schedules import Schedule
    from passage_processors import App


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini("passage_app", "the app that the fixture `scenario` plays: MODULE:APP, or FILE.yaml beside this file")
    parser.addini("passage_clock", "its clock's file, beside this file; without it, guessed from the schedules' names")


@pytest.fixture
def passage_app(pytestconfig: pytest.Config) -> "App | Sequence[App]":
    """The app under test, or several that follow each other. Override it, or name one in pytest's file."""
    named = pytestconfig.getini("passage_app")
    if not named:
        pytest.fail(
            "which app is tested? write passage_app = MODULE:APP into pytest's own file, or a fixture passage_app",
            pytrace=False,
        )
    from passage.cli.processors.app_argument import load_app
    from passage_schemas import PassageError

    try:
        return load_app(named if ":" in named else str(pytestconfig.rootpath / named))
    except PassageError as error:
        raise pytest.fail.Exception(f"passage_app: {error}", pytrace=False) from None


@pytest.fixture
def passage_clock(pytestconfig: pytest.Config) -> "Path | Sequence[Schedule] | None":
    """The clock's file, or its schedules; None: they are guessed from their names."""
    named = pytestconfig.getini("passage_clock")
    return pytestconfig.rootpath / named if named else None


@pytest.fixture
def passage_starts_at() -> "datetime":
    """When the scenario begins: a Monday at noon, far from any holiday and any change of clocks."""
    from passage.scenario import MONDAY_NOON

    return MONDAY_NOON


@pytest.fixture
def scenario(
    passage_app: "App | Sequence[App]",
    passage_clock: "Path | Sequence[Schedule] | None",
    passage_starts_at: "datetime",
) -> "Scenario":
    """A new `Scenario` of `passage_app`, for each test."""
    from passage.scenario import Scenario

    return Scenario(passage_app, passage_clock, passage_starts_at)


@pytest.fixture(scope="session")
def kafka() -> str:
    """The address of a real Kafka, for tests that want one: PASSAGE_BOOTSTRAP. A test that can't have one fails; if it
    were skipped, all would seem well where nobody looked."""
    address = os.environ.get("PASSAGE_BOOTSTRAP")
    if not address:
        pytest.fail("a Kafka is needed: name one in PASSAGE_BOOTSTRAP, e.g. 127.0.0.1:9092", pytrace=False)
    return address
