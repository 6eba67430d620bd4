"""Every command's options, found by looking at the commands: what a table is made of that no new option escapes."""

import inspect
from collections.abc import Iterator
from importlib import import_module
from typing import Any, NamedTuple, get_args, get_type_hints

from typer.models import OptionInfo

from passage.cli import clock, processors
from passage.cli.lazily import place_of

GROUPS = {"clock": clock.COMMANDS, "processors": processors.COMMANDS}


class Option(NamedTuple):
    """`type`: what its value is read as, without the None of one that may be left out."""

    group: str
    command: str
    name: str
    type: Any
    help: str

    def __str__(self) -> str:
        return f"{self.group} {self.command} {self.name}"


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
            names = [name for name in info.param_decls or () if name.startswith("--")]
            name = names[0] if names else f"--{parameter.replace('_', '-')}"
            types = [one for one in get_args(kind) or (kind,) if one is not type(None)]
            yield Option(group, command, name, types[0], info.help or "")
