"""The rules of ordering a telephone line, as their .feature file tells them."""

from pathlib import Path

import pytest
from pytest_bdd import scenarios

from examples.telecom_ordering import CLOCK, app
from passage import App

pytest_plugins = ["passage.testing.steps"]

scenarios(str(Path(__file__).parents[2] / "examples" / "telecom_ordering" / "ordering.feature"))


@pytest.fixture
def passage_app() -> App:
    return app


@pytest.fixture
def passage_clock() -> Path:
    return CLOCK
