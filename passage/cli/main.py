"""The `passage` command: what there is, and the one place where errors end.

A user sees one line and exit code 2 for what is wrong with their files, their topics or their network, never a
traceback. What is left, and does show one, is a bug of ours.
"""

import sys
from typing import Annotated

import typer

from passage.cli import clock, processors
from passage.cli.terminal import complain
from passage_clock.errors import ClockError
from passage_log.errors import LogError
from passage_processors import ProcessorError
from passage_schemas.errors import SchemaError

WRONG = 2
"""The exit code for what the user can mend."""

app = typer.Typer(
    help="The passage of time as a fact on Kafka.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(clock.app, name="clock")
app.add_typer(processors.app, name="processors")


def main() -> None:
    """Run the command and exit: 0 when all is well, 2 for what the user can mend."""
    try:
        app()
    except (LogError, ClockError, SchemaError, ProcessorError) as error:
        complain(error)
        sys.exit(WRONG)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"passage {version('passage-of-time')}")
        raise typer.Exit


@app.callback()
def passage(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which version this is.")
    ] = False,
) -> None:
    """The passage of time as a fact on Kafka."""
    del version
