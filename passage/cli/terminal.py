"""What the command says, and where: results on standard output, everything else on standard error.

One place decides how JSON looks. How logs look is `passage.running.log_lines`'s.
"""

import json
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import structlog
import typer
from rich.console import Console, RenderableType
from rich.progress import Progress
from rich.table import Column, Table

from passage.cli.options import BOOTSTRAP_VARIABLE
from passage.errors import CommandError
from passage.running.log_lines import tell_logs
from passage_log.kafka import KafkaLog
from passage_schemas.instant import Instant
from passage_schemas.instant import rfc3339 as in_words

DIFFERENT = 1
"""The exit code for two things that should have been alike."""

LONG_SECONDS = 120
"""Longer is told in minutes, hours or days."""

INTERRUPTED = 130
"""The exit code after a Ctrl-C: what a shell says of one that died of it."""

# Where nobody looks at a screen, a line is as long as it is: what reads it wants one row to a line.
out = Console(width=None if sys.stdout.isatty() else 10_000)


def columns(*names: str) -> Table:
    """An empty table. One row to a line, but at a terminal, where long names are folded rather than cut off."""
    is_one_line = not out.is_terminal
    made = (Column(name, no_wrap=is_one_line, overflow="fold") for name in names)
    return Table(*made, box=None, header_style="bold", pad_edge=False)


def tell(part: RenderableType) -> None:
    """Say a line as it is, or a table: at a terminal within its width, elsewhere as wide as it is."""
    is_folded = isinstance(part, Table) and out.is_terminal
    out.print(part, highlight=False, markup=False, soft_wrap=not is_folded)


def tell_json(document: Any) -> None:
    """One JSON document on one line of standard output. Field names are stable, instants RFC 3339 in UTC."""
    print(json.dumps(document, ensure_ascii=False))


def rfc3339(instant: Instant | None) -> str | None:
    """`2026-11-20T23:00:00Z`, with microseconds only where there are some."""
    return None if instant is None else in_words(instant)


def as_text(value: Any, name: str = "") -> Any:
    """Instants, by their names (`now`, `..._at`), as RFC 3339; all else as it is."""
    if isinstance(value, dict):
        return {key: as_text(one, key) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [as_text(one) for one in value]
    is_instant = (name in ("now", "at") or name.endswith("_at")) and isinstance(value, int)
    return rfc3339(Instant(value)) if is_instant else value


def spoken(seconds: float, digits: int = 0) -> str:
    """A duration for people: the two largest units, where it is long."""
    if seconds <= LONG_SECONDS:
        return f"{seconds:.{digits}f} s"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


@contextmanager
def progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on standard error while something long goes on, where it is a terminal: told how far it is, of how much."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda *_: None
        return
    # The bar hides the cursor, and must be left to show it again.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with Progress(console=console, transient=True) as bar:
            task = bar.add_task(what, total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total)
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
    finally:
        signal.signal(signal.SIGINT, before)


def open_log(
    option: str | None, configured: str | None, settings: dict[str, str], connect_timeout_seconds: float
) -> KafkaLog:
    """The log at the option's address, the variable's (the option has it already) or the configuration's, in this
    order. Raises CommandError when none says where."""
    bootstrap = option or configured
    if not structlog.is_configured():
        tell_logs(is_brief=True)  # structlog's own default is standard output, where the answer goes
    if bootstrap is None:
        raise CommandError(f"where is Kafka? give --bootstrap, {BOOTSTRAP_VARIABLE} or the configuration's bootstrap")
    return KafkaLog(bootstrap, settings, connect_timeout_seconds)
