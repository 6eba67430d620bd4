"""`passage replay`: the history in a bundle, folded again; no Kafka is asked."""

from pathlib import Path
from typing import Annotated

import typer

from passage.cli.comparison import tell_comparison
from passage.cli.processors.app_argument import load_app
from passage.cli.terminal import progress
from passage.running.log_lines import tell_logs
from passage_processors.runtime.offline.bundle.bundle_log import open_bundle
from passage_processors.runtime.offline.comparison import compare


def replay(
    bundle: Annotated[Path, typer.Argument(metavar="BUNDLE", help="The directory that `passage export` wrote.")],
    where: Annotated[str, typer.Option("--app", metavar="APP", help="Where the app is: module:app, or app.yaml.")],
) -> None:
    """Fold the history in a bundle again and compare.

    With what was written, partition by partition; no Kafka is asked. Exit code 1 where they differ."""
    tell_logs(is_brief=True)
    app = load_app(where)
    with progress("looking at the sums") as told:
        log = open_bundle(bundle, told)
    log.check_fits(app)
    tell_comparison(compare(app, log))
