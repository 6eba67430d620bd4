"""`passage processors dead-letters list`."""

from collections.abc import Iterable
from typing import Annotated

import typer

from passage.cli.options import (
    DEFAULT_CONNECT_SECONDS,
    MOST_COUNT,
    AppArgument,
    BootstrapOption,
    ClientFileOption,
    ConnectOption,
    JsonOption,
)
from passage.cli.processors.app_argument import load_app
from passage.cli.processors.dead_letters.letters import (
    FromTopic,
    Matching,
    OfKind,
    Reason,
    all_matching,
    document,
    opened,
    text_of,
)
from passage.cli.terminal import columns, rfc3339, tell, tell_json
from passage_processors.runtime.offline.dead_letters import StoredLetter


def list_(
    where: AppArgument,
    bootstrap: BootstrapOption = None,
    client_file: ClientFileOption = None,
    reason: Reason = None,
    topic: FromTopic = None,
    kind: OfKind = None,
    limit: Annotated[
        int, typer.Option(min=1, max=MOST_COUNT, help="List at most so many, the last ones of each partition.")
    ] = 100,
    json: JsonOption = False,
    connect_timeout_seconds: ConnectOption = DEFAULT_CONNECT_SECONDS,
) -> None:
    """List what could not be handled, and why."""
    app, matches = load_app(where), Matching(reason, topic, kind)
    log, count = opened(app, bootstrap, client_file, connect_timeout_seconds)
    _list(_last_of_each(all_matching(log, app, matches, count), limit), json)
    log.close()


def _last_of_each(chosen: Iterable[StoredLetter], limit: int) -> list[StoredLetter]:
    kept: dict[int, list[StoredLetter]] = {}
    for one in chosen:
        of_partition = kept.setdefault(one.partition.number, [])
        of_partition.append(one)
        del of_partition[:-limit]
    return [one for of_partition in kept.values() for one in of_partition]


def _list(chosen: list[StoredLetter], json: bool) -> None:
    if json:
        tell_json([document(one) for one in chosen])
        return
    table = columns("letter", "refused at", "requeued at", "kind", "from", "key", "reason")
    for one in chosen:
        letter, requeued = f"{one.partition.number}@{one.offset}", rfc3339(one.requeued_at) or "-"
        table.add_row(letter, rfc3339(one.stored_at), requeued, one.kind, one.origin, text_of(one.key), one.reason)
    tell(table)
