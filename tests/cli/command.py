"""The `passage` command without a process of its own: what it says, and the code it exits with."""

import gc
import json
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
import structlog

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
        thresholds = gc.get_threshold()
        with pytest.raises(SystemExit) as exited:
            enter([str(one) for one in arguments])
        # A command has its process to itself and tells the collector to look seldom, and never at what there is. Here
        # others live on, and clients of theirs that nobody else lets go of.
        gc.set_threshold(*thresholds)
        gc.unfreeze()
        structlog.reset_defaults()  # how a process logs ends with it
        out, err = capsys.readouterr()
        return Done(int(exited.value.code or 0), out, err)

    return run
