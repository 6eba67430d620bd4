"""The command, for every test of it."""

import pytest

from tests.cli.command import Command, command


@pytest.fixture
def passage(capsys: pytest.CaptureFixture[str]) -> Command:
    return command(capsys)
