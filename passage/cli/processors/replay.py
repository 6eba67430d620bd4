"""`passage processors replay`: proof that the same log gives the same events."""

from passage.cli.comparison import tell_comparison
from passage.cli.options import DEFAULT_CONNECT_SECONDS, AppArgument, BootstrapOption, ClientFileOption, ConnectOption
from passage.cli.processors.app_argument import load_app, open_app_log
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
    tell_comparison(compare(found, log))
    log.close()
