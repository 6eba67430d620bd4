"""Every command's options, found by looking at the commands: what a table is made of that no new option escapes."""

import inspect
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple, get_args, get_type_hints

from typer.models import OptionInfo

from passage.cli.lazily import place_of
from tests.cli.groups import GROUPS
from tests.cli.test_given_words import APP, ASKS_KAFKA, CLOCK


class Option(NamedTuple):
    """`type`: what its value is read as, without the None of one that may be left out."""

    group: str
    command: str
    name: str
    type: Any
    help: str

    def __str__(self) -> str:
        return f"{self.group} {self.command} {self.name}".lstrip()


def options() -> Iterator[Option]:
    for group, names in GROUPS.items():
        for command in names:
            module, function = place_of(group, command)
            yield from _of(group, command, getattr(import_module(module), function))


def _of(group: str, command: str, function: Any) -> Iterator[Option]:
    hints = get_type_hints(function, include_extras=True)
    for parameter in inspect.signature(function).parameters:
        kind, *more = get_args(hints[parameter]) if hasattr(hints[parameter], "__metadata__") else (hints[parameter],)
        for info in (one for one in more if isinstance(one, OptionInfo)):
            written = (info.default, *(info.param_decls or ()))  # in an annotation typer takes the first for a default
            names = [name for name in written if isinstance(name, str) and name.startswith("--")]
            name = names[0] if names else f"--{parameter.replace('_', '-')}"
            types = [one for one in get_args(kind) or (kind,) if one is not type(None)]
            yield Option(group, command, name, types[0], info.help or "")


ARGUMENTS = {
    **{(group, command): [*group.split(), command, *rest] for group, command, *rest in ASKS_KAFKA},
    ("clock", "plan"): ["clock", "plan", "-c", "clock.yaml"],
    ("clock", "diff"): ["clock", "diff", "clock.yaml", "other.yaml"],
    ("clock", "import"): ["clock", "import", "crontab", "crontab", "--shadow", "log"],
}
"""Of each command that has a number or a date to give: enough to come as far as that, without a broker."""


def lay_files() -> None:
    """What ARGUMENTS name, into the working directory."""
    Path("clock.yaml").write_text(CLOCK, "utf-8")
    Path("other.yaml").write_text(CLOCK.replace("day.utc", "day.other"), "utf-8")
    Path("app.yaml").write_text(APP, "utf-8")
    Path("crontab").write_text("0 0 * * * /opt/x\n", "utf-8")
    Path("log").write_text("2026-11-20T00:00:01+00:00 host CRON[1]: (root) CMD (/opt/x)\n", "utf-8")
