"""`passage processors replay`: proof that the same log gives the same events."""

import typer

from passage.cli.options import DEFAULT_CONNECT_SECONDS, AppArgument, BootstrapOption, ClientFileOption, ConnectOption
from passage.cli.processors.app_argument import load_app, open_app_log
from passage.cli.terminal import DIFFERENT, columns, out, tell
from passage_processors.runtime.offline.comparison import compare
from passage_processors.runtime.topics import check_topics


def replay(
    where: AppArgument,
    bootstrap: BootstrapOption = None,
    client_file: ClientFileOption = None,
    connect_timeout_seconds: ConnectOption = DEFAULT_CONNECT_SECONDS,
) -> None:
    """Fold the recorded timeline again and compare.

    With what was written, partition by partition, up to the last cut there is: exit code 1 where they differ."""
    found = load_app(where)
    log = open_app_log(bootstrap, client_file, connect_timeout_seconds)
    check_topics(log, found)
    table = columns("partition", "written", "replayed", "sha-256 of key, value, timestamp and headers", "")
    differences = list[str]()
    for one in compare(found, log):
        name = "other keys" if one.partition is None else str(one.partition)
        equal = "equal" if one.partition is not None else "equal as a set"
        table.add_row(name, str(one.written), str(one.replayed), one.digest, "DIFFERENT" if one.difference else equal)
        if one.difference:
            differences.append(f"{name if one.partition is None else f'partition {name}'}, {one.difference}")
    tell(table)
    for difference in differences:
        out.print(difference, soft_wrap=True, markup=False, highlight=False)
    log.close()
    if differences:
        raise typer.Exit(DIFFERENT)
