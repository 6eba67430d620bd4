"""The `passage` command without a process of its own: what it says, and the code it exits with."""

import json
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from passage.cli.entry import enter


class Done(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document it said."""
        assert self.out, self.err
        return json.loads(self.out)

    @property
    def told(self) -> str:
        """The one line an error is."""
        (line,) = self.err.splitlines()
        return line


Command = Callable[..., Done]


def command(capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs the command in this process."""

    def run(*arguments: object) -> Done:
        capsys.readouterr()
        with pytest.raises(SystemExit) as exited:
            enter([str(one) for one in arguments])
        out, err = capsys.readouterr()
        return Done(int(exited.value.code or 0), out, err)

    return run
