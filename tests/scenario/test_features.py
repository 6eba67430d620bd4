"""Stories in .feature files run as they are written: those of the Passage of Time pattern, `Then Nothing` included."""

import pytest
from pytest_bdd import scenarios

from passage import App
from tests.scenario.test_passage_of_time import invoicing

pytest_plugins = ["passage.testing.steps"]

scenarios("passage_of_time.feature")


@pytest.fixture
def passage_app() -> App:
    return invoicing
