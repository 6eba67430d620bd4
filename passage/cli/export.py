"""`passage export`: an app's history from the cluster into a directory."""

from pathlib import Path
from typing import Annotated

import typer

from passage.cli.options import DEFAULT_CONNECT_SECONDS, AppArgument, BootstrapOption, ClientFileOption, ConnectOption
from passage.cli.processors.app_argument import load_app, open_app_log
from passage.cli.terminal import progress, tell
from passage.cli.written import directory_given
from passage_processors.runtime.offline.bundle.export import export as export_bundle
from passage_processors.runtime.topics import check_topics


def export(
    where: AppArgument,
    directory: Annotated[Path, typer.Option("--out", metavar="DIRECTORY", help="Where the bundle is to be.")],
    bootstrap: BootstrapOption = None,
    client_file: ClientFileOption = None,
    connect_timeout_seconds: ConnectOption = DEFAULT_CONNECT_SECONDS,
) -> None:
    """Copy an app's history from the cluster into a bundle.

    Beside its workers, from the beginning to their last cuts. Begun again, it goes on where it stopped."""
    app = load_app(where)
    directory_given("--out", directory)
    log = open_app_log(bootstrap, client_file, connect_timeout_seconds)
    check_topics(log, app)
    with progress("exporting") as told:
        manifest = export_bundle(app, log, directory, told)
    log.close()
    parts = [part for span in manifest.spans for part in span.parts]
    records, size = sum(part.records for part in parts), sum(part.bytes for part in parts)
    cuts = ", ".join(f"{task.partition}: cut {task.cut}" for task in manifest.tasks)
    tell(f"{directory}: {records} records in {len(parts)} files of {size} bytes; its tasks end at {cuts}")
