"""What a replay came to, partition by partition, in the same words whatever was replayed."""

from collections.abc import Iterable

import typer

from passage.cli.terminal import DIFFERENT, columns, out, tell
from passage_processors.runtime.offline.comparison import OutputComparison


def tell_comparison(compared: Iterable[OutputComparison]) -> None:
    """A table, then of each that differs the first difference; raises typer.Exit(DIFFERENT) where there is one."""
    table = columns("partition", "written", "replayed", "sha-256 of key, value, timestamp and headers", "")
    differences = list[str]()
    for partition in compared:
        row, told = _row(partition)
        table.add_row(*row)
        differences += told
    tell(table)
    for difference in differences:
        out.print(difference, soft_wrap=True, markup=False, highlight=False)
    if differences:
        raise typer.Exit(DIFFERENT)


def _row(of: OutputComparison) -> tuple[list[str], list[str]]:
    """Events for other keys have no order among tasks, so they are the same as a set, and no more is promised."""
    name, title, alike = ("other keys", "other keys", "equal as a set")
    if of.partition is not None:
        name, title, alike = str(of.partition), f"partition {of.partition}", "identical"
    row = [name, str(of.written), str(of.replayed), of.digest, "DIFFERENT" if of.difference else alike]
    return row, [f"{title}, {of.difference}"] if of.difference else []
