"""A group of commands whose modules are imported when they are called, and not to be listed.

A command `plan` of the group `clock` is the function `plan` of the module `passage.cli.clock.plan` (with an underscore
behind what is a word of Python's: `import_`, `list_`); one of no group lies in `passage.cli` itself. `passage clock
--help` so costs no Kafka client and no zone data. A group within a group is a package in its place, whose `app` it is.
"""

import builtins
from collections.abc import Mapping
from importlib import import_module
from keyword import iskeyword
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command


class Lazy(TyperGroup):
    """Lists commands by what was said of them, and imports one when it is called."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[Any, Any, list[str]]:
        name, listed, rest = super().resolve_command(ctx, args)
        if listed is None or isinstance(listed, TyperGroup):
            return name, listed, rest
        return name, _imported(ctx.command_path.partition(" ")[2], str(name)), rest


def group(summary: str, commands: Mapping[str, str]) -> typer.Typer:
    """A group with these commands: name to summary, which must be the first line of the function's docstring."""
    app = typer.Typer(cls=Lazy, help=summary, no_args_is_help=True, add_completion=False, rich_markup_mode=None)
    list_commands(app, commands)
    return app


def list_commands(app: typer.Typer, commands: Mapping[str, str]) -> None:
    """To an app whose class is `Lazy`."""
    for name, said in commands.items():
        app.command(name, help=said)(_listed)


def place_of(group_name: str, name: str) -> tuple[str, str]:
    """The module and the function of a command. `group_name`: as it is typed, `processors dead-letters`; empty for one
    that is of no group."""
    word = name.replace("-", "_") + "_" * (iskeyword(name) or hasattr(builtins, name))
    rooms = group_name.replace("-", "_").split()
    return ".".join(("passage.cli", *rooms, word)), word


def _listed() -> None:
    """Stands for a command until it is called."""


def _imported(group_name: str, name: str) -> Any:
    module, function = place_of(group_name, name)
    found = import_module(module)
    if isinstance(within := getattr(found, "app", None), typer.Typer):
        return get_command(within)
    alone = typer.Typer(add_completion=False, rich_markup_mode=None)
    alone.command(name)(getattr(found, function))
    return get_command(alone)
