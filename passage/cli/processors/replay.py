"""`passage processors replay`: proof that the same log gives the same events."""

import typer

from passage.cli.processors.loaded import AppArgument, ClientFileOption, load_app, open_app_log
from passage.cli.terminal import (
    DEFAULT_CONNECT_SECONDS,
    DIFFERENT,
    BootstrapOption,
    ConnectOption,
    columns,
    out,
)
from passage_processors.runtime import replay as timeline
from passage_processors.runtime.topics import check_topics


def replay(
    where: AppArgument,
    bootstrap: BootstrapOption = None,
    client_file: ClientFileOption = None,
    connect_timeout_seconds: ConnectOption = DEFAULT_CONNECT_SECONDS,
) -> None:
    """Fold the recorded timeline again and compare.

    With what was written, partition by partition: exit code 1 where they differ."""
    found = load_app(where)
    log = open_app_log(bootstrap, client_file, connect_timeout_seconds)
    count = check_topics(log, found)
    table = columns("partition", "written", "replayed", "sha-256 of key, value, timestamp and headers", "")
    alike, differences = True, list[str]()
    apart_written, apart_again = timeline.Apart(), timeline.Apart()
    for number in range(count):
        written = timeline.digest_of_output(found, log, number, apart_written)
        again = timeline.digest(timeline.replay(found, log, number), apart_again)
        alike &= written == again
        if written != again:
            differences.append(f"partition {number}, {timeline.difference(found, log, number)}")
        table.add_row(
            str(number), str(written[0]), str(again[0]), again[1], "equal" if written == again else "DIFFERENT"
        )
    if apart_written.count or apart_again.count:
        # Of several tasks on one partition: the same events, in whatever order.
        equal = (apart_written.count, apart_written.digest) == (apart_again.count, apart_again.digest)
        alike &= equal
        table.add_row(
            "other keys", str(apart_written.count), str(apart_again.count), apart_again.digest,
            "equal as a set" if equal else "DIFFERENT",
        )  # fmt: skip
    out.print(table)
    for difference in differences:
        out.print(difference, soft_wrap=True, markup=False, highlight=False)
    log.close()
    if not alike:
        raise typer.Exit(DIFFERENT)
