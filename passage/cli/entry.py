"""What `passage` can do, and the one place where errors end.

A user sees one line and exit code 2 for what is wrong with their command, files, topics or network, never a traceback.
What is left, and does show one, is a bug of ours.
"""

import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from passage.cli import clock, processors
from passage.cli.lazily import Lazy, list_commands

WRONG = 2
"""The exit code for what the user can mend."""

UNHEARD = 141
"""The exit code when nobody reads on: what a shell says of one that died of it. Not 1: that says "differs"."""

COMMANDS = {
    "explain": "Say why an event did, or didn't, happen to an aggregate.",
    "export": "Copy an app's history from the cluster into a bundle.",
    "replay": "Fold the history in a bundle again and compare.",
}
"""Those of no group."""

app = typer.Typer(
    cls=Lazy,
    help="The passage of time as a fact on Kafka.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(clock.app, name="clock")
app.add_typer(processors.app, name="processors")
list_commands(app, COMMANDS)


def enter(arguments: Sequence[str] | None = None) -> None:
    """Run what the arguments ask for, by default the process's own, and exit."""
    try:
        code = app(arguments, prog_name="passage", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:
        code = _unheard()
    except SystemExit as exited:
        # The option parser and the tables end the process by themselves, with a code that has another meaning here.
        code = _unheard() if isinstance(exited.__context__, BrokenPipeError) else exited.code
    except Exception as error:
        said = _mendable(error)
        if said is None:
            raise
        complain(said)
        code = WRONG
    sys.exit(code or 0)


def _unheard() -> int:
    """Whoever read us has gone, as `head` does: nothing more can be said, not even by the interpreter as it ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(nowhere, stream.fileno())
    return UNHEARD


def complain(said: str) -> None:
    """One line on standard error for each thing that is wrong, unwrapped, so that it can be searched for. What begins
    by showing the usage is help that was asked for by saying nothing."""
    sign = "" if said.startswith("Usage:") else "passage: "
    for line in said.splitlines():
        print(f"{sign}{line}", file=sys.stderr, flush=True)


def _mendable(error: Exception) -> str | None:
    """What to tell of an error that the user can mend; None for one of ours.

    Asked only when something was raised: naming the root of the errors imports the schemas."""
    from passage_schemas.errors import PassageError

    if isinstance(error, PassageError):
        return str(error)
    # The option parser's own, whichever copy of it typer brings: they know their message, but for a checker's prefix.
    spoken = getattr(error, "format_message", None)
    return str(spoken()).replace("Value error, ", "") if spoken else None


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        from passage_processors.runtime.native import described

        typer.echo(f"passage {version('passage-of-time')}, {described()}")
        raise typer.Exit


@app.callback()
def passage(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Say the version, and which parts count."),
    ] = False,
) -> None:
    """The passage of time as a fact on Kafka."""
    del version
